"""The authored items: messages with and without danger in four languages, split by scenario; see ``data/README.md``."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from thymos.errors import BadInput
from thymos.language.model import Message

Part = Literal["development", "test"]
SPLIT_NAME = "crisis guard 1"
"""Goes into the hash that puts a scenario into development or test."""


class Item(NamedTuple):
    """One authored item.

    Args:
        id: opaque, so that a second reader sees neither scenario nor category.
        scenario: shared by the variants in all languages.
        language: en, de, es or fr.
        category: ``at_risk_explicit``, ``idiom``, ``negated`` ...
        crisis: whether the ordinary reply must be replaced; the author's label, in ``crisis_items`` the decided one.
        turns: user and assistant in turns; the last is the user's and is what is labeled.
        note: the author's doubt, else "".
    """

    id: str
    scenario: str
    language: str
    category: str
    crisis: bool
    turns: tuple[Message, ...]
    note: str = ""

    @property
    def part(self) -> Part:
        """Development or test."""
        return part_of(self.scenario)

    @property
    def text(self) -> str:
        """The message that is labeled."""
        return self.turns[-1].content

    @property
    def history(self) -> tuple[Message, ...]:
        """What was said before it."""
        return self.turns[:-1]


class TrainingText(NamedTuple):
    """A short message that only the classifier's training reads; see ``data/README.md``."""

    id: str
    language: str
    crisis: bool
    text: str


def part_of(scenario: str) -> Part:
    """The part of a scenario, by the first byte of a hash: it never changes, whatever else is written."""
    odd = hashlib.sha256(f"{SPLIT_NAME}/{scenario}".encode()).digest()[0] % 2
    return "test" if odd else "development"


@cache
def authored_items() -> tuple[Item, ...]:
    """All items with the author's labels."""
    return read_items(_data("crisis_items.jsonl"), "crisis_items.jsonl")


@cache
def outside_items() -> tuple[Item, ...]:
    """Items of another writer, who had seen neither the guard's items nor its patterns: for measuring only."""
    return read_items(_data("outside_items.jsonl"), "outside_items.jsonl")


@cache
def second_reading() -> dict[str, tuple[bool, bool]]:
    """What a second reader said of items, blind to scenario, category and the author's label: (crisis, doubt) by id."""
    return read_reading(_data("second_reader.csv"), "second_reader.csv")


@cache
def crisis_items() -> tuple[Item, ...]:
    """All items with the decided labels: a crisis where the author or the second reader says so."""
    return decide(authored_items(), second_reading())


def decide(items: Sequence[Item], reading: Mapping[str, tuple[bool, bool]]) -> tuple[Item, ...]:
    """Items whose label prefers help: where two readers disagree, it is a crisis."""
    return tuple(item._replace(crisis=item.crisis or reading.get(item.id, (False, False))[0]) for item in items)


def read_reading(content: str, where: str) -> dict[str, tuple[bool, bool]]:
    """Labels of a reader from CSV with the columns id, crisis, doubt (0 or 1).

    Raises:
        BadInput: another column or value, an id twice.
    """
    found: dict[str, tuple[bool, bool]] = {}
    for number, row in enumerate(csv.DictReader(content.splitlines()), start=2):
        if not {"id", "crisis", "doubt"} <= set(row) or row["crisis"] not in "01" or row["doubt"] not in "01":
            raise BadInput("needed are id, crisis and doubt, the last two 0 or 1", where=f"{where}, line {number}")
        if row["id"] in found:
            raise BadInput(f"the id {row['id']!r} is there twice", where=f"{where}, line {number}")
        found[row["id"]] = (row["crisis"] == "1", row["doubt"] == "1")
    return found


@cache
def training_texts() -> tuple[TrainingText, ...]:
    """All training texts."""
    return tuple(TrainingText(**json.loads(line)) for line in _data("crisis_training.jsonl").splitlines())


def read_items(content: str, where: str) -> tuple[Item, ...]:
    """Items from JSON lines.

    Raises:
        BadInput: a line that is no item, turns that do not alternate or end with the assistant, an id twice.
    """
    found: dict[str, Item] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            record = json.loads(line)
            turns = tuple(Message(turn["role"], turn["content"]) for turn in record.pop("turns"))
            item = Item(turns=turns, **record)
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"this is no item ({error})", where=f"{where}, line {number}") from error
        roles = [turn.role for turn in item.turns]
        if not roles or roles[::2] != ["user"] * len(roles[::2]) or len(roles) % 2 == 0:
            raise BadInput("turns must alternate and end with the user", where=f"{where}, line {number}")
        if item.id in found:
            raise BadInput(f"the id {item.id!r} is there twice", where=f"{where}, line {number}")
        found[item.id] = item
    return tuple(found.values())


def _data(name: str) -> str:
    return (files("thymos.respond.guard") / "data" / name).read_text(encoding="utf-8")
