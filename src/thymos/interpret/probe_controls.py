"""The control task of Hewitt and Liang: what a probe reaches on random labels, and how much its accuracy is above that.

A probe that reads an emotion off a state shows that the state holds it, and also what the probe itself can learn.
Labels drawn at random by type hold nothing that a model could know, so what a probe reaches on them is its own doing.
Selectivity is accuracy minus that (Hewitt and Liang, EMNLP 2019).
"""

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.interpret.probes import Probe
from thymos.measure.inputs import same_length

Labels = npt.NDArray[np.object_]


def control_labels(types: Iterable[Hashable], classes: Sequence[str], seed: int = 0) -> Labels:
    """A random label for each type: the control task of Hewitt and Liang.

    The label depends on the type and the seed alone, so that a type that stands in train and in test has one label.

    Args:
        types: what the labels hang on, one an item: the whole text (nothing carries over to new texts), or something
            that returns in other texts, such as the last word (what a probe can learn by heart).
        classes: the labels to draw from, each as likely.
        seed: another seed gives another task.

    Example:
        >>> control_labels(["so glad", "so sad", "so glad"], ("joy", "fear"), seed=1).tolist()
        ['fear', 'joy', 'fear']
    """
    if len(set(classes)) < 2:
        raise BadInput("there is a single class", where="control_labels", mend="pass at least 2 classes")
    drawn = [hashlib.sha256(f"{seed}\0{kind}".encode()).digest() for kind in types]
    labels = np.empty(len(drawn), dtype=object)
    labels[:] = [classes[int.from_bytes(digest[:8], "big") % len(classes)] for digest in drawn]
    return labels


class ControlScores(NamedTuple):
    """A probe on its control task.

    Args:
        accuracy: on the control labels of items that it was not trained on.
        memorized: on those of its own training items.
        hits: shape (test items,), which control labels were found.
    """

    accuracy: float
    memorized: float
    hits: npt.NDArray[np.bool_]


def control_scores(
    probe: Probe,
    classes: Sequence[str],
    train: tuple[npt.ArrayLike, Sequence[Hashable]],
    test: tuple[npt.ArrayLike, Sequence[Hashable]],
    *,
    seed: int = 0,
) -> ControlScores:
    """Fit a twin of a probe on control labels.

    Args:
        probe: with the parameters of the probe that is controlled; it is not changed.
        classes: labels of the control task, as many as the task has.
        train: states of shape (items, width), and the type of each item, see ``control_labels``.
        test: the same of other items.
        seed: of the control labels.

    Raises:
        BadInput: see ``Probe.fit``; test states of another width.
    """
    labels = control_labels(train[1], classes, seed)
    twin = clone(probe).fit(train[0], labels)
    hits = twin.predict(test[0]) == control_labels(test[1], classes, seed)
    return ControlScores(float(hits.mean()), float((twin.predict(train[0]) == labels).mean()), hits)


def selectivity(hits: npt.ArrayLike, control: ControlScores) -> float:
    """Accuracy minus control accuracy on the same test items.

    Args:
        hits: shape (test items,), whether the probe found each label (or how often, over seeds).
        control: the same probe on the control task.
    """
    found = np.asarray(hits, dtype=np.float64)
    same_length(hits=found, control=control.hits)
    return float(found.mean() - control.accuracy)
