"""The Geneva minimalistic acoustic parameters (eGeMAPS, Eyben et al. 2016) through the opensmile package.

opensmile has a licence of its own (free for research and personal use, not for commercial products), so it is an extra
and nothing that ships depends on it. It holds a whole stretch of sound in memory; longer files are read in windows.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.errors import BadInput, Unavailable
from thymos.media.audio import SPEECH_RATE, Samples, audio_blocks, read_audio

SETS = ("eGeMAPSv02", "GeMAPSv01b", "ComParE_2016")
SHORTEST_SECONDS = 0.06  # one frame of its pitch analysis


def opensmile_features(
    path: str | Path, *, start: float = 0.0, end: float | None = None, feature_set: str = "eGeMAPSv02"
) -> pd.Series:
    """The functionals of one stretch of sound (88 in eGeMAPSv02), named by the path.

    Args:
        path: a sound file or a video.
        start: begin in seconds of the file.
        end: its end; the end of the file when left out.
        feature_set: eGeMAPSv02, GeMAPSv01b or ComParE_2016.

    Raises:
        BadInput: as ``audio_blocks``; an unknown set, less than 60 ms of sound.
        Unavailable: opensmile is not installed.
    """
    smile = _smile(feature_set)
    return _functionals(smile, read_audio(path, start=start, end=end), path).rename(str(path))


def opensmile_windows(
    path: str | Path, *, seconds: float = 10.0, feature_set: str = "eGeMAPSv02"
) -> Iterator[tuple[float, float, pd.Series]]:
    """Start, end and functionals of each window of a file of any length; memory is that of one window.

    A rest shorter than 60 ms at the end is left out.
    """
    smile = _smile(feature_set)
    begin = 0.0
    for block in audio_blocks(path, SPEECH_RATE, seconds):
        finish = begin + len(block) / SPEECH_RATE
        if begin == 0.0 or finish - begin >= SHORTEST_SECONDS:
            yield begin, finish, _functionals(smile, block, path)
        begin = finish


@lru_cache(maxsize=len(SETS))
def _smile(feature_set: str) -> Any:
    if feature_set not in SETS:
        raise BadInput(f"there is no feature set {feature_set!r}", where="feature_set", mend=f"use {', '.join(SETS)}")
    try:
        import opensmile
    except ImportError:
        raise Unavailable(
            "opensmile is not installed; install it with `pip install thymos[opensmile]` (mind its licence: research)"
        ) from None
    return opensmile.Smile(getattr(opensmile.FeatureSet, feature_set), opensmile.FeatureLevel.Functionals)


def _functionals(smile: Any, samples: Samples, path: str | Path) -> pd.Series:
    if len(samples) < SHORTEST_SECONDS * SPEECH_RATE:
        raise BadInput(f"less than {SHORTEST_SECONDS:g} s of sound", where=path, mend="leave it out")
    return smile.process_signal(samples, SPEECH_RATE).iloc[0].astype(float)
