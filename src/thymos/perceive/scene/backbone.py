"""Any vision model in a local Hugging Face folder as a describer of pictures: ViT, ResNet, CLIP and their kin.

The folder holds ``config.json``, ``model.safetensors`` and, usually, ``preprocessor_config.json``. Nothing is fetched.
Pictures are prepared here (short side to size, center crop, normalization) by the numbers of that file, so that no
further vision package is needed. The answer is the pooled output of the model, else the mean over places.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.files import require_file, require_folder
from thymos.language.folders import LOADING_ERRORS, quiet_transformers
from thymos.media.pictures import Picture

IMAGENET_MEAN, IMAGENET_SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BLOCK = "network"
BATCH = 16


class VisionBackbone:
    """A frozen vision model.

    Args:
        folder: in the Hugging Face layout, with safetensors.

    Raises:
        BadInput: no such folder, no vision model in it, a damaged or pickled file.

    Attributes:
        name: the folder's name, for tables.
        size: pixels a side that the model sees.
    """

    def __init__(self, folder: str | Path) -> None:
        import torch
        from transformers import AutoModel

        path = require_folder(folder)
        require_file(path / "config.json", mend="name a folder in the Hugging Face layout")
        try:
            with quiet_transformers():
                model = AutoModel.from_pretrained(path, local_files_only=True, use_safetensors=True)
        except LOADING_ERRORS as error:
            text = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadInput(f"this model cannot be loaded ({text})", where=path, mend="keep safetensors files") from None
        # Models of pictures and text (CLIP) have the picture side as a part.
        self.model: Any = getattr(model, "vision_model", model).eval()
        if getattr(self.model, "main_input_name", "pixel_values") != "pixel_values":
            raise BadInput("this model does not read pictures", where=path, mend="name a vision model")
        self.name = path.resolve().name
        self._read_preparation(path)
        self._torch = torch

    def _read_preparation(self, path: Path) -> None:
        settings: dict[str, Any] = {}
        file = path / "preprocessor_config.json"
        if file.is_file():
            try:
                settings = json.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                raise BadInput(f"this is not JSON ({error})", where=file) from None
        config = self.model.config
        size = settings.get("crop_size") or settings.get("size") or getattr(config, "image_size", None) or 224
        if isinstance(size, dict):
            size = size.get("height") or size.get("shortest_edge") or 224
        self.size = int(size if isinstance(size, int) else size[0])
        self.mean = np.asarray(settings.get("image_mean", IMAGENET_MEAN), dtype=np.float32)
        self.sd = np.asarray(settings.get("image_std", IMAGENET_SD), dtype=np.float32)
        # Trained on one number a pixel or on three; gray models get luma.
        self.channels = int(getattr(config, "num_channels", 3))

    def prepare(self, picture: Picture) -> npt.NDArray[np.float32]:
        """Channels x size x size: short side to ``size``, center crop, normalized."""
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        height, width = picture.shape[:2]
        ratio = self.size / min(height, width)
        shape = max(self.size, round(width * ratio)), max(self.size, round(height * ratio))
        resized = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC)
        top, left = (shape[1] - self.size) // 2, (shape[0] - self.size) // 2
        crop = resized[top : top + self.size, left : left + self.size].astype(np.float32) / 255
        if self.channels == 1:
            luma = crop @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
            return ((luma - self.mean.mean()) / self.sd.mean())[None]
        return ((crop - self.mean) / self.sd).transpose(2, 0, 1)

    def describe(self, pictures: Iterable[tuple[str, Picture]]) -> pd.DataFrame:
        """Columns ``network/000`` ..., one row a picture; pictures are read a batch at a time."""
        frames = []
        for items, batch in _batches(pictures):
            with self._torch.inference_mode():
                answer = self.model(pixel_values=self._torch.from_numpy(np.stack([self.prepare(one) for one in batch])))
            pooled = getattr(answer, "pooler_output", None)
            if pooled is None:
                states = answer.last_hidden_state
                pooled = states.mean(dim=(2, 3)) if states.ndim == 4 else states.mean(dim=1)
            values = pooled.flatten(1).float().numpy()
            frames.append(pd.DataFrame(values, index=pd.Index(items, name="item")))
        if not frames:
            raise BadInput("there is no picture", where="pictures", mend="pass at least one")
        table = pd.concat(frames)
        table.columns = pd.Index([f"{BLOCK}/{number:03d}" for number in range(table.shape[1])])
        return table


def _batches(pictures: Iterable[tuple[str, Picture]]) -> Iterator[tuple[list[str], list[Picture]]]:
    source = iter(pictures)
    while batch := list(islice(source, BATCH)):
        yield [item for item, _ in batch], [picture for _, picture in batch]
