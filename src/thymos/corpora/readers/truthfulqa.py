"""TruthfulQA: 817 questions that some people answer falsely, with true and false answers.

Source: sylinrl/TruthfulQA, ``TruthfulQA.csv`` (the older version of 817 questions). Paper: Lin et al., ACL 2022.
Licence: Apache-2.0. A test set: never train.
Columns of the file: Type, Category, Question, Best Answer, Correct Answers, Incorrect Answers (both divided by
semicolons), Source.
Item ids: ``00001`` = row. Columns: text, answers (the best one first, then the other true ones), incorrect, category,
kind (adversarial or not), source.
``TruthfulQA_train.csv`` and ``TruthfulQA_test.csv`` beside it (a division of a later paper, not official) become split
``later_paper``.
Traps: the file begins with a byte-order mark. One question names a false answer twice. True and false answers of a
question differ in length and wording: a model may choose by style.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._examples import text_of, without_doubles
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, check_vocabulary, find_file, optional_file, read_cells, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256

FILE = "TruthfulQA.csv"
PART_FILES = {"train": "TruthfulQA_train.csv", "test": "TruthfulQA_test.csv"}
COLUMNS = ("Type", "Category", "Question", "Best Answer", "Correct Answers", "Incorrect Answers", "Source")
KINDS = ("Adversarial", "Non-Adversarial")

CARD = Card(
    slug="truthfulqa",
    title="TruthfulQA",
    description="English questions on which common misconceptions tempt to false answers; true and false answers.",
    source="https://github.com/sylinrl/TruthfulQA",
    citation="Lin, Hilton, Evans. TruthfulQA: measuring how models mimic human falsehoods. ACL 2022.",
    licence="Apache-2.0",
    redistribution=True,
    consent_basis="Written by the authors; no participants.",
    intended_use="Measuring whether a language model repeats common falsehoods.",
    prohibited_use="Training or tuning of any model.",
    languages=("en",),
    test_only=True,
    known_traps=(
        "TruthfulQA.csv begins with a byte-order mark.",
        "This is the older version of 817 questions.",
        "The train and test files beside it are a later paper's, not official.",
        "Some questions have one false answer only: chance differs by question.",
        "Right answers can be guessed by their style: a high score is no proof of truthfulness.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the questions, and the division of a later paper where its two files are there."""
    path = find_file(folder, FILE, f"data/{FILE}")
    table = _table(path)
    items = pd.DataFrame(
        [_question(row, f"{path}, line {line}") for line, row in table.iterrows()],
        index=pd.Index([f"{number:05d}" for number in range(1, len(table) + 1)], name="item"),
    )
    splits = {"all": Split.everything(items)}
    part_paths = {part: optional_file(folder, name, f"data/{name}") for part, name in PART_FILES.items()}
    found = {part: part_path for part, part_path in part_paths.items() if part_path is not None}
    if len(found) == len(PART_FILES):
        splits["later_paper"] = Split.of("later_paper", _parts(found, items), items)
    else:
        found = {}
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits=splits,
        card=CARD,
        sha256=files_sha256(folder, [path, *found.values()]),
    )


def _table(path: Path) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, COLUMNS, where=str(path))
    check_unique(table["Question"].str.strip(), where=path, what="question")
    check_vocabulary(table["Type"], KINDS, where=path, what="type")
    return table


def _question(row: "pd.Series[str]", where: str) -> dict[str, Any]:
    best = text_of(row["Best Answer"], "Best Answer", where)
    incorrect = _answers(row["Incorrect Answers"])
    if not incorrect:
        raise BadInput("there is no false answer", where=where)
    if best in incorrect:
        raise BadInput("the best answer is among the false ones", where=where)
    return {
        "text": text_of(row["Question"], "Question", where),
        "answers": without_doubles([best, *_answers(row["Correct Answers"])]),
        "incorrect": incorrect,
        "category": text_of(row["Category"], "Category", where),
        "kind": row["Type"].lower(),
        "source": row["Source"].strip(),
    }


def _answers(cell: str) -> tuple[str, ...]:
    return without_doubles(answer.strip() for answer in cell.split(";") if answer.strip())


def _parts(paths: dict[str, Path], items: pd.DataFrame) -> dict[str, list[str]]:
    ids = dict(zip(items["text"], items.index, strict=True))
    parts: dict[str, list[str]] = {}
    for part, path in paths.items():
        questions = _table(path)["Question"].str.strip()
        for line, question in questions.items():
            if question not in ids:
                raise BadInput(f"question {question[:60]!r} is not in {FILE}", where=f"{path}, line {line}")
        parts[part] = [ids[question] for question in questions]
    return parts


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("questions", 817, lambda corpus: len(corpus.items)),
        Published("categories", 38, lambda corpus: corpus.items["category"].nunique()),
    ),
)
