"""What two studies of the voice measure in a recording, kept as tables of the run so that it is done once.

Frames of 10 ms hold 32 log-mel bands and 15 numbers of prosody. Silence before and after the speech is cut off: actors
leave up to a second of it, and the shortest recordings would else be told by their silence.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.perceive.fine_grained.pooling import ALL_STATISTICS, averaged_to_length, pooled
from thymos.perceive.speech.analysis import PROSODY_NAMES, FrameBlock, joined, speech_frames
from thymos.perceive.speech.functionals import COLUMNS, DURATION_NAMES, STATISTICS, functionals
from thymos.perceive.speech.spectrum import HOP_SECONDS, Spectra
from thymos.perceive.speech.whisper_features import whisper_features
from thymos.studies.contract import Context

SPECTRA = Spectra(bands=32)
BANDS = tuple(f"mel{number:02d}" for number in range(SPECTRA.bands))
FRAME_NAMES = (*BANDS, *PROSODY_NAMES)
SLICES = 48  # frames of the shortened sequence that the full-sequence heads read
# Frames this far below the loudest one are silence where nothing louder precedes or follows.
SILENCE_DB = 35.0
WHISPER_LAYER = "whisperlast:"
WHISPER_STATISTICS = ("mean", "minimum", "maximum", "std")
DURATIONS = ("duration.file", "duration.speech")


class VoiceFrames(NamedTuple):
    """Frames of the speech in a recording, without the silence around it; NaN where a frame has no such value."""

    block: FrameBlock  # as measured; numbered from the start of the speech
    values: npt.NDArray[np.float32]  # (frames, len(FRAME_NAMES)), pitch in octaves
    duration: float  # of the file, in seconds


def voice_frames(path: str) -> VoiceFrames:
    """Measure a recording."""
    whole = joined(speech_frames(path, SPECTRA))
    first, last = speech_borders(whole)
    part = FrameBlock(0, whole.log_mel[first : last + 1], whole.prosody[first : last + 1])
    values = np.concatenate([part.log_mel, part.prosody], axis=1)
    pitch = FRAME_NAMES.index("f0")
    values[:, pitch] = np.log2(values[:, pitch])  # octaves: a step means the same in low and high voices
    return VoiceFrames(part, values, len(whole.log_mel) * HOP_SECONDS)


def speech_borders(block: FrameBlock) -> tuple[int, int]:
    """First and last frame that is not silence."""
    energy = block.prosody[:, PROSODY_NAMES.index("energy")]
    loud = np.flatnonzero(energy > energy.max() - SILENCE_DB)
    return int(loud[0]), int(loud[-1])


def without_gaps(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values that a frame does not have (pitch of unvoiced frames) as the mean of the others; 0 where none has one."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    mean = np.where(known, values, 0).sum(axis=0) / np.maximum(counts, 1)
    return np.where(known, values, mean).astype(np.float32)


def clip_row(path: str) -> npt.NDArray[np.float32]:
    """One recording as pooled statistics, functionals, a shortened sequence, and two durations."""
    frames = voice_frames(path)
    values = without_gaps(frames.values)
    described = np.nan_to_num(functionals([frames.block]).to_numpy(dtype=np.float32), nan=0.0)
    durations = np.array([frames.duration, len(values) * HOP_SECONDS], dtype=np.float32)
    return np.concatenate([pooled(values), described, averaged_to_length(values, SLICES).ravel(), durations])


def clip_columns() -> list[str]:
    """Names of the numbers of ``clip_row``."""
    statistics = [f"{statistic}.{name}" for statistic in ALL_STATISTICS for name in FRAME_NAMES]
    described = [f"functional.{column}.{name}" for column in COLUMNS for name in STATISTICS]
    described += [f"functional.{name}" for name in DURATION_NAMES]
    sequence = [f"sequence.{number:02d}.{name}" for number in range(SLICES) for name in FRAME_NAMES]
    return [*statistics, *described, *sequence, *DURATIONS]


def clip_table(ctx: Context, corpus: str, items: pd.DataFrame) -> pd.DataFrame:
    """The features of a corpus' recordings, indexed by item."""

    def compute() -> pd.DataFrame:
        paths: Iterable[str] = ctx.track(items["path"], f"measuring {corpus}", total=len(items))
        return pd.DataFrame(np.stack([clip_row(path) for path in paths]), index=items.index, columns=clip_columns())

    return ctx.table(f"clips_{corpus}", compute)


def whisper_table(ctx: Context, corpus: str, items: pd.DataFrame) -> pd.DataFrame:
    """The last states of a frozen Whisper encoder, pooled with mean, minimum, maximum and deviation."""

    def compute() -> pd.DataFrame:
        rows = []
        for path in ctx.track(items["path"], f"hearing {corpus}", total=len(items)):
            heard = whisper_features(path, statistics=WHISPER_STATISTICS)
            rows.append(heard[heard.index.str.startswith(WHISPER_LAYER)].astype(np.float32))
        return pd.DataFrame(rows).set_axis(items.index, axis=0)

    return ctx.table(f"whisper_{corpus}", compute)


def whisper_mean_part(table: pd.DataFrame) -> pd.DataFrame:
    """The mean of the last states."""
    return table[[name for name in table.columns if name.startswith(f"{WHISPER_LAYER}mean")]]


def pooled_part(table: pd.DataFrame, statistics: Iterable[str] = ALL_STATISTICS) -> pd.DataFrame:
    """The pooled columns of some statistics."""
    starts = tuple(f"{name}." for name in statistics)
    return table[[name for name in table.columns if name.startswith(starts)]]


def functional_part(table: pd.DataFrame) -> pd.DataFrame:
    """The functionals."""
    return table[[name for name in table.columns if name.startswith("functional.")]]


def duration_part(table: pd.DataFrame) -> pd.DataFrame:
    """The two durations."""
    return table[list(DURATIONS)]


def sequence_part(table: pd.DataFrame) -> "pd.Series[object]":
    """The shortened sequences as arrays (slices, numbers a frame)."""
    columns = [name for name in table.columns if name.startswith("sequence.")]
    values = table[columns].to_numpy(dtype=np.float32).reshape(len(table), SLICES, len(FRAME_NAMES))
    return pd.Series(list(values), index=table.index, dtype=object)
