from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.dialogue.curriculum import (
    ANGLES,
    curriculum_passes,
    difficulty,
    shift_weight,
    similarity,
)

MELD = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


@given(st.sampled_from(MELD), st.sampled_from(MELD))
def test_similarity_is_symmetric_and_in_range(one, other):
    value = similarity(one, other, ANGLES, 7)
    assert value == similarity(other, one, ANGLES, 7)
    assert 0 <= value <= 1


def test_similarities_by_hand():
    assert similarity("joy", "joy", ANGLES, 7) == pytest.approx(1)
    assert similarity("joy", "sadness", ANGLES, 7) == 0, "valence of another sign"
    assert similarity("joy", "neutral", ANGLES, 7) == pytest.approx(1 / 7)
    assert similarity("joy", "surprise", ANGLES, 7) == pytest.approx(np.cos(6 * np.pi / 20))
    assert similarity("anger", "sadness", ANGLES, 7) == 0, "the cosine of 162 degrees is below 0"


def test_shifts_weigh_k_times_similarity_plus_b():
    assert shift_weight("joy", "joy", ANGLES, 7) == 0
    assert shift_weight("joy", "sadness", ANGLES, 7) == pytest.approx(0.4)
    assert shift_weight("anger", "disgust", ANGLES, 7) == pytest.approx(np.cos(6 * np.pi / 20) + 0.4)


def test_difficulty_by_hand():
    # Ann: joy to sadness (0.4); neighbors of two speakers: joy to neutral (1/7 + .4), neutral to sadness (1/7 + .4).
    value = difficulty(["joy", "neutral", "sadness"], ["Ann", "Ben", "Ann"])
    assert value == pytest.approx((0.4 + 2 * (1 / 7 + 0.4) + 2) / (3 + 2))
    assert difficulty(["joy"], ["Ann"]) == pytest.approx(1 / 2)


@given(st.lists(st.tuples(st.sampled_from(MELD), st.sampled_from("abc")), min_size=1, max_size=20))
def test_a_dialogue_without_change_is_easiest(turns):
    labels, speakers = zip(*turns, strict=True)
    still = difficulty(["joy"] * len(labels), speakers)
    assert difficulty(labels, speakers) >= still - 1e-12


@given(st.lists(st.sampled_from("abcdef"), min_size=6, max_size=60), st.integers(1, 3), st.integers(0, 2))
def test_passes_grow_from_easy_to_all(dialogues, buckets, full):
    names = sorted(set(dialogues))
    buckets = min(buckets, len(names))
    passes = curriculum_passes(dialogues, {name: place for place, name in enumerate(names)}, buckets=buckets, full=full)
    assert len(passes) == buckets + full
    for earlier, later in pairwise(passes):
        assert set(earlier) <= set(later)
    assert len(passes[buckets - 1]) == len(dialogues)
    hardest_of_first = max(names.index(dialogues[place]) for place in passes[0])
    left = set(range(len(dialogues))) - set(passes[0])
    assert all(names.index(dialogues[place]) > hardest_of_first for place in left)


def test_bad_input():
    with pytest.raises(BadInput, match="no place on the circle"):
        similarity("joy", "awe", ANGLES, 7)
    with pytest.raises(BadInput, match="speakers"):
        difficulty(["joy"], [])
    with pytest.raises(BadInput, match="buckets"):
        curriculum_passes(["a"], {"a": 1.0}, buckets=2)
