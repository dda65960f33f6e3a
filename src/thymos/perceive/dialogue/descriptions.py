"""Descriptions of an utterance without label words: what its words sound like, and how its speaker sounded before.

Card 06 lets a language model of 14 billion parameters write them; this is the cheap, deterministic stand-in: a text
recognizer that never saw the corpus places the words on the plane of valence and arousal, and the place is put into
words. Any function from texts to texts can take its place.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput
from thymos.perceive.dialogue.context import Turn
from thymos.perceive.recognizer import Recognizer

NOTE = "note"  # who says a description
VALENCE = ((-0.25, "very unpleasant"), (-0.08, "unpleasant"), (0.08, "neither pleasant nor unpleasant"),
           (0.3, "pleasant"), (np.inf, "very pleasant"))  # fmt: skip
AROUSAL = ((0.08, "calm"), (0.22, "awake"), (0.4, "stirred"), (np.inf, "excited"))

Describe = Callable[[Sequence[Sequence[Turn]]], list[str]]
"""From utterances with their earlier turns to one description each; only these turns may be used."""


def plane_of(recognizer: Recognizer, texts: Sequence[str], scheme: str) -> npt.NDArray[np.float64]:
    """Valence and arousal of texts, shape (texts, 2): the anchors of the labels, weighed by their probabilities.

    Args:
        recognizer: of texts; its classes must have anchors in the scheme.
        texts: empty ones lie at the origin.
        scheme: name of a label scheme with anchors of valence, arousal and dominance.

    Raises:
        BadInput: a class without an anchor.
    """
    anchors = get_scheme(scheme).vad
    missing = [str(name) for name in recognizer.classes_ if name not in anchors]
    if missing:
        raise BadInput(f"{missing[0]!r} has no place in valence and arousal", where=scheme)
    places = np.array([anchors[str(name)][:2] for name in recognizer.classes_])
    plane = np.zeros((len(texts), 2))
    spoken = [place for place, text in enumerate(texts) if text.strip()]
    if spoken:
        plane[spoken] = recognizer.predict_proba([texts[place] for place in spoken]).to_numpy() @ places
    return plane


def in_words(point: Sequence[float]) -> str:
    """A point of the plane in words, e.g. ``"unpleasant and excited"``."""
    valence, arousal = (
        next(word for bound, word in steps if value <= bound)
        for value, steps in zip(point, (VALENCE, AROUSAL), strict=True)
    )
    return f"{valence} and {arousal}"


def describe_by_plane(recognizer: Recognizer, scheme: str = "goemotions_ekman7") -> Describe:
    """The deterministic describer: explicit from the utterance's words, implicit from the speaker's earlier ones."""

    def describe(rows: Sequence[Sequence[Turn]]) -> list[str]:
        texts = sorted({turn.text for row in rows for turn in row})
        point = dict(zip(texts, plane_of(recognizer, texts, scheme), strict=True))
        return [_sentence(row, point) for row in rows]

    return describe


def _sentence(row: Sequence[Turn], point: dict[str, npt.NDArray[np.float64]]) -> str:
    target = row[-1]
    said = f"the words sound {in_words(point[target.text].tolist())}"
    before = [point[turn.text] for turn in row[:-1] if turn.speaker and turn.speaker == target.speaker]
    if before:
        said += f"; {target.speaker} sounded {in_words(np.mean(before, axis=0).tolist())} before"
    return said


def with_descriptions(items: pd.DataFrame, rows: list[list[Turn]], describe: Describe) -> list[list[Turn]]:
    """The rows of ``earlier_turns`` with a description right before each utterance.

    Raises:
        BadInput: the describer gave another number of descriptions.
    """
    said = describe(rows)
    if len(said) != len(rows) or len(items) != len(rows):
        raise BadInput(f"{len(said)} descriptions for {len(rows)} utterances", where="descriptions")
    return [[*row[:-1], Turn(NOTE, text), row[-1]] for row, text in zip(rows, said, strict=True)]
