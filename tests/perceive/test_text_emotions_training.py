"""The recognizer of 28 emotions that ships, and how it is trained."""

import numpy as np
import pytest

from thymos.affect.schemes import get_scheme
from thymos.corpora.registry import load_corpus
from thymos.perceive import text_emotions_training as training
from thymos.perceive.saving import load_recognizer
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.text_multilabel import MultiLabelTextRecognizer
from thymos.testing import write_official_layout


def test_what_ships_reads_any_text():
    recognizer = shipped_recognizer("emotions")
    assert isinstance(recognizer, MultiLabelTextRecognizer)
    assert list(recognizer.classes_) == list(get_scheme("goemotions28").labels)
    texts = [
        "Thank you so much, this made my day!",
        "I am terrified.",
        "",
        "😀😀",
        "שלום עולם",
        "word " * 12_000,
        "\ufffd",
    ]
    shares = recognizer.predict_proba(texts)
    assert shares.shape == (len(texts), 28)
    assert np.isfinite(shares.to_numpy()).all()
    said = recognizer.predict(texts)
    assert said.loc[0, "gratitude"]
    assert said.loc[1, "fear"]
    assert not said.loc[1, "joy"]


def test_the_card_says_where_it_comes_from_and_no_folder_of_ours():
    recognizer = shipped_recognizer("emotions")
    assert recognizer.checkpoints == ""
    assert ((recognizer.thresholds_ > 0) & (recognizer.thresholds_ < 1)).all()


def test_memberships_are_the_gold_labels(tmp_path):
    write_official_layout("goemotions", tmp_path / "goemotions")
    corpus = load_corpus("goemotions", tmp_path)
    texts, members = training.post_memberships(corpus, "train")
    assert members.index.equals(texts.index)
    for item, row in members.iterrows():
        assert set(members.columns[row == 1]) == set(corpus.items.loc[item, "labels"].split(","))


def test_training_ends_with_a_saved_recognizer(tmp_path, tiny_talker, monkeypatch):
    write_official_layout("goemotions", tmp_path / "goemotions")
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
    made = training.emotions_recognizer
    monkeypatch.setattr(
        training,
        "emotions_recognizer",
        lambda **options: made(**options, epochs=1).set_params(encoder=tiny_talker, precision="float32"),
    )
    steps = []
    scores = training.train_emotions_recognizer(
        tmp_path, tmp_path / "out", progress=lambda done, all_: steps.append(done)
    )
    assert set(scores) == {"dev macro_f1", "test macro_f1"}
    assert steps == sorted(steps)
    again = load_recognizer(tmp_path / "out")
    assert list(again.classes_) == list(get_scheme("goemotions28").labels)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "GoEmotions" in card
    assert str(tmp_path / "cache") not in card + (tmp_path / "out" / "recognizer.json").read_text()


@pytest.mark.parametrize("part", ["dev", "test"])
def test_every_part_has_all_labels_as_columns(tmp_path, part):
    write_official_layout("goemotions", tmp_path / "goemotions")
    _, members = training.post_memberships(load_corpus("goemotions", tmp_path), part)
    assert list(members.columns) == list(get_scheme("goemotions28").labels)
