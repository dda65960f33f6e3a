"""Local vision models of several kinds, with tiny random weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive.scene.backbone import VisionBackbone

CLIP_VISION = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
SMALL = {**CLIP_VISION, "image_size": 32, "patch_size": 8}


def write_model(folder: Path, kind: str) -> Path:
    from transformers import AutoConfig, AutoModel, CLIPConfig, CLIPModel, ResNetConfig

    torch.manual_seed(0)
    if kind == "clip":
        text = {**CLIP_VISION, "vocab_size": 20, "max_position_embeddings": 8}
        model: Any = CLIPModel(CLIPConfig(text_config=text, vision_config=SMALL, projection_dim=8))
    elif kind == "resnet":
        sizes = {"embedding_size": 8, "hidden_sizes": [8, 12], "depths": [1, 1], "layer_type": "basic"}
        model = AutoModel.from_config(ResNetConfig(**sizes))
    else:
        model = AutoModel.from_config(AutoConfig.for_model("vit", **SMALL))
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("kind", "width"), [("vit", 16), ("resnet", 12), ("clip", 16)])
def test_kinds_of_models(tmp_path: Path, kind: str, width: int) -> None:
    folder = write_model(tmp_path / kind, kind)
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"size": {"shortest_edge": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    )
    backbone = VisionBackbone(folder)
    assert (backbone.name, backbone.size) == (kind, 32)
    rng = np.random.default_rng(0)
    pictures = [(f"p{k}", rng.integers(0, 256, (40, 50 + k, 3), dtype=np.uint8)) for k in range(18)]
    table = backbone.describe(iter(pictures))
    assert table.shape == (18, width)
    assert list(table.columns)[:2] == ["network/000", "network/001"]
    assert list(table.index) == [item for item, _ in pictures]
    assert np.isfinite(table.to_numpy()).all()
    alone = backbone.describe(pictures[17:])
    np.testing.assert_allclose(alone.to_numpy(), table.to_numpy()[17:], atol=1e-4)
    assert not np.allclose(table.iloc[0], table.iloc[1])


def test_preparation(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "vit", "vit")
    backbone = VisionBackbone(folder)
    assert backbone.size == 32  # from the model where no preprocessor is said
    wide = np.zeros((32, 96, 3), dtype=np.uint8)
    wide[:, 32:64] = 255  # the middle square is white
    prepared = backbone.prepare(wide)
    assert prepared.shape == (3, 32, 32)
    np.testing.assert_allclose(prepared[0], (1 - 0.485) / 0.229, rtol=1e-5)
    gray = backbone.prepare(np.full((64, 64), 255, dtype=np.uint8))
    np.testing.assert_allclose(gray[2], (1 - 0.406) / 0.225, rtol=1e-5)


def test_what_cannot_be_loaded(tmp_path: Path, tiny_llama: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        VisionBackbone(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no such file"):
        VisionBackbone(tmp_path / "empty")
    with pytest.raises(BadInput, match="does not read pictures"):
        VisionBackbone(tiny_llama)
    folder = write_model(tmp_path / "vit", "vit")
    (folder / "model.safetensors").unlink()
    with pytest.raises(BadInput, match="safetensors"):
        VisionBackbone(folder)
    with pytest.raises(BadInput, match="no picture"):
        VisionBackbone(write_model(tmp_path / "other", "vit")).describe([])
    broken = write_model(tmp_path / "broken", "vit")
    (broken / "preprocessor_config.json").write_text("{")
    with pytest.raises(BadInput, match="JSON"):
        VisionBackbone(broken)
