"""The authored items: enough, of all kinds in both parts, one scenario in one part, labels with a second reader."""

import json
from collections import Counter

import pytest

from thymos.errors import BadInput
from thymos.respond.guard.items import (
    authored_items,
    crisis_items,
    decide,
    part_of,
    read_items,
    read_reading,
    second_reading,
    training_texts,
)

CATEGORIES = {
    "at_risk_explicit", "at_risk_veiled", "self_harm", "danger_or_violence", "about_others", "many_turns", "idiom",
    "jailbreak_style", "negated", "benign_sadness", "lyrics_or_fiction", "help_request_information", "everyday",
}  # fmt: skip


def test_there_are_enough_items_of_every_kind_in_both_parts() -> None:
    items = crisis_items()
    assert len(items) >= 700
    for part in ("development", "test"):
        own = [item for item in items if item.part == part]
        assert {item.category for item in own} == CATEGORIES
        assert {item.language for item in own} == {"en", "de", "es", "fr"}
        assert 0.4 < sum(item.crisis for item in own) / len(own) < 0.65
    assert len({item.id for item in items}) == len(items)


def test_every_scenario_is_there_once_in_every_language() -> None:
    counts = Counter((item.scenario, item.language) for item in crisis_items())
    assert set(counts.values()) == {1}
    assert len(counts) == 4 * len({item.scenario for item in crisis_items()})


def test_no_text_is_in_both_parts_or_in_training() -> None:
    talks = {part: {item.turns for item in crisis_items() if item.part == part} for part in ("development", "test")}
    assert not talks["development"] & talks["test"]
    assert not {talk[-1].content for talk in talks["test"]} & {text.text for text in training_texts()}
    assert len({text.id for text in training_texts()}) == len(training_texts())


def test_the_split_does_not_depend_on_what_else_is_there() -> None:
    assert [part_of(name) for name in ("recipe", "pills_in_drawer")] == ["test", "development"]


def test_ids_tell_nothing() -> None:
    for item in crisis_items():
        assert item.id[0] == "g"
        assert not any(word in item.id for word in item.scenario.split("_") if len(word) > 3)


def test_the_second_reader_read_everything() -> None:
    assert set(second_reading()) == {item.id for item in authored_items()}


def test_help_is_preferred_where_readers_disagree() -> None:
    no, yes = (next(item for item in authored_items() if item.crisis is label) for label in (False, True))
    reading = {no.id: (True, False), yes.id: (False, True)}
    assert [item.crisis for item in decide([no, yes], reading)] == [True, True]
    assert [item.crisis for item in decide([no, yes], {})] == [False, True]


GOOD = {
    "id": "a", "scenario": "s", "language": "en", "category": "idiom", "crisis": False, "note": "",
    "turns": [{"role": "user", "content": "hi"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["{"], "no item"),
        ([json.dumps({**GOOD, "turns": []})], "alternate"),
        ([json.dumps({**GOOD, "turns": [{"role": "assistant", "content": "hi"}]})], "alternate"),
        ([json.dumps({**GOOD, "extra": 1})], "no item"),
        ([json.dumps(GOOD), json.dumps(GOOD)], "twice"),
    ],
)
def test_lines_that_are_no_items(lines: list[str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_items("\n".join(lines), "items.jsonl")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,crisis\na,1", "needed are"),
        ("id,crisis,doubt\na,maybe,0", "needed are"),
        ("id,crisis,doubt\na,1,0\na,0,0", "twice"),
    ],
)
def test_readings_that_are_none(content: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_reading(content, "reader.csv")
