"""Authored items of the layered emotional-intelligence benchmark: short dialogues, one question, four options.

216 items, 72 in each of English, Arabic and Chinese, ship with thymos; see ``data/layered/README.md``. The five
layers and the four capabilities are two views of the same items. The benchmark follows arXiv 2508.06196, whose own
items are not public: layers' and capabilities' names are from there, everything else is ours [inferred].
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, TypeVar

import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.files import text_sha256

SUITE = "layered"
LANGUAGES = ("en", "ar", "zh")
FOLDER = "data/layered"
OPTIONS = 4
FEWEST_TURNS, MOST_TURNS = 2, 5
LONGEST_DIALOGUE = {"en": 90, "ar": 90, "zh": 150}
"""Words of all turns together (Chinese: Han characters): small models must be able to read them."""

LETTER_TOKENS = 4

INSTRUCTIONS = {
    "en": "Read the conversation and answer with the letter of the best option.",
    "ar": "اقرأ المحادثة وأجب بحرف أفضل خيار.",
    "zh": "阅读对话，用最佳选项的字母回答。",
}

REQUIRED = (
    *("id", "lang", "layer", "capability", "subcategory", "turns", "question", "options", "answer"),
    *("culture", "author", "checked", "rationale"),
)
OPTIONAL = ("ask_after_turn",)
Member = TypeVar("Member", bound=StrEnum)


class Layer(StrEnum):
    """Five layers of emotional intelligence, from what is felt to what should be done."""

    FOUNDATIONAL = "foundational"
    DIMENSIONAL = "dimensional"
    APPRAISAL = "appraisal"
    VALUE = "value"
    SOCIAL = "social"


class Capability(StrEnum):
    """The four things that an item asks for."""

    TRACKING = "tracking"
    CAUSE = "cause"
    APPRAISAL = "appraisal"
    RESPONSE = "response"


@dataclass(frozen=True)
class Turn:
    """One turn of a dialogue."""

    speaker: str
    text: str


@dataclass(frozen=True)
class LayeredItem:
    """One authored question on a short dialogue.

    Args:
        id: unique, ``"<language>-<layer>-<number>"``.
        language: see LANGUAGES.
        layer: the layer view.
        capability: the capability view.
        subcategory: free label, finer than the layer.
        turns: the whole dialogue, 2 to 5 turns.
        question: asked after turn ``ask_after_turn``.
        options: four different texts.
        answer: index (0-3) of the right one.
        culture: the custom that the item needs, empty where it needs none.
        author: who wrote it.
        checked: True once somebody other than the author solved it blind and agreed.
        rationale: why the answer is right.
        ask_after_turn: index of the last turn that is shown; later turns stay hidden.
    """

    id: str
    language: str
    layer: Layer
    capability: Capability
    subcategory: str
    turns: tuple[Turn, ...]
    question: str
    options: tuple[str, ...]
    answer: int
    culture: str
    author: str
    checked: bool
    rationale: str
    ask_after_turn: int

    @property
    def shown(self) -> tuple[Turn, ...]:
        """The turns that stand before the question."""
        return self.turns[: self.ask_after_turn + 1]

    @property
    def right(self) -> str:
        """Text of the right option."""
        return self.options[self.answer]


def load_layered_items(languages: Iterable[str] = LANGUAGES) -> list[LayeredItem]:
    """The items of the given languages, in file order.

    Raises:
        BadInput: a language without items, or a record that breaks the schema (file and line are named).

    Example:
        >>> len(load_layered_items()), load_layered_items(["zh"])[0].layer.value
        (216, 'foundational')
    """
    items = []
    for language in languages:
        if language not in LANGUAGES:
            raise BadInput(f"there are no layered items in {language!r}", mend=f"known: {', '.join(LANGUAGES)}")
        file = f"items_{language}.jsonl"
        items += parse_items(_read_file(file), language, file)
    return items


def as_corpus() -> Corpus:
    """All items as a Corpus, for studies; turns are lists of (speaker, text)."""
    rows = [
        {
            **vars(item),
            "turns": [(turn.speaker, turn.text) for turn in item.turns],
            "options": list(item.options),
        }
        for item in load_layered_items()
    ]
    files = [_read_file(f"items_{language}.jsonl") for language in LANGUAGES]
    return Corpus(
        slug="layered_items",
        items=pd.DataFrame(rows).set_index("id"),
        annotations=None,
        splits={},
        card=Card(**json.loads(_read_file("card.json"))),
        sha256=text_sha256("\0".join(files)),
    )


def to_benchmark_item(item: LayeredItem) -> BenchmarkItem:
    """The item as a question whose answer is a letter; turns after ``ask_after_turn`` are left out."""
    colon = "：" if item.language == "zh" else ": "
    dialogue = "\n".join(f"{turn.speaker}{colon}{turn.text}" for turn in item.shown)
    return BenchmarkItem(
        id=f"{SUITE}/{item.layer}/{item.id}",
        suite=SUITE,
        task=item.layer.value,
        instruction=INSTRUCTIONS[item.language],
        input=f"{dialogue}\n\n{item.question}",
        answers=(item.right,),
        options=item.options,
        option_form="letters",
        cluster=item.id,
        language=item.language,
        max_new_tokens=LETTER_TOKENS,
        tags={
            "layer": item.layer.value,
            "capability": item.capability.value,
            "subcategory": item.subcategory,
            "provenance": "authored",
            "language": item.language,
        },
    )


def parse_items(text: str, language: str, file: str) -> list[LayeredItem]:
    """Read and check JSONL.

    Args:
        text: contents of the file, one item a line; empty lines are passed over.
        language: the language that all its items must have.
        file: its name, for messages.

    Raises:
        BadInput: a line breaks the schema or an id stands twice; names file and line.
    """
    items: list[LayeredItem] = []
    first_line: dict[str, int] = {}
    # Not splitlines: it would also cut at U+2028 and U+0085, which JSON leaves inside texts.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"this is no JSON ({error.msg})", where=where) from error
        item = _read_item(record, language, where)
        if item.id in first_line:
            raise BadInput(f"item id {item.id!r} stands twice (first in line {first_line[item.id]})", where=where)
        first_line[item.id] = number
        items.append(item)
    if not items:
        raise BadInput("there is no item", where=file)
    return items


def dialogue_length(turns: Iterable[Turn], language: str) -> int:
    """Words of all turns together; Han characters for Chinese.

    Example:
        >>> dialogue_length([Turn("A", "How are you?"), Turn("B", "Fine.")], "en")
        4
    """
    text = " ".join(turn.text for turn in turns)
    return len(re.findall(r"[\u4e00-\u9fff]", text)) if language == "zh" else len(text.split())


def _read_item(record: Any, language: str, where: str) -> LayeredItem:
    if not isinstance(record, dict):
        raise BadInput("an item must be a JSON object", where=where)
    missing = [name for name in REQUIRED if name not in record]
    unknown = sorted(set(record) - set(REQUIRED) - set(OPTIONAL))
    if missing or unknown:
        raise BadInput(f"fields are missing: {missing}, unknown: {unknown}", where=where)
    if record["lang"] != language:
        raise BadInput(f"language is {record['lang']!r}, expected {language!r}", where=where)
    for name in ("id", "subcategory", "question", "author", "rationale"):
        _require_text(record[name], name, where)
    if not isinstance(record["culture"], str) or not isinstance(record["checked"], bool):
        raise BadInput("culture must be a text (it may be empty), checked must be true or false", where=where)
    layer = _member(Layer, record["layer"], "layer", where)
    if not re.fullmatch(rf"{language}-{layer.value}-\d{{2,}}", record["id"]):
        raise BadInput(f"id {record['id']!r} is not {language}-{layer.value}-<number>", where=where)
    turns = _read_turns(record["turns"], language, where)
    last = record.get("ask_after_turn", len(turns) - 1)
    as_written = {
        name: record[name] for name in ("id", "subcategory", "question", "culture", "author", "checked", "rationale")
    }
    return LayeredItem(
        **as_written,
        language=language,
        layer=layer,
        capability=_member(Capability, record["capability"], "capability", where),
        turns=turns,
        options=_read_options(record["options"], where),
        answer=_require_index(record["answer"], OPTIONS, "answer", where),
        ask_after_turn=_require_index(last, len(turns), "ask_after_turn", where),
    )


def _read_turns(turns: Any, language: str, where: str) -> tuple[Turn, ...]:
    if not isinstance(turns, list) or not FEWEST_TURNS <= len(turns) <= MOST_TURNS:
        raise BadInput(f"turns must be a list of {FEWEST_TURNS} to {MOST_TURNS}", where=where)
    for number, turn in enumerate(turns):
        if not isinstance(turn, dict) or set(turn) != {"speaker", "text"}:
            raise BadInput(f"turn {number} must have speaker and text, and nothing else", where=where)
        for name, value in turn.items():
            _require_text(value, f"{name} of turn {number}", where)
    read = tuple(Turn(**turn) for turn in turns)
    length, limit = dialogue_length(read, language), LONGEST_DIALOGUE[language]
    if length > limit:
        raise BadInput(f"the dialogue has {length} words or characters, more than {limit}", where=where)
    return read


def _read_options(options: Any, where: str) -> tuple[str, ...]:
    if not isinstance(options, list) or len(options) != OPTIONS:
        raise BadInput(f"options must be a list of {OPTIONS}", where=where)
    for number, option in enumerate(options):
        _require_text(option, f"option {number}", where)
    if len({option.strip().casefold() for option in options}) < OPTIONS:
        raise BadInput("options must be different", where=where)
    return tuple(options)


def _require_text(value: Any, name: str, where: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{name} must be a text that is not empty", where=where)


def _require_index(value: Any, count: int, name: str, where: str) -> int:
    # JSON's true would pass as 1.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        raise BadInput(f"{name} must be a whole number from 0 to {count - 1}", where=where)
    return value


def _member(kind: type[Member], value: Any, name: str, where: str) -> Member:
    try:
        return kind(value)
    except ValueError:
        raise BadInput(f"unknown {name} {value!r}", where=where, mend=f"use one of {', '.join(kind)}") from None


def _read_file(name: str) -> str:
    return resources.files("thymos.assess").joinpath(f"{FOLDER}/{name}").read_text(encoding="utf-8")
