"""Scripts: mistakes are one clear error that names the step, and a hostile file does nothing but fail."""

import copy
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.respond.exercises.walks import SMALL

from thymos.errors import BadInput
from thymos.respond.exercises import exercises, find_exercise, languages, parse_exercise, read_exercise

PLAIN: dict[str, Any] = yaml.safe_load(SMALL)


def changed(step: str = "", /, **fields: Any) -> str:
    """The small script with other fields, of a step or of the whole; None takes one away."""
    values = copy.deepcopy(PLAIN)
    target = next(one for one in values["steps"] if one["id"] == step) if step else values
    for name, value in fields.items():
        target.pop(name, None)
        if value is not None:
            target[name] = value
    return yaml.safe_dump(values, sort_keys=False)


def test_a_script_is_read_and_comes_again_from_its_values() -> None:
    small = parse_exercise(SMALL)
    assert (small.slug, len(small.steps), small.caution, small.source) == ("small", 8, "None.", "Us.")
    again = parse_exercise(yaml.safe_dump(small.as_values()))
    assert again == small
    assert again.sha256 == small.sha256


def test_the_hash_changes_with_every_word_and_not_with_the_order_of_fields() -> None:
    small = parse_exercise(SMALL)
    assert parse_exercise(yaml.safe_dump(PLAIN, sort_keys=True)).sha256 == small.sha256
    assert parse_exercise(changed("hello", prompt="Hello!")).sha256 != small.sha256
    assert parse_exercise(changed("after", high=99)).sha256 != small.sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(title=None), "title: Field required"),
        (changed(cautions=[]), "cautions: .*at least 1"),
        (changed(sources=None), "sources: Field required"),
        (changed(version="1"), "version: .*valid integer"),
        (changed(language="English"), "language: "),
        (changed(script="import os"), "script: Extra inputs"),
        (changed(steps=[]), "steps: .*at least 1"),
        (changed("thought", kind="shell"), "step 'thought'.*tag 'shell'"),
        (changed("thought", kind=None), "step 'thought'.*tag"),
        (changed("thought", low=3), "step 'thought', low: Extra inputs"),
        (changed("thought", longest=10**9), "step 'thought', longest: "),
        (changed("hello", id="say hello"), "step 'say hello', id: "),
        (changed("hello", id="thought"), "two steps are called 'thought'"),
        (changed("hello", prompt="{{thought}}"), "'hello' quotes 'thought', which does not come before it"),
        (changed("thought", prompt="{{hello}}"), "quotes 'hello', which asks for nothing"),
        (changed("thought", prompt="{{__import__('os')}}"), "double braces"),
        (changed("thought", help="{{nothing}}"), "quotes 'nothing'"),
        (changed("end", prompt="{{after|change:thought}}"), "quotes a change of 'after', but both must be numbers"),
        (changed("why_bad", when={"answer": "after", "at_least": 1}), "depends on 'after', which does not come"),
        (changed("why_bad", when={"answer": "why_bad", "given": True}), "depends on 'why_bad', which does not come"),
        (changed("why_bad", when={"answer": "mood", "equals": "ugly"}), "depends on 'ugly', no choice of 'mood'"),
        (changed("why_bad", when={"answer": "thought", "at_least": 1}), "depends on a number, but 'thought' gives"),
        (changed("before", low=100, high=0), "step 'before': low must be below high"),
        (changed("before", step=200), "the step is wider"),
        (changed("before", high=float("inf")), "step 'before', high: "),
        (changed("reasons", least=4), "least is above most"),
        (changed("mood", choices=[{"value": "a", "label": "A"}]), "choices: .*at least 2"),
        (changed("mood", choices=[{"value": "a", "label": "A"}, {"value": "a", "label": "B"}]), "the value 'a'"),
        (changed("mood", choices=[{"value": "a", "label": "A"}, {"value": "b", "label": "A"}]), "the label 'A'"),
        (changed("mood", choices=[{"value": "a", "label": "b"}, {"value": "b", "label": "c"}]), "of one choice and"),
        (changed("mood", choices=[{"value": "a", "label": True}, {"value": "b", "label": "c"}]), "valid string"),
        (changed("hello", kind="pause", seconds=0), "step 'hello', seconds: "),
        (changed("hello", kind="pause", seconds=10**6), "step 'hello', seconds: "),
        (changed("hello", kind="breathing", inhale=4, exhale=30, rounds=3), "step 'hello', exhale: "),
        (changed("hello", kind="breathing", inhale=12, exhale=12, rounds=60), "take 1440 seconds"),
        (changed("mood", kind="choices", least=3), "least and most do not fit"),
    ],
)
def test_mistakes_are_named_with_their_step(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        parse_exercise(text, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
    assert "\n" not in str(caught.value)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [*{before}, *{before}, *{before}, *{before}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!!python/object/apply:os.system ['touch {file}']", "tags are not taken"),
        ("slug: !!python/name:os.system x", "tags are not taken"),
        ("slug: !!binary aGk=", "tags are not taken"),
        ("- !mine x", "tags are not taken"),
        (BOMB, "anchors and aliases"),
        ("a: &a {b: *a}", "anchors and aliases"),
        ("<<: {a: 1}\nslug: x", "."),
        ("a: 1\na: 2", "'a' stands twice"),
        ("a: {b: 1, b: 2}", "'b' stands twice"),
        ("? [a]\n: b", "stands twice or is none"),
        ("[" * 100, "nested too deeply"),
        ("a: " + "{a: " * 50 + "1" + "}" * 50, "nested too deeply"),
        ("a: [", "no YAML"),
        ("a: b: c", "no YAML"),
        ("\x00", "no YAML"),
        ("a: 2026-99-99", "cannot be read|table|Field"),
        ("--- a\n--- b", "no YAML"),
        ("", "a script is a table"),
        ("- a", "a script is a table"),
        ("just words", "a script is a table"),
        ("# " + "x" * 300_000, "letters"),
    ],
)
def test_hostile_files_are_one_error(text: str, message: str, tmp_path: Path) -> None:
    marker = tmp_path / "made"
    began = time.perf_counter()
    with pytest.raises(BadInput, match=message) as caught:
        parse_exercise(text.replace("{file}", str(marker)), "mine.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not marker.exists()
    assert time.perf_counter() - began < 5


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_exercise(tmp_path / "none.yaml")
    with pytest.raises(BadInput, match="a folder"):
        read_exercise(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("title: Grüße".encode("latin-1"))
    with pytest.raises(BadInput, match="not UTF-8"):
        read_exercise(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_text("# " + "x" * 200_001)
    with pytest.raises(BadInput, match="bytes"):
        read_exercise(tmp_path / "large.yaml")


def test_exercises_are_found_by_name_or_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(SMALL)
    assert find_exercise(str(path)).slug == "small"
    assert find_exercise("gratitude") == exercises()["gratitude"]
    with pytest.raises(BadInput, match=r"use one of: behavioral_activation, .*thought_record"):
        find_exercise("juggling")


def test_what_has_no_translation_is_in_english() -> None:
    assert languages() == ("de", "en")
    german = exercises("de")
    assert set(german) == set(exercises())
    assert german["gratitude"].language == "de"
    assert german["sleep_plan"] == exercises()["sleep_plan"]
    assert exercises("xx") == exercises()
