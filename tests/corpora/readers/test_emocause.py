"""EmoCause."""

import json

import pytest

from thymos.errors import BadInput


def change(there, **fields):
    """Set fields of the second test situation."""
    path = there.folder / "test.json"
    content = json.loads(path.read_text())
    content[1] |= fields
    path.write_text(json.dumps(content))


def test_situations_and_causes(release):
    corpus = release("emocause").read()
    assert corpus.items.groupby("part").size().to_dict() == {"valid": 32, "test": 32}
    causes = corpus.tables["causes"]
    assert causes.groupby("item").size().unique().tolist() == [2]
    assert causes["item"].nunique() == 62, "two situations have no marked word"
    for item, index, word in causes.itertuples(index=False):
        assert corpus.items.loc[item, "tokens"].split(" ")[index] == word
    assert corpus.items.loc["hit:48_conv:97", "worker_pair"] == "hit:48"
    assert set(corpus.splits) == {"official"}


def test_tokens_may_be_a_text(release):
    there = release("emocause")
    change(there, tokenized_situation="I won it", annotation=[["won", 1]])
    causes = there.read().tables["causes"]
    assert causes[causes["item"] == "hit:48_conv:97"][["index", "word"]].to_numpy().tolist() == [[1, "won"]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"annotation": [["won", 99]]}, "index 99"),
        ({"annotation": [["won", -1]]}, "index -1"),
        ({"annotation": [["won", True]]}, "is not \\[word, index\\]"),
        ({"annotation": ["won"]}, "is not \\[word, index\\]"),
        ({"annotation": "won"}, "annotation is no list"),
        ({"tokenized_situation": []}, "tokenized_situation"),
        ({"tokenized_situation": [1]}, "tokenized_situation"),
        ({"original_situation": " "}, "situation is no text"),
        ({"original_situation": None}, "situation is no text"),
        ({"emotion": "hunger"}, "hunger"),
        ({"conv_id": "hit:49_conv:98"}, "hit:49_conv:98"),
    ],
)
def test_broken_situations(release, fields, said):
    there = release("emocause")
    change(there, **fields)
    with pytest.raises(BadInput, match=said):
        there.read()


def test_a_missing_part_and_an_empty_one(release):
    there = release("emocause")
    (there.folder / "test.json").write_text("[]")
    with pytest.raises(BadInput, match="list of situations"):
        there.read()
    (there.folder / "test.json").unlink()
    with pytest.raises(Exception, match=r"test\.json"):
        there.read()
