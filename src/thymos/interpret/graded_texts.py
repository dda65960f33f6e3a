"""Graded texts for the scanner: rated sentences for an axis of feeling, and one emotion against the others.

Stress prompts come from :mod:`thymos.assess.stress.stress_prompts`, which stands above this pillar: the caller hands
them on.
"""

from collections.abc import Sequence
from typing import NamedTuple

from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.interpret.scenarios import EMOTIONS, Event
from thymos.language.model import Prompt


class Graded(NamedTuple):
    """What :func:`thymos.interpret.scanner.scan` takes first: ``scan(tap, *graded)``."""

    texts: list[Prompt]
    levels: list[float]
    groups: list[str]


def vad_texts(corpus: Corpus, axis: str, part: str = "train", most: int = 400, seed: int = 0) -> Graded:
    """Rated texts of a corpus such as ``emobank``, grouped by what its split keeps apart (document).

    Args:
        corpus: with a column of ratings by the axis' name.
        axis: e.g. ``"valence"``, ``"arousal"`` or ``"dominance"``.
        part: of the corpus.
        most: how many texts, drawn at random where there are more.
        seed: of the draw.

    Raises:
        BadInput: the corpus has no such column.
    """
    items = corpus.part(part)
    for column in ("text", axis):
        if column not in items.columns:
            raise BadInput(
                f"column {column!r} is missing", where=corpus.slug, mend="use a corpus with ratings, emobank"
            )
    items = items[items[axis].notna()]
    items = items.sample(min(most, len(items)), random_state=seed).sort_index()
    groups = items[corpus.groups[0]].where(lambda names: names.notna(), items.index) if corpus.groups else items.index
    return Graded(items["text"].tolist(), items[axis].astype(float).tolist(), [str(name) for name in groups])


def emotion_texts(events: Sequence[Event], emotion: str, against: Sequence[str | None] = EMOTIONS) -> Graded:
    """The same events under one emotion (level 1) and under others (level 0), grouped by scenario.

    The emotion's name stands in the prompt, so that a list of words orders these texts without fault; what the scan
    says is where the model keeps it.

    Args:
        events: see :func:`thymos.interpret.scenarios.scenario_events`.
        emotion: which.
        against: the others; None among them is the prompt that asks for no emotion.

    Raises:
        BadInput: an unknown emotion, or none to set against it.
    """
    others = [other for other in against if other != emotion]
    if emotion not in EMOTIONS or not others:
        raise BadInput(f"{emotion!r} against {others} is no contrast", mend=f"use {', '.join(EMOTIONS)}")
    asked = [(event, other) for event in events for other in (emotion, *others)]
    texts: list[Prompt] = [event.asking(other) for event, other in asked]
    return Graded(texts, [float(other == emotion) for _, other in asked], [event.scenario for event, _ in asked])
