"""The checks that every rating passes, one broken table after the other, and the bytes that a row takes."""

import numpy as np
import pandas as pd
import pytest

from thymos.affect import rating_table
from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Scheme
from thymos.errors import BadInput


def change(votes: pd.DataFrame, row: int, **cells: object) -> pd.DataFrame:
    changed = votes.astype(object).copy()
    for column, value in cells.items():
        if column not in changed.columns:
            changed[column] = np.nan
        changed.loc[row, column] = value
    return changed


@pytest.mark.parametrize("column", ["item", "rater", "label"])
@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, ""])
def test_an_empty_cell_names_its_row(votes: pd.DataFrame, mood: Scheme, column: str, gap: object) -> None:
    broken = change(votes, 4, **{column: gap})
    with pytest.raises(BadInput, match=f"votes.csv, row 5: column '{column}' is empty"):
        Annotations(broken, mood, where="votes.csv")
    with pytest.raises(BadInput, match=f"votes.csv, row 5: column '{column}' is empty"):
        Annotations(broken.astype("category"), mood, where="votes.csv")


@pytest.mark.parametrize("column", ["item", "rater", "label"])
def test_a_missing_column_names_those_that_are_there(votes: pd.DataFrame, mood: Scheme, column: str) -> None:
    with pytest.raises(BadInput, match=f"column '{column}' is missing; present: "):
        Annotations(votes.drop(columns=column), mood)


def test_no_rating_and_no_scheme(votes: pd.DataFrame, mood: Scheme, axes: Scheme) -> None:
    with pytest.raises(BadInput, match="there is no rating"):
        Annotations(votes.head(0), mood)
    with pytest.raises(BadInput, match="need at least one scheme"):
        Annotations(votes, [])
    with pytest.raises(BadInput, match="column 'scheme' is missing and there are several schemes"):
        Annotations(votes, [mood, axes])
    with pytest.raises(BadInput, match="two different schemes are called 'mood'"):
        Annotations(votes, [mood, Scheme("mood", "categorical", ("a",), "felt")])
    with pytest.raises(BadInput, match="unknown scheme 'moods'; known: mood"):
        Annotations(votes.assign(scheme="moods"), mood)
    assert len(Annotations(votes, [mood, mood])) == len(votes)


def test_an_unknown_label_names_item_and_rater(votes: pd.DataFrame, mood: Scheme) -> None:
    with pytest.raises(BadInput, match=r"row 3 \(item 'a', rater 'z'\): unknown label 'Bad'.*legal: good, bad, flat"):
        Annotations(change(votes, 2, label="Bad"), mood)


def test_a_label_of_another_scheme_is_unknown(mood: Scheme, tags: Scheme) -> None:
    table = pd.DataFrame(
        {"item": "a", "rater": ["x", "y"], "scheme": ["mood", "tags"], "label": ["good", "good"]},
    )
    with pytest.raises(BadInput, match=r"row 2 \(item 'a', rater 'y'\): unknown label 'good' in scheme 'tags'"):
        Annotations(table, [mood, tags])


@pytest.mark.parametrize(
    ("value", "message"), [(0.5, "0.5 is not 1"), (np.nan, r"is missing \(NaN\)"), (2, "2 is not 1")]
)
def test_values_of_nominal_schemes(votes: pd.DataFrame, mood: Scheme, value: float, message: str) -> None:
    broken = votes.assign(value=1.0)
    broken.loc[6, "value"] = value
    with pytest.raises(BadInput, match=rf"row 7 \(item 'c', rater 'y'\): value {message}"):
        Annotations(broken, mood)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5.01, r"5\.01 is outside 1\.\.5"),
        (0, r"0 is outside 1\.\.5"),
        (np.inf, "inf is outside"),
        (np.nan, r"is missing \(NaN\)"),
        (-np.inf, "-inf is outside"),
    ],
)
def test_values_of_numeric_schemes(axes: Scheme, value: float, message: str) -> None:
    table = pd.DataFrame(
        {"item": "a", "rater": ["x", "y"], "label": ["valence", "valence"], "value": [1.0, value]},
    )
    with pytest.raises(BadInput, match=rf"ratings.csv, row 2 \(item 'a', rater 'y'\): value {message}"):
        Annotations(table, axes, where="ratings.csv")


def test_the_first_bad_value_among_several_schemes_is_named_by_its_own_row(mood: Scheme, axes: Scheme) -> None:
    table = pd.DataFrame(
        {
            "item": ["a", "a", "b", "b"],
            "rater": "x",
            "scheme": ["mood", "axes", "mood", "axes"],
            "label": ["good", "valence", "bad", "arousal"],
            "value": [1.0, 2.0, 1.0, 9.0],
        }
    )
    with pytest.raises(BadInput, match=r"row 4 \(item 'b', rater 'x'\): value 9 is outside 1\.\.5 in scheme 'axes'"):
        Annotations(table, [mood, axes])


def test_words_in_place_of_numbers(axes: Scheme) -> None:
    table = pd.DataFrame({"item": "a", "rater": ["x", "y"], "label": "valence", "value": ["3", "high"]})
    with pytest.raises(BadInput, match="row 2: value 'high' is not a number"):
        Annotations(table, axes)
    with pytest.raises(BadInput, match="row 2: value 'high' is not a number"):
        Annotations(table.astype({"value": "category"}), axes)
    with pytest.raises(BadInput, match="column 'value' is missing; numeric schemes need a number"):
        Annotations(table.drop(columns="value"), axes)
    numbers = Annotations(table.assign(value=pd.Categorical([3, 4])), axes)
    assert numbers.table["value"].tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("start", "end"), [(3, 1), (np.nan, 1), (1, np.nan), (-1, 2), (0, np.inf), (np.inf, np.inf), (-np.inf, 1)]
)
def test_broken_segments(votes: pd.DataFrame, mood: Scheme, start: float, end: float) -> None:
    broken = votes.assign(start=0.0, end=1.0)
    broken.loc[1, ["start", "end"]] = [start, end]
    with pytest.raises(BadInput, match=r"row 2 \(item 'a', rater 'y'\): segment .* not a stretch of time"):
        Annotations(broken, mood)


def test_segments_need_both_columns_and_numbers(votes: pd.DataFrame, mood: Scheme) -> None:
    with pytest.raises(BadInput, match="not a stretch of time"):
        Annotations(votes.assign(start=0.0), mood)
    with pytest.raises(BadInput, match="row 1: start 'soon' is not a number"):
        Annotations(votes.assign(start="soon", end="later"), mood)


def test_time_differences_become_seconds(votes: pd.DataFrame, mood: Scheme) -> None:
    timed = votes.assign(start=pd.to_timedelta(500, unit="ms"), end=pd.to_timedelta(2, unit="s"))
    table = Annotations(timed, mood).table
    assert table["start"].tolist() == [0.5] * len(votes)
    assert table["end"].tolist() == [2.0] * len(votes)


def test_an_instant_is_a_segment(votes: pd.DataFrame, mood: Scheme) -> None:
    assert Annotations(votes.assign(start=1.0, end=1.0), mood).timed


def test_the_same_rating_twice(votes: pd.DataFrame, mood: Scheme, tags: Scheme) -> None:
    with pytest.raises(BadInput, match=r"row 10 \(item 'a', rater 'x'\): this rater rated this item twice"):
        Annotations(pd.concat([votes, votes.head(1)]), mood)
    two_labels = change(votes, 1, rater="x")
    with pytest.raises(BadInput, match=r"row 2 \(item 'a', rater 'x'\): this rater rated this item twice"):
        Annotations(two_labels, mood)
    table = pd.DataFrame({"item": "a", "rater": "x", "label": ["warm", "loud"]})
    assert len(Annotations(table, tags)) == 2
    with pytest.raises(BadInput, match=r"row 3 \(item 'a', rater 'x'\): this rater rated this item twice"):
        Annotations(pd.concat([table, table.tail(1)]), tags)


def test_one_label_a_rater_only_in_the_categorical_part(mood: Scheme, tags: Scheme) -> None:
    table = pd.DataFrame(
        {"item": "a", "rater": "x", "scheme": ["mood", "tags", "tags"], "label": ["good", "warm", "loud"]}
    )
    assert len(Annotations(table, [mood, tags])) == 3
    second = pd.DataFrame({"item": ["a"], "rater": ["x"], "scheme": ["mood"], "label": ["bad"]})
    with pytest.raises(BadInput, match=r"row 4 .* rated this item twice"):
        Annotations(pd.concat([table, second]), [mood, tags])


def test_another_segment_is_another_rating(votes: pd.DataFrame, mood: Scheme) -> None:
    first = votes.assign(start=0.0, end=1.0)
    assert len(Annotations(pd.concat([first, first.assign(start=1.0, end=2.0)]), mood)) == 2 * len(votes)
    with pytest.raises(BadInput, match=r"row 10 .* rated this item twice"):
        Annotations(pd.concat([first, first.head(1)]), mood)


def test_doubled_rows_are_found_where_keys_do_not_fit_an_integer(
    votes: pd.DataFrame, mood: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating_table, "LARGEST_KEY", 1)
    assert len(Annotations(votes, mood)) == len(votes)
    with pytest.raises(BadInput, match=r"row 10 .* rated this item twice"):
        Annotations(pd.concat([votes, votes.tail(1)]), mood)


def test_numbers_and_words_that_look_alike_are_one_id(mood: Scheme) -> None:
    table = pd.DataFrame({"item": [1, "1", 2], "rater": ["x", "y", "x"], "label": "good"})
    ratings = Annotations(table, mood)
    assert ratings.items == ["1", "2"]
    assert ratings.votes().loc["1", "good"] == 2
    with pytest.raises(BadInput, match="rated this item twice"):
        Annotations(table.assign(rater="x"), mood)
    typed = table.assign(item=pd.Categorical([1, "1", 2], categories=["1", 2, 1]))
    assert sorted(Annotations(typed, mood).items) == ["1", "2"]


def test_given_categories_keep_their_order_and_lose_unused_ones(votes: pd.DataFrame, mood: Scheme) -> None:
    typed = votes.assign(item=pd.Categorical(votes["item"], categories=["d", "z", "c", "b", "a"]))
    assert Annotations(typed, mood).items == ["d", "c", "b", "a"]
    assert Annotations(votes.iloc[::-1], mood).items == ["d", "c", "b", "a"]


def test_the_input_is_left_alone(votes: pd.DataFrame, mood: Scheme) -> None:
    before = votes.copy()
    Annotations(votes, mood)
    pd.testing.assert_frame_equal(votes, before)


def test_a_row_takes_few_bytes(mood: Scheme) -> None:
    rows = 30_000
    table = pd.DataFrame(
        {
            "item": np.repeat(np.arange(rows // 3).astype(str), 3),
            "rater": np.tile(["x", "y", "z"], rows // 3),
            "label": "good",
        }
    )
    stored = Annotations(table, mood).table
    codes = sum(stored[column].cat.codes.dtype.itemsize for column in rating_table.NAMES)
    assert codes == 2 + 1 + 1 + 1
    for column in ("start", "end", "value"):
        assert rating_table.is_constant(stored[column].to_numpy())


def test_constant_columns_survive_a_selection_and_cannot_be_edited(votes: pd.DataFrame, mood: Scheme) -> None:
    part = Annotations(votes, mood).select(raters=["x"]).table
    assert rating_table.is_constant(part["value"].to_numpy())
    with pytest.raises(ValueError, match="read-only"):
        part["value"].to_numpy()[0] = 3.0


def test_without_unused() -> None:
    column = pd.Categorical.from_codes([2, -1, 0], categories=["a", "b", "c"])
    reduced = rating_table.without_unused(column)
    assert list(reduced.categories) == ["a", "c"]
    assert reduced.codes.tolist() == [1, -1, 0]
    assert rating_table.without_unused(reduced) is reduced
