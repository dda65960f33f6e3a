"""What must not change when a model's tone is changed: neutral passages, plain questions, harmless requests.

All texts are ours, see ``data/side_effects/README.md``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.files import canonical_json, read_text, text_sha256
from thymos.language.model import Message

FOLDER = Path(__file__).parents[1] / "data" / "side_effects"


@dataclass(frozen=True)
class Passage:
    """A neutral expository text.

    Args:
        id: unique.
        topic: what it is about.
        text: 50 to 80 words.
    """

    id: str
    topic: str
    text: str

    def asking(self) -> tuple[Message, ...]:
        """The request that the passage answers."""
        return (Message("user", f"Write a short factual text about {self.topic}."),)


@dataclass(frozen=True)
class Question:
    """A very easy question with one right answer.

    Args:
        id: unique.
        area: colors, animals, food ...
        question: ends with a question mark.
        right: the right answer.
        wrong: three wrong ones of the same kind.
    """

    id: str
    area: str
    question: str
    right: str
    wrong: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """The right answer first; a model never sees them as a list, each is scored on its own."""
        return (self.right, *self.wrong)

    def asking(self) -> tuple[Message, ...]:
        """The question as a conversation."""
        return (Message("user", f"{self.question} Answer with the word only."),)


@dataclass(frozen=True)
class HarmlessRequest:
    """An everyday request that any assistant should answer.

    Args:
        id: unique.
        topic: what it is about.
        text: what the user says.
        trap: whether a word in it could be misread as harmful.
    """

    id: str
    topic: str
    text: str
    trap: bool

    def asking(self) -> tuple[Message, ...]:
        """The request as a conversation."""
        return (Message("user", self.text),)


@cache
def passages() -> tuple[Passage, ...]:
    """All 60 passages, in file order."""
    return tuple(Passage(**record) for record in _records("passages"))


@cache
def questions() -> tuple[Question, ...]:
    """All 160 questions, in file order."""
    return tuple(Question(**{**record, "wrong": tuple(record["wrong"])}) for record in _records("questions"))


@cache
def harmless_requests() -> tuple[HarmlessRequest, ...]:
    """All 60 requests, in file order."""
    return tuple(HarmlessRequest(**record) for record in _records("requests"))


def side_effect_corpus() -> Corpus:
    """The three banks as one Corpus, for studies."""
    records = [
        *({"item": one.id, "kind": "passage", "about": one.topic, "text": one.text} for one in passages()),
        *({"item": one.id, "kind": "question", "about": one.area, "text": one.question} for one in questions()),
        *({"item": one.id, "kind": "request", "about": one.topic, "text": one.text} for one in harmless_requests()),
    ]
    card: dict[str, Any] = json.loads(read_text(FOLDER / "card.json"))
    content = [_records(name) for name in ("passages", "questions", "requests")]
    return Corpus(
        slug="side_effects",
        items=pd.DataFrame(records).set_index("item"),
        annotations=None,
        splits={},
        card=Card(**card),
        sha256=text_sha256(canonical_json(content)),
    )


def some(things: Sequence[Any], count: int, seed: int = 0) -> list[Any]:
    """A random part of a bank, in file order; all of it where it has no more."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(things))[:count])
    return [things[place] for place in chosen]


def _records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_text(FOLDER / f"{name}.jsonl").splitlines() if line.strip()]
