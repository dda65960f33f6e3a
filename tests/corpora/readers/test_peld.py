"""Triples of utterances with personalities."""

import pytest

from thymos.corpora.readers.peld import TRAITS, dialogues
from thymos.corpora.registry import load_corpus

FILE = "data/Dyadic_PELD.tsv"


def test_triples(release):
    corpus = release("peld").read()
    assert len(corpus.items) == 140
    assert corpus.items.index[0] == "line2"
    assert corpus.items["speaker"].nunique() == 6
    assert (corpus.items["text"] == corpus.items["utterance_3"]).all()
    assert corpus.items[list(TRAITS)].to_numpy().min() >= 0
    sizes = {part: len(corpus.part(part)) for part in ("train", "valid", "test")}
    assert sizes == {"train": 113, "valid": 13, "test": 14}


def test_overlapping_windows_are_one_dialogue_and_stay_together(release):
    corpus = release("peld").read()
    assert corpus.items["dialogue"].nunique() == 35
    assert (corpus.items.groupby("dialogue").size() == 4).all()
    names = [set(corpus.part(part, "grouped")["dialogue"]) for part in ("train", "valid", "test")]
    assert sum(map(len, names)) == len(set.union(*names)) == 35
    assert "dialogue-independent" in corpus.split("grouped").guarantee
    assert "not dialogue-independent" in corpus.split("official").guarantee


def test_a_long_utterance_joins_triples_that_are_far_apart(release):
    items = release("peld").read().items
    far = items.copy()
    far.loc[far.index[100], ["speaker", "utterance_1"]] = far.loc[far.index[0], ["speaker", "utterance_1"]].to_numpy()
    words = len(far.loc[far.index[0], "utterance_1"].split())
    names = dialogues(far)
    assert (names[0] == names[100]) == (words >= 6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[0.3,", "[1.3,", "line 2: personality holds 1.3"),
        ("[0.3, 0.35", "[0.3", "line 2: personality .* is not a list of five numbers"),
        ("[0.3,", "[open('x'),", "line 2: personality .* is not a list of five numbers"),
        ("Speaker_1\t", "Speaker\t", "line 1: the columns are not"),
        ("\tneutral\t", "\tbored\t", "emotion 'bored'"),
        ("Partner\t", "Partner", "line 2: 11 fields found, 12 expected"),
    ],
)
def test_bad_values(release, old, new, message):
    there = release("peld")
    there.edit(FILE, old, new)
    there.refused(message)


def test_too_few_triples_cannot_be_split_as_the_authors_do(release):
    there = release("peld")
    path = there.folder / FILE
    path.write_text("\n".join(path.read_text().splitlines()[:5]) + "\n")
    there.refused("the official split cannot be drawn")


def test_the_data_at_hand(data_root):
    corpus = load_corpus("peld", data_root)
    sizes = {part: len(corpus.part(part)) for part in ("train", "valid", "test")}
    assert sizes == {"train": 5273, "valid": 586, "test": 651}
    assert (corpus.items["emotion_1"] == corpus.items["emotion_3"]).mean() == pytest.approx(0.422, abs=0.0005)
