"""GSM8K."""

import pytest

TEST = "grade_school_math/data/test.jsonl"


def test_problems_solutions_and_final_numbers(release):
    there = release("gsm8k")
    corpus = there.read()
    assert len(corpus.part("train")) == 8
    assert len(corpus.part("test")) == 6
    assert "<<" in (there.folder / TEST).read_text()
    for row in corpus.items.itertuples():
        assert row.answers[0].isdigit()  # no thousands commas
        assert row.solution.endswith(f"{row.answers[0]}.")
        assert "<<" not in row.solution
        assert "####" not in row.solution


def test_files_in_the_folder_itself(release):
    there = release("gsm8k")
    expected = there.read().items
    for part in ("train", "test"):
        (there.folder / f"grade_school_math/data/{part}.jsonl").rename(there.folder / f"{part}.jsonl")
    assert there.read().items.equals(expected)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("####", "==>", "line 1: the answer does not end in #### and a number"),
        ("#### ", "#### about ", "line 1: the answer does not end in #### and a number"),
        ('"question"', '"problem"', "line 1: field 'question' is missing"),
        ('{"question"', '["question"', "line 1: this is not JSON"),
    ],
)
def test_bad_values(release, old, new, message):
    there = release("gsm8k")
    there.edit(TEST, old, new)
    there.refused(message)
