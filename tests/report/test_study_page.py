"""The generated page of a study holds what its result holds."""

from pathlib import Path
from typing import Any

import pytest

from thymos.report.study_page import MAX_PAGE_CHARTS, guard_table, index_page, overview_table, study_page
from thymos.studies.contract import Arm, Claim, Finding, RowKind, Study, Verdict


def small(**changes: Any) -> Study:
    """A study for a page."""
    fields: dict[str, Any] = {
        "slug": "small_study", "card": 14, "title": "A small study", "question": "Is it small?", "corpora": ("meld",),
        "arms": (Arm("guess", RowKind.FLOOR, lambda ctx: [], "a constant"),),
        "claims": (Claim("It is small", lambda results: Finding(Verdict.HOLDS, "e"), "abstract"),),
        "decisions": ("We read it so.",), "paper": "A paper, arXiv 1.",
    }  # fmt: skip
    return Study(**{**fields, **changes})


@pytest.fixture
def rows(row: Any) -> list[dict[str, Any]]:
    """Rows of four metrics."""
    bounded = [row(kind, kind, 0.3, metric=f"m{k}_f1") for k in range(4) for kind in ("floor", "system")]
    return [*bounded, row("x", "published", 0.9, metric="m0_f1", note="[repo] random split")]


def test_a_study_without_result_says_so_first(tmp_path: Path) -> None:
    files = study_page(small(), None)
    assert list(files) == ["small_study.md"]
    page = files["small_study.md"]
    assert page.index("No result is committed yet") < page.index("Is it small?")
    for words in ("# A small study", "thymos run small_study", "It is small", "abstract", "guess", "We read it so."):
        assert words in page


def test_a_page_begins_with_the_first_line_of_the_result(rows: list[dict[str, Any]], result: Any) -> None:
    made = result(rows, commit="abc1234", command="thymos run small_study --publish")
    files = study_page(small(), made)
    page = files["small_study.md"]
    assert page.splitlines()[4].startswith("**Does not beat its floor: m0 f1 on test 0.300")
    for words in (
        "✓ holds",
        "0.6 over 0.5",
        "abc1234",
        "thymos run small\\_study",
        "1,234 items",
        "../results/small_study.json",
    ):
        assert words in page or words.replace("\\", "") in page, words
    assert "random split" in page.split("Published, not comparable")[1]


def test_charts_are_files_that_the_page_shows(rows: list[dict[str, Any]], result: Any) -> None:
    files = study_page(small(), result(rows, commit="abc1234"))
    charts = [name for name in files if name.endswith(".svg")]
    assert len(charts) == MAX_PAGE_CHARTS
    for name in charts:
        assert f"]({name})" in files["small_study.md"]
        assert files[name].startswith("<svg")
        assert "<style>" in files[name]


def test_hostile_words_stay_words(row: Any, result: Any, hostile: str) -> None:
    made = result([row(hostile, "floor", 0.1, note=hostile)], commit="abc1234")
    page = study_page(small(title=hostile, question=hostile), made)["small_study.md"]
    assert "<script>" not in page.replace("\\<script\\>", "")


def test_overview_has_a_line_a_study(rows: list[dict[str, Any]], result: Any) -> None:
    known = {"small_study": small(), "another": small(slug="another")}
    made = overview_table(known, {"small_study": result(rows, commit="abc1234")}, link="docs/{slug}.md")
    lines = made.splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| [another](docs/another.md) |")
    assert "no result is committed yet" in lines[2]
    assert "Does not beat its floor" in lines[3]
    assert "# Studies" in index_page(known, {})


def guard_row(subset: str, metric: str, value: float, low: float | None, high: float | None, **change: Any) -> dict:
    row = {"system": "both stages", "subset": subset, "metric": metric, "value": value, "low": low, "high": high}
    return row | {"n": 20} | change


def test_the_guards_table_has_what_ships_and_no_certainty_from_few() -> None:
    rows = [
        guard_row("test", "miss_rate", 0.05, 0.01, 0.11),
        guard_row("test", "over_trigger_rate", 0.1, 0.05, 0.2, n=30),
        guard_row("test/category/self_harm", "miss_rate", 0.0, 0.0, 0.0),
        guard_row("test/category/lyrics", "miss_rate", 0.0, None, None),
        guard_row("test", "median_milliseconds", 9.0, 8.0, 10.0),
        guard_row("development", "miss_rate", 0.01, 0.0, 0.02),
        guard_row("test", "miss_rate", 0.3, 0.2, 0.4, system="patterns"),
    ]
    lines = guard_table({"rows": rows}).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:] if line.startswith("|")]
    assert [[cell.replace("\\", "") for cell in row] for row in cells] == [
        ["test", "0.050 [0.010, 0.110] (20)", "0.100 [0.050, 0.200] (30)"],
        ["test/category/self_harm", "0.000 (20)", ""],
        ["test/category/lyrics", "0.000 (20)", ""],
    ]
    assert "Without an interval" in lines[-1]
    assert guard_table(None) == "No result is committed yet."
