"""SimpleQA: 4,326 short fact questions with one answer that does not change.

Source: openai/simple-evals, ``simple_qa_test_set.csv``. Paper: Wei et al., 2024. Licence: MIT. A test set: never train.
Columns of the file: metadata (a Python dict as text: topic, answer_type, urls), problem, answer.
Item ids: ``00001`` = row. Columns: text, answers (one), topic, answer_type, urls.
Traps: metadata is a Python literal, not JSON. The paper lets a language model grade (correct, incorrect, not
attempted); comparing texts is stricter and gives no credit for another wording of the same fact.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._examples import text_of
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, find_file, read_cells, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256

FILE = "simple_qa_test_set.csv"

CARD = Card(
    slug="simpleqa",
    title="SimpleQA",
    description="English questions about facts, each with one short answer and the pages that show it.",
    source="https://github.com/openai/simple-evals",
    citation="Wei, Karina, Chung, Jiao, Papay, Glaese, Schulman, Fedus. Measuring short-form factuality in large "
    "language models. arXiv 2411.04368, 2024.",
    licence="MIT",
    redistribution=True,
    consent_basis="Written for release by paid trainers.",
    intended_use="Measuring whether a language model knows facts, and whether it says so when it does not.",
    prohibited_use="Training or tuning of any model.",
    languages=("en",),
    test_only=True,
    known_traps=(
        "metadata is a Python dict as text, not JSON.",
        "The paper grades with a language model; comparing texts misses other wordings of a right answer.",
        "Small models know next to none of these facts: differences near zero carry no information.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the one file."""
    path = find_file(folder, FILE)
    table = read_cells(path)
    require_columns(table, ["metadata", "problem", "answer"], where=str(path))
    check_unique(table["problem"], where=path, what="problem")
    rows = []
    for number, (line, row) in enumerate(table.iterrows(), start=1):
        where = f"{path}, line {line}"
        rows.append(
            {
                "item": f"{number:05d}",
                "text": text_of(row["problem"], "problem", where),
                "answers": (text_of(row["answer"], "answer", where),),
                **_metadata(row["metadata"], where),
            }
        )
    items = pd.DataFrame(rows).set_index("item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [path]),
    )


def _metadata(cell: str, where: str) -> dict[str, Any]:
    try:
        value = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise BadInput("metadata is not a Python dict", where=where) from None
    if not isinstance(value, Mapping) or not {"topic", "answer_type", "urls"} <= set(value):
        raise BadInput("metadata must have topic, answer_type and urls", where=where)
    if not isinstance(value["urls"], list):
        raise BadInput("urls of metadata are not a list", where=where)
    return {
        "topic": text_of(value["topic"], "topic", where),
        "answer_type": text_of(value["answer_type"], "answer_type", where),
        "urls": tuple(str(url) for url in value["urls"]),
    }


READER = Reader(card=CARD, read=read, published=(Published("questions", 4326, lambda corpus: len(corpus.items)),))
