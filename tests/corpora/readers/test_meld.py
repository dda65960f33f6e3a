"""MELD."""

import pytest

FILE = "data/MELD/train_sent_emo.csv"


def test_utterances_groups_and_times(release):
    corpus = release("meld").read()
    first = corpus.items.loc["train/dia0_utt1"]
    assert first["dialogue"] == "train/dia0"
    assert first["turn"] == 1
    assert first["start"] == pytest.approx(3.059)
    assert first["end"] == pytest.approx(5.5)
    assert corpus.split().guarantee == "dialogue-independent, not speaker-independent, not episode-independent"
    assert set(corpus.rated().schemes) == {"meld7", "sentiment3"}
    dyadic = corpus.tables["dyadic"]
    assert (dyadic["text"].to_numpy() == corpus.items.loc[dyadic["item"], "text"].to_numpy()).all()


def test_the_words_na_and_null_stay_text(release):
    there = release("meld")
    there.edit_line(FILE, 2, lambda line: '1,"NA, null",None,joy,positive,0,0,1,1,"00:00:00,0","00:00:01,5"\r')
    item = there.read().items.loc["train/dia0_utt0"]
    assert (item["text"], item["speaker"]) == ("NA, null", "None")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1;x;A;joy;positive;0;0;1;1;a;b", "line 2: 1 fields found, 11 expected"),
        ('1,x,A,happy,positive,0,0,1,1,"00:00:00,0","00:00:01,5"', "line 2: unknown emotion 'happy'; legal: neutral"),
        ('1,x,A,joy,good,0,0,1,1,"00:00:00,0","00:00:01,5"', "line 2: unknown sentiment 'good'"),
        ('1,x,A,joy,positive,0,,1,1,"00:00:00,0","00:00:01,5"', "line 2: Utterance_ID is empty"),
        ('1,x,A,joy,positive,NaN,0,1,1,"00:00:00,0","00:00:01,5"', "line 2: Dialogue_ID 'NaN' is not a number"),
        ('1,x,A,joy,positive,0,1,1,1,"00:00:00,0","00:00:01,5"', r"line 3: .*'train/dia0_utt1' stands twice"),
        ('1,x,A,joy,positive,0,0,1,1,"0:00","00:00:01,5"', "line 2: StartTime '0:00' is not hh:mm:ss,mmm"),
    ],
)
def test_bad_lines(release, line, message):
    there = release("meld")
    there.edit_line(FILE, 2, lambda _: line + "\r")
    there.refused(f"train_sent_emo.csv, {message}")


def test_bad_files(release):
    there = release("meld")
    there.edit(FILE, "Emotion", "Feeling")
    there.refused(r"train_sent_emo.csv: column 'Emotion' is missing; present: Sr No.")
    (there.folder / FILE).write_text((there.folder / FILE).read_text().split("\n")[0] + "\n")
    there.refused("train_sent_emo.csv: there is a header and no row")
    (there.folder / FILE).unlink()
    there.refused("there is no file data/MELD/train_sent_emo.csv")


def test_an_open_quote_names_the_file(release):
    there = release("meld")
    there.edit_line(FILE, 2, lambda line: line.replace('",', ",", 1))
    there.refused("train_sent_emo.csv, line")
