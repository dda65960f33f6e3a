"""Dialogues as a page: the transcript with emotions, cause words and shifts, and a line of valence over the turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape

from thymos import __version__
from thymos.corpora.chats.turns import MEDIA
from thymos.files import write_atomically
from thymos.perceive.dialogue.causes import BEFORE, OWN
from thymos.perceive.dialogue.reading import SHIFT, Reading
from thymos.report import curves as curve_style
from thymos.report.curves import Curve, curve_chart
from thymos.report.drawing import Drawing, visible
from thymos.report.interval_plot import STYLE
from thymos.report.numbers import count
from thymos.report.page import environment
from thymos.respond.conversation import Next, ReadDialogue, ReadDialogues
from thymos.respond.next_emotion import HONEST

SHOWN_TURNS = 2_000  # of all dialogues together; more is no page that anybody reads
SHOWN_LETTERS = 2_000  # of one turn
CHIPS = 3
DRAWN_SPEAKERS = 6
SPEAKER_COLORS = 6
# Macro F1 of the recognizer of 28 emotions on the test part of GoEmotions, docs/results/text_recognizer.json; its
# weighted F1 and that of always saying neutral on the test part of MELD, turn by turn, mapped to seven emotions.
MACRO_F1 = 0.543
MELD_WEIGHTED_F1, MELD_NEUTRAL = 0.427, 0.313
ACCURACY = (
    f"How far to trust it: on single English Reddit comments (GoEmotions, 28 labels) the recognizer's macro F1 is "
    f"{MACRO_F1:.3f}. On dialogues it is worse: on lines of a TV series (MELD, mapped to seven emotions) its weighted "
    f"F1 is {MELD_WEIGHTED_F1:.3f}, that of always saying neutral {MELD_NEUTRAL:.3f}. On a conversation like this one "
    "nobody has measured it. It reads each turn by itself, knows English only, and hears no irony. A label is what "
    "readers may perceive in words, not what the writer feels."
)
CAUSES = (
    "Marked words are those without which the probability of the first label falls most; underlined with dots: words "
    "that the next turn's label hangs on. They show what the recognizer attends to, which is no proof of a cause."
)
SHIFTS = (
    f"A shift is marked where a speaker's most probable label changed since their last turn and valence and arousal "
    f"moved by {SHIFT:g} or more (both -1..1)."
)


@dataclass(frozen=True)
class Chip:
    """A label with its probability."""

    label: str
    probability: str
    sure: bool


@dataclass(frozen=True)
class TurnView:
    """One turn as it is shown."""

    number: int
    speaker: str
    color: int
    time: str
    text: Markup
    cut: int
    quality: str
    chips: tuple[Chip, ...] = ()
    plane: str = ""
    shift: str = ""
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DialogueView:
    """One dialogue as it is shown."""

    title: str
    lead: str
    chart: Drawing | None
    turns: tuple[TurnView, ...]
    nexts: tuple[Next, ...]
    left_out: int = field(default=0)


def write_dialogue_page(found: ReadDialogues, path: str | Path) -> Path:
    """Write the page: one file that needs no other, and loads nothing."""
    return write_atomically(path, dialogue_page(found))


def dialogue_page(found: ReadDialogues) -> str:
    """The page's text. At most ``SHOWN_TURNS`` turns are shown; the page says how many are not."""
    views: list[DialogueView] = []
    room = SHOWN_TURNS
    for dialogue in found.dialogues:
        if room <= 0:
            break
        views.append(_view(dialogue, room, several=len(found.dialogues) > 1))
        room -= len(views[-1].turns)
    return (
        environment()
        .get_template("dialogue.html")
        .render(
            views=views,
            hidden=len(found.dialogues) - len(views),
            dialogues=count(len(found.dialogues), "dialogue"),
            turns=count(found.turns, "turn"),
            left_out=", ".join(f"{number} {reason}" for reason, number in found.left_out.items()),
            failures=found.failures,
            use=found.use,
            notes=(ACCURACY, CAUSES, SHIFTS),
            honest=HONEST,
            version=__version__,
            plot_style=STYLE + curve_style.STYLE,
        )
    )


def _view(dialogue: ReadDialogue, room: int, *, several: bool) -> DialogueView:
    readings = dialogue.readings[:room]
    names = list(dict.fromkeys(one.utterance.speaker.name for one in dialogue.readings))
    colors = {name: place % SPEAKER_COLORS for place, name in enumerate(names)}
    file = Path(dialogue.file).name
    title = f"{file}: {dialogue.name}" if several or dialogue.name != Path(dialogue.file).stem else file
    later = {place: words for place, words in enumerate(_words_said_before(dialogue.readings)) if words}
    turns = tuple(_turn(one, colors, later.get(place, [])) for place, one in enumerate(readings))
    return DialogueView(
        visible(title), _lead(dialogue), _chart(dialogue, names), turns, dialogue.nexts,
        len(dialogue.readings) - len(readings),
    )  # fmt: skip


def _words_said_before(readings: Sequence[Reading]) -> list[list[tuple[int, int]]]:
    """For each turn: the stretches that the next turn's label hangs on."""
    found: list[list[tuple[int, int]]] = [[] for _ in readings]
    for place, one in enumerate(readings[1:], start=1):
        found[place - 1] = [(word.start, word.end) for word in one.causes if word.place == BEFORE]
    return found


def _lead(dialogue: ReadDialogue) -> str:
    judged = [one for one in dialogue.readings if one.judged]
    people = len({one.utterance.speaker.name for one in dialogue.readings if one.utterance.speaker.name})
    marked = sum(one.own_shift is not None and one.own_shift.marked for one in judged)
    parts = [
        count(len(dialogue.readings), "turn"),
        count(people, "named speaker"),
        f"{len(judged)} judged",
        count(marked, "marked shift"),
    ]
    return ", ".join(parts) + "."


def _turn(one: Reading, colors: dict[str, int], later: Sequence[tuple[int, int]]) -> TurnView:
    name = one.utterance.speaker.name
    own = [(word.start, word.end) for word in one.causes if word.place == OWN]
    text = one.utterance.text[:SHOWN_LETTERS]
    return TurnView(
        one.turn + 1,
        visible(name) if name else "somebody",
        colors[name],
        _time(one),
        highlighted(text, own, later),
        max(0, len(one.utterance.text) - SHOWN_LETTERS),
        _reason(one),
        _chips(one),
        "" if one.point is None else f"valence {one.point[0]:+.2f}, arousal {one.point[1]:+.2f}",
        _shift(one),
        tuple(
            f"{visible(word.word)} (−{word.drop:.2f}{', turn before' if word.place == BEFORE else ''})"
            for word in one.causes
        ),
    )


def _reason(one: Reading) -> str:
    """Why nothing was guessed, and what the export left out."""
    if one.judged:
        return ""
    media = one.utterance.labels.get(MEDIA)
    return one.quality if media is None else f"{one.quality}, {visible(media)}"


def _chips(one: Reading) -> tuple[Chip, ...]:
    if not one.judged:
        return ()
    names = one.labels or (one.best,)
    pairs = list(zip(names, one.chances, strict=True))[:CHIPS]
    return tuple(Chip(name, f"{chance:.2f}", bool(one.labels)) for name, chance in pairs)


def _shift(one: Reading) -> str:
    shift = one.own_shift
    if shift is None or not shift.marked:
        return ""
    return f"shift: {shift.before} → {one.best}, by {shift.distance:.2f}"


def _time(one: Reading) -> str:
    if one.utterance.labels.get("time"):
        return visible(one.utterance.labels["time"])
    start = one.utterance.start
    return "" if start is None else f"{int(start) // 60}:{start % 60:04.1f}"


def highlighted(text: str, own: Sequence[tuple[int, int]], later: Sequence[tuple[int, int]]) -> Markup:
    """A text, escaped, with its cause words marked; where stretches meet, the turn's own come first.

    Example:
        >>> highlighted("so <happy>", [(4, 9)], [])
        Markup('so &lt;<mark>happy</mark>&gt;')
    """
    spans = sorted([(*span, OWN) for span in own] + [(*span, BEFORE) for span in later if span not in own])
    shown, place = Markup(""), 0
    for start, end, kind in spans:
        if start < place or end > len(text):
            continue
        mark = Markup("<mark>{}</mark>") if kind == OWN else Markup('<span class="later">{}</span>')
        shown += escape(text[place:start]) + mark.format(text[start:end])
        place = end
    return shown + escape(text[place:])


def _chart(dialogue: ReadDialogue, names: Sequence[str]) -> Drawing | None:
    """Valence over the turns, a curve a speaker; None where too little was judged."""
    series, drawn = [], 0
    for name in names[:DRAWN_SPEAKERS]:
        own = [
            (one.turn + 1.0, float(one.point[0]))
            for one in dialogue.readings
            if one.utterance.speaker.name == name and one.point is not None
        ]
        drawn += len(own)
        # A speaker without a judged turn keeps a curve without values, so that colors are those of the transcript.
        points = np.array(own or [(1.0, np.nan)])
        series.append(Curve(name or "somebody", points[:, 0], points[:, 1]))
    if drawn < 2:
        return None
    return curve_chart(
        series, "Valence over the turns", x_title="turn", y_title="valence, unpleasant -1 to pleasant 1",
        references={"neither": 0.0},
    )  # fmt: skip
