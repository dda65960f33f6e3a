"""Six columns, vote counts and wide tables become the same annotations, and go back without loss."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thymos.affect.annotations import Annotations, anonymous_rater
from thymos.affect.scheme import Scheme
from thymos.errors import BadInput

MOOD = Scheme("mood", "categorical", ("good", "bad", "flat", "unknown"), "felt", exclude=("unknown",))
TAGS = Scheme("tags", "multilabel", ("warm", "cold", "loud"), "perceived")
AXES = Scheme("axes", "dimensional", ("valence", "arousal"), "perceived", range=(1, 5))
STRENGTH = Scheme("strength", "ordinal", ("strength",), "perceived", range=(0, 3))
SCHEMES = {scheme.name: scheme for scheme in (MOOD, TAGS, AXES, STRENGTH)}

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=4)


@st.composite
def rating_tables(draw: st.DrawFn) -> tuple[pd.DataFrame, list[Scheme]]:
    """Legal ratings of some items by some raters under one to four schemes, with or without times."""
    names = draw(st.lists(st.sampled_from(sorted(SCHEMES)), min_size=1, max_size=4, unique=True))
    items = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    raters = draw(st.lists(words, min_size=1, max_size=3, unique=True))
    timed = draw(st.booleans())
    rows = []
    for name in names:
        scheme = SCHEMES[name]
        for item in items:
            for rater in raters:
                if not draw(st.booleans()):
                    continue
                times = (0.0, draw(st.floats(0, 100))) if timed and draw(st.booleans()) else (np.nan, np.nan)
                if scheme is MOOD:
                    chosen = [(draw(st.sampled_from(scheme.labels)), 1.0)]
                elif scheme is TAGS:
                    chosen = [(label, 1.0) for label in draw(st.sets(st.sampled_from(scheme.labels), min_size=1))]
                else:
                    low, high = scheme.range or (0, 0)
                    chosen = [(label, draw(st.floats(low, high))) for label in scheme.labels if draw(st.booleans())]
                rows += [(item, *times, rater, name, label, value) for label, value in chosen]
    if not rows:
        rows = [(items[0], np.nan, np.nan, raters[0], "mood", "good", 1.0)]
        names = ["mood"]
    columns = ["item", "start", "end", "rater", "scheme", "label", "value"]
    return pd.DataFrame(rows, columns=columns), [SCHEMES[name] for name in names]


@settings(max_examples=150, deadline=None)
@given(made=rating_tables())
def test_six_columns_lose_nothing(made: tuple[pd.DataFrame, list[Scheme]]) -> None:
    table, schemes = made
    ratings = Annotations(table, schemes)
    back = Annotations.from_table(ratings.six_columns(), schemes)
    assert back.equals(ratings)


@settings(max_examples=100, deadline=None)
@given(made=rating_tables(), seed=st.integers(0, 1000))
def test_the_order_of_rows_means_nothing(made: tuple[pd.DataFrame, list[Scheme]], seed: int) -> None:
    table, schemes = made
    shuffled = table.sample(frac=1, random_state=seed)
    one, other = Annotations(table, schemes), Annotations(shuffled, schemes)
    assert one.equals(other)
    for scheme in schemes:
        if scheme.is_nominal:
            left, right = one.votes(scheme.name), other.votes(scheme.name)
        else:
            left, right = one.mean(scheme.name), other.mean(scheme.name)
        pd.testing.assert_frame_equal(left.sort_index(), right.sort_index(), check_index_type=False)


counts_of = hnp.arrays(np.int64, st.tuples(st.integers(1, 12), st.just(4)), elements=st.integers(0, 5))


@settings(max_examples=150, deadline=None)
@given(counts=counts_of.filter(lambda c: c.sum() > 0), scheme=st.sampled_from([MOOD, TAGS]))
def test_counts_and_votes_are_inverse(counts: np.ndarray, scheme: Scheme) -> None:
    frame = pd.DataFrame(counts[:, : len(scheme.labels)], columns=list(scheme.labels))
    frame.index = pd.Index([f"item {k}" for k in range(len(frame))], name="item")
    if frame.to_numpy().sum() == 0:
        with pytest.raises(BadInput, match="there is no rating"):
            Annotations.from_counts(frame, scheme)
        return
    ratings = Annotations.from_counts(frame, scheme)
    rated = frame[frame.sum(axis=1) > 0]
    pd.testing.assert_frame_equal(ratings.votes(exclude=False), rated, check_dtype=False)
    assert len(ratings) == rated.to_numpy().sum()
    # What was built without a check passes every check.
    assert Annotations(ratings.to_frame(), scheme).equals(ratings)


def test_counts_fill_anonymous_slots() -> None:
    counts = pd.DataFrame({"good": [2, 0], "bad": [1, 1]}, index=["a", "b"])
    ratings = Annotations.from_counts(counts, MOOD)
    assert ratings.raters == [anonymous_rater(k) for k in range(3)] == ["?0", "?1", "?2"]
    assert not ratings.raters_identified
    assert ratings.select(items=["b"]).raters == ["?0"]


def test_counts_of_one_source() -> None:
    gold = pd.DataFrame({"warm": [1, 1], "loud": [1, 0]}, index=["a", "b"])
    ratings = Annotations.from_counts(gold, TAGS, rater="gold")
    assert ratings.raters == ["gold"]
    assert ratings.raters_identified
    with pytest.raises(BadInput, match="item 'b': rater 'gold' chose one label several times"):
        Annotations.from_counts(pd.DataFrame({"warm": [1, 2]}, index=["a", "b"]), TAGS, rater="gold")
    with pytest.raises(BadInput, match="item 'b': rater 'gold' chose several labels"):
        Annotations.from_counts(pd.DataFrame({"good": [1, 1], "bad": [0, 1]}, index=["a", "b"]), MOOD, rater="gold")


def test_counts_that_cannot_be() -> None:
    good = pd.DataFrame({"good": [1.0, 2.0]}, index=["a", "b"])
    for value, shown in ((1.5, "1.5"), (-1, "-1.0"), (np.nan, "nan"), (np.inf, "inf")):
        broken = good.copy()
        broken.loc["b", "good"] = value
        with pytest.raises(BadInput, match=f"votes.csv, item 'b': count {shown} of 'good' is not a whole number"):
            Annotations.from_counts(broken, MOOD, where="votes.csv")
    with pytest.raises(BadInput, match="unknown label 'great' as a column"):
        Annotations.from_counts(good.rename(columns={"good": "great"}), MOOD)
    with pytest.raises(BadInput, match="item 'a' stands twice"):
        Annotations.from_counts(good.set_axis(["a", "a"]), MOOD)
    with pytest.raises(BadInput, match="column 'good' stands twice"):
        Annotations.from_counts(pd.concat([good, good], axis=1), MOOD)
    with pytest.raises(BadInput, match="it has numbers, not votes"):
        Annotations.from_counts(good, AXES)
    with pytest.raises(BadInput, match="there is no rating"):
        Annotations.from_counts(good * 0, MOOD)


def test_counts_of_any_number_type() -> None:
    frame = pd.DataFrame({"good": [2, 1], "bad": [0, 1]}, index=[7, 8])
    expected = Annotations.from_counts(frame, MOOD)
    assert expected.items == ["7", "8"]
    for dtype in ("int8", "uint64", "float32", "Int64"):
        assert Annotations.from_counts(frame.astype(dtype), MOOD).equals(expected)


def test_six_columns_with_words_and_numbers_mixed() -> None:
    table = pd.DataFrame(
        {
            "item": ["a", "a", "a"],
            "rater": "x",
            "scheme": ["mood", "axes", "strength"],
            "value": ["good", 2.5, "3"],
            "label": [None, "valence", None],
        }
    )
    ratings = Annotations.from_table(table, [MOOD, AXES, STRENGTH])
    assert ratings.plurality("mood").to_dict() == {"a": "good"}
    assert ratings.mean("axes").loc["a", "valence"] == 2.5
    assert ratings.mean("strength").loc["a", "strength"] == 3.0


def test_six_columns_refusals() -> None:
    table = pd.DataFrame({"item": ["a", "b"], "rater": "x", "value": ["good", None]})
    with pytest.raises(BadInput, match=r"votes\.csv, row 2: column 'value' is empty"):
        Annotations.from_table(table, MOOD, where="votes.csv")
    with pytest.raises(BadInput, match="column 'value' is missing"):
        Annotations.from_table(table.drop(columns="value"), MOOD)
    with pytest.raises(BadInput, match="scheme 'axes' has several axes; add a column 'label'"):
        Annotations.from_table(table.assign(value=3), AXES)
    with pytest.raises(BadInput, match="unknown label 'great' in scheme 'mood'"):
        Annotations.from_table(table.assign(value=["good", "great"]), MOOD)
    with pytest.raises(BadInput, match="unknown scheme 'moods'"):
        Annotations.from_table(table.assign(value="good", scheme="moods"), MOOD)
    with pytest.raises(BadInput, match="row 2: value 'bad' is not a number"):
        Annotations.from_table(table.assign(value=["good", "bad"], label=["good", "good"]), MOOD)
    with pytest.raises(BadInput, match="row 1: column 'label' is empty"):
        Annotations.from_table(table.assign(value=3, label=None), AXES)


def test_one_axis_needs_no_label() -> None:
    table = pd.DataFrame({"item": ["a", "b"], "rater": "x", "value": [0, 3]})
    assert Annotations.from_table(table, STRENGTH).mean()["strength"].tolist() == [0.0, 3.0]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), gaps=st.floats(0, 0.9))
def test_wide_tables_and_ratings_are_inverse(seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    labels = np.array(MOOD.labels, dtype=object)[rng.integers(4, size=(6, 3))]
    labels[rng.random(labels.shape) < gaps] = None
    labels[0, 0] = "good"
    wide = pd.DataFrame(labels, index=[f"i{k}" for k in range(6)], columns=["x", "y", "z"])
    back = Annotations.from_wide(wide, MOOD).ratings()
    expected = wide.dropna(how="all").dropna(axis=1, how="all")
    pd.testing.assert_frame_equal(
        back.reindex(index=expected.index, columns=expected.columns).fillna("-"),
        expected.fillna("-"),
        check_names=False,
    )


def test_wide_tables_of_numbers() -> None:
    wide = pd.DataFrame({"x": [1.0, np.nan], "y": [5, 2]}, index=["a", "b"])
    ratings = Annotations.from_wide(wide, AXES, label="arousal")
    assert ratings.mean()["arousal"].to_dict() == {"a": 3.0, "b": 2.0}
    assert ratings.mean()["valence"].isna().all()
    assert len(Annotations.from_wide(wide.clip(upper=3), STRENGTH)) == 3
    with pytest.raises(BadInput, match="has several axes; name one label"):
        Annotations.from_wide(wide, AXES)
    with pytest.raises(BadInput, match="a cell holds one label"):
        Annotations.from_wide(wide, TAGS)
    with pytest.raises(BadInput, match="there is no rating"):
        Annotations.from_wide(wide * np.nan, STRENGTH)
    with pytest.raises(BadInput, match="rated this item twice"):
        Annotations.from_wide(wide.set_axis(["a", "a"]), AXES, label="valence")
