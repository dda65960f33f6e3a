"""A stand-in for the encoder that needs no model."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thymos.language.encoders import SentenceEncoder


class HashedLetters(SentenceEncoder):
    """Vectors of letter triples: the same text gives the same vector."""

    name, identity, dimension = "letters", "letters:64", 64

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str], *, batch_size: int = 32, progress: object = None) -> npt.NDArray[np.float32]:
        self.read += texts
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for start in range(max(0, len(text) - 2)):
                code = sum(ord(sign) * 31**place for place, sign in enumerate(text[start : start + 3]))
                vectors[row, code % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
