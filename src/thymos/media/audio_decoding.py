"""Decoders of sound: soundfile for wav, flac, ogg and mp3; PyAV for the sound track of mp4, m4a, mov, webm and others.

Both yield blocks of mono float32 at the file's own rate and know nothing of resampling. A damaged file is one
``BadInput`` that says where it breaks off.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput, Unavailable
from thymos.files import require_file

Samples = npt.NDArray[np.float32]
FRAMES_A_READ = 1 << 16
# libsndfile's names of formats whose length is written in the header: there a short file is a damaged file.
EXACT_FORMATS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "AU", "CAF")
# Sizes that streaming writers leave in a RIFF header, because they cannot go back and fill it in.
UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36)
# A sound track may start late or pause (live recordings): such holes become silence, so that times stay true.
GAP_SECONDS = 0.05
LONGEST_GAP_SECONDS = 24 * 3600.0
SEEK_SECONDS = 1.0
MEND_DAMAGED = "copy or export the file again"


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a sound file says.

    Args:
        seconds: length; 0.0 where a container does not tell.
        rate: sampling rate in Hz.
        channels: number of channels.
        format: name of the format in small letters, e.g. ``"wav"``, ``"flac"``, ``"mp4"``.
    """

    seconds: float
    rate: int
    channels: int
    format: str


def audio_info(path: str | Path) -> AudioInfo:
    """Length, rate, channels and format of a sound file or of a video's sound track; nothing is decoded.

    Raises:
        BadInput: no such file, an empty file, no sound in it, a damaged header.
        Unavailable: a container for which PyAV is needed and missing.
    """
    path = checked_file(path)
    with opened_soundfile(path) as sound:
        if sound is not None:
            return AudioInfo(sound.frames / sound.samplerate, sound.samplerate, sound.channels, sound.format.lower())
    with opened_container(path) as (container, stream):
        seconds = float(stream.duration * stream.time_base) if stream.duration else (container.duration or 0) / 1e6
        return AudioInfo(seconds, int(stream.rate), int(stream.channels), container.format.name.split(",")[0])


def decoded(path: str | Path, start: float, end: float | None) -> tuple[int, Iterator[Samples]]:
    """The file's own rate, and mono blocks from ``start`` to ``end`` (seconds).

    Raises: as :func:`audio_info`, at once; while blocks are taken BadInput where the file is damaged.
    """
    path = checked_file(path)
    with opened_soundfile(path) as sound:
        if sound is not None:
            return sound.samplerate, _soundfile_blocks(path, start, end)
    with opened_container(path) as (_, stream):
        rate = int(stream.rate)
    return rate, _container_blocks(path, start, end)


def checked_file(path: str | Path) -> Path:
    """The path of an existing file that is not empty."""
    path = require_file(path)
    if path.stat().st_size == 0:
        raise BadInput("the file is empty", where=path, mend=MEND_DAMAGED)
    return path


@contextmanager
def opened_soundfile(path: Path) -> Iterator[Any]:
    """The file opened by soundfile, or None where libsndfile does not know the format."""
    import soundfile

    # libsndfile silently shortens a wav file whose header promises more; the promise is compared with the file here.
    missing = missing_wav_bytes(path)
    if missing:
        raise BadInput(f"the file is cut short: {missing:,} bytes of sound are missing", where=path, mend=MEND_DAMAGED)
    try:
        sound = soundfile.SoundFile(path)
    except soundfile.LibsndfileError:
        yield None
        return
    with sound:
        if sound.frames == 0:
            raise BadInput("the file holds no sound (0 samples)", where=path, mend=MEND_DAMAGED)
        yield sound


def missing_wav_bytes(path: Path) -> int:
    """How many bytes of a wav file's data chunk are not in the file; 0 for whole files and for other formats."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        while len(chunk := stream.read(8)) == 8:
            name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            if name == b"data":
                return 0 if length in UNKNOWN_SIZES else max(0, length - (size - stream.tell()))
            stream.seek(length + length % 2, 1)  # chunks are padded to an even length
    return 0


def _soundfile_blocks(path: Path, start: float, end: float | None) -> Iterator[Samples]:
    import soundfile

    with opened_soundfile(path) as sound:
        rate, frames = sound.samplerate, sound.frames
        first = round(start * rate)
        last = frames if end is None else min(frames, round(end * rate))
        if first >= last:
            raise BadInput(
                f"there is no sound between {start:g} s and {'the end' if end is None else f'{end:g} s'}",
                where=path,
                mend=f"the file is {frames / rate:.2f} s long",
            )
        position = first
        try:
            if first:
                sound.seek(first)
            while position < last:
                block = sound.read(min(FRAMES_A_READ, last - position), dtype="float32", always_2d=True)
                if len(block) == 0:
                    break
                yield mono(block, path, position / rate)
                position += len(block)
        except soundfile.LibsndfileError as error:
            reason = str(error).removeprefix("Error : ").rstrip(". \n")
            raise _broken(path, position / rate, reason) from None
        if position < last and sound.format in EXACT_FORMATS:
            raise _broken(path, position / rate, f"{(last - position) / rate:.2f} s are missing")


def mono(block: npt.NDArray[np.float32], path: Path, start: float) -> Samples:
    """The mean over channels (samples × channels), after a check that every sample is a finite number."""
    mixed = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mixed).all():
        raise BadInput(
            f"sample {int(np.argmin(np.isfinite(mixed)))} after {start:.2f} s is NaN or infinite",
            where=path,
            mend="export the sound again without such samples",
        )
    return np.ascontiguousarray(mixed)


@contextmanager
def opened_container(path: Path) -> Iterator[tuple[Any, Any]]:
    """A container opened by PyAV and its first sound track."""
    try:
        import av
    except ImportError:
        raise Unavailable(
            f"{path}: this kind of file is read through PyAV, which is not installed; install it with `pip install av` "
            "or convert the file to wav or flac"
        ) from None
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"this is not a sound or video file, or it is damaged ({reason})", where=path) from None
    with container:
        if not container.streams.audio:
            what = "this video has no sound track" if container.streams.video else "there is no sound in this file"
            raise BadInput(what, where=path, mend="pass a file with sound")
        stream = container.streams.audio[0]
        if not stream.rate or not stream.channels:
            raise BadInput("the sound track tells no sampling rate", where=path, mend=MEND_DAMAGED)
        yield container, stream


def _container_blocks(path: Path, start: float, end: float | None) -> Iterator[Samples]:
    """The sound track between two times; a late start and pauses become silence."""
    given, position = 0, 0
    with opened_container(path) as (container, stream):
        rate = int(stream.rate)
        first, last = round(start * rate), None if end is None else round(end * rate)
        for position, block in _timed_blocks(path, container, stream, start):
            wanted = _cut(block, position, first, last)
            given += len(wanted)
            if len(wanted):
                yield wanted
            position += len(block)
            if last is not None and position >= last:
                break
    if given == 0:
        raise BadInput(f"there is no sound after {start:g} s", where=path, mend=f"it is {position / rate:.2f} s long")


def _timed_blocks(path: Path, container: Any, stream: Any, start: float) -> Iterator[tuple[int, Samples]]:
    """Blocks with their positions in samples from time 0 on, without holes; they begin at ``start`` or earlier."""
    import av

    rate = int(stream.rate)
    to_floats = av.AudioResampler(format="fltp")  # the kind of number only: rate and channels stay
    position = 0
    try:
        if start > SEEK_SECONDS:
            # Decoders need what comes before a place to get it right; the surplus is cut off exactly afterwards.
            container.seek(int((start - SEEK_SECONDS) * av.time_base))
            position = -1
        for frame in container.decode(stream):
            begin = position if frame.pts is None else round(float(frame.pts * frame.time_base) * rate)
            position = begin if position < 0 else position
            for silence in _silence(begin - position, rate, path, position):
                yield position, silence
                position += len(silence)
            for converted in to_floats.resample(frame):
                block = mono(converted.to_ndarray().T, path, max(position, 0) / rate)
                if position == 0 and begin < 0:
                    block = block[-begin:]  # samples before time 0 only prime the decoder
                yield position, block
                position += len(block)
    except av.error.FFmpegError as error:
        raise _broken(path, max(position, 0) / rate, str(error.strerror)) from None


def _silence(missing: int, rate: int, path: Path, position: int) -> Iterator[Samples]:
    """Zeros for a hole in a sound track, in blocks; nothing for the small jitter of time stamps."""
    if missing < GAP_SECONDS * rate:
        return
    if missing > LONGEST_GAP_SECONDS * rate:
        raise _broken(path, position / rate, "the time stamps jump by more than a day")
    while missing > 0:
        yield np.zeros(min(FRAMES_A_READ, missing), dtype=np.float32)
        missing -= FRAMES_A_READ


def _cut(block: Samples, position: int, first: int, last: int | None) -> Samples:
    """What of a block at ``position`` lies between ``first`` and ``last``."""
    begin = max(0, first - position)
    finish = len(block) if last is None else max(0, min(len(block), last - position))
    return block[begin:finish]


def _broken(path: Path, seconds: float, reason: str) -> BadInput:
    return BadInput(f"the sound breaks off after {seconds:.2f} s ({reason})", where=path, mend=MEND_DAMAGED)
