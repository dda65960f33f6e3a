"""Dialogues from end to end, with a recognizer of single words."""

import pandas as pd
import pytest

from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput, ThymosError
from thymos.measure.registry import score_function
from thymos.perceive.conformance import tiny_encoder
from thymos.perceive.text_reading import TextReader
from thymos.respond import transition_training
from thymos.respond.conversation import RULE, SELECTOR, NextWishes, analyze_dialogues, load_selector, seven
from thymos.respond.emotion_transition import TRAITS, EmotionSelector, TransitionRecognizer
from thymos.respond.next_emotion import suggest_next
from thymos.testing import write_official_layout
from thymos.testing.word_recognizer import WordRecognizer

CHAT = "Ann: I am glad\nBen: I am mad\nAnn: thanks\nBen:\nstill\n"


@pytest.fixture
def reader():
    return TextReader(WordRecognizer({"glad": "joy", "mad": "anger", "thanks": "gratitude"}))


@pytest.fixture
def chat(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text(CHAT, encoding="utf-8")
    return path


def test_turns_and_what_comes_next(reader, chat):
    found = analyze_dialogues([chat], reader=reader)
    (dialogue,) = found.dialogues
    assert [one.best for one in dialogue.readings] == ["joy", "anger", "gratitude", "neutral"]
    ann, ben = dialogue.nexts
    assert (ann.speaker, ann.last, ann.partner, ann.by) == ("Ann", "joy", "neutral", RULE)
    assert ann.emotion == suggest_next("joy", "neutral").emotion
    assert (ben.last, ben.partner) == ("neutral", "joy")
    assert found.turns == 4
    assert found.failures == ()


def test_the_table_has_the_suggestion_at_the_last_judged_turn(reader, chat):
    table = analyze_dialogues([chat], reader=reader).table
    assert table["file"].unique().tolist() == [str(chat)]
    assert table["suggested_next"].tolist()[:2] == ["", ""]
    assert all(table["suggested_next"].tolist()[2:])


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        ("Ann: glad\nAnn: mad", ["no turn of a partner could be judged"]),
        (
            "Ann: glad\nBen: 🙂\nAnn: so",
            ["no turn of a partner could be judged", "no turn of this speaker could be judged"],
        ),
    ],
)
def test_where_nothing_is_suggested(reader, tmp_path, content, reasons):
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    (dialogue,) = analyze_dialogues([path], reader=reader).dialogues
    assert [one.reason for one in dialogue.nexts] == reasons
    assert not any(one.emotion for one in dialogue.nexts)


def test_nobody_is_named(reader, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "glad"}\n{"text": "mad"}', encoding="utf-8")
    (dialogue,) = analyze_dialogues([path], reader=reader).dialogues
    assert [one.reason for one in dialogue.nexts] == ["nobody is named"]


def test_files_that_cannot_be_used_lose_nothing(reader, chat, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"Ann: caf\xe9")
    seen = []
    found = analyze_dialogues([bad, chat, chat], reader=reader, progress=lambda *done: seen.append(done))
    assert found.files == 2
    assert len(found.dialogues) == 1
    assert "byte 0xe9 is not valid utf-8" in found.failures[0].reason
    assert seen[-1] == (4, 4)


def test_nothing_at_all(reader, tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        analyze_dialogues([], reader=reader)
    found = analyze_dialogues([tmp_path / "gone.txt"], reader=reader)
    assert found.dialogues == ()
    assert len(found.table) == 0


def test_lines_left_out_are_counted_over_files(reader, tmp_path):
    for name in ("a.txt", "b.txt"):
        content = "1/2/23, 10:15 - Ann joined\n1/2/23, 10:16 - Ann: glad\n1/2/23, 10:17 - Ben: mad"
        (tmp_path / name).write_text(content, encoding="utf-8")
    found = analyze_dialogues(sorted(tmp_path.iterdir()), reader=reader)
    assert found.left_out == {"lines of the program": 2}
    assert [dialogue.name for dialogue in found.dialogues] == ["a", "b"]


def test_wishes_that_cannot_be():
    with pytest.raises(BadInput, match="a rate of 2"):
        NextWishes(rate=2)
    with pytest.raises(BadInput, match="the personality has no"):
        NextWishes({"openness": 0.5})


def test_seven_of_28():
    assert [seven(label) for label in ("grief", "approval", "nervousness", "curiosity")] == [
        "sadness", "joy", "fear", "surprise",
    ]  # fmt: skip


def triples():
    rows = [
        {"utterance_1": "a", "utterance_2": "b", "emotion_1": label, **dict.fromkeys(TRAITS, 0.5)}
        for label in ("joy", "anger", "neutral", "sadness") * 3
    ]
    table = pd.DataFrame(rows)
    return table, table["emotion_1"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(tiny_encoder(tmp_path_factory.mktemp("models") / "tiny", ["glad mad thanks still i am so"] * 3))


def test_a_trained_selector_is_used(reader, chat, tmp_path, encoder):
    model = TransitionRecognizer(encoder=encoder, epochs=2).fit(*triples())
    model.save(tmp_path / "mine")
    found = analyze_dialogues([chat], wishes=NextWishes(selector=tmp_path / "mine"), reader=reader)
    ann = found.dialogues[0].nexts[0]
    expected, _ = EmotionSelector(dict.fromkeys(TRAITS, 0.5), model).next("joy", ("thanks", "still"))
    assert (ann.emotion, ann.by) == (expected, SELECTOR)


def test_another_recognizer_is_no_selector(tmp_path):
    from importlib.resources import files

    folder = files("thymos.perceive").joinpath("data", "text_recognizer")
    with pytest.raises(BadInput, match="this is no selector of the next emotion"):
        load_selector(str(folder))
    with pytest.raises(ThymosError):
        load_selector(tmp_path / "nothing")


def test_training_on_a_twin_gives_both_scores(tmp_path, encoder, monkeypatch):
    write_official_layout("peld", tmp_path / "data" / "peld")
    made = transition_training.TransitionRecognizer
    monkeypatch.setattr(
        transition_training, "TransitionRecognizer", lambda **own: made(**own, encoder=encoder, epochs=1)
    )
    scores = transition_training.train_next_emotion(tmp_path / "data", tmp_path / "out")
    assert list(scores) == ["test macro_f1", "test macro_f1 of the last emotion again"]
    assert all(0 <= value <= 1 for value in scores.values())
    assert isinstance(load_selector(tmp_path / "out"), TransitionRecognizer)
    assert "keep these weights to yourself" in (tmp_path / "out" / "README.md").read_text()


def test_persistence_on_the_official_test_part(data_root):
    test = load_corpus("peld", data_root).part("test")
    assert (test["emotion_1"] == test["emotion_3"]).mean() == pytest.approx(0.426, abs=0.001)


@pytest.mark.slow
@pytest.mark.model
def test_how_far_the_recognizer_that_ships_reaches_on_meld(data_root):
    (path,) = (data_root / "meld").rglob("test_sent_emo.csv")
    found = analyze_dialogues([path], causes=0)
    readings = [one for dialogue in found.dialogues for one in dialogue.readings]
    gold = [one.utterance.labels["Emotion"] for one in readings]
    assert len(gold) == 2610
    weighted_f1 = score_function("weighted_f1")
    for said, value in (([seven(one.best) for one in readings], 0.427), (["neutral"] * len(gold), 0.313)):
        assert weighted_f1(gold, said, labels=sorted(set(gold)), outside="miss") == pytest.approx(value, abs=0.001)
