"""Judgments of texts that are kept while a long run is under way, so that a stopped run goes on where it was."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thymos import __version__
from thymos.files import text_sha256
from thymos.language.store import Store
from thymos.perceive.recognizer import Floats
from thymos.perceive.text_reading import TextReader


class KeptTextReader(TextReader):
    """A reader that asks its recognizer for each piece of text once, also over several runs.

    Kept are probabilities under a hash of the text, never the text. The file belongs to one recognizer of one version
    of thymos: who makes it removes it when the run is over.

    Args:
        reader: judges what is not there yet.
        path: the file (SQLite); it and its folder are made when missing.

    Raises:
        BadInput: the file is something else.
    """

    def __init__(self, reader: TextReader, path: str | Path) -> None:
        super().__init__(reader.recognizer)
        self._reader = reader
        self._store = Store(path)

    def piece_shares(self, texts: Sequence[str]) -> Floats:
        """Probabilities of texts as they are, shape (texts, labels)."""
        keys = [text_sha256(f"{__version__}\n{text}") for text in texts]
        known = self._store.get_many(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            rows = self._reader.piece_shares(list(missing.values()))
            new = {key: np.asarray(row, dtype="<f8").tobytes() for key, row in zip(missing, rows, strict=True)}
            self._store.put_many(new)
            known.update(new)
        return np.stack([np.frombuffer(known[key], dtype="<f8") for key in keys])

    def close(self) -> None:
        """Close the file."""
        self._store.close()
