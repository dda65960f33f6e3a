"""EmoBench: hand-written multiple-choice questions on understanding and applying emotions, in English and Chinese.

Source: Sahandfer/EmoBench. Paper: Sabour et al., ACL 2024. Licence: MIT. A test set: never train.
Official layout: ``data/EU.jsonl`` (understanding: qid, language, coarse_category, finegrained_category, scenario,
subject, emotion_choices, emotion_label, cause_choices, cause_label) and ``data/EA.jsonl`` (application: qid, language,
category, question type, scenario, subject, choices, label), one question a line, 200 an language and file.
Item ids: ``EU/en/1``, ``EA/zh/200``. A question of EU has two sets of options, ``emotion_options`` (6) and
``cause_options`` (4, 6 or 7), one of EA has ``options`` (4); columns that a test does not have are None.
Traps: an EU question counts as right only when emotion and cause are both right. The Chinese half is a translation of
the English one under the same qid, and most scenarios of EU stand under two or three qids, asked about different
people: ``scenario`` names what belongs together, and only that is independent. Right answers do not stand evenly over
the places (EU causes: 185 of 400 stand first): rotate the options.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json_lines, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

LANGUAGES = ("en", "zh")
SHARED = ("qid", "language", "scenario", "subject")
FIELDS = {
    "EU": (*SHARED, "coarse_category", "finegrained_category", "emotion_choices", "emotion_label", "cause_choices",
           "cause_label"),
    "EA": (*SHARED, "category", "question type", "choices", "label"),
}  # fmt: skip
QUESTION_TYPES = ("Action", "Response")

CARD = Card(
    slug="emobench",
    title="EmoBench",
    description="Multiple-choice questions on which emotion a person feels and why (EU), and on what would help most "
    "(EA), 400 each, half English, half Chinese.",
    source="https://github.com/Sahandfer/EmoBench",
    citation="Sabour, Liu, Zhang, Liu, Zhou, Sunaryo, Li, Lee, Mihalcea, Huang. EmoBench: Evaluating the emotional "
    "intelligence of large language models. ACL 2024.",
    licence="MIT",
    redistribution=True,
    consent_basis="Invented scenarios, written by the authors; no participant data.",
    intended_use="Testing the emotional understanding of language models.",
    prohibited_use="Training or tuning of any model; judging people.",
    languages=LANGUAGES,
    test_only=True,
    known_traps=(
        "An EU question is right only when emotion and cause are both right.",
        "Resample scenarios: languages share them, and 123 of 200 EU questions share theirs with another question.",
        "The right answers do not stand evenly over the places: rotate the options.",
        "EU causes have 4, 6 or 7 options: chance differs by question.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read both tests; items carry scenario, subject, categories, options and right answers."""
    paths = {test: find_file(folder, f"data/{test}.jsonl", f"{test}.jsonl") for test in FIELDS}
    records = [record for test, path in paths.items() for record in _records(test, path)]
    items = pd.DataFrame(records).set_index("item")
    items["scenario"] = _scenarios(items)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, list(paths.values())),
        groups=("scenario",),
    )


def _records(test: str, path: Path) -> list[dict[str, Any]]:
    records, seen = [], set()
    for line, value in read_json_lines(path):
        where = f"{path}, line {line}"
        question = require_fields(value, FIELDS[test], where=where)
        if question["language"] not in LANGUAGES:
            raise BadInput(f"unknown language {question['language']!r}", where=where, mend="legal: en, zh")
        item = f"{test}/{question['language']}/{question['qid']}"
        if item in seen:
            raise BadInput(f"question {question['qid']!r} stands twice", where=where, mend="keep one of the lines")
        seen.add(item)
        record: dict[str, Any] = {
            "item": item,
            "text": _text(question, "scenario", where),
            "test": test,
            "language": question["language"],
            "number": str(question["qid"]),
            "subject": _text(question, "subject", where),
        }
        if test == "EU":
            record |= {
                "category": _text(question, "coarse_category", where),
                "subcategory": _text(question, "finegrained_category", where),
                "emotion_options": _options(question, "emotion_choices", "emotion_label", where),
                "emotion": question["emotion_label"],
                "cause_options": _options(question, "cause_choices", "cause_label", where),
                "cause": question["cause_label"],
            }
        else:
            if question["question type"] not in QUESTION_TYPES:
                raise BadInput(
                    f"unknown question type {question['question type']!r}", where=where, mend="legal: Action, Response"
                )
            record |= {
                "category": _text(question, "category", where),
                "question_type": question["question type"],
                "options": _options(question, "choices", "label", where),
                "answer": question["label"],
            }
        records.append(record)
    return records


def _text(question: Mapping[str, Any], field: str, where: str) -> str:
    value = question[field]
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{field} {value!r} is not a text", where=where)
    return value.strip()


def _options(question: Mapping[str, Any], field: str, answer: str, where: str) -> list[str]:
    options = question[field]
    if not isinstance(options, list) or not all(isinstance(text, str) and text.strip() for text in options):
        raise BadInput(f"{field} is not a list of texts", where=where)
    if len(options) < 2 or len(set(options)) < len(options):
        raise BadInput(f"{field} must be at least two different texts", where=where)
    if question[answer] not in options:
        raise BadInput(f"{answer} {question[answer]!r} is none of the {field}", where=where)
    return options


def _scenarios(items: pd.DataFrame) -> list[str]:
    """One name for all questions that share a text or, being translations, a qid: that of the first of them."""
    keys = [
        ((test, number), (test, text))
        for test, number, text in items[["test", "number", "text"]].itertuples(index=False)
    ]
    names: dict[tuple[str, str], str] = {}
    for number, text in keys:
        found = [names[key] for key in (number, text) if key in names]
        name = found[0] if found else "/".join(number)
        for other in found[1:]:  # a question that links two groups makes them one
            names = {key: name if old == other else old for key, old in names.items()}
        names[number] = names[text] = name
    return [names[number] for number, _ in keys]


def _count(test: str, language: str = "") -> Callable[[Corpus], int]:
    def count(corpus: Corpus) -> int:
        chosen = corpus.items["test"] == test
        return int((chosen & (corpus.items["language"] == language)).sum() if language else chosen.sum())

    return count


def _category_count(test: str, category: str, count: int) -> Published:
    def measure(corpus: Corpus) -> int:
        return int(((corpus.items["test"] == test) & (corpus.items["category"] == category)).sum())

    return Published(f"{test} questions, {category}", count, measure)


EU_CATEGORIES = {
    "perspective_taking": 134, "personal_beliefs_and_experiences": 112, "complex_emotions": 98, "emotional_cues": 56,
}  # fmt: skip
EA_CATEGORIES = ("Personal-Self", "Personal-Others", "Social-Self", "Social-Others")
PUBLISHED: Sequence[Published] = (
    *(Published(f"{test} questions", 400, _count(test)) for test in FIELDS),
    *(Published(f"{test} questions, {lang}", 200, _count(test, lang)) for test in FIELDS for lang in LANGUAGES),
    *(_category_count("EU", category, count) for category, count in EU_CATEGORIES.items()),
    *(_category_count("EA", category, 100) for category in EA_CATEGORIES),
)
READER = Reader(card=CARD, read=read, published=PUBLISHED)
