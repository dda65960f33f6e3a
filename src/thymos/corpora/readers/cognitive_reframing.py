"""Cognitive-Reframing: negative thoughts in a situation, each with two reframes by practitioners.

Source: behavioral-data/Cognitive-Reframing, ``data/reframing_dataset.csv`` and ``data/thinking_traps.jsonl``. Paper:
Sharma et al., ACL 2023. Licence: CC BY-NC-ND 4.0 (LICENSE.md of the repository); users bring their own copy.
Layout: ``situation,thought,reframe,thinking_traps_addressed``, one row a reframe, traps divided by commas, ``none``
where the reframe addresses none; 600 rows, 300 pairs of situation and thought, 296 situations. The JSON lines hold
``prompt`` (a thought, followed by " ->") and ``completion`` (a blank and one trap), one line a thought and trap.
Item ids: ``reframe-<row>``, four digits from 0; ``text`` is the reframe. Ratings: ``reframing_traps15``, multilabel,
what the reframe addresses. Table ``thoughts``: thought and trap of the JSON lines, where that file is there; trap names
are kept as they are spelled there, in small letters.
Split: ``grouped`` keeps situations apart; the release has no split.
Traps: no rater is named and nobody rated reframes twice; the two files spell some traps differently (overgeneralizing
and overgeneralization, personalizing and personalization).
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_vocabulary,
    find_file,
    optional_file,
    read_cells,
    read_json_lines,
    require_columns,
    require_fields,
)
from thymos.errors import BadInput
from thymos.files import files_sha256

FILE, TRAPS_FILE = "reframing_dataset.csv", "thinking_traps.jsonl"
COLUMNS = ("situation", "thought", "reframe", "thinking_traps_addressed")
GROUPS = ("situation", "thought")
SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}
ARROW = "->"
SCHEME = Scheme(
    "reframing_traps15",
    Kind.MULTILABEL,
    (
        "all-or-nothing thinking", "blaming", "catastrophizing", "comparing and despairing",
        "disqualifying the positive", "emotional reasoning", "fortune telling", "labeling", "magnification",
        "mind reading", "negative feeling or emotion", "none", "overgeneralizing", "personalizing",
        "should statements",
    ),
    Construct.ENACTED,
    source="Cognitive-Reframing, column thinking_traps_addressed",
    exclude=("none",),
)  # fmt: skip

CARD = Card(
    slug="cognitive_reframing",
    title="Cognitive-Reframing",
    description="Situations with a negative thought and two reframes of it by mental health practitioners, with the "
    "thinking traps that a reframe addresses.",
    source="https://github.com/behavioral-data/Cognitive-Reframing",
    citation="Sharma, Rushton, Lin, Wadden, Lucas, Miner, Nguyen, Althoff. Cognitive reframing of negative thoughts "
    "through human-language model interaction. ACL 2023.",
    licence="CC BY-NC-ND 4.0",
    redistribution=False,
    consent_basis="Situations and thoughts of users of a mental health website and of a public thought-record data "
    "set; what they agreed to is told in the paper, not in the files.",
    intended_use="Research on reframing and on suggestions.",
    prohibited_use="Replacing professional help; judging the writers; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "Some thoughts speak of suicide and self-harm.",
        "Two reframes share each situation and thought: split by situation.",
        "No rater is named: no ceiling can be computed.",
        "The label 'none' means that no trap is addressed; it is no class.",
        "The two files spell traps differently.",
        "CC BY-NC-ND: no changed copy may be passed on.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read reframes; items carry text, situation, thought and the traps addressed, divided by commas."""
    path = find_file(folder, f"data/{FILE}", FILE)
    table = read_cells(path)
    require_columns(table, COLUMNS, where=str(path))
    for column in COLUMNS[:-1]:
        empty = (table[column].str.strip() == "").to_numpy()
        if empty.any():
            raise BadInput(f"{column} is empty", where=f"{path}, line {table.index[int(empty.argmax())]}")
    doubled = table.duplicated(list(COLUMNS[:-1])).to_numpy()
    if doubled.any():
        raise BadInput("the reframe stands twice", where=f"{path}, line {table.index[int(doubled.argmax())]}")
    traps = table["thinking_traps_addressed"].str.split(",").explode().str.strip()
    check_vocabulary(traps, SCHEME.labels, where=path, what="thinking trap")
    names = [f"reframe-{number:04d}" for number in range(len(table))]
    by_line = dict(zip(table.index, names, strict=True))
    items = pd.DataFrame(
        {
            "text": table["reframe"].to_numpy(),
            "situation": table["situation"].to_numpy(),
            "thought": table["thought"].to_numpy(),
            "traps": traps.groupby(level=0, sort=False).agg(",".join).to_numpy(),
        },
        index=pd.Index(names, name="item"),
    )
    ratings = pd.DataFrame(
        {
            "item": [by_line[line] for line in traps.index],
            "rater": "gold",
            "scheme": SCHEME.name,
            "label": traps.to_numpy(),
        }
    ).drop_duplicates()
    others = optional_file(folder, f"data/{TRAPS_FILE}", TRAPS_FILE)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={"grouped": Split.grouped(items, "situation", SHARES, groups=GROUPS, name="grouped")},
        card=CARD,
        sha256=files_sha256(folder, [path, *([others] if others else [])]),
        groups=GROUPS,
        tables={"thoughts": _thoughts(others)} if others else {},
    )


def _thoughts(path: Path) -> pd.DataFrame:
    """One row a thought and trap of the JSON lines."""
    rows = []
    for line, value in read_json_lines(path):
        where = f"{path}, line {line}"
        found = require_fields(value, ("prompt", "completion"), where=where)
        prompt, trap = str(found["prompt"]).strip(), str(found["completion"]).strip()
        if not prompt.endswith(ARROW) or not trap:
            raise BadInput(f"a prompt that ends with {ARROW!r} and a completion are needed", where=where)
        rows.append((prompt.removesuffix(ARROW).strip(), trap.lower()))
    return pd.DataFrame(rows, columns=["thought", "trap"])


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("reframes", 600, lambda corpus: len(corpus.items)),
        Published("situations", 296, lambda corpus: int(corpus.items["situation"].nunique())),
    ),
)
