"""Frames must not depend on where blocks are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.speech.framing import Framer


def framed(signal: np.ndarray, width: int, hop: int, cuts: list[int]) -> np.ndarray:
    framer = Framer(width, hop)
    return np.concatenate([*(framer.push(part) for part in np.split(signal, cuts)), framer.finish()])


def by_definition(signal: np.ndarray, width: int, hop: int) -> np.ndarray:
    padded = np.concatenate([np.zeros(width // 2), signal, np.zeros(width + hop)])
    return np.array([padded[center : center + width] for center in range(0, len(signal), hop)])


@settings(max_examples=150, deadline=None)
@given(
    length=st.integers(1, 200),
    width=st.integers(1, 40),
    hop=st.integers(1, 40),
    cuts=st.lists(st.integers(0, 200), max_size=5),
)
def test_frames_are_those_of_the_definition(length: int, width: int, hop: int, cuts: list[int]) -> None:
    hop = min(hop, width)
    signal = np.arange(1, length + 1, dtype=np.float32)
    found = framed(signal, width, hop, sorted(min(cut, length) for cut in cuts))
    np.testing.assert_array_equal(found, by_definition(signal, width, hop))


def test_no_signal_has_no_frame() -> None:
    assert Framer(400, 160).finish().shape == (0, 400)


@pytest.mark.parametrize(("width", "hop"), [(0, 1), (1, 0), (10, 11)])
def test_impossible_sizes(width: int, hop: int) -> None:
    with pytest.raises(BadInput, match="use 1 to the width"):
        Framer(width, hop)
