"""IEMOCAP: turns, every evaluator's votes, dimensions, what is left out, splits, selections, and what is broken."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.affect.schemes import get_scheme
from thymos.corpora.dialogue import dialogues_of
from thymos.corpora.readers._iemocap_lines import NAMES, Found, read_dialogue
from thymos.corpora.readers.iemocap import READER, SELECTIONS, selected_emotion
from thymos.errors import BadInput
from thymos.testing import write_official_layout

EVALUATION = "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
TRANSCRIPT = "IEMOCAP_full_release/Session1/dialog/transcriptions/Ses01F_impro01.txt"
FIRST = "Ses01F_impro01_F000"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return READER.read(write_official_layout("iemocap", tmp_path_factory.mktemp("iemocap")))


def test_turns(corpus):
    assert len(corpus.items) == 5 * 2 * 8
    assert sorted(corpus.items["speaker"].unique()) == [f"0{session}{who}" for session in range(1, 6) for who in "FM"]
    row = corpus.items.loc["Ses01M_script01_1b_F000"]
    assert (row["speaker"], row["gender"]) == ("01F", "F"), "the letter at the end counts"
    assert (row["scripted"], row["scenario"]) == (True, "script01_1")
    assert row["text"]
    assert not corpus.items.loc[FIRST, "scripted"]
    second = corpus.items.loc["Ses01F_impro01_M000"]
    assert (second["turn"], second["start"], second["end"]) == (2, 3.5, 6.5)
    assert not corpus.items.index.str.contains("XX").any()


def test_labels_and_no_agreement(corpus):
    own = corpus.items[corpus.items["dialogue"] == "Ses01F_impro01"]
    assert own["emotion"].tolist() == ["neutral", "happy", "sad", "angry", "excited", "frustrated", None, "fearful"]
    assert own["emotion6"].tolist() == ["neutral", "happy", "sad", "angry", "excited", "frustrated", None, None]


def test_every_vote_is_kept(corpus):
    table = corpus.rated().select(items=["Ses01F_impro01_M000"]).table
    pairs = set(zip(table["rater"], table["label"], strict=True))
    assert pairs == {("E2", "happy"), ("E3", "happy"), ("E3", "frustrated"), ("E4", "neutral")}
    own = corpus.tables["self_reports"]
    assert own[own["item"] == "Ses01F_impro01_M000"][["rater", "label"]].to_numpy().tolist() == [["F1", "sad"]]
    assert set(corpus.rated().raters) == {"E2", "E3", "E4"}, "the actors are no evaluators"


def test_dimensions(corpus):
    table = corpus.tables["dimensions"]
    own = table[table["item"] == FIRST].set_index("rater")
    assert own.loc["E3", ["valence", "activation", "dominance"]].tolist() == [3, 2, 2]
    assert np.isnan(own.loc["E4", "dominance"])
    assert own["self_report"].to_dict() == {"E3": False, "E4": False, "F1": True}
    assert corpus.items.loc[FIRST, ["valence", "activation", "dominance"]].tolist() == [2.5, 2.5, 3.0]


def test_a_rating_outside_the_range_is_missing_and_told(corpus):
    item = "Ses01F_impro01_M003"
    table = corpus.tables["dimensions"]
    own = table[(table["item"] == item) & (table["rater"] == "E3")].iloc[0]
    assert np.isnan(own["activation"])
    assert (own["valence"], own["dominance"]) == (3, 2)
    assert corpus.items.loc[item, "activation"] == 5.5, "the released mean stays"
    assert item in set(corpus.tables["left_out"].query("reason == 'rating outside 1 to 5'")["name"])


def test_what_was_not_read_is_counted(corpus):
    table = corpus.tables["left_out"]
    assert table["reason"].value_counts().to_dict() == {
        "spoken without a name": 10,
        "not evaluated": 10,
        "line of no known form": 10,
        "rating outside 1 to 5": 10,
    }
    unnamed = table[(table["dialogue"] == "Ses01F_impro01") & (table["reason"] == "spoken without a name")]
    assert unnamed[["line", "name"]].to_numpy().tolist() == [[10, ""]]
    assert set(table.loc[table["reason"] == "not evaluated", "name"].str[-5:]) == {"_FXX0"}


def test_sessions_are_apart_and_scenarios_are_not(corpus):
    split = corpus.splits["sessions"]
    guarantee = "session-independent, speaker-independent, dialogue-independent, not scenario-independent"
    assert split.guarantee == guarantee
    assert {corpus.items.loc[item, "session"] for item in split["test"]} == {"05"}
    folds = corpus.splits["leave_one_session_out"]
    assert folds.guarantee == guarantee
    assert {part: len(items) for part, items in folds.parts.items()} == {f"session0{k}": 16 for k in range(1, 6)}


def test_dialogues(corpus):
    found = dialogues_of(corpus)
    assert [len(one) for one in found] == [8] * 10
    assert [speaker.name for speaker in found[0].speakers] == ["01F", "01M"]
    assert "emotion" not in found[0].utterances[6].labels, "no agreement is no label"
    assert found[0].utterances[1].start == 3.5


def test_selections(corpus):
    six, five, four = (selected_emotion(corpus, name) for name in ("six", "five", "four"))
    assert selected_emotion(corpus).equals(six), "six is the default"
    assert set(six) == set(get_scheme("iemocap6").labels)
    assert list(six.index) == list(five.index)
    assert set(five) == set(six) - {"excited"}
    assert (five == "happy").sum() == six.isin(["happy", "excited"]).sum()
    assert set(four) == {"neutral", "happy", "sad", "angry"}
    assert four.equals(five[five != "frustrated"])
    with pytest.raises(BadInput, match="there is no selection 'seven'; known: six, five, four"):
        selected_emotion(corpus, "seven")


def test_selections_name_known_labels():
    for classes in SELECTIONS.values():
        assert set(classes) | set(classes.values()) <= set(NAMES.values())


def test_the_counts_of_the_release_add_up():
    counts = {claim.what: claim.count for claim in READER.published}
    agreed = ("neutral", "happy", "excited", "sad", "angry", "frustrated")
    assert sum(counts[f"{name} turns"] for name in agreed) == 7_380
    assert counts["turns of four classes"] == 7_380 - counts["frustrated turns"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("lines")


@given(
    st.lists(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=3), min_size=1, max_size=4),
    st.lists(st.sampled_from(["", "1", "2", "3", "4", "5"]), min_size=3, max_size=3),
)
def test_what_was_written_is_read(scratch: Path, votes, rating):
    evaluation, spoken = scratch / "evaluation.txt", scratch / "spoken.txt"
    spoken.write_text(f"{FIRST} [000.5000-001.0000]: Good day.\n")
    lines = [f"[0.5000 - 1.0000]\t{FIRST}\txxx\t[2.0000, 2.0000, 2.0000]"]
    lines += [f"C-E{rater}:\t{'; '.join(name.capitalize() for name in own)};\t()" for rater, own in enumerate(votes)]
    lines.append("A-E1:\tval {}; act {}; dom  {};\t()".format(*rating))
    evaluation.write_text("\n".join(lines) + "\n")
    found = Found()
    read_dialogue(evaluation, spoken, found)
    assert [(vote["rater"], vote["label"]) for vote in found.votes] == [
        (f"E{rater}", NAMES[name]) for rater, own in enumerate(votes) for name in own
    ]
    wanted = [float(cell) if cell else np.nan for cell in rating]
    read = [found.dimensions[0][name] for name in ("valence", "activation", "dominance")]
    assert np.array_equal(read, wanted, equal_nan=True)
    assert not found.left_out


def test_a_copy_without_the_outer_folder_and_with_one_session(release):
    there = release("iemocap")
    inner = there.folder / "IEMOCAP_full_release"
    (inner / "Session2").rename(there.folder / "Session2")
    for path in inner.glob("Session*"):
        path.rename(there.folder / f"other{path.name}")
    inner.rmdir()
    corpus = there.read()
    assert corpus.items["session"].unique().tolist() == ["02"]
    assert {name: split.guarantee for name, split in corpus.splits.items()} == {"all": "no split"}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (EVALUATION, "\tneu\t", "\twow\t", "line 3: unknown code 'wow'"),
        (EVALUATION, "\tneu\t", "\t", "line 3: the line of a turn is not like"),
        (EVALUATION, "[2.5000, 2.5000", "[2.5.00, 2.5000", "line 3: '2.5.00' is no number"),
        (EVALUATION, "[3.5000 - ", "(3.5000 - ", "line 12: the line of a turn is not like"),
        (EVALUATION, "C-E2:\tNeutral", "C-E2:\tBored", "line 4: unknown category 'bored'"),
        (EVALUATION, "C-E2:\t", "C-E2 ", "line 4: the line of categories"),
        (EVALUATION, "val 3", "value 3", "line 8: the line of dimensions"),
        (EVALUATION, "val 3", "val 3..", "line 8: '3..' is no number"),
        (EVALUATION, "% [START", "C-E2:\tNeutral;\t()\n% [START", "line 1: a rating stands before the first turn"),
        (EVALUATION, "[0.0000 - 3.0000]", "[9.0000 - 3.0000]", "ends at 3.0000 and starts at 9.0000"),
        (EVALUATION, FIRST, "Ses09F_impro01_F000", "is not like"),
        (EVALUATION, "Ses01F_impro01_F001", FIRST, f"turn '{FIRST}' stands twice"),
        (TRANSCRIPT, f"{FIRST} ", "Ses01F_impro01_F900 ", "stands in no transcription"),
    ],
)
def test_broken_files_are_told_with_their_line(release, name, old, new, said):
    there = release("iemocap")
    there.edit(name, old, new)
    there.refused(said)


def test_the_first_of_two_transcriptions_counts(release):
    there = release("iemocap")
    path = there.folder / TRANSCRIPT
    path.write_text(path.read_text() + f"{FIRST} [000.0000-003.0000]: Something else.\n")
    corpus = there.read()
    assert corpus.items.loc[FIRST, "text"] != "Something else."
    assert (corpus.tables["left_out"]["reason"] == "name stands twice").sum() == 1


@pytest.mark.parametrize("name", [EVALUATION, TRANSCRIPT])
def test_wrong_encoding(release, name):
    there = release("iemocap")
    path = there.folder / name
    path.write_bytes(path.read_bytes() + "Café\n".encode("utf-16"))
    there.refused("not valid utf-8")


def test_missing_parts(release):
    there = release("iemocap")
    (there.folder / TRANSCRIPT).unlink()
    there.refused("no transcription")
    for path in (there.folder / EVALUATION).parent.glob("*.txt"):
        path.unlink()
    there.refused("there is no evaluation")
    for path in (there.folder / "IEMOCAP_full_release").glob("Session*"):
        path.rename(there.folder / f"x{path.name}")
    there.refused("thymos data card iemocap")
