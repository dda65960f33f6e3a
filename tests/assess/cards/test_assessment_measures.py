"""Numbers of a card by hand: floors, intervals, and paired differences of two models."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.assess.cards.assessment_measures import Measure, adjust, card_score, differences, measure_of
from thymos.errors import BadInput
from thymos.measure.significance import mcnemar


def measure(values: list[Any], clusters: list[str] | None = None, **changes: Any) -> Measure:
    items = tuple(f"i{place}" for place in range(len(values)))
    base = Measure("m", "t", items, tuple(clusters or items), tuple(values), 0.5, "coin")
    return replace(base, **changes)


def rows(scores: list[float], **columns: Any) -> pd.DataFrame:
    size = len(scores)
    base = {
        "trial": [f"t{place}" for place in range(size)],
        "cluster": [f"c{place}" for place in range(size)],
        "chance": [0.25] * size,
        "parsed": [True] * size,
        "answering": ["likelihood"] * size,
        "score": scores,
    }
    return pd.DataFrame(base | columns)


def test_a_measure_of_outcomes_takes_chance_and_parse_rate_from_them() -> None:
    found = measure_of(rows([1, 0, 1, 1], parsed=[True, True, True, False]), metric="accuracy", title="t")
    shown = card_score(found, resamples=200)
    assert (shown.value, shown.floor, shown.parse_rate, shown.n, shown.clusters) == (0.75, 0.25, 0.75, 4, 4)
    assert shown.low is not None
    flipped = measure_of(rows([1, 0, 1, 1]), metric="error", title="t", floor=1.0, flip=True)
    assert card_score(flipped, resamples=200).value == 0.25
    with pytest.raises(BadInput, match="no trial"):
        measure_of(rows([]), metric="accuracy", title="t")


@pytest.mark.parametrize(("value", "end"), [(0.0, "high"), (1.0, "low")])
def test_all_right_or_all_wrong_is_not_certainty(value: float, end: str) -> None:
    shown = card_score(measure([value] * 24), resamples=200)
    assert shown.value == value
    # Exact binomial limit of 0 of 24: 1 - 0.025 ** (1 / 24).
    assert abs(getattr(shown, end) - value) == pytest.approx(1 - 0.025 ** (1 / 24), abs=1e-6)


def test_clusters_widen_the_interval() -> None:
    values = [1.0] * 20 + [0.0] * 20
    alone = card_score(measure(values), resamples=2000)
    together = card_score(measure(values, [f"c{place // 10}" for place in range(40)]), resamples=2000)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)  # type: ignore[operator]
    assert (together.clusters, alone.clusters) == (4, 40)


def test_a_single_cluster_has_no_interval() -> None:
    shown = card_score(measure([1.0, 0.0], ["c", "c"]), resamples=200)
    assert (shown.value, shown.low, shown.high) == (0.5, None, None)


def test_the_balanced_mean_gives_each_kind_half() -> None:
    gold = ("safe",) * 8 + ("unsafe",) * 2
    balanced = measure([1.0] * 4 + [0.0] * 4 + [1.0, 0.0], statistic="balanced_mean", gold=gold)
    assert card_score(balanced, resamples=500).value == 0.5
    always = measure([1.0] * 8 + [0.0] * 2, statistic="balanced_mean", gold=gold)
    shown = card_score(always, resamples=500)
    assert shown.value == 0.5
    assert shown.low < 0.5 < shown.high  # type: ignore[operator]


@given(
    good=st.lists(st.booleans(), min_size=4, max_size=30),
    bad=st.lists(st.booleans(), min_size=4, max_size=30),
)
@settings(max_examples=40, deadline=None)
def test_intervals_hold_the_value_and_stay_rates(good: list[bool], bad: list[bool]) -> None:
    values = [float(value) for value in good + bad]
    kinds = ("a",) * len(good) + ("b",) * len(bad)
    for one in (measure(values), measure(values, statistic="balanced_mean", gold=kinds)):
        shown = card_score(one, resamples=200)
        assert shown.low is not None
        assert shown.high is not None
        assert -1e-9 <= shown.low <= shown.value + 1e-9
        assert shown.value - 1e-9 <= shown.high <= 1 + 1e-9


LABELS = ("ask", "tell", "comfort")


def over_labels(said: list[str], statistic: Any = "macro_f1") -> Measure:
    gold = ("ask", "tell", "comfort", "ask") * 5
    return measure(said, statistic=statistic, gold=gold, labels=LABELS)


def test_statistics_over_labels() -> None:
    right = over_labels(["ask", "tell", "comfort", "ask"] * 5)
    assert card_score(right, resamples=200).value == 1.0
    always = over_labels(["ask"] * 20)
    assert card_score(always, resamples=200).value == pytest.approx((2 / 3) / 3)
    # One strategy for everything: its preference is all of 3, so B is the deviation of (3, 0, 0).
    biased = replace(always, statistic="preference_bias")
    assert card_score(biased, resamples=200).value == pytest.approx(np.std([3, 0, 0]))


def test_paired_differences_by_hand() -> None:
    first = measure([1.0] * 10 + [0.0] * 10)
    second = measure([1.0] * 2 + [0.0] * 18)
    (found,) = differences("s", [first], [second], resamples=2000)
    assert (found.first, found.second, found.value) == (0.5, 0.1, 0.4)
    assert found.test == "exact McNemar"
    assert found.p == mcnemar(first.numbers, second.numbers, method="exact").p == pytest.approx(2 / 2**8)
    assert found.low is not None
    assert 0 < found.low < 0.4


def test_clusters_and_graded_scores_are_tested_by_sign_flips() -> None:
    clusters = [f"c{place // 2}" for place in range(20)]
    (by_cluster,) = differences("s", [measure([1.0] * 20, clusters)], [measure([0.0] * 20, clusters)], resamples=500)
    assert by_cluster.test == "sign flips of clusters"
    assert by_cluster.p == pytest.approx(2 / 2**10)  # 10 clusters, not 20 items
    (graded,) = differences("s", [measure([0.3] * 6)], [measure([0.2] * 6)], resamples=500)
    assert graded.p == pytest.approx(2 / 2**6)
    (equal,) = differences("s", [measure([0.3, 0.1] * 4)], [measure([0.3, 0.1] * 4)], resamples=500)
    assert (equal.p, equal.value, equal.low, equal.high) == (1.0, 0.0, 0.0, 0.0)


def test_differences_of_statistics_over_labels_are_bootstrapped() -> None:
    right, always = over_labels(["ask", "tell", "comfort", "ask"] * 5), over_labels(["ask"] * 20)
    (found,) = differences("s", [right], [always], resamples=500)
    assert found.test == "paired bootstrap over clusters"
    assert found.value == pytest.approx(1 - 2 / 9)
    assert found.p < 0.05


def test_models_on_other_items_are_refused() -> None:
    other = replace(measure([1.0, 0.0]), items=("x", "y"))
    with pytest.raises(BadInput, match="not asked the same items"):
        differences("s", [measure([1.0, 0.0])], [other])
    assert differences("s", [measure([1.0, 0.0])], [replace(other, metric="another")]) == []


def test_holm_counts_all_differences() -> None:
    strong, weak = measure([1.0] * 10), measure([0.0] * 10)
    found = differences("s", [strong], [weak], resamples=200) * 3
    adjusted = adjust(found)
    assert [one.p_holm for one in adjusted] == [pytest.approx(3 * found[0].p)] * 3
    assert adjust([]) == ()


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(BadInput, match="one cluster and one value"):
        measure([1.0, 0.0], ["c"])
