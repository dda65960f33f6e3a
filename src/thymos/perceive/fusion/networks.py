"""Streams of precomputed features of frames to class scores of every frame.

Source: the benchmark code of BAH (card 10), without its frozen networks for faces and sounds: their outputs are the
streams here. Names: ``leader_follower`` (LFAN), ``gated`` (CAN), ``cross_attention`` (MT), ``joint_attention`` (JMT),
``alone`` (one stream, for baselines).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.fusion.attention import CrossAttentionFusion, GatedFusion, LeaderFollowerFusion
from thymos.perceive.fusion.temporal import CHANNELS, DROPOUT, KERNEL, StreamEncoder, real_frames

FUSIONS = ("leader_follower", "gated", "cross_attention", "joint_attention")
ALONE = "alone"
Maker = Callable[..., nn.Module]


class OneStream(nn.Module):
    """The states of the only stream as they are."""

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__()
        if len(widths) != 1:
            raise BadInput(f"{len(widths)} streams are not one", where=f"fusion {ALONE!r}")
        (self.name,) = widths
        self.width = widths[self.name]

    def forward(self, states: Mapping[str, torch.Tensor], real: torch.Tensor) -> torch.Tensor:
        """The same states."""
        return states[self.name]


def _joint(widths: Mapping[str, int], **options: Any) -> nn.Module:
    return CrossAttentionFusion(widths, joint=True, **options)


MAKERS: Mapping[str, Maker] = {
    "leader_follower": LeaderFollowerFusion,
    "gated": GatedFusion,
    "cross_attention": CrossAttentionFusion,
    "joint_attention": _joint,
    ALONE: OneStream,
}


class FusionNetwork(nn.Module):
    """An encoder a stream, a fusion, and a head on every frame.

    Args:
        widths: stream to its numbers a frame, the leader first.
        fusion: one of ``FUSIONS`` or ``ALONE``.
        outputs: classes.
        channels: stream to the channels of its temporal network; default ``CHANNELS`` of the stream of that name,
            else those of ``video``.
        kernel: of the temporal networks.
        dropout: of the temporal networks.
        options: of the fusion.

    Raises:
        BadInput: no stream, an unknown fusion.

    Example:
        >>> network = FusionNetwork({"video": 6, "vggish": 4}, "gated")
        >>> frames = {"video": torch.zeros(2, 9, 6), "vggish": torch.zeros(2, 9, 4)}
        >>> network.eval()(frames, torch.tensor([9, 5])).shape
        torch.Size([2, 9, 2])
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        fusion: str = "leader_follower",
        *,
        outputs: int = 2,
        channels: Mapping[str, Sequence[int]] | None = None,
        kernel: int = KERNEL,
        dropout: float = DROPOUT,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if fusion not in MAKERS:
            raise BadInput(f"there is no fusion {fusion!r}", mend=f"use one of {', '.join(MAKERS)}")
        if not widths:
            raise BadInput("there is no stream", where="fusion network")
        known = {**CHANNELS, **(channels or {})}
        self.encoders = nn.ModuleDict(
            {
                name: StreamEncoder(width, known.get(name, CHANNELS["video"]), kernel=kernel, dropout=dropout)
                for name, width in widths.items()
            }
        )
        self.fusion = MAKERS[fusion](
            {name: encoder.width for name, encoder in self.encoders.items()}, **(options or {})
        )
        joined = int(self.fusion.width)
        linear = fusion in ("leader_follower", ALONE)  # the others have a hidden layer with batch normalization
        self.hidden = None if linear else nn.Linear(joined, joined)
        self.normalization = None if linear else nn.BatchNorm1d(joined)
        self.output = nn.Linear(joined, outputs)

    def forward(self, streams: Mapping[str, torch.Tensor], lengths: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, frames, outputs) of streams (batch, frames, width); padded frames are zeros.

        Raises:
            BadInput: other streams than the network has, or streams of unequal shape.
        """
        if set(streams) != set(self.encoders):
            raise BadInput(f"streams {', '.join(streams)} are not {', '.join(self.encoders)}", where="fusion network")
        shapes = {tuple(stream.shape[:2]) for stream in streams.values()}
        if len(shapes) > 1:
            raise BadInput(f"streams have {sorted(shapes)} recordings and frames", where="fusion network")
        (batch, frames) = next(iter(shapes))
        if len(lengths) != batch or int(lengths.max()) > frames or int(lengths.min()) < 1:
            raise BadInput(f"lengths {lengths.tolist()} do not fit {batch} x {frames} frames", where="fusion network")
        real = real_frames(lengths, frames)
        states = {name: encoder(streams[name], real) for name, encoder in self.encoders.items()}
        fused = self.fusion(states, real)[real]
        if self.hidden is not None and self.normalization is not None:
            fused = nn.functional.leaky_relu(self.normalization(self.hidden(fused)))
        scores = self.output(fused)
        outputs = scores.new_zeros(batch, frames, scores.shape[-1])
        outputs[real] = scores
        return outputs
