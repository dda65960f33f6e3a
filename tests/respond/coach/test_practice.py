"""A practice as data."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.model import Message
from thymos.respond.coach.examples import LEVELS
from thymos.respond.coach.practice import Practice, RatedDraft
from thymos.respond.coach.seed_set import DIFFICULTIES, SKILLS, Situation

TEXT = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
PRACTICES = st.builds(
    Practice,
    st.builds(Situation, TEXT, TEXT, st.sampled_from(DIFFICULTIES), st.lists(TEXT, max_size=2).map(tuple)),
    st.lists(st.sampled_from(SKILLS), max_size=3).map(tuple),
    st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), TEXT), max_size=3).map(tuple),
    st.lists(
        st.builds(RatedDraft, TEXT, st.sampled_from(SKILLS), st.sampled_from(LEVELS), st.integers(0, 9)), max_size=3
    ).map(tuple),
)


@given(PRACTICES)
def test_a_practice_survives_being_kept(practice):
    assert Practice.from_json(practice.to_json()) == practice


def start() -> Practice:
    return Practice(Situation("My bike was taken.", "my friend", "hard", ("sad",)), ("assert",))


def test_steps_give_new_practices(tmp_path):
    first = start()
    second = first.said(Message("user", "Give it back.")).rated("Give it back!", "assert", "weak")
    assert first.history == ()
    assert second.drafts == (RatedDraft("Give it back!", "assert", "weak", 1),)
    path = second.finished("user").save(tmp_path / "practice.json")
    assert Practice.load(path) == second.finished("user")
    assert Practice(first.situation).skills == SKILLS


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = start().save(tmp_path / "practice.json")
    before = path.read_text(encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="disk full"):
        start().said(Message("user", "hello")).save(path)
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda values: values.pop("situation"), "the practice does not fit"),
        (lambda values: values.update(version=0), "no practice of version 1"),
        (lambda values: values.update(skills=["juggling"]), "unknown skill 'juggling'"),
        (lambda values: values.update(history=[{"role": "boss", "content": "x"}]), "unknown role 'boss'"),
        (lambda values: values.update(drafts=[{"text": "x"}]), "the practice does not fit"),
        (lambda values: values["situation"].update(text=""), "the text is empty"),
        (lambda values: values.update(history=3), "the practice does not fit"),
    ],
)
def test_damages(tmp_path, harm, message):
    values = json.loads(start().to_json())
    harm(values)
    path = tmp_path / "practice.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        Practice.load(path)


def test_no_json(tmp_path):
    for content in ("{", "[]", "3"):
        with pytest.raises(BadInput, match="practice"):
            Practice.from_json(content)
    with pytest.raises(BadInput, match=r"gone\.json"):
        Practice.load(tmp_path / "gone.json")
