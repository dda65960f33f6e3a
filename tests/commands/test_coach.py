"""``thymos coach`` as a user meets it: rating, practicing, stopping, going on, and help in a crisis."""

import json
from pathlib import Path

import pytest
import typer
from tests.respond.coach.stand_ins import HashedWords, PhraseGuard
from typer.testing import CliRunner, Result

from thymos.commands import coach as command
from thymos.errors import BadInput
from thymos.respond.coach.coach import Coach
from thymos.respond.coach.practice import Practice
from thymos.testing import write_official_layout

CRISIS = "I want to kill myself."


@pytest.fixture(autouse=True)
def small_coach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_coach", lambda model: Coach(None, PhraseGuard(), HashedWords()))


def invoke(*words: object, typed: str = "", fails: bool = False) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    arguments = ["coach", *map(str, words)]
    return CliRunner().invoke(app, arguments, input=typed, catch_exceptions=fails, env={"COLUMNS": "200"})


def test_a_draft_is_rated_with_reasons_and_what_the_rating_is_worth() -> None:
    out = invoke("rate", "--skill", "assert", "Please call me [b]by Friday[/b].").output
    assert out.startswith("assert: ")
    assert "suggestion: " in out
    assert "Measured on 36 utterances of situations left out" in out
    assert "not rated by clinicians" in out


def test_json_holds_everything() -> None:
    found = json.loads(invoke("rate", "--skill", "express", "You people!", "--json").output)
    assert found["rating"] in ("none", "weak", "strong")
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert set(found) >= {"reasons", "suggestion", "rewrite", "examples", "help", "rewritten_by"}
    assert found["examples_are"] == "authored by one writer, not rated by clinicians"


def test_a_crisis_gets_help_in_place_of_a_rating() -> None:
    out = invoke("rate", "--skill", "assert", CRISIS).output
    assert "988" in out
    assert "suggestion" not in out
    assert json.loads(invoke("rate", "--skill", "assert", CRISIS, "--json").output)["probabilities"] == {}


def test_mechanisms_need_a_copy_of_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thymos.language.load.load_encoder", lambda spec: HashedWords())
    write_official_layout("epitome", tmp_path / "epitome")
    words = ("rate", "--skill", "explorations", "What helped?", "--situation", "I am sad.", "--data", tmp_path)
    assert invoke(*words).output.startswith("explorations: ")
    found = json.loads(invoke(*words, "--json").output)
    assert sum(found["probabilities"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rate", "--skill", "juggling", "text"), "unknown skill 'juggling'"),
        (("rate", "--skill", "assert", " "), "the draft is empty"),
        (("rate", "--skill", "explorations", " "), "the text is empty"),
        (("practice",), "there is no situation"),
        (("practice", "--situation", "x", "--difficulty", "brutal"), "unknown difficulty 'brutal'"),
        (("practice", "--situation", "x", "--skill", "juggling"), "unknown skill 'juggling'"),
        (("practice", "--resume", "x.json", "--partner", "my friend"), "a saved practice has its own situation"),
    ],
)
def test_bad_words(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        invoke(*words)


# -- practice ---------------------------------------------------------------------------------------------------------


def practice(tmp_path: Path, typed: str, *more: object) -> tuple[Result, Path]:
    path = tmp_path / "practice.json"
    return invoke("practice", "--situation", "roommate_dishes", "--save", path, *more, typed=typed), path


def test_drafts_get_feedback_before_they_are_sent(tmp_path: Path) -> None:
    done, path = practice(tmp_path, "/skill assert\nmaybe later\nPlease wash up by ten every day.\n\n/quit\n")
    assert done.exit_code == 0
    assert done.output.count("assert: ") == 2
    assert "my roommate: " in done.output
    assert "an authored line stands in" in done.output
    kept = Practice.load(path)
    assert [turn.role for turn in kept.history] == ["user", "assistant"]
    assert kept.history[0].content == "Please wash up by ten every day.", "the last draft is sent"
    assert [one.skill for one in kept.drafts] == ["assert", "assert"]
    assert [one.turn for one in kept.drafts] == [0, 0]
    assert kept.ended == "user"


def test_a_practice_goes_on_where_it_stopped(tmp_path: Path) -> None:
    _, path = practice(tmp_path, "Hello there.\n\n")  # the end of the input stops it
    first = Practice.load(path)
    more = invoke("practice", "--resume", path, "--model", "none", typed="And now?\n\n/quit\n")
    assert first.history[1].content in more.output, "what was said is shown again"
    second = Practice.load(path)
    assert second.history[:2] == first.history
    assert len(second.history) == 4
    assert second.history[1].content != second.history[3].content


def test_nothing_is_sent_before_there_is_a_draft(tmp_path: Path) -> None:
    done, path = practice(tmp_path, "\n\n/skill juggling\n/next\n/quit\n")
    assert Practice.load(path).history == ()
    assert "skills: describe, express" in done.output
    assert done.output.count("try: ") == 2


def test_chosen_skills_are_suggested(tmp_path: Path) -> None:
    done, _ = practice(tmp_path, "/next\n/quit\n", "--skill", "express")
    assert done.output.count("try: express") == 2


def test_a_crisis_ends_the_practice_with_help(tmp_path: Path) -> None:
    done, path = practice(tmp_path, f"{CRISIS}\n\nhello\n")
    assert "988" in done.output
    kept = Practice.load(path)
    assert (kept.ended, kept.history, kept.drafts) == ("crisis", (), ())
    with pytest.raises(BadInput, match="ended with help"):
        invoke("practice", "--resume", path)


def test_an_own_situation_and_the_list(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    words = ("--situation", "My bike was taken.", "--partner", "my friend", "--difficulty", "hard", "--emotion", "sad")
    invoke("practice", *words, "--save", path, typed="/quit\n")
    own = Practice.load(path).situation
    assert (own.text, own.partner, own.difficulty, own.emotions) == (
        "My bike was taken.",
        "my friend",
        "hard",
        ("sad",),
    )
    assert invoke("practice", "--list").output.count("\n") == 28
