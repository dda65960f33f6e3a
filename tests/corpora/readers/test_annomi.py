"""Counseling sessions labeled by one or several experts."""

import pytest

from thymos.corpora.dialogue import dialogues_of
from thymos.corpora.readers.annomi import video
from thymos.corpora.registry import load_corpus

FILE = "AnnoMI-full.csv"


def test_utterances(release):
    corpus = release("annomi").read()
    assert len(corpus.items) == 80
    first = corpus.items.loc["annomi-000/003"]
    assert (first["speaker"], first["turn"], first["start"]) == ("client", 3, 189.0)
    assert first["annotators"] == 3
    assert corpus.items["topic"].unique().tolist() == ["reading more", "sleep"]
    assert corpus.items.groupby("dialogue").size().eq(8).all()


def test_every_annotators_labels_are_kept(release):
    annotations = release("annomi").read().rated()
    assert len(annotations.select(scheme="motivational_client3")) == 4 * (9 + 3)
    votes = annotations.votes("motivational_reflection3").loc["annomi-000/002"]
    assert votes.to_dict() == {"none": 0, "simple": 2, "complex": 1}
    assert annotations.votes("motivational_input5").loc["annomi-000/000"].to_dict()["none"] == 3
    assert "annotator2" in annotations.select(items=["annomi-000/002"]).raters
    assert annotations.raters_identified


def test_the_label_with_the_most_votes_stands_beside_the_text(release):
    items = release("annomi").read().items
    assert items.loc["annomi-000/000", "behavior"] == "question"
    assert items.loc["annomi-000/000", "talk"] is None
    assert items.loc["annomi-000/001", "talk"] == "neutral"
    assert set(items.loc[items["speaker"] == "therapist", "behavior"]) == {
        "question", "reflection", "therapist_input", "other"
    }  # fmt: skip


def test_two_annotators_who_differ_leave_no_label(release):
    there = release("annomi")
    path = there.folder / FILE
    path.write_text("\n".join(line for line in path.read_text().split("\n") if not _of(line, "0", "1")))
    talk = there.read().items["talk"]
    votes = there.read().rated().votes("motivational_client3")
    tied = votes.index[(votes.max(axis=1) == 1) & (votes.sum(axis=1) == 2)]
    assert len(tied) == 4
    assert talk.loc[tied].isna().all()


def _of(line: str, transcript: str, annotator: str) -> bool:
    """Whether a line of the twin, whose last eight cells hold no comma, is that annotator's of that transcript."""
    cells = line.split(",")
    return len(cells) > 9 and cells[1] == transcript and cells[-9] == annotator


def test_dialogues(release):
    dialogues = dialogues_of(release("annomi").read())
    assert len(dialogues) == 10
    assert [speaker.name for speaker in dialogues[0].speakers] == ["therapist", "client"]
    assert dialogues[0].utterances[0].labels["behavior"] == "question"
    assert "talk" not in dialogues[0].utterances[0].labels


def test_what_the_splits_keep_apart(release):
    corpus = release("annomi").read()
    assert corpus.items["video"].nunique() == 9
    assert "dialogue-independent" in corpus.split("grouped").guarantee
    assert corpus.split("videos").guarantee == "video-independent, dialogue-independent"
    parts = [set(corpus.part(part, "videos")["video"]) for part in corpus.split("videos").parts]
    assert sum(map(len, parts)) == len(set.union(*parts))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.youtube.com/watch?v=a-b_c&list=PL1&index=8&t=0s", "a-b_c"),
        ("https://youtu.be/a-b_c", "a-b_c"),
        ("https://vimeo.com/12", "12"),
        ("lost", "lost"),
    ],
)
def test_names_of_videos(url, name):
    assert video(url) == name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("high,0,", "good,0,", "line 2: unknown quality 'good'; legal: high, low"),
        (",therapist,", ",doctor,", "line 2: unknown interlocutor 'doctor'"),
        ("00:00:00", "0:0", "line 3: timestamp differs from an earlier row of annomi-000/000"),
        ("Invented talk 0", "Another", "line 3: video_title differs from an earlier row of annomi-000/000"),
        (",question,n/a", ",singing,n/a", "line 2: unknown main_therapist_behaviour 'singing'"),
        (",question,n/a", ",question,change", "line 2: unknown client_talk_type 'change'; legal: n/a"),
        ("True,open", "True,n/a", "line 2: unknown question_subtype 'n/a'; legal: open, closed"),
        ("False,n/a", "False,advice", "line 2: unknown therapist_input_subtype 'advice'; legal: n/a"),
        ("high,0,", "high,x,", "line 2: transcript_id 'x' is not a number"),
        ("annotator_id", "annotator", "column 'annotator_id' is missing"),
    ],
)
def test_bad_values(release, old, new, message):
    there = release("annomi")
    there.edit(FILE, old, new)
    there.refused(message)


def test_a_time_that_is_none(release):
    there = release("annomi")
    there.edit(FILE, "00:00:00", "0:0", 99)
    there.refused("line 2: timestamp '0:0' is not hh:mm:ss")


def test_a_row_twice(release):
    there = release("annomi")
    number = there.repeat_line(FILE, 2)
    there.refused(f"line {number}: label 'annomi-000/000 of annotator0' stands twice")


@pytest.mark.data
def test_the_data_at_hand(data_root):
    if not (data_root / "annomi").is_dir():
        pytest.skip("annomi is not here")
    corpus = load_corpus("annomi", data_root)
    items, transcripts = corpus.items, corpus.tables["transcripts"]
    assert items["speaker"].value_counts().to_dict() == {"therapist": 4882, "client": 4817}
    assert items["annotators"].value_counts().to_dict() == {1: 9271, 10: 428}
    assert transcripts["annotators"].value_counts().to_dict() == {1: 126, 10: 7}
    assert items["video"].nunique() == 119
    assert items["behavior"].value_counts().to_dict() == {
        "other": 1585, "question": 1385, "reflection": 1296, "therapist_input": 612
    }  # fmt: skip
    assert items["talk"].value_counts().to_dict() == {"neutral": 3095, "change": 1173, "sustain": 539}
    sizes = corpus.rated().table["scheme"].value_counts()
    assert sizes["motivational_client3"] == 6725
    assert sizes["motivational_input5"] == sizes["motivational_therapist4"] == 6826
    assert corpus.split("videos").guarantee == "video-independent, dialogue-independent"
    assert corpus.split("grouped").guarantee == "dialogue-independent, not video-independent"
    assert sum(map(len, dialogues_of(corpus))) == 9699
