"""An utterance with earlier turns as one sequence of tokens; only the utterance's own tokens are averaged.

``[CLS] Ann: hello [SEP] Ben: what now [SEP] Ann: go away [SEP]``: the last turn is the one that is labeled. When the
sequence is too long, the oldest turns go first; an utterance that is too long by itself loses its end.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.text_tuning import EncodedText

SPEAKERS = ("names", "relative", "none")
COLUMNS = ("dialogue", "turn", "speaker", "text")
OWN, OTHER = "me", "other"
LONGEST = 20_000  # characters of an utterance that are looked at


class Turn(NamedTuple):
    """One turn as the recognizer sees it.

    Args:
        speaker: name, "" when unknown.
        text: what was said; may be empty.
    """

    speaker: str
    text: str


def checked_turns(items: pd.DataFrame) -> pd.DataFrame:
    """The four columns, with missing speakers as "" and turns as numbers.

    Raises:
        BadInput: no rows, a missing column, a turn that is no number, two equal turns of a dialogue, a text that is
            no text.
    """
    missing = [name for name in COLUMNS if name not in items.columns and name != "speaker"]
    if missing:
        raise BadInput(f"there is no column {missing[0]!r}", where="turns", mend=f"give {', '.join(COLUMNS)}")
    if not len(items):
        raise BadInput("there is no turn", where="turns", mend="pass at least one")
    table = items.reindex(columns=list(COLUMNS))
    table["speaker"] = table["speaker"].fillna("").astype(str)
    table["turn"] = pd.to_numeric(table["turn"], errors="coerce")
    for wrong, what in (
        (table["turn"].isna(), "the turn is no number"),
        (table["dialogue"].isna(), "the dialogue is missing"),
        (~table["text"].map(lambda text: isinstance(text, str)), "the text is missing"),
        (table.duplicated(["dialogue", "turn"]), "the dialogue has this turn twice"),
    ):
        if wrong.any():
            raise BadInput(what, where=f"turns, {table.index[int(wrong.to_numpy().argmax())]!r}")
    return table


def earlier_turns(items: pd.DataFrame, window: int) -> list[list[Turn]]:
    """For each row: up to ``window`` turns before it in its dialogue, then itself; rows may come in any order."""
    table = checked_turns(items)
    found: list[list[Turn]] = [[] for _ in range(len(table))]
    places = pd.Series(np.arange(len(table)), index=table.index)
    for _, rows in table.assign(place=places.to_numpy()).groupby("dialogue", sort=False):
        ordered = rows.sort_values("turn", kind="stable")
        turns = [Turn(str(one.speaker), str(one.text)[:LONGEST]) for one in ordered.itertuples()]
        for position, place in enumerate(ordered["place"]):
            found[place] = turns[max(0, position - window) : position + 1]
    return found


def shown_speaker(turn: Turn, target: Turn, speakers: str) -> str:
    """What stands before the text: the name, who it is to the speaker of the utterance, or nothing."""
    if speakers == "none" or not turn.speaker:
        return ""
    if speakers == "relative":
        return f"{OWN if turn.speaker == target.speaker else OTHER}: "
    return f"{turn.speaker}: "


def encode_turns(
    tokenizer: Any, turns: Sequence[Sequence[Turn]], *, max_tokens: int, speakers: str = "names"
) -> list[EncodedText]:
    """Tokens of each utterance with its earlier turns.

    Args:
        tokenizer: of an encoder, with a start and a separating token.
        turns: see ``earlier_turns``.
        max_tokens: of the whole sequence, at least 8.
        speakers: ``"names"``, ``"relative"`` to the speaker of the utterance (me, other), or ``"none"``.
    """
    if speakers not in SPEAKERS:
        raise BadInput(f"speakers is {speakers!r}", mend=f"use {', '.join(SPEAKERS)}")
    if max_tokens < 8:
        raise BadInput(f"max_tokens is {max_tokens}", mend="use at least 8")
    pieces = sorted({shown_speaker(turn, row[-1], speakers) + turn.text for row in turns for turn in row[:-1]})
    pieces += sorted({shown_speaker(row[-1], row[-1], speakers) for row in turns} - {""})
    targets = [row[-1].text for row in turns]
    ids = dict(zip(pieces, _ids(tokenizer, pieces), strict=True)) if pieces else {}
    ids[""] = []
    own = _ids(tokenizer, targets)
    start, end = _edges(tokenizer)
    return [
        _joined(
            [ids[shown_speaker(turn, row[-1], speakers) + turn.text] for turn in row[:-1]],
            ids[shown_speaker(row[-1], row[-1], speakers)],
            own[place],
            max_tokens,
            start,
            end,
        )
        for place, row in enumerate(turns)
    ]


def _ids(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    found: list[list[int]] = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    return found


def _edges(tokenizer: Any) -> tuple[int, int]:
    """The start and the separating token."""
    start = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
    end = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    if start is None or end is None:
        raise BadInput("the tokenizer has no start or separating token", mend="use a BERT- or RoBERTa-like encoder")
    return int(start), int(end)


def _joined(
    context: list[list[int]], speaker: list[int], own: list[int], max_tokens: int, start: int, end: int
) -> EncodedText:
    speaker = speaker[: max_tokens // 4]
    own = own[: max_tokens - len(speaker) - 2]
    room = max_tokens - len(speaker) - len(own) - 2
    kept: list[list[int]] = []
    for turn in reversed(context):
        if len(turn) + 1 > room:
            break
        kept.insert(0, [*turn, end])
        room -= len(turn) + 1
    before = [start, *(token for turn in kept for token in turn), *speaker]
    # The closing token is averaged as well, so an empty utterance still has something to be judged by.
    return EncodedText([*before, *own, end], (len(before), len(before) + len(own) + 1))


def shares_of(codes: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float64]:
    """Label codes as rows of 0 and 1."""
    return np.eye(classes)[codes]
