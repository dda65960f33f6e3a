"""SimpleQA."""

import pytest

FILE = "simple_qa_test_set.csv"


def test_questions_and_metadata(release):
    corpus = release("simpleqa").read()
    assert len(corpus.items) == 10
    assert corpus.items.loc["00001", ["topic", "answer_type", "answers"]].tolist() == ["Art", "Date", ("May 4, 1911",)]
    assert corpus.items.loc["00003", "answers"] == ("1,250",)
    assert corpus.items.loc["00010", "urls"] == ("https://example.org/9",)
    assert corpus.card.test_only


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{'topic'", "{topic", "line 2: metadata is not a Python dict"),
        ("'answer_type'", "'kind'", "line 2: metadata must have topic, answer_type and urls"),
        ("['https://example.org/0']", "'https://example.org/0'", "line 2: urls of metadata are not a list"),
        ("'Art'", "__import__('os').getcwd()", "line 2: metadata is not a Python dict"),
        ('"May 4, 1911"', '""', "line 2: answer is empty"),
        ("metadata,problem", "meta,problem", "metadata"),
        ("Who painted wall 1", "Who painted wall 0", "line 3: problem .* stands twice"),
    ],
)
def test_bad_values(release, old, new, message):
    there = release("simpleqa")
    if "stands twice" in message:
        question = there.read().items["text"]
        old, new = question.iloc[1], question.iloc[0]
    there.edit(FILE, old, new)
    there.refused(message)
