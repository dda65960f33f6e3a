"""REN-20k and RENh-4k: encodings, percent and fractions, the five emotions, bad files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.readers._mood_meter import MOODS, encoding_of
from thymos.corpora.readers.ren20k import emotion_shares

FILE = "REN-10k/part_1.csv"
HEADLINES = "RENh-4k/headlines.csv"


def test_both_folders_and_both_encodings(release):
    corpus = release("ren20k").read()
    assert corpus.items["part"].value_counts().to_dict() == {"REN-10k": 50, "REN-10k+": 20}
    assert corpus.items["title"].str.endswith("\u2019so\u2019").all()
    assert corpus.items["content"].str.endswith("\u2019there\u2019").all()
    assert corpus.items.index[0] == "REN-10k/part_1.csv:2"


def test_percent_and_fractions_become_shares(release):
    corpus = release("ren20k").read()
    rated = corpus.rated()
    assert rated.raters == ["mood meter"]
    assert rated.schemes["reader_mood_shares8"].range == (0, 1)
    sums = rated.table.groupby("item", observed=True)["value"].sum()
    assert sums.to_numpy() == pytest.approx(1)
    # The last row of each file has no vote: an item without a rating.
    assert len(sums) == len(corpus.items) - 3


def test_five_emotions_as_the_paper_maps_them(release):
    there = release("ren20k", "flat")
    there.edit_line("news.csv", 2, lambda _: '10,20,30,0,40,0,0,0,"T","A","C"')
    there.edit_line("news.csv", 3, lambda _: '0,0,0,100,0,0,0,0,"T","A","C"')
    shares = emotion_shares(there.read())
    assert shares.loc["news.csv:2"].to_dict() == pytest.approx(
        {"anger": 0.3, "fear": 0.0, "joy": 0.1, "sadness": 0.2, "surprise": 0.4}
    )
    assert "news.csv:3" not in shares.index  # "don't care" is none of the five
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)


def test_headlines_with_and_without_abstracts(release, tmp_path):
    corpus = release("renh4k").read()
    assert len(corpus.items) == 40
    assert (corpus.items["abstract"] != "").all()
    corpus = release("renh4k", "headlines").read()
    assert set(corpus.items["part"]) == {"RENh-4k"}


def test_headlines_alone(release):
    there = release("renh4k", "headlines")
    assert set(there.read().items["abstract"]) == {""}


def test_an_invalid_byte_names_its_line(release):
    there = release("renh4k")
    path = there.folder / HEADLINES
    path.write_bytes(path.read_bytes().replace("\u2019".encode(), b"\x92", 1))
    there.refused(r"headlines.csv, line 2: byte 0x92 is not valid utf-8")


@pytest.mark.parametrize(
    ("moods", "message"),
    [
        ("10,20,30,0,40,0,0,101", "line 2: annoyed '101' is outside 0..100"),
        ("10,20,,0,40,0,0,0", "line 2: angry is empty"),
        ("10,20,x,0,40,0,0,0", "line 2: angry 'x' is not a number"),
        ("60,60,0,0,0,0,0,0", "line 2: the moods sum to 120, more than 100"),
    ],
)
def test_bad_moods(release, moods, message):
    there = release("ren20k")
    there.edit_line(FILE, 2, lambda _: f"T,A,C,{moods}")
    there.refused(message)


def test_bad_files(release):
    there = release("ren20k")
    there.edit(FILE, "Happy", "Glad")
    there.refused(r"part_1.csv: column 'happy' is missing")
    there.edit(FILE, "Glad", "Sad")
    there.refused(r"part_1.csv, line 1: column 'Sad' stands twice")
    for path in there.folder.glob("*/*.csv"):
        path.unlink()
    there.refused(r"there is no CSV file in REN-10k or REN-10k\+")


def test_a_title_must_be_there(release):
    there = release("renh4k")
    there.edit_line(HEADLINES, 3, lambda line: " ," + line.split(",", 1)[1])
    there.refused("headlines.csv, line 3: ")


def test_moods_may_be_spelled_freely(release):
    there = release("ren20k")
    there.edit(FILE, "Don't care", "DONT CARE")
    assert len(there.read().items) == 70


# -- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("plain words", "ascii", "utf-8"),
        ("caf\u00e9", "utf-8", "utf-8"),
        ("caf\u00e9", "utf-7", "utf-7"),
        ("he said \u201cno\u201d", "utf-7", "utf-7"),
        ("A+Plus-size and C++ and 1+1", "ascii", "utf-8"),
        ("REN-10k+ and tax+excise-duty", "ascii", "utf-8"),
        ("", "ascii", "utf-8"),
    ],
)
def test_encoding_is_told(tmp_path, text, encoding, found):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert encoding_of(path) == found


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs", "Pf", "Pi")), min_size=1, max_size=30))
def test_either_encoding_gives_the_text_back(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("encodings")
    for encoding in ("utf-8", "utf-7"):
        path = folder / encoding
        path.write_bytes(text.encode(encoding))
        decoded = path.read_bytes().decode(encoding_of(path))
        assert decoded == text or not text.isprintable()


def test_moods_are_those_of_the_scheme():
    assert MOODS.labels == ("happy", "sad", "angry", "don't care", "inspired", "afraid", "amused", "annoyed")
