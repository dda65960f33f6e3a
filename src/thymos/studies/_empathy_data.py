"""Dialogues of the study of hybrid empathy: what a system may read, and the emotion that the dialogue is about."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from thymos.corpora.registry import corpus_folder
from thymos.errors import Unavailable
from thymos.studies.contract import Context, Settings

CORPUS, CAUSES, MARKED = "empathetic_dialogues", "reccon", "emocause"
PARTS = ("train", "valid", "test")
FIRST, TURNS, SITUATION = "first turn", "all speaker turns", "situation"
INPUTS = (FIRST, TURNS, SITUATION)
QUICK_DIALOGUES = 4  # an emotion and part


class Part(NamedTuple):
    """Dialogues of one part.

    Args:
        texts: index = dialogue; one column an input: ``FIRST``, ``TURNS``, ``SITUATION``.
        emotions: the emotion that the speaker was asked to speak about.
        workers: who wrote the dialogue, for clusters.
    """

    texts: pd.DataFrame
    emotions: pd.Series
    workers: pd.Series


def part_of(ctx: Context, name: str) -> Part:
    """The dialogues of a part, in a quick run the first few of each emotion; dialogues without speaker are left out."""
    corpus = ctx.corpus(CORPUS)
    items = corpus.part(name)
    turns = corpus.tables["utterances"]
    said = turns[(turns["actor"] == "speaker") & turns["item"].isin(items.index)].sort_values(["item", "turn"])
    by_dialogue = said.groupby("item", sort=False)["text"]
    items = items[items.index.isin(said["item"])]
    if ctx.settings.quick:
        items = items.groupby("emotion", sort=False).head(QUICK_DIALOGUES)
    texts = pd.DataFrame(
        {
            FIRST: by_dialogue.first().reindex(items.index),
            TURNS: by_dialogue.agg(" ".join).reindex(items.index),
            SITUATION: items["text"],
        }
    )
    return Part(texts, items["emotion"], items["worker_pair"])


class Exchange(NamedTuple):
    """A reply by a person, and what was said before.

    Args:
        before: speaker and listener in turns, the speaker first and last.
        reply: what the listener answered.
    """

    before: tuple[str, ...]
    reply: str


def exchanges(ctx: Context, dialogues: pd.Index) -> pd.Series:
    """The last exchange of each dialogue (index = dialogue); dialogues without a reply are left out.

    Turns of the same person one after the other are one turn.
    """
    turns = ctx.corpus(CORPUS).tables["utterances"]
    turns = turns[turns["item"].isin(dialogues)].sort_values(["item", "turn"])
    found = {}
    for dialogue, rows in turns.groupby("item", sort=False):
        merged: list[tuple[str, str]] = []
        for actor, text in zip(rows["actor"], rows["text"], strict=True):
            if merged and merged[-1][0] == actor:
                merged[-1] = (actor, f"{merged[-1][1]} {text}")
            else:
                merged.append((str(actor), str(text)))
        if merged and merged[0][0] != "speaker":
            merged = merged[1:]
        last = len(merged) // 2 * 2 - 1  # the last turn of the listener
        if last > 0:
            found[dialogue] = Exchange(tuple(text for _, text in merged[:last]), merged[last][1])
    return pd.Series(found, dtype=object).reindex([name for name in dialogues if name in found])


class CauseText(NamedTuple):
    """A turn with an emotion, and the turns before it, as one text.

    Args:
        text: at most ``CAUSE_TURNS`` turns, the emotional one last.
        own: where the emotional turn begins in the text.
        spans: start and end of the marked causes in the text; never empty.
        conversation: for clusters.
        reply: the turn after it; "" where there is none.
    """

    text: str
    own: int
    spans: tuple[tuple[int, int], ...]
    conversation: str
    reply: str


CAUSE_TURNS = 6


def cause_texts(ctx: Context, part: str = "test") -> pd.Series:
    """Turns of a part of RECCON whose marked causes can be found in the turn or shortly before (index = turn)."""
    corpus = ctx.corpus(CAUSES)
    items = corpus.part(part)
    marks = corpus.tables["causes"]
    marks = marks[(marks["evidence"] != "") & marks["item"].isin(items.index)]
    texts, places = items["text"], items["turn"]
    dialogue_of, conversation_of = items["dialogue"].to_dict(), items["conversation"].to_dict()
    by_dialogue = {
        name: rows.sort_values("turn").index.tolist() for name, rows in items.groupby("dialogue", sort=False)
    }
    found = {}
    for item, rows in marks.groupby("item", sort=False):
        order = by_dialogue[dialogue_of[item]]
        here = int(places[item])
        shown = order[max(0, here - CAUSE_TURNS) : here]
        starts: dict[str, int] = {}
        text = ""
        for name in shown:
            text += " " if text else ""
            starts[name] = len(text)
            text += texts[name]
        spans = []
        for evidence, span in zip(rows["evidence"], rows["span"], strict=True):
            place = texts[evidence].lower().find(span.lower()) if evidence in starts and span else -1
            if place >= 0:
                spans.append((starts[evidence] + place, starts[evidence] + place + len(span)))
        if spans:
            reply = texts[order[here]] if here < len(order) else ""
            found[item] = CauseText(text, starts[item], tuple(spans), str(conversation_of[item]), reply)
    chosen = pd.Series(found, dtype=object)
    return chosen.iloc[: 2 * QUICK_DIALOGUES] if ctx.settings.quick else chosen


def marked_situations(ctx: Context) -> pd.Series:
    """Test situations of EmoCause with their marked words (index = dialogue); those without any are left out."""
    corpus = ctx.corpus(MARKED)
    items = corpus.part("test")
    marks = corpus.tables["causes"].groupby("item")["index"].agg(set)
    found = {}
    for item, text, tokens, pair in zip(items.index, items["text"], items["tokens"], items["worker_pair"], strict=True):
        spans = tuple(
            span
            for place, span in enumerate(token_spans(text, tokens.split(" ")))
            if span and place in marks.get(item, ())
        )
        if spans:
            found[item] = CauseText(text, 0, spans, str(pair), "")
    return pd.Series(found, dtype=object)


def token_spans(text: str, tokens: Sequence[str]) -> list[tuple[int, int] | None]:
    """Where tokens stand in a text, one after the other; None for one that is not found behind those before it."""
    found: list[tuple[int, int] | None] = []
    behind = 0
    for token in tokens:
        place = text.lower().find(token.lower(), behind) if token else -1
        found.append((place, place + len(token)) if place >= 0 else None)
        behind = place + len(token) if place >= 0 else behind
    return found


def without_marked(settings: Settings) -> str:
    """Why the arm on EmoCause cannot run, or an empty string."""
    try:
        corpus_folder(MARKED, settings.data)
    except Unavailable:
        return f"needs EmoCause: put valid.json and test.json into a folder {MARKED} (thymos data card {MARKED})"
    return ""
