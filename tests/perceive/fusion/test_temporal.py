"""Causal convolutions: nothing of the future, an exact reach, and padding that changes nothing."""

import pytest
import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.fusion.temporal import CausalBlock, StreamEncoder, TemporalConvNet, real_frames


def frames(batch=2, length=40, width=3, seed=0):
    return torch.randn(batch, length, width, generator=torch.Generator().manual_seed(seed))


def test_a_frame_depends_on_exactly_the_receptive_field():
    network = TemporalConvNet(3, (4, 4), kernel=3).eval()
    assert network.receptive_field == 1 + 2 * 2 * (1 + 2)
    inputs = frames(1).requires_grad_()
    place = 30
    network(inputs)[0, place].sum().backward()
    touched = inputs.grad[0].abs().sum(dim=1).nonzero().flatten().tolist()
    assert touched == list(range(place - network.receptive_field + 1, place + 1))


def test_the_future_does_not_change_the_past():
    network = TemporalConvNet(3, (8, 8, 4)).eval()
    inputs = frames()
    changed = inputs.clone()
    changed[:, 25:] += 10
    with torch.inference_mode():
        assert torch.equal(network(inputs)[:, :25], network(changed)[:, :25])
        assert not torch.allclose(network(inputs)[:, 25:], network(changed)[:, 25:])


def test_a_known_value():
    block = CausalBlock(1, 1, 2, 1, 0.0).eval()
    for convolution in (block.first, block.second):
        nn.init.zeros_(convolution.bias)
        convolution.weight = torch.tensor([[[1.0, 2.0]]])  # the frame before, this frame
    found = block(torch.tensor([[[1.0, 0.0, 3.0]]]))
    # First: 2, 1, 6; second: 4, 4, 13; with the residual: 5, 4, 16.
    assert found.flatten().tolist() == pytest.approx([5.0, 4.0, 16.0], abs=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_padding_changes_neither_frames_nor_statistics(training):
    lengths = torch.tensor([40, 17])
    real = real_frames(lengths, 40)
    assert real.sum(dim=1).tolist() == [40, 17]
    inputs = frames()
    noisy = torch.where(real[..., None], inputs, torch.tensor(99.0))
    encoders = []
    for values in (inputs, noisy):
        torch.manual_seed(0)
        encoder = StreamEncoder(3, (6, 6), dropout=0.0).train(training)
        encoders.append((encoder, encoder(values, real)))
    (one, first), (other, second) = encoders
    assert torch.allclose(first, second)
    assert (first[~real] == 0).all()
    assert torch.allclose(one.normalization.running_mean, other.normalization.running_mean)
    if training:
        assert torch.allclose(first[real].mean(dim=0), torch.zeros(6), atol=1e-5)


def test_wrong_shapes_are_refused():
    for channels, kernel in (((), 5), ((4,), 0)):
        with pytest.raises(BadInput, match="use at least one level"):
            TemporalConvNet(3, channels, kernel=kernel)
