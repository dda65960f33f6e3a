"""Single heads: exact sizes, files, and files that are none."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from thymos.errors import BadInput
from thymos.perceive.fine_grained.heads import (
    LARGE,
    POOLED,
    SMALL,
    EmotionHead,
    HeadShape,
    load_head,
    new_head,
    shape_of,
)

TINY = HeadShape(12, projection=5, hidden=(4, 3, 2))


def counted(head: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in head.parameters())


@pytest.mark.parametrize(
    ("shape", "exact", "millions"),
    [(SMALL, 73_734_849, 73.73), (LARGE, 147_483_009, 147.48), (POOLED, 203_457, 0.20)],
)
def test_published_sizes(shape: HeadShape, exact: int, millions: float) -> None:
    with torch.device("meta"):  # no memory is taken: a large head is 590 MB
        head = EmotionHead(shape)
    assert counted(head) == shape.parameters == exact
    assert round(exact / 1e6, 2) == millions


def test_layers_stand_as_in_the_released_files() -> None:
    head = EmotionHead(TINY)
    assert list(head.state_dict()) == [
        "proj.weight", "proj.bias", "mlp.2.weight", "mlp.2.bias", "mlp.5.weight", "mlp.5.bias",
        "mlp.8.weight", "mlp.8.bias", "mlp.11.weight", "mlp.11.bias",
    ]  # fmt: skip
    rates = [layer.p for layer in head.mlp if isinstance(layer, torch.nn.Dropout)]
    assert rates == [0.0, 0.1, 0.1, 0.1]


def test_a_sequence_is_flattened() -> None:
    head = new_head(TINY, 0).eval()
    sequence = torch.randn(3, 4, 3)
    assert torch.equal(head(sequence), head(sequence.reshape(3, 12)))


def test_fresh_weights_follow_the_seed_and_leave_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = new_head(TINY, 1), new_head(TINY, 1), new_head(TINY, 2)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first.proj.weight, again.proj.weight)
    assert not torch.equal(first.proj.weight, other.proj.weight)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_reading_a_released_head(tmp_path: Path, suffix: str) -> None:
    head = new_head(TINY, 3).eval()
    path = tmp_path / f"model_Affection_best{suffix}"
    if suffix == ".pth":
        # A compiled model's names carry a prefix, and weights may be in half precision.
        torch.save({f"_orig_mod.{name}": tensor for name, tensor in head.state_dict().items()}, path)
    else:
        save_file(head.state_dict(), path)
    back = load_head(path)
    assert back.shape == TINY
    inputs = torch.randn(2, 12)
    assert torch.equal(back(inputs), head(inputs))
    assert not back.training


def test_dropouts_of_another_depth_are_unknown() -> None:
    shallow = HeadShape(6, projection=4, hidden=(3,), dropouts=(0.2, 0.3))
    assert shape_of(EmotionHead(shallow).state_dict()) == HeadShape(6, 4, (3,), (0.0, 0.0))


class Evil:
    """A pickle that would run code."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("/tmp/thymos-evil"),))


def test_files_that_are_no_heads(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"nothing")
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    crossed = tmp_path / "crossed.safetensors"
    save_file({**EmotionHead(TINY).state_dict(), "mlp.5.bias": torch.zeros(9)}, crossed)
    evil = tmp_path / "evil.pth"
    torch.save(Evil(), evil)
    for path, told in (
        (damaged, "not a head"),
        (other, "these are not the tensors of a head"),
        (crossed, "the tensors do not fit together"),
        (evil, "not a head"),
        (tmp_path / "missing.pth", "there is no such file"),
    ):
        with pytest.raises(BadInput, match=told):
            load_head(path)
    assert not Path("/tmp/thymos-evil").exists()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"inputs": 0}, "every width must be 1 or more"),
        ({"inputs": 3, "hidden": (4, 0, 2)}, "every width must be 1 or more"),
        ({"inputs": 3, "hidden": (4,)}, "4 dropouts for a projection and 1 hidden layers"),
        ({"inputs": 3, "dropouts": (0, 0, 0, 1.0)}, "a dropout is a share"),
    ],
)
def test_sizes_that_cannot_be(values: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        HeadShape(**values)  # type: ignore[arg-type]
