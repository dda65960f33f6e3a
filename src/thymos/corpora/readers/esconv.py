"""ESConv: emotional-support dialogues; every supporter turn carries one of eight strategies.

Source: thu-coai/Emotional-Support-Conversation. Paper: Liu et al., ACL 2021. Licence: CC BY-NC 4.0, academic use.
Official layout: ``ESConv.json``, a list of 1,300 dialogues: experience_type, emotion_type, problem_type, situation,
survey_score, seeker_question1/2, supporter_question1/2, dialog [speaker seeker|supporter, annotation {strategy,
feedback}, content].
Joined layout: ``esconv_union.jsonl``, one dialogue a line, from public parts of the corpus: id, source, split names
(``split_910_195_195`` or ``split_thu_old``), merged_turns, emotion_type, problem_type, situation, init_intensity,
final_intensity, dialog [speaker, text, strategy]: 707 dialogues; 390 of them, the valid and test parts of the common
910/195/195 split, carry emotion and problem type.
``FailedESConv.json`` (196 dialogues that were dropped as not helpful) becomes table ``failed``, beside both layouts.
Items are turns; item ids are ``<dialogue>/<turn>``, turns from 001. Table ``dialogues``: one row a dialogue.
Traps: strategy.json writes the names in brackets and the README "Questions" and "Other"; the failed dialogues use
yet other names and speakers (kept as they are). 130 joined dialogues (merged_turns) have consecutive turns merged
and are tokenized. Seeker feedback exists only in ESConv.json. Split by dialogue, never by turn.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, optional_file, read_json, read_json_lines, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

OFFICIAL = "ESConv.json"
JOINED = "esconv_union.jsonl"
FAILED = "FailedESConv.json"
SPEAKERS = ("seeker", "supporter")
SPELLINGS = {"Questions": "Question", "Other": "Others"}
COMMON_SPLIT, OLDER_SPLIT = "split_910_195_195", "split_thu_old"

STRATEGY = get_scheme("esconv8")
EMOTION = get_scheme("esconv_emotions8")
FEEDBACK = Scheme(
    "esconv_feedback",
    Kind.ORDINAL,
    ("helpfulness",),
    Construct.EVOKED,
    range=(1, 5),
    source="Liu et al., ACL 2021: the seeker rates the supporter's last turns, 1 very bad .. 5 excellent",
)

CARD = Card(
    slug="esconv",
    title="ESConv",
    description="English dialogues in which a crowd supporter helps a seeker; each supporter turn has a strategy.",
    source="https://github.com/thu-coai/Emotional-Support-Conversation",
    citation="Liu, Zheng, Demasi, Sabour, Li, Yu, Jiang, Huang. Towards emotional support dialog systems. ACL 2021.",
    licence="CC BY-NC 4.0, academic research only",
    redistribution=False,
    consent_basis="Paid crowd workers talked about their own problems for release.",
    intended_use="Research on emotional support and its strategies.",
    prohibited_use="Commercial use; replacing professional help; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Split by dialogue, never by turn.",
        "Strategies were chosen by the supporters themselves, one a turn.",
        "The joined copy holds 707 of 1,300 dialogues; 317 of them have no emotion or problem type.",
        "130 joined dialogues have merged and tokenized turns: their turn counts are lower.",
        "Two dialogues cite telephone numbers of public crisis services.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read turns and dialogues; ESConv.json takes precedence over the joined copy."""
    path = find_file(folder, OFFICIAL, JOINED)
    dialogues = _official(path) if path.name == OFFICIAL else _joined(path)
    items = _turns(dialogues)
    table = pd.DataFrame([{k: v for k, v in d.items() if k != "turns"} for d in dialogues]).set_index("dialogue")
    splits = {"grouped": Split.grouped(items, "dialogue", {"train": 0.7, "valid": 0.15, "test": 0.15})}
    for name, column in (("common_910_195_195", "common_part"), ("older_dev_test", "older_part")):
        if column in table and table[column].notna().any():
            splits[name] = Split.from_column(name, items["dialogue"].map(table[column]), items, ("dialogue",))
    tables = {"dialogues": table.reset_index()}
    failed_path = optional_file(folder, FAILED)
    if failed_path is not None:
        tables["failed"] = _failed(failed_path)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, str(path)),
        splits=splits,
        card=CARD,
        sha256=files_sha256(folder, [path, *([failed_path] if failed_path else [])]),
        groups=("dialogue",),
        tables=tables,
    )


def _official(path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise BadInput("a list of dialogues is needed", where=path)
    dialogues = []
    for number, value in enumerate(content, start=1):
        where = f"{path}, dialogue {number}"
        dialogue = require_fields(
            value,
            ["experience_type", "emotion_type", "problem_type", "situation", "survey_score", "dialog"],
            where=where,
        )
        seeker = require_fields(dialogue["survey_score"], ["seeker"], where=where)["seeker"] or {}
        dialogues.append(
            {
                "dialogue": f"esconv-{number:04d}",
                "source": OFFICIAL,
                "experience_type": dialogue["experience_type"],
                "emotion_type": _emotion(dialogue["emotion_type"], where),
                "problem_type": dialogue["problem_type"],
                "situation": dialogue["situation"],
                "initial_intensity": _score(seeker.get("initial_emotion_intensity"), where),
                "final_intensity": _score(seeker.get("final_emotion_intensity"), where),
                "empathy": _score(seeker.get("empathy"), where),
                "relevance": _score(seeker.get("relevance"), where),
                "turns": [
                    _turn(turn, "content", turn.get("annotation") or {}, f"{where}, turn {k}")
                    for k, turn in enumerate(_checked_turns(dialogue["dialog"], "content", where), start=1)
                ],
            }
        )
    return dialogues


def _joined(path: Path) -> list[dict[str, Any]]:
    dialogues, seen = [], set()
    for line, value in read_json_lines(path):
        where = f"{path}, line {line}"
        dialogue = require_fields(value, ["id", "source", "dialog"], where=where)
        if dialogue["id"] in seen:
            raise BadInput(f"dialogue {dialogue['id']!r} stands twice", where=where, mend="keep one of the lines")
        seen.add(dialogue["id"])
        dialogues.append(
            {
                "dialogue": str(dialogue["id"]),
                "source": str(dialogue["source"]),
                "merged_turns": bool(dialogue.get("merged_turns")),
                "emotion_type": _emotion(dialogue.get("emotion_type"), where),
                "problem_type": dialogue.get("problem_type"),
                "situation": dialogue.get("situation"),
                "initial_intensity": _score(dialogue.get("init_intensity"), where),
                "final_intensity": _score(dialogue.get("final_intensity"), where),
                "common_part": dialogue.get(COMMON_SPLIT),
                "older_part": dialogue.get(OLDER_SPLIT),
                "turns": [
                    _turn(turn, "text", turn, f"{where}, turn {k}")
                    for k, turn in enumerate(_checked_turns(dialogue["dialog"], "text", where), start=1)
                ],
            }
        )
    return dialogues


def _checked_turns(turns: Any, text: str, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(turns, list) or not turns:
        raise BadInput("the dialogue has no turns", where=where)
    return [require_fields(turn, ["speaker", text], where=f"{where}, turn {k}") for k, turn in enumerate(turns, 1)]


def _turn(turn: Mapping[str, Any], text: str, annotation: Mapping[str, Any], where: str) -> dict[str, Any]:
    if turn["speaker"] not in SPEAKERS:
        raise BadInput(f"unknown speaker {turn['speaker']!r}", where=where, mend="legal: seeker, supporter")
    if not isinstance(turn[text], str):
        raise BadInput(f"{text} {turn[text]!r} is not a text", where=where)
    strategy = annotation.get("strategy")
    if strategy is not None:
        try:
            strategy = canonical_label(STRATEGY.name, SPELLINGS.get(strategy, strategy))
        except (BadInput, AttributeError, TypeError):
            raise BadInput(
                f"unknown strategy {strategy!r}", where=where, mend=f"legal: {', '.join(STRATEGY.labels)}"
            ) from None
    return {
        "text": turn[text].strip(),
        "speaker": turn["speaker"],
        "strategy": strategy,
        "feedback": _score(annotation.get("feedback"), where),
    }


def _score(value: Any, where: str) -> float | None:
    """A survey score 1..5, None where the person gave none."""
    if value is None or value == "":
        return None
    try:
        score = float(value)
    except (TypeError, ValueError):
        raise BadInput(f"score {value!r} is not a number", where=where) from None
    if not 1 <= score <= 5:
        raise BadInput(f"score {value!r} is outside 1..5", where=where)
    return score


def _emotion(value: Any, where: str) -> str | None:
    if value is None:
        return None
    if value not in EMOTION.labels:
        raise BadInput(f"unknown emotion {value!r}", where=where, mend=f"legal: {', '.join(EMOTION.labels)}")
    return str(value)


def _turns(dialogues: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {"item": f"{d['dialogue']}/{k:03d}", "dialogue": d["dialogue"], "turn": k, **turn}
        for d in dialogues
        for k, turn in enumerate(d["turns"], start=1)
    ]
    items = pd.DataFrame(rows).set_index("item")
    items["feedback"] = items["feedback"].astype(float)
    return items[["text", "speaker", "dialogue", "turn", "strategy", "feedback"]]


def _annotations(items: pd.DataFrame, where: str) -> Annotations:
    labeled = items[items["strategy"].notna()]
    ratings = [
        pd.DataFrame(
            {
                "item": labeled.index,
                "rater": "supporter",
                "scheme": STRATEGY.name,
                "label": labeled["strategy"].to_numpy(),
                "value": 1.0,
            }
        )
    ]
    rated = items[items["feedback"].notna()]
    if len(rated):
        ratings.append(
            pd.DataFrame(
                {
                    "item": rated.index,
                    "rater": "seeker",
                    "scheme": FEEDBACK.name,
                    "label": FEEDBACK.labels[0],
                    "value": rated["feedback"].to_numpy(),
                }
            )
        )
    schemes = (STRATEGY, FEEDBACK) if len(rated) else (STRATEGY,)
    return Annotations(pd.concat(ratings, ignore_index=True), schemes, where=where)


def _failed(path: Path) -> pd.DataFrame:
    """One row a turn of the failed dialogues; strategies and speakers as they stand in the file."""
    content = read_json(path)
    if not isinstance(content, list):
        raise BadInput("a list of dialogues is needed", where=path)
    rows = []
    for number, value in enumerate(content, start=1):
        where = f"{path}, dialogue {number}"
        dialogue = require_fields(
            value, ["emotion_type", "problem_type", "situation", "survey_score", "dialog"], where=where
        )
        for k, turn in enumerate(_checked_turns(dialogue["dialog"], "content", where), start=1):
            annotation = turn.get("annotation") or {}
            rows.append(
                {
                    "dialogue": f"failed-{number:04d}",
                    "turn": k,
                    "speaker": turn["speaker"],
                    "text": str(turn["content"]).strip(),
                    "strategy": annotation.get("strategy"),
                    "feedback": _score(annotation.get("feedback"), f"{where}, turn {k}"),
                    "emotion_type": dialogue["emotion_type"],
                    "problem_type": dialogue["problem_type"],
                }
            )
    return pd.DataFrame(rows)


JOINED_NOTE = "the joined copy holds 707 of the 1,300 dialogues"


def _strategy_count(name: str, count: int) -> Published:
    return Published(
        f"turns with {name}", count, lambda corpus: int((corpus.items["strategy"] == name).sum()), JOINED_NOTE
    )


def _problem_count(problem: str, count: int) -> Published:
    return Published(
        f"dialogues about {problem}",
        count,
        lambda corpus: int((corpus.tables["dialogues"]["problem_type"] == problem).sum()),
        JOINED_NOTE + "; 317 of them carry no problem type",
    )


def _failed_count(corpus: Corpus) -> int | None:
    return corpus.tables["failed"]["dialogue"].nunique() if "failed" in corpus.tables else None


def _dialogue_count(corpus: Corpus) -> int:
    return len(corpus.tables["dialogues"])


# The README of the release; it gives two numbers for Other (3,661 and 3,341: only the second fits its 18.2 %).
STRATEGY_COUNTS = {
    "Question": 3801, "Self-disclosure": 1713, "Affirmation and Reassurance": 2827, "Providing Suggestions": 2954,
    "Others": 3341, "Reflection of feelings": 1436, "Information": 1215, "Restatement or Paraphrasing": 1089,
}  # fmt: skip
PROBLEM_COUNTS = {
    "ongoing depression": 351, "breakup with partner": 239, "job crisis": 280, "problems with friends": 179,
    "academic pressure": 156,
}  # fmt: skip

READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("dialogues", 1300, _dialogue_count, JOINED_NOTE),
        Published("failed dialogues", 196, _failed_count),
        *(_strategy_count(name, count) for name, count in STRATEGY_COUNTS.items()),
        *(_problem_count(problem, count) for problem, count in PROBLEM_COUNTS.items()),
    ),
)
