"""OMG-Empathy: three traces an item, read when asked for; transcripts in the release's spellings."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from thymos.corpora.readers.omg_empathy import FRAME_RATE, trace, transcript
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput, Unavailable

SELF = "Annotations/SelfAnnotations"
THIRD = "Annotations/listener_ThirdParty"
TEXTS = "Annotations/Transcriptions"


def test_items_are_subjects_by_stories(release):
    corpus = release("omg_empathy").read()
    assert list(corpus.items.index[:3]) == ["Subject_1_Story_1", "Subject_1_Story_2", "Subject_1_Story_3"]
    assert len(corpus.items) == 32
    item = corpus.items.loc["Subject_2_Story_7"]
    assert (item["subject"], item["story"], item["part"]) == ("2", "7", "test")
    assert item["seconds"] == item["frames"] / 25
    assert Path(item["speaker_path"]).parts[-2:] == ("speaker_thirdParty", "Subject_2_Story_7.csv")
    assert corpus.annotations is None


def test_the_split_is_by_story_and_says_that_it_shares_the_subjects(release):
    corpus = release("omg_empathy").read()
    stories = {part: sorted(set(corpus.part(part)["story"])) for part in corpus.split().parts}
    assert stories == {"train": ["2", "4", "5", "8"], "valid": ["1"], "test": ["3", "6", "7"]}
    assert corpus.split().guarantee == "story-independent, not subject-independent"
    assert corpus.split("subjects").guarantee == "subject-independent, not story-independent"
    assert set(corpus.part("subject_03", "subjects")["subject"]) == {"3"}


@pytest.mark.parametrize("track", ["self", "listener", "speaker"])
def test_traces_are_what_the_file_says(release, track):
    corpus = release("omg_empathy").read()
    table = trace(corpus, "Subject_1_Story_2", track)
    lines = Path(corpus.items[f"{track}_path"]["Subject_1_Story_2"]).read_text().split()
    assert list(table.columns) == ["time", "valence"]
    assert table["valence"].to_list() == [float(line) for line in lines[1:]]
    assert table["time"].to_list() == [frame / FRAME_RATE for frame in range(len(lines) - 1)]


def test_the_twin_has_a_signal_to_find(release):
    corpus = release("omg_empathy").read()
    felt = {item: trace(corpus, item)["valence"].to_numpy() for item in corpus.items.index}
    same = [np.corrcoef(felt[f"Subject_1_Story_{k}"], felt[f"Subject_4_Story_{k}"])[0, 1] for k in range(1, 9)]
    assert np.mean(same) > 0.8
    assert 0.02 < np.mean(np.concatenate(list(felt.values())) == 0) < 0.7


# -- transcripts --------------------------------------------------------------------------------------------------


def test_transcripts_are_found_in_every_spelling(release):
    corpus = release("omg_empathy").read()
    with_text = corpus.items[corpus.items["has_transcript"]]
    assert sorted(set(with_text["story"])) == ["1", "2", "4", "5", "8"]
    assert len(with_text) == 20
    name = corpus.items["transcript_path"].map(lambda path: Path(path).name)
    assert name["Subject_2_Story_4"] == "transcribed_subject_2_Story_4.ass"
    assert name["Subject_3_Story_2"] == "transcribed_subject_3_story_2.ass"  # not the stray "story2"
    assert name["Subject_1_Story_3"] == ""
    checks = {check.what: check.found for check in get_reader("omg_empathy").check(corpus)}
    assert checks["transcripts"] == 20
    assert checks["videos"] is None


def test_both_kinds_of_subtitles_give_the_same_utterances(release):
    there = release("omg_empathy")
    from_ass = transcript(there.read(), "Subject_1_Story_1")
    (there.folder / TEXTS / "transcribed_subject_1_story_1.ass").unlink()
    corpus = there.read()
    assert corpus.items["transcript_path"]["Subject_1_Story_1"].endswith(".srt")
    from_srt = transcript(corpus, "Subject_1_Story_1")
    assert from_ass.to_dict("records") == from_srt.to_dict("records")
    assert set(from_ass["speaker"]) == {"speaker", "listener"}
    assert from_ass["text"].str.len().min() > 0
    assert not from_ass["text"].str.startswith("[").any()


def test_overlaps_are_joined_and_odd_tags_understood(release):
    there = release("omg_empathy")
    stem = there.folder / TEXTS / "transcribed_subject_1_story_1"
    stem.with_suffix(".ass").unlink()
    stem.with_suffix(".srt").write_text(
        "1\n00:00:00,000 --> 00:00:01,000\n[S] once upon\n\n"
        "2\n00:00:01,000 --> 00:00:02,000\n[L[ hm\n[S] once upon\na time\n\n"
        "3\n00:00:02,000 --> 00:00:03,000\ns] once upon\n\n"
        "4\n00:00:05,000 --> 00:00:06,000\n[S] once upon\n\n5\n00:00:06,500 --> 00:00:07,000\n<breath>\n"
    )
    table = transcript(there.read(), "Subject_1_Story_1")
    assert table.to_dict("split")["data"] == [
        [0.0, 3.0, "speaker", "once upon"],
        [1.0, 2.0, "listener", "hm"],
        [1.0, 2.0, "speaker", "a time"],
        [5.0, 6.0, "speaker", "once upon"],
        [6.5, 7.0, "", "<breath>"],
    ]


def test_a_copy_with_traces_only_and_with_videos(release):
    there = release("omg_empathy")
    before = there.read()
    (there.folder / "Videos").mkdir()
    (there.folder / "Videos/subject_1_story_3.mp4").write_bytes(b"")
    (there.folder / "Videos/Trailer.mp4").write_bytes(b"")
    after = there.read()
    assert list(after.items.index[after.items["video_path"] != ""]) == ["Subject_1_Story_3"]
    assert after.sha256 == before.sha256
    shutil.rmtree(there.folder / TEXTS)
    shutil.rmtree(there.folder / THIRD)
    corpus = there.read()
    assert not corpus.items["has_transcript"].any()
    for ask in (
        lambda: transcript(corpus, "Subject_1_Story_1"),
        lambda: trace(corpus, "Subject_1_Story_1", "listener"),
    ):
        with pytest.raises(Unavailable, match="omg_empathy: this copy has no t"):
            ask()


# -- bad input ----------------------------------------------------------------------------------------------------


def test_wrong_names(release):
    there = release("omg_empathy")
    path = there.folder / SELF / "Subject_1_Story_1.csv"
    for name, message in (
        ("Subject_11_Story_1.csv", "file name 'Subject_11_Story_1' is not Subject_<1-10>_Story_<1-8>"),
        ("Subject_1_Story_9.csv", "is not Subject_<1-10>_Story_<1-8>"),
        ("notes.csv", "file name 'notes' is not"),
        ("subject_1_story_1.csv", "subject 1, story 1 stands twice"),
    ):
        shutil.copy(path, path.parent / name)
        there.refused(message)
        (path.parent / name).unlink()
    shutil.copy(path, there.folder / TEXTS / "transcript_1.srt")
    there.refused("file name 'transcript_1' is not transcribed_subject_<1-10>_story_<1-8>")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("valence\n", "there is a header and no frame"),
        ("arousal\n0.0\n", "line 1: the column is 'arousal', not 'valence'"),
        ("valence\n0.0\n0.1\n", "2 frames found, .* in the self-annotation"),
        (b"valence\n\xff\n", "line 2: byte 0xff is not valid utf-8"),
    ],
)
def test_wrong_traces_are_found_while_reading(release, content, message):
    there = release("omg_empathy")
    path = there.folder / THIRD / "Subject_1_Story_1.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert str(path) in there.refused(message).where


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1.5", "line 3: valence '1.5' is outside -1..1"),
        ("nan", "line 3: valence 'nan' is not"),
        ("x", "line 3: valence 'x'"),
    ],
)
def test_wrong_values_are_found_when_a_trace_is_read(release, cell, message):
    there = release("omg_empathy")
    there.edit_line(f"{SELF}/Subject_1_Story_1.csv", 3, lambda _: cell + "\r")
    with pytest.raises(BadInput, match=message):
        trace(there.read(), "Subject_1_Story_1")


def test_questions_without_an_answer(release):
    there = release("omg_empathy")
    corpus = there.read()
    with pytest.raises(BadInput, match="there is no item 'Subject_9_Story_1'"):
        trace(corpus, "Subject_9_Story_1")
    with pytest.raises(BadInput, match="there is no track 'mine'; known: self, listener, speaker"):
        trace(corpus, "Subject_1_Story_1", "mine")
    there.edit_line(f"{SELF}/Subject_4_Story_8.csv", 2, lambda line: line + "\n0.0\r")
    with pytest.raises(BadInput, match=r"frames found, \d+ expected"):
        trace(corpus, "Subject_4_Story_8")
    shutil.rmtree(there.folder / SELF)
    there.refused("there is no trace of a listener")
