"""Faces with votes: which are kept, their shares and labels, and duplicates across the parts."""

from pathlib import Path

import numpy as np
import pytest

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.perceive.face.examples import distinct_parts, face_examples
from thymos.testing.layouts import write_official_layout


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = write_official_layout("ferplus", tmp_path_factory.mktemp("ferplus"), layout="strips")
    return get_reader("ferplus").read(folder)


def test_shares_and_labels(corpus: Corpus) -> None:
    found = face_examples(corpus, "train")
    votes = corpus.rated().votes(exclude=False)
    assert len(found) == len(found.shares) == len(found.labels) == len(found.pictures) > 5
    assert np.allclose(found.shares.sum(axis=1), 1)
    assert list(found.shares.columns) == sorted(found.shares.columns)
    assert "unknown" not in found.shares.columns
    for item in found.shares.index:
        own = votes.loc[item].where(votes.loc[item] > 1, 0)
        emotions = own[list(found.shares.columns)]
        assert np.allclose(found.shares.loc[item], emotions / emotions.sum())
        assert emotions.sum() > own.sum() / 2
        majority = emotions.max() > own.sum() / 2
        assert (found.labels[item] == emotions.idxmax()) if majority else found.labels[item] is None


def test_take(corpus: Corpus) -> None:
    found = face_examples(corpus, "train")
    some = found.take(np.array([2, 0]))
    assert list(some.shares.index) == [found.shares.index[2], found.shares.index[0]]
    assert np.array_equal(some.pictures[1], found.pictures[0])
    assert face_examples(corpus, "train", without=[found.shares.index[0]]).shares.index[0] == found.shares.index[1]


def test_no_picture_stands_in_two_parts(corpus: Corpus) -> None:
    parts, doubled = distinct_parts(corpus)
    seen = [{picture.tobytes() for picture in parts[part].pictures} for part in ("train", "valid", "test")]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    # The twin holds one face twice, in train and in test: train loses it, test keeps it and says so.
    assert len(doubled["test"]) == len(doubled["train"]) == 1
    assert doubled["train"][0] not in parts["train"].shares.index


def test_nothing_left(corpus: Corpus) -> None:
    with pytest.raises(BadInput, match="no picture"):
        face_examples(corpus, "test", without=list(corpus.items.index))


@pytest.mark.data
def test_counts_of_the_policy(data_root: Path) -> None:
    corpus = get_reader("ferplus").read(data_root / "ferplus")
    test = face_examples(corpus, "test")
    assert int(test.labeled.sum()) == 3_152
    assert len(test) == 3_551
