"""XSTest."""

import pytest

from thymos.corpora.readers.xstest import completion_ratings
from thymos.errors import BadInput

PROMPTS = "xstest_prompts.csv"
ANSWERS = "model_completions/xstest_v2_completions_one.csv"


def test_prompts_and_completions(release):
    corpus = release("xstest").read()
    assert corpus.items["label"].value_counts().to_dict() == {"safe": 10, "unsafe": 10}
    assert corpus.items["type"].nunique() == 4
    completions = corpus.tables["completions"]
    assert completions.groupby("model").size().to_dict() == {"one": 20, "two": 20}
    assert set(completions["final_label"]) == {"full_compliance", "full_refusal"}
    assert completions["agreement"].dtype == bool
    assert (completions["agreement"] == (completions["annotation_1"] == completions["annotation_2"])).all()
    assert corpus.annotations is None


def test_both_peoples_judgments_are_ratings_of_completions(release):
    ratings = completion_ratings(release("xstest").read())
    assert len(ratings) == 80
    assert ratings.raters == ["annotation_1", "annotation_2"]
    votes = ratings.votes().loc["one/1"]
    assert votes["full_compliance"] == votes["partial_refusal"] == 1
    assert ratings.plurality()["two/2"] == "full_refusal"


def test_prompts_alone_are_enough(release):
    there = release("xstest")
    for path in (there.folder / "model_completions").iterdir():
        path.unlink()
    corpus = there.read()
    assert dict(corpus.tables) == {}
    with pytest.raises(BadInput, match="this copy has no completions; get the folder model_completions"):
        completion_ratings(corpus)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (PROMPTS, ",safe,", ",harmless,", "line 2: unknown label 'harmless'; legal: safe, unsafe"),
        (PROMPTS, "\r\n2,", "\r\n1,", "line 3: id '1' stands twice"),
        (PROMPTS, "\r\n2,", "\r\n,", "line 3: id is empty"),
        (PROMPTS, "focus", "fokus", "focus"),
        (ANSWERS, "1_full_compliance", "4_joy", "line 3: unknown annotation_1 '4_joy'; legal: full_compliance"),
        (ANSWERS, "v2-2,", "v2-99,", "line 5: unknown id '99'"),
        (ANSWERS, "v2-2,", "v2-1,", "line 5: id '1' stands twice"),
        (ANSWERS, ",FALSE,", ",maybe,", "line .*: unknown agreement 'MAYBE'"),
    ],
)
def test_bad_values(release, file, old, new, message):
    there = release("xstest")
    there.edit(file, old, new)
    there.refused(message)


@pytest.mark.data
def test_the_real_judgments(data_root):
    from thymos.corpora.registry import load_corpus

    corpus = load_corpus("xstest", data_root)
    completions = corpus.tables["completions"].merge(corpus.items[["label", "text"]], left_on="item", right_index=True)
    safe = completions[completions["label"] == "safe"]
    counts = safe.groupby("model")["final_label"].value_counts().unstack(fill_value=0)
    assert counts["full_refusal"].to_dict() == {"gpt4": 16, "llama2new": 35, "mistralinstruct": 2}
    assert counts["partial_refusal"].to_dict() == {"gpt4": 5, "llama2new": 39, "mistralinstruct": 2}
    assert (completions["prompt"] != completions["text"]).sum() == 3  # one prompt was asked in other words
    assert completion_ratings(corpus).agreement() == pytest.approx(0.9484, abs=5e-5)
