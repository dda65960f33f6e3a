"""Scoring on target emotions: scales, refusals, intervals, by emotion."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.fine_grained.benchmark import METRICS, SCALES, expert_targets, find_scale, score_targets
from thymos.testing.layouts import write_official_layout

SCHEME = get_scheme("emonet_voice40")


def rated(rows: list[tuple[str, str, str, int]]) -> Annotations:
    return Annotations(pd.DataFrame(rows, columns=["item", "rater", "label", "value"]), SCHEME)


def targets() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    index = pd.Index([f"clip{number}" for number in range(40)], name="item")
    emotion = np.where(np.arange(40) < 30, "Fear", "Awe")
    return pd.DataFrame({"emotion": emotion, "gold": rng.choice([0, 2.5, 5, 10], 40)}, index=index)


@pytest.mark.parametrize(("scale", "value"), [("human", 1), ("head", 2), ("hume", 0.5), ("ten", 5)])
def test_the_middle_of_every_scale_is_five(scale: str, value: float) -> None:
    assert find_scale(scale).to_ten(pd.Series([value, 0.0, np.nan])).tolist()[:2] == [5.0, 0.0]


@given(st.sampled_from(sorted(SCALES)), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_scales_keep_order_and_range(scale: str, shares: list[float]) -> None:
    values = pd.Series(shares) * SCALES[scale].highest
    found = find_scale(scale).to_ten(values)
    assert found.between(0, 10 + 1e-9).all()
    assert np.allclose(found, pd.Series(shares) * 10)


def test_experts_are_averaged_and_brought_to_ten() -> None:
    found = expert_targets(rated([("a", "x", "Fear", 0), ("a", "y", "Fear", 1), ("b", "x", "Awe", 2)]))
    assert found.to_dict("index") == {
        "a": {"emotion": "Fear", "gold": 2.5, "raters": 2},
        "b": {"emotion": "Awe", "gold": 10.0, "raters": 1},
    }
    with pytest.raises(BadInput, match="item 'a': this clip was rated for two emotions"):
        expert_targets(rated([("a", "x", "Fear", 0), ("a", "y", "Awe", 1)]))


def test_a_perfect_model() -> None:
    asked = targets()
    told = pd.DataFrame({"Fear": asked["gold"] / 2.5, "Awe": asked["gold"] / 2.5, "Pride": 0.0})
    result = score_targets(asked, told, "head")
    assert result.refusal_rate == 0
    assert result.scores["spearman"].value == pytest.approx(1)
    assert result.scores["mae"].value == pytest.approx(0)
    assert result.by_emotion["items"].to_dict() == {"Awe": 10, "Fear": 30}
    assert set(METRICS) <= set(result.by_emotion.columns)


def test_refusals_are_counted_and_left_out() -> None:
    asked = targets()
    rng = np.random.default_rng(1)
    told = pd.DataFrame(rng.uniform(0, 1, (40, 2)), index=asked.index, columns=["Fear", "Awe"])
    told.iloc[3:7] = np.nan
    told.loc[told.index[30:38], "Awe"] = np.nan
    result = score_targets(asked, told.drop(index=asked.index[0]), "hume")
    assert result.refused == 4 + 8 + 1
    assert result.refusal_rate == 13 / 40
    kept = [number for number in range(40) if number not in {0, 3, 4, 5, 6, *range(30, 38)}]
    values = np.where(np.arange(40) < 30, told["Fear"], told["Awe"])[kept] * 10
    for metric in METRICS:
        expected = score_function(metric)(asked["gold"].to_numpy()[kept], values)
        assert result.scores[metric].value == pytest.approx(expected)
        assert result.scores[metric].low <= expected <= result.scores[metric].high
    assert np.isnan(result.by_emotion.loc["Awe", "spearman"])  # two answers are too few
    assert result.by_emotion.loc["Awe", "refused"] == 8


def test_only_the_target_emotion_counts() -> None:
    asked = targets()
    told = pd.DataFrame({"Fear": asked["gold"], "Awe": asked["gold"]})
    other = told.copy()
    other.loc[asked["emotion"] == "Fear", "Awe"] = 1.0
    assert score_targets(asked, other, "ten").scores == score_targets(asked, told, "ten").scores


def test_the_bootstrap_is_the_published_one() -> None:
    asked = targets()
    told = pd.DataFrame(np.random.default_rng(2).uniform(0, 10, (40, 2)), index=asked.index, columns=["Fear", "Awe"])
    found = score_targets(asked, told, "ten").scores["mae"]
    assert (found.resamples, found.clusters) == (1_000, None)
    assert found == score_targets(asked, told, "ten", seed=42).scores["mae"]
    assert found.low != score_targets(asked, told, "ten", seed=0).scores["mae"].low


def test_on_a_release_of_the_official_layout(tmp_path: Path) -> None:
    corpus = get_reader("emonet_voice_bench").read(write_official_layout("emonet_voice_bench", tmp_path))
    asked = expert_targets(corpus.rated().select(scheme=SCHEME.name))
    assert set(asked["emotion"]) == set(SCHEME.labels)
    rng = np.random.default_rng(0)
    told = pd.DataFrame(rng.uniform(0, 4, (len(asked), 40)), index=asked.index, columns=list(SCHEME.labels))
    result = score_targets(asked, told)
    assert len(result.by_emotion) == 40
    assert abs(result.scores["spearman"].value) < 0.3


def test_what_cannot_be_used() -> None:
    asked = targets()
    told = pd.DataFrame({"Fear": asked["gold"], "Awe": asked["gold"]})
    for message, use in (
        ("there is no scale 'likert'; known: human", lambda: score_targets(asked, told, "likert")),
        ("column 'Awe' is missing", lambda: score_targets(asked, told[["Fear"]], "ten")),
        ("is outside 0..4", lambda: score_targets(asked, told, "head")),
        ("0 of 40 clips were answered", lambda: score_targets(asked, told * np.nan, "ten")),
    ):
        with pytest.raises(BadInput, match=message):
            use()
