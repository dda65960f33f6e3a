"""The two tracks: by hand, against the released scripts' formula, and how they coincide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.measure.regression import omg_generalized, omg_personalized
from thymos.perceive.traces.tracks import GENERALIZED, PERSONALIZED, file_scores, mean_ccc, track_score


def released_ccc(gold: np.ndarray, guess: np.ndarray) -> float:
    """2 rho s1 s2 / (s1^2 + s2^2 + (m1 - m2)^2), numpy's population moments, NaN becomes 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.mean((gold - gold.mean()) * (guess - guess.mean())) / (gold.std() * guess.std())
        rho = 0 if np.isnan(rho) else rho
        spread = gold.std() ** 2 + guess.std() ** 2 + (gold.mean() - guess.mean()) ** 2
        return float(2 * rho * gold.std() * guess.std() / spread)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_ccc_of_a_file_is_that_of_the_scripts(seed: int, frames: int) -> None:
    rng = np.random.default_rng(seed)
    gold, guess = rng.normal(size=frames), rng.normal(1, 2, size=frames)
    expected = released_ccc(gold, guess)
    assert file_scores([gold], [guess])[0] == pytest.approx(expected, abs=1e-10)
    assert mean_ccc([gold], [guess]) == pytest.approx(expected, abs=1e-10)


def test_constant_files_score_zero() -> None:
    rising = np.arange(5.0)
    assert file_scores([rising, np.zeros(5)], [np.ones(5), np.zeros(5)]).tolist() == [0, 0]
    assert mean_ccc([rising, np.zeros(5)], [np.ones(5), np.zeros(5)]) == 0
    with pytest.raises(BadInput, match="2 gold traces and 1"):
        file_scores([rising, rising], [rising])


def test_tracks_by_hand() -> None:
    # Subject a heard two stories, b one of them: 0.5 and 0.1 are means of subjects; 0.3 and 0.4 of stories.
    scores, subjects, stories = [0.5, 0.5, 0.1], ["a", "a", "b"], [1, 2, 1]
    assert track_score(scores, subjects, stories, PERSONALIZED, resamples=50).value == pytest.approx(0.3)
    assert track_score(scores, subjects, stories, GENERALIZED, resamples=50).value == pytest.approx(0.4)


def test_tracks_are_those_of_the_measures() -> None:
    rng = np.random.default_rng(0)
    pairs = [(subject, story) for subject in range(5) for story in range(4) if (subject + story) % 4]
    gold = [rng.normal(size=20) for _ in pairs]
    guess = [g + rng.normal(size=20) for g in gold]
    subjects, stories = zip(*pairs, strict=True)
    frames = [np.repeat(values, 20) for values in (subjects, stories)]
    joined = np.concatenate(gold), np.concatenate(guess)
    scores = file_scores(gold, guess)
    for track, reference in ((PERSONALIZED, omg_personalized), (GENERALIZED, omg_generalized)):
        found = track_score(scores, subjects, stories, track, resamples=300)
        assert found.value == pytest.approx(reference(*joined, *frames))
        assert found.low <= found.value <= found.high
        assert (found.n, found.clusters) == (len(pairs), 5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1, 1), min_size=12, max_size=12))
def test_in_a_complete_design_both_tracks_are_one_number(scores: list[float]) -> None:
    subjects, stories = np.repeat(["a", "b", "c"], 4), np.tile([1, 2, 3, 4], 3)
    one, other = (track_score(scores, subjects, stories, track, resamples=20) for track in (PERSONALIZED, GENERALIZED))
    assert one.value == pytest.approx(other.value, abs=1e-12)
    assert one.low == pytest.approx(other.low, abs=1e-9)


def test_bad_input() -> None:
    with pytest.raises(BadInput, match="no track"):
        track_score([0.1, 0.2], ["a", "b"], [1, 1], "both")
    with pytest.raises(BadInput, match="3 scores"):
        track_score([0.1, 0.2, 0.3], ["a", "b"], [1, 1], PERSONALIZED)
    for track in (PERSONALIZED, GENERALIZED):
        with pytest.raises(BadInput):
            track_score([0.1, 0.2], ["a", "a"], [1, 2], track)
