"""EPITOME, Reddit part: answers to people who seek support, rated for three mechanisms of empathy with rationales.

Source: behavioral-data/Empathy-Mental-Health, ``dataset/emotional-reactions-reddit.csv``, ``explorations-reddit.csv``,
``interpretations-reddit.csv``. Paper: Sharma et al., EMNLP 2020. Licence: two documents of the release, academic use
with attribution; read them before anything is handed on.
Layout, the same rows in the same order in each file: sp_id, rp_id, seeker_post, response_post, level (0 none, 1 weak,
2 strong), rationales (phrases of the response, each followed by "|"). 3,084 rows, 3,023 different pairs.
Item ids: ``<sp_id>/<rp_id>``, one item a pair; ``text`` is the response. Ratings: ``epitome3``, one a row and
mechanism; raters are not named, so a pair that stands twice gives slots ``?0`` and ``?1`` in the order of the file. The
columns ``emotional_reactions``, ``interpretations`` and ``explorations`` hold the first row's levels.
Table ``utterances``: each pair as a dialogue of two turns. Table ``rationales``: item, rater, mechanism, text, and
start and end in the response, empty where the phrase is not found in it.
Split: ``grouped`` keeps seeker posts apart; the release has no split.
Traps: 61 rows repeat one of 60 pairs, 19 of which have several levels in some mechanism; the file of emotional
reactions lacks blanks in 263 seeker posts and 452 responses and a word in 36 of them, so texts come from the others.
"""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations, anonymous_rater
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_vocabulary, find_file, read_cells, require_columns
from thymos.errors import BadInput
from thymos.files import files_sha256

SCHEME = get_scheme("epitome3")
FILES = {mechanism: f"{mechanism.replace('_', '-')}-reddit.csv" for mechanism in SCHEME.labels}
TEXTS = "interpretations"  # the file whose texts keep their blanks
COLUMNS = ("sp_id", "rp_id", "seeker_post", "response_post", "level", "rationales")
LEVELS = ("0", "1", "2")
GROUPS = ("post", "response")
SHARES = {"train": 0.75, "valid": 0.05, "test": 0.2}
BAR = "|"

CARD = Card(
    slug="epitome",
    title="EPITOME (Reddit)",
    description="Pairs of a post of somebody who seeks support and an answer, rated for emotional reactions, "
    "interpretations and explorations with the phrases that show them.",
    source="https://github.com/behavioral-data/Empathy-Mental-Health",
    citation="Sharma, Miner, Atkins, Althoff. A computational approach to understanding empathy expressed in "
    "text-based mental health support. EMNLP 2020.",
    licence="two licence documents of the release: academic use, attribution",
    redistribution=False,
    consent_basis="Public posts of Reddit; that the writers were asked is not documented.",
    intended_use="Research on empathy in answers.",
    prohibited_use="Replacing professional help; finding or judging the writers; hiring, schooling or policing.",
    languages=("en",),
    modality=("text", "dialogue"),
    known_traps=(
        "Texts speak of suicide and self-harm.",
        "Split by seeker post: 43 posts have several answers.",
        "3,084 rows are 3,023 pairs: 61 rows repeat one of 60 pairs, 19 of these with another level.",
        "One label a row, no rater is named: agreement cannot be computed but on the repeated pairs.",
        "Emotional reactions: 5 in 100 are strong; interpretations and explorations: weak ones are rarer than strong.",
        "Posts of the file of emotional reactions lack blanks; the reader takes texts from the other files.",
        "The TalkLife part of the paper is not public.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read pairs; items carry text, seeker_post, post, response, three levels and how many rows the pair has."""
    paths = {name: find_file(folder, f"dataset/{file}", file) for name, file in FILES.items()}
    tables = {name: _checked(path) for name, path in paths.items()}
    rows = _joined(tables, paths)
    first = rows.drop_duplicates("item")
    items = pd.DataFrame(
        {
            "text": first["response_post"].to_numpy(),
            "seeker_post": first["seeker_post"].to_numpy(),
            "post": first["sp_id"].to_numpy(),
            "response": first["rp_id"].to_numpy(),
            **{name: first[name].astype("int64").to_numpy() for name in SCHEME.labels},
        },
        index=pd.Index(first["item"], name="item"),
    )
    items["rows"] = rows["item"].value_counts()
    annotated = {"utterances": _utterances(items)}
    rationales = _rationales(rows, tables)
    if len(rationales):
        annotated["rationales"] = rationales
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(_ratings(rows), SCHEME, where=str(folder)),
        splits={"grouped": Split.grouped(items, "post", SHARES, groups=GROUPS, name="grouped")},
        card=CARD,
        sha256=files_sha256(folder, list(paths.values())),
        groups=GROUPS,
        tables=annotated,
    )


def _checked(path: Path) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, COLUMNS, where=str(path))
    check_vocabulary(table["level"], LEVELS, where=path, what="level")
    for column in ("sp_id", "rp_id"):
        empty = (table[column].str.strip() == "").to_numpy()
        if empty.any():
            raise BadInput(f"{column} is empty", where=f"{path}, line {table.index[int(empty.argmax())]}")
    return table


def _joined(tables: dict[str, pd.DataFrame], paths: dict[str, Path]) -> pd.DataFrame:
    """Rows of the file with whole texts, with item, rater and the level of each mechanism.

    Raises:
        BadInput: a file has other pairs, or a pair that stands twice has another text.
    """
    rows = tables[TEXTS].copy()
    keys = rows["sp_id"] + "/" + rows["rp_id"]
    for name, table in tables.items():
        own = (table["sp_id"] + "/" + table["rp_id"]).to_numpy()
        if len(own) != len(keys):
            raise BadInput(f"{len(own)} pairs, {len(keys)} in {paths[TEXTS].name}", where=paths[name])
        differs = own != keys.to_numpy()
        if differs.any():
            line = table.index[int(differs.argmax())]
            raise BadInput(f"the pair is not that of {paths[TEXTS].name}", where=f"{paths[name]}, line {line}")
        rows[name] = table["level"].to_numpy()
    rows["item"] = keys
    rows["rater"] = [anonymous_rater(number) for number in rows.groupby("item").cumcount()]
    for column in ("seeker_post", "response_post"):
        differs = (rows[column] != rows.groupby("item")[column].transform("first")).to_numpy()
        if differs.any():
            line = rows.index[int(differs.argmax())]
            raise BadInput(f"{column} differs from an earlier row of the pair", where=f"{paths[TEXTS]}, line {line}")
    return rows


def _ratings(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "item": rows["item"].to_numpy(),
                    "rater": rows["rater"].to_numpy(),
                    "scheme": SCHEME.name,
                    "label": name,
                    "value": rows[name].astype(float).to_numpy(),
                }
            )
            for name in SCHEME.labels
        ],
        ignore_index=True,
    )


def _utterances(items: pd.DataFrame) -> pd.DataFrame:
    """Two turns a pair; the levels belong to the second."""
    rows: list[dict[str, Any]] = []
    for item, row in items.iterrows():
        rows.append({"item": item, "turn": 0, "speaker": "seeker", "text": row["seeker_post"]})
        levels = {name: int(row[name]) for name in SCHEME.labels}
        rows.append({"item": item, "turn": 1, "speaker": "responder", "text": row["text"], **levels})
    table = pd.DataFrame(rows)
    for name in SCHEME.labels:  # whole numbers and nothing, no floats
        table[name] = table[name].astype("Int64").astype(object).where(table[name].notna(), None)
    return table


# -- rationales -----------------------------------------------------------------------------------------------------


def _rationales(rows: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a phrase of a rationale, with its place in the response where it is found."""
    found = []
    for name, table in tables.items():
        for item, rater, response, cell in zip(
            rows["item"], rows["rater"], rows["response_post"], table["rationales"], strict=True
        ):
            phrases = [phrase.strip() for phrase in cell.split(BAR) if phrase.strip()]
            for phrase, place in zip(phrases, places(response, phrases), strict=True):
                start, end = place if place is not None else (pd.NA, pd.NA)
                found.append((item, rater, name, phrase, start, end))
    table = pd.DataFrame(found, columns=["item", "rater", "mechanism", "text", "start", "end"])
    return table.astype({"start": "Int64", "end": "Int64"})


def places(text: str, phrases: Sequence[str]) -> list[tuple[int, int] | None]:
    """Where each phrase stands, as (start, end) in characters; blanks do not count, None where it is not there.

    A phrase that stands several times is looked for after the phrase before it, then from the beginning.

    Example:
        >>> places("I am sorry.So sorry.", ["sorry", "So sorry", "nothing"])
        [(5, 10), (11, 19), None]
    """
    kept = [place for place, letter in enumerate(text) if not letter.isspace()]
    squeezed = "".join(text[place] for place in kept)
    found: list[tuple[int, int] | None] = []
    last = 0
    for phrase in phrases:
        wanted = "".join(phrase.split())
        begin = squeezed.find(wanted, bisect_right(kept, last - 1)) if wanted else -1
        if begin < 0 and wanted:
            begin = squeezed.find(wanted)
        if begin < 0:
            found.append(None)
            continue
        last = kept[begin + len(wanted) - 1] + 1
        found.append((kept[begin], last))
    return found


def _level(name: str, level: int, count: int) -> Published:
    def measured(corpus: Corpus) -> int:
        ratings = corpus.rated().table
        return int(((ratings["label"] == name) & (ratings["value"] == level)).sum())

    return Published(f"rows of {name} {level}", count, measured)


LEVEL_COUNTS = {
    "emotional_reactions": (2037, 895, 152),
    "explorations": (2604, 104, 376),
    "interpretations": (1626, 114, 1344),
}

READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("rows", 3084, lambda corpus: int(corpus.items["rows"].sum())),
        *(_level(name, level, count) for name, counts in LEVEL_COUNTS.items() for level, count in enumerate(counts)),
    ),
)
