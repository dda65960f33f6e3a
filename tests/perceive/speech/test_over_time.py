"""A recording as stretches: they join to the whole, whatever the voice activity says."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.perceive.speech.over_time import NO_VOICE, TOO_SHORT, pieces


def segments(*pairs):
    return pd.DataFrame(pairs, columns=["start", "end"], dtype=float)


def test_speech_is_cut_and_the_rest_is_named():
    found = list(pieces(segments((1.0, 4.0), (4.2, 4.4)), 6.0, window=2.0))
    assert [quality for *_, quality in found] == [NO_VOICE, "", "", NO_VOICE, TOO_SHORT, NO_VOICE]
    np.testing.assert_allclose([(start, end) for start, end, _ in found],
                               [(0, 1), (1, 2.5), (2.5, 4), (4, 4.2), (4.2, 4.4), (4.4, 6)])  # fmt: skip


def test_silence_is_one_row():
    assert list(pieces(segments(), 3.0, window=4.0)) == [(0.0, 3.0, NO_VOICE)]


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 20)), max_size=8),
    st.floats(0.1, 100),
    st.floats(0.5, 10),
)
def test_stretches_join_to_the_whole(spans, seconds, window):
    table = segments(*sorted((start, start + length) for start, length in spans))
    found = list(pieces(table, seconds, window))
    assert found[0][0] == 0.0
    assert found[-1][1] == pytest.approx(seconds)
    for (_, end, _), (start, _, _) in pairwise(found):
        assert start == pytest.approx(end)
    for start, end, quality in found:
        assert end > start
        if not quality:
            assert end - start <= window + 1e-9
