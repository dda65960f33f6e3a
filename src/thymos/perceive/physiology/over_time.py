"""Stress against rest over time from a wristband recording."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thymos.media.wristband import read_wristband
from thymos.perceive.media_recognizers import TableRecognizer
from thymos.perceive.physiology.inputs import recognizer_inputs
from thymos.perceive.physiology.windows import OK, window_table
from thymos.perceive.shipped import shipped_recognizer

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes


def over_time(path: Path, wishes: "Wishes") -> Iterator[dict[str, Any]]:
    """Rows of the table over time: windows of a minute every half minute, judged against the recording's own level.

    The whole recording is looked at before its first window is judged; see ``physiology.inputs``.
    """
    windows = window_table(read_wristband(path))
    if not (windows["quality"] == OK).any():
        for row in windows.to_dict("records"):
            yield {"start": row["start"], "end": row["end"], "quality": row["quality"]}
        return
    recognizer = shipped_recognizer("physiology")
    assert isinstance(recognizer, TableRecognizer)
    found = recognizer.predict_proba(recognizer_inputs(windows))
    for index, row in windows.iterrows():
        place = {"start": row["start"], "end": row["end"]}
        if index not in found.index:
            yield {**place, "quality": row["quality"]}
            continue
        shares = found.loc[index]
        yield {**place, **shares.to_dict(), "confidence": float(shares.max())}
