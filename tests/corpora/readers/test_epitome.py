"""Answers rated for three mechanisms of empathy."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.dialogue import dialogues_of
from thymos.corpora.readers.epitome import FILES, places
from thymos.corpora.registry import load_corpus

PATHS = {name: f"dataset/{file}" for name, file in FILES.items()}


def test_pairs(release):
    corpus = release("epitome").read()
    assert len(corpus.items) == 30
    assert corpus.items.index[0] == "post0/reply0"
    assert corpus.items["rows"].value_counts().to_dict() == {1: 29, 2: 1}
    assert corpus.items.loc["post1/reply1", list(FILES)].tolist() == [1, 0, 2]
    assert not corpus.items["text"].str.contains(r"hard\.\w").any(), "texts come from a file that keeps its blanks"


def test_a_pair_that_stands_twice_keeps_both_ratings(release):
    annotations = release("epitome").read().rated()
    assert annotations.raters == ["?0", "?1"]
    assert not annotations.raters_identified
    assert len(annotations) == 3 * 31
    own = annotations.select(items=["post3/reply3"]).table
    assert own.loc[own["label"] == "emotional_reactions", "value"].tolist() == [0.0, 1.0]


def test_dialogues_of_two_turns(release):
    dialogues = dialogues_of(release("epitome").read())
    assert len(dialogues) == 30
    assert [one.speaker.name for one in dialogues[1]] == ["seeker", "responder"]
    assert dialogues[1].utterances[0].labels == {}
    assert dialogues[1].utterances[1].labels == {"emotional_reactions": 1, "interpretations": 0, "explorations": 2}
    assert type(dialogues[1].utterances[1].labels["explorations"]) is int


def test_posts_stay_together(release):
    corpus = release("epitome").read()
    assert corpus.items["post"].nunique() == 24
    assert corpus.split("grouped").guarantee == "post-independent, response-independent"


def test_rationales_are_found_although_blanks_differ(release):
    corpus = release("epitome").read()
    table = corpus.tables["rationales"]
    assert set(table["mechanism"]) == set(FILES)
    assert table.loc[table["start"].isna(), "text"].unique().tolist() == ["not in it"]
    for row in table.dropna().itertuples():
        said = corpus.items.loc[row.item, "text"][row.start : row.end]
        assert "".join(said.split()) == "".join(row.text.split())


def test_places():
    assert places("no no  no", ["no", "no", "no", "no"]) == [(0, 2), (3, 5), (7, 9), (0, 2)]
    assert places("b a", ["a", "b"]) == [(2, 3), (0, 1)]
    assert places("", ["a"]) == [None]
    assert places("a", [" "]) == [None]


@given(st.text("ab \n", max_size=12), st.lists(st.text("ab ", min_size=1, max_size=3), max_size=4))
def test_places_hold_the_phrase(text, phrases):
    for phrase, place in zip(phrases, places(text, phrases), strict=True):
        wanted = "".join(phrase.split())
        squeezed = "".join(text.split())
        assert (place is not None) == bool(wanted and wanted in squeezed)
        if place is not None:
            assert "".join(text[slice(*place)].split()) == wanted
            assert not text[place[0]].isspace()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("explorations", ",2,", ",3,", r"explorations-reddit.csv, line \d+: unknown level '3'; legal: 0, 1, 2"),
        ("explorations", "level", "grade", "explorations-reddit.csv: column 'level' is missing"),
        ("explorations", "post5,", "post6,", "line 7: the pair is not that of interpretations-reddit.csv"),
        ("interpretations", "post5,", ",", "line 7: sp_id is empty"),
    ],
)
def test_bad_values(release, name, old, new, message):
    there = release("epitome")
    there.edit(PATHS[name], old, new)
    there.refused(message)


def test_files_of_other_lengths_and_changed_repeats(release):
    there = release("epitome")
    number = there.repeat_line(PATHS["explorations"], 4)
    assert number == 33
    there.refused("explorations-reddit.csv: 32 pairs, 31 in interpretations-reddit.csv")
    there = release("epitome")
    there.edit_line(PATHS["interpretations"], 32, lambda line: line.replace("That sounds", "This sounds"))
    there.refused("line 32: response_post differs from an earlier row of the pair")


@pytest.mark.data
def test_the_data_at_hand(data_root):
    if not (data_root / "epitome").is_dir():
        pytest.skip("epitome is not here")
    corpus = load_corpus("epitome", data_root)
    assert corpus.items["rows"].value_counts().to_dict() == {1: 2963, 2: 59, 3: 1}
    assert corpus.items["post"].nunique() == 2979
    assert (corpus.items.groupby("post").size() > 1).sum() == 43
    found = corpus.tables["rationales"].groupby("mechanism")["start"].agg(["size", "count"])
    assert found["size"].to_dict() == {"emotional_reactions": 1243, "explorations": 525, "interpretations": 1614}
    assert found["count"].to_dict() == {"emotional_reactions": 1230, "explorations": 524, "interpretations": 1598}
    several = several_levels(corpus.rated().table)
    assert several.sum().to_dict() == {"emotional_reactions": 10, "explorations": 5, "interpretations": 10}
    assert several.any(axis=1).sum() == 19


def several_levels(ratings: pd.DataFrame) -> pd.DataFrame:
    """Whether a pair has several levels, one column a mechanism."""
    plain = ratings.astype({"label": str, "item": str})
    return plain.groupby(["item", "label"])["value"].nunique().unstack() > 1
