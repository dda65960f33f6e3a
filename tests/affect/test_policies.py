"""The cleaning policies of the FER+ authors: step by step on single faces, and the counts on the real votes."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.affect.policies import POLICIES, apply_policy, without_single_votes
from thymos.errors import BadInput

# Columns of these tests: four emotions, then unknown and not a face.
EXCLUDED = np.array([False, False, False, False, True, True])
DROPPED = None


def shares(policy: str, votes: list[int]) -> list[float] | None:
    row = apply_policy(np.array([votes]), EXCLUDED, policy)[0]
    return DROPPED if np.isnan(row).any() else row.round(4).tolist()


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([6, 2, 1, 1, 0, 0], [1, 0, 0, 0]),  # 6 of the 8 that are left
        ([4, 2, 2, 0, 1, 1], DROPPED),  # 4 of 8 is half, not more
        ([5, 1, 1, 1, 1, 1], [1, 0, 0, 0]),  # five single votes go
        ([2, 0, 0, 1, 7, 0], DROPPED),  # unknown wins
        ([1, 1, 1, 1, 1, 1], DROPPED),  # nothing is left
        ([3, 3, 0, 0, 0, 0], DROPPED),
    ],
)
def test_majority(votes: list[int], expected: list[float] | None) -> None:
    assert shares("majority", votes) == expected


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([8, 2, 0, 0, 0, 0], [1, 0, 0, 0]),  # 80 % reached with one
        ([5, 3, 2, 0, 0, 0], [0.625, 0.375, 0, 0]),  # 80 % reached with two
        ([4, 3, 3, 0, 0, 0], [0.4, 0.3, 0.3, 0]),  # ties are taken together
        ([4, 2, 2, 2, 0, 0], DROPPED),  # the tie would make four
        ([3, 3, 0, 0, 2, 2], [0.5, 0.5, 0, 0]),  # 60 %, then unknown and not-a-face end it
        ([4, 0, 0, 0, 4, 0], DROPPED),  # 4 of 8 is no more than half, the other half is unknown
        ([5, 0, 0, 0, 3, 2], DROPPED),  # half, then unknown ends it
        ([2, 0, 0, 0, 7, 0], DROPPED),
        ([1, 1, 1, 1, 1, 1], DROPPED),
        ([3, 3, 0, 0, 3, 0], [0.5, 0.5, 0, 0]),  # unknown shares the top; the emotions hold 6 of 9
    ],
)
def test_probability(votes: list[int], expected: list[float] | None) -> None:
    assert shares("probability", votes) == expected


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([5, 3, 2, 0, 0, 0], [0.625, 0.375, 0, 0]),  # 2 of 10 is below 30 %
        ([4, 3, 3, 0, 0, 0], [0.4, 0.3, 0.3, 0]),
        ([4, 2, 2, 2, 0, 0], DROPPED),  # 4 of 10 is no more than half
        ([4, 0, 0, 0, 5, 0], DROPPED),  # unknown is on top
        ([5, 0, 0, 0, 5, 0], [1, 0, 0, 0]),  # a tie with unknown goes to the emotion
        ([1, 1, 1, 1, 1, 1], DROPPED),
    ],
)
def test_multi_target(votes: list[int], expected: list[float] | None) -> None:
    assert shares("multi_target", votes) == expected


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([2, 3, 0, 0, 9, 0], [0, 1, 0, 0]),  # unknown has no say
        ([3, 3, 0, 0, 0, 0], [1, 0, 0, 0]),  # the first column of a tie
        ([0, 0, 0, 0, 9, 1], DROPPED),
    ],
)
def test_arg_max(votes: list[int], expected: list[float] | None) -> None:
    assert shares("arg_max", votes) == expected


def authors_steps(votes: list[int], policy: str, emotions: int) -> list[float] | None:
    """The authors' procedure for one face, one loop after the other, excluded columns last."""
    left = [0 if count <= 1 else count for count in votes]
    total = sum(left)
    taken = [0] * len(left)
    refused = False
    if policy == "majority":
        peak = max(left)
        refused = not 2 * peak > total
        taken[left.index(peak)] = peak
    elif policy == "multi_target":
        taken = [count if count >= 0.3 * total else 0 for count in left]
        refused = 2 * sum(taken) <= total
    else:
        held = number = 0
        going = True
        while held < 0.75 * total and number < 3 and going:
            peak = max(left)
            for place, count in enumerate(left):
                if count != peak:
                    continue
                taken[place], left[place] = peak, 0
                held, number = held + peak, number + 1
                if place >= emotions:
                    going = False
                    if sum(taken) > peak:  # emotions came first: the excluded class is left out
                        taken[place], number = 0, number - 1
                    break
        refused = 2 * sum(taken) <= total or number > 3
    if refused or taken.index(max(taken)) >= emotions:
        return None
    kept = taken[:emotions]
    return [count / sum(kept) for count in kept]


@settings(max_examples=400, deadline=None)
@given(votes=st.lists(st.integers(0, 7), min_size=10, max_size=10), policy=st.sampled_from(sorted(POLICIES)))
def test_policies_follow_the_authors_step_by_step(votes: list[int], policy: str) -> None:
    excluded = np.array([False] * 8 + [True] * 2)
    row = apply_policy(np.array([votes]), excluded, policy)[0]
    if policy == "arg_max":
        expected = None if sum(votes[:8]) == 0 else [float(k == int(np.argmax(votes[:8]))) for k in range(8)]
    else:
        expected = authors_steps(votes, policy, 8)
    if expected is None:
        assert np.isnan(row).all()
    else:
        assert row == pytest.approx(expected)


def test_items_do_not_influence_each_other() -> None:
    rng = np.random.default_rng(0)
    votes = rng.multinomial(10, [0.3, 0.2, 0.1, 0.1, 0.2, 0.1], size=300)
    for policy in POLICIES:
        together = apply_policy(votes, EXCLUDED, policy)
        alone = np.concatenate([apply_policy(row[None], EXCLUDED, policy) for row in votes])
        assert np.array_equal(together, alone, equal_nan=True)


def test_single_votes_go() -> None:
    assert without_single_votes(np.array([[2, 1, 0, 5]])).tolist() == [[2, 0, 0, 5]]


def test_without_excluded_classes() -> None:
    nobody = np.array([False, False])
    for policy in POLICIES:
        assert apply_policy(np.array([[8, 2]]), nobody, policy)[0, 0] == 1.0 or policy == "multi_target"


def test_refusals() -> None:
    with pytest.raises(BadInput, match="unknown policy 'best'; known: arg_max, majority"):
        apply_policy(np.array([[1, 2]]), np.array([False, True]), "best")
    for mask in (np.array([True, True]), np.array([False])):
        with pytest.raises(BadInput, match="one entry a class and leave one class"):
            apply_policy(np.array([[1, 2]]), mask, "majority")


# -- the real votes -----------------------------------------------------------------------------------------------

FER_EXCLUDED = np.array([False] * 8 + [True] * 2)
SPLITS = {"Training": 0, "PublicTest": 1, "PrivateTest": 2}


def kept(votes: np.ndarray, policy: str) -> int:
    return int((~np.isnan(apply_policy(votes, FER_EXCLUDED, policy)).any(axis=1)).sum())


@pytest.mark.parametrize(
    ("policy", "images"),
    [
        ("majority", (25060, 3199, 3153)),
        ("probability", (27956, 3505, 3505)),
        ("multi_target", (27671, 3472, 3472)),
        ("arg_max", (28559, 3579, 3573)),
    ],
)
def test_images_kept_of_fer2013new(released: Callable[[str], Path], policy: str, images: tuple[int, int, int]) -> None:
    table = pd.read_csv(released("ferplus/fer2013new.csv"))
    for split, place in SPLITS.items():
        assert kept(table.loc[table["Usage"] == split].iloc[:, 2:].to_numpy(), policy) == images[place]


@pytest.mark.parametrize(("folder", "images"), [("Train", 25045), ("Valid", 3191), ("Test", 3137)])
def test_images_kept_of_the_authors_label_files(released: Callable[[str], Path], folder: str, images: int) -> None:
    path = released(f"ferplus/FER2013{folder}/label.csv")
    with path.open(encoding="utf-8") as lines:
        votes = np.array([row[2:] for row in csv.reader(lines)], dtype=int)
    assert kept(votes, "majority") == images
