"""Generated sentences of PRC-Emo."""

import pytest

from thymos.corpora.registry import load_corpus

FILE = "sentence_label_data_with_emotion.json"


def test_sentences_and_labels(release):
    corpus = release("prc_emo_demonstrations").read()
    assert len(corpus.items) == 40
    assert corpus.items["text"].iloc[-1] == corpus.items["text"].iloc[-2], "doubles stay"
    assert (corpus.rated().plurality().loc[corpus.items.index] == corpus.items["emotion"]).all()
    assert corpus.items.index[0] == "00001"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"label"', '"emotion"', "sentence 1: sentence and label are needed"),
        ('"neutral"', '"bored"', "label 'bored'"),
        ("[", "[7, ", "sentence 1: sentence and label are needed"),
    ],
)
def test_bad_values(release, old, new, message):
    there = release("prc_emo_demonstrations")
    there.edit(FILE, old, new)
    there.refused(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{}", "a list of sentences is needed"), ("[]", "a list of sentences is needed"), ("[", "JSON"),
     ('[{"sentence": " ", "label": "sad"}]', "sentence is empty"), ('[{"sentence": 3, "label": "sad"}]', "not a text")],
)  # fmt: skip
def test_bad_files(release, content, message):
    there = release("prc_emo_demonstrations")
    (there.folder / FILE).write_text(content)
    there.refused(message)


def test_the_data_at_hand(data_root):
    corpus = load_corpus("prc_emo_demonstrations", data_root)
    assert len(corpus.items) == 14_009
    assert corpus.items["text"].duplicated().sum() == 93
    assert corpus.items["emotion"].value_counts().to_dict() == {
        "neutral": 3309, "sad": 2816, "happy": 2721, "fear": 2603, "anger": 2560,
    }  # fmt: skip
