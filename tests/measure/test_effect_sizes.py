"""Effect sizes against statsmodels and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_effectsize

from thymos.errors import BadInput
from thymos.measure.effect_sizes import cohens_d, cohens_h


@given(st.floats(0, 1), st.floats(0, 1))
def test_cohens_h_equals_statsmodels(a, b):
    assert cohens_h(a, b) == pytest.approx(proportion_effectsize(a, b), abs=1e-12)
    assert cohens_h(a, b) == -cohens_h(b, a)
    assert abs(cohens_h(a, b)) <= np.pi


def test_cohens_d_by_hand():
    a, b = [2.0, 4.0, 6.0], [1.0, 3.0, 5.0]
    assert cohens_d(a, b) == pytest.approx(0.5)
    assert cohens_d([3.0, 5.0, 10.0], [1.0, 2.0, 3.0], paired=True) == pytest.approx(4 / np.std([2, 3, 7], ddof=1))
    assert cohens_d(b, a) == -cohens_d(a, b)


@given(st.floats(-5, 5), st.floats(0.1, 10))
def test_cohens_d_ignores_shift_and_scale(shift, scale):
    a, b = np.array([2.0, 4.0, 7.0]), np.array([1.0, 3.0, 5.0, 4.0])
    assert cohens_d(scale * a + shift, scale * b + shift) == pytest.approx(cohens_d(a, b))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cohens_h(1.2, 0.5), "rate_a"),
        (lambda: cohens_h(0.2, -0.5), "rate_b"),
        (lambda: cohens_d([1.0], [1.0, 2.0]), "fewer than 2"),
        (lambda: cohens_d([1.0, 1.0], [2.0, 2.0]), "do not vary"),
        (lambda: cohens_d([1.0, 2.0], [1.0, 2.0, 3.0], paired=True), "shape"),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(BadInput, match=message):
        call()
