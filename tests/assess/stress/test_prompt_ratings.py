"""Rating sessions that survive interruption, and levels from ratings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.assess.stress import prompt_ratings as module
from thymos.assess.stress.prompt_ratings import (
    RatingSession,
    as_rating,
    rating_order,
    read_bank,
    read_ratings,
    rounded_level,
    summarize_ratings,
    write_levels,
)
from thymos.assess.stress.stress_prompts import prompts_of, read_levels
from thymos.errors import BadInput

BANK = {f"p{k}": f'Situation number {k}, with a comma and a "quote".' for k in range(12)}
# Shrout and Fleiss (1979), table 2.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def long_table(values: list[list[int]]) -> pd.DataFrame:
    rows = [(f"t{i}", f"judge {j}", value) for i, row in enumerate(values) for j, value in enumerate(row)]
    return pd.DataFrame(rows, columns=["item", "rater", "value"])


def write(path: Path, lines: str) -> Path:
    path.write_text(lines, encoding="utf-8")
    return path


# -- banks --------------------------------------------------------------------------------------------------------


def test_the_bundled_bank_is_the_hundred_stress_prompts() -> None:
    assert list(read_bank("stress")) == [prompt.id for prompt in prompts_of("stress")]


def test_banks_are_read_from_csv_and_json_lines(tmp_path: Path) -> None:
    assert read_bank(write(tmp_path / "a.csv", 'item,level,text\nx,3,"one, two"\ny,4,three\n')) == {
        "x": "one, two",
        "y": "three",
    }
    lines = '{"id": "x", "text": "one\u2028two"}\n\n{"id": "y", "text": "three"}\n'
    assert read_bank(write(tmp_path / "a.jsonl", lines)) == {"x": "one\u2028two", "y": "three"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "item,words\nx,1\n", "column 'text' is missing"),
        ("a.csv", "text,words\nx,1\n", "column 'id' is missing"),
        ("a.csv", "item,text\nx,one\nx,two\n", "line 3: item 'x' stands twice"),
        ("a.csv", "item,text\nx,\n", "an id or a text is missing"),
        ("a.jsonl", '{"id": "x", "text": 3}\n', "an id or a text is missing"),
        ("a.jsonl", '{"id": "x", "text": "one"}\n{"id": "y"}\n', "line 2: an id or a text is missing"),
        ("a.jsonl", "not json\n", "line 1: this is not JSON"),
        ("a.jsonl", "[1]\n", "a JSON object is needed"),
        ("a.jsonl", "\n", "the file is empty"),
    ],
)
def test_broken_banks_are_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_bank(write(tmp_path / name, content))


def test_a_missing_bank(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_bank(tmp_path / "none.csv")


# -- sessions -----------------------------------------------------------------------------------------------------


def test_orders_are_random_by_rater_and_the_same_after_a_restart() -> None:
    items = list(BANK)
    assert rating_order(items, "anna") == rating_order(items[::-1], "anna")
    assert rating_order(items, "anna") != rating_order(items, "ben")
    assert rating_order(items, "anna") != items
    # Over many raters each item comes first about equally often.
    first = pd.Series([rating_order(items, f"rater {k}")[0] for k in range(1200)]).value_counts()
    assert first.min() > 60
    assert len(first) == 12


def test_a_session_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    session = RatingSession(BANK, "anna", path)
    for value in (3, 9, 1):
        item = session.next_item()
        assert item is not None
        session.rate(item, value)
    again = RatingSession(BANK, "anna", path)
    assert list(again.ratings().values()) == [3, 9, 1]
    assert again.next_item() == again.order[3]
    assert again.take_back() == again.order[2]
    assert again.next_item() == again.order[2]
    again.rate(again.order[0], 7)
    assert again.ratings() == {again.order[0]: 7, again.order[1]: 9}


def test_a_crash_while_writing_loses_only_that_rating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = RatingSession(BANK, "anna", tmp_path / "ratings.csv")
    session.rate("p1", 4)

    def crash(self: Path, target: Path) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="no space"):
            session.rate("p2", 5)
    assert RatingSession(BANK, "anna", tmp_path / "ratings.csv").ratings() == {"p1": 4}
    assert [path.name for path in tmp_path.iterdir()] == ["ratings.csv"]


def test_two_raters_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    anna, ben = RatingSession(BANK, "anna", path), RatingSession(BANK, "ben", path)
    for item in BANK:
        anna.rate(item, 2)
        ben.rate(item, 8)
    assert anna.next_item() is ben.next_item() is None
    assert read_ratings([path]).groupby("rater")["value"].agg(["size", "mean"]).to_numpy().tolist() == [
        [12, 2],
        [12, 8],
    ]
    ben.take_back()
    assert len(anna.ratings()) == 12


def test_taking_back_the_only_rating_leaves_an_empty_session(tmp_path: Path) -> None:
    session = RatingSession(BANK, "anna", tmp_path / "ratings.csv")
    assert session.take_back() is None
    session.rate("p1", 4)
    assert session.take_back() == "p1"
    assert session.ratings() == {}
    session.rate("p1", 6)
    assert session.ratings() == {"p1": 6}


def test_a_reworded_prompt_is_not_taken_for_the_rated_one(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    RatingSession(BANK, "anna", path).rate("p1", 4)
    with pytest.raises(BadInput, match="'p1' was rated with another text"):
        RatingSession({**BANK, "p1": "Other words."}, "anna", path)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from(list(BANK)), st.integers(1, 10), min_size=1))
def test_what_was_rated_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, rated: dict[str, int]) -> None:
    path = tmp_path_factory.mktemp("ratings") / "r.csv"
    session = RatingSession(BANK, 'A "B", C', path)
    for item, value in rated.items():
        session.rate(item, value)
    table = read_ratings([path])
    assert dict(zip(table["item"], table["value"], strict=True)) == rated
    assert table["rater"].unique().tolist() == ['A "B", C']


@pytest.mark.parametrize("value", [0, 11, 2.5, True, "4"])
def test_ratings_outside_the_scale_are_refused(tmp_path: Path, value: object) -> None:
    session = RatingSession(BANK, "anna", tmp_path / "r.csv")
    with pytest.raises(BadInput, match="not a whole number from 1 to 10"):
        session.rate("p1", value)  # type: ignore[arg-type]
    assert not (tmp_path / "r.csv").exists()


def test_sessions_need_a_bank_a_rater_and_known_items(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing to rate"):
        RatingSession({}, "anna", tmp_path / "r.csv")
    with pytest.raises(BadInput, match="has no id"):
        RatingSession(BANK, " ", tmp_path / "r.csv")
    with pytest.raises(BadInput, match="no item 'q'"):
        RatingSession(BANK, "anna", tmp_path / "r.csv").rate("q", 3)


@pytest.mark.parametrize(("typed", "value"), [("1", 1), (" 10 ", 10), ("0", None), ("11", None), ("3.0", None)])
def test_typed_ratings(typed: str, value: int | None) -> None:
    assert as_rating(typed) == value
    assert as_rating("") is as_rating("five") is as_rating("²") is as_rating("-3") is None


# -- ratings files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item,rater,value\nx,a,11\n", "line 2: '11' is not a whole number"),
        ("item,rater,value\nx,a,nan\n", "'nan' is not a whole number"),
        ("item,rater,value\nx,a,\n", "'' is not a whole number"),
        ("item,rater,value\nx,a,3\nx,a,4\n", "rater 'a' rated 'x' twice"),
        ("item,rater,value\nx,,4\n", "the item or the rater is missing"),
        ("item,rater,score\nx,a,4\n", "column 'value' is missing"),
        ("item,rater,value,text_sha256\nx,a,4,11\nx,b,4,22\n", "two different texts"),
    ],
)
def test_broken_ratings_are_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_ratings([write(tmp_path / "r.csv", content)])


def test_several_files_are_one_table(tmp_path: Path) -> None:
    one = write(tmp_path / "a.csv", "item,rater,value\nx,a,3\ny,a,4\n")
    other = write(tmp_path / "b.csv", "item,rater,value,text_sha256\nx,b,5,\ny,b,6,abc\n")
    assert read_ratings([one, other])["value"].tolist() == [3, 4, 5, 6]
    with pytest.raises(BadInput, match="twice"):
        read_ratings([one, one])
    with pytest.raises(BadInput, match="no file"):
        read_ratings([])


# -- summaries ----------------------------------------------------------------------------------------------------


def test_the_worked_example_of_shrout_and_fleiss() -> None:
    found = summarize_ratings(long_table(SHROUT_FLEISS))
    assert round(found.consistency.icc_2_1.value, 2) == 0.29
    assert round(found.consistency.icc_2_k.value, 2) == 0.62
    levels = found.levels.set_index("item")
    assert levels.loc["t0", "mean"] == 6
    assert levels.loc["t4", ["raters", "mean", "level"]].tolist() == [4, 7.5, 8]
    assert levels.loc["t0", "standard_deviation"] == pytest.approx(np.std([9, 2, 5, 8], ddof=1))


def test_halves_round_upward_not_to_even() -> None:
    assert [rounded_level(mean) for mean in (1.0, 2.5, 3.5, 9.5, 9.49)] == [1, 3, 4, 10, 9]


def test_one_rater_gaps_and_constant_ratings_are_clear_errors() -> None:
    with pytest.raises(BadInput, match="needs two raters, there is 1"):
        summarize_ratings(long_table([[3], [4], [5]]))
    with pytest.raises(BadInput, match="same mean rating"):
        summarize_ratings(long_table([[5, 5], [5, 5], [5, 5]]))
    gap = long_table(SHROUT_FLEISS).drop(index=5)
    with pytest.raises(BadInput, match="item 't1', rater 'judge 1': 1 of 6 items lack a rating"):
        summarize_ratings(gap)
    found = summarize_ratings(gap, missing="listwise")
    assert found.consistency.dropped == 1
    assert "t1" not in found.levels["item"].tolist()


def test_levels_of_a_whole_bank_are_used_by_the_study(tmp_path: Path) -> None:
    rows = [
        (prompt.id, rater, min(max(prompt.level + shift, 1), 10))
        for prompt in prompts_of("stress")
        for rater, shift in (("a", 0), ("b", 1), ("c", 0))
    ]
    found = summarize_ratings(pd.DataFrame(rows, columns=["item", "rater", "value"]))
    levels = read_levels(write_levels(found.levels, tmp_path / "levels.csv"))
    assert levels == {prompt.id: prompt.level for prompt in prompts_of("stress")}
    assert found.consistency.icc_2_1.value > 0.9
    with pytest.raises(BadInput, match="column 'level' is missing"):
        write_levels(found.levels.drop(columns="level"), tmp_path / "x.csv")


def test_columns_are_those_that_are_documented() -> None:
    assert module.COLUMNS == ("item", "rater", "value", "text_sha256")
