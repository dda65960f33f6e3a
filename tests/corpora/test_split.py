"""Splits: what they promise is a measured fact."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.split import Split
from thymos.errors import BadInput


def frame(speakers, **columns):
    index = pd.Index([f"i{k}" for k in range(len(speakers))], name="item")
    return pd.DataFrame({"speaker": speakers, **columns}, index=index)


SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}


@st.composite
def grouped_items(draw):
    n_groups = draw(st.integers(3, 25))
    sizes = draw(st.lists(st.integers(1, 8), min_size=n_groups, max_size=n_groups))
    speakers = [f"s{k}" for k, size in enumerate(sizes) for _ in range(size)]
    blanks = draw(st.sets(st.integers(0, len(speakers) - 1), max_size=3))
    return frame([None if k in blanks else speaker for k, speaker in enumerate(speakers)])


@given(grouped_items(), st.integers(0, 1000))
def test_grouped_splits_are_disjoint_exhaustive_and_keep_groups_apart(items, seed):
    split = Split.grouped(items, "speaker", SHARES, seed=seed)
    members = [item for ids in split.parts.values() for item in ids]
    assert sorted(members) == sorted(items.index)
    assert all(split.parts.values())
    assert split.apart == ("speaker",)
    assert split.guarantee == "speaker-independent"
    values = [set(items.loc[list(ids), "speaker"].dropna()) for ids in split.parts.values()]
    assert sum(map(len, values)) == len(set().union(*values))


@given(grouped_items(), st.integers(0, 1000))
def test_shares_are_met_within_one_group(items, seed):
    split = Split.grouped(items, "speaker", SHARES, seed=seed)
    largest = int(items["speaker"].value_counts().max()) if items["speaker"].notna().any() else 1
    filled = 0
    goals = np.cumsum(list(SHARES.values())) * len(items)
    smallest_goal = min(SHARES.values()) * len(items)
    for ids, goal in list(zip(split.parts.values(), goals, strict=True))[:-1]:
        filled += len(ids)
        # A part is never left empty, so that a share smaller than a group can push the border one group further.
        assert abs(filled - goal) <= (largest if smallest_goal >= largest else 2 * largest + smallest_goal)


@given(grouped_items(), st.integers(0, 50), st.randoms(use_true_random=False))
def test_the_hash_ignores_the_order_of_items_and_depends_on_everything_else(items, seed, shuffler):
    split = Split.grouped(items, "speaker", SHARES, seed=seed)
    shuffled = {}
    for part, ids in split.parts.items():
        order = list(ids)
        shuffler.shuffle(order)
        shuffled[part] = order
    assert Split.of(split.name, shuffled, items).hash == split.hash
    assert Split.of("other", shuffled, items).hash != split.hash
    moved = {**split.parts, "train": split["train"][1:], "dev": (*split["dev"], split["train"][0])}
    if len(split["train"]) > 1:
        assert Split.of(split.name, moved, items).hash != split.hash


def test_grouped_splits_repeat_and_change_with_the_seed():
    items = frame([f"s{k % 12}" for k in range(120)])
    again = [Split.grouped(items, "speaker", SHARES, seed=3, name="x").hash for _ in range(2)]
    assert again[0] == again[1] != Split.grouped(items, "speaker", SHARES, seed=4, name="x").hash


@given(st.integers(5, 60), st.integers(0, 100))
def test_random_splits_partition_and_tell_what_they_break(count, seed):
    items = frame(["one voice"] * count)
    split = Split.random(items, SHARES, seed=seed, groups=("speaker",))
    assert sorted(item for ids in split.parts.values() for item in ids) == sorted(items.index)
    assert split.guarantee == "random: not speaker-independent"


def test_items_without_a_group_value_are_groups_of_their_own():
    items = frame([None] * 10)
    split = Split.grouped(items, "speaker", {"a": 0.5, "b": 0.5})
    assert {part: len(ids) for part, ids in split.parts.items()} == {"a": 5, "b": 5}
    assert split.apart == ("speaker",)


def test_the_guarantee_names_kept_and_broken_groups():
    items = frame(["x", "x", "y", "y"], dialogue=["d1", "d2", "d2", "d3"])
    split = Split.of("official", {"train": ["i0", "i1"], "test": ["i2", "i3"]}, items, ("speaker", "dialogue"))
    assert split.guarantee == "speaker-independent, not dialogue-independent"
    assert Split.of("official", {"train": ["i0"], "test": ["i1"]}, items).guarantee == "official: no groups known"
    assert Split.everything(items).guarantee == "no split"


def test_missing_group_values_do_not_count_as_shared():
    items = frame([None, np.nan, "y", "z"])
    assert Split.of("s", {"a": ["i0", "i2"], "b": ["i1", "i3"]}, items, ("speaker",)).apart == ("speaker",)


def test_from_column_leaves_items_without_a_part_out():
    items = frame(["x"] * 4, part=["train", None, "test", np.nan])
    split = Split.from_column("official", items["part"], items)
    assert dict(split.parts) == {"train": ("i0",), "test": ("i2",)}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"train": ["i0"], "test": []}, "part 'test' is empty"),
        ({"train": ["i0"], "test": ["i0"]}, r"item 'i0' stands twice \(train, test\)"),
        ({"train": ["i0", "i0"]}, "stands twice"),
        ({"train": ["i0"], "test": ["zz"]}, "names item 'zz', which is unknown"),
    ],
)
def test_broken_parts_are_refused(parts, message):
    with pytest.raises(BadInput, match=message):
        Split.of("official", parts, frame(["x", "y"]))


@pytest.mark.parametrize(
    "shares", [{}, {"a": 0.5, "b": 0.6}, {"a": 1.0, "b": 0.0}, {"a": 1.5, "b": -0.5}, {"a": float("nan"), "b": 0.5}]
)
def test_bad_shares_are_refused(shares):
    with pytest.raises(BadInput, match="must be positive and sum to 1"):
        Split.random(frame(["x"] * 9), shares)


def test_too_few_groups_and_unknown_names_are_refused():
    items = frame(["x", "x", "y"])
    with pytest.raises(BadInput, match="2 groups cannot fill 3 parts"):
        Split.grouped(items, "speaker", SHARES)
    with pytest.raises(BadInput, match="no column 'actor' to group by; present: speaker"):
        Split.grouped(items, "actor", SHARES)
    with pytest.raises(BadInput, match="no group column 'actor'"):
        Split.of("s", {"a": ["i0"]}, items, ("actor",))
    with pytest.raises(BadInput, match="has no part 'dev'; it has a"):
        Split.of("s", {"a": ["i0"]}, items)["dev"]


def test_parts_cannot_be_changed():
    split = Split.everything(frame(["x", "y"]))
    with pytest.raises(TypeError):
        split.parts["all"] = ()
