"""ESConv, official and joined."""

import json

import pytest


def test_official_layout(release):
    corpus = release("esconv").read()
    assert len(corpus.items) == 160
    assert corpus.items.index[1] == "esconv-0001/002"
    assert corpus.items["strategy"].notna().sum() == 80
    assert not corpus.items["text"].str.endswith("\n").any()
    annotations = corpus.rated()
    assert set(annotations.schemes) == {"esconv8", "esconv_feedback"}
    assert annotations.select(scheme="esconv_feedback").raters == ["seeker"]
    assert annotations.select(scheme="esconv8").raters == ["supporter"]
    dialogues = corpus.tables["dialogues"]
    assert len(dialogues) == 20
    assert dialogues["final_intensity"].between(1, 4).all()
    assert corpus.split("grouped").guarantee == "dialogue-independent"
    failed = corpus.tables["failed"]
    assert failed["dialogue"].nunique() == 3
    assert "Direct Guidance" in set(failed["strategy"])


def test_joined_layout(release):
    corpus = release("esconv", "joined").read()
    assert set(corpus.splits) == {"grouped", "common_910_195_195", "older_dev_test"}
    assert {part: len(ids) for part, ids in corpus.split("common_910_195_195").parts.items()} == {
        "valid": 36,
        "test": 36,
    }
    assert set(corpus.rated().schemes) == {"esconv8"}
    assert corpus.tables["dialogues"]["emotion_type"].isna().sum() == 8


def test_spellings_of_the_readme_and_of_strategy_json(release):
    there = release("esconv")
    there.edit("ESConv.json", '"Question"', '"Questions"')
    there.edit("ESConv.json", '"Others"', '"Other"')
    there.edit("ESConv.json", '"Information"', '"[Information]"')
    assert set(there.read().rated().scheme("esconv8").labels) >= set(there.read().items["strategy"].dropna())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"strategy": "Restatement or Paraphrasing"',
            '"strategy": "Hug"',
            r"dialogue 1, turn 2: unknown strategy 'Hug'",
        ),
        ('"strategy": "Restatement or Paraphrasing"', '"strategy": 7', "unknown strategy 7"),
        ('"speaker": "seeker"', '"speaker": "sys"', r"dialogue 1, turn 1: unknown speaker 'sys'; legal: seeker"),
        ('"feedback": "5"', '"feedback": "9"', r"dialogue 1, turn 5: score '9' is outside 1..5"),
        ('"feedback": "5"', '"feedback": "good"', "score 'good' is not a number"),
        ('"emotion_type": "anger"', '"emotion_type": "rage"', "dialogue 1: unknown emotion 'rage'; legal: anger"),
        ('"situation"', '"situatoin"', "dialogue 1: field 'situation' is missing"),
        ('"dialog": [', '"dialog": [], "old": [', "dialogue 1: the dialogue has no turns"),
        ('"content": "', '"content": 5, "old": "', "content 5 is not a text"),
    ],
)
def test_bad_dialogues(release, old, new, message):
    there = release("esconv")
    there.edit("ESConv.json", old, new)
    error = there.refused(message)
    assert "ESConv.json" in str(error)


def test_truncated_and_wrong_json(release):
    there = release("esconv")
    path = there.folder / "ESConv.json"
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    there.refused(r"ESConv.json, line \d+: this is not JSON .*the file may be cut off")
    path.write_text("[]")
    there.refused("ESConv.json: a list of dialogues is needed")
    path.write_bytes(text.encode("utf-16"))
    there.refused("ESConv.json, line 1: byte 0xff is not valid utf-8")
    path.unlink()
    there.refused(r"there is no file ESConv.json \(nor esconv_union.jsonl\)")


def test_bad_joined_lines(release):
    there = release("esconv", "joined")
    number = there.repeat_line("esconv_union.jsonl", 1)
    there.refused(f"esconv_union.jsonl, line {number}: dialogue 'esc-0' stands twice")
    there.edit_line("esconv_union.jsonl", 3, lambda line: line[:80])
    there.refused("esconv_union.jsonl, line 3: this is not JSON")
    there.edit_line("esconv_union.jsonl", 3, lambda line: json.dumps(["no object"]))
    there.refused("line 3: an object is needed here, not list")


def test_bad_failed_dialogues(release):
    there = release("esconv")
    (there.folder / "FailedESConv.json").write_text("{}")
    there.refused("FailedESConv.json: a list of dialogues is needed")
