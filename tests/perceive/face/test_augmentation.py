"""Random changes of faces, and the network's input."""

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive.face.augmentation import Augmentation, mirrored, network_input

STILL = Augmentation(flip=0, rotation=0, scale=0, shift=0, erase=0)


def faces(n: int = 4) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return network_input(rng.integers(0, 256, (n, 48, 48), dtype=np.uint8))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_input_is_standardized_picture_by_picture() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 120, (3, 48, 48), dtype=np.uint8)
    given = network_input(pictures)
    assert given.shape == (3, 1, 48, 48)
    assert given.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(given.std(dim=(1, 2, 3), correction=0), torch.ones(3), atol=1e-5)
    # Twice the contrast and more light make no difference.
    brighter = (pictures * 2 + 15).astype(np.uint8)
    assert torch.allclose(network_input(brighter), given, atol=1e-5)


def test_flat_picture_stays_flat() -> None:
    assert torch.equal(network_input(np.full((1, 48, 48), 77, np.uint8)), torch.zeros(1, 1, 48, 48))


@pytest.mark.parametrize("wrong", [np.zeros((48, 48), np.uint8), np.zeros((2, 48, 48), np.float32)])
def test_other_arrays_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(BadInput, match="uint8"):
        network_input(wrong)


def test_no_change() -> None:
    assert torch.allclose(STILL(faces(), generator()), faces(), atol=1e-4)


def test_mirror() -> None:
    changed = Augmentation(flip=1, rotation=0, scale=0, shift=0, erase=0)(faces(), generator())
    assert torch.allclose(changed, mirrored(faces()), atol=1e-4)


def test_half_are_mirrored() -> None:
    inputs = faces(200)
    changed = Augmentation(flip=0.5, rotation=0, scale=0, shift=0, erase=0)(inputs, generator())
    turned = ((changed - mirrored(inputs)).abs().amax(dim=(1, 2, 3)) < 1e-3).sum().item()
    kept = ((changed - inputs).abs().amax(dim=(1, 2, 3)) < 1e-3).sum().item()
    assert turned + kept == 200
    assert 70 < turned < 130


def test_moves_stay_within_the_limit() -> None:
    inputs = torch.zeros(50, 1, 48, 48)
    inputs[:, :, 24, 24] = 1
    changed = Augmentation(flip=0, rotation=0, scale=0, shift=3, erase=0)(inputs, generator())
    places = changed.flatten(1).argmax(dim=1)
    rows, columns = places // 48 - 24, places % 48 - 24
    assert rows.abs().max() <= 3
    assert columns.abs().max() <= 3
    assert len(set(rows.tolist())) > 3


def test_erased_rectangles() -> None:
    inputs = torch.ones(300, 1, 48, 48)
    changed = Augmentation(flip=0, rotation=0, scale=0, shift=0, erase=0.5)(inputs, generator())
    blanked = (changed == 0).flatten(1).sum(dim=1)
    assert 100 < (blanked > 0).sum() < 200
    assert blanked.max() <= (0.4 * 48 + 1) ** 2


def test_same_generator_same_changes() -> None:
    one, two = (Augmentation()(faces(), generator()) for _ in range(2))
    assert torch.equal(one, two)
    assert not torch.allclose(one, faces(), atol=0.1)
