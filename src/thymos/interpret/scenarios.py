"""Everyday scenarios with a good, a plain and a bad outcome: what directions are extracted from and tested on.

The bundled texts are ours, see ``data/scenarios/README.md``. The authors' own SEV files are read by the corpus reader
``sev``; :func:`events_of` turns either into the same events.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import canonical_json, read_text, text_sha256
from thymos.language.model import Message

FOLDER = Path(__file__).parent / "data" / "scenarios"
Part = Literal["extraction", "test"]
PARTS: tuple[Part, ...] = ("extraction", "test")
VALENCES = ("positive", "neutral", "negative")
EMOTIONS = ("anger", "sadness", "happiness", "fear", "surprise", "disgust")

ELICITING = (
    "Whatever the user tells you, always answer in a voice full of {emotion}. Use at most two sentences, and let the "
    "{emotion} be felt in how you say it, without explaining it."
)
"""System prompt that asks for an emotion. Ours: the paper's asks for the same in other words."""
PLAIN = "Answer what the user tells you. Use at most two sentences."
"""The same without an emotion."""


@dataclass(frozen=True)
class Event:
    """One scenario with one of its outcomes.

    Args:
        id: e.g. ``"work-extraction-01/negative"``.
        scenario: id of the scenario, shared by its three outcomes.
        theme: one of eight.
        valence: ``"positive"``, ``"neutral"`` or ``"negative"`` outcome.
        text: what the user says: the scenario, a line end, the outcome.
    """

    id: str
    scenario: str
    theme: str
    valence: str
    text: str

    def asking(self, emotion: str | None) -> tuple[Message, ...]:
        """The conversation that asks for a reply in an emotion; None asks for no emotion."""
        system = PLAIN if emotion is None else ELICITING.format(emotion=emotion)
        return (Message("system", system), Message("user", self.text))


@cache
def scenario_events(part: Part) -> tuple[Event, ...]:
    """The bundled events of a part: 160 scenarios with three outcomes each, in file order.

    Example:
        >>> len(scenario_events("test"))
        480
    """
    if part not in PARTS:
        raise BadInput(f"there is no part {part!r}", mend=f"use {' or '.join(PARTS)}")
    events = []
    for line in read_text(FOLDER / f"{part}.jsonl").splitlines():
        record = json.loads(line)
        for valence in VALENCES:
            text = f"{record['scenario']}\n{record[valence]}"
            events.append(Event(f"{record['id']}/{valence}", record["id"], record["theme"], valence, text))
    return tuple(events)


def scenario_corpus() -> Corpus:
    """The bundled scenarios as a Corpus, split by scenario: extraction and test."""
    events = {part: scenario_events(part) for part in PARTS}
    items = pd.DataFrame([vars(event) for part in PARTS for event in events[part]]).set_index("id")
    parts: dict[str, tuple[str, ...]] = {part: tuple(event.id for event in events[part]) for part in PARTS}
    card: dict[str, Any] = json.loads(read_text(FOLDER / "card.json"))
    return Corpus(
        slug="emotion_scenarios",
        items=items,
        annotations=None,
        splits={"official": Split.of("official", parts, items, ("scenario",))},
        card=Card(**card),
        sha256=text_sha256(canonical_json(items.reset_index().to_dict("records"))),
        groups=("scenario",),
    )


def events_of(corpus: Corpus, part: str) -> tuple[Event, ...]:
    """The events of one part of the corpus ``sev`` (train, test) or of our own (extraction, test)."""
    scenario = "scenario" if corpus.slug == "emotion_scenarios" else "skeleton"
    items = corpus.part(part)
    for column in ("text", "theme", "valence", scenario):
        if column not in items.columns:
            raise BadInput(f"column {column!r} is missing", where=corpus.slug, mend="use sev or emotion_scenarios")
    return tuple(
        Event(str(item), str(row[scenario]), str(row["theme"]), str(row["valence"]), str(row["text"]))
        for item, row in items.iterrows()
    )


def sample_events(events: Sequence[Event], scenarios: int, seed: int = 0) -> list[Event]:
    """All outcomes of some scenarios, as many from each theme as can be; all of them where there are no more.

    Args:
        events: any.
        scenarios: how many.
        seed: which.
    """
    rng = np.random.default_rng(seed)
    by_theme: dict[str, list[str]] = {}
    for event in events:
        known = by_theme.setdefault(event.theme, [])
        if event.scenario not in known:
            known.append(event.scenario)
    queues = [[known[place] for place in rng.permutation(len(known))] for known in by_theme.values()]
    chosen: set[str] = set()
    while len(chosen) < scenarios and any(queues):
        for queue in queues:
            if queue and len(chosen) < scenarios:
                chosen.add(queue.pop())
    return [event for event in events if event.scenario in chosen]
