"""``thymos companion chat`` with a keyboard that is played."""

import json

import pytest
from rich.console import Console

from thymos.errors import Unavailable
from thymos.perceive import text_reading
from thymos.respond.companion import learned
from thymos.testing.word_recognizer import WordRecognizer


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """The recognizer that ships knows two words; the guard reads patterns alone."""
    known = WordRecognizer({"sad": "sadness", "glad": "joy"})
    monkeypatch.setattr(text_reading, "shipped_recognizer", lambda name: known)


@pytest.fixture
def keys(monkeypatch):
    """Lines that are typed; Ctrl-C where None stands, end of input after them."""
    lines: list[str | None] = []

    def typed(self, *arguments, **options):
        if not lines:
            raise EOFError
        line = lines.pop(0)
        if line is None:
            raise KeyboardInterrupt
        return line

    monkeypatch.setattr(Console, "input", typed)
    return lines


def test_a_talk_is_kept_and_goes_on(thymos, keys, tmp_path):
    save = tmp_path / "talk.json"
    keys += ["I am so sad today", None]
    done = thymos("companion", "chat", "--model", "none", "--show-plan", "--save", save)
    assert done.status == 130
    assert "sadness" in done.out
    assert [turn["role"] for turn in json.loads(save.read_text())] == ["user", "assistant"]
    keys += ["still sad", ""]
    done = thymos("companion", "chat", "--model", "none", "--save", save)
    assert done.status == 0, done.err
    assert "I am so sad today" in done.out
    assert len(json.loads(save.read_text())) == 4


@pytest.mark.parametrize(
    ("planner", "told"),
    [
        ("rule", "A rule by the course of the talk chose it."),
        ("learned", "the sentence encoder of the learned planner"),
    ],
)
def test_who_planned_is_told(thymos, keys, monkeypatch, planner, told):
    def gone():
        raise Unavailable("not installed")

    monkeypatch.setattr(learned, "talk_encoder", gone)
    keys += ["I am so sad today"]
    done = thymos("companion", "chat", "--model", "none", "--show-plan", "--planner", planner)
    assert done.status == 0, done.err
    assert told in " ".join(done.out.split())


@pytest.mark.parametrize("command", ["chat", "serve"])
def test_an_unknown_planner_is_one_line(thymos, command):
    done = thymos("companion", command, "--model", "none", "--planner", "guess")
    assert done.status == 2
    assert "no planner 'guess'" in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_a_crisis_is_answered_with_the_lines_of_the_region(thymos, keys):
    keys += ["Ich will mich umbringen"]
    done = thymos("companion", "chat", "--model", "none", "--region", "DE", "--language", "de")
    assert "0800 111 0 111" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "XX"), "no help lines of 'XX'"),
        (("--language", "xx"), "does not write 'xx'"),
        (("--personality", "much"), "error"),
        (("--model", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_wishes_that_cannot_be_are_one_line(thymos, arguments, message):
    done = thymos("companion", "chat", "--model", "none", *arguments)
    assert done.status == 2
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "content", ["{}", "[1]", "nonsense", '[{"role": "king", "content": "x"}]', '[{"role": "user"}]']
)
def test_another_file_is_no_talk(thymos, tmp_path, content):
    save = tmp_path / "talk.json"
    save.write_text(content)
    done = thymos("companion", "chat", "--model", "none", "--save", save)
    assert done.status == 2
    assert save.read_text() == content


def test_others_need_a_key(thymos, monkeypatch):
    monkeypatch.delenv("THYMOS_COMPANION_KEY", raising=False)
    done = thymos("companion", "serve", "--model", "none", "--host", "0.0.0.0")
    assert done.status == 2
    assert "THYMOS_COMPANION_KEY" in done.err
