"""Comparisons of two systems: hand-computed differences, honest verdicts, and what is left out."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.measure.comparison import Comparison, compare
from thymos.measure.predictions import Predictions
from thymos.measure.significance import holm

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear"), Construct.PERCEIVED)
N = 80


def _rated(labels: list[str]) -> Annotations:
    rows = [(f"i{k}", rater, label) for k, label in enumerate(labels) for rater in "xy"]
    return Annotations(pd.DataFrame(rows, columns=["item", "rater", "label"]), MOOD)


def _said(name: str, labels: list[str]) -> Predictions:
    return Predictions(name, "", labels=pd.Series({f"i{k}": label for k, label in enumerate(labels)}, dtype=object))


TRUTH = [("joy", "fear")[k % 2] for k in range(N)]


def _with_errors(wrong: set[int]) -> list[str]:
    other = {"joy": "fear", "fear": "joy"}
    return [other[label] if k in wrong else label for k, label in enumerate(TRUTH)]


GOOD = _said("good", _with_errors(set(range(10))))
BAD = _said("bad", _with_errors(set(range(5, 40))))
ITEMS = pd.DataFrame(
    {"sex": ["fm"[k % 2] for k in range(N)], "speaker": [f"s{k % 16}" for k in range(N)]},
    index=pd.Index([f"i{k}" for k in range(N)], name="item"),
)


def fast(*arguments: Any, **options: Any) -> Comparison:
    return compare(*arguments, **{"resamples": 500, **options})


class TestTwoSystems:
    comparison = fast(GOOD, BAD, _rated(TRUTH))

    def test_the_difference_by_hand(self) -> None:
        one = self.comparison.difference("accuracy")
        assert (one.a, one.b) == (70 / 80, 45 / 80)
        assert one.difference == pytest.approx(25 / 80)
        assert one.low < one.difference < one.high
        assert one.n == N

    def test_mcnemar_by_hand(self) -> None:
        test = self.comparison.mcnemar
        assert test is not None
        # Errors 0-9 against 5-39: only the good one is right on 10-39, only the bad one on 0-4.
        assert (test.only_a, test.only_b) == (30, 5)
        assert test.p == pytest.approx(stats.chi2.sf((30 - 5 - 1) ** 2 / 35, 1))

    def test_p_is_corrected_over_the_metrics(self) -> None:
        raw = [one.p_permutation for one in self.comparison.differences]
        assert [one.p_holm for one in self.comparison.differences] == pytest.approx(holm(raw).tolist())

    def test_the_better_one_is_named(self) -> None:
        assert self.comparison.verdict.startswith("good is better than bad in macro f1")
        assert {one.better for one in self.comparison.differences} == {"a"}

    def test_swapping_the_systems_turns_every_sign(self) -> None:
        swapped = fast(BAD, GOOD, _rated(TRUTH))
        assert swapped.verdict.startswith("good is better than bad")
        for one, other in zip(self.comparison.differences, swapped.differences, strict=True):
            assert other.difference == pytest.approx(-one.difference)
            assert other.better == "b"

    def test_the_json_form_is_plain_and_finite(self) -> None:
        body = json.loads(json.dumps(self.comparison.to_dict(), allow_nan=False))
        assert (body["format"], body["version"]) == ("thymos-comparison", 1)
        assert set(body["hashes"]) == {"a", "b", "annotations"}


class TestVerdicts:
    def test_a_small_difference_is_not_shown_and_not_called_equal(self) -> None:
        comparison = fast(GOOD, _said("near", _with_errors(set(range(11)))), _rated(TRUTH))
        assert comparison.verdict.startswith("No difference is shown in macro f1")
        assert "not evidence that the systems are equal" in comparison.verdict
        assert {one.better for one in comparison.differences} == {"not shown"}

    def test_the_same_answers_are_told(self) -> None:
        comparison = fast(GOOD, Predictions("twin", "", labels=GOOD.labels), _rated(TRUTH))
        assert "equal_predictions" in {one.code for one in comparison.findings}
        assert {(one.difference, one.p_permutation) for one in comparison.differences} == {(0.0, 1.0)}

    def test_where_smaller_is_better_the_smaller_one_wins(self) -> None:
        scale = Scheme("valence", Kind.DIMENSIONAL, ("valence",), Construct.FELT, (0, 100))
        gold = np.linspace(0, 100, N)
        table = pd.DataFrame({"item": ITEMS.index, "rater": "x", "label": "valence", "value": gold})
        close = Predictions("close", "", numbers=pd.DataFrame({"valence": gold + 1}, index=ITEMS.index))
        far = Predictions("far", "", numbers=pd.DataFrame({"valence": gold + 20}, index=ITEMS.index))
        comparison = fast(close, far, Annotations(table, scale), metrics=["mae"])
        assert comparison.difference("mae").difference == pytest.approx(-19)
        assert comparison.difference("mae").better == "a"
        assert comparison.mcnemar is None

    def test_metrics_that_disagree_are_named(self) -> None:
        labels = ["joy"] * 240 + ["fear"] * 80
        mostly = _said("mostly joy", ["joy"] * 312 + ["fear"] * 8)
        careful = _said("careful", ["joy"] * 100 + ["fear"] * 220)
        comparison = fast(mostly, careful, _rated(labels), metrics=["accuracy", "uar"])
        assert comparison.difference("accuracy").better == "a"
        assert comparison.difference("uar").better == "b"
        assert "Other metrics say otherwise: uar" in comparison.verdict


class TestGroupsAndClusters:
    def test_differences_by_group_add_up(self) -> None:
        (part,) = fast(GOOD, BAD, _rated(TRUTH), items=ITEMS, groups=["sex"], metrics=["accuracy"]).groups
        assert part.column == "sex"
        weighted = sum(one.difference * one.n for one in part.groups if one.difference is not None) / N
        assert weighted == pytest.approx(25 / 80)
        assert all(one.p_holm is not None and one.p_holm <= 1 for one in part.groups)

    def test_sixteen_speakers_are_drawn_whole(self) -> None:
        comparison = fast(GOOD, BAD, _rated(TRUTH), items=ITEMS, groups=["speaker"])
        assert comparison.clusters == "speaker"
        assert comparison.differences[0].clusters == 16
        assert "mcnemar_items" in {one.code for one in comparison.findings}

    def test_a_tiny_group_has_no_difference(self) -> None:
        items = ITEMS.assign(band=["tiny" if k < 3 else "rest" for k in range(N)])
        (part,) = fast(GOOD, BAD, _rated(TRUTH), items=items, groups=["band"]).groups
        tiny = next(one for one in part.groups if one.group == "tiny")
        assert (tiny.difference, tiny.p_holm, tiny.note) == (None, None, "too few items")


class TestWhatIsShared:
    def test_items_of_one_system_only_are_left_out_and_told(self) -> None:
        assert GOOD.labels is not None
        part = Predictions("part", "", labels=GOOD.labels.iloc[:60])
        comparison = fast(part, BAD, _rated(TRUTH))
        assert comparison.differences[0].n == 60
        finding = next(one for one in comparison.findings if one.code == "one_system_only")
        assert (finding.count, finding.level) == (20, "warning")
        assert "bad" in finding.text

    def test_probabilities_of_one_system_only_leave_the_labels(self) -> None:
        shares = pd.DataFrame({"joy": [0.9] * N, "fear": [0.1] * N}, index=ITEMS.index)
        comparison = fast(Predictions("p", "", probabilities=shares), BAD, _rated(TRUTH))
        assert {one.metric for one in comparison.differences} == {"macro_f1", "accuracy", "weighted_f1", "uar"}
        both = fast(
            Predictions("p", "", probabilities=shares), Predictions("q", "", probabilities=1 - shares), _rated(TRUTH)
        )
        assert {"jsd", "brier"} <= {one.metric for one in both.differences}

    def test_nothing_shared(self) -> None:
        other = Predictions("other", "", labels=pd.Series({"i0": "joy", "i1": "fear"}))
        assert GOOD.labels is not None
        rest = Predictions("rest", "", labels=GOOD.labels.iloc[2:])
        with pytest.raises(BadInput, match="the systems share no items"):
            fast(other, rest, _rated(TRUTH))

    def test_a_metric_that_fits_only_one(self) -> None:
        with pytest.raises(BadInput, match=r"share no items on which both can be scored \(ccc\)"):
            fast(GOOD, BAD, _rated(TRUTH), metrics=["ccc"])
        with pytest.raises(BadInput, match="metric 'ccc' does not fit"):
            fast(GOOD, BAD, _rated(TRUTH), metrics=["uar", "ccc"])

    def test_a_difference_that_was_not_measured(self) -> None:
        with pytest.raises(BadInput, match="ccc of 'all' was not measured"):
            fast(GOOD, BAD, _rated(TRUTH)).difference("ccc")
