"""What is in a corpus, as plain values: for the command line, for reports, and for a first look in a notebook."""

from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.corpora.corpus import Corpus
from thymos.corpora.split import Split

SNIPPET = 60  # characters; texts of a corpus are never printed whole


def describe(corpus: Corpus, examples: int = 3) -> dict[str, Any]:
    """Size, splits, schemes, raters, label distribution, groups, tables and the first fields of a corpus.

    Args:
        corpus: the corpus.
        examples: how many items to show, each field cut to 60 characters.

    Returns:
        Values that can be written as JSON.
    """
    return {
        "slug": corpus.slug,
        "title": corpus.card.title,
        "simulated": corpus.simulated,
        "sha256": corpus.sha256,
        "items": len(corpus.items),
        "columns": [str(column) for column in corpus.items.columns],
        "groups": {group: int(corpus.items[group].nunique()) for group in corpus.groups},
        "splits": [_split(split, corpus) for split in corpus.splits.values()],
        "schemes": [] if corpus.annotations is None else _schemes(corpus.annotations),
        "tables": {name: {"rows": len(t), "columns": [str(c) for c in t.columns]} for name, t in corpus.tables.items()},
        "examples": [
            {"item": str(item), **{str(name): snippet(value) for name, value in row.items()}}
            for item, row in corpus.items.head(examples).iterrows()
        ],
    }


def snippet(value: Any, length: int = SNIPPET) -> str:
    """A value as one short line."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "-"
    text = " ".join(str(value).split())
    return text if len(text) <= length else text[: length - 1] + "…"


def texts_in_several_parts(split: Split, items: pd.DataFrame) -> int:
    """How many different texts stand, letter for letter, in more than one part; 0 without a text column."""
    if "text" not in items.columns or len(split.parts) < 2:
        return 0
    part_of = pd.Series({item: part for part, ids in split.parts.items() for item in ids})
    texts = items["text"].reindex(part_of.index)
    parts = pd.DataFrame({"text": texts, "part": part_of}).dropna().drop_duplicates()
    return int((parts["text"].value_counts() > 1).sum())


def _split(split: Split, corpus: Corpus) -> dict[str, Any]:
    return {
        "name": split.name,
        "parts": {part: len(ids) for part, ids in split.parts.items()},
        "unassigned": len(corpus.items) - sum(len(ids) for ids in split.parts.values()),
        "guarantee": split.guarantee,
        "hash": split.hash,
        "texts_in_several_parts": texts_in_several_parts(split, corpus.items),
    }


def _schemes(annotations: Annotations) -> list[dict[str, Any]]:
    table = annotations.table
    described = []
    for name, scheme in annotations.schemes.items():
        part = table[table["scheme"] == name]
        raters = [str(rater) for rater in part["rater"].cat.remove_unused_categories().cat.categories]
        labels: dict[str, Any]
        if scheme.is_nominal:
            shares = part["label"].value_counts(normalize=True)
            labels = {label: round(float(shares.get(label, 0.0)), 4) for label in scheme.labels}
        else:
            means = part.groupby("label", observed=True)["value"].agg(["mean", "std"])
            labels = {
                str(label): {"mean": round(float(row["mean"]), 3), "sd": round(float(row["std"]), 3)}
                for label, row in means.iterrows()
            }
        described.append(
            {
                "name": name,
                "kind": str(scheme.kind),
                "construct": str(scheme.construct),
                "range": list(scheme.range) if scheme.range else None,
                "ratings": len(part),
                "items": int(part["item"].nunique()),
                "raters": len(raters),
                "raters_identified": not any(rater.startswith("?") for rater in raters),
                "labels": labels,
            }
        )
    return described
