"""The recognizers that ship with thymos: where they lie and how they are loaded."""

from functools import lru_cache
from importlib.resources import as_file, files

from thymos.errors import Unavailable
from thymos.perceive.recognizer import Estimator
from thymos.perceive.saving import SETTINGS_FILE, load_recognizer

FOLDERS = {
    "text": ("data", "text_recognizer"),
    "emotions": ("data", "emotions_recognizer"),
    "speech": ("speech", "data", "recognizer"),
    "face": ("face", "data", "recognizer"),
    "scene": ("scene", "data", "recognizer"),
    "physiology": ("physiology", "data", "recognizer"),
}
SHIPPED = tuple(FOLDERS)


@lru_cache(maxsize=len(SHIPPED))
def shipped_recognizer(signal: str) -> Estimator:
    """The recognizer that ships for a signal, loaded once a process.

    Args:
        signal: one of ``SHIPPED``.

    Raises:
        Unavailable: none ships for this signal.
    """
    folder = files("thymos.perceive").joinpath(*FOLDERS.get(signal, ("data", "none")))
    if not folder.joinpath(SETTINGS_FILE).is_file():
        raise Unavailable(f"no recognizer for {signal!r} ships with this version; known: {', '.join(SHIPPED)}")
    with as_file(folder) as path:
        return load_recognizer(path)
