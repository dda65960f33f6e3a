"""Sentence encoders: text in, one unit vector out. Frozen features for classifiers and similarity."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.files import require_folder
from thymos.language.folders import LOADING_ERRORS, choose_device, quiet_transformers
from thymos.language.model import Progress, check_text


class SentenceEncoder(ABC):
    """Turns texts into vectors of length 1, so that a dot product is a cosine.

    Attributes:
        name: a short name for tables.
        identity: changes whenever the vectors could change; part of cache keys.
        dimension: length of a vector.
    """

    name: str
    identity: str
    dimension: int

    @abstractmethod
    def encode(
        self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """Encode texts.

        Args:
            texts: any texts; what exceeds the encoder's length is cut off.
            batch_size: texts that run together; the vectors do not depend on it beyond rounding.
            progress: called with (done, all) after every batch.

        Returns:
            Shape (texts, dimension), float32, rows of length 1, in the order of the texts.
        """


class TransformerEncoder(SentenceEncoder):
    """A transformers encoder with mean pooling over the real tokens.

    Args:
        model: a transformers model that returns ``last_hidden_state``.
        tokenizer: its tokenizer.
        name: a short name for tables.
        identity: see :class:`SentenceEncoder`.
        prefix: put in front of every text; E5 models were trained with ``"query: "`` for symmetric tasks.
        max_tokens: longer texts are cut off after this many tokens.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, name: str, identity: str, prefix: str = "", max_tokens: int = 512
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.prefix = prefix
        self.max_tokens = max_tokens
        self.dimension = int(model.config.hidden_size)
        self.identity = f"{identity}:mean:{max_tokens}:{prefix}"

    def encode(
        self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """Encode in batches of similar length; see :class:`SentenceEncoder`."""
        import torch

        check_texts(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # Neighbors of similar length waste little on padding.
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            inputs = self.tokenizer(
                [self.prefix + texts[index] for index in chosen],
                padding=True,
                truncation=True,
                max_length=self.max_tokens,
                return_tensors="pt",
            ).to(self.model.device)
            with torch.inference_mode():
                states = self.model(**inputs).last_hidden_state.float()
            mask = inputs["attention_mask"][..., None].to(states.dtype)
            pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            vectors[chosen] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
            if progress is not None:
                progress(start + len(chosen), len(texts))
        return vectors


def load_encoder_folder(
    folder: Path,
    *,
    name: str,
    identity: str,
    prefix: str = "",
    max_tokens: int | None = None,
    device: str = "auto",
) -> TransformerEncoder:
    """Load an encoder from a Hugging Face folder; safetensors only, and no code from the folder is run.

    Args:
        folder: holds config.json, a tokenizer and safetensors.
        name: a short name for tables.
        identity: see :class:`SentenceEncoder`.
        prefix: put in front of every text.
        max_tokens: longer texts are cut off; by default what sentence-transformers settings in the folder say,
            else the model's own limit, at most 512.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` ...

    Raises:
        BadInput: when the folder holds no loadable encoder.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = require_folder(folder)
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True, use_safetensors=True)
    except LOADING_ERRORS as error:
        raise BadInput(
            f"no encoder can be loaded from here ({str(error).splitlines()[0]})",
            where=folder,
            mend="the folder needs config.json, tokenizer files and *.safetensors",
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    limit = max_tokens or min(512, int(tokenizer.model_max_length), folder_limit(folder))
    return TransformerEncoder(
        model.to(choose_device(device)), tokenizer, name=name, identity=identity, prefix=prefix, max_tokens=limit
    )


def folder_limit(folder: Path) -> int:
    """The most tokens that a folder's own settings allow: of sentence-transformers, else of the model."""
    for file, key in (("sentence_bert_config.json", "max_seq_length"), ("config.json", "max_position_embeddings")):
        path = folder / file
        if path.is_file():
            value = json.loads(path.read_text(encoding="utf-8")).get(key)
            if isinstance(value, int):
                return value
    return 512


def check_texts(texts: Sequence[str]) -> None:
    """Raise BadInput unless this is a sequence of texts."""
    if isinstance(texts, str):
        raise BadInput("one text where a sequence of texts is needed", mend="pass a list")
    for index, text in enumerate(texts):
        check_text(text, f"text {index}")
