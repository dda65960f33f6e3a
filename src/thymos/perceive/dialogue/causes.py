"""Which words an answer hangs on: how far a probability falls when one word is left out.

A word's weight says what the recognizer attends to, not what made anybody feel something. Words of the turn itself are
left out of the turn; words of the turn before are left out of both turns read together.
"""

from collections.abc import Sequence
from typing import NamedTuple

from thymos.perceive.text_reading import TextReader, pieces
from thymos.perceive.words import word_spans

TRIED_WORDS = 40  # words of a turn that are left out, one at a time
BEFORE_WORDS, JOINT_WORDS = 15, 25  # words of the turn before, and of the turn, that are read together
SMALLEST_DROP = 0.02
OWN, BEFORE = "own", "before"


class CauseWord(NamedTuple):
    """A word that the answer hangs on.

    Args:
        word: as it is written.
        place: ``"own"``: in the turn; ``"before"``: in the turn before.
        start: its first character there.
        end: behind its last character.
        drop: how far the probability falls without it.
    """

    word: str
    place: str
    start: int
    end: int
    drop: float


class Question(NamedTuple):
    """Why this label for this text?

    Args:
        text: of the turn.
        label: number of the label.
        before: text of the turn before, "" where there is none.
    """

    text: str
    label: int
    before: str = ""


class _Trial(NamedTuple):
    whole: str
    without: str
    question: int
    word: CauseWord
    share: float  # of the turn that this piece is


def cause_words(reader: TextReader, questions: Sequence[Question], most: int) -> list[list[CauseWord]]:
    """At most ``most`` words of each turn, and as many of the turn before, that lower the label's probability most.

    Words whose absence costs less than ``SMALLEST_DROP`` are not told. In a text of several pieces, words of the piece
    in which the label is most probable are tried; their drops are those of the whole text's mean.

    Args:
        reader: judges texts.
        questions: one a turn.
        most: at least 0.
    """
    found: list[list[CauseWord]] = [[] for _ in questions]
    if most < 1 or not questions:
        return found
    trials = [trial for number, question in enumerate(questions) for trial in _trials(reader, number, question)]
    texts = [trial.whole for trial in trials] + [trial.without for trial in trials]
    rows = reader.piece_shares(texts) if texts else None
    for place, trial in enumerate(trials):
        assert rows is not None
        label = questions[trial.question].label
        drop = float(rows[place, label] - rows[len(trials) + place, label]) * trial.share
        if drop >= SMALLEST_DROP:
            found[trial.question].append(trial.word._replace(drop=drop))
    return [_heaviest(words, OWN, most) + _heaviest(words, BEFORE, most) for words in found]


def _trials(reader: TextReader, number: int, question: Question) -> list[_Trial]:
    spans = pieces(question.text)
    start, end = spans[0]
    if len(spans) > 1:
        rows = reader.piece_shares([question.text[first:last] for first, last in spans])
        start, end = spans[int(rows[:, question.label].argmax())]
    piece = question.text[start:end]
    trials = []
    for first, last in word_spans(piece)[:TRIED_WORDS]:
        word = CauseWord(piece[first:last], OWN, start + first, start + last, 0.0)
        trials.append(_Trial(piece, _without(piece, first, last), number, word, 1 / len(spans)))
    if question.before.strip():
        trials += _before(number, question)
    return trials


def _before(number: int, question: Question) -> list[_Trial]:
    words = word_spans(question.before)[-BEFORE_WORDS:]
    if not words:
        return []
    first = words[0][0]
    tail = question.before[first:]
    head = question.text[slice(*pieces(question.text, JOINT_WORDS)[0])]
    joint = f"{tail}\n{head}"
    trials = []
    for start, end in words:
        word = CauseWord(question.before[start:end], BEFORE, start, end, 0.0)
        rest = f"{_without(tail, start - first, end - first)}\n{head}"
        trials.append(_Trial(joint, rest, number, word, 1.0))
    return trials


def _without(text: str, start: int, end: int) -> str:
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()


def _heaviest(words: Sequence[CauseWord], place: str, most: int) -> list[CauseWord]:
    return sorted((word for word in words if word.place == place), key=lambda word: -word.drop)[:most]
