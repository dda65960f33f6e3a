"""Dialogues as objects: who said what, in which order, with which labels. A corpus stays a table beside them.

``dialogues_of`` builds dialogues from a corpus whose items are utterances (meld) or whose table ``utterances`` holds
them (empathetic_dialogues, esconv, reccon); ``utterance_table`` goes back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput

NEEDED = ("turn", "text")
SPEAKERS = ("speaker", "actor")  # columns that may name who speaks
OWN = ("dialogue", "turn", "speaker", "text", "start", "end")


@dataclass(frozen=True)
class Speaker:
    """Who speaks.

    Args:
        name: within the dialogue or the corpus; "" when unknown.
        meta: whatever else is known, e.g. a personality.
    """

    name: str
    meta: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Utterance:
    """One turn.

    Args:
        id: unique in its corpus.
        speaker: who says it.
        text: what is said; may be empty.
        start: seconds from the beginning, None when unknown.
        end: seconds, not before ``start``.
        labels: by scheme or column, e.g. ``{"emotion": "joy"}``.
    """

    id: str
    speaker: Speaker
    text: str
    start: float | None = None
    end: float | None = None
    labels: dict[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise BadInput("the text is missing", where=f"utterance {self.id!r}")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise BadInput(f"it ends at {self.end:g} s and starts at {self.start:g} s", where=f"utterance {self.id!r}")


@dataclass(frozen=True)
class Dialogue:
    """Utterances in order.

    Args:
        id: unique in its corpus.
        utterances: at least one, with different ids.
        meta: what is known of the dialogue as a whole.
    """

    id: str
    utterances: tuple[Utterance, ...]
    meta: dict[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.utterances:
            raise BadInput("it has no utterance", where=f"dialogue {self.id!r}")
        if len({utterance.id for utterance in self.utterances}) < len(self.utterances):
            raise BadInput("two utterances have the same id", where=f"dialogue {self.id!r}")

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """Everybody who speaks, in the order of their first turn."""
        found = {utterance.speaker.name: utterance.speaker for utterance in reversed(self.utterances)}
        return tuple(found[name] for name in dict.fromkeys(one.speaker.name for one in self.utterances))

    def before(self, turn: int, window: int) -> tuple[Utterance, ...]:
        """Up to ``window`` utterances before a turn (0 is the first).

        Raises:
            BadInput: there is no such turn, or the window is below 0.
        """
        if not 0 <= turn < len(self.utterances) or window < 0:
            raise BadInput(f"turn {turn}, window {window} in {len(self)} utterances", where=f"dialogue {self.id!r}")
        return self.utterances[max(0, turn - window) : turn]


def dialogues_of(corpus: Corpus) -> list[Dialogue]:
    """The dialogues of a corpus, in the order in which they begin in it.

    Raises:
        BadInput: neither the items nor a table ``utterances`` hold turns.
    """
    if "utterances" in corpus.tables:
        table = corpus.tables["utterances"].rename(columns={"item": "dialogue"})
    else:
        table = corpus.items.rename_axis("id").reset_index()
    missing = [name for name in ("dialogue", *NEEDED) if name not in table.columns]
    if missing:
        raise BadInput(
            f"{corpus.slug} has no turns of dialogues: no column {missing[0]!r}", mend="use a corpus of dialogues"
        )
    return from_table(table)


def from_table(table: pd.DataFrame) -> list[Dialogue]:
    """Dialogues from rows with the columns dialogue, turn and text; speaker (or actor), id, start and end are optional.

    Every other column becomes a label. Rows may come in any order.

    Raises:
        BadInput: a missing column or text, a turn that is no number or stands twice.
    """
    missing = [name for name in ("dialogue", *NEEDED) if name not in table.columns]
    if missing:
        raise BadInput(f"there is no column {missing[0]!r}", where="utterances")
    turns = pd.to_numeric(table["turn"], errors="coerce")
    for wrong, what in (
        (turns.isna(), "the turn is no number"),
        (table.assign(turn=turns).duplicated(["dialogue", "turn"]), "the dialogue has this turn twice"),
    ):
        if wrong.any():
            raise BadInput(what, where=f"utterances, row {int(wrong.to_numpy().argmax()) + 1}")
    who = next((name for name in SPEAKERS if name in table.columns), None)
    labels = [name for name in table.columns if name not in (*OWN, "id", who)]
    found = []
    for name, rows in table.assign(turn=turns).groupby("dialogue", sort=False):
        ordered = rows.sort_values("turn", kind="stable").to_dict("records")
        found.append(Dialogue(str(name), tuple(_utterance(row, who, labels) for row in ordered)))
    return found


def utterance_table(dialogues: Iterable[Dialogue]) -> pd.DataFrame:
    """One row an utterance: dialogue, turn (from 0), speaker, text, start, end, and a column a label; index ``id``.

    Raises:
        BadInput: no dialogue, an utterance id in two dialogues.
    """
    rows = [
        {
            "id": one.id,
            "dialogue": dialogue.id,
            "turn": turn,
            "speaker": one.speaker.name,
            "text": one.text,
            "start": one.start,
            "end": one.end,
            **one.labels,
        }
        for dialogue in dialogues
        for turn, one in enumerate(dialogue)
    ]
    if not rows:
        raise BadInput("there is no dialogue", where="utterances")
    table = pd.DataFrame(rows).set_index("id")
    if table.index.has_duplicates:
        raise BadInput(f"utterance {table.index[table.index.duplicated()][0]!r} stands in two dialogues")
    return table


def _utterance(row: dict[Any, Any], who: str | None, labels: list[str]) -> Utterance:
    speaker = row.get(who) if who is not None else ""
    known = {name: row[name] for name in labels if not _nothing(row[name])}
    return Utterance(
        str(row.get("id", f"{row['dialogue']}/{row['turn']:g}")),
        Speaker("" if _nothing(speaker) else str(speaker)),
        row["text"],
        None if _nothing(row.get("start")) else float(row["start"]),
        None if _nothing(row.get("end")) else float(row["end"]),
        known,
    )


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)
