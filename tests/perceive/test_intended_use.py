"""Biometric signals need a purpose; some purposes are refused for every signal."""

import pytest

from thymos.errors import BadInput
from thymos.perceive.intended_use import BIOMETRIC, declare_use


@pytest.mark.parametrize("signal", BIOMETRIC)
@pytest.mark.parametrize("purpose", ["", "   ", "\n"])
def test_biometric_signals_need_a_purpose(signal, purpose):
    with pytest.raises(BadInput, match=f"reading emotions from {signal} needs a declared purpose; say what"):
        declare_use(purpose, signal)


@pytest.mark.parametrize("signal", ["text", "scene"])
def test_other_signals_do_not(signal):
    assert declare_use("", signal) == ""


@pytest.mark.parametrize("signal", ["text", "scene", *BIOMETRIC])
@pytest.mark.parametrize(
    "purpose", ["screening job applicants", "Exam  proctoring", "POLICE interviews", "watch employees at the workplace"]
)
def test_refused_for_every_signal(signal, purpose):
    with pytest.raises(BadInput, match="is refused: emotion inference for"):
        declare_use(purpose, signal)


def test_the_purpose_comes_back_for_the_record():
    assert declare_use("  research with consenting adults ", "face") == "research with consenting adults"
