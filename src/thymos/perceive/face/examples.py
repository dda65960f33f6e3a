"""Faces with the votes of many raters as training and test sets, under stated label policies.

For FER+ (card 31, 36, 38): targets of training are the shares of the eight emotions among the ten votes, single votes
dropped as the authors do; test labels are those of the authors' majority policy (``thymos.affect.policies``). 556
groups of FER2013 pictures share all pixels across the official parts: ``distinct_parts`` takes such pictures out of
the earlier part, so that nothing is trained or chosen on a picture that is tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.policies import apply_policy, without_single_votes
from thymos.corpora.corpus import Corpus
from thymos.corpora.pictures import SIDE, exact_duplicates, load_image
from thymos.errors import BadInput

PARTS = ("train", "valid", "test")
POLICY = "majority"


@dataclass(frozen=True)
class FaceExamples:
    """Pictures with soft labels.

    Args:
        pictures: shape (n, 48, 48), uint8.
        shares: one row a picture, indexed by item; one column an emotion, sorted; rows sum to 1.
        labels: the label of the policy, None where it drops the picture; indexed by item.
    """

    pictures: npt.NDArray[np.uint8]
    shares: pd.DataFrame
    labels: pd.Series

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def labeled(self) -> npt.NDArray[np.bool_]:
        """Which pictures the policy keeps."""
        return np.asarray(self.labels.notna())

    def take(self, chosen: npt.NDArray) -> "FaceExamples":
        """Some of the pictures, by position or mask."""
        return FaceExamples(self.pictures[chosen], self.shares.iloc[chosen], self.labels.iloc[chosen])


def face_examples(corpus: Corpus, part: str, *, policy: str = POLICY, without: Sequence[str] = ()) -> FaceExamples:
    """The pictures of one official part whose votes are mostly for emotions.

    Args:
        corpus: FER+, or a corpus of faces with the same columns and vote counts.
        part: train, valid or test.
        policy: how test labels are made, a name of ``thymos.affect.policies.POLICIES``.
        without: items to leave out, e.g. duplicates.

    Returns:
        Pictures that are in this copy and for which more than half of the votes name an emotion, single votes not
        counted.

    Raises:
        BadInput: no such picture.
    """
    items = corpus.part(part)
    items = items[(items["image_path"] != "") & ~items.index.isin(list(without))]
    votes = corpus.rated().votes(exclude=False).reindex(items.index).fillna(0)
    excluded = np.array([label in corpus.rated().scheme().exclude for label in votes.columns])
    counts = votes.to_numpy(dtype=np.int64)
    agreed = without_single_votes(counts)
    emotions = agreed[:, ~excluded]
    usable = 2 * emotions.sum(axis=1) > agreed.sum(axis=1)
    if not usable.any():
        raise BadInput(f"part {part!r} has no picture with votes for an emotion", where=corpus.slug)
    names = votes.columns[~excluded]
    emotions = emotions[usable]
    shares = pd.DataFrame(
        emotions / emotions.sum(axis=1, keepdims=True), index=items.index[usable], columns=names
    ).sort_index(axis=1)
    chosen = apply_policy(counts[usable], excluded, policy)
    best = np.asarray(names, dtype=object)[np.nan_to_num(chosen, nan=-1.0).argmax(axis=1)]
    labels = pd.Series(np.where(np.isnan(chosen).any(axis=1), None, best), index=shares.index, dtype=object)
    pictures = np.stack([load_image(corpus, str(item)) for item in shares.index])
    return FaceExamples(pictures.reshape(-1, SIDE, SIDE), shares, labels)


def distinct_parts(corpus: Corpus, *, policy: str = POLICY) -> tuple[Mapping[str, FaceExamples], dict[str, list[str]]]:
    """All parts, without the pictures of a part that stand in a later part too.

    Returns:
        The parts by name; and by part, the items that share all pixels with an item of another part (of the test
        part these stay in, so that scores can be given with and without them).
    """
    doubled = exact_duplicates(corpus)
    crossing = doubled[doubled["crosses"]]
    of_part = {part: set(crossing.index[crossing["part"] == part]) for part in PARTS}
    groups = {part: set(crossing["group"][list(of_part[part])]) for part in PARTS}
    left_out = {
        "train": {item for item in of_part["train"] if crossing["group"][item] in groups["valid"] | groups["test"]},
        "valid": {item for item in of_part["valid"] if crossing["group"][item] in groups["test"]},
        "test": set[str](),
    }
    parts = {part: face_examples(corpus, part, policy=policy, without=sorted(left_out[part])) for part in PARTS}
    return parts, {part: sorted(of_part[part]) for part in PARTS}
