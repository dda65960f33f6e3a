"""Emotion of each turn of a dialogue: probabilities, shifts, and the words that the answer hangs on.

A shift is told in two ways, against the speaker's own last turn and against the turn before: the distance of the two
points in the plane of valence and arousal (0 to 2.8, both -1..1), and whether the most probable label is another.
Turns that cannot be judged are skipped when a shift looks back. A shift is ``marked`` where the label changed and the
distance is at least ``SHIFT`` [inferred].
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pandas as pd

from thymos.corpora.dialogue import Dialogue, Utterance
from thymos.errors import BadInput
from thymos.perceive.dialogue.causes import CauseWord, Question, cause_words
from thymos.perceive.recognizer import Floats
from thymos.perceive.text_reading import TextReader
from thymos.perceive.timeline import OK

SHIFT = 0.5
BATCH = 256  # turns that are judged together
CAUSES = 3


@dataclass(frozen=True)
class Shift:
    """From an earlier turn to this one.

    Args:
        distance: in the plane of valence and arousal.
        before: the most probable label of the earlier turn.
        changed: whether this turn's is another.
    """

    distance: float
    before: str
    changed: bool

    @property
    def marked(self) -> bool:
        """Whether it is worth a mark."""
        return self.changed and self.distance >= SHIFT


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read from one turn.

    Args:
        dialogue: its name.
        turn: its place, from 0.
        utterance: what was said by whom.
        quality: ``"ok"``, or why nothing was guessed; then everything below is empty.
        shares: probability of each label, shape (labels,); they do not sum to 1.
        best: the most probable label of those at or above their thresholds, else of all.
        labels: those at or above their thresholds, the most probable first; may be none.
        chances: probabilities of ``labels``, or of ``best`` alone where there is none.
        point: valence, arousal, dominance, each -1..1.
        own_shift: against the same speaker's last judged turn; None where there is none or nobody is named.
        shift: against the last judged turn of anybody.
        causes: words that the most probable label hangs on; none where it is neutral or below its threshold.
    """

    dialogue: str
    turn: int
    utterance: Utterance
    quality: str
    shares: Floats | None = None
    best: str = ""
    labels: tuple[str, ...] = ()
    chances: tuple[float, ...] = ()
    point: Floats | None = None
    own_shift: Shift | None = None
    shift: Shift | None = None
    causes: tuple[CauseWord, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether anything was guessed."""
        return self.quality == OK


def read_turns(
    dialogues: Iterable[Dialogue],
    reader: TextReader | None = None,
    *,
    causes: int = CAUSES,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Reading]:
    """Read dialogues turn by turn, in their order; a few hundred turns are in work at a time.

    Args:
        dialogues: any.
        reader: judges texts; default: the recognizer of 28 emotions that ships.
        causes: cause words a turn and as many of the turn before, at most; 0 is fastest.
        progress: called with the number of turns done.

    Raises:
        BadInput: a negative number of causes.

    Example:
        >>> for one in read_turns(read_dialogues("chat.txt")):  # doctest: +SKIP
        ...     print(one.utterance.speaker.name, one.best)
    """
    if causes < 0:
        raise BadInput(f"{causes} cause words cannot be", mend="use 0 or more")
    return _read(dialogues, reader or TextReader(), causes, progress)


def _read(
    dialogues: Iterable[Dialogue], reader: TextReader, causes: int, progress: Callable[[int], None] | None
) -> Iterator[Reading]:
    stream = ((dialogue.id, turn, one) for dialogue in dialogues for turn, one in enumerate(dialogue))
    memory = _Memory()
    done = 0
    while batch := list(islice(stream, BATCH)):
        for reading in _batch(batch, reader, causes, memory):
            yield reading
            done += 1
        if progress is not None:
            progress(done)


@dataclass
class _Memory:
    """What later turns look back at: the last judged turn of each speaker and of all, and the text right before."""

    dialogue: str | None = None
    before: str = ""

    def __post_init__(self) -> None:
        self.of_speaker: dict[str, tuple[str, Floats]] = {}
        self.last: tuple[str, Floats] | None = None

    def enter(self, dialogue: str) -> None:
        if dialogue != self.dialogue:
            self.dialogue, self.before, self.last, self.of_speaker = dialogue, "", None, {}


def _batch(
    batch: list[tuple[str, int, Utterance]], reader: TextReader, causes: int, memory: _Memory
) -> Iterator[Reading]:
    texts = [one.text for _, _, one in batch]
    qualities = reader.qualities(texts)
    good = [number for number, quality in enumerate(qualities) if quality == OK]
    rows = dict(zip(good, reader.shares([texts[number] for number in good]), strict=True))
    drafts, questions = [], []
    for number, (dialogue, turn, one) in enumerate(batch):
        memory.enter(dialogue)
        reading = _reading(dialogue, turn, one, qualities[number], rows.get(number), reader, memory)
        if reading.labels and reading.best not in reader.neutral:
            questions.append((number, Question(one.text, reader.labels.index(reading.best), memory.before)))
        memory.before = one.text if reading.judged else ""
        drafts.append(reading)
    found = cause_words(reader, [question for _, question in questions], causes)
    words = dict(zip((number for number, _ in questions), found, strict=True))
    for number, reading in enumerate(drafts):
        yield reading if number not in words else _with_causes(reading, words[number])


def _reading(
    dialogue: str, turn: int, one: Utterance, quality: str, shares: Floats | None, reader: TextReader, memory: _Memory
) -> Reading:
    if shares is None:
        return Reading(dialogue, turn, one, quality)
    said = reader.said(shares)
    best = reader.labels[said[0] if said else int(shares.argmax())]
    point = reader.plane(shares)
    own = memory.of_speaker.get(one.speaker.name) if one.speaker.name else None
    reading = Reading(
        dialogue, turn, one, quality, shares.astype(np.float32), best, tuple(reader.labels[code] for code in said),
        tuple(float(shares[code]) for code in said or [int(shares.argmax())]), point,
        _shift(own, best, point), _shift(memory.last, best, point),
    )  # fmt: skip
    memory.last = memory.of_speaker[one.speaker.name] = (best, point)
    return reading


def _shift(before: tuple[str, Floats] | None, best: str, point: Floats) -> Shift | None:
    if before is None:
        return None
    return Shift(float(np.linalg.norm(point[:2] - before[1][:2])), before[0], before[0] != best)


def _with_causes(reading: Reading, words: list[CauseWord]) -> Reading:
    return replace(reading, causes=tuple(words))


def reading_table(readings: Iterable[Reading], labels: list[str]) -> pd.DataFrame:
    """One row a turn, also for those that were not judged.

    Columns: dialogue, turn, speaker, text, start, end, time, emotion (the most probable one), sure (whether it reaches
    its threshold), emotions (all that do, divided by semicolons), one column a label with its probability, valence,
    arousal, dominance, own_shift and shift (distances), own_changed and changed, cause_words (``word drop``, divided by
    semicolons; words of the turn before in brackets), quality.
    """
    rows = [_row(reading, labels) for reading in readings]
    numbers = [*labels, "start", "end", "valence", "arousal", "dominance", "own_shift", "shift"]
    table = pd.DataFrame(rows, columns=COLUMNS_BEFORE + labels + COLUMNS_AFTER)
    return table.astype(dict.fromkeys(numbers, float))


COLUMNS_BEFORE = ["dialogue", "turn", "speaker", "text", "start", "end", "time", "emotion", "sure", "emotions"]
COLUMNS_AFTER = [
    "valence", "arousal", "dominance", "own_shift", "own_changed", "shift", "changed", "cause_words", "quality",
]  # fmt: skip


def _row(reading: Reading, labels: list[str]) -> dict[str, object]:
    one = reading.utterance
    row: dict[str, object] = {
        "dialogue": reading.dialogue, "turn": reading.turn, "speaker": one.speaker.name, "text": one.text,
        "start": one.start, "end": one.end, "time": str(one.labels.get("time", "")), "emotion": reading.best,
        "sure": bool(reading.labels), "emotions": "; ".join(reading.labels), "cause_words": told_causes(reading),
        "quality": reading.quality, "own_changed": False, "changed": False,
    }  # fmt: skip
    if reading.shares is not None and reading.point is not None:
        row |= dict(zip(labels, map(float, reading.shares), strict=True))
        row |= dict(zip(("valence", "arousal", "dominance"), map(float, reading.point), strict=True))
    for name, changed, shift in (("own_shift", "own_changed", reading.own_shift), ("shift", "changed", reading.shift)):
        if shift is not None:
            row[name], row[changed] = shift.distance, shift.changed
    return row


def told_causes(reading: Reading) -> str:
    """Cause words in one text, e.g. ``"thanks 0.41; [help 0.08]"``; brackets: words of the turn before."""
    parts = [f"{word.word} {word.drop:.2f}" for word in reading.causes]
    return "; ".join(
        f"[{part}]" if word.place == "before" else part for part, word in zip(parts, reading.causes, strict=True)
    )
