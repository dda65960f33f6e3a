"""GSM8K: grade-school mathematics word problems with worked answers.

Source: openai/grade-school-math, ``grade_school_math/data/{train,test}.jsonl`` (also read: ``train.jsonl`` and
``test.jsonl`` in the folder itself). Paper: Cobbe et al., 2021. Licence: MIT. 7,473 train and 1,319 test problems.
Fields: question, answer; the final number follows ``####`` on the last line of the answer.
Item ids: ``test/00001`` = part and line. Columns: text, answers (the final number, without thousands commas),
solution (the worked answer without the final line), part.
Traps: some final numbers carry thousands commas; ``<<a+b=c>>`` in the solutions are calculator marks, not text.
"""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._examples import text_of
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json_lines, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

PARTS = ("train", "test")
MARK = "####"
CALCULATOR_MARK = re.compile(r"<<[^<>]*>>")
FINAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)

CARD = Card(
    slug="gsm8k",
    title="GSM8K",
    description="English grade-school mathematics word problems with worked answers and one final number.",
    source="https://github.com/openai/grade-school-math",
    citation="Cobbe, Kosaraju, Bavarian, Chen, Jun, Kaiser, Plappert, Tworek, Hilton, Nakano, Hesse, Schulman. "
    "Training verifiers to solve math word problems. arXiv 2110.14168, 2021.",
    licence="MIT",
    redistribution=True,
    consent_basis="Problems were written for release by paid workers.",
    intended_use="Measuring whether a language model solves word problems.",
    prohibited_use="Training on the test part.",
    languages=("en",),
    known_traps=(
        "Final numbers carry thousands commas.",
        "<<...>> in solutions are calculator marks.",
        "The problems have been on the web since 2021: models may have seen them.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read both parts."""
    paths = {part: find_file(folder, f"grade_school_math/data/{part}.jsonl", f"{part}.jsonl") for part in PARTS}
    rows = [
        {"item": f"{part}/{line:05d}", **_problem(value, f"{path}, line {line}"), "part": part}
        for part, path in paths.items()
        for line, value in read_json_lines(path)
    ]
    items = pd.DataFrame(rows).set_index("item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, paths.values()),
    )


def _problem(value: Any, where: str) -> dict[str, Any]:
    problem = require_fields(value, ["question", "answer"], where=where)
    solution, mark, final = text_of(problem["answer"], "answer", where).rpartition(MARK)
    number = final.strip().replace(",", "")
    if not mark or not FINAL.fullmatch(number):
        raise BadInput(f"the answer does not end in {MARK} and a number", where=where)
    return {
        "text": text_of(problem["question"], "question", where),
        "answers": (number,),
        "solution": CALCULATOR_MARK.sub("", solution).strip(),
    }


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("train problems", 7473, lambda corpus: len(corpus.part("train"))),
        Published("test problems", 1319, lambda corpus: len(corpus.part("test"))),
    ),
)
