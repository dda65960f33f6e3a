"""EmoBank: 10,548 English sentences rated for valence, arousal and dominance (1-5), as writer and as reader.

Source: JULIELab/EmoBank, folder ``corpus``: ``raw.csv`` (id, text), ``individual_reader_ratings.csv`` and
``individual_writer_ratings.csv`` (id, V, A, D: one row a rating), ``emobank.csv`` (id, split, V, A, D, text: weighted
means and the official split), ``meta.tsv`` (id, document, category, subcategory). The files may stand in the folder
itself. Paper: Buechel and Hahn, EACL 2017. Licence: CC BY-SA 4.0.
Two schemes: ``emobank_vad`` (reader: what the sentence evokes) and ``emobank_vad_writer`` (writer: what the sentence
expresses). Item ids are the sentence ids.
Traps: ratings carry no rater id: raters are anonymous slots in the order of the rows, and nothing may follow them
across sentences. The individual ratings are not filtered; emobank.csv was made from filtered ones, so its means
differ, and 486 sentences stand in no part of the split. Sentences of a document lie in several parts.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations, anonymous_rater
from thymos.affect.scheme import Construct, Scheme
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    find_file,
    numbers,
    read_cells,
    read_lines,
    require_columns,
)
from thymos.files import files_sha256

PARTS = ("train", "dev", "test")
AXES = {"V": "valence", "A": "arousal", "D": "dominance"}

READER_SCHEME = get_scheme("emobank_vad")
WRITER_SCHEME = replace(READER_SCHEME, name="emobank_vad_writer", construct=Construct.EXPRESSED)
PERSPECTIVES = {"reader": READER_SCHEME, "writer": WRITER_SCHEME}

CARD = Card(
    slug="emobank",
    title="EmoBank",
    description="English sentences of several genres with every single rating of valence, arousal and dominance, from "
    "the writer's and the reader's perspective.",
    source="https://github.com/JULIELab/EmoBank",
    citation="Buechel, Hahn. EmoBank: studying the impact of annotation perspective and representation format on "
    "dimensional emotion analysis. EACL 2017.",
    licence="CC BY-SA 4.0",
    redistribution=True,
    consent_basis="Published texts (MASC, SemEval headlines); raters are anonymous crowd workers.",
    intended_use="Research on dimensional emotion in text and on perspectives of annotation.",
    prohibited_use="Profiling the writers of the texts; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "Ratings have no rater identity: slots cannot be followed across sentences.",
        "Individual ratings are unfiltered; the means of emobank.csv come from filtered ones.",
        "Writer and reader ratings are two constructs: do not pool them unless you say so.",
        "The official split cuts through documents.",
        "Three e-mail addresses stand in the text of the public e-mail genre.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read sentences and single ratings; items carry text, part, document, genre and the released weighted means."""
    raw_path = _find(folder, "raw.csv")
    gold_path = _find(folder, "emobank.csv")
    meta_path = _find(folder, "meta.tsv")
    rating_paths = {name: _find(folder, f"individual_{name}_ratings.csv") for name in PERSPECTIVES}
    items = _items(raw_path, gold_path, meta_path)
    ratings = [_ratings(path, PERSPECTIVES[name], items) for name, path in rating_paths.items()]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(
            pd.concat(ratings, ignore_index=True), tuple(PERSPECTIVES.values()), where=str(raw_path.parent)
        ),
        splits={"official": Split.from_column("official", items["part"], items, ("document",))},
        card=CARD,
        sha256=files_sha256(folder, [raw_path, gold_path, meta_path, *rating_paths.values()]),
        groups=("document",),
    )


def _find(folder: Path, name: str) -> Path:
    return find_file(folder, f"corpus/{name}", name)


def _items(raw_path: Path, gold_path: Path, meta_path: Path) -> pd.DataFrame:
    raw = read_cells(raw_path)
    require_columns(raw, ["id", "text"], where=str(raw_path))
    check_unique(raw["id"], where=raw_path, what="sentence id")
    items = raw[["id", "text"]].set_index("id").rename_axis(index="item")
    gold = read_cells(gold_path)
    require_columns(gold, ["id", "split", *AXES], where=str(gold_path))
    check_unique(gold["id"], where=gold_path, what="sentence id")
    check_vocabulary(gold["id"], set(items.index), where=gold_path, what="sentence id")
    check_vocabulary(gold["split"], PARTS, where=gold_path, what="part")
    items["part"] = gold.set_index("id")["split"].reindex(items.index)
    for letter, axis in AXES.items():
        means = numbers(gold[letter], where=gold_path, low=1, high=5)
        items[axis] = pd.Series(means.to_numpy(), index=gold["id"]).reindex(items.index)
    meta = read_lines(meta_path, ("id", "document", "category", "subcategory"), header=True, optional=1)
    check_unique(meta["id"], where=meta_path, what="sentence id")
    by_id = meta.set_index("id").reindex(items.index)
    items["document"] = by_id["document"]
    items["genre"] = by_id["category"]
    return items


def _ratings(path: Path, scheme: Scheme, items: pd.DataFrame) -> pd.DataFrame:
    table = read_cells(path)
    require_columns(table, ["id", *AXES], where=str(path))
    check_vocabulary(table["id"], set(items.index), where=path, what="sentence id")
    slot = table.groupby("id", sort=False).cumcount()
    names = {number: anonymous_rater(number) for number in slot.unique()}
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "item": table["id"],
                    "rater": slot.map(names),
                    "scheme": scheme.name,
                    "label": axis,
                    "value": numbers(table[letter], where=path, low=1, high=5),
                }
            )
            for letter, axis in AXES.items()
        ],
        ignore_index=True,
    )


def _part(part: str, count: int) -> Published:
    return Published(f"{part} sentences", count, lambda corpus: int((corpus.items["part"] == part).sum()))


def _rating_count(perspective: str, count: int) -> Published:
    def measure(corpus: Corpus) -> int:
        table = corpus.rated().table
        return int(((table["scheme"] == PERSPECTIVES[perspective].name) & (table["label"] == "valence")).sum())

    return Published(f"single {perspective} ratings", count, measure)


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("sentences with text", 10548, lambda corpus: len(corpus.items)),
        Published("sentences in the split", 10062, lambda corpus: int(corpus.items["part"].notna().sum())),
        _part("train", 8062),
        _part("dev", 1000),
        _part("test", 1000),
        _rating_count("reader", 53055),
        _rating_count("writer", 53118),
    ),
)
