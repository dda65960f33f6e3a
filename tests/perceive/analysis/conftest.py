"""Invented signals: a file says itself what is in it, so running, keeping and writing are tested without models."""

import sys
import types

import pytest

from thymos.errors import BadInput
from thymos.perceive.analysis import run


@pytest.fixture
def calls():
    """The paths that were really read, in order."""
    return []


@pytest.fixture
def invented(monkeypatch, calls):
    """Text, speech, face, scene and physiology are read from the file's own letters."""

    def reader(signal):
        def over_time(path, wishes):
            calls.append((signal, path.name))
            content = path.read_text() if path.is_file() else "x"
            if "broken" in content:
                raise BadInput("it is broken", where=path, mend="mend it")
            if "crash" in content:
                raise ZeroDivisionError("division by zero")
            if signal == "speech" and "silent film" in content:
                raise BadInput("the video has no sound track", where=path)
            for second in range(3):
                row = {"start": float(second), "end": second + 1.0}
                if second == 1:
                    yield {**row, "quality": "no voice"}
                else:
                    yield {**row, "anger": 0.25 + second / 4, "calm": 0.75 - second / 4, "confidence": 0.75}

        return over_time

    for signal in run.READERS:
        module = types.ModuleType(f"invented_{signal}")
        module.over_time = reader(signal)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(run.READERS, signal, module.__name__)
