"""EmoryNLP: the official files, the tables with times, and what is broken."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.dialogue import dialogues_of
from thymos.corpora.readers.emorynlp import CLOCK, READER, _seconds, _speakers

TRAIN = "json/emotion-detection-trn.json"
TABLE = "data/emorynlp/emorynlp_train_final.csv"


def change(there, **fields):
    """Set fields of the first utterance of train."""
    path = there.folder / TRAIN
    content = json.loads(path.read_text())
    content["episodes"][0]["scenes"][0]["utterances"][0] |= fields
    path.write_text(json.dumps(content))


def test_utterances_scenes_and_parts(release):
    corpus = release("emorynlp").read()
    assert corpus.items.groupby("part").size().to_dict() == {"train": 20, "dev": 20, "test": 20}
    row = corpus.items.loc["s01_e01_c02_u006"]
    assert row["speaker"] == "Ann Lee and Ben Hill"
    assert (row["dialogue"], row["episode"], row["season"]) == ("s01_e01_c02", "s01_e01", "s01")
    assert row["turn"] == 5, "turns are counted as they come: utterance 3 is a note"
    assert set(corpus.items["emotion"]) <= {"joyful", "mad", "peaceful", "neutral", "sad", "powerful", "scared"}
    assert corpus.split().guarantee == "dialogue-independent, episode-independent, not speaker-independent"
    assert [len(one) for one in dialogues_of(corpus)] == [5] * 12


def test_the_tables_hold_the_same_and_times(release):
    official, timed = release("emorynlp").read(), release("emorynlp", "tables")
    (timed.folder / "json").rename(timed.folder / "kept elsewhere")
    corpus = timed.read()
    pd.testing.assert_frame_equal(corpus.items.drop(columns=["start", "end"]), official.items)
    assert corpus.items.loc["s01_e01_c02_u001", ["start", "end"]].tolist() == [123.25, 127.5]
    first = dialogues_of(corpus)[0].utterances[0]
    assert (first.start, first.end) == (63.25, 67.5)


def test_the_official_files_come_first(release):
    release("emorynlp", "tables")
    there = release("emorynlp")
    assert (there.folder / TABLE).is_file()
    assert "start" not in there.read().items.columns


def test_each_layout_is_held_against_its_own_counts(release):
    verdicts = {check.what: check.verdict for check in READER.check(release("emorynlp").read())}
    assert verdicts["train utterances"] == "differs"
    assert verdicts["train utterances with times"] == "not in this copy"


def test_the_counts_of_the_release_add_up():
    counts = {claim.what: claim.count for claim in READER.published}
    names = ("neutral", "joyful", "peaceful", "powerful", "scared", "mad", "sad")
    for part in ("train", "dev", "test"):
        assert sum(counts[f"{part} {name} utterances"] for name in names) == counts[f"{part} utterances"]


@pytest.mark.parametrize(("layout", "inner"), [("official", "json"), ("tables", "data/emorynlp")])
def test_a_flat_folder(release, layout, inner):
    there = release("emorynlp", layout)
    for path in (there.folder / inner).iterdir():
        path.rename(there.folder / path.name)
    assert len(there.read().items) == 60


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_names_are_read_as_they_were_written(names):
    assert _speakers(str(names)) == names


@given(st.integers(0, 9), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_times_are_seconds(hours, minutes, seconds, thousandths):
    cell = f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"
    assert CLOCK.fullmatch(cell)
    assert _seconds(cell, "x") == pytest.approx(hours * 3600 + minutes * 60 + seconds + thousandths / 1000)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"emotion": "Hungry"}, "utterance s01_e01_c01_u001: unknown emotion 'Hungry'"),
        ({"emotion": None}, "unknown emotion None"),
        ({"transcript": None}, "transcript is no text"),
        ({"speakers": "Ann"}, "speakers is no list"),
        ({"speakers": [3]}, "speakers is no list"),
        ({"utterance_id": "u1"}, "is not like"),
        ({"utterance_id": "s01_e01_c01_u002"}, "s01_e01_c01_u002"),
    ],
)
def test_broken_utterances(release, fields, said):
    there = release("emorynlp")
    change(there, **fields)
    there.refused(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{}", "field 'episodes' is missing"),
        (b'{"episodes": 3}', "episodes is no list"),
        (b'{"episodes": []}', "no utterance"),
        (b'{"episodes": [3]}', "an object is needed"),
        (b'{"episodes": [{"scenes": [{"utterances": [3]}]}]}', "an object is needed"),
        (b'{"episodes": [', "emotion-detection-trn.json, line 1: this is not JSON"),
        (b'{"episodes": "\xe9"}', "not valid utf-8"),
        (b"", "empty"),
    ],
)
def test_broken_files(release, text, said):
    there = release("emorynlp")
    (there.folder / TRAIN).write_bytes(text)
    there.refused(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Scene_ID", "Scene", "Scene_ID"),
        (",1,1,1,1,", ",1,1,1,x,", "line 2: Episode 'x' is not a number"),
        ("['Ben Hill']", "Ben Hill", "line 2: speakers is no list of names"),
        ("00:01:03.250", "63.25", "line 2: time '63.25' is not hh:mm:ss.mmm"),
        ("00:01:03.250", "00:09:03.250", "line 2: the utterance ends at 67.5 s and starts at 543.25 s"),
        (",1,2,1,1,", ",1,1,1,1,", "'s01_e01_c01_u001' stands twice"),
    ],
)
def test_broken_tables(release, old, new, said):
    there = release("emorynlp", "tables")
    there.edit(TABLE, old, new)
    there.refused(said)


def test_an_unknown_emotion_and_no_row_in_a_table(release):
    there = release("emorynlp", "tables")
    there.edit_line(TABLE, 3, lambda line: line.replace("['Ann Lee'],", "['Ann Lee'],Un"))
    there.refused("line 3: unknown emotion 'Un")
    path = there.folder / TABLE
    path.write_text(path.read_text().split("\n")[0] + "\n")
    there.refused("emorynlp_train_final.csv")


@pytest.mark.parametrize(("layout", "name"), [("official", TRAIN), ("tables", TABLE)])
def test_a_missing_part(release, layout, name):
    there = release("emorynlp", layout)
    (there.folder / name).unlink()
    there.refused(f"there is no file {name}")
