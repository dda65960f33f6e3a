"""A study that cannot beat its floor says so in its first line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.measure.registry import METRICS
from thymos.report.comparison import Outcome, claims_line, comparisons, headline, higher_is_better


def outcome(rows: list[dict[str, Any]]) -> Outcome:
    """The outcome of the only comparison."""
    (found,) = comparisons(rows)
    return found.outcome


class TestDirection:
    @pytest.mark.parametrize(
        "name", ["macro_f1", "uar", "ccc", "spearman", "win_rate", "mean_absolute_difference_gain"]
    )
    def test_higher(self, name: str) -> None:
        assert higher_is_better(name) is True

    @pytest.mark.parametrize("name", ["rmse", "mae", "mean_absolute_difference", "brier", "ece"])
    def test_lower(self, name: str) -> None:
        assert higher_is_better(name) is False

    @pytest.mark.parametrize(
        "name", ["refusal_rate", "over_refusal_rate", "hod_mean", "coefficient", "shift_rate", "mean"]
    )
    def test_neither(self, name: str) -> None:
        assert higher_is_better(name) is None

    @pytest.mark.parametrize("name", sorted(set(METRICS) - {"mean"}))
    def test_the_registry_decides_where_it_knows(self, name: str) -> None:
        assert higher_is_better(name) is METRICS[name].higher_is_better


class TestOutcome:
    @pytest.mark.parametrize(
        ("value", "low", "high", "expected"),
        [
            (0.6, 0.55, 0.65, Outcome.BEATS),
            (0.6, 0.45, 0.75, Outcome.UNCLEAR),
            (0.5, 0.45, 0.55, Outcome.FAILS),
            (0.4, 0.3, 0.7, Outcome.FAILS),
            (0.6, None, None, Outcome.BEATS),
        ],
    )
    def test_higher_is_better(self, row: Any, value: float, low: float, high: float, expected: Outcome) -> None:
        assert outcome([row("floor", "floor", 0.5), row("s", "system", value, low=low, high=high)]) is expected

    @pytest.mark.parametrize(
        ("value", "low", "high", "expected"),
        [
            (0.4, 0.35, 0.45, Outcome.BEATS),
            (0.4, 0.3, 0.55, Outcome.UNCLEAR),
            (0.6, 0.4, 0.8, Outcome.FAILS),
        ],
    )
    def test_lower_is_better(self, row: Any, value: float, low: float, high: float, expected: Outcome) -> None:
        rows = [row("floor", "floor", 0.5, metric="rmse"), row("s", "system", value, low=low, high=high, metric="rmse")]
        assert outcome(rows) is expected

    def test_without_interval_the_floor_s_own_counts(self, row: Any) -> None:
        floor = row("shuffled", "floor", 1.0, low=0.0, high=3.7, metric="interaction_f")
        assert outcome([floor, row("s", "system", 3.0, metric="interaction_f")]) is Outcome.UNCLEAR
        assert outcome([floor, row("s", "system", 25.0, metric="interaction_f")]) is Outcome.BEATS

    def test_the_best_floor_and_the_best_system_meet(self, row: Any) -> None:
        rows = [
            row("weak floor", "floor", 0.1),
            row("strong floor", "floor", 0.5),
            row("weak system", "system", 0.2, low=0.1, high=0.3),
            row("strong system", "system", 0.45, low=0.4, high=0.5),
        ]
        (found,) = comparisons(rows)
        assert (found.system["system"], found.floor["system"], found.systems) == ("strong system", "strong floor", 2)
        assert found.outcome is Outcome.FAILS

    def test_where_no_way_is_better_the_question_is_whether_they_differ(self, row: Any, result: Any) -> None:
        floor = row("benign prompts", "floor", 0.1, metric="refusal_rate")
        same = row("s", "system", 0.12, low=0.08, high=0.2, metric="refusal_rate")
        other = row("s", "system", 0.4, low=0.3, high=0.5, metric="refusal_rate")
        assert outcome([floor, same]) is Outcome.UNCLEAR
        assert outcome([floor, other]) is Outcome.DIFFERS
        assert headline(result([floor, same])).startswith("Not told apart from its floor: refusal rate on test 0.120")
        assert "for s (farthest of 2), floor 0.100" in headline(result([floor, same, other]))

    def test_subsets_and_metrics_are_not_mixed(self, row: Any) -> None:
        rows = [
            row("floor", "floor", 0.5),
            row("s", "system", 0.9, subset="dev"),
            row("s", "system", 0.9, metric="uar"),
        ]
        assert comparisons(rows) == []

    def test_rows_without_value_ceilings_and_published_rows_take_no_part(self, row: Any) -> None:
        rows = [
            row("floor", "floor", 0.5),
            row("floor without value", "floor", None),
            row("human", "ceiling", 0.9),
            row("paper", "published", 0.95, comparable=True),
            row("s", "system", 0.7, low=0.6, high=0.8),
        ]
        (found,) = comparisons(rows)
        assert (found.system["system"], found.floor["system"]) == ("s", "floor")

    def test_baselines_stand_in_where_no_system_meets_the_floor(self, row: Any, result: Any) -> None:
        rows = [row("f", "floor", 0.5), row("b", "baseline", 0.7, low=0.6, high=0.8)]
        assert comparisons(rows)[0].system["system"] == "b"
        assert "for b (baseline), floor" in headline(result(rows))
        rows.append(row("s", "system", 0.6, low=0.5, high=0.7, subset="dev"))
        assert comparisons(rows)[0].system["system"] == "b"
        rows.append(row("s", "system", 0.6, low=0.55, high=0.7))
        assert comparisons(rows)[0].system["system"] == "s"

    @given(value=st.floats(0, 1), floor=st.floats(0, 1), half=st.floats(0, 0.5))
    def test_beating_means_that_the_whole_interval_lies_above(self, value: float, floor: float, half: float) -> None:
        rows: list[dict[str, Any]] = [
            {"system": "f", "kind": "floor", "metric": "uar", "subset": "t", "value": floor},
            {"system": "s", "kind": "system", "metric": "uar", "subset": "t", "value": value, "low": value - half,
             "high": value + half},
        ]  # fmt: skip
        assert (outcome(rows) is Outcome.BEATS) == (value > floor and value - half > floor)
        assert (outcome(rows) is Outcome.FAILS) == (value <= floor)


class TestHeadline:
    def test_a_study_that_fails_says_so_first(self, row: Any, result: Any) -> None:
        rows = [row("TF-IDF", "floor", 0.505), row("encoder", "system", 0.488, low=0.46, high=0.51)]
        line = headline(result(rows))
        assert line.startswith(
            "Does not beat its floor: macro f1 on test 0.488 [0.460, 0.510] for encoder, floor 0.505"
        )

    def test_no_gain_is_not_sold_as_one(self, row: Any, result: Any) -> None:
        rows = [row("f", "floor", 0.5), row("s", "system", 0.52, low=0.48, high=0.56)]
        assert headline(result(rows)).startswith("No gain over the floor is shown:")

    def test_a_study_that_beats_it(self, row: Any, result: Any) -> None:
        rows = [row("f", "floor", 0.5), *(row(f"s{k}", "system", 0.6 + k / 100, low=0.55, high=0.7) for k in range(3))]
        assert headline(result(rows)) == (
            "Beats its floor: macro f1 on test 0.620 [0.550, 0.700] for s2 (best of 3), floor 0.500 (f). "
            "Claims: 1 hold."
        )

    def test_the_study_s_own_first_metric_is_told(self, row: Any, result: Any) -> None:
        rows = [
            row("f", "floor", 0.5),
            row("s", "system", 0.6, low=0.55, high=0.7),
            row("f", "floor", 0.5, metric="uar"),
            row("s", "system", 0.4, low=0.3, high=0.45, metric="uar"),
        ]
        assert "macro f1 on test" in headline(result(rows))
        line = headline(result(rows), ("uar",))
        assert line.startswith("Does not beat its floor: uar on test")
        assert "All 2 comparisons with a floor: 1 beaten, 1 not beaten." in line

    def test_without_comparison_the_claims_carry_it(self, row: Any, result: Any) -> None:
        assert headline(result([row("f", "floor", 0.5)])).startswith("No system stands beside a floor")

    def test_stamps_come_before_everything(self, row: Any, result: Any) -> None:
        made = result([row("f", "floor", 0.5)], settings={"quick": True})
        made["data"][0]["simulated"] = True
        assert headline(made).startswith("Simulated data: not evidence about people. Quick run: not for quoting.")

    def test_a_committed_result_has_no_settings(self, row: Any, result: Any) -> None:
        made = result([row("f", "floor", 0.5)])
        del made["settings"]
        assert "Quick" not in headline(made)

    def test_claims_are_counted_in_their_order(self, result: Any) -> None:
        verdicts = ["contradicted", "holds", "not testable here", "holds", "not shown"]
        claims = [{"text": str(k), "verdict": verdict, "evidence": "e"} for k, verdict in enumerate(verdicts)]
        line = claims_line(result([], claims=claims))
        assert line == "Claims: 2 hold, 1 not shown, 1 contradicted, 1 not testable here."
