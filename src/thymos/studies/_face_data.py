"""Faces for the study of small Swin Transformers: a class-balanced part of train, labeled parts of valid and test."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput, Unavailable
from thymos.perceive.face.examples import FaceExamples, distinct_parts
from thymos.perceive.face.shipping import same_pictures
from thymos.studies.contract import Context

CORPUS = "ferplus"


class Size(NamedTuple):
    """How much is trained and tested."""

    a_class: int  # most training faces a class
    valid: int  # most faces on which the epoch is chosen
    test: int | None  # most test faces; None = all
    epochs: int


FULL = Size(1500, 1000, None, 20)
QUICK = Size(12, 60, 300, 1)


class Faces(NamedTuple):
    """What all arms train and are tested on; labels by the authors' majority policy."""

    train: FaceExamples
    valid: FaceExamples
    test: FaceExamples
    classes: tuple[str, ...]
    clusters: npt.NDArray[np.int64]  # of the test faces: equal pictures are drawn together
    fresh: npt.NDArray[np.bool_]  # of the test faces: not in train or valid of the release
    most_frequent: str  # label of the whole train part


_last: dict[tuple[str, bool, int], Faces] = {}  # several arms of one run ask for the same


def size_of(ctx: Context) -> Size:
    """The size of a full or a quick run."""
    return QUICK if ctx.settings.quick else FULL


def faces_of(ctx: Context) -> Faces:
    """The parts; what was read last is kept in memory.

    Raises:
        Unavailable: this copy has no pictures.
        BadInput: a class without a training face.
    """
    corpus, size = ctx.corpus(CORPUS), size_of(ctx)
    key = (corpus.sha256, ctx.settings.quick, ctx.settings.seed)
    if key in _last:
        return _last[key]
    if (corpus.items["image_path"] == "").all():
        raise Unavailable(f"{CORPUS}: this copy has votes only, no pictures")
    parts, doubled = distinct_parts(corpus)
    labeled = {name: part.take(np.flatnonzero(part.labeled)) for name, part in parts.items()}
    train = labeled["train"]
    frequencies = train.labels.value_counts()
    # Classes are those of the training part; in a tiny copy a test face may have another label and is then wrong.
    classes = tuple(sorted(frequencies.index))
    if len(classes) < 2:
        raise BadInput("every training face has the same label", where=CORPUS)
    rng = np.random.default_rng(ctx.settings.seed)
    chosen = np.concatenate([_some(np.flatnonzero(train.labels == name), size.a_class, rng) for name in classes])
    test = _at_most(labeled["test"], size.test, rng)
    faces = Faces(
        train.take(np.sort(chosen)),
        _at_most(labeled["valid"], size.valid, rng),
        test,
        classes,
        same_pictures(test.pictures),
        np.asarray(~test.labels.index.isin(doubled["test"])),
        str(frequencies.index[0]),
    )
    _last.clear()
    _last[key] = faces
    return faces


def one_hot(examples: FaceExamples, classes: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Labels as rows of 0 and 1; faces of a class that is not trained get even shares."""
    hot = examples.labels.to_numpy()[:, None] == np.asarray(classes, dtype=object)[None]
    rows = hot.astype(np.float32)
    rows[~hot.any(axis=1)] = 1 / len(classes)
    return rows


def _some(places: npt.NDArray, most: int, rng: np.random.Generator) -> npt.NDArray:
    return places if len(places) <= most else rng.choice(places, size=most, replace=False)


def _at_most(examples: FaceExamples, most: int | None, rng: np.random.Generator) -> FaceExamples:
    places = np.arange(len(examples))
    return examples if most is None else examples.take(np.sort(_some(places, most, rng)))
