"""Emotion in the voice over time: the stretches of speech of a recording, cut into pieces and judged."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.media.audio import audio_info
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.speech.voice_activity import speech_segments

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes

SHORTEST = 0.5  # seconds; less is a syllable, and the recognizer heard sentences
TOGETHER = 64  # pieces judged at once, so that memory does not grow with the recording
NO_VOICE, TOO_SHORT = "no voice", f"voice of less than {SHORTEST} s"


def over_time(path: Path, wishes: "Wishes") -> Iterator[dict[str, Any]]:
    """Rows of the table over time; silence and noise are rows without numbers."""
    info = audio_info(path)
    segments = speech_segments(path)
    last = float(segments["end"].max()) if len(segments) else 0.0
    stretches = list(pieces(segments, max(info.seconds, last), wishes.window))
    recognizer = shipped_recognizer("speech")
    assert isinstance(recognizer, Recognizer)
    for first in range(0, len(stretches), TOGETHER):
        part = stretches[first : first + TOGETHER]
        spoken = [number for number, (_, _, quality) in enumerate(part) if not quality]
        found = _judged(recognizer, path, [part[number] for number in spoken]) if spoken else None
        for number, (start, end, quality) in enumerate(part):
            if quality or found is None:
                yield {"start": start, "end": end, "quality": quality}
                continue
            shares = found.iloc[spoken.index(number)]
            yield {"start": start, "end": end, **shares.to_dict(), "confidence": float(shares.max())}


def pieces(segments: pd.DataFrame, seconds: float, window: float) -> Iterator[tuple[float, float, str]]:
    """The whole recording as (start, end, quality): speech in equal pieces of at most ``window``, and the rest.

    Args:
        segments: columns ``start`` and ``end``, in order.
        seconds: length of the recording.
        window: of the longest piece.

    Yields:
        Stretches that join to the whole; ``quality`` is "" for speech that can be judged.
    """
    now = 0.0
    for start, end in segments[["start", "end"]].itertuples(index=False):
        start, end = max(now, float(start)), min(seconds, float(end))
        if end <= start:
            continue
        if start > now:
            yield now, start, NO_VOICE
        if end - start < SHORTEST:
            yield start, end, TOO_SHORT
        else:
            edges = np.linspace(start, end, int(np.ceil((end - start) / window)) + 1)
            yield from ((float(left), float(right), "") for left, right in pairwise(edges))
        now = end
    if seconds > now:
        yield now, seconds, NO_VOICE


def _judged(recognizer: Recognizer, path: Path, part: list[tuple[float, float, str]]) -> pd.DataFrame:
    items = pd.DataFrame({"path": str(path), "start": [one[0] for one in part], "end": [one[1] for one in part]})
    try:
        return recognizer.predict_proba(items)
    except BadInput as error:
        raise BadInput(error.what, where=path, mend=error.mend) from None
