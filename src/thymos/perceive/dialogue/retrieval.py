"""Retrieved demonstrations: what labels do the nearest known utterances have?

Nothing leaks: an utterance never retrieves itself, a turn of its own dialogue, or an equal text where that is asked
for; ``check_no_leak`` says so about a finished retrieval.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
BLOCK = 1024  # queries that are compared at once


@dataclass(frozen=True)
class Demonstrations:
    """Utterances with labels that may be retrieved.

    Args:
        ids: of the utterances.
        dialogues: of the utterances, "" for sentences without one.
        texts: of the utterances.
        labels: of the utterances.
        vectors: shape (utterances, dimension), rows of length 1.
    """

    ids: tuple[str, ...]
    dialogues: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    vectors: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        sizes = {len(self.ids), len(self.dialogues), len(self.texts), len(self.labels), len(self.vectors)}
        if len(sizes) != 1 or not self.ids:
            raise BadInput("ids, dialogues, texts, labels and vectors must be of one length", where="demonstrations")


@dataclass(frozen=True)
class Retrieved:
    """The nearest demonstrations of each query.

    Args:
        places: shape (queries, k): positions in the demonstrations, -1 where there were too few.
        similarities: cosines, shape (queries, k); 0 where there were too few.
    """

    places: npt.NDArray[np.int64]
    similarities: Floats


def plain(text: str) -> str:
    """A text without case, marks and doubled spaces: what counts as equal."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def retrieve(
    known: Demonstrations,
    ids: Sequence[str],
    dialogues: Sequence[str],
    texts: Sequence[str],
    vectors: npt.NDArray[np.float32],
    *,
    k: int = 3,
    equal_texts: bool = False,
) -> Retrieved:
    """The k nearest demonstrations by cosine, none of the query's own dialogue.

    Args:
        known: what may be retrieved.
        ids: of the queries.
        dialogues: of the queries, "" where there is none.
        texts: of the queries.
        vectors: of the queries, rows of length 1.
        k: how many.
        equal_texts: whether a demonstration may have the query's own text; short texts are often equal by chance, so
            without this the vote cannot look an answer up.

    Raises:
        BadInput: lengths that differ, k below 1.
    """
    if not len(ids) == len(dialogues) == len(texts) == len(vectors) or k < 1:
        raise BadInput("ids, dialogues, texts and vectors must be of one length, and k at least 1", where="retrieval")
    forms = np.unique([*map(plain, known.texts), *map(plain, texts)], return_inverse=True)[1]
    names = np.unique([*known.dialogues, *dialogues, ""], return_inverse=True)[1]
    numbers = np.unique([*known.ids, *ids], return_inverse=True)[1]
    size = len(known.ids)
    no_dialogue = names[-1]
    places = np.full((len(ids), k), -1)
    similarities = np.zeros((len(ids), k))
    for start in range(0, len(ids), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(ids)))
        cosines = (vectors[rows] @ known.vectors.T).astype(float)
        own = names[size + rows][:, None]
        forbidden = (names[:size] == own) & (own != no_dialogue)
        forbidden |= numbers[:size] == numbers[size + rows][:, None]
        if not equal_texts:
            forbidden |= forms[:size] == forms[size + rows][:, None]
        cosines[forbidden] = -np.inf
        count = min(k, size)
        some = np.sort(np.argpartition(-cosines, count - 1, axis=1)[:, :count], axis=1)
        order = np.argsort(-np.take_along_axis(cosines, some, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(some, order, axis=1)
        near = np.take_along_axis(cosines, best, axis=1)
        there = np.isfinite(near)
        places[rows, :count] = np.where(there, best, -1)
        similarities[rows, :count] = np.where(there, near, 0.0)
    return Retrieved(places, similarities)


def check_no_leak(
    known: Demonstrations,
    found: Retrieved,
    ids: Sequence[str],
    dialogues: Sequence[str],
    texts: Sequence[str] | None = None,
) -> None:
    """No query retrieved itself or its own dialogue, nor an equal text where texts are given; BadInput otherwise."""
    for row, places in enumerate(found.places):
        for place in places[places >= 0]:
            if known.ids[place] == ids[row]:
                raise BadInput(f"{ids[row]!r} retrieved itself", where="retrieval")
            if dialogues[row] and known.dialogues[place] == dialogues[row]:
                raise BadInput(f"{ids[row]!r} retrieved its own dialogue", where="retrieval")
            if texts is not None and plain(known.texts[place]) == plain(texts[row]):
                raise BadInput(f"{ids[row]!r} retrieved an equal text", where="retrieval")


def votes(found: Retrieved, known: Demonstrations, classes: Sequence[str], *, sharpness: float = 10.0) -> Floats:
    """Shares of the labels among what was retrieved, nearer ones counting more; even where nothing was found.

    Args:
        found: see ``retrieve``.
        known: the demonstrations; labels outside ``classes`` do not count.
        classes: the columns.
        sharpness: a demonstration counts ``exp(sharpness * cosine)``.
    """
    column = {name: place for place, name in enumerate(classes)}
    codes = np.asarray([column.get(label, -1) for label in known.labels])
    shares = np.zeros((len(found.places), len(classes)))
    for row, places in enumerate(found.places):
        for place, cosine in zip(places, found.similarities[row], strict=True):
            if place >= 0 and codes[place] >= 0:
                shares[row, codes[place]] += np.exp(sharpness * cosine)
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.where(total > 0, total, 1), 1 / len(classes))
