"""Fusion of streams: equivariance, gates, masks, gradients, and what the released layout lets through."""

import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive.fusion.attention import CrossAttentionFusion, GatedFusion, LeaderFollowerFusion
from thymos.perceive.fusion.temporal import real_frames

WIDTHS = {"video": 8, "bert": 8, "vggish": 4}


def states(batch=2, length=6, widths=WIDTHS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(batch, length, width, generator=generator) for name, width in widths.items()}


def whole(batch=2, length=6):
    return torch.ones(batch, length, dtype=torch.bool)


def test_shapes_of_the_card():
    widths = {"video": 128, "bert": 128, "vggish": 64}
    fusion = LeaderFollowerFusion(widths)
    assert fusion.width == 128 + 3 * 32
    inputs = states(widths=widths)
    assert fusion(inputs, whole()).shape == (2, 6, 224)
    assert GatedFusion(widths)(inputs, whole()).shape == (2, 6, 384)
    assert GatedFusion(widths, projection=256).width == 768
    pair = {"video": 128, "vggish": 64}
    plain, joint = CrossAttentionFusion(pair), CrossAttentionFusion(pair, joint=True)
    assert len(plain.pairs) == 2
    assert joint.pairs == [
        ("video", "vggish"), ("vggish", "video"), ("joint", "video"), ("video", "joint"), ("joint", "vggish"),
        ("vggish", "joint"),
    ]  # fmt: skip
    assert joint(states(widths=pair), whole()).shape == (2, 6, 128)


# -- leader-follower --------------------------------------------------------------------------------------------------


def test_streams_are_told_apart_by_their_projections_only():
    fusion = LeaderFollowerFusion({"a": 4, "b": 4}, modal_width=4).eval()
    fusion.projections["b"].load_state_dict(fusion.projections["a"].state_dict())
    inputs = states(widths={"a": 4, "b": 4})
    swapped = {"a": inputs["b"], "b": inputs["a"]}
    assert torch.allclose(fusion.attended(inputs).flip(2), fusion.attended(swapped), atol=1e-6)


def test_attention_of_equal_streams_doubles_the_values():
    fusion = LeaderFollowerFusion({"a": 4, "b": 4}, modal_width=4, heads=1).eval()
    fusion.projections["b"].load_state_dict(fusion.projections["a"].state_dict())
    one = states(widths={"a": 4})["a"]
    found = fusion.attended({"a": one, "b": one})
    value = fusion.projections["a"](one).chunk(3, dim=-1)[2]
    assert torch.allclose(found[:, :, 0], 2 * value, atol=1e-6)
    assert torch.allclose(found[:, :, 1], 2 * value, atol=1e-6)


def test_attention_is_that_of_a_plain_loop():
    fusion = LeaderFollowerFusion(WIDTHS, modal_width=6, heads=3).eval()
    inputs = states()
    found = fusion.attended(inputs)
    for batch, frame in ((0, 0), (1, 5)):
        parts = [fusion.projections[name](inputs[name][batch, frame]).reshape(3, 6) for name in WIDTHS]
        for head in range(3):
            queries, keys, values = (
                torch.stack([part[head, place : place + 2] for part in parts]) for place in (0, 2, 4)
            )
            for stream in range(3):
                scores = [float(queries[stream].detach() @ keys[other].detach()) / 2**0.5 for other in range(3)]
                weights = torch.softmax(torch.tensor(scores), dim=0)
                wanted = sum(weights[other] * values[other] for other in range(3)) + values[stream]
                assert torch.allclose(found[batch, frame, stream].reshape(3, 2)[head], wanted, atol=1e-5)


def test_a_stream_that_is_not_there_says_nothing():
    fusion = LeaderFollowerFusion(WIDTHS).eval()
    inputs = states()
    present = torch.ones(2, 6, 3, dtype=torch.bool)
    assert torch.allclose(fusion.attended(inputs, present), fusion.attended(inputs), atol=1e-6)
    present[0, :, 2] = False
    changed = {**inputs, "vggish": inputs["vggish"] + 7}
    one, other = (fusion.attended(values, present) for values in (inputs, changed))
    assert torch.equal(one[0], other[0])
    assert not torch.allclose(one[1], other[1])
    assert (one[0, :, 2] == 0).all()


def test_frames_are_fused_one_by_one():
    fusion = LeaderFollowerFusion(WIDTHS).eval()
    inputs = states()
    order = torch.tensor([3, 1, 0, 5, 4, 2])
    shuffled = {name: values[:, order] for name, values in inputs.items()}
    assert torch.allclose(fusion(shuffled, whole()), fusion(inputs, whole())[:, order], atol=1e-6)
    with pytest.raises(BadInput, match="3 heads do not divide 32"):
        LeaderFollowerFusion(WIDTHS, heads=3)


# -- gates ------------------------------------------------------------------------------------------------------------


def test_gates_sum_to_one_and_scale_the_projections():
    fusion = GatedFusion(WIDTHS, projection=5)
    inputs = states()
    joined, gates = fusion.gates(inputs)
    assert torch.allclose(gates.sum(dim=-1), torch.ones(2, 6))
    assert torch.allclose(fusion(inputs, whole()), joined * gates)
    torch.nn.init.zeros_(fusion.gate.weight)
    torch.nn.init.zeros_(fusion.gate.bias)
    assert torch.allclose(fusion(inputs, whole()), joined / 15)


# -- cross-attention --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("joint", [False, True])
def test_padding_is_not_attended_to(joint):
    fusion = CrossAttentionFusion(WIDTHS, joint=joint, width=8).eval()
    real = real_frames(torch.tensor([6, 4]), 6)
    inputs = states()
    changed = {name: torch.where(real[..., None], values, values + 5) for name, values in inputs.items()}
    one, other = fusion(inputs, real), fusion(changed, real)
    assert torch.allclose(one[real], other[real], atol=1e-6)


def test_frames_in_another_order_give_the_same_in_that_order():
    """There is no code of time in the transformers: order enters through the convolutions before them."""
    fusion = CrossAttentionFusion(WIDTHS, joint=True, width=8).eval()
    inputs = states()
    order = torch.tensor([5, 3, 4, 0, 2, 1])
    shuffled = {name: values[:, order] for name, values in inputs.items()}
    assert torch.allclose(fusion(shuffled, whole()), fusion(inputs, whole())[:, order], atol=1e-6)


def test_the_released_layout_lets_recordings_of_a_batch_through():
    pair = {"a": 8, "b": 8}
    inputs = states(widths=pair)
    changed = {name: torch.stack([values[0], values[1] + 3]) for name, values in inputs.items()}
    for axis, same in (("streams", True), ("batch", False)):
        torch.manual_seed(0)
        fusion = CrossAttentionFusion(pair, width=8, axis=axis).eval()
        one, other = fusion(inputs, whole()), fusion(changed, whole())
        assert torch.allclose(one[0], other[0], atol=1e-6) is same
        assert one.shape == (2, 6, 8)


def test_every_weight_learns():
    # The last query reads all cross-attentions, so that all of them get a gradient.
    fusion = CrossAttentionFusion(WIDTHS, joint=True, width=8)
    fusion(states(), whole()).square().sum().backward()
    idle = [name for name, weight in fusion.named_parameters() if weight.grad is None or not weight.grad.abs().sum()]
    assert idle == []


def test_wrong_streams_and_axes_are_refused():
    with pytest.raises(BadInput, match="1 stream is too few"):
        CrossAttentionFusion({"video": 8})
    with pytest.raises(BadInput, match="there is no axis 'time'"):
        CrossAttentionFusion(WIDTHS, axis="time")
