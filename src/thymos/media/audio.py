"""Sound in blocks of mono float32 at the rate that is wanted; memory does not depend on the length of a file.

Formats: wav, flac, ogg, mp3 and what else libsndfile knows; the sound track of mp4, m4a, mov, webm and what else
PyAV knows.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from thymos.errors import BadInput
from thymos.media.audio_decoding import AudioInfo, Samples, audio_info, decoded
from thymos.media.audio_resampling import Resampler

__all__ = ["SPEECH_RATE", "AudioInfo", "Samples", "audio_blocks", "audio_info", "read_audio"]

SPEECH_RATE = 16000  # Hz; what recognizers of speech take
BLOCK_SECONDS = 10.0


def audio_blocks(
    path: str | Path,
    rate: int = SPEECH_RATE,
    seconds: float = BLOCK_SECONDS,
    *,
    start: float = 0.0,
    end: float | None = None,
) -> Iterator[Samples]:
    """Blocks of equal length, the last one shorter; joined they are the whole sound, whatever their length.

    Args:
        path: a sound file or a video.
        rate: sampling rate of the blocks in Hz; channels are averaged first.
        seconds: length of a block.
        start: where to begin, in seconds of the file.
        end: where to stop; the end of the file when left out or beyond it.

    Yields:
        Arrays of shape (samples,), float32, nominally within -1..1.

    Raises:
        BadInput: no such file, an empty or damaged file, no sound, samples that are no numbers, a start after the end.
        Unavailable: a container for which PyAV is needed and missing.
    """
    length = round(seconds * rate)
    if rate < 1 or length < 1:
        raise BadInput(f"blocks of {seconds:g} s at {rate} Hz hold no sample", where="seconds", mend="use 10.0")
    if start < 0 or (end is not None and end <= start):
        raise BadInput(f"from {start:g} s to {end} s", where=path, mend="start is 0 or more, end is after start")
    own_rate, pieces = decoded(path, start, end)
    return regrouped(_resampled(pieces, own_rate, rate), length)


def read_audio(path: str | Path, rate: int = SPEECH_RATE, *, start: float = 0.0, end: float | None = None) -> Samples:
    """A whole clip at once, for clips that fit into memory; see :func:`audio_blocks`."""
    return np.concatenate(list(audio_blocks(path, rate, start=start, end=end)))


def regrouped(pieces: Iterator[Samples], length: int) -> Iterator[Samples]:
    """The same samples in blocks of ``length``, the last one shorter."""
    waiting: list[Samples] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count < length:
            continue
        joined = np.concatenate(waiting)
        for begin in range(0, count - length + 1, length):
            yield joined[begin : begin + length]
        rest = joined[count - count % length :]
        waiting, count = [rest], len(rest)
    if count:
        yield np.concatenate(waiting)


def _resampled(pieces: Iterator[Samples], source: int, target: int) -> Iterator[Samples]:
    resampler = Resampler(source, target)
    for piece in pieces:
        yield resampler.push(piece)
    yield resampler.finish()
