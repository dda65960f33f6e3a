"""GoEmotions: English Reddit comments with 27 emotions and neutral, several labels possible.

Source: google-research/google-research, ``goemotions/data``: ``train.tsv``, ``dev.tsv``, ``test.tsv``,
``emotions.txt`` (in ``data/`` or the folder itself), and, where the user has it, the raw release
``full_dataset/goemotions_1.csv`` .. ``_3.csv``. Paper: Demszky et al., ACL 2020. Licence: Apache-2.0.
Layout: the .tsv files have no header and three tab-separated fields: text, comma-joined label numbers (line numbers
of emotions.txt from 0), comment id; quotes are text. 43,410 / 5,426 / 5,427 comments. The raw files hold one row a
rating: text, id, author, subreddit, link_id, parent_id, created_utc, rater_id, example_very_unclear, 28 label columns
of 0 and 1; 58,009 comments (README of the release).
Item ids: the comment id. With the raw files, comments that the filter of the release dropped are items without a
part, and two schemes stand side by side: ``goemotions28`` (rater "gold": labels that at least two raters chose) and
``goemotions28_raters`` (each rater; "unclear" where a rater chose nothing).
Traps: the labels of the .tsv files are already filtered by agreement, so they look easier than raters find the
comments; grief, pride and relief are tiny; [NAME] and [RELIGION] are masks; offensive language. Authors and threads,
known from the raw files only, cross the official split.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Scheme
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
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

PARTS = ("train", "dev", "test")
RAW_FOLDERS = ("data/full_dataset", "full_dataset", "data", "")
RAW_COLUMNS = ("text", "id", "author", "subreddit", "link_id", "rater_id", "example_very_unclear")
UNCLEAR = "unclear"

SCHEME = get_scheme("goemotions28")
RATER_SCHEME = replace(SCHEME, name="goemotions28_raters", labels=(*SCHEME.labels, UNCLEAR), exclude=(UNCLEAR,))

CARD = Card(
    slug="goemotions",
    title="GoEmotions",
    description="English Reddit comments, each with one or more of 27 emotions or neutral.",
    source="https://github.com/google-research/google-research/tree/master/goemotions",
    citation="Demszky, Movshovitz-Attias, Ko, Cowen, Nemade, Ravi. GoEmotions: a dataset of fine-grained emotions. "
    "ACL 2020.",
    licence="Apache-2.0",
    redistribution=True,
    consent_basis="Public comments; the authors were not asked. Names and religions are masked.",
    intended_use="Research on fine-grained emotion recognition in text and on rater agreement.",
    prohibited_use="Profiling authors of comments; hiring, schooling or policing.",
    languages=("en",),
    known_traps=(
        "Labels of the .tsv files are filtered: at least two raters chose them.",
        "Rater-level data needs the raw files goemotions_1..3.csv.",
        "grief, pride and relief have very few items: macro scores on them are noisy.",
        "Authors and threads are known from the raw files only and cross the official split.",
        "Read with quoting off; [NAME] and [RELIGION] are masks; offensive language.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the filtered release and, where present, the raw ratings; items have the columns text, labels and part."""
    paths = {part: find_file(folder, f"data/{part}.tsv", f"{part}.tsv") for part in PARTS}
    names_path = find_file(folder, "data/emotions.txt", "emotions.txt")
    names = [line.strip() for line in read_text(names_path).splitlines() if line.strip()]
    if names != list(SCHEME.labels):
        raise BadInput(
            f"the {len(names)} names are not the 28 labels of GoEmotions in their order",
            where=names_path,
            mend="the label numbers depend on it: take the file of the release",
        )
    items, gold = _filtered(paths)
    raw = next((found for base in RAW_FOLDERS if (found := sorted((folder / base).glob("goemotions_*.csv")))), [])
    schemes: tuple[Scheme, ...] = (SCHEME,)
    ratings = [gold]
    if raw:
        comments, rated = _raw(raw)
        text = comments["text"].reindex(items.index)
        items = items.join(comments.drop(columns="text"), how="outer")
        items["text"] = items["text"].fillna(comments["text"]).fillna(text)
        items.index.name = "item"
        ratings.append(rated)
        schemes = (SCHEME, RATER_SCHEME)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(pd.concat(ratings, ignore_index=True), schemes, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items, ("author", "thread") if raw else ())},
        card=CARD,
        sha256=files_sha256(folder, [*paths.values(), names_path, *raw]),
        groups=("author", "thread") if raw else (),
    )


def _filtered(paths: dict[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = {str(number): label for number, label in enumerate(SCHEME.labels)}
    tables, ratings = [], []
    for part, path in paths.items():
        table = read_lines(path, ("text", "numbers", "id"))
        check_unique(table["id"], where=path, what="comment id")
        single = table["numbers"].str.split(",").explode()
        check_vocabulary(single, known, where=path, what="label number")
        single = single.map(known)
        ids = table["id"].reindex(single.index).to_numpy()
        ratings.append(pd.DataFrame({"item": ids, "rater": "gold", "scheme": SCHEME.name, "label": single.to_numpy()}))
        labels = single.groupby(level=0, sort=False).agg(",".join)
        tables.append(
            pd.DataFrame(
                {"text": table["text"].to_numpy(), "labels": labels.to_numpy(), "part": part},
                index=pd.Index(table["id"], name="item"),
            )
        )
    items = pd.concat(tables)
    if items.index.has_duplicates:
        doubled = items.index[items.index.duplicated()][0]
        raise BadInput(f"comment id {doubled!r} stands in two parts", where=paths["train"].parent)
    return items, pd.concat(ratings, ignore_index=True)


def _raw(paths: list[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The raw release: one row a comment (text, author, subreddit, thread), and the ratings."""
    comments, ratings = [], []
    for path in paths:
        table = read_cells(path)
        require_columns(table, [*RAW_COLUMNS, *SCHEME.labels], where=str(path))
        chosen = np.column_stack(
            [numbers(table[label], where=path, low=0, high=1, whole=True) for label in SCHEME.labels]
        )
        chosen = np.column_stack([chosen, chosen.sum(axis=1) == 0])  # a rater who chose nothing found it unclear
        rows, columns = np.nonzero(chosen)
        ratings.append(
            pd.DataFrame(
                {
                    "item": table["id"].to_numpy()[rows],
                    "rater": ("rater_" + table["rater_id"]).to_numpy()[rows],
                    "scheme": RATER_SCHEME.name,
                    "label": np.asarray(RATER_SCHEME.labels, dtype=object)[columns],
                }
            )
        )
        comments.append(table[["id", "text", "author", "subreddit", "link_id"]])
    every = pd.concat(comments).drop_duplicates("id").set_index("id")
    known = every["author"].where(~every["author"].isin(["[deleted]", ""]))
    every = every.assign(author=known).rename(columns={"link_id": "thread"})
    return every, pd.concat(ratings, ignore_index=True)


def _part(part: str, count: int) -> Published:
    return Published(f"{part} comments", count, lambda corpus: int((corpus.items["part"] == part).sum()))


def _raw_comments(corpus: Corpus) -> int | None:
    table = corpus.rated().table
    rated = table.loc[table["scheme"] == RATER_SCHEME.name, "item"]
    return int(rated.nunique()) if len(rated) else None


READER = Reader(
    card=CARD,
    read=read,
    published=(
        _part("train", 43410),
        _part("dev", 5426),
        _part("test", 5427),
        Published("comments in the raw files", 58009, _raw_comments, "needs goemotions_1..3.csv"),
    ),
)
