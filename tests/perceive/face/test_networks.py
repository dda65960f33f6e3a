"""Face networks: shapes, sizes, squeeze-and-excitation by hand, saving, and what is refused."""

from pathlib import Path

import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive.face.blocks import FaceNetwork, SqueezeExcitation, StochasticDepth
from thymos.perceive.face.networks import NETWORKS, build_network, load_network, save_network
from thymos.perceive.face.residual import ResidualNetwork, deepened

SMALL = {
    "small_residual": {"widths": (4, 8), "depths": (1, 1)},
    "resnet18": {"widths": (4, 8, 8, 8), "depths": (1, 1, 1, 1)},
    "swin": {"channels": 8, "depths": (2, 2), "heads": (2, 4)},
}


def pictures(n: int = 3) -> torch.Tensor:
    return torch.randn(n, 1, 48, 48, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("excitation", ["none", "last", "every", "pooled"])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_network_gives_features_and_logits(name: str, excitation: str) -> None:
    network = build_network(name, 5, squeeze_excitation=excitation, **SMALL[name]).eval()
    features = network.features(pictures())
    assert features.shape == (3, network.width)
    assert torch.allclose(network(pictures()), network.head(features))
    places = sum(isinstance(module, SqueezeExcitation) for module in network.modules())
    stages = len(SMALL[name]["depths"])
    assert places == {"none": 0, "last": 1, "every": stages, "pooled": 1}[excitation]


def test_sizes() -> None:
    assert build_network("small_residual", 8).parameter_count() == 1_227_880
    # ResNet-18 for ImageNet has 11,689,512 weights; gray input and 8 classes take 6,272 and 508,896 away.
    assert build_network("resnet18", 8).parameter_count() == 11_689_512 - 2 * 64 * 49 - 992 * 513


def test_first_weights_depend_on_the_seed_only() -> None:
    torch.manual_seed(1)
    one = build_network("swin", 3, seed=4, **SMALL["swin"])
    torch.manual_seed(2)
    same, other = (build_network("swin", 3, seed=seed, **SMALL["swin"]) for seed in (4, 5))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.patches.weight, other.patches.weight)


@pytest.mark.parametrize("channels_last", [False, True])
def test_squeeze_and_excitation_by_hand(channels_last: bool) -> None:
    block = SqueezeExcitation(2, reduction=2, channels_last=channels_last)
    with torch.no_grad():
        block.squeeze.weight.copy_(torch.tensor([[1.0, 1.0]]))
        block.squeeze.bias.fill_(-1.0)
        block.excite.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        block.excite.bias.zero_()
    maps = torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]])  # (1, 2, 1, 2): means 2 and 1
    inner = 2.0 + 1.0 - 1.0
    weights = torch.sigmoid(torch.tensor([inner, -inner]))
    expected = maps * weights[None, :, None, None]
    given = block(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) if channels_last else block(maps)
    assert torch.allclose(given, expected)


def test_reduction_sixteen_is_the_default() -> None:
    assert SqueezeExcitation(64).squeeze.out_features == 4
    assert SqueezeExcitation(8).squeeze.out_features == 1


def test_stochastic_depth_keeps_the_mean() -> None:
    layer = StochasticDepth(0.25).train()
    torch.manual_seed(0)
    out = layer(torch.ones(4000, 2))
    assert out.unique().tolist() == pytest.approx([0, 4 / 3])
    assert out.mean().item() == pytest.approx(1.0, abs=0.05)
    assert torch.equal(out[:, 0], out[:, 1])  # a picture is left out whole
    assert torch.equal(layer.eval()(torch.ones(3)), torch.ones(3))


@pytest.mark.parametrize("name", list(NETWORKS))
def test_saved_network_is_the_same(name: str, tmp_path: Path) -> None:
    network = build_network(name, 4, squeeze_excitation="last", **SMALL[name]).eval()
    back = load_network(save_network(network, tmp_path / "exact"))
    assert torch.equal(back(pictures()), network(pictures()))
    half = load_network(save_network(network, tmp_path / "half", half=True))
    assert torch.allclose(half(pictures()), network(pictures()), atol=0.02)
    sizes = [(tmp_path / kind / "network.safetensors").stat().st_size for kind in ("exact", "half")]
    assert sizes[1] < sizes[0]
    assert sorted(path.name for path in (tmp_path / "exact").iterdir()) == ["network.json", "network.safetensors"]


def test_bad_networks(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no face network 'vgg'"):
        build_network("vgg", 8)
    with pytest.raises(BadInput, match="settings do not fit"):
        build_network("swin", 8, trunk="small")
    with pytest.raises(BadInput, match="squeeze_excitation is 'first'"):
        build_network("resnet18", 8, squeeze_excitation="first")
    with pytest.raises(BadInput, match="stem"):
        build_network("small_residual", 8, stem="large")
    with pytest.raises(BadInput, match="patches of 5"):
        build_network("swin", 8, patch=5)
    with pytest.raises(BadInput, match="24 x 24"):
        build_network("swin", 8, side=24, **SMALL["swin"])(pictures())
    with pytest.raises(BadInput, match="no such file"):
        load_network(tmp_path)


def test_damaged_network(tmp_path: Path) -> None:
    network: FaceNetwork = build_network("swin", 4, **SMALL["swin"])
    folder = save_network(network, tmp_path)
    weights = folder / "network.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BadInput, match="not a saved network"):
        load_network(folder)


def test_deeper_network_starts_as_the_same_function() -> None:
    small = build_network("small_residual", 3, squeeze_excitation="every", **SMALL["small_residual"])
    small.train()
    for _ in range(3):
        small(pictures(8))  # statistics of the normalization that are not those of a fresh network
    assert isinstance(small, ResidualNetwork)
    deep = deepened(small, (2, 3)).eval()
    assert deep.settings["depths"] == [2, 3]
    assert deep.parameter_count() > small.parameter_count()
    assert torch.allclose(deep(pictures()), small.eval()(pictures()), atol=1e-6)
    deep.train()
    deep(pictures()).sum().backward()
    assert deep.stages[1][2].branch[-1].weight.grad.abs().sum() > 0  # the new blocks can learn
    with pytest.raises(BadInput, match="cannot become"):
        deepened(small, (1,))
    with pytest.raises(BadInput, match="cannot become"):
        deepened(deep, (1, 1))
