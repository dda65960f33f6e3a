"""MDPE: labels, questionnaires, features by answer, and the released split as the benchmark code draws it."""

import random

import numpy as np
import pandas as pd
import pytest

from thymos.corpora.readers.mdpe import LIE, TRUTH, answer_features, feature_sets, released_parts
from thymos.errors import BadInput, Unavailable


def test_answers_features_and_questionnaires(release):
    corpus = release("mdpe").read()
    assert corpus.items.groupby("subject").size().to_dict() == {f"{subject:03d}": 8 for subject in range(1, 6)}
    assert (corpus.items["label"].eq(LIE) == (corpus.items["score"] > 0)).all()
    assert feature_sets(corpus) == ["baichuan13B-base", "chinese-hubert-base", "clipVIT-B16"]
    assert answer_features(corpus, "003/8", "clipVIT-B16").shape[1] == 6
    assert corpus.tables["personality"].shape == (5, 60)
    assert corpus.tables["emotion"].shape == (5, 128)
    assert list(corpus.tables["emotion"].index) == list(corpus.tables["personality"].index)
    assert corpus.splits["released"].guarantee == "released: not subject-independent"
    assert corpus.splits["subject_folds"].guarantee == "subject-independent"
    with pytest.raises(Unavailable, match="no features 'egemaps' of 001/1"):
        answer_features(corpus, "001/1", "egemaps")
    with pytest.raises(BadInput, match="there is no item"):
        answer_features(corpus, "001/10", "clipVIT-B16")


def test_row_s_of_a_questionnaire_is_subject_s(release):
    there = release("mdpe")
    for name, skip in (("emotion.csv", 0), ("personality.csv", 1)):
        line = (there.folder / name).read_text().split("\n")[3 + skip]
        cells = [float(cell) for cell in line.split(",")][1 if skip else 0 :]
        table = there.read().tables[name.removesuffix(".csv")]
        assert table.loc["004"].tolist() == cells


def the_released_code(vid: str, files: list[str], label: list[int]) -> list[int]:
    """Numbers of the answers that the benchmark code puts into ``val``: its loop, restated."""
    lie, no_lie = 2, 3
    files = sorted(files, key=lambda name: int(name.split("-")[1]))
    random.seed(int(vid))
    random.shuffle(files)
    kept = []
    for file in files:
        number = int(file.split("-")[1])
        if label[number - 1] > 0 and lie > 0:
            lie -= 1
            kept.append(number)
        elif label[number - 1] == 0 and no_lie > 0:
            no_lie -= 1
            kept.append(number)
    return kept


def test_the_released_split_is_that_of_the_benchmark_code(release):
    corpus = release("mdpe").read()
    held = corpus.splits["released"]["val"]
    for subject, own in corpus.items.groupby("subject"):
        files = [f"{subject}-{answer}-x.npy" for answer in own["answer"]]
        wanted = the_released_code(subject, files, own["score"].tolist())
        assert {item for item in held if item.startswith(f"{subject}/")} == {f"{subject}/{k}" for k in wanted}
        assert len(wanted) == 5


def test_the_released_split_with_few_lies():
    items = pd.DataFrame(
        {"subject": "7", "answer": [1, 2, 3], "label": [TRUTH, LIE, TRUTH]}, index=["7/1", "7/2", "7/3"]
    )
    assert set(released_parts(items)) == {"val"}


def test_csv_features_without_questionnaires(release):
    corpus = release("mdpe", "tables").read()
    assert feature_sets(corpus) == ["egemaps"]
    assert answer_features(corpus, "1/3", "egemaps").shape == (4, 3)
    assert set(corpus.tables) == {"features"}
    assert list(corpus.splits["subject_folds"].parts) == ["fold0", "fold1"]


def test_wrong_files(release):
    there = release("mdpe")
    features = there.folder / "features/clipVIT-B16/001"
    (features / "001-3-x.npy").rename(features / "001.npy")
    there.refused("file name '001.npy' holds no -<answer>-")
    (features / "001.npy").rename(features / "001-3-y.npy")
    (features / "001-3-z.npy").write_bytes(b"")
    there.refused("answer 001/3 has two files in clipVIT-B16")
    (features / "001-3-z.npy").rename(features / "001-99-z.npy")
    there.refused("there is no label for answer 99 of 001")
    (features / "001-99-z.npy").unlink()
    (there.folder / "labels/001.csv").rename(there.folder / "labels/one.csv")
    there.refused("file name 'one' is no number of a subject")


def test_wrong_labels_and_questionnaires(release):
    there = release("mdpe")
    there.edit_line("labels/002.csv", 3, lambda line: line.rpartition(",")[0] + ",-1")
    assert there.refused("score '-1' is outside").where.endswith("002.csv, line 3")
    there = release("mdpe")
    there.edit_line("emotion.csv", 2, lambda line: line.rpartition(",")[0])
    there.refused("127 fields found, 128 expected")
    there = release("mdpe")
    path = there.folder / "personality.csv"
    path.write_text("\n".join(path.read_text().split("\n")[:4]))
    there.refused("3 subjects found, 5 expected")
    (there.folder / "labels").rename(there.folder / "answers")
    there.refused("there is no file labels/<subject>.csv")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((2, 3, 4)), "3 axes"),
        (np.zeros((0, 3)), "there is no frame"),
        (np.array([[1.0, np.nan]]), "frame 0 holds NaN"),
        (np.array(["a"]), "frames x numbers are needed"),
    ],
)
def test_wrong_arrays(release, values, message):
    there = release("mdpe")
    corpus = there.read()
    np.save(there.folder / "features/clipVIT-B16/001/001-1-x.npy", values)
    with pytest.raises(BadInput, match=message):
        answer_features(corpus, "001/1", "clipVIT-B16")
    (there.folder / "features/clipVIT-B16/001/001-1-x.npy").write_bytes(b"no array")
    with pytest.raises(BadInput, match="this is no array"):
        answer_features(corpus, "001/1", "clipVIT-B16")


def test_wrong_csv_frames(release):
    there = release("mdpe", "tables")
    corpus = there.read()
    name = "features/egemaps/1/answer-1-.csv"
    there.edit_line(name, 2, lambda line: line + ",1")
    with pytest.raises(BadInput, match="4 numbers found, 3 expected"):
        answer_features(corpus, "1/1", "egemaps")
    there.edit_line(name, 1, lambda line: "x" + line)
    with pytest.raises(BadInput, match="a cell is no number"):
        answer_features(corpus, "1/1", "egemaps")
