"""One row of acoustic features an utterance, in three named families, for recognizers.

``statistics`` of pitch, energy and spectrum, ``covariance`` of the bands, ``modulation`` of the bands. The name of a
column is ``family:name``, so that a recognizer can give each family the same weight, however many columns it has.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import uniform_filter1d

from thymos.errors import BadInput
from thymos.perceive.speech.analysis import FrameBlock, joined, speech_frames
from thymos.perceive.speech.clip_statistics import ENERGY, statistic_names, utterance_statistics
from thymos.perceive.speech.clip_structure import (
    COVARIANCE_SIZE,
    MODULATION_SIZE,
    band_covariance,
    band_modulation,
    floored,
    wide_bands,
)
from thymos.perceive.speech.spectrum import HOP_SECONDS

# Raised whenever a feature changes, so that kept features of an older kind are not used.
FEATURES_VERSION = 2
ACTIVE_DB = 30.0
SMOOTHED = 5
MARGIN = 2
SHORTEST_SECONDS, LONGEST_SECONDS = 0.2, 60.0
SILENT_DB = -75.0


def acoustic_names(bands: int = 64) -> list[str]:
    """The columns, ``family:name``."""
    return [
        *(f"statistics:{name}" for name in statistic_names(bands)),
        *(f"covariance:{number:04d}" for number in range(COVARIANCE_SIZE)),
        *(f"modulation:{number:03d}" for number in range(MODULATION_SIZE)),
    ]


def acoustic_features(path: str | Path, *, start: float = 0.0, end: float | None = None) -> pd.Series:
    """The features of one utterance, named by the path; all finite.

    Args:
        path: a sound file or a video.
        start: begin of the utterance in seconds of the file.
        end: its end; the end of the file when left out.

    Raises:
        BadInput: as ``audio_blocks``; a silent stretch, one shorter than 0.2 s or longer than 60 s.
    """
    blocks = []
    frames = 0
    for block in speech_frames(path, start=start, end=end):
        blocks.append(block)
        frames += len(block.log_mel)
        if frames * HOP_SECONDS > LONGEST_SECONDS + HOP_SECONDS:
            raise BadInput(
                f"more than {LONGEST_SECONDS:g} s at once", where=path, mend="name start and end of each utterance"
            )
    return pd.Series(features_of_frames(joined(blocks), where=path), index=acoustic_names(), name=str(path))


def features_of_frames(block: FrameBlock, *, where: str | Path = "sound") -> npt.NDArray[np.float64]:
    """The features of measured frames; see :func:`acoustic_features`."""
    if len(block.prosody) * HOP_SECONDS < SHORTEST_SECONDS:
        raise BadInput(
            f"{len(block.prosody) * HOP_SECONDS:.2f} s are too short to judge", where=where,
            mend=f"at least {SHORTEST_SECONDS:g} s are needed",
        )  # fmt: skip
    first, last = active_part(block.prosody[:, ENERGY], where)
    part = FrameBlock(block.first + first, block.log_mel[first:last], block.prosody[first:last])
    bands = wide_bands(floored(part.log_mel))
    return np.concatenate([utterance_statistics(part), band_covariance(bands), band_modulation(bands)])


def active_part(energy: npt.NDArray[np.floating], where: str | Path) -> tuple[int, int]:
    """First frame and end of the part between the silences before and after an utterance.

    Silence is more than 30 dB below the loudest frames; at least 0.2 s are kept.
    """
    top = np.percentile(energy, 97)
    if top < SILENT_DB:
        raise BadInput("there is only silence", where=where, mend="leave it out; voice activity finds the speech")
    # The ends are repeated, not filled with zeros: 0 dB would be the loudest sound there is.
    smooth = uniform_filter1d(energy.astype(np.float64), SMOOTHED, mode="nearest")
    loud = np.flatnonzero(smooth > top - ACTIVE_DB)
    fewest = round(SHORTEST_SECONDS / HOP_SECONDS)
    first = max(0, int(loud[0]) - MARGIN) if len(loud) else 0
    last = min(len(energy), int(loud[-1]) + MARGIN + 1) if len(loud) else len(energy)
    if last - first < fewest:
        first = max(0, min(first, len(energy) - fewest))
        last = min(len(energy), first + fewest)
    return first, last
