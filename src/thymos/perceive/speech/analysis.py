"""Everything that is measured frame by frame in one pass over a sound: log-mel bands and prosody, every 10 ms.

Frames, spectra and pitch share one time axis. What a frame needs of its neighbor (spectral flux, jitter, shimmer) is
carried over from block to block, so that blocks can be cut anywhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.media.audio import SPEECH_RATE, Samples, audio_blocks
from thymos.perceive.speech.framing import Framer
from thymos.perceive.speech.pitch import PITCH_NAMES, pitch, pitch_width
from thymos.perceive.speech.spectrum import HOP_SECONDS, SHAPE_NAMES, Spectra, cepstrum

Floats = npt.NDArray[np.float32]
CEPSTRAL = 13
SILENT_DB = -100.0
LARGEST_JITTER = 0.2  # a larger step of the period is a jump of the estimate, not of the voice
FRAMES_AT_ONCE = 512  # bounds the memory of the spectra, whatever the length of a block
PROSODY_NAMES = ("energy", "flux", *PITCH_NAMES, "jitter", "shimmer", *SHAPE_NAMES)


@dataclass(frozen=True)
class FrameBlock:
    """Measurements of consecutive frames.

    Args:
        first: number of the first frame; frame i lies around second i * 0.010.
        log_mel: shape (frames, bands), natural logarithm of power.
        prosody: shape (frames, len(PROSODY_NAMES)); NaN where a frame has no such value (f0 of unvoiced frames).
    """

    first: int
    log_mel: Floats
    prosody: Floats

    @property
    def cepstrum(self) -> Floats:
        """Mel-frequency cepstral coefficients 0 to 12, shape (frames, 13)."""
        return cepstrum(self.log_mel, CEPSTRAL)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """The center of each frame."""
        return np.asarray((self.first + np.arange(len(self.log_mel))) * HOP_SECONDS, dtype=np.float64)

    def table(self) -> pd.DataFrame:
        """The prosody as a table indexed by ``seconds``."""
        return pd.DataFrame(self.prosody, index=pd.Index(self.seconds, name="seconds"), columns=list(PROSODY_NAMES))


class FrameAnalysis:
    """Turns blocks of mono samples into ``FrameBlock``s.

    Columns of the prosody: energy (dB of full scale), flux (half-wave rectified rise of the log-mel bands, mean over
    bands), f0 (Hz), voicing, harmonics_to_noise (dB), jitter and shimmer, and the shape of the spectrum. Jitter is the
    relative change of the period and shimmer the change of the peak amplitude in dB between voiced neighbor frames:
    approximations at the rate of frames, not of single glottal periods.

    Args:
        spectra: bands and rate.
    """

    def __init__(self, spectra: Spectra | None = None) -> None:
        self.spectra = spectra or Spectra()
        # One framer for both: the frame of the spectrum is the middle of the wider frame of the pitch.
        self.framer = Framer(pitch_width(self.spectra.rate), self.spectra.hop)
        self.first = 0
        self.last_log_mel: Floats | None = None
        self.last_voice: Floats = np.full((1, 2), np.nan, dtype=np.float32)  # period in s, log10 of the peak

    def push(self, block: Samples) -> FrameBlock:
        """What is measured in the frames that are complete with this block."""
        return self._measured(self.framer.push(block))

    def finish(self) -> FrameBlock:
        """The last frames."""
        return self._measured(self.framer.finish())

    def _measured(self, frames: Samples) -> FrameBlock:
        first = self.first
        parts = [self._part(frames[at : at + FRAMES_AT_ONCE]) for at in range(0, len(frames), FRAMES_AT_ONCE)]
        self.first += len(frames)
        if not parts:
            nothing = np.zeros((0, self.spectra.bands), dtype=np.float32)
            return FrameBlock(first, nothing, np.zeros((0, len(PROSODY_NAMES)), dtype=np.float32))
        return FrameBlock(first, *(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _part(self, frames: Samples) -> tuple[Floats, Floats]:
        side = (self.framer.width - self.spectra.width) // 2
        middle = frames[:, side : side + self.spectra.width]
        power = self.spectra.power(middle)
        log_mel = self.spectra.log_mel(power)
        energy = 10 * np.log10(np.maximum((middle**2).mean(axis=1), 10 ** (SILENT_DB / 10)))
        before = log_mel[:1] if self.last_log_mel is None else self.last_log_mel
        flux = np.maximum(np.diff(log_mel, axis=0, prepend=before), 0).mean(axis=1)
        self.last_log_mel = log_mel[-1:]
        voice = pitch(frames, self.spectra.rate)
        jitter, shimmer = self._irregularity(voice[:, 0], np.abs(middle).max(axis=1))
        columns = [energy, flux, *voice.T, jitter, shimmer, *self.spectra.shape(power).T]
        return log_mel, np.column_stack(columns).astype(np.float32)

    def _irregularity(self, f0: Floats, peak: Floats) -> tuple[Floats, Floats]:
        """Jitter and shimmer of frames whose own and former frame are voiced; NaN elsewhere."""
        now = np.column_stack([1 / f0, np.where(np.isnan(f0), np.nan, np.log10(np.maximum(peak, 1e-6)))])
        joined = np.concatenate([self.last_voice, now.astype(np.float32)])
        self.last_voice = joined[-1:]
        change = np.abs(np.diff(joined, axis=0))
        jitter = change[:, 0] / (0.5 * (joined[1:, 0] + joined[:-1, 0]))
        steady = jitter <= LARGEST_JITTER  # False for NaN
        return np.where(steady, jitter, np.nan), np.where(steady, 20 * change[:, 1], np.nan)


def analyzed(blocks: Iterable[Samples], spectra: Spectra | None = None) -> Iterator[FrameBlock]:
    """The measurements of a stream of blocks, block by block."""
    analysis = FrameAnalysis(spectra)
    for block in blocks:
        yield analysis.push(block)
    yield analysis.finish()


def speech_frames(
    path: str | Path, spectra: Spectra | None = None, *, start: float = 0.0, end: float | None = None
) -> Iterator[FrameBlock]:
    """The measurements of a file, block by block: memory does not depend on its length.

    Args:
        path: a sound file or a video.
        spectra: bands and rate; 64 bands at 16 kHz when left out.
        start: where to begin, in seconds of the file.
        end: where to stop.

    Raises: as :func:`thymos.media.audio.audio_blocks`.
    """
    rate = spectra.rate if spectra is not None else SPEECH_RATE
    return analyzed(audio_blocks(path, rate, start=start, end=end), spectra)


def joined(blocks: Iterable[FrameBlock]) -> FrameBlock:
    """One block of all frames, for clips that fit into memory."""
    parts = list(blocks)
    return FrameBlock(
        parts[0].first if parts else 0,
        np.concatenate([part.log_mel for part in parts]),
        np.concatenate([part.prosody for part in parts]),
    )
