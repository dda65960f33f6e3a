"""Slices, floors and paired tests of layered items, on tables whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.benchmark import BenchmarkItem, get_suite
from thymos.assess.layered.layered_items import Layer
from thymos.assess.layered.layered_scores import (
    LAYERS,
    clustered_standard_error,
    in_original_order,
    item_table,
    layer_tests,
    length_floor,
    paired,
    right_places,
    slices,
)
from thymos.errors import BadInput
from thymos.measure.significance import holm, mcnemar


def item(options: tuple[str, ...], answer: str) -> BenchmarkItem:
    return BenchmarkItem("s/t/1", "s", "t", "Choose.", "?", (answer,), options, "letters")


def answers(layers: list[str], scores: list[float]) -> pd.DataFrame:
    """One row an item, in the given layers."""
    return pd.DataFrame(
        {
            "item": [f"i{k}" for k in range(len(scores))],
            "cluster": [f"c{k}" for k in range(len(scores))],
            "score": scores,
            "tag_layer": layers,
            "tag_capability": "cause",
            "tag_language": "en",
            "tag_provenance": "authored",
        }
    )


def test_slices_cover_the_authored_items_by_every_view() -> None:
    table = item_table(get_suite("layered").load())
    found = dict(slices(table))
    assert list(found)[:6] == ["all", *LAYERS], "layers stand in their own order"
    assert found["all"].all()
    for word, count in (("layer", 5), ("capability", 4), ("language", 3), ("source", 1)):
        parts = [chosen for name, chosen in found.items() if name.startswith(f"{word} ")]
        assert len(parts) == count
        assert (np.sum(parts, axis=0) == 1).all(), "every item is in one slice of each view"
    assert found["language ar"].sum() == found["language zh"].sum() == 72
    with pytest.raises(BadInput, match="tag_layer"):
        list(slices(table.drop(columns="tag_layer")))


def test_length_floors_share_ties() -> None:
    items = [item(("a", "bb", "ccc"), "ccc"), item(("aa", "bb", "c"), "bb"), item(("aaa", "b", "cc"), "cc")]
    assert length_floor(items, "longest").tolist() == [1.0, 0.5, 0.0]
    assert length_floor(items, "shortest").tolist() == [0.0, 0.0, 0.0]
    assert length_floor([item(("a", "b", "ccc"), "a")], "shortest").tolist() == [0.5]
    assert right_places(items).tolist() == [2, 1, 2]


def test_the_length_floors_of_the_authored_items_are_those_of_their_data_card() -> None:
    items = [item for item in get_suite("layered").load() if item.language == "en"]
    assert 0.15 <= length_floor(items, "longest").mean() <= 0.36


def test_the_original_order_is_the_first_rotation() -> None:
    table = pd.DataFrame(
        {"item": ["x#r0", "x#r1", "y#r0"], "tag_rotation": ["0", "1", "0"], "tag_original": ["x", "x", "y"]}
    )
    assert in_original_order(table)["item"].tolist() == ["x", "y"]


def test_pairs_are_matched_by_item_and_not_by_row() -> None:
    first, second = answers(["value"] * 3, [0, 1, 0]), answers(["value"] * 3, [1, 0, 0])
    table = paired(first, second.iloc[::-1])
    assert table["other"].tolist() == [1, 0, 0]
    with pytest.raises(BadInput, match="not on the same items"):
        paired(first, second.iloc[:2])
    with pytest.raises(BadInput, match="stands twice"):
        paired(first, pd.concat([second, second]))


def test_the_clustered_error_counts_clusters_and_not_items() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    names = list("abcde")
    assert clustered_standard_error(values, names) == pytest.approx(np.std(values, ddof=1) / np.sqrt(5))
    doubled = clustered_standard_error(values * 3, names * 3)
    assert doubled == pytest.approx(clustered_standard_error(values, names))
    assert clustered_standard_error(values, ["one"] * 5) is None
    assert clustered_standard_error([1.0, 1.0], ["a", "b"]) == 0.0


def test_exact_tests_by_layer_with_holm() -> None:
    layers = ["appraisal"] * 12 + ["value"] * 12 + ["social"] * 4
    before = [0.0] * 10 + [1.0] * 2 + [0.0] * 5 + [1.0] * 7 + [1.0] * 4
    after = [1.0] * 10 + [1.0] * 2 + [1.0] * 3 + [0.0] * 2 + [0.0] * 1 + [1.0] * 6 + [1.0] * 4
    tests = {test.layer: test for test in layer_tests(answers(layers, before), answers(layers, after))}
    assert list(tests) == ["layer appraisal", "layer value", "layer social"]
    appraisal, value, social = tests.values()
    assert (appraisal.improved, appraisal.worsened, appraisal.n) == (10, 0, 12)
    assert appraisal.p == pytest.approx(2 * 0.5**10)
    assert (value.improved, value.worsened) == (3, 1)
    assert value.p == pytest.approx(0.625)
    assert (social.improved, social.worsened, social.p) == (0, 0, 1.0)
    assert [test.p_holm for test in tests.values()] == pytest.approx([3 * 2 * 0.5**10, 1.0, 1.0])


def test_averages_over_rotations_are_no_single_answers() -> None:
    half = answers(["value"] * 2, [0.5, 1.0])
    with pytest.raises(BadInput, match="scores of 0 or 1"):
        layer_tests(half, half)


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from([str(layer) for layer in Layer]), st.booleans(), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_layer_tests_agree_with_the_tests_they_are_made_of(pairs: list[tuple[str, bool, bool]]) -> None:
    layers = [layer for layer, _, _ in pairs]
    before, after = [float(b) for _, b, _ in pairs], [float(a) for _, _, a in pairs]
    tests = layer_tests(answers(layers, before), answers(layers, after))
    assert sum(test.n for test in tests) == len(pairs)
    for test in tests:
        own = [(b, a) for layer, b, a in pairs if f"layer {layer}" == test.layer]
        assert test.p == mcnemar([b for b, _ in own], [a for _, a in own], method="exact").p
        assert test.improved - test.worsened == sum(a for _, a in own) - sum(b for b, _ in own)
    assert [test.p_holm for test in tests] == pytest.approx(holm([test.p for test in tests]).tolist())
