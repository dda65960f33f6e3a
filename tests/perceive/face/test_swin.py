"""Swin against transformers' SwinModel with the same weights, and its parts."""

import pytest
import torch
from transformers import SwinConfig, SwinModel

from thymos.errors import BadInput
from thymos.perceive.face.networks import build_network
from thymos.perceive.face.swin import SwinTransformer, maps_of, relative_positions, shift_mask, windows_of


def copy_weights(theirs: SwinModel, ours: SwinTransformer) -> None:
    """Their weights under our names."""
    state = theirs.state_dict()
    renamed = {
        "patches.weight": state["embeddings.patch_embeddings.projection.weight"],
        "patches.bias": state["embeddings.patch_embeddings.projection.bias"],
    }
    for end in ("weight", "bias"):
        renamed[f"patch_norm.{end}"] = state[f"embeddings.norm.{end}"]
        renamed[f"norm.{end}"] = state[f"layernorm.{end}"]
        renamed[f"head.{end}"] = getattr(ours.head, end).detach()
    parts = {
        "first_norm": "layernorm_before",
        "second_norm": "layernorm_after",
        "perceptron.0": "mlp.fc1",
        "perceptron.2": "mlp.fc2",
        "attention.output": "attention.o_proj",
    }
    for stage, blocks in enumerate(ours.stages):
        for block in range(len(blocks)):
            mine, his = f"stages.{stage}.{block}.", f"encoder.layers.{stage}.blocks.{block}."
            for end in ("weight", "bias"):
                for own, other in parts.items():
                    renamed[f"{mine}{own}.{end}"] = state[f"{his}{other}.{end}"]
                three = [state[f"{his}attention.{kind}_proj.{end}"] for kind in "qkv"]
                renamed[f"{mine}attention.queries_keys_values.{end}"] = torch.cat(three)
            table = "attention.relative_position_bias.relative_position_bias_table"
            renamed[f"{mine}attention.bias_table"] = state[f"{his}{table}"]
    for stage in range(len(ours.merges)):
        for end in ("reduction.weight", "norm.weight", "norm.bias"):
            renamed[f"merges.{stage}.{end}"] = state[f"encoder.layers.{stage}.downsample.{end}"]
    ours.load_state_dict(renamed)


@pytest.mark.parametrize(
    ("side", "window", "depths"),
    [
        (24, 3, (2, 2)),  # 6 x 6 places in shifted windows, then one window
        (32, 4, (2, 2)),  # windows that fill the map
        (28, 3, (2, 2)),  # 7 x 7 places: windows and merging need padding
        (48, 3, (2, 2, 2)),  # three stages, 12, 6 and 3 places wide
    ],
)
def test_same_output_as_transformers(side: int, window: int, depths: tuple[int, ...]) -> None:
    heads = (2, 4, 8)[: len(depths)]
    torch.manual_seed(0)
    config = SwinConfig(
        image_size=side, patch_size=4, num_channels=1, embed_dim=8, depths=list(depths), num_heads=list(heads),
        window_size=window, drop_path_rate=0.0, initializer_range=0.4,
    )  # fmt: skip
    theirs = SwinModel(config).eval()
    for name, parameter in theirs.named_parameters():
        if "bias" in name:
            torch.nn.init.normal_(parameter, std=0.3)  # zero biases and tables would hide mistakes
    ours = build_network("swin", 3, side=side, channels=8, depths=depths, heads=heads, window=window).eval()
    assert isinstance(ours, SwinTransformer)
    copy_weights(theirs, ours)
    pictures = torch.randn(2, 1, side, side)
    with torch.inference_mode():
        expected = theirs(pictures).last_hidden_state
        given = ours.maps(pictures).flatten(1, 2)
        assert (given - expected).abs().max() < 1e-5
        assert torch.allclose(ours.features(pictures), theirs(pictures).pooler_output, atol=1e-5)


def test_windows_and_back() -> None:
    maps = torch.arange(2 * 6 * 4 * 3, dtype=torch.float32).view(2, 6, 4, 3)
    windows = windows_of(maps, 2)
    assert windows.shape == (12, 4, 3)
    assert torch.equal(windows[0], torch.stack([maps[0, 0, 0], maps[0, 0, 1], maps[0, 1, 0], maps[0, 1, 1]]))
    assert torch.equal(maps_of(windows, 2, 6, 4), maps)


def test_relative_positions_count_rows_and_columns() -> None:
    table = relative_positions(2)
    # Places (0,0) (0,1) (1,0) (1,1); offsets -1..1 in both directions, 3 * 3 rows.
    assert table[0].tolist() == [4, 3, 1, 0]
    assert table[3].tolist() == [8, 7, 5, 4]
    assert len(set(table.flatten().tolist())) == 9


def test_shift_mask_parts_windows_at_the_border() -> None:
    mask = shift_mask(4, 4, 2, 1)
    assert mask.shape == (4, 4, 4)
    assert (mask[0] == 0).all()  # the first window is whole
    # In the window at the right, columns come from opposite sides; at the corner all four places are strangers.
    assert (mask[1] == 0).sum() == 8
    assert (mask[3] == 0).sum() == 4


def test_a_map_of_one_window_is_not_shifted() -> None:
    network = build_network("swin", 2, side=24, channels=8, depths=(2, 2), heads=(2, 4), window=6)
    assert [block.shift for blocks in network.stages for block in blocks] == [0, 0, 0, 0]
    wide = build_network("swin", 2, side=24, channels=8, depths=(2, 2), heads=(2, 4), window=3)
    assert [block.shift for blocks in wide.stages for block in blocks] == [0, 1, 0, 0]


def test_a_convolutional_stem_gives_maps_of_the_same_size() -> None:
    pictures = torch.rand(2, 1, 48, 48)
    shapes = set()
    for stem in ("patch", "convolution"):
        network = SwinTransformer(3, channels=12, depths=(1, 1), heads=(2, 2), stem=stem).eval()
        shapes.add(tuple(network.maps(pictures).shape))
        assert network.settings["stem"] == stem
    assert shapes == {(2, 6, 6, 24)}


@pytest.mark.parametrize(("stem", "patch"), [("convolution", 6), ("root", 4)])
def test_stems_that_cannot_be(stem: str, patch: int) -> None:
    with pytest.raises(BadInput, match="stem"):
        SwinTransformer(3, channels=12, depths=(1,), heads=(2,), stem=stem, patch=patch)
