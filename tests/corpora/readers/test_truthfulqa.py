"""TruthfulQA."""

import pytest

FILE = "TruthfulQA.csv"


def test_questions_answers_and_the_division_of_a_later_paper(release):
    there = release("truthfulqa")
    assert (there.folder / FILE).read_bytes().startswith(b"\xef\xbb\xbf")
    corpus = there.read()
    first = corpus.items.loc["00001"]
    assert first["text"] == "What happens in case 0?"
    assert first["answers"][1] == "It stays"
    assert len(first["incorrect"]) == 1
    assert len(corpus.items.loc["00012", "incorrect"]) >= 5
    assert all(not set(row.incorrect) & set(row.answers) for row in corpus.items.itertuples())
    assert set(corpus.items["kind"]) == {"adversarial", "non-adversarial"}
    assert corpus.split("later_paper")["train"] == ("00001", "00002", "00003")


def test_without_both_part_files_there_is_no_such_split(release):
    there = release("truthfulqa")
    whole = there.read().sha256
    (there.folder / "TruthfulQA_train.csv").unlink()
    corpus = there.read()
    assert set(corpus.splits) == {"all"}
    assert corpus.sha256 != whole


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (FILE, "Question,Best", "Query,Best", "Question"),
        (FILE, "case 1?", "case 0?", "line 3: question .* stands twice"),
        (FILE, "Non-Adversarial", "Odd", "line 3: unknown type 'Odd'"),
        ("TruthfulQA_train.csv", "case 2?", "case 99?", "line 4: question 'What happens in case 99.' is not in Truth"),
    ],
)
def test_bad_values(release, file, old, new, message):
    there = release("truthfulqa")
    there.edit(file, old, new)
    there.refused(message)


def test_answers_that_cannot_be_asked(release):
    there = release("truthfulqa")
    there.edit_line(FILE, 2, lambda line: line.replace(line.split(",")[5], " ; "))
    there.refused("line 2: there is no false answer")
    there = release("truthfulqa")
    best = there.read().items.loc["00001", "answers"][0]
    there.edit_line(FILE, 2, lambda line: line.replace(line.split(",")[5], f"x; {best}"))
    there.refused("line 2: the best answer is among the false ones")
