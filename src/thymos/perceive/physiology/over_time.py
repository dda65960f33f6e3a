"""Stress against rest over time from a wristband recording: one row a window, for ``thymos analyze``."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from thymos.errors import BadInput
from thymos.media.wristband import read_wristband
from thymos.perceive.physiology.inputs import FEWEST_WINDOWS, STANDARDIZED, recognizer_inputs
from thymos.perceive.physiology.stress import StressRecognizer
from thymos.perceive.physiology.windows import OK, window_table
from thymos.perceive.shipped import shipped_recognizer

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes

TOO_SHORT = f"fewer than {FEWEST_WINDOWS} usable windows: the person's own level is unknown"


def over_time(path: Path, wishes: "Wishes | None" = None) -> Iterator[dict[str, Any]]:
    """Rows of the table over time: windows of a minute every half minute, judged against the recording's own level.

    The whole recording is looked at before its first window is judged; see ``physiology.inputs``. A window that
    cannot be judged says why.

    Args:
        path: an E4 folder, or a CSV with a time column.
        wishes: of ``thymos.perceive.analysis``; nothing in it concerns wristbands.

    Raises:
        BadInput: nothing that can be read, a recording shorter than one window.
        Unavailable: windows could be judged and no recognizer ships.
    """
    windows = window_table(read_wristband(path))
    if not (windows["quality"] == OK).any():
        yield from judged_windows(windows, None)
        return
    recognizer = shipped_recognizer("physiology")
    if not isinstance(recognizer, StressRecognizer):
        raise BadInput(f"{type(recognizer).__name__} is no stress recognizer", where="physiology")
    yield from judged_windows(windows, recognizer)


def judged_windows(windows: pd.DataFrame, recognizer: StressRecognizer | None) -> Iterator[dict[str, Any]]:
    """Rows for the windows of one recording.

    Args:
        windows: of ``window_table``.
        recognizer: fitted on ``recognizer_inputs``; None where no window is usable.
    """
    reasons = windows["quality"].astype(object).copy()
    judged = pd.DataFrame()
    if recognizer is not None:
        try:
            inputs = recognizer_inputs(windows, standardize=recognizer.inputs == STANDARDIZED)
        except BadInput:
            reasons[reasons == OK] = TOO_SHORT
        else:
            judged = recognizer.predict_proba(inputs)
    for index, start, end, reason in zip(windows.index, windows["start"], windows["end"], reasons, strict=True):
        row: dict[str, Any] = {"start": float(start), "end": float(end), "quality": str(reason)}
        if index in judged.index:
            shares = judged.loc[index]
            row |= {**{str(name): float(share) for name, share in shares.items()}, "confidence": float(shares.max())}
        yield row
