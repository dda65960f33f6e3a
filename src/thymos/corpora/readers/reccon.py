"""RECCON, DailyDialog part: who feels what in a dialogue, and which words of which turn made them feel it.

Source: declare-lab/RECCON. Paper: Poria et al., Cognitive Computation 2021, arXiv 2012.11820. Licence: none stated for
the annotation; DailyDialog is for non-commercial research (CC BY-NC-SA 4.0).
Official layout: ``data/original_annotation/dailydialog_{train,valid,test}.json``: dialogue -> [[turn, ...]] with turn
(from 1), speaker, utterance, emotion and, for turns with an emotion, "expanded emotion cause evidence" (turn numbers,
"b" for a cause outside the dialogue), "expanded emotion cause span" and type.
Item ids: ``<dialogue>/<turn>``. Ratings: ``dailydialog7`` for every turn, ``emotion_cause_types5`` for turns with an
emotion. Table ``causes``: one row a piece of evidence (item, evidence_turn, evidence, span, type); ``evidence_turn``
is 0, ``evidence`` and ``span`` are "" for a cause outside the dialogue; ``type`` joins the types of the turn with "+".
Traps: the value of a dialogue is a list that holds one list of turns; emotions are spelled in several ways ("happy",
"happines"). Part names in dialogue ids ("tr_") are those of DailyDialog, not of this split. Dialogues repeat word for
word under other ids: ``conversation`` names equal ones. Two spans of train lie after the turn they explain.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

PARTS = ("train", "valid", "test")
EMOTION = get_scheme("dailydialog7")
CAUSE_TYPE = get_scheme("emotion_cause_types5")
SPELLINGS = {"happines": "happiness"}
EVIDENCE, SPAN = "expanded emotion cause evidence", "expanded emotion cause span"
OUTSIDE = "b"
GROUPS = ("dialogue", "conversation")

CARD = Card(
    slug="reccon",
    title="RECCON (DailyDialog)",
    description="English everyday dialogues with an emotion for each turn and the turns and words that caused it.",
    source="https://github.com/declare-lab/RECCON",
    citation="Poria, Majumder, Hazarika, Ghosal, Bhardwaj, Jian, Hong, Ghosh, Roy, Chhaya, Gelbukh, Mihalcea. "
    "Recognizing emotion cause in conversations. Cognitive Computation, 2021.",
    licence="none stated for the annotation; DailyDialog is CC BY-NC-SA 4.0",
    redistribution=False,
    consent_basis="Dialogues were collected from sites for learners of English; speakers are letters.",
    intended_use="Research on emotions in dialogue and their causes.",
    prohibited_use="Commercial use; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Split by dialogue, never by turn; some dialogues repeat word for word under another id.",
        "Half of the turns are neutral and most others happiness: report macro scores.",
        "Causes are marked for turns with an emotion only; one in twenty-five lies outside the dialogue.",
        "The type belongs to the turn, not to one piece of evidence.",
        "The labels were agreed on; single annotators' marks are not released.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read all parts; items carry text, speaker, emotion, dialogue, conversation, turn, explanation and part."""
    paths = {
        part: find_file(folder, f"data/original_annotation/dailydialog_{part}.json", f"dailydialog_{part}.json")
        for part in PARTS
    }
    turns: list[dict[str, Any]] = []
    causes: list[dict[str, Any]] = []
    types: list[tuple[str, str]] = []
    seen: set[str] = set()
    for part, path in paths.items():
        for dialogue, content in _dialogues(path):
            where = f"{path}, dialogue {dialogue}"
            if dialogue in seen:
                raise BadInput(f"dialogue {dialogue!r} stands in two files", where=where)
            seen.add(dialogue)
            for turn in content:
                item = f"{dialogue}/{turn['turn']}"
                turns.append(_item(item, dialogue, part, turn))
                kinds = _types(turn, where)
                types += [(item, kind) for kind in kinds]
                causes += _causes(item, dialogue, turn, kinds, len(content), where)
    items = pd.DataFrame(turns).set_index("item")
    items["conversation"] = _conversations(items)
    splits = {"official": Split.from_column("official", items["part"], items, GROUPS)}
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, types, str(folder)),
        splits=splits,
        card=CARD,
        sha256=files_sha256(folder, list(paths.values())),
        groups=GROUPS,
        tables={"causes": pd.DataFrame(causes)} if causes else {},
    )


def _dialogues(path: Path) -> list[tuple[str, list[Mapping[str, Any]]]]:
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise BadInput("an object of dialogues by id is needed", where=path)
    dialogues = []
    for name, value in content.items():
        where = f"{path}, dialogue {name}"
        if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], list) or not value[0]:
            raise BadInput("a list that holds one list of turns is needed", where=where)
        turns = [require_fields(turn, ["turn", "speaker", "utterance", "emotion"], where=where) for turn in value[0]]
        for number, turn in enumerate(turns, start=1):
            if turn["turn"] != number:
                raise BadInput(f"the turn at place {number} has number {turn['turn']!r}", where=where)
            if not isinstance(turn["utterance"], str) or not isinstance(turn["speaker"], str):
                raise BadInput("speaker and utterance must be texts", where=f"{where}, turn {number}")
            _emotion(turn["emotion"], f"{where}, turn {number}")
        dialogues.append((str(name), turns))
    return dialogues


def _emotion(value: Any, where: str) -> str:
    try:
        return canonical_label(EMOTION.name, SPELLINGS.get(value, value))
    except (BadInput, AttributeError, TypeError):
        raise BadInput(f"unknown emotion {value!r}", where=where, mend=f"legal: {', '.join(EMOTION.labels)}") from None


def _item(item: str, dialogue: str, part: str, turn: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "item": item,
        "text": turn["utterance"].strip(),
        "speaker": turn["speaker"],
        "emotion": _emotion(turn["emotion"], item),
        "dialogue": dialogue,
        "turn": turn["turn"],
        "explanation": str(turn.get("explanation") or ""),
        "part": part,
    }


def _types(turn: Mapping[str, Any], where: str) -> list[str]:
    types = turn.get("type", [])
    if not isinstance(types, list) or any(kind not in CAUSE_TYPE.labels for kind in types):
        raise BadInput(
            f"type {types!r} is not a list of cause types",
            where=f"{where}, turn {turn['turn']}",
            mend=f"legal: {', '.join(CAUSE_TYPE.labels)}",
        )
    return list(dict.fromkeys(types))


def _causes(
    item: str, dialogue: str, turn: Mapping[str, Any], types: list[str], turns: int, where: str
) -> list[dict[str, Any]]:
    place = f"{where}, turn {turn['turn']}"
    evidence, spans = turn.get(EVIDENCE, []), turn.get(SPAN, [])
    if not isinstance(evidence, list) or not isinstance(spans, list) or len(evidence) != len(spans):
        raise BadInput("evidence and spans must be lists of the same length", where=place)
    rows = []
    for number, span in zip(evidence, spans, strict=True):
        inside = number != OUTSIDE
        if inside and not (isinstance(number, int) and 1 <= number <= turns):
            raise BadInput(f"evidence {number!r} is no turn of the dialogue", where=place)
        rows.append(
            {
                "item": item,
                "evidence_turn": number if inside else 0,
                "evidence": f"{dialogue}/{number}" if inside else "",
                "span": str(span).strip() if inside else "",
                "type": "+".join(types),
            }
        )
    return rows


def _conversations(items: pd.DataFrame) -> pd.Series:
    """The first id of the dialogues that have the same words."""
    words = items.groupby("dialogue", sort=False)["text"].agg(" ".join)
    first = {text: dialogue for dialogue, text in reversed(list(words.items()))}
    return items["dialogue"].map(words.map(first))


def _annotations(items: pd.DataFrame, types: list[tuple[str, str]], where: str) -> Annotations:
    ratings = [
        pd.DataFrame({"item": items.index, "rater": "gold", "scheme": EMOTION.name, "label": items["emotion"].array})
    ]
    if types:
        marked, kinds = zip(*types, strict=True)
        ratings.append(pd.DataFrame({"item": marked, "rater": "gold", "scheme": CAUSE_TYPE.name, "label": kinds}))
    schemes = (EMOTION, CAUSE_TYPE) if types else (EMOTION,)
    return Annotations(pd.concat(ratings, ignore_index=True), schemes, where=where)


def _dialogue_count(part: str, count: int) -> Published:
    return Published(
        f"{part} dialogues", count, lambda corpus: corpus.items.loc[corpus.items["part"] == part, "dialogue"].nunique()
    )


def _utterance_count(part: str, count: int) -> Published:
    return Published(f"{part} utterances", count, lambda corpus: int((corpus.items["part"] == part).sum()))


# Sizes of the released annotation files.
READER = Reader(
    card=CARD,
    read=read,
    published=(
        *(_dialogue_count(part, count) for part, count in zip(PARTS, (834, 47, 225), strict=True)),
        *(_utterance_count(part, count) for part, count in zip(PARTS, (8206, 493, 2405), strict=True)),
    ),
)
