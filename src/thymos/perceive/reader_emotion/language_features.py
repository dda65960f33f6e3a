"""The language-model branch: frozen states of an encoder or of a causal language model, kept on disk."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thymos.language.load import find_model
from thymos.language.model import Progress
from thymos.perceive.text_embedding import DEPTHS, depth_encoder

LANGUAGE_MODELS = ("embedded", "smollm2")


def frozen_features(
    texts: Sequence[str], spec: str = "multilingual-e5", *, layers: str = "last", progress: Progress | None = None
) -> npt.NDArray[np.float32]:
    """Mean token states of each text.

    Args:
        texts: any texts.
        spec: an encoder as for ``load_encoder``, or ``"embedded"`` for the embedded language model.
        layers: ``"last"``, or ``"thirds"`` (after a third, two thirds and all of the layers, side by side).
        progress: called with (done, all).

    Returns:
        Shape (texts, width) or (texts, 3 · width); each layer's part has length 1.
    """
    encoder = depth_encoder(str(find_model(spec).path) if spec in LANGUAGE_MODELS else spec)
    vectors = encoder.encode(texts, progress=progress)
    return vectors if layers == "thirds" else vectors[:, vectors.shape[1] * (DEPTHS - 1) // DEPTHS :]
