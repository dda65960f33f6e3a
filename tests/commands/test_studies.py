"""``thymos list | run | show | report``."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from thymos.studies.contract import Arm, Row, RowKind
from thymos.studies.registry import studies


def test_list_names_every_study(thymos: Any) -> None:
    done = thymos("list")
    assert done.status == 0
    for slug in studies():
        assert slug in done.out


def test_list_as_json(thymos: Any) -> None:
    listed = json.loads(thymos("list", "--json").out)
    assert [entry["slug"] for entry in listed] == list(studies())
    assert set(listed[0]) == {"slug", "card", "title", "question", "corpora"}


@pytest.fixture
def ready(with_studies: Any, small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The small study in an empty folder."""
    with_studies(small)
    monkeypatch.chdir(tmp_path)
    return small


@pytest.mark.usefixtures("ready")
class TestRun:
    def test_prints_rows_verdicts_and_stamps(self, thymos: Any) -> None:
        done = thymos("run", "small_study", "--quick")
        assert done.status == 0
        for words in ("guess", "parts", "one rater", "accuracy", "no split", "quick run", "simulated data", "gain"):
            assert words in done.out, words
        assert re.search(r"holds|not shown", done.out)

    def test_json_is_the_result(self, thymos: Any) -> None:
        done = thymos("run", "small_study", "--json")
        result = json.loads(done.out)
        assert result["study"] == "small_study"
        assert [row["kind"] for row in result["rows"]] == ["floor", "system", "ceiling"]
        assert result == json.loads((Path(result["run"]) / "result.json").read_text(encoding="utf-8"))

    def test_second_run_does_nothing_again(self, thymos: Any, tmp_path: Path) -> None:
        thymos("run", "small_study")
        before = (tmp_path / "log").read_text()
        done = thymos("run", "small_study")
        assert (tmp_path / "log").read_text() == before
        assert "kept from an earlier start" in done.err

    def test_options_reach_the_run(self, thymos: Any, tmp_path: Path) -> None:
        result = json.loads(thymos("run", "small_study", "--json", "--seed", "5", "--output", "elsewhere").out)
        assert result["settings"]["seed"] == 5
        assert result["run"].startswith("elsewhere")
        assert result["command"] == "thymos run small_study --seed 5"

    def test_a_quick_run_is_not_published(self, thymos: Any, tmp_path: Path) -> None:
        done = thymos("run", "small_study", "--quick", "--publish")
        assert done.status == 2
        assert done.err.strip() == "error: a quick run is not published; leave --quick out"
        assert not (tmp_path / "log").exists(), "it is refused before any work"

    def test_publishing_outside_a_checkout_is_one_line(self, thymos: Any) -> None:
        done = thymos("run", "small_study", "--publish")
        assert done.status == 2
        assert "publish from a checkout" in done.err
        assert "Traceback" not in done.err


def test_an_unknown_study_lists_the_known(thymos: Any) -> None:
    done = thymos("run", "no_such_study")
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("error: there is no study 'no_such_study'; known: ")
    assert len(done.err.strip().splitlines()) == 1


def test_missing_data_is_one_line(thymos: Any, tmp_path: Path) -> None:
    done = thymos("run", "manipulation_trial", "--data", str(tmp_path), "--output", str(tmp_path / "runs"))
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "manipulation_rct" in done.err
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_is_not_there_is_one_line(thymos: Any, tmp_path: Path) -> None:
    done = thymos("run", "manipulation_trial", "--data", str(tmp_path / "absent"))
    assert done.status == 2
    assert "no such folder; pass --data DIR" in done.err


@pytest.mark.usefixtures("ready")
class TestShow:
    def test_before_a_run(self, thymos: Any) -> None:
        done = thymos("show", "small_study")
        assert done.status == 0
        assert "not run yet: thymos run small_study" in done.out
        assert "work in steps" in done.out
        assert json.loads(thymos("show", "small_study", "--json").out) is None

    def test_after_a_run(self, thymos: Any) -> None:
        ran = json.loads(thymos("run", "small_study", "--json").out)
        assert json.loads(thymos("show", "small_study", "--json").out) == ran
        assert "one rater" in thymos("show", "small_study").out


@pytest.mark.usefixtures("ready")
class TestReport:
    def test_without_a_run_it_says_what_to_do(self, thymos: Any) -> None:
        done = thymos("report")
        assert done.status == 2
        assert done.err.strip() == "error: runs: there is no finished run; thymos run STUDY first"

    def test_prints_the_path_of_the_page(self, thymos: Any, tmp_path: Path) -> None:
        thymos("run", "small_study")
        done = thymos("report", "--html", "out/report.html")
        assert done.out.strip() == f"report: {tmp_path / 'out' / 'report.html'}"
        assert "one rater" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_words_in_brackets_are_printed_and_not_read_as_style(
    thymos: Any, with_studies: Any, small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bracketed(ctx: Any) -> list[Row]:
        return [Row("[bold]x[/] [a, b]", RowKind.FLOOR, "accuracy", "[c]", 0.5, 3, "no split")]

    with_studies(replace(small, arms=(Arm("[red]", RowKind.FLOOR, bracketed),)))
    monkeypatch.chdir(tmp_path)
    done = thymos("run", "small_study")
    assert done.status == 0
    assert "[bold]x[/] [a, b]" in done.out
    assert "[c]" in done.out
