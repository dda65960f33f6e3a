"""Dialogues of a user read from end to end: emotion of each turn, shifts, cause words, and what may come next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from thymos.affect.maps import get_map
from thymos.corpora.chats import ChatFile, read_chat_file
from thymos.errors import BadInput, ThymosError
from thymos.perceive.analysis.run import Failure
from thymos.perceive.dialogue.reading import CAUSES, Reading, read_turns, reading_table
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_reading import TextReader
from thymos.respond.emotion_transition import EmotionSelector, TransitionRecognizer
from thymos.respond.next_emotion import RATE, checked_personality, suggest_next

TO_SEVEN = "goemotions28_to_ekman7"
RULE, SELECTOR = "rule", "selector"


@dataclass(frozen=True)
class Next:
    """What a speaker's next turn may feel like.

    Args:
        speaker: "" when unknown.
        emotion: suggested, of seven; "" where nothing is suggested.
        last: the speaker's last emotion, of seven.
        partner: the partner's last one.
        by: ``"rule"`` or ``"selector"``.
        reason: why nothing is suggested, else "".
    """

    speaker: str
    emotion: str
    last: str = ""
    partner: str = ""
    by: str = RULE
    reason: str = ""


@dataclass(frozen=True)
class ReadDialogue:
    """One dialogue.

    Args:
        file: where it stands.
        name: its own.
        readings: one a turn.
        nexts: one a speaker, in the order of their first turn.
    """

    file: str
    name: str
    readings: tuple[Reading, ...]
    nexts: tuple[Next, ...] = ()


@dataclass(frozen=True)
class ReadDialogues:
    """All of it.

    Args:
        dialogues: in the order of the files.
        labels: in the order of the probabilities.
        left_out: lines that are no turns, by reason, over all files.
        failures: files that could not be used.
        files: how many were looked at.
        use: the declared purpose, for the record.
    """

    dialogues: tuple[ReadDialogue, ...]
    labels: tuple[str, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    files: int = 0
    use: str = ""

    @property
    def turns(self) -> int:
        """How many turns there are."""
        return sum(len(dialogue.readings) for dialogue in self.dialogues)

    @property
    def table(self) -> pd.DataFrame:
        """One row a turn, see ``reading_table``, with ``file`` first and ``suggested_next`` at each speaker's last
        judged turn."""
        parts = []
        for dialogue in self.dialogues:
            part = reading_table(dialogue.readings, list(self.labels))
            part.insert(0, "file", dialogue.file)
            part["suggested_next"] = ""
            for one in dialogue.nexts:
                own = part.index[(part["speaker"] == one.speaker) & (part["quality"] == "ok")]
                if one.emotion and len(own):
                    part.loc[own[-1], "suggested_next"] = one.emotion
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@dataclass(frozen=True)
class NextWishes:
    """How the next emotion is suggested.

    Args:
        personality: five traits in 0..1, by name, of whoever speaks next; None = the middle of each.
        rate: of the rule, see ``thymos.respond.next_emotion``.
        selector: a folder of ``thymos train next_emotion``; "" uses the rule.
    """

    personality: dict[str, float] | None = None
    rate: float = RATE
    selector: str | Path = ""

    def __post_init__(self) -> None:
        checked_personality(self.personality)
        suggest_next("neutral", "neutral", rate=self.rate)


def analyze_dialogues(
    paths: Iterable[str | Path],
    *,
    wishes: NextWishes | None = None,
    causes: int = CAUSES,
    reader: TextReader | None = None,
    use: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> ReadDialogues:
    """Emotion of each turn of dialogues, shifts, cause words, and what may come next.

    Args:
        paths: files as for ``thymos.corpora.chats.read_dialogues``.
        wishes: how the next emotion is suggested.
        causes: cause words a turn, at most; 0 is several times faster.
        reader: judges texts; default: the recognizer of 28 emotions that ships.
        use: the declared purpose, for the record.
        progress: called with (turns done, turns in all).

    Returns:
        Everything that could be read; files that could not are listed with their reasons.

    Raises:
        BadInput: no file, a selector that is none.

    Example:
        >>> found = analyze_dialogues(["chat.txt"])  # doctest: +SKIP
        >>> found.table[["speaker", "text", "emotion", "valence"]]  # doctest: +SKIP
    """
    wishes = wishes or NextWishes()
    model = None if not wishes.selector else load_selector(wishes.selector)
    files: list[ChatFile] = []
    failures: list[Failure] = []
    paths = list(dict.fromkeys(map(Path, paths)))
    if not paths:
        raise BadInput("there is no file", mend="name at least one file")
    for path in paths:
        try:
            files.append(read_chat_file(path))
        except ThymosError as error:
            failures.append(Failure(str(path), "text", str(error)))
    left_out: dict[str, int] = {}
    for one in files:
        for reason, number in one.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + number
    reader = reader or TextReader()
    total = sum(len(dialogue) for one in files for dialogue in one.dialogues)
    readings = read_turns(
        (dialogue for one in files for dialogue in one.dialogues),
        reader,
        causes=causes,
        progress=None if progress is None else lambda done: progress(done, total),
    )
    found = []
    for one in files:
        for dialogue in one.dialogues:
            rows = tuple(next(readings) for _ in dialogue)
            found.append(ReadDialogue(str(one.path), dialogue.id, rows, next_emotions(rows, wishes, model)))
    for _ in readings:  # lets the progress end
        pass
    return ReadDialogues(tuple(found), tuple(reader.labels), left_out, tuple(failures), len(paths), use.strip())


def load_selector(folder: str | Path) -> TransitionRecognizer:
    """A saved ``TransitionRecognizer``.

    Raises:
        BadInput: another recognizer, or none.
    """
    model = load_recognizer(folder)
    if not isinstance(model, TransitionRecognizer):
        raise BadInput("this is no selector of the next emotion", where=folder, mend="thymos train next_emotion")
    return model


def next_emotions(
    readings: tuple[Reading, ...], wishes: NextWishes, model: TransitionRecognizer | None = None
) -> tuple[Next, ...]:
    """What each speaker's next turn may feel like, after the last turn of the dialogue."""
    names = dict.fromkeys(reading.utterance.speaker.name for reading in readings)
    return tuple(_next(name, readings, wishes, model) for name in names)


def _next(name: str, readings: tuple[Reading, ...], wishes: NextWishes, model: TransitionRecognizer | None) -> Next:
    by = RULE if model is None else SELECTOR
    if not name:
        return Next(name, "", by=by, reason="nobody is named")
    judged = [reading for reading in readings if reading.judged]
    own = next((one for one in reversed(judged) if one.utterance.speaker.name == name), None)
    other = next((one for one in reversed(judged) if one.utterance.speaker.name not in ("", name)), None)
    if own is None:
        return Next(name, "", by=by, reason="no turn of this speaker could be judged")
    if other is None:
        return Next(name, "", seven(own.best), by=by, reason="no turn of a partner could be judged")
    last, partner = seven(own.best), seven(other.best)
    if model is None:
        emotion = suggest_next(last, partner, wishes.personality, rate=wishes.rate).emotion
    else:
        selector = EmotionSelector(checked_personality(wishes.personality), model)
        emotion, _ = selector.next(last, (own.utterance.text, other.utterance.text))
    return Next(name, emotion, last, partner, by)


def seven(label: str) -> str:
    """One of 28 emotions as one of seven: anger, disgust, fear, joy, neutral, sadness, surprise.

    Example:
        >>> seven("gratitude"), seven("annoyance"), seven("neutral")
        ('joy', 'anger', 'neutral')
    """
    return str(get_map(TO_SEVEN).apply(label))
