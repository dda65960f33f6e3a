"""What stands beside what: published numbers only where they are comparable, never on simulated data."""

import dataclasses
from typing import Any

import pytest

from thymos.report.view import MAX_CHARTS, UNFOLDED_ROWS, VERDICT_CLASS, VERDICT_MARK, result_tables, study_view
from thymos.studies.contract import Verdict


@pytest.fixture
def rows(row: Any) -> list[dict[str, Any]]:
    """Ours, one comparable published number in our line, one in its own, one that is not comparable."""
    return [
        row("f", "floor", 0.2),
        row("s", "system", 0.5, low=0.4, high=0.6, clusters=12, seeds=[0, 1, 2], note="frozen"),
        row("s", "published", 0.55, comparable=True, note="[paper] table 1"),
        row("theirs", "published", 0.7, comparable=True, note="[paper]"),
        row("other split", "published", 0.9, comparable=False, note="[repo] random split"),
    ]


def test_comparable_numbers_stand_in_our_line_or_in_their_own(rows: list[dict[str, Any]]) -> None:
    (table,), apart = result_tables(rows)
    lines = {(line.kind, line.system): line for line in table.rows}
    assert lines["system", "s"].published == "0.550"
    assert lines["published", "theirs"].value == "0.700"
    assert ("published", "s") not in lines, "a number is told once"
    assert [line.system for line in apart] == ["other split"]
    assert apart[0].note == "[repo] random split"
    assert apart[0].metric == "macro_f1"


def test_nothing_published_stands_beside_simulated_numbers(rows: list[dict[str, Any]]) -> None:
    (table,), apart = result_tables(rows, simulated=True)
    assert not table.has_published
    assert {line.kind for line in table.rows} == {"floor", "system"}
    assert len(apart) == 3


def test_a_line_holds_what_is_needed_to_judge_it(rows: list[dict[str, Any]]) -> None:
    (table,), _ = result_tables(rows)
    line = next(line for line in table.rows if line.system == "s")
    assert (line.value, line.interval, line.n, line.clusters) == ("0.500", "[0.400, 0.600]", "100", "12")
    assert line.guarantee == "speaker-independent"
    assert line.note == "frozen; 3 seeds; published: [paper] table 1"


def test_no_row_is_lost(row: Any) -> None:
    rows = [row(f"s{k}", "system", k / 10, metric=f"m{k % 3}", subset=f"t{k % 2}") for k in range(10)]
    tables, apart = result_tables(rows)
    assert sorted(line.system for table in tables for line in table.rows) == sorted(r["system"] for r in rows)
    assert apart == ()


def test_the_study_s_own_metrics_come_first(row: Any) -> None:
    rows = [row("f", "floor", 0.1, metric=name) for name in ("a", "b", "c")]
    tables, _ = result_tables(rows, first=("c", "absent", "b"))
    assert [table.metric for table in tables] == ["c", "b", "a"]


def test_long_tables_are_folded_and_charts_are_few(row: Any) -> None:
    rows = [row(f"s{k}", "system", 0.5) for k in range(UNFOLDED_ROWS + 1)]
    (table,), _ = result_tables(rows)
    assert table.folded
    many = [row(k, k, 0.5, metric=f"m{m}") for m in range(MAX_CHARTS + 3) for k in ("floor", "system")]
    tables, _ = result_tables(many)
    assert sum(table.chart is not None for table in tables) == MAX_CHARTS


def test_every_verdict_has_a_mark_and_a_class() -> None:
    assert set(VERDICT_MARK) == set(VERDICT_CLASS) == {verdict.value for verdict in Verdict}
    assert len(set(VERDICT_MARK.values())) == len(Verdict), "the color is not needed to tell them apart"


def test_a_result_without_its_study_is_shown_all_the_same(rows: list[dict[str, Any]], result: Any) -> None:
    view = study_view(result(rows), None)
    assert (view.title, view.question, view.images) == ("Small study", "", ())
    assert view.headline.startswith("Beats its floor")


def test_a_committed_result_has_no_run_fields(rows: list[dict[str, Any]], result: Any) -> None:
    made = result(rows, commit="abc1234")
    for name in ("settings", "versions", "left_out", "run"):
        del made[name]
    view = study_view(made, None)
    assert (view.quick, view.left_out, dict(view.versions), view.commit) == (False, (), {}, "abc1234")


def test_a_view_is_a_value(rows: list[dict[str, Any]], result: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        study_view(result(rows), None).slug = "x"  # type: ignore[misc]


def test_counts_are_whole_numbers_and_rates_are_not(row: Any) -> None:
    (counts,), _ = result_tables([row("a", "system", 2.0, metric="kept"), row("b", "system", 21811.0, metric="kept")])
    assert [line.value for line in counts.rows] == ["2", "21,811"]
    (rates,), _ = result_tables([row("a", "system", 1.0), row("b", "system", 0.0)])
    assert [line.value for line in rates.rows] == ["1.000", "0"]
    (measured,), _ = result_tables([row("a", "system", 2.0, low=1.5, high=2.5)])
    assert measured.rows[0].value == "2.000"


def test_verdicts_are_counted_in_their_order(row: Any, result: Any) -> None:
    claims = [{"text": "t", "verdict": verdict, "evidence": "e"} for verdict in ("not shown", "holds", "holds")]
    view = study_view(result([row("f", "floor", 0.1)], claims=claims), None)
    assert list(view.verdicts.items()) == [("holds", 2), ("not shown", 1)]
