"""EmoNet ratings: every answer kept in its order, two spellings joined, synonyms."""

import pytest

from thymos.corpora.readers.emonet_taxonomy import SCHEME, read
from thymos.errors import BadInput

HEADER = "path,annotator,value,emotion\n"


def test_every_answer_is_kept_in_its_order(release):
    corpus = release("emonet_taxonomy").read()
    table = corpus.rated().table
    assert len(corpus.items) == 240
    assert len(table) == corpus.items["ratings"].sum()
    assert corpus.rated().raters_identified
    assert set(table["value"]) == {0.0, 1.0}
    assert set(table["label"].astype(str)) == set(SCHEME.labels)
    assert corpus.split("all").guarantee == "no split"
    words = corpus.tables["words"]
    assert words.groupby("emotion").size().eq(2).all()
    assert set(words["emotion"]) == set(SCHEME.labels)


def test_spellings_and_order(tmp_path):
    rows = "7,human-2,True,Hopelessness\n7,human-1,False,Hopelessness\n"
    rows += "7,human-3,False,Intoxication/Altered States of Consciousness\n"
    (tmp_path / "binary.csv").write_text(HEADER + rows)
    corpus = read(tmp_path)
    assert corpus.items.loc["7", "emotions"] == "Helplessness, Intoxication/Altered States"
    table = corpus.rated().table
    assert table["rater"].astype(str).tolist() == ["human-2", "human-1", "human-3"]
    assert table["value"].tolist() == [1, 0, 0]
    assert dict(corpus.tables) == {}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,human-1,yes,Fear\n", "line 2: unknown answer 'yes'; legal: True, False"),
        ("1,human-1,True,Fear\n2,human-1,True,Joyness\n", "line 3: unknown label 'Joyness'"),
        ("1,human-1,True\n", "line 2: 3 fields found, 4 expected"),
    ],
)
def test_ratings_that_cannot_be_used(tmp_path, rows, told):
    (tmp_path / "binary.csv").write_text(HEADER + rows)
    with pytest.raises(BadInput, match=told):
        read(tmp_path)


@pytest.mark.parametrize(
    ("guide", "told"),
    [
        ("{}", "field 'options' is missing"),
        ('{"options": {"labels": []}}', "labels is no object"),
        ('{"options": {"labels": {"Fear": "terror"}}}', "the synonyms of 'Fear' are no list"),
        ('{"options": {"labels": {"Joyness": []}}}', "unknown label 'Joyness'"),
    ],
)
def test_guides_that_cannot_be_used(tmp_path, guide, told):
    (tmp_path / "binary.csv").write_text(HEADER + "1,human-1,True,Fear\n")
    (tmp_path / "guide.json").write_text(guide)
    with pytest.raises(BadInput, match=told):
        read(tmp_path)
