"""Faces of FER+ for studies that train small networks: a stratified part of train, all of valid and test.

Equal pictures never stand in two parts: copies of valid and test pictures leave train, copies of test pictures leave
valid. Equal pictures inside the test part stay and are one cluster of the bootstrap.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.pictures import load_image
from thymos.corpora.registry import corpus_folder
from thymos.errors import Unavailable
from thymos.measure.metric import Prepared
from thymos.measure.resampling import Calls, pair_prepared
from thymos.studies._clustered_rows import clustered_row
from thymos.studies.contract import Context, Row, Settings

CORPUS = "ferplus"
PARTS = ("test", "valid", "train")  # in the order in which they keep a picture that stands in several
SPLIT = "official, part of train"
GUARANTEE = "no picture in two parts; people unknown"


class Faces(NamedTuple):
    """One part.

    Attributes:
        pictures: shape (n, side, side), uint8.
        votes: shape (n, labels), with the excluded labels.
        excluded: shape (labels,), votes that are no emotion (unknown, not a face).
        classes: the emotions, in the order of the votes without the excluded.
        clusters: a number a picture; equal pictures share it.
    """

    pictures: npt.NDArray[np.uint8]
    votes: npt.NDArray[np.int64]
    excluded: npt.NDArray[np.bool_]
    classes: tuple[str, ...]
    clusters: npt.NDArray[np.int64]

    @property
    def emotions(self) -> npt.NDArray[np.int64]:
        """Votes for the emotions only."""
        return self.votes[:, ~self.excluded]

    def part(self, keep: npt.NDArray[np.bool_]) -> "Faces":
        """The pictures where ``keep`` is true."""
        return self._replace(pictures=self.pictures[keep], votes=self.votes[keep], clusters=self.clusters[keep])


_last: dict[tuple[Any, ...], dict[str, Faces]] = {}  # what was read last: several arms of one run ask for the same


def ferplus_faces(ctx: Context, *, side: int, most: dict[str, int]) -> dict[str, Faces]:
    """The parts train, valid and test; what was read last is kept in memory (about 15 MB).

    Args:
        ctx: of the study.
        side: pixels; pictures are shrunk by area means.
        most: part name to the largest number of pictures, drawn in the proportions of the plurality emotions; a part
            that is not named is taken whole. The draw depends on the seed of the settings.

    Raises:
        Unavailable: the copy has no pictures.
    """
    corpus = ctx.corpus(CORPUS)
    key = (corpus.sha256, side, tuple(sorted(most.items())), ctx.settings.seed)
    if key not in _last:
        _last.clear()
        _last[key] = _read(corpus, side, most, ctx.settings.seed)
    return _last[key]


def _read(corpus: Corpus, side: int, most: dict[str, int], seed: int) -> dict[str, Faces]:
    scheme = corpus.rated().scheme()
    votes = corpus.rated().votes(exclude=False).reindex(corpus.items.index).fillna(0).astype(np.int64)
    excluded = np.array([label in scheme.exclude for label in votes.columns])
    emotions = votes.to_numpy()[:, ~excluded]
    usable = (corpus.items["image_path"] != "").to_numpy() & (emotions.sum(axis=1) > 0)
    if not usable.any():
        raise Unavailable("ferplus: this copy has no pictures, only votes")
    top = pd.Series(emotions.argmax(axis=1), index=corpus.items.index)
    taken: set[str] = set()
    parts: dict[str, Faces] = {}
    for part in PARTS:
        items = corpus.items.index[usable & (corpus.items["part"] == part).to_numpy()]
        if part in most:
            items = stratified(top.loc[items], most[part], seed)
        pictures = np.stack([load_image(corpus, str(item)) for item in items])
        names = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]
        fresh = np.array([name not in taken for name in names])
        if part == "train":
            fresh &= ~pd.Series(names).duplicated().to_numpy()
        taken |= set(names)
        parts[part] = Faces(
            shrunk(pictures, side),
            votes.loc[items].to_numpy(),
            excluded,
            tuple(name for name, out in zip(votes.columns, excluded, strict=True) if not out),
            pd.factorize(pd.Series(names))[0].astype(np.int64),
        ).part(fresh)
    return parts


def without_pictures(settings: Settings) -> str:
    """Why arms that need pictures are left out, or an empty string."""
    try:
        folder = corpus_folder(CORPUS, settings.data)
    except Unavailable as error:
        return str(error)
    found = any((folder / name).exists() for name in ("strips", "fer2013.csv", "FER2013Train"))
    return "" if found else "this copy of ferplus has votes only, no pictures"


def shrunk(pictures: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Pictures of another size, by area means."""
    return np.stack([cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in pictures])


def face_row(
    ctx: Context,
    prepared: Prepared,
    clusters: npt.NDArray[np.int64],
    *,
    seeds: Sequence[int],
    split: str = SPLIT,
    guarantee: str = GUARANTEE,
    centered: bool = False,
    **row: Any,
) -> Row:
    """A row with an interval over pictures; see ``clustered_row``."""
    return clustered_row(
        ctx, prepared, clusters, seeds=seeds, split=split, guarantee=guarantee, centered=centered, **row
    )


def difference_of(first: Prepared, second: Prepared) -> Prepared:
    """The first score minus the second, over the same pictures."""
    _, _, difference = pair_prepared(first, second)
    if isinstance(difference, Calls):
        raise TypeError("prepared scores are needed")
    return difference


def stratified(labels: pd.Series, most: int, seed: int) -> pd.Index:
    """At most so many items, each class in its proportion (at least one item), in the order of the corpus."""
    if len(labels) <= most:
        return labels.index
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for label in sorted(labels.unique()):
        places = np.flatnonzero((labels == label).to_numpy())
        size = max(1, round(most * len(places) / len(labels)))
        chosen += rng.choice(places, size=size, replace=False).tolist()
    return labels.index[np.sort(chosen)]
