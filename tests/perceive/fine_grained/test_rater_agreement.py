"""Agreement within single emotions where raters and items meet rarely."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.affect.agreement import agreement
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.perceive.fine_grained.rater_agreement import agreement_by_emotion, pairwise_cronbach


def ratings(spread: float, emotion: str, count: int = 60) -> pd.DataFrame:
    """Three of five raters an item, 0 to 2, with so much noise."""
    rng = np.random.default_rng(3)
    rows = []
    for item in range(count):
        strength = rng.uniform(0, 2)
        for rater in rng.permutation(5)[:3]:
            value = float(np.clip(np.round(strength + rng.normal(scale=spread)), 0, 2))
            rows.append((f"{emotion}{item}", f"r{rater}", emotion, value))
    return pd.DataFrame(rows, columns=["item", "rater", "emotion", "value"])


def test_clear_emotions_agree_and_noisy_ones_do_not() -> None:
    table = pd.concat([ratings(0.1, "Teasing"), ratings(3.0, "Awe")])
    found = agreement_by_emotion(table, level="interval")
    assert list(found.index) == ["Awe", "Teasing"]
    assert found.loc["Teasing", "krippendorff_alpha"] > 0.6
    assert found.loc["Teasing", "cronbach_alpha"] > 0.7
    assert abs(found.loc["Awe", "krippendorff_alpha"]) < 0.3
    assert found["items"].tolist() == [60, 60]
    assert found["raters"].tolist() == [5, 5]


def test_it_is_krippendorff_on_the_same_table() -> None:
    table = ratings(0.5, "Fear")
    wide = table.pivot(index="item", columns="rater", values="value")
    for level in ("nominal", "ordinal", "interval"):
        found = agreement_by_emotion(table, level=level).loc["Fear", "krippendorff_alpha"]
        assert found == pytest.approx(agreement(wide, f"krippendorff_{level}"))


def test_two_raters_on_all_items_are_plain_cronbach() -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.integers(0, 3, size=(30, 2)), columns=["x", "y"])
    assert pairwise_cronbach(wide) == pytest.approx(agreement(wide, "cronbach_alpha"))


def test_pairs_are_weighted_by_their_common_items() -> None:
    rng = np.random.default_rng(1)
    wide = pd.DataFrame(rng.integers(0, 3, size=(60, 3)).astype(float), columns=list("xyz"))
    wide.loc[:39, "z"] = np.nan
    parts = {pair: wide[list(pair)].dropna() for pair in ("xy", "xz", "yz")}
    alphas = {pair: agreement(part, "cronbach_alpha") for pair, part in parts.items()}
    expected = (60 * alphas["xy"] + 20 * alphas["xz"] + 20 * alphas["yz"]) / 100
    assert pairwise_cronbach(wide) == pytest.approx(expected)
    assert pairwise_cronbach(wide, smallest=30) == pytest.approx(alphas["xy"])


def test_cronbach_forgives_a_milder_rater_and_krippendorff_does_not() -> None:
    strict = np.arange(40) % 3
    wide = pd.DataFrame({"x": strict, "y": strict + 3.0})
    assert pairwise_cronbach(wide) == pytest.approx(1.0)
    assert agreement(wide, "krippendorff_interval") < 0.1


def test_nothing_to_compare() -> None:
    assert np.isnan(pairwise_cronbach(pd.DataFrame({"x": [1.0, np.nan], "y": [np.nan, 1.0]})))
    alone = pd.DataFrame({"item": ["a", "b"], "rater": ["x", "y"], "emotion": "Awe", "value": [0.0, 1.0]})
    found = agreement_by_emotion(alone)
    assert np.isnan(found.loc["Awe", "krippendorff_alpha"])
    assert found.loc["Awe", "items"] == 0
    with pytest.raises(BadInput, match="rater 'x' rated item 'a' twice"):
        agreement_by_emotion(pd.concat([alone, alone]))


@pytest.mark.data
def test_the_faces_were_asked_on_only_after_a_yes(data_root: Path) -> None:
    table = load_corpus("emonet_taxonomy", data_root).rated().table
    answers = table.groupby([table["item"].astype(str), table["label"].astype(str)], sort=False)["value"]
    several = answers.agg(["size", "first"])
    assert (several.loc[several["size"] >= 2, "first"] == 1).mean() > 0.99
