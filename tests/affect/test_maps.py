"""Label maps: published tables cell by cell, mass that is neither lost nor made up, and honest fallbacks."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.affect.annotations import Annotations
from thymos.affect.maps import LabelMap, get_map, list_maps, nearest_by_vad, zone_of
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.affect.schemes import get_scheme, list_schemes
from thymos.errors import BadInput

FINE = Scheme("fine", "categorical", ("glad", "merry", "mad", "odd"), "felt")
COARSE = Scheme("coarse", "categorical", ("plus", "minus", "rest"), "perceived")
TABLE = {"glad": "plus", "merry": "plus", "mad": "minus", "odd": None}


def small(unmapped: str = "drop") -> LabelMap:
    return LabelMap(FINE, COARSE, TABLE, unmapped=unmapped, source_of_map="this test")


# -- the published tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list_maps())
def test_every_map_is_whole_and_says_where_it_comes_from(name: str) -> None:
    label_map = get_map(name)
    assert label_map.name == name
    assert label_map.source_of_map
    assert set(label_map.mapping) == set(label_map.source.labels)
    assert (label_map.unmapped == "drop") == bool(label_map.dropped)
    assert get_map(name).source.name in list_schemes()


def test_sizes_of_the_mapped_classes() -> None:
    ekman = pd.Series(dict(get_map("goemotions28_to_ekman7").mapping)).value_counts()
    assert ekman.to_dict() == {
        "joy": 12,
        "sadness": 5,
        "surprise": 4,
        "anger": 3,
        "fear": 2,
        "disgust": 1,
        "neutral": 1,
    }
    groups = pd.Series(dict(get_map("empathetic_dialogues32_to_groups8").mapping)).value_counts()
    assert groups.sum() == 32
    assert groups["disappointed"] == 6


@pytest.mark.parametrize(
    ("name", "label", "meant"),
    [
        ("emonet40_to_emodb7", "Emotional Numbness", "boredom"),
        ("emonet40_to_emodb7", "Astonishment/Surprise", "fear"),
        ("emonet40_to_ravdess8", "Shame", "disgust"),
        ("emonet40_to_ravdess8", "Relief", "calm"),
        ("emonet40_to_ravdess8", "Awe", "calm"),
        ("empathetic_dialogues32_to_avatar7", "jealous", "contempt"),
        ("empathetic_dialogues32_to_avatar7", "devastated", "surprised"),
        ("reader_moods8_to_emotions5", "inspired", "surprise"),
        ("armanemo7_to_paper_names", "SURPRISE", "wonder"),
        ("emodb7_to_zones4", "anger", "red"),
        ("emodb7_to_zones4", "sadness", "blue"),
    ],
)
def test_single_cells(name: str, label: str, meant: str) -> None:
    assert get_map(name).apply(label) == meant


def test_what_the_voice_table_leaves_out() -> None:
    assert len(get_map("emonet40_to_emodb7").source.labels) - len(get_map("emonet40_to_emodb7").dropped) == 37
    assert get_map("emonet40_to_ravdess8").dropped == ("Sexual Lust",)


def test_goemotions_maps_are_those_of_the_release(released: Callable[[str], Path]) -> None:
    for name, file in (("ekman7", "ekman_mapping"), ("sentiment4", "sentiment_mapping")):
        groups = json.loads(released(f"goemotions/data/{file}.json").read_text())
        ours = get_map(f"goemotions28_to_{name}")
        assert {label: group for group, labels in groups.items() for label in labels} | {"neutral": "neutral"} == dict(
            ours.mapping
        )


def test_unknown_map() -> None:
    with pytest.raises(BadInput, match="unknown label map 'emonet_to_ekman'; known: goemotions28_to_ekman7"):
        get_map("emonet_to_ekman")


def test_the_way_of_unmapped_labels_can_be_chosen() -> None:
    strict = get_map("ferplus_to_fer7", unmapped="error")
    with pytest.raises(
        BadInput, match="label 'contempt' of scheme 'ferplus' has no counterpart in 'fer7'; use unmapped"
    ):
        strict.apply("contempt")
    assert get_map("ferplus_to_fer7", unmapped="neutral").apply("contempt") == "neutral"
    assert get_map("ferplus_to_fer7").apply("contempt") is None


# -- what can be translated ---------------------------------------------------------------------------------------


def test_labels_lists_and_series() -> None:
    assert small().apply("merry") == "plus"
    assert small().apply(["glad", "odd"]) == ["plus", None]
    assert small().apply(label for label in ("mad",)) == ["minus"]
    labels = pd.Series(["glad", None, "odd"], index=[5, 6, 7], name="gold")
    found = small().apply(labels)
    assert found.index.tolist() == [5, 6, 7]
    assert found.name == "gold"
    assert found[5] == "plus"
    assert found[[6, 7]].isna().all()
    typed = small("rest").apply(labels.astype("category"))
    assert typed[7] == "rest"
    assert pd.isna(typed[6])
    with pytest.raises(BadInput, match="unknown label 'sad'"):
        small().apply(pd.Series(["sad"]))


def test_tables_of_votes_shares_and_flags() -> None:
    votes = pd.DataFrame({"glad": [2, 0], "merry": [1, 0], "odd": [1, 3]}, index=["a", "b"])
    counted = small().apply(votes)
    assert counted.to_dict("index") == {
        "a": {"plus": 3, "minus": 0, "rest": 0},
        "b": {"plus": 0, "minus": 0, "rest": 0},
    }
    assert counted.dtypes.eq(np.int64).all()
    shares = small().apply(votes.div(votes.sum(axis=1), axis=0))
    assert shares.loc["a"].tolist() == [1, 0, 0]
    assert shares.loc["b"].isna().all()
    flags = small("rest").apply(votes > 0)
    assert flags.loc["a"].tolist() == [True, False, True]
    assert flags.dtypes.eq(bool).all()


def test_tables_with_labels_that_do_not_belong() -> None:
    with pytest.raises(BadInput, match="unknown label 'sad'"):
        small().apply(pd.DataFrame({"sad": [0]}))
    with pytest.raises(BadInput, match="label 'odd' of scheme 'fine' has no counterpart"):
        small("error").apply(pd.DataFrame({"odd": [1]}))
    # A label that nobody chose is no reason to stop.
    assert small("error").apply(pd.DataFrame({"odd": [0], "mad": [1]}))["minus"].tolist() == [1]
    with pytest.raises(BadInput, match="needs numbers or booleans"):
        small().apply(pd.DataFrame({"glad": ["yes"]}))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from([n for n in list_maps() if not get_map(n).dropped]))
def test_whole_maps_keep_all_mass(seed: int, name: str) -> None:
    label_map = get_map(name)
    votes = pd.DataFrame(
        np.random.default_rng(seed).integers(0, 5, size=(4, len(label_map.source.labels))),
        columns=list(label_map.source.labels),
    )
    mapped = label_map.apply(votes)
    assert mapped.sum(axis=1).tolist() == votes.sum(axis=1).tolist()
    assert mapped.columns.tolist() == list(label_map.target.labels)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mapping_votes_is_mapping_ratings(seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 4, size=(5, 4))
    counts[:, 0] += 1
    frame = pd.DataFrame(counts, columns=list(FINE.labels), index=[f"i{k}" for k in range(5)])
    ratings = Annotations.from_counts(frame, FINE)
    mapped = ratings.map(small())
    pd.testing.assert_frame_equal(
        mapped.votes().sort_index(), small().apply(frame), check_names=False, check_dtype=False, check_index_type=False
    )


def test_mapped_annotations_keep_whose_affect_they_are_about() -> None:
    table = pd.DataFrame({"item": ["a", "b"], "rater": "x", "label": ["glad", "odd"]})
    ratings = Annotations(table, FINE, where="votes.csv")
    mapped = small().apply(ratings)
    scheme = mapped.scheme()
    assert scheme.name == "coarse"
    assert scheme.construct is Construct.FELT
    assert mapped.items == ["a"]
    assert mapped.where == "votes.csv"
    assert len(ratings) == 2, "the source is left alone"
    with pytest.raises(BadInput, match=r"label 'odd' .* no counterpart"):
        ratings.map(small("error"))
    with pytest.raises(BadInput, match="there is no rating"):
        ratings.select(items=["b"]).map(small())


def test_two_fine_labels_of_one_rater_count_once() -> None:
    table = pd.DataFrame(
        {"item": "c", "rater": ["x", "x", "x", "y"], "label": ["joy", "amusement", "anger", "gratitude"]}
    )
    mapped = Annotations(table, get_scheme("goemotions28")).map(get_map("goemotions28_to_ekman7"))
    assert mapped.scheme().kind is Kind.MULTILABEL
    assert mapped.votes().loc["c", ["joy", "anger"]].tolist() == [2, 1]


def test_only_the_ratings_of_the_source_scheme_change() -> None:
    level = Scheme("level", "ordinal", ("level",), "felt", range=(0, 9))
    table = pd.DataFrame(
        {
            "item": ["a", "a", "a"],
            "rater": ["x", "x", "y"],
            "scheme": ["fine", "level", "level"],
            "label": ["mad", "level", "level"],
            "value": [1.0, 4.0, 4.0],
        }
    )
    mapped = Annotations(table, [FINE, level]).map(small())
    assert mapped.plurality("coarse").to_dict() == {"a": "minus"}
    assert mapped.mean("level").loc["a", "level"] == 4.0
    assert len(mapped) == 3


def test_annotations_under_a_scheme_of_the_same_labels() -> None:
    own = Scheme("my_fine", "categorical", FINE.labels, "perceived")
    ratings = Annotations(pd.DataFrame({"item": ["a"], "rater": ["x"], "label": ["mad"]}), own)
    assert ratings.map(small()).scheme().construct is Construct.PERCEIVED


def test_annotations_that_the_map_is_not_for() -> None:
    other = Annotations(pd.DataFrame({"item": ["a"], "rater": ["x"], "label": ["plus"]}), COARSE)
    with pytest.raises(BadInput, match="this map translates 'fine', not 'coarse'"):
        other.map(small())
    voice = get_scheme("emonet_voice40")
    rated = Annotations(pd.DataFrame({"item": ["a"], "rater": ["x"], "label": ["Fear"], "value": [2]}), voice)
    with pytest.raises(BadInput, match="this map translates 'emonet40', not 'emonet_voice40'"):
        rated.map(get_map("emonet40_to_emodb7"))


# -- one after the other ------------------------------------------------------------------------------------------


def test_composition() -> None:
    both = get_map("goemotions28_to_ekman7").then(get_map("goemotions_ekman7_to_ekman6_neutral"))
    assert both.apply("remorse") == "sadness"
    assert both.source.name == "goemotions28"
    assert both.target.name == "ekman6_neutral"
    assert "; then " in both.source_of_map
    assert both.unmapped == "error"


def test_composition_of_maps_that_leave_labels_out() -> None:
    back = LabelMap(COARSE, FINE, {"plus": "glad", "minus": None, "rest": "odd"}, unmapped="drop")
    assert dict(small().then(back).mapping) == {"glad": "glad", "merry": "glad", "mad": None, "odd": None}
    assert dict(small("rest").then(back).mapping)["odd"] == "odd"
    assert small("error").then(back).unmapped == "error"
    assert small().then(back).source_of_map == "this test; then no source stated"
    with pytest.raises(BadInput, match="a map to 'coarse' cannot be followed by one from 'fine'"):
        small().then(small())


@pytest.mark.parametrize("label", FINE.labels)
def test_composition_is_one_map_after_the_other(label: str) -> None:
    back = LabelMap(COARSE, FINE, {"plus": "merry", "minus": "mad", "rest": None}, unmapped="drop")
    middle = small().apply(label)
    expected = None if middle is None else back.apply(middle)
    assert small().then(back).apply(label) == expected


# -- making maps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "unmapped", "message"),
    [
        ({**TABLE, "sad": "minus"}, "drop", "unknown label 'sad'; spell it"),
        ({**TABLE, "odd": "other"}, "drop", "unknown label 'other'"),
        ({"glad": "plus"}, "drop", "label 'merry' has no entry; map it"),
        (TABLE, "ignore", "unmapped='ignore' is neither 'error', 'drop' nor a label of 'coarse'"),
    ],
)
def test_maps_that_cannot_be(mapping: dict[str, str | None], unmapped: str, message: str) -> None:
    with pytest.raises(BadInput, match=f"label map 'fine to coarse': {message}"):
        LabelMap(FINE, COARSE, mapping, unmapped=unmapped)


def test_maps_are_values() -> None:
    assert small() == small()
    assert hash(small()) == hash(small())
    assert small() != small("error")
    assert pickle.loads(pickle.dumps(small())) == small()
    with pytest.raises(TypeError):
        small().mapping["glad"] = "minus"  # type: ignore[index]


def test_nearest_anchor_is_a_stated_fallback() -> None:
    label_map = nearest_by_vad(get_scheme("empathetic_dialogues32"), get_scheme("ekman6_neutral"))
    assert label_map.source_of_map.startswith("fallback:")
    assert "inferred" in label_map.source_of_map
    assert label_map.apply("terrified") == "fear"
    assert label_map.apply("joyful") == "happiness"


def test_nearest_anchor_finds_the_label_itself() -> None:
    scheme = get_scheme("goemotions28")
    assert all(label == meant for label, meant in nearest_by_vad(scheme, scheme).mapping.items())


def test_nearest_anchor_without_anchors() -> None:
    persian = nearest_by_vad(get_scheme("armanemo7"), get_scheme("ekman6"))
    assert persian.dropped == ("OTHER",)
    assert persian.apply("HAPPY") == "happiness"
    with pytest.raises(BadInput, match="scheme 'zones4' has no valence-arousal-dominance anchors"):
        nearest_by_vad(get_scheme("ekman6"), get_scheme("zones4"))
    with pytest.raises(BadInput, match="scheme 'zones4' has no valence-arousal-dominance anchors"):
        nearest_by_vad(get_scheme("zones4"), get_scheme("ekman6"))


def test_equally_near_anchors_go_to_the_first() -> None:
    target = Scheme("two", "categorical", ("left", "right"), "felt", vad={"left": (-1, 0, 0), "right": (1, 0, 0)})
    middle = Scheme("one", "categorical", ("middle",), "felt", vad={"middle": (0, 0, 0)})
    assert nearest_by_vad(middle, target).apply("middle") == "left"


@pytest.mark.parametrize(
    ("valence", "arousal", "zone"),
    [
        (0, 0, "green"),
        (0, 0.1, "yellow"),
        (0.5, 0.5, "yellow"),
        (-0.5, 0.5, "red"),
        (0.5, -0.5, "green"),
        (0, -0.5, "blue"),
        (-0.5, -0.5, "blue"),
        (0.5, 0, "green"),
        (-0.5, 0, "red"),
    ],
)
def test_zones_of_the_circumplex(valence: float, arousal: float, zone: str) -> None:
    assert zone_of(valence, arousal) == zone
    assert zone in get_scheme("zones4").labels


def test_zone_of_nothing() -> None:
    with pytest.raises(BadInput, match="finite"):
        zone_of(float("nan"), 0.0)
