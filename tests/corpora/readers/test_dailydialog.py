"""DailyDialog: turns and labels, repeated dialogues, packed parts, and what is broken."""

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.dialogue import dialogues_of
from thymos.corpora.readers.dailydialog import ACTS, EMOTIONS, END, READER, _codes, _turns, repeated_dialogues
from thymos.errors import BadInput

BASE = "ijcnlp_dailydialog/train"
TEXT_FILE, EMOTION_FILE, ACT_FILE = (f"{BASE}/dialogues{kind}_train.txt" for kind in ("", "_emotion", "_act"))


def test_turns_parts_and_labels(release):
    there = release("dailydialog")
    corpus = there.read()
    assert corpus.items.groupby("part")["dialogue"].nunique().to_dict() == {"train": 12, "validation": 4, "test": 4}
    codes = (there.folder / EMOTION_FILE).read_text().split("\n")[1].split()
    names = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
    own = corpus.items[corpus.items["dialogue"] == "train/2"]
    assert own["emotion"].tolist() == [names[int(code)] for code in codes]
    assert own["speaker"].tolist() == ["A", "B", "A"]
    assert set(corpus.items["act"]) <= {"inform", "question", "directive", "commissive"}
    found = dialogues_of(corpus)
    assert len(found) == 20
    assert all([one.speaker.name for one in dialogue] == list("ABABAB"[: len(dialogue)]) for dialogue in found)


def test_equal_dialogues_of_two_parts_are_one_conversation(release):
    corpus = release("dailydialog").read()
    assert corpus.items.loc["test/1/1", "conversation"] == "train/1", "capitals make no difference"
    assert corpus.items.loc["test/2/1", "conversation"] == "test/2"
    assert corpus.split().guarantee == "dialogue-independent, not conversation-independent"
    assert repeated_dialogues(corpus).to_numpy().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_a_split_without_repeats_keeps_the_test_part(release):
    corpus = release("dailydialog").read()
    split = corpus.split("without_repeats")
    assert split.guarantee == "dialogue-independent, conversation-independent"
    assert split["test"] == corpus.split()["test"]
    assert split["validation"] == corpus.split()["validation"]
    assert set(corpus.split()["train"]) - set(split["train"]) == {"train/1/1", "train/1/2", "train/1/3"}


def test_repeats_inside_a_part_and_in_all_three(release):
    there = release("dailydialog")
    for name in ("dialogues", "dialogues_emotion", "dialogues_act"):
        first = (there.folder / f"{BASE}/{name}_train.txt").read_text().split("\n")[0]
        for part in ("train", "validation"):
            path = there.folder / f"ijcnlp_dailydialog/{part}/{name}_{part}.txt"
            path.write_text(path.read_text() + first + "\n")
    corpus = there.read()
    assert repeated_dialogues(corpus).to_numpy().tolist() == [[2, 2, 2], [1, 0, 1], [1, 1, 0]]
    split = corpus.split("without_repeats")
    assert split.guarantee == "dialogue-independent, conversation-independent"
    kept = {corpus.items.loc[item, "dialogue"] for part in ("train", "validation") for item in split[part]}
    assert not {"train/1", "train/13", "validation/5"} & kept


@given(
    st.lists(
        st.text(st.characters(blacklist_categories=("Cs",)), max_size=20).filter(lambda text: "_" not in text),
        min_size=1,
        max_size=6,
    )
)
def test_turns_are_what_was_joined(turns):
    line = "".join(f" {turn} {END}" for turn in turns)
    assert _turns(line, "x") == [turn.strip() for turn in turns]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=9), st.integers(0, 9))
def test_codes_fit_the_turns_or_are_refused(codes, turns):
    line = " ".join(map(str, codes))
    if turns == len(codes):
        assert _codes(line, 0, EMOTIONS, turns, "x") == [EMOTIONS[code] for code in codes]
    else:
        with pytest.raises(BadInput, match=f"{len(codes)} labels for {turns} turns"):
            _codes(line, 0, EMOTIONS, turns, "x")


def test_acts_are_counted_from_one():
    assert _codes("4 1 ", 1, ACTS, 2, "x") == ["commissive", "inform"]


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        (EMOTION_FILE, "0 1 2 3 4 5 6", r"dialogues_emotion_train.txt, line 3: 7 labels for 4 turns"),
        (EMOTION_FILE, "0 1 7 0", "line 3: label '7' is none of 0, 1"),
        (EMOTION_FILE, "0 x 1 0", "line 3: label 'x'"),
        (ACT_FILE, "0 1 2 3", "dialogues_act_train.txt, line 3: label '0' is none of 1, 2"),
        (TEXT_FILE, "Hello __eou__ Bye", "dialogues_train.txt, line 3: the last turn does not end with __eou__"),
        (TEXT_FILE, "", "dialogues_train.txt, line 3: the dialogue has no turn"),
    ],
)
def test_broken_lines(release, name, line, said):
    there = release("dailydialog")
    there.edit_line(name, 3, lambda old: line)
    there.refused(said)


def test_files_that_do_not_fit_or_are_empty(release):
    there = release("dailydialog")
    path = there.folder / ACT_FILE
    path.write_text("1 1\n" + path.read_text())
    there.refused("dialogues_act_train.txt: 13 lines for 12 dialogues")
    (there.folder / TEXT_FILE).write_text("\n")
    there.refused("dialogues_train.txt: the file is empty")


def test_a_missing_file(release):
    there = release("dailydialog")
    (there.folder / EMOTION_FILE).unlink()
    there.refused("there is no file train/dialogues_emotion_train.txt")


def test_a_packed_part_or_release_says_what_to_do(release):
    there = release("dailydialog")
    folder = there.folder / "ijcnlp_dailydialog"
    (folder / "train").rename(folder / "packed")
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        archive.writestr("train/x.txt", "x")
    there.refused("train.zip: the part train is still packed; unpack it")
    folder.rename(there.folder / "elsewhere")
    (there.folder / "ijcnlp_dailydialog.zip").write_bytes(b"PK")
    there.refused("ijcnlp_dailydialog.zip: the part train is still packed; unpack it")


@pytest.mark.parametrize("outer", ["EMNLP_dataset", "."])
def test_parts_that_were_unpacked_into_a_folder_of_their_name(release, outer):
    there = release("dailydialog")
    first = there.read()
    for part in ("train", "validation", "test"):
        inner = there.folder / outer / part / part
        inner.parent.mkdir(parents=True, exist_ok=True)
        (there.folder / "ijcnlp_dailydialog" / part).rename(inner)
    (there.folder / "ijcnlp_dailydialog").rmdir()
    assert there.read().items.equals(first.items)


def test_files_in_one_folder_beside_an_archive(release):
    there = release("dailydialog")
    base = there.folder / "ijcnlp_dailydialog"
    for path in list(base.glob("*/*.txt")):
        path.rename(base / path.name)
    (base / "train.zip").write_bytes(b"PK")
    assert there.read().items["dialogue"].nunique() == 20


def test_wrong_encoding(release):
    there = release("dailydialog")
    (there.folder / TEXT_FILE).write_bytes(b"\xff\xfe\xfa __eou__\n")
    there.refused("dialogues_train.txt, line 1: byte 0xff is not valid utf-8")


def test_the_counts_of_the_parts_add_up_to_those_of_the_corpus():
    counts = {claim.what: claim.count for claim in READER.published}
    assert sum(counts[f"{part} dialogues"] for part in ("train", "validation", "test")) == 13_118
    assert sum(counts[f"{part} turns"] for part in ("train", "validation", "test")) == 102_979
