"""Number scores against scipy and scikit-learn, and the two OMG-Empathy tracks."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn import metrics as sk

from thymos.errors import BadInput
from thymos.measure import regression as r

# Two decimals keep the values far enough apart for scipy, which warns about near-constant input.
VALUES = st.integers(-500, 500).map(lambda value: value / 100)


@st.composite
def pairs(draw):
    n = draw(st.integers(2, 30))
    column = arrays(np.float64, n, elements=VALUES)
    x, y = draw(column), draw(column)
    weights = draw(arrays(np.int64, n, elements=st.integers(0, 4)).filter(lambda w: w.any()))
    return x, y, weights


def plain_ccc(x, y):
    """The formula of the OMG-Empathy script, written out."""
    if x.std() == 0 or y.std() == 0:
        return 0.0
    rho = np.corrcoef(x, y)[0, 1]
    return 2 * rho * x.std() * y.std() / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


@given(pairs())
def test_equal_to_libraries(items):
    x, y, _ = items
    assert r.rmse(x, y) == pytest.approx(sk.root_mean_squared_error(x, y), abs=1e-12)
    assert r.mae(x, y) == pytest.approx(sk.mean_absolute_error(x, y), abs=1e-12)
    assert r.ccc(x, y) == pytest.approx(plain_ccc(x, y), abs=1e-12)
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    assert r.pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert r.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


@given(pairs())
def test_weights_are_repetition(items):
    x, y, weights = items
    for score in (r.pearson, r.spearman, r.ccc, r.rmse, r.mae):
        assert score(x, y, weights=weights) == pytest.approx(
            score(np.repeat(x, weights), np.repeat(y, weights)), abs=1e-9
        ), score.__name__
    assert r.mean(x, weights=weights) == pytest.approx(np.average(x, weights=weights), abs=1e-12)


@given(pairs())
def test_bounds_and_symmetry(items):
    x, y, _ = items
    for score in (r.pearson, r.spearman, r.ccc):
        assert -1 <= score(x, y) <= 1
        assert score(x, y) == pytest.approx(score(y, x), abs=1e-12)
    # Concordance can only lose against correlation: it also charges for shift and scale.
    assert abs(r.ccc(x, y)) <= abs(r.pearson(x, y)) + 1e-12


@given(pairs(), st.floats(0.5, 20), st.floats(-1000, 1000))
def test_correlations_ignore_scale_and_shift(items, scale, shift):
    x, y, _ = items
    assert r.pearson(x, scale * y + shift) == pytest.approx(r.pearson(x, y), abs=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.1, 1e-3, 1e8, -7.3])
def test_a_flat_predictor_scores_zero_not_nan(level):
    x = np.linspace(-1, 1, 7)
    flat = np.full(7, level)
    assert r.ccc(x, flat) == r.pearson(x, flat) == r.spearman(x, flat) == 0
    assert r.ccc(flat, flat) == 0
    assert r.pearson(x, flat, weights=[3, 0, 1, 0, 0, 2, 0]) == 0
    # Only one distinct value is drawn: constant by weights.
    assert r.pearson(x, x, weights=[0, 0, 5, 0, 0, 0, 0]) == 0
    assert r.ccc(x, x, weights=[0, 0, 5, 0, 0, 0, 0]) == 0


def test_tiny_but_real_variation_is_not_taken_for_flat():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert r.pearson(x, 1e-150 * x) == pytest.approx(1)
    assert r.pearson(x + 1e6, x) == pytest.approx(1)


def test_matrices_are_averaged_over_all_entries():
    gold, predicted = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])
    assert r.rmse(gold, predicted) == pytest.approx(np.sqrt(0.5 / 4))
    assert r.mae(gold, predicted) == pytest.approx(0.25)


def test_omg_tracks_by_hand():
    rng = np.random.default_rng(3)
    rows, scores = [], {}
    # Subject s2 did not hear story b: then the two nested means differ.
    for subject, story in (("s1", "a"), ("s1", "b"), ("s2", "a")):
        gold = rng.normal(size=50)
        predicted = 0.5 * gold + rng.normal(size=50)
        scores[subject, story] = plain_ccc(gold, predicted)
        rows += [(g, p, subject, story) for g, p in zip(gold, predicted, strict=True)]
    rng.shuffle(rows)
    gold, predicted = (np.array([row[k] for row in rows], dtype=float) for k in (0, 1))
    subjects, stories = [row[2] for row in rows], [row[3] for row in rows]
    s1a, s1b, s2a = scores["s1", "a"], scores["s1", "b"], scores["s2", "a"]
    assert r.ccc_by_file(gold, predicted, subjects, stories) == pytest.approx(scores)
    assert r.omg_personalized(gold, predicted, subjects, stories) == pytest.approx(((s1a + s1b) / 2 + s2a) / 2)
    assert r.omg_generalized(gold, predicted, subjects, stories) == pytest.approx(((s1a + s2a) / 2 + s1b) / 2)


def test_on_one_story_both_tracks_agree():
    rng = np.random.default_rng(0)
    gold, predicted = rng.normal(size=(2, 60))
    subjects, stories = np.repeat(["s1", "s2", "s3"], 20), ["story"] * 60
    assert r.omg_personalized(gold, predicted, subjects, stories) == pytest.approx(
        r.omg_generalized(gold, predicted, subjects, stories)
    )


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([1, float("nan")], [1, 2], "gold, row 1"),
        ([1, 2], [1, float("inf")], "predicted, row 1"),
        ([1, 2], [1], "shape"),
        ([], [], "no values"),
        (["a"], [1], "not numbers"),
        (1.0, 2.0, "axes"),
    ],
)
def test_bad_input_names_the_place(gold, predicted, message):
    with pytest.raises(BadInput, match=message):
        r.ccc(gold, predicted)


def test_frames_need_a_subject_and_a_story():
    with pytest.raises(BadInput, match="lengths differ"):
        r.omg_personalized([1, 2], [1, 2], ["s"], ["a", "a"])
    with pytest.raises(BadInput, match="subjects, row 1"):
        r.omg_personalized([1, 2], [1, 2], ["s", None], ["a", "a"])
