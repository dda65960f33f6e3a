"""RECCON."""

import json

import pytest

TRAIN = "data/original_annotation/dailydialog_train.json"


def change_turn(there, place, fields):
    """Set fields of one turn of the first dialogue of train."""
    path = there.folder / TRAIN
    content = json.loads(path.read_text())
    dialogue = content["tr_100"][0]
    dialogue[place - 1] |= fields
    path.write_text(json.dumps(content))


def test_turns_emotions_and_parts(release):
    corpus = release("reccon").read()
    assert corpus.items.groupby("part").size().to_dict() == {"train": 72, "valid": 24, "test": 24}
    emotions = corpus.items.loc[[f"tr_100/{k}" for k in range(1, 7)], "emotion"].tolist()
    assert emotions == ["neutral", "happiness", "happiness", "anger", "sadness", "happiness"]  # spellings are mended
    assert corpus.items.loc["tr_100/4", "explanation"] == "Invented reason."
    assert corpus.items.loc["tr_100/4", "speaker"] == "B"


def test_causes(release):
    corpus = release("reccon").read()
    causes = corpus.tables["causes"]
    own = causes[causes["item"].str.startswith("tr_100/")]
    assert own[["item", "evidence_turn", "evidence", "type"]].to_numpy().tolist() == [
        ["tr_100/2", 1, "tr_100/1", "inter-personal"],
        ["tr_100/3", 1, "tr_100/1", "hybrid"],
        ["tr_100/3", 3, "tr_100/3", "hybrid"],
        ["tr_100/4", 0, "", "latent"],
        ["tr_100/5", 0, "", "latent+no-context"],
        ["tr_100/5", 5, "tr_100/5", "latent+no-context"],
        ["tr_100/6", 4, "tr_100/4", "self-contagion"],
    ]
    inside = causes[causes["evidence_turn"] > 0]
    assert all(row.span in corpus.items.loc[row.evidence, "text"] for row in inside.itertuples())
    assert (causes.loc[causes["evidence_turn"] == 0, "span"] == "").all()
    types = corpus.rated().select(items=["tr_100/5"]).multilabel("emotion_cause_types5")
    assert types.loc["tr_100/5"].loc[lambda row: row > 0].index.tolist() == ["no-context", "latent"]


def test_equal_words_under_two_ids_are_one_conversation(release):
    corpus = release("reccon").read()
    assert corpus.items.loc["te_100/1", "conversation"] == corpus.items.loc["tr_100/1", "conversation"] == "tr_100"
    assert corpus.items.loc["te_101/1", "conversation"] == "te_101"
    assert corpus.split().guarantee == "dialogue-independent, not conversation-independent"


@pytest.mark.parametrize(
    ("turn", "fields", "message"),
    [
        (2, {"emotion": "glee"}, "dialogue tr_100, turn 2: unknown emotion 'glee'; legal: neutral, anger"),
        (2, {"emotion": None}, "turn 2: unknown emotion None"),
        (2, {"turn": 3}, "dialogue tr_100: the turn at place 2 has number 3"),
        (2, {"utterance": 5}, "turn 2: speaker and utterance must be texts"),
        (2, {"type": ["telepathy"]}, r"turn 2: type \['telepathy'\] is not a list of cause types; legal: no-context"),
        (2, {"expanded emotion cause evidence": [7]}, "turn 2: evidence 7 is no turn of the dialogue"),
        (2, {"expanded emotion cause evidence": ["c"]}, "turn 2: evidence 'c' is no turn of the dialogue"),
        (2, {"expanded emotion cause evidence": [1, 2]}, "turn 2: evidence and spans must be lists of the same length"),
    ],
)
def test_bad_turns(release, turn, fields, message):
    there = release("reccon")
    change_turn(there, turn, fields)
    there.refused(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "an object of dialogues by id is needed"),
        ({"a": []}, "dialogue a: a list that holds one list of turns is needed"),
        ({"a": [[], []]}, "a list that holds one list of turns is needed"),
        ({"a": [[{"turn": 1}]]}, "dialogue a: field 'speaker' is missing"),
    ],
)
def test_bad_containers(release, content, message):
    there = release("reccon")
    (there.folder / TRAIN).write_text(json.dumps(content))
    there.refused(message)


def test_a_dialogue_in_two_parts(release):
    there = release("reccon")
    there.edit("data/original_annotation/dailydialog_test.json", '"te_101"', '"tr_101"')
    there.refused("dialogue 'tr_101' stands in two files")


@pytest.mark.data
def test_the_real_dialogues(data_root):
    from thymos.corpora.registry import load_corpus

    corpus = load_corpus("reccon", data_root)
    causes = corpus.tables["causes"]
    assert len(causes) == 9915
    assert (causes["evidence_turn"] == 0).sum() == 403
    inside = causes[causes["evidence_turn"] > 0]
    texts = corpus.items["text"].reindex(inside["evidence"])
    assert all(span in text for span, text in zip(inside["span"], texts, strict=True))
    assert corpus.items["emotion"].value_counts()["neutral"] == 5243
    assert corpus.items["dialogue"].nunique() - corpus.items["conversation"].nunique() == 39
