"""Where somebody speaks: stretches that are louder than the noise around them and not as flat as noise.

The noise floor follows the quietest moments of the last three seconds and of the next one and a half, so a recording
whose noise changes needs no setting, and memory is bounded by that window. Steady sounds (a hum, a tone that never
pauses) are part of the floor.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from thymos.errors import BadInput
from thymos.perceive.speech.analysis import PROSODY_NAMES, FrameBlock, speech_frames
from thymos.perceive.speech.spectrum import HOP_SECONDS

Floats = npt.NDArray[np.float32]
ENERGY = PROSODY_NAMES.index("energy")
MEAN_FRAMES = 5  # the energy is smoothed over 50 ms before its minima are taken
# Flatness of the mel bands, geometric over arithmetic mean of their power: .5 to .9 in noise, below .3 in speech.
FLAT = 0.45


class Segment(NamedTuple):
    """A stretch of speech, in seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class VoiceActivity:
    """The detector's settings.

    Args:
        margin: dB above the noise floor that speech must have.
        quietest: energy in dB of full scale below which nothing is speech.
        before: seconds of the past that the noise floor looks at.
        after: seconds of the future; segments come out that much later.
        pause: pauses shorter than this many seconds do not end a segment.
        shortest: segments shorter than this many seconds are dropped.
    """

    margin: float = 10.0
    quietest: float = -75.0
    before: float = 3.0
    after: float = 1.5
    pause: float = 0.3
    shortest: float = 0.1

    def __post_init__(self) -> None:
        if min(self.before, self.after, self.pause, self.shortest) <= 0 or self.margin <= 0:
            raise BadInput("a setting of the voice activity is not positive", where="VoiceActivity")

    def speaking(self, blocks: Iterable[FrameBlock]) -> Iterator[npt.NDArray[np.bool_]]:
        """For each frame whether it is speech, in arrays that join to one value a frame.

        Args:
            blocks: of :func:`thymos.perceive.speech.analysis.analyzed`.
        """
        past, future = round(self.before / HOP_SECONDS), round(self.after / HOP_SECONDS)
        energy, tonal = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=bool)
        done = 0  # frames at the start of the arrays that were decided and are kept for the floor
        for block in blocks:
            energy = np.concatenate([energy, block.prosody[:, ENERGY]])
            tonal = np.concatenate([tonal, band_flatness(block.log_mel) < FLAT])
            ready = len(energy) - future - MEAN_FRAMES
            if ready > done:
                yield self._decide(energy, tonal, past, future)[done:ready]
                dropped = max(0, ready - past - MEAN_FRAMES)
                energy, tonal, done = energy[dropped:], tonal[dropped:], ready - dropped
        if len(energy) > done:
            yield self._decide(energy, tonal, past, future)[done:]

    def _decide(self, energy: Floats, tonal: npt.NDArray[np.bool_], past: int, future: int) -> npt.NDArray[np.bool_]:
        smooth = uniform_filter1d(energy.astype(np.float64), MEAN_FRAMES, mode="nearest")
        width = past + future + 1
        # origin shifts the window so that it reaches ``past`` back and ``future`` ahead.
        floor = minimum_filter1d(smooth, width, mode="nearest", origin=(past - future) // 2)
        # Below the quietest level there is no noise floor to speak of (digital silence).
        floor = np.maximum(floor, self.quietest - self.margin)
        return np.asarray((energy > floor + self.margin) & (energy > self.quietest) & tonal)

    def segments(self, blocks: Iterable[FrameBlock]) -> Iterator[Segment]:
        """The segments, each as soon as it has ended."""
        pause, shortest = round(self.pause / HOP_SECONDS), round(self.shortest / HOP_SECONDS)
        begin, last, frame = -1, -1, 0
        for flags in self.speaking(blocks):
            for position in np.flatnonzero(flags):
                now = frame + int(position)
                if begin >= 0 and now - last > pause:
                    if last - begin + 1 >= shortest:
                        yield Segment(begin * HOP_SECONDS, (last + 1) * HOP_SECONDS)
                    begin = -1
                begin = now if begin < 0 else begin
                last = now
            frame += len(flags)
        if begin >= 0 and last - begin + 1 >= shortest:
            yield Segment(begin * HOP_SECONDS, (last + 1) * HOP_SECONDS)


def band_flatness(log_mel: Floats) -> Floats:
    """Geometric over arithmetic mean of the power in the bands of each frame, 0 (a tone) to 1 (all equal)."""
    return np.asarray(np.exp(log_mel.mean(axis=1)) / np.exp(log_mel).mean(axis=1), dtype=np.float32)


def speech_segments(path: str | Path, settings: VoiceActivity | None = None) -> pd.DataFrame:
    """The stretches of speech in a file: columns ``start`` and ``end`` in seconds; no row where nobody speaks.

    Args:
        path: a sound file or a video of any length.
        settings: of the detector.

    Raises: as :func:`thymos.media.audio.audio_blocks`.
    """
    found = list((settings or VoiceActivity()).segments(speech_frames(path)))
    return pd.DataFrame(found, columns=["start", "end"]).astype(float)
