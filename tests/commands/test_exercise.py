"""``thymos exercise`` and ``thymos questionnaire`` with a keyboard that is played."""

import builtins
import json

import pytest
from rich.console import Console

from thymos.respond.exercises import ExerciseRun, exercises


@pytest.fixture
def keys(monkeypatch):
    """Lines that are typed; Ctrl-C where None stands, and at the end."""
    lines: list[str | None] = []

    def typed(self, *arguments, **options):
        if not lines or (line := lines.pop(0)) is None:
            raise KeyboardInterrupt
        return line

    monkeypatch.setattr(Console, "input", typed)
    monkeypatch.setattr(builtins, "input", typed)
    return lines


def test_all_are_listed(thymos):
    done = thymos("exercise", "list")
    assert done.status == 0
    assert all(slug in done.out.replace("\n", "") for slug in ("gratitude", "sleep"))
    assert "PANAS" in thymos("questionnaire", "list").out


def test_an_exercise_stops_and_goes_on(thymos, keys, tmp_path):
    save = tmp_path / "run.json"
    keys += ["", "warm socks", "bus", "", None]
    done = thymos("exercise", "do", "gratitude", "--save", save)
    assert done.status == 130
    assert len(ExerciseRun.from_json(save.read_text()).given) == 2
    keys += ["the driver waited", ""]
    done = thymos("exercise", "do", "gratitude", "--save", save)
    assert done.status == 0, done.err
    assert "warm socks, bus" in done.out
    assert ExerciseRun.from_json(save.read_text()).finished
    assert "the driver waited" in thymos("exercise", "export", save).out
    assert thymos("exercise", "export", save, "--out", tmp_path / "run.md").status == 0
    assert (tmp_path / "run.md").read_text().startswith("# Gratitude")


@pytest.mark.parametrize("name", sorted(exercises()))
def test_wrong_answers_are_asked_again(thymos, keys, tmp_path, name):
    first = next(step for step in exercises()[name].steps if step.asks)
    before = [""] * exercises()[name].steps.index(first)
    keys += [*before, "x" * 10_001 if first.kind == "text" else "", *([""] if first.kind == "list" else []), None]
    assert thymos("exercise", "do", name, "--save", tmp_path / "run.json").status == 130


def test_dangerous_answers_get_help_and_are_kept(thymos, keys, tmp_path):
    save = tmp_path / "run.json"
    keys += ["", "nothing, I want to kill myself", "", None]
    done = thymos("exercise", "do", "gratitude", "--save", save, "--region", "DE")
    assert done.status == 0
    assert "0800 111 0 111" in done.out
    assert len(ExerciseRun.from_json(save.read_text()).given) == 2


def test_another_exercise_in_the_file_is_refused(thymos, keys, tmp_path):
    save = tmp_path / "run.json"
    save.write_text(ExerciseRun.start(exercises()["sleep"]).to_json())
    done = thymos("exercise", "do", "gratitude", "--save", save)
    assert done.status == 2
    assert "sleep" in done.err
    save.write_text("{}")
    assert thymos("exercise", "do", "gratitude", "--save", save).status == 2
    assert thymos("exercise", "export", tmp_path / "none.json").status == 2


def test_a_questionnaire_is_filled_and_scored(thymos, keys):
    keys += ["1"] * 8 + ["9", "0"]
    done = thymos("questionnaire", "fill", "phq9")
    assert done.status == 0, done.err
    assert "total 8: mild" in done.out
    assert "not a diagnosis" in " ".join(done.out.split())
    assert "988" not in done.out
    keys += ["0"] * 8 + ["1"]
    assert "988" in thymos("questionnaire", "fill", "phq9").out


def test_scores_of_answers_from_elsewhere(thymos):
    done = thymos("questionnaire", "score", "phq9", "1,1,1,1,1,1,1,-,-", "--json")
    assert json.loads(done.out)["total"] == 9
    for answers, message in (("1,2", "2 answers"), ("1,2,3,x,1,1,1,1,1", "no number"), ("9,1,1,1,1,1,1,1,1", "item_1")):
        done = thymos("questionnaire", "score", "phq9", answers)
        assert done.status == 2
        assert message in done.err
    assert "--items" in thymos("questionnaire", "fill", "isi").err
