"""One training set out of several face corpora, with label maps and a column that says where each face is from.

Each corpus has its own classes, annotators and way of taking pictures. Classes that a corpus lacks are a trap: a
network can then tell the corpus instead of the expression ("neutral" is never CK+). By default such classes are left
out, and scores are given source by source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.maps import LabelMap
from thymos.corpora.corpus import Corpus
from thymos.corpora.pictures import load_image
from thymos.errors import BadInput
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.media.pictures import read_gray
from thymos.perceive.face.recognizer import faces_of

CLASSES = ("common", "all")


@dataclass(frozen=True)
class FaceSource:
    """What is taken from one corpus.

    Args:
        corpus: with the item column ``image_path``, and ``image_row`` where many faces share a file.
        label_map: from its labels to the common ones; None where they are the common ones.
        items: the items to take, e.g. a part of its split; None for all.
        group: item column of what must stay together (subject, sequence); "" where people are not known.
    """

    corpus: Corpus
    label_map: LabelMap | None = None
    items: Sequence[str] | None = None
    group: str = ""


@dataclass(frozen=True)
class MergedFaces:
    """Faces of several corpora.

    Args:
        items: one row a face, indexed ``<source>/<item>``; columns source, item, label, group.
        pictures: shape (n, 48, 48), uint8, in the order of the items.
        classes: sorted labels.
        dropped: by source, how many faces were left out because their label is not among the classes.
    """

    items: pd.DataFrame
    pictures: npt.NDArray[np.uint8]
    classes: tuple[str, ...]
    dropped: Mapping[str, int]

    def shares(self, smoothing: float = 0.0) -> pd.DataFrame:
        """One-hot labels as shares, for training; ``smoothing`` spreads so much evenly over all classes."""
        hot = (self.items["label"].to_numpy()[:, None] == np.asarray(self.classes)[None]).astype(float)
        values = hot * (1 - smoothing) + smoothing / len(self.classes)
        return pd.DataFrame(values, index=self.items.index, columns=list(self.classes))


def merge_faces(sources: Mapping[str, FaceSource], *, classes: str = "common") -> MergedFaces:
    """Put the faces of several corpora together; each gets the label that most of its raters chose.

    Args:
        sources: by name; the name goes into the column ``source``.
        classes: ``"common"`` keeps the classes that every source has at least once; ``"all"`` keeps every class.

    Raises:
        BadInput: no source, an unknown item or group column, fewer than two classes left.
    """
    if classes not in CLASSES:
        raise BadInput(f"classes is {classes!r}", mend=f"use {' or '.join(CLASSES)}")
    if not sources:
        raise BadInput("there is no source", where="sources", mend="pass at least one corpus")
    tables = {name: _labeled(name, source) for name, source in sources.items()}
    present = [set(table["label"]) for table in tables.values()]
    kept = sorted(set.intersection(*present) if classes == "common" else set.union(*present))
    if len(kept) < 2:
        raise BadInput(
            f"the sources share {len(kept)} classes", where=", ".join(sources), mend="map their labels to common ones"
        )
    dropped = {name: int((~table["label"].isin(kept)).sum()) for name, table in tables.items()}
    tables = {name: table[table["label"].isin(kept)] for name, table in tables.items()}
    pictures = [_face(sources[name].corpus, item) for name, table in tables.items() for item in table["item"]]
    return MergedFaces(pd.concat(tables.values()), np.stack(pictures), tuple(kept), dropped)


def scores_by_source(
    metric: str,
    gold: Sequence[str] | pd.Series,
    predicted: Sequence[str] | pd.Series,
    sources: Sequence[str] | pd.Series,
    groups: Sequence[Any] | pd.Series,
    *,
    resamples: int = 10_000,
) -> dict[str, Interval]:
    """A score of each source alone, over the labels that occur in its gold, with an interval over groups.

    A prediction of another label is a miss.

    Args:
        metric: accuracy, macro_f1, uar or another metric of labels.
        gold: labels.
        predicted: labels, in the same order.
        sources: where each face is from.
        groups: what is drawn together, e.g. ``MergedFaces.items["group"]``.
        resamples: of the bootstrap.
    """
    frame = pd.DataFrame(
        {"gold": list(gold), "predicted": list(predicted), "source": list(sources), "group": list(groups)}
    )
    found = {}
    for name, part in frame.groupby("source", sort=False):
        options = {} if metric == "accuracy" else {"labels": sorted(part["gold"].unique()), "outside": "miss"}
        found[str(name)] = bootstrap_interval(
            metric, (part["gold"], part["predicted"]), part["group"], resamples=resamples, options=options
        )
    return found


def _labeled(name: str, source: FaceSource) -> pd.DataFrame:
    """The faces of one source that have a picture and a label with a counterpart."""
    corpus = source.corpus
    items = corpus.items if source.items is None else corpus.items.reindex(list(source.items))
    if items["image_path"].isna().any():
        raise BadInput(f"there is no item {items.index[items['image_path'].isna()][0]!r}", where=corpus.slug)
    if source.group and source.group not in items.columns:
        raise BadInput(f"there is no column {source.group!r}", where=corpus.slug, mend="name a group of its items")
    labels = corpus.rated().plurality()
    if source.label_map is not None:
        labels = source.label_map.apply(labels)
    labels = labels.reindex(items.index)
    usable = labels.notna() & (items["image_path"] != "")
    chosen = items.index[usable]
    groups = items.loc[chosen, source.group].astype(str) if source.group else pd.Series(chosen, index=chosen)
    table = pd.DataFrame(
        {"source": name, "item": chosen, "label": labels[chosen].astype(object), "group": f"{name}/" + groups}
    )
    return table.set_axis(pd.Index([f"{name}/{item}" for item in chosen], name="item"))


def _face(corpus: Corpus, item: str) -> npt.NDArray[np.uint8]:
    """A gray face of 48 x 48, whatever its size in the corpus."""
    if "image_row" in corpus.items.columns and int(corpus.items["image_row"][item]) >= 0:
        return load_image(corpus, item)
    return faces_of([read_gray(str(corpus.items["image_path"][item]))])[0]
