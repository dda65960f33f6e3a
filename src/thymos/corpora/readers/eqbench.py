"""EQ-Bench: dialogues after which a model rates how strongly a character feels each of four emotions, 0 to 10.

Source: EQ-bench/EQ-Bench. Paper: Paech, 2023, arXiv 2312.06281. Licence: MIT. A test set: never train.
Official layout: ``data/eq_bench_v2_questions_171.json`` (needed), ``data/eq_bench_v2_questions_171_de.json`` and
``data/eq_bench_v1_questions_60.json`` (read where they are): number -> prompt, reference_answer (four emotions and
scores that sum to 10), reference_answer_fullscale (the same on the full scale, what version 2 is scored against).
Item ids: ``v2/en/1``, ``v2/de/1``, ``v1/en/1``. ``text`` is the dialogue, ``question`` its last line ("At the end of
this dialogue, X would feel..."), ``prompt`` the released prompt as it stands, ``emotions`` the four names,
``intensities`` the full-scale reference, ``relative_intensities`` the one that sums to 10.
Traps: scores are numbers or texts. Up to four questions stop the same dialogue at different turns (50 dialogues), the
German half translates the English one under the same number, and version 1 asks about 27 of the same dialogues: only
``dialogue`` is independent. The relative scores of one question sum to 9. German question 26 calls an emotion
"Frustriert" in its list and "Frustrated" in its reference: the name in the list is the one that a model is shown.
"""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, optional_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

FILES = {
    ("v2", "en"): "eq_bench_v2_questions_171.json",
    ("v2", "de"): "eq_bench_v2_questions_171_de.json",
    ("v1", "en"): "eq_bench_v1_questions_60.json",
}
EMOTIONS = 4
HIGHEST = 10
# An opening line, the dialogue, a line in brackets that ends it, the question, four emotions a line, the format.
LAYOUT = re.compile(
    r"\A\s*[^\n]+:\n\n(?P<dialogue>.+?)\n\[[^\]\n]+\]\n\n(?P<question>[^\n]+)\n(?P<emotions>[^\n]+(?:\n[^\n]+){3})\n\n",
    re.DOTALL,
)

CARD = Card(
    slug="eqbench",
    title="EQ-Bench",
    description="Dialogues with a question how strongly one character feels each of four emotions, and reference "
    "intensities from 0 to 10; 171 questions in English and German, and the 60 of the first version.",
    source="https://github.com/EQ-bench/EQ-Bench",
    citation="Paech. EQ-Bench: An emotional intelligence benchmark for large language models. arXiv 2312.06281, 2023.",
    licence="MIT",
    redistribution=True,
    consent_basis="Invented dialogues; no participant data.",
    intended_use="Testing how well language models judge the intensity of emotions.",
    prohibited_use="Training or tuning of any model; judging people.",
    languages=("en", "de"),
    modality=("text", "dialogue"),
    test_only=True,
    known_traps=(
        "Up to four questions share a dialogue, in both languages and versions: resample dialogues.",
        "Version 1 scores intensities that sum to 10, version 2 full-scale ones: never mix the references.",
        "The references come without raters: nothing says how far people would agree on them.",
        "No reference intensity is 10, and nearly four in ten are 0.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read all versions that are there; items carry dialogue, question, emotions and both references."""
    paths = {("v2", "en"): find_file(folder, f"data/{FILES['v2', 'en']}", FILES["v2", "en"])}
    for key, name in FILES.items():
        path = optional_file(folder, f"data/{name}", name)
        if path is not None:
            paths[key] = path
    records = [record for key, path in paths.items() for record in _records(*key, path)]
    items = pd.DataFrame(records).set_index("item")
    items["dialogue"] = _dialogues(items)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, list(paths.values())),
        groups=("dialogue",),
    )


def _records(version: str, language: str, path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise BadInput("an object of questions by number is needed", where=path)
    records = []
    for number, value in content.items():
        where = f"{path}, question {number}"
        question = require_fields(value, ["prompt", "reference_answer", "reference_answer_fullscale"], where=where)
        prompt = question["prompt"]
        found = LAYOUT.match(prompt) if isinstance(prompt, str) else None
        if found is None:
            raise BadInput("the prompt is not dialogue, question and four emotions", where=where)
        records.append(
            {
                "item": f"{version}/{language}/{number}",
                "text": found["dialogue"].strip(),
                "question": found["question"].strip(),
                "version": version,
                "language": language,
                "number": str(number),
                "emotions": [name.strip() for name in found["emotions"].split("\n")],
                "intensities": _scores(question["reference_answer_fullscale"], where),
                "relative_intensities": _scores(question["reference_answer"], where),
                "prompt": prompt.strip(),
            }
        )
        if len(set(records[-1]["emotions"])) < EMOTIONS:
            raise BadInput("the four emotions must differ", where=where)
    return records


def _scores(value: Any, where: str) -> list[float]:
    reference = require_fields(value, [f"emotion{k}_score" for k in range(1, EMOTIONS + 1)], where=where)
    scores = []
    for k in range(1, EMOTIONS + 1):
        given = reference[f"emotion{k}_score"]
        try:
            score = float(given)
        except (TypeError, ValueError):
            raise BadInput(f"emotion{k}_score {given!r} is not a number", where=where) from None
        if not 0 <= score <= HIGHEST:
            raise BadInput(f"emotion{k}_score {given!r} is outside 0..10", where=where)
        scores.append(score)
    return scores


def _dialogues(items: pd.DataFrame) -> list[str]:
    """Questions whose dialogues start with the same line share one; German ones take the one of their number."""
    openings: dict[str, str] = {}
    numbers: dict[tuple[str, str], str] = {}
    names = []
    for version, language, number, text in items[["version", "language", "number", "text"]].itertuples(index=False):
        opening = text.split("\n")[0].strip()
        name = numbers.get((version, number)) if language != "en" else None
        name = name or openings.get(opening) or f"dialogue-{len(set(openings.values())) + 1:03d}"
        openings.setdefault(opening, name)
        if language == "en":
            numbers[version, number] = name
        names.append(name)
    return names


def _questions(version: str, language: str, count: int) -> Published:
    def measure(corpus: Corpus) -> int | None:
        items = corpus.items
        return int(((items["version"] == version) & (items["language"] == language)).sum()) or None

    return Published(f"questions, {version} {language}", count, measure, "this copy lacks the file")


READER = Reader(
    card=CARD,
    read=read,
    published=(_questions("v2", "en", 171), _questions("v2", "de", 171), _questions("v1", "en", 60)),
)
