"""What an upload is, by its first bytes and not by its name, and whether it is small enough once it is unpacked.

Archives are not taken at all. Pictures, sounds and videos tell their size in their headers; what would unpack to more
than the limits is refused before a pixel is decoded. A header can lie: reading has its own limit of time.
"""

import codecs
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from thymos.errors import BadInput, ThymosError
from thymos.perceive.analysis.kinds import FileKind, kind_of
from thymos.serve.studio.options import Limits
from thymos.serve.studio.problems import Refused

HEAD_BYTES = 4096
TEXT_SUFFIXES = (".txt", ".md", ".csv", ".tsv", ".jsonl", ".ndjson", ".srt", ".ass")
NAME_LETTERS = 80
# The first bytes of what is taken; offset, bytes, ending of the stored file.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", ".png"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"BM", ".bmp"),
    (8, b"WEBP", ".webp"),
    (0, b"II*\0", ".tif"),
    (0, b"MM\0*", ".tif"),
    (8, b"WAVE", ".wav"),
    (8, b"AVI ", ".avi"),
    (0, b"fLaC", ".flac"),
    (0, b"OggS", ".ogg"),
    (0, b"ID3", ".mp3"),
    (4, b"ftyp", ".mp4"),
    (0, b"\x1a\x45\xdf\xa3", ".webm"),
)
HEADERS_MAY_HIDE = (".m4a", ".aac", ".mp3")  # sounds that are read packet by packet
CONTAINERS = (".mp4", ".webm", ".avi")  # sound or video: their tracks tell
# First bytes that are letters: a text may begin with them, and files of these kinds are never all text.
WORDS = (b"BM", b"ID3", b"PK", b"MZ", b"BZh", b"Rar!", b"OggS", b"fLaC")
REFUSED_HEADS = (b"PK", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"%PDF", b"MZ", b"\x7fELF", b"GIF8")


@dataclass(frozen=True)
class Upload:
    """A file that may be read.

    Args:
        path: where it lies until it was read.
        kind: what it is.
        name: as it was called, cleaned, for the list only.
    """

    path: Path
    kind: FileKind
    name: str


def shown_name(name: str | None) -> str:
    """A file's name without folders and without letters that no name needs.

    Example:
        >>> shown_name("../../etc/my talk.wav")
        'my talk.wav'
    """
    last = re.split(r"[/\\]", name or "")[-1]
    clean = "".join(letter for letter in last if letter.isprintable()).strip(". ")
    return clean[-NAME_LETTERS:] or "upload"


def suffix_of(head: bytes, name: str) -> str:
    """The ending under which an upload is read.

    Args:
        head: its first bytes.
        name: as it was called; tells kinds of text apart, nothing else.

    Raises:
        Refused: 415.
    """
    if not head:
        raise Refused(415, "the file is empty")
    text = is_text(head, whole=len(head) < HEAD_BYTES)
    if text and head.startswith(WORDS):
        return text_suffix(name)
    for offset, signature, suffix in SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return suffix
    if len(head) > 1 and head[0] == 0xFF:
        # Sync words: MPEG audio of layers II and III, and AAC in ADTS (layer 0).
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 in (0x02, 0x04):
            return ".mp3"
        if head[1] & 0xF6 == 0xF0:
            return ".aac"
    if text and not head.startswith(REFUSED_HEADS):
        return text_suffix(name)
    raise Refused(415, "this kind of file is not read; send text, a table, a picture, a recording or a video")


def text_suffix(name: str) -> str:
    """The ending under which a text is read: its own where that is one of texts."""
    suffix = Path(name).suffix.lower()
    return suffix if suffix in TEXT_SUFFIXES else ".txt"


def is_text(head: bytes, *, whole: bool = True) -> bool:
    """Whether bytes are UTF-8 text, or the beginning of one.

    Args:
        head: the bytes.
        whole: whether nothing comes after them; else the last letter may be cut in two.
    """
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return False
    return not any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text)


def checked_upload(path: Path, name: str, limits: Limits) -> Upload:
    """What a stored file is; it is renamed to the ending that its content has.

    Raises:
        Refused: 413 too large once unpacked, 415 a kind that is not taken, 422 damaged.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    suffix = suffix_of(head, name)
    try:
        if suffix in CONTAINERS:
            suffix = _container_suffix(path, suffix)
        path = path.rename(path.with_suffix(suffix))
        kind = kind_of(path)
        _check_size(path, kind, limits)
    except Refused:
        raise
    except ThymosError as error:
        told = error.what if isinstance(error, BadInput) else str(error)
        raise Refused(422, f"the file cannot be read: {told}") from None
    return Upload(path, kind, shown_name(name))


def _container_suffix(path: Path, suffix: str) -> str:
    """Videos keep their ending; a container with sound alone gets one of sound."""
    import av

    try:
        with av.open(str(path)) as container:
            pictures, sounds = len(container.streams.video), len(container.streams.audio)
    except (av.error.FFmpegError, ValueError, OSError):
        raise BadInput("its tracks cannot be found") from None
    if not pictures and not sounds:
        raise BadInput("there is neither sound nor picture in it")
    return suffix if pictures else ".m4a"


def _check_size(path: Path, kind: FileKind, limits: Limits) -> None:
    if kind is FileKind.TEXT:
        check_text(path, limits)
    elif kind is FileKind.PICTURE:
        _check_picture(path, limits)
    elif kind is FileKind.VIDEO:
        from thymos.media.video import opened_video

        with opened_video(path) as (container, stream):
            _check_pixels(stream.width, stream.height, limits)
            seconds = max((container.duration or 0) / 1e6, _last_second(path, limits.video_seconds))
        _check_seconds(seconds, limits.video_seconds)
    elif kind is FileKind.SOUND:
        from thymos.media.audio import audio_info

        info = audio_info(path)
        _check_seconds(info.seconds, limits.sound_seconds)
        if path.suffix in HEADERS_MAY_HIDE:
            _check_seconds(_last_second(path, limits.sound_seconds), limits.sound_seconds)


def _last_second(path: Path, most: float) -> float:
    """Where the last packet ends, in seconds after the first; stops looking where that is beyond ``most``.

    A container may hide its length, or lie about it, and what is between two packets is filled when it is read.
    """
    import av

    first, last = float("inf"), 0.0
    try:
        with av.open(str(path)) as container:
            for packet in container.demux():
                if packet.pts is None or packet.time_base is None:
                    continue
                begins = float(packet.pts * packet.time_base)
                first = min(first, begins)
                last = max(last, begins + float((packet.duration or 0) * packet.time_base))
                if last - first > most:
                    break
    except (av.error.FFmpegError, ValueError, OSError):
        pass  # what is damaged is told when it is read
    return max(0.0, last - first)


def check_text(path: Path, limits: Limits) -> None:
    """Refuse a text that would keep everybody else waiting.

    Raises:
        Refused: 413.
    """
    if path.stat().st_size > limits.text_bytes:
        raise Refused(413, f"texts of more than {limits.text_bytes // 1024:,} KB are too long")
    with path.open("rb") as stream:
        lines = sum(1 for _ in stream)
    if lines > limits.text_lines:
        raise Refused(413, f"{lines:,} lines are too many; {limits.text_lines:,} are taken")


def _check_picture(path: Path, limits: Limits) -> None:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pillow's own warning comes later than our limit
            with Image.open(path) as picture:
                width, height = picture.size
    except Image.DecompressionBombError:
        raise Refused(413, "the picture has too many pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise BadInput("this is no picture that can be read") from None
    _check_pixels(width, height, limits)


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels:
        raise Refused(413, f"{width:,} x {height:,} pixels are too many; {limits.pixels / 1e6:.0f} million are taken")


def _check_seconds(seconds: float, most: float) -> None:
    if seconds > most:
        raise Refused(413, f"{seconds / 60:.0f} minutes are too long; {most / 60:.0f} are taken")
