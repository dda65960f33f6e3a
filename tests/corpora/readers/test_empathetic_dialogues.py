"""EmpatheticDialogues, official and annotated layout."""

import pytest

ANNOTATED = "datasets/empatheticdialogues_annotated"


def test_official_layout(release):
    corpus = release("empathetic_dialogues").read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 64, "valid": 32, "test": 32}
    utterances = corpus.tables["utterances"]
    assert len(utterances) == 128 * 4
    assert not utterances["text"].str.contains("_comma_").any()
    assert corpus.items["text"].str.contains(",").all()
    own = utterances[utterances["item"] == "hit:0_conv:1"]
    assert own["actor"].tolist() == ["speaker", "listener"] * 2
    assert own["turn"].tolist() == [1, 2, 3, 4]
    assert "machine_label" not in utterances
    assert corpus.items["worker_pair"].iloc[0] == "hit:0"
    assert corpus.rated().scheme().construct == "felt"


def test_the_official_files_may_stand_in_their_folder(release):
    there = release("empathetic_dialogues")
    inner = there.folder / "empatheticdialogues"
    inner.mkdir()
    for path in list(there.folder.glob("*.csv")):
        path.rename(inner / path.name)
    assert len(there.read().items) == 128


def test_annotated_layout(release):
    corpus = release("empathetic_dialogues", "annotated").read()
    assert len(corpus.items) == 96
    assert corpus.items["part"].isna().sum() == 1  # exclude
    assert corpus.split().guarantee == "dialogue-independent, not worker_pair-independent"
    assert corpus.items.loc["hit:0_conv:0", "emotion"] == "afraid"
    assert corpus.tables["utterances"]["machine_label"].notna().all()
    assert set(corpus.tables["intents"]["intent"]) == {"questioning", "consoling"}
    assert corpus.rated().raters == ["speaker"]


def test_the_annotated_layout_without_a_split_file(release):
    there = release("empathetic_dialogues", "annotated")
    (there.folder / "official_split.csv").unlink()
    assert list(there.read().splits) == ["all"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda line: line.replace(",", "\t"), r"train.csv, line 2: 1 fields found"),
        (lambda line: line + ",x,y", r"train.csv, line 2: 10 fields found, 9 expected"),
        (lambda line: line.replace("afraid", "scared"), r"train.csv, line 2: unknown emotion 'scared'"),
        (lambda line: line.replace(",1,", ",one,"), r"train.csv, line 2: utterance_idx 'one' is not a number"),
        (lambda line: line.replace(",1,", ",2,"), r"train.csv, line 3: conversation and utterance .* stands twice"),
    ],
)
def test_bad_official_lines(release, change, message):
    there = release("empathetic_dialogues")
    there.edit_line("train.csv", 2, change)
    there.refused(message)


def test_a_conversation_in_two_parts(release):
    there = release("empathetic_dialogues")
    line = (there.folder / "train.csv").read_text().split("\n")[1]
    with (there.folder / "valid.csv").open("a") as stream:
        stream.write(line + "\n")
    there.refused("conversation 'hit:0_conv:0' stands in two parts")


def test_bad_annotated_files(release):
    there = release("empathetic_dialogues", "annotated")
    there.edit(f"{ANNOTATED}/afraid.csv", "listener", "bystander")
    there.refused(r"afraid.csv, line 4: unknown actor 'bystander'; legal: speaker, listener, none")
    (there.folder / ANNOTATED / "afraid.csv").unlink()
    there.refused(r"there is no file afraid.csv \(1 of 32 emotions are missing\)")
    there = release("empathetic_dialogues", "annotated")
    there.edit_line(f"{ANNOTATED}/afraid.csv", 2, lambda line: line.replace("situation", "utterance"))
    there.refused(r"afraid.csv, line 2: dialogue 'hit:0_conv:0' has no situation row")


def test_bad_split_file(release):
    there = release("empathetic_dialogues", "annotated")
    number = there.repeat_line("official_split.csv", 2)
    there.refused(rf"official_split.csv, line {number}: dialogue 'hit:0_conv:0' stands twice")
    there = release("empathetic_dialogues", "annotated")
    there.edit("official_split.csv", ",train,", ",training,")
    there.refused(r"official_split.csv, line 2: unknown part 'training'")


def test_neither_layout(tmp_path, release):
    there = release("empathetic_dialogues")
    for path in there.folder.glob("*.csv"):
        path.unlink()
    there.refused("there is no file train.csv")
