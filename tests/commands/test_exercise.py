"""``thymos exercise`` and ``thymos questionnaire`` as a user meets them: done, stopped, killed, resumed, scored."""

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from tests.respond.exercises.walks import SMALL, PhraseGuard
from typer.testing import CliRunner, Result

from thymos.commands import exercise as command
from thymos.commands.guided_asking import GoBack, Leave, Terminal, bar, enter_within
from thymos.commands.guided_session import machine_region, new_file, run_session, write_private
from thymos.errors import BadInput
from thymos.respond.exercises import ExerciseRun, Step, exercises, parse_exercise
from thymos.respond.questionnaires import find_questionnaire


@pytest.fixture(autouse=True)
def own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder of the test's own, a guard of phrases, and a screen that is wide enough."""
    monkeypatch.setenv("THYMOS_OWN", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(command, "make_guard", lambda region, language: PhraseGuard())
    return tmp_path / "own"


def invoke(*words: object, typed: str = "", fails: bool = False) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return CliRunner().invoke(app, [*map(str, words)], input=typed, catch_exceptions=fails)


def kept(path: Path) -> ExerciseRun:
    return ExerciseRun.from_json(path.read_text(encoding="utf-8"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


WHOLE = "\nI [b]fail[/b]\nalways\n\n80\na\nb\n\n1\n30\n\n"


def test_the_list_tells_what_is_there() -> None:
    out = invoke("exercise", "list").output
    assert all(name in out for name in exercises())
    assert "15 min" in out
    found = json.loads(invoke("exercise", "list", "--json", "--language", "de").output)
    assert {one["slug"]: one["language"] for one in found}["gratitude"] == "de"
    assert all(one["cautions"] and one["sources"] for one in found)


def test_an_exercise_from_its_first_step_to_its_last(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    out = invoke("exercise", "do", small, "--save", path, typed=WHOLE).output
    assert "To test." in out  # the purpose, the caution and the source come first
    assert "- None." in out
    assert "How sure are you of I [b]fail[/b] always?" in out
    assert "80 before, 30 now: 50 lower" in out
    assert "finished" in out
    run = kept(path)
    assert run.finished
    assert run.answers == {
        "hello": None, "thought": "I [b]fail[/b]\nalways", "before": 80, "reasons": ["a", "b"], "mood": "good",
        "after": 30, "end": None,
    }  # fmt: skip
    markdown = invoke("exercise", "export", path).output
    assert "> I \\[b\\]fail\\[/b\\]" in markdown
    assert json.loads(invoke("exercise", "export", path, "--format", "json").output)["finished"]
    invoke("exercise", "export", path, "--out", tmp_path / "copy.json")
    assert json.loads((tmp_path / "copy.json").read_text(encoding="utf-8"))["title"] == "Small"
    invoke("exercise", "export", path, "--out", tmp_path / "kept.md")
    assert (tmp_path / "kept.md").read_text(encoding="utf-8") == markdown


def test_what_is_written_is_for_its_owner_alone(small: Path, own_place: Path) -> None:
    invoke("exercise", "do", small, typed="\nx\n\n/quit\n")
    (path,) = (own_place / "exercises").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((own_place / "exercises").stat().st_mode) == 0o700


@pytest.mark.parametrize("ending", ["/quit\n", ""])
def test_stopping_keeps_everything_and_says_how_to_go_on(small: Path, own_place: Path, ending: str) -> None:
    out = invoke("exercise", "do", small, typed="\nI fail\n\n" + ending).output
    (path,) = (own_place / "exercises").iterdir()
    assert kept(path).place == "before"
    assert f"thymos exercise resume {path}" in out
    assert f"thymos exercise resume {path}" in invoke("exercise", "list").output
    again = invoke("exercise", "resume", path, typed="80\na\n\n1\n30\n\n").output
    assert "2 of at most 8 steps done" in again
    assert kept(path).finished
    assert "resume" not in invoke("exercise", "list").output


def test_the_same_command_goes_on(small: Path, own_place: Path, tmp_path: Path) -> None:
    for save in ((), ("--save", tmp_path / "kept.json")):
        invoke("exercise", "do", small, *save, typed="\nI fail\n\n/quit\n")
        out = invoke("exercise", "do", small, *save, typed="80\na\n\n1\n30\n\n").output
        assert "2 of at most 8 steps done" in out
        assert "finished" in out
    assert kept(tmp_path / "kept.json").finished
    invoke("exercise", "do", small, typed="/quit\n")
    assert "To test." in invoke("exercise", "do", small, "--new", typed="/quit\n").output
    assert len(list((own_place / "exercises").iterdir())) == 3


def test_files_that_are_no_exercises_are_left_alone(small: Path, own_place: Path) -> None:
    invoke("exercise", "do", small, typed="\n/quit\n")
    (own_place / "exercises" / "notes.json").write_text("{")
    out = invoke("exercise", "list").output
    assert out.count("begun: ") == 1
    assert (own_place / "exercises" / "notes.json").read_text() == "{"


def test_a_run_with_older_words_says_so(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    older = parse_exercise(SMALL.replace("slug: small", "slug: gratitude"))
    path.write_text(ExerciseRun.start(older).to_json(), encoding="utf-8")
    assert "has other words by now" in invoke("exercise", "resume", path, typed="/quit\n").output


def test_ctrl_c_at_any_question_keeps_everything(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = WHOLE.split("\n")[:-1]
    for stop in range(1, len(typed)):
        path = tmp_path / f"{stop}.json"
        lines = iter(typed[:stop])

        def line(self: Any, *prompt: Any, lines: Any = lines, **options: Any) -> str:
            try:
                return str(next(lines))
            except StopIteration:
                raise KeyboardInterrupt from None

        monkeypatch.setattr(Console, "input", line)
        result = invoke("exercise", "do", small, "--save", path)
        assert result.exit_code == 130
        assert f"resume {path}" in result.output
        rest = "\n".join(typed[stop:]) + "\n"
        monkeypatch.undo()
        monkeypatch.setattr(command, "make_guard", lambda region, language: PhraseGuard())
        if kept(path).place in ("thought", "reasons"):  # lines of a text that was not finished are typed again
            continue
        invoke("exercise", "resume", path, typed=rest)
        assert kept(path).finished


def test_back_help_and_answers_that_do_not_fit(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    typed = "/help\n\n\nI fail\n\nmany\n101\n80\n/back\n\n/quit\n"
    out = invoke("exercise", "do", small, "--save", path, typed=typed).output
    assert "/skip = leave out" in out
    assert "an answer is needed here" in out
    assert "'many' is no number" in out
    assert "101 is outside the scale" in out
    assert "[80] > " in out  # the answer before going back
    assert kept(path).place == "reasons"
    assert kept(path).answers["before"] == 80


def test_drafts_of_texts_and_choices_stay_with_enter(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    typed = "\nI fail\n\n80\na\n\n2\n/back\n\n/back\n/back\n/back\n/back\n\n\n\n\n/quit\n"
    invoke("exercise", "do", small, "--save", path, typed=typed)
    run = kept(path)
    assert (run.answers["thought"], run.answers["reasons"], run.answers["mood"]) == ("I fail", ["a"], "bad")


def test_a_step_may_be_skipped_where_that_is_possible(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    out = invoke("exercise", "do", small, "--save", path, typed="\n/skip\n\n80\na\n\n9\n2\n/skip\n/quit\n").output
    assert kept(path).answers["thought"] == "/skip"  # it is asked for: what was typed is the answer
    assert kept(path).place == "after"
    assert "'9' is none of the options; type a number from 1 to 2" in out


def test_choices_are_made_by_number_and_skipped(tmp_path: Path) -> None:
    script = tmp_path / "several.yaml"
    options = "choices: [{value: a, label: A, help: why}, {value: b, label: B}, {value: c, label: C}]"
    script.write_text(
        SMALL.split("  - {id: hello")[0]
        + f"  - {{id: one, kind: choices, optional: true, prompt: 'Which?', {options}}}\n"
        + "  - {id: two, kind: scale, prompt: 'How many?', optional: true, unit: minutes}\n"
        + "  - {id: three, kind: text, prompt: 'Write.', seconds: 300, optional: true}\n",
        encoding="utf-8",
    )
    path = tmp_path / "kept.json"
    out = invoke("exercise", "do", script, "--save", path, typed="3, 1\n/back\n\n7,5\n7\n\n").output
    assert "[1,3]" in out
    assert "minutes" in out
    assert "about 5 minutes" in out
    assert "7.5 is between two steps" in out
    assert kept(path).answers == {"one": ["a", "c"], "two": 7, "three": None}
    skipped = tmp_path / "skipped.json"
    invoke("exercise", "do", script, "--save", skipped, typed="/skip\n/skip\n/skip\n")
    assert kept(skipped).answers == {"one": None, "two": None, "three": None}


def test_danger_stops_with_help_and_the_words_are_not_lost(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    out = invoke("exercise", "do", small, "--save", path, typed="\ndanger\n\n").output
    assert "help for danger" in out
    assert f"resume {path}" in out
    run = kept(path)
    assert (run.place, run.risk) == ("thought", "crisis")
    again = invoke("exercise", "resume", path, typed="I will be fine\n\n/quit\n").output
    assert again.index("help for danger") < again.index("What do you think?")
    assert kept(path).answers["thought"] == "I will be fine"


def test_after_help_for_a_mere_tone_the_person_decides(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    out = invoke("exercise", "do", small, "--save", path, typed="\ntone\n\n\n80\n/quit\n").output
    assert "help for tone" in out
    assert kept(path).answers["thought"] == "tone"
    other = tmp_path / "other.json"
    invoke("exercise", "do", small, "--save", other, typed="\ntone\n\n/back\nlight\n\n/quit\n")
    assert kept(other).answers["thought"] == "light"
    left = tmp_path / "left.json"
    invoke("exercise", "do", small, "--save", left, typed="\ntone\n\n/quit\n")
    assert kept(left).risk == "crisis"


def test_a_worry_gets_a_sentence(small: Path) -> None:
    assert "help for worry" in invoke("exercise", "do", small, typed="\nworry\n\n/quit\n").output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("exercise", "do", "juggling"), "there is no exercise 'juggling'"),
        (("exercise", "do", "none.yaml"), "no such file"),
        (("exercise", "resume", "none.json"), "no such file"),
        (("exercise", "export", "none.json"), "no such file"),
        (("questionnaire", "fill", "horoscope"), "there is no questionnaire"),
        (("questionnaire", "score", "gad7", "1,2"), "2 answers; GAD-7 has 7 items"),
        (("questionnaire", "score", "gad7", "a,1,1,1,1,1,1"), "'a' is no answer"),
        (("questionnaire", "score", "gad7", "none.json"), "no such file"),
        (("questionnaire", "score", "gad7", "none.csv"), "no such file"),
    ],
)
def test_bad_words(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        invoke(*words)


def test_files_that_are_in_the_way(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    invoke("exercise", "do", small, "--save", path, typed=WHOLE)
    before = path.read_bytes()
    for words in (("do", small, "--save"), ("resume",)):
        with pytest.raises(BadInput, match="this exercise is finished; read it with: thymos exercise export"):
            invoke("exercise", *words, path)
    with pytest.raises(BadInput, match="there is something in this file"):
        invoke("exercise", "do", small, "--new", "--save", path)
    (tmp_path / "other.json").write_text(ExerciseRun.start(exercises()["gratitude"]).to_json(), encoding="utf-8")
    with pytest.raises(BadInput, match="this file holds gratitude"):
        invoke("exercise", "do", small, "--save", tmp_path / "other.json")
    with pytest.raises(BadInput, match="no form 'pdf'"):
        invoke("exercise", "export", path, "--format", "pdf")
    with pytest.raises(BadInput, match="nothing can be kept here"):
        invoke("exercise", "do", small, "--save", path / "below.json")
    assert path.read_bytes() == before


def test_a_failed_write_leaves_the_last_state(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.json"
    write_private(path, "before")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "after")
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir() if "kept" in one.name] == ["kept.json"]


def test_an_interruption_while_writing_is_made_good(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from thymos.commands import guided_session

    path, written = tmp_path / "kept.json", []

    def interrupted(where: Path, content: str) -> None:
        written.append(content)
        if len(written) == 3:
            raise KeyboardInterrupt
        write_private(where, content)

    monkeypatch.setattr(guided_session, "write_private", interrupted)
    invoke("exercise", "do", small, "--save", path, typed="\nI fail\n\n80\n")
    assert kept(path).answers["thought"] == "I fail"


def test_a_folder_is_no_place_to_write(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="this is a folder"):
        write_private(tmp_path, "text")


def test_the_guard_is_the_one_that_ships() -> None:
    from thymos.commands.guided_session import make_guard
    from thymos.respond.guard import Guard

    guard = make_guard("DE", "de")
    assert isinstance(guard, Guard)
    assert (guard.region, guard.language) == ("DE", "de")


def test_new_files_never_collide(own_place: Path) -> None:
    first = new_file("exercises", "a")
    first.write_text("")
    second = new_file("exercises", "a")
    assert second != first


def test_without_a_country_help_is_international(monkeypatch: pytest.MonkeyPatch) -> None:
    import locale

    for named, region in ((("de_AT", "UTF-8"), "AT"), ((None, None), "INT"), (("en_XX", "UTF-8"), "INT")):
        monkeypatch.setattr(locale, "getlocale", lambda named=named: named)
        assert machine_region() == region


# -- the program itself, killed and interrupted -----------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Callable[[Path], "subprocess.Popen[str]"]:
    def start(path: Path) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "thymos.cli", "exercise", "do", "paced_breathing", "--save", str(path)]
        pipe = subprocess.PIPE
        return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    return start


def typed_until(process: "subprocess.Popen[str]", path: Path, text: str, answers: int) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if path.exists() and len(kept(path).given) == answers:
            return
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        time.sleep(0.05)
    raise AssertionError("the answers were not kept in time")


def test_killed_at_a_step_the_exercise_goes_on_there(tmp_path: Path, running: Any) -> None:
    path = tmp_path / "kept.json"
    with running(path) as process:
        typed_until(process, path, "70\n3\n", 2)
        process.kill()
    run = kept(path)
    assert (run.place, run.answers) == ("settle", {"tension_before": 70, "rhythm": "with_pause"})
    out = invoke("exercise", "resume", path, typed="\n\n40\n\n").output
    assert "in 4 s, hold 2 s, out 6 s; 15 rounds" in out
    assert "70 before, 40 now: 30 lower" in out


def test_ctrl_c_in_the_program(tmp_path: Path, running: Any) -> None:
    path = tmp_path / "kept.json"
    with running(path) as process:
        typed_until(process, path, "70\n", 1)
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "Traceback" not in out
    assert "thymos exercise resume" in out
    assert kept(path).place == "rhythm"


# -- pauses and breathing ---------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only by sleeping; Enter is pressed at a moment."""

    def __init__(self, enter_at: float = 1e9) -> None:
        self.now, self.enter_at = 0.0, enter_at

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> bool:
        self.now += max(seconds, 0.01)
        return self.now >= self.enter_at


def timed(enter_at: float = 1e9, screen: bool = True) -> tuple[Terminal, Clock, io.StringIO]:
    clock, out = Clock(enter_at), io.StringIO()
    console = Console(file=out, force_terminal=screen, width=100)
    return Terminal(console, True, clock, clock.sleep), clock, out


BREATHING = Step(id="b", kind="breathing", asks=False, prompt="", pattern=(4, 2, 6, 0), rounds=3)


@pytest.mark.parametrize("screen", [True, False])
def test_breathing_takes_its_time_and_shows_its_phases(screen: bool) -> None:
    terminal, clock, out = timed(screen=screen)
    assert terminal.answer(BREATHING) == 3
    assert clock.now == pytest.approx(36, abs=1)
    shown = out.getvalue()
    assert "in 4 s, hold 2 s, out 6 s; 3 rounds" in shown
    assert ("█" in shown) == screen
    if screen:
        assert all(phase in shown for phase in ("in ", "hold ", "out ", "3/3"))


@pytest.mark.parametrize(("enter_at", "rounds"), [(1, 0), (13, 1), (30, 2)])
def test_enter_ends_breathing_early(enter_at: float, rounds: int) -> None:
    terminal, clock, _ = timed(enter_at)
    assert terminal.answer(BREATHING) == rounds
    assert clock.now == pytest.approx(enter_at, abs=0.2)


def test_a_pause_ends_by_itself_or_by_enter() -> None:
    step = Step(id="p", kind="pause", asks=False, prompt="", seconds=20)
    for enter_at, until in ((1e9, 20), (5, 5)):
        terminal, clock, _ = timed(enter_at)
        assert terminal.answer(step) is None
        assert clock.now == pytest.approx(until, abs=0.2)


def test_ctrl_c_while_breathing_keeps_the_exercise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ExerciseRun.start(exercises()["paced_breathing"]).answer(50).answer("gentle").answer(None)

    def interrupted(seconds: float) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("thymos.commands.guided_asking.enter_within", interrupted)
    out = io.StringIO()
    with pytest.raises(typer.Exit):
        run_session(Console(file=out, force_terminal=True), run, tmp_path / "kept.json", waits=True)
    assert kept(tmp_path / "kept.json") == run
    assert "stopped; your answers are kept" in out.getvalue()


def test_enter_is_noticed_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as typed, os.fdopen(writing, "w") as keyboard:
        monkeypatch.setattr(sys, "stdin", typed)
        assert not enter_within(0.01)
        keyboard.write("\n")
        keyboard.flush()
        assert enter_within(5)
        assert not enter_within(0.01)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))  # a terminal that cannot tell
    assert not enter_within(0.01)


def test_bars_are_never_longer_or_shorter() -> None:
    assert [bar(share, "").plain.count("█") for share in (-1, 0, 0.5, 1, 2)] == [0, 0, 20, 40, 40]


def test_wishes_are_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = timed()[0]
    for typed, wish in (("/back", GoBack), (" /QUIT ", Leave)):
        monkeypatch.setattr(Console, "input", lambda self, *prompt, typed=typed, **options: typed)
        with pytest.raises(wish):
            terminal.line()


# -- questionnaires ---------------------------------------------------------------------------------------------------


def test_the_list_of_questionnaires_tells_whose_items_are_here() -> None:
    rows = {one["slug"]: one for one in json.loads(invoke("questionnaire", "list", "--json").output)}
    assert {name: one["has_texts"] for name, one in rows.items()} == {
        "gad7": True, "isi": False, "panas": False, "phq9": True
    }  # fmt: skip
    assert "your own" in invoke("questionnaire", "list").output


def test_a_questionnaire_is_filled_and_told_as_information(own_place: Path) -> None:
    out = invoke("questionnaire", "fill", "gad7", typed="1\n1\n9\nx\n1\n2\n1\n1\n/back\n1\n1\n").output
    assert "Feeling nervous, anxious or on edge" in out
    assert "9 is no answer to item_3" in out
    assert "'x' is no answer" in out
    assert "sum: 8 (0 to 21)" in out
    assert "range in the publication (anxiety severity): mild" in out
    assert "not a diagnosis" in out
    assert "you have" not in out.lower()
    (path,) = (own_place / "questionnaires").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = invoke("questionnaire", "score", "gad7", path).output
    assert "sum: 8" in again


def test_an_urgent_answer_shows_help_at_once_and_with_the_result() -> None:
    out = invoke("questionnaire", "fill", "phq9", "--region", "DE", typed="0\n" * 8 + "1\n0\n").output
    assert out.count("0800 111 0 111") == 2
    assert out.index("0800 111 0 111") < out.index("how difficult have these problems")
    assert "sum: 1 (0 to 27)" in out
    calm = invoke("questionnaire", "fill", "phq9", "--region", "DE", typed="3\n" * 8 + "0\n\n").output
    assert "0800" not in calm


def test_a_stopped_questionnaire_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    out = invoke("questionnaire", "fill", "phq9", "--save", path, typed="0\n0\n").output
    assert f"thymos questionnaire fill phq9 --save {path}" in out
    assert "sum" not in out
    again = invoke("questionnaire", "fill", "phq9", "--save", path, typed="1\n" * 7 + "\n").output
    assert "sum: 7" in again
    with pytest.raises(BadInput, match="this one is filled; see it with: thymos questionnaire score"):
        invoke("questionnaire", "fill", "phq9", "--save", path)
    other = invoke("questionnaire", "fill", "phq9", typed="0\n/quit\n").output
    assert "2/10" in invoke("questionnaire", "fill", "phq9", typed="/quit\n").output
    assert "stopped; your answers are kept" in other
    with pytest.raises(BadInput, match="no state of gad7"):
        invoke("questionnaire", "fill", "gad7", "--save", path)
    with pytest.raises(BadInput, match="these are answers to 'phq9'"):
        invoke("questionnaire", "score", "gad7", path)


def test_answers_of_yesterday_are_not_gone_on_with(own_place: Path) -> None:
    invoke("questionnaire", "fill", "gad7", typed="0\n/quit\n")
    (path,) = (own_place / "questionnaires").iterdir()
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {"started": "2026-01-01T10:00:00+02:00"}))
    assert "1/7" in invoke("questionnaire", "fill", "gad7", typed="/quit\n").output
    assert "2/7" in invoke("questionnaire", "fill", "gad7", "--save", path, typed="/quit\n").output
    for one in (own_place / "questionnaires").iterdir():
        one.write_text("{")
    assert "1/7" in invoke("questionnaire", "fill", "gad7", typed="/quit\n").output


def test_ctrl_c_in_a_questionnaire(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["1", "2"])

    def line(self: Any, *prompt: Any, **options: Any) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(Console, "input", line)
    result = invoke("questionnaire", "fill", "gad7")
    (path,) = (own_place / "questionnaires").iterdir()
    assert result.exit_code == 130
    assert f"fill gad7 --save {path}" in result.output
    assert json.loads(path.read_text())["answers"] == {"item_1": 1, "item_2": 2}


def test_help_is_there_again_where_an_urgent_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    invoke("questionnaire", "fill", "phq9", "--save", path, typed="0\n" * 8 + "2\n/quit\n")
    again = invoke("questionnaire", "fill", "phq9", "--save", path, "--region", "GB", typed="").output
    assert "116 123" in again


def test_items_of_others_need_an_own_copy(tmp_path: Path) -> None:
    from thymos.errors import Unavailable

    with pytest.raises(Unavailable, match="--items FILE"):
        invoke("questionnaire", "fill", "isi")
    copy = tmp_path / "isi.txt"
    copy.write_text("\n".join(f"my item {number}" for number in range(1, 8)))
    out = invoke("questionnaire", "fill", "isi", "--items", copy, typed="2\n" * 7).output
    assert "my item 7" in out
    assert "range in the publication (insomnia severity): subthreshold insomnia" in out
    stopped = invoke("questionnaire", "fill", "isi", "--items", copy, typed="2\n").output
    assert f"fill isi --items {copy} --save" in stopped


def test_scores_from_numbers_and_json(tmp_path: Path) -> None:
    panas = ",".join(["5", "1"] * 10)
    out = invoke("questionnaire", "score", "panas", panas).output
    assert "positive affect: 34" in out  # items 1, 3, 5, 9, 17 and 19 with 5, items 10, 12, 14 and 16 with 1
    assert "negative affect: 26" in out
    assert "sum:" not in out
    found = json.loads(invoke("questionnaire", "score", "phq9", "0,0,0,0,0,0,0,-,3", "--json").stdout)
    assert (found["urgent"], found["total"], found["missing"]) == (True, None, ["item_8"])
    assert "findahelpline.com" in found["help"]
    with pytest.raises(BadInput, match="1 of 7 answers are missing, first item_2"):
        invoke("questionnaire", "score", "gad7", "0,-,0,0,0,0,0")
    path = tmp_path / "a.json"
    path.write_text(json.dumps(dict.fromkeys(find_questionnaire("gad7").items, 3)))
    assert json.loads(invoke("questionnaire", "score", "gad7", path, "--json").stdout)["band"] == "severe"
    for content, message in (("{", "not JSON"), ("[1]", "a table from item to number")):
        path.write_text(content)
        with pytest.raises(BadInput, match=message):
            invoke("questionnaire", "score", "gad7", path)


def test_a_table_is_scored_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    names = list(find_questionnaire("gad7").items)
    path.write_text(",".join(["person", *names]) + "\np1,1,1,1,1,1,1,1\np2,,1,1,1,1,1,1\n")
    rows = list(csv.DictReader(io.StringIO(invoke("questionnaire", "score", "gad7", path).stdout)))
    assert [(row["person"], row["total"], row["band"], row["missing"]) for row in rows] == [
        ("p1", "7", "mild", "0"), ("p2", "", "", "1")
    ]  # fmt: skip
    assert json.loads(invoke("questionnaire", "score", "gad7", path, "--json").stdout)[1]["total"] is None
    path.write_text(",".join(names) + "\n")
    assert invoke("questionnaire", "score", "gad7", path).stdout == ""


def test_a_translated_exercise(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    out = invoke(
        "exercise", "do", "gratitude", "--language", "de", "--save", path, typed="\n50\nSuppe\n\n/quit\n"
    ).output
    assert "Dankbarkeitstagebuch" in out
    assert kept(path).exercise == exercises("de")["gratitude"]
    assert parse_exercise(SMALL) != kept(path).exercise
