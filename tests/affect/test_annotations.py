"""Views of the ratings: by hand on a few rows, over stretches of time, over several schemes, and on real votes."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.affect import annotations as annotations_module
from thymos.affect import disagreement
from thymos.affect.aggregation import share_of_ratings_used
from thymos.affect.agreement import FOLLOW_RATERS, MEASURES
from thymos.affect.annotations import COLUMNS, Annotations
from thymos.affect.scheme import Scheme
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.errors import BadInput


@pytest.fixture
def ratings(votes: pd.DataFrame, mood: Scheme) -> Annotations:
    return Annotations(votes, mood, where="votes.csv")


@pytest.fixture
def numbers(axes: Scheme) -> Annotations:
    table = pd.DataFrame(
        {
            "item": ["a", "a", "a", "b", "b"],
            "rater": ["x", "y", "x", "x", "y"],
            "label": ["valence", "valence", "arousal", "valence", "valence"],
            "value": [1.0, 4.0, 5.0, 2.0, 2.0],
        }
    )
    return Annotations(table, axes)


# -- the table ----------------------------------------------------------------------------------------------------


def test_the_table_has_the_seven_columns(ratings: Annotations) -> None:
    assert tuple(ratings.table.columns) == COLUMNS
    assert ratings.items == ["a", "b", "c", "d"]
    assert ratings.raters == ["x", "y", "z"]
    assert ratings.raters_identified
    assert not ratings.timed
    assert len(ratings) == 9


def test_what_it_prints(ratings: Annotations, mood: Scheme) -> None:
    assert repr(ratings) == "Annotations(9 ratings, 4 items, 3 raters, scheme mood)"
    assert repr(ratings.select(items=["d"])) == "Annotations(1 rating, 1 item, 1 rater, scheme mood)"
    counts = pd.DataFrame({"good": [2]}, index=["a"])
    assert repr(Annotations.from_counts(counts, mood)).endswith("1 item, 2 anonymous raters, scheme mood)")


def test_to_frame_is_a_plain_copy(ratings: Annotations) -> None:
    frame = ratings.to_frame()
    assert frame["item"].dtype == object
    frame.loc[0, "label"] = "bad"
    frame.loc[0, "value"] = 7.0
    assert ratings.table["label"].iloc[0] == "good"


def test_six_columns_of_one_scheme_have_no_label(ratings: Annotations, numbers: Annotations) -> None:
    assert list(ratings.six_columns().columns) == ["item", "start", "end", "rater", "scheme", "value"]
    assert ratings.six_columns()["value"].iloc[2] == "bad"
    assert list(numbers.six_columns().columns)[-1] == "label"


def test_equals(ratings: Annotations, votes: pd.DataFrame, mood: Scheme, tags: Scheme) -> None:
    assert ratings.equals(Annotations(votes.iloc[::-1], mood))
    assert not ratings.equals(Annotations(votes.head(8), mood))
    changed = votes.copy()
    changed.loc[0, "label"] = "flat"
    assert not ratings.equals(Annotations(changed, mood))
    assert not ratings.equals(Annotations(votes, [mood, tags][:1]).select(raters=["x", "y"]))
    assert not ratings.equals(Annotations(votes.assign(scheme="mood"), [mood, tags]))


def test_pickling(ratings: Annotations) -> None:
    again = pickle.loads(pickle.dumps(ratings))
    assert again.equals(ratings)
    assert again.votes().equals(ratings.votes())


def test_select(ratings: Annotations, mood: Scheme) -> None:
    part = ratings.select(items=["a", "b", "zzz"], raters=["x", "z"])
    assert len(part) == 3
    assert part.items == ["a", "b"]
    assert part.raters == ["x", "z"]
    assert part.scheme() is ratings.scheme()
    with pytest.raises(BadInput, match=r"votes\.csv: there is no rating"):
        ratings.select(items=["nobody"])
    with pytest.raises(BadInput, match="unknown scheme 'tags'; known: mood"):
        ratings.select(scheme="tags")


def test_rename(ratings: Annotations) -> None:
    renamed = ratings.rename(items={"a": "first"}, raters={"x": "Ada"})
    assert renamed.items == ["first", "b", "c", "d"]
    assert renamed.raters == ["Ada", "y", "z"]
    assert ratings.rename().equals(ratings)
    with pytest.raises(BadInput, match="there is no rater 'w' to rename"):
        ratings.rename(raters={"w": "x"})
    with pytest.raises(BadInput, match="rated this item twice"):
        ratings.rename(raters={"x": "y"})


def test_concat(ratings: Annotations, numbers: Annotations, mood: Scheme) -> None:
    first, second = ratings.select(items=["a", "b"]), ratings.select(items=["c", "d"])
    assert Annotations.concat([first, second]).equals(ratings)
    both = Annotations.concat([ratings, numbers], where="both files")
    assert len(both) == len(ratings) + len(numbers)
    assert both.select(scheme="axes").mean().equals(numbers.mean())
    assert both.where == "both files"
    assert Annotations.concat([ratings]).equals(ratings)
    with pytest.raises(BadInput, match="there are no annotations to join"):
        Annotations.concat([])
    with pytest.raises(BadInput, match="rated this item twice"):
        Annotations.concat([ratings, first])
    other = Annotations(pd.DataFrame({"item": ["q"], "rater": ["x"], "label": ["good"]}), get_scheme_like(mood))
    with pytest.raises(BadInput, match="two different schemes are called 'mood'"):
        Annotations.concat([ratings, other])


def get_scheme_like(mood: Scheme) -> Scheme:
    return Scheme(mood.name, mood.kind, mood.labels, "perceived")  # type: ignore[arg-type]


# -- votes and labels ---------------------------------------------------------------------------------------------


def test_votes(ratings: Annotations) -> None:
    votes = ratings.votes()
    assert list(votes.columns) == ["good", "bad", "flat"]
    assert votes.to_dict("index") == {
        "a": {"good": 2, "bad": 1, "flat": 0},
        "b": {"good": 0, "bad": 1, "flat": 1},
        "c": {"good": 0, "bad": 0, "flat": 2},
        "d": {"good": 0, "bad": 0, "flat": 0},
    }
    assert ratings.votes(exclude=False)["unknown"].to_dict() == {"a": 0, "b": 0, "c": 1, "d": 1}


def test_single_labels(ratings: Annotations) -> None:
    assert ratings.majority().to_dict() == {"a": "good", "c": "flat"}
    assert ratings.plurality().to_dict() == {"a": "good", "c": "flat"}
    assert ratings.majority(exclude=False).to_dict() == {"a": "good", "c": "flat", "d": "unknown"}
    assert ratings.majority(exclude="winners").to_dict() == {"a": "good", "c": "flat"}


def test_excluded_votes_can_keep_an_item_from_a_majority(mood: Scheme) -> None:
    counts = pd.DataFrame({"good": [3, 2], "bad": [1, 0], "unknown": [3, 3]}, index=["a", "b"])
    ratings = Annotations.from_counts(counts, mood)
    assert ratings.majority().to_dict() == {"a": "good", "b": "good"}
    assert ratings.majority(exclude="winners").to_dict() == {}
    assert ratings.plurality(exclude="winners").to_dict() == {}
    shares = ratings.distribution(exclude="winners")
    assert shares.loc["a", ["good", "bad"]].tolist() == [0.75, 0.25]


def test_distribution(ratings: Annotations) -> None:
    shares = ratings.distribution()
    assert shares.index.tolist() == ["a", "b", "c"]
    assert shares.loc["a"].tolist() == [2 / 3, 1 / 3, 0]
    assert ratings.distribution("majority").index.tolist() == ["a", "c"]
    smooth = ratings.distribution(smoothing=0.05)
    assert smooth.loc["c"].tolist() == pytest.approx([0.025, 0.025, 0.95])
    assert ratings.distribution(exclude=False).loc["d", "unknown"] == 1


def test_multilabel(ratings: Annotations) -> None:
    assert ratings.multilabel().loc["b"].tolist() == [False, True, True]
    assert not ratings.multilabel().loc["d"].any()


def test_clean(mood: Scheme) -> None:
    counts = pd.DataFrame({"good": [6, 2], "bad": [1, 2], "flat": [1, 2], "unknown": [2, 4]}, index=["a", "b"])
    cleaned = Annotations.from_counts(counts, mood).clean("majority")
    assert cleaned.to_dict("index") == {"a": {"good": 1.0, "bad": 0.0, "flat": 0.0}}


def test_an_item_without_a_majority_is_dropped_not_guessed(ratings: Annotations) -> None:
    assert "b" not in ratings.plurality().index


def test_numeric_schemes_have_no_votes(numbers: Annotations, ratings: Annotations) -> None:
    for view in (numbers.votes, numbers.distribution, numbers.majority, numbers.plurality, numbers.multilabel):
        with pytest.raises(BadInput, match="scheme 'axes' is dimensional: it has numbers, not votes"):
            view()
    with pytest.raises(BadInput, match="has labels, not numbers"):
        ratings.mean()
    with pytest.raises(BadInput, match="needs one label a rating, scheme 'axes' is dimensional"):
        numbers.dawid_skene()


# -- numbers ------------------------------------------------------------------------------------------------------


def test_mean(numbers: Annotations) -> None:
    means = numbers.mean()
    assert means["valence"].to_dict() == {"a": 2.5, "b": 2.0}
    assert means.loc["a", "arousal"] == 5.0
    assert np.isnan(means.loc["b", "arousal"])


def test_weighted_mean(numbers: Annotations, axes: Scheme) -> None:
    assert numbers.mean(weights={"x": 1, "y": 2})["valence"].to_dict() == {"a": 3.0, "b": 2.0}
    assert np.isnan(numbers.mean(weights={"x": 0, "y": 1}).loc["a", "arousal"])
    with pytest.raises(BadInput, match="rater 'y' has no weight"):
        numbers.mean(weights={"x": 1})
    anonymous = numbers.rename(raters={"x": "?0", "y": "?1"})
    with pytest.raises(BadInput, match="a weighted mean follows raters across items"):
        anonymous.mean(weights={"?0": 1, "?1": 1})


def test_ratings_tables(ratings: Annotations, numbers: Annotations, tags: Scheme) -> None:
    wide = ratings.ratings()
    assert wide.columns.tolist() == ["x", "y", "z"]
    assert wide.loc["a"].tolist() == ["good", "good", "bad"]
    assert pd.isna(wide.loc["b", "z"])
    assert numbers.ratings(label="valence").loc["a"].tolist() == [1.0, 4.0]
    # Nobody but x rated arousal, and only on a: no empty row or column is left.
    assert numbers.ratings(label="arousal").to_dict() == {"x": {"a": 5.0}}
    table = pd.DataFrame(
        {"item": ["a", "a", "a", "b"], "rater": ["x", "x", "y", "y"], "label": ["warm", "loud", "cold", "warm"]}
    )
    chosen = Annotations(table, tags).ratings(label="warm")
    assert chosen["x"].tolist()[0] == 1.0
    assert np.isnan(chosen.loc["b", "x"])
    assert chosen["y"].tolist() == [0.0, 1.0]


def test_ratings_tables_need_a_label_where_there_are_several(numbers: Annotations, tags: Scheme) -> None:
    with pytest.raises(BadInput, match="scheme 'axes' has several axes; name one label"):
        numbers.ratings()
    with pytest.raises(BadInput, match="unknown label 'dominance'"):
        numbers.ratings(label="dominance")
    table = pd.DataFrame({"item": ["a"], "rater": ["x"], "label": ["warm"]})
    with pytest.raises(BadInput, match="scheme 'tags' is multilabel; name one label"):
        Annotations(table, tags).ratings()


def test_ratings_tables_that_would_not_fit(ratings: Annotations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations_module, "MOST_CELLS", 11)
    with pytest.raises(BadInput, match="a table of 4 items and 3 raters is too large; select"):
        ratings.ratings()


def test_one_axis_needs_no_name(strength: Scheme) -> None:
    table = pd.DataFrame({"item": ["a", "a"], "rater": ["x", "y"], "label": "strength", "value": [0.0, 3.0]})
    assert Annotations(table, strength).ratings().loc["a"].tolist() == [0.0, 3.0]


# -- agreement ----------------------------------------------------------------------------------------------------


def test_agreement_is_that_of_the_table(ratings: Annotations, numbers: Annotations) -> None:
    wide = ratings.ratings()
    for measure in ("krippendorff_nominal", "fleiss_kappa", "mean_pairwise_cohen_kappa"):
        expected = MEASURES[measure](wide, ratings.scheme().labels)
        assert ratings.agreement(measure) == pytest.approx(expected, nan_ok=True)
    valence = numbers.ratings(label="valence")
    for measure in ("krippendorff_interval", "krippendorff_ordinal", "krippendorff_nominal", "icc_2_1"):
        assert numbers.agreement(measure, label="valence") == pytest.approx(MEASURES[measure](valence, None))


def test_agreement_on_one_label_of_many(tags: Scheme) -> None:
    table = pd.DataFrame(
        {
            "item": ["a", "a", "b", "b", "b"],
            "rater": ["x", "y", "x", "y", "y"],
            "label": ["warm", "warm", "cold", "cold", "warm"],
        }
    )
    ratings = Annotations(table, tags)
    assert ratings.agreement(label="cold") == 1.0
    assert ratings.agreement(label="warm") < 1.0
    with pytest.raises(BadInput, match="is multilabel; name one label"):
        ratings.agreement()


@pytest.mark.parametrize("measure", sorted(FOLLOW_RATERS))
def test_slots_are_not_followed_across_items(mood: Scheme, measure: str) -> None:
    counts = pd.DataFrame({"good": [1, 2], "bad": [1, 0]}, index=["a", "b"])
    ratings = Annotations.from_counts(counts, mood)
    with pytest.raises(BadInput, match=f"{measure} follows raters across items, and these raters are anonymous"):
        ratings.agreement(measure)
    assert ratings.agreement() <= 1
    with pytest.raises(BadInput, match="Dawid-Skene follows raters across items"):
        ratings.dawid_skene()


def test_agreement_refusals(ratings: Annotations) -> None:
    with pytest.raises(BadInput, match="unknown agreement measure 'trust'"):
        ratings.agreement("trust")
    with pytest.raises(BadInput, match="no item has two ratings"):
        ratings.select(raters=["x"]).agreement()
    with pytest.raises(BadInput, match="agreement needs two raters, there are 1"):
        ratings.select(raters=["x"]).agreement("mean_pairwise_cohen_kappa")


def test_dawid_skene_trusts_the_consistent_raters(mood: Scheme) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=60)
    noisy = rng.integers(3, size=(60, 3))
    wide = pd.DataFrame(
        {"x": truth, "y": truth, "n1": noisy[:, 0], "n2": noisy[:, 1], "n3": noisy[:, 2]},
        index=[f"i{k}" for k in range(60)],
    ).map(lambda code: mood.labels[code])
    found = Annotations.from_wide(wide, mood).dawid_skene()
    assert list(found.columns) == list(mood.labels)
    assert (found.idxmax(axis=1) == wide["x"]).mean() > 0.95


# -- several schemes ----------------------------------------------------------------------------------------------


def test_several_schemes_stay_apart(ratings: Annotations, numbers: Annotations) -> None:
    both = Annotations.concat([ratings, numbers])
    with pytest.raises(BadInput, match="there are several schemes: mood, axes; name one"):
        both.votes()
    assert both.votes("mood").equals(ratings.votes())
    assert both.mean("axes").loc["a", "valence"] == 2.5
    assert both.mean("axes").index.tolist() == ["a", "b"]
    assert both.ratings("axes", "valence").loc["a"].tolist() == [1.0, 4.0]
    assert both.agreement("krippendorff_interval", scheme="axes", label="valence") == numbers.agreement(
        "krippendorff_interval", label="valence"
    )
    assert both.select(scheme="mood").equals(ratings)


def test_labels_of_two_schemes_may_overlap(mood: Scheme) -> None:
    twin = Scheme("twin", "categorical", ("bad", "good"), "felt")
    table = pd.DataFrame(
        {"item": "a", "rater": ["x", "y", "x"], "scheme": ["mood", "mood", "twin"], "label": ["good", "bad", "good"]}
    )
    both = Annotations(table, [mood, twin])
    assert both.votes("mood").loc["a", ["good", "bad"]].tolist() == [1, 1]
    assert both.votes("twin").loc["a"].tolist() == [0, 1]


# -- stretches of time --------------------------------------------------------------------------------------------


@pytest.fixture
def timed(mood: Scheme) -> Annotations:
    table = pd.DataFrame(
        {
            "item": ["a", "a", "a", "a", "b"],
            "start": [0.0, 0.0, 1.0, 1.0, np.nan],
            "end": [1.0, 1.0, 2.0, 2.0, np.nan],
            "rater": ["x", "y", "x", "y", "x"],
            "label": ["good", "good", "bad", "flat", "good"],
        }
    )
    return Annotations(table, mood)


def test_stretches_are_the_unit_where_ratings_have_times(timed: Annotations) -> None:
    assert timed.timed
    votes = timed.votes()
    assert votes.index.names == ["item", "start", "end"]
    assert len(votes) == 3
    assert votes.loc[("a", 0.0, 1.0), "good"] == 2
    labels = timed.majority()
    assert labels.loc[("a", 0.0, 1.0)] == "good"
    assert ("a", 1.0, 2.0) not in labels.index
    wide = timed.ratings()
    assert wide.loc[("a", 1.0, 2.0)].tolist() == ["bad", "flat"]
    assert timed.agreement() == pytest.approx(
        Annotations(
            timed.to_frame().head(4).assign(item=["s1", "s1", "s2", "s2"]).drop(columns=["start", "end"]),
            timed.scheme(),
        ).agreement()
    )


def test_a_whole_item_beside_stretches_stays_one_unit(timed: Annotations) -> None:
    whole = timed.votes().reset_index()
    row = whole[whole["item"] == "b"]
    assert len(row) == 1
    assert row[["start", "end"]].isna().all().all()
    assert not timed.select(items=["b"]).timed
    assert timed.select(items=["b"]).votes().index.tolist() == ["b"]


# -- real votes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def voice(released: Callable[[str], Path]) -> Annotations:
    """CREMA-D, ratings of the voice alone: row ids that start with 1."""
    table = pd.read_csv(released("cremad_votes/processedResults/tabulatedVotes.csv"), index_col=0)
    table = table[table.index // 100_000 == 1].set_index("fileName")[list("ADFHNS")]
    return Annotations.from_counts(table.rename(columns=lambda c: canonical_label("cremad6", c)), get_scheme("cremad6"))


def test_cremad_voice_counts_of_card_36(voice: Annotations) -> None:
    votes = voice.votes().to_numpy()
    assert len(voice.items) == 7442
    assert len(voice.majority()) / 7442 == pytest.approx(0.673, abs=5e-4)
    assert len(voice.plurality()) / 7442 == pytest.approx(0.913, abs=5e-4)
    assert share_of_ratings_used(votes, "majority") == pytest.approx(0.498, abs=5e-4)
    assert share_of_ratings_used(votes, "plurality") == pytest.approx(0.605, abs=6e-4)
    labels = voice.multilabel().sum(axis=1).value_counts()
    assert labels.to_dict() == {1: 2245, 2: 3805, 3: 1298, 4: 92, 5: 2}
    raters = votes.sum(axis=1)
    assert (raters.min(), raters.max()) == (4, 12)
    assert raters.mean() == pytest.approx(9.21, abs=5e-3)
    assert disagreement.vote_entropy(votes).mean() == pytest.approx(1.20, abs=5e-3)


def test_cremad_voice_pairs(voice: Annotations) -> None:
    pairs = disagreement.co_occurrence(voice.votes().to_numpy(), binarize=True)
    classes = list(get_scheme("cremad6").classes)
    assert pairs[classes.index("anger"), classes.index("disgust")] == 995
    assert pairs[classes.index("happiness"), classes.index("sadness")] == 36
    penalty = pd.DataFrame(disagreement.penalization_matrix(pairs), index=classes, columns=classes)
    # Mistaking sadness for happiness costs more than mistaking it for the neutral voice.
    assert penalty.loc["sadness", "happiness"] > penalty.loc["sadness", "neutral"]


def test_ferplus_counts_of_card_36(released: Callable[[str], Path]) -> None:
    table = pd.read_csv(released("ferplus/fer2013new.csv"))
    table.index = [f"fer{row:07d}" for row in range(len(table))]
    counts = table.iloc[:, 2:].rename(columns={"NF": "not_a_face"})
    ratings = Annotations.from_counts(counts, get_scheme("ferplus"))
    train = set(table.index[table["Usage"] == "Training"])
    assert len(train) == 28709
    # Unknown and not-a-face are voted for like the rest; images that they win are dropped.
    assert len(train & set(ratings.majority(exclude="winners").index)) == 21811
    assert len(train & set(ratings.plurality(exclude="winners").index)) == 26940
    assert len(train & set(ratings.clean("majority").index)) == 25060
