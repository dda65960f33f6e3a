"""Fusing streams frame by frame: leader-follower attention, a softmax gate, cross-attention with and without a joint
stream.

Source: the benchmark code of BAH (card 10). All take streams of states (batch, frames, width of the stream) and which
frames are real (batch, frames), and give (batch, frames, ``width``).
"""

from collections.abc import Mapping

import torch
from torch import nn

from thymos.errors import BadInput

States = Mapping[str, torch.Tensor]
AXES = ("streams", "batch")


class LeaderFollowerFusion(nn.Module):
    """The leader's states, and beside them what attention between the streams of a frame gives.

    Every stream has its own queries, keys and values; the values are added to what is attended to; all are joined,
    projected, and normalized.

    Args:
        widths: stream to its width; the first is the leader.
        modal_width: numbers a stream in the attention.
        heads: they must divide ``modal_width``.
        dropout: after the projection.
    """

    def __init__(
        self, widths: Mapping[str, int], *, modal_width: int = 32, heads: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__()
        if modal_width % heads:
            raise BadInput(f"{heads} heads do not divide {modal_width} numbers", where="leader-follower fusion")
        self.names = tuple(widths)
        self.heads = heads
        self.projections = nn.ModuleDict({name: nn.Linear(width, 3 * modal_width) for name, width in widths.items()})
        joined = modal_width * len(widths)
        self.output = nn.Linear(joined, joined)
        self.dropout = nn.Dropout(dropout)
        self.normalization = nn.LayerNorm(joined)
        self.width = widths[self.names[0]] + joined
        for layer in (*self.projections.values(), self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def attended(self, states: States, present: torch.Tensor | None = None) -> torch.Tensor:
        """What the streams of a frame tell each other, (batch, frames, streams, modal width), before the projection.

        Args:
            states: stream to (batch, frames, width).
            present: (batch, frames, streams); a stream that is not there is not listened to and says nothing.
        """
        parts = torch.stack([self.projections[name](states[name]) for name in self.names], dim=2)
        batch, frames, streams, _ = parts.shape
        query, key, value = parts.reshape(batch, frames, streams, self.heads, -1).transpose(2, 3).chunk(3, dim=-1)
        weights = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        if present is not None:
            value = value * present[:, :, None, :, None]
            weights = weights.masked_fill(~present[:, :, None, None, :], torch.finfo(weights.dtype).min)
        mixed = torch.softmax(weights, dim=-1) @ value + value
        if present is not None:
            mixed = mixed * present[:, :, None, :, None]
        return mixed.transpose(2, 3).reshape(batch, frames, streams, -1)

    def forward(self, states: States, real: torch.Tensor) -> torch.Tensor:
        """(batch, frames, width of the leader + streams x modal width)."""
        followers = self.normalization(self.dropout(self.output(self.attended(states).flatten(2))))
        return torch.cat([states[self.names[0]], followers], dim=-1)


class GatedFusion(nn.Module):
    """Each stream projected, joined, and multiplied by a softmax over all joined numbers of the frame.

    Args:
        widths: stream to its width.
        projection: numbers a stream; the network of the benchmark uses 128, its fusion module alone defaults to 256.
    """

    def __init__(self, widths: Mapping[str, int], *, projection: int = 128) -> None:
        super().__init__()
        self.projections = nn.ModuleDict({name: nn.Linear(width, projection) for name, width in widths.items()})
        self.width = projection * len(widths)
        self.gate = nn.Linear(self.width, self.width)

    def gates(self, states: States) -> tuple[torch.Tensor, torch.Tensor]:
        """The joined projections and their gates; the gates of a frame sum to 1."""
        joined = torch.cat([layer(states[name]) for name, layer in self.projections.items()], dim=-1)
        return joined, torch.softmax(self.gate(joined), dim=-1)

    def forward(self, states: States, real: torch.Tensor) -> torch.Tensor:
        """(batch, frames, streams x projection)."""
        joined, gates = self.gates(states)
        return joined * gates


class TransformerBlock(nn.Module):
    """Self-attention and two linear layers, each with a residual and a layer normalization after it.

    Args:
        width: numbers a place.
        hidden: of the linear layers.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 1, batch_first=True)
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, places: torch.Tensor, padding: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, places, width); ``padding`` (batch, places) marks places that nobody attends to."""
        attended, _ = self.attention(places, places, places, key_padding_mask=padding, need_weights=False)
        inner = self.first(places + attended)
        outputs: torch.Tensor = self.second(inner + self.layers(inner))
        return outputs


class CrossAttentionFusion(nn.Module):
    """One transformer block a stream along time, cross-attention between every two, self-attention, the last of them.

    With two streams this is the benchmark's multimodal transformer (two cross-attentions); ``joint`` adds a stream
    made of both, and cross-attention to and from it (six in all: the joint multimodal transformer).

    Args:
        widths: stream to its width; at least two.
        joint: see above.
        width: numbers a place; streams of another width are projected to it.
        axis: what the last self-attention runs along. ``"streams"``: the cross-attentions of one frame [inferred].
            ``"batch"``: as the released code lays its tensors out, all frames of all recordings of a batch, so that a
            prediction depends on what else is in the batch.

    Raises:
        BadInput: fewer than two streams, an unknown axis.
    """

    def __init__(
        self, widths: Mapping[str, int], *, joint: bool = False, width: int = 128, axis: str = "streams"
    ) -> None:
        super().__init__()
        if len(widths) < 2:
            raise BadInput(f"{len(widths)} stream is too few", where="cross-attention", mend="pass two or more")
        if axis not in AXES:
            raise BadInput(f"there is no axis {axis!r}", where="cross-attention", mend=f"use {' or '.join(AXES)}")
        self.axis, self.width, self.names = axis, width, tuple(widths)
        self.sizes = nn.ModuleDict(
            {name: nn.Identity() if own == width else nn.Linear(own, width) for name, own in widths.items()}
        )
        self.reduce = nn.Linear(width * len(widths), width) if joint else None
        tokens = (*self.names, "joint") if joint else self.names
        self.encoders = nn.ModuleDict({name: TransformerBlock(width, width) for name in tokens})
        self.pairs = _pairs(self.names, joint)
        self.crossings = nn.ModuleList(nn.MultiheadAttention(width, 1, batch_first=True) for _ in self.pairs)
        self.last_encoder = TransformerBlock(width, width)
        self.last_attention = nn.MultiheadAttention(width, 1, batch_first=True)

    def crossed(self, states: States, real: torch.Tensor) -> torch.Tensor:
        """All cross-attentions, (batch, frames, pairs, width)."""
        padding = ~real
        inputs = {name: self.sizes[name](states[name]) for name in self.names}
        if self.reduce is not None:
            inputs["joint"] = self.reduce(torch.cat([inputs[name] for name in self.names], dim=-1))
        encoded = {name: self.encoders[name](inner, padding) for name, inner in inputs.items()}
        return torch.stack(
            [
                crossing(encoded[query], encoded[key], encoded[key], key_padding_mask=padding, need_weights=False)[0]
                for crossing, (query, key) in zip(self.crossings, self.pairs, strict=True)
            ],
            dim=2,
        )

    def forward(self, states: States, real: torch.Tensor) -> torch.Tensor:
        """(batch, frames, width)."""
        crossed = self.crossed(states, real)
        places = crossed.flatten(0, 1)
        if self.axis == "batch":
            places = places.transpose(0, 1)  # pairs become the batch, all frames of all recordings the places
        places = self.last_encoder(places)
        mixed, _ = self.last_attention(places, places, places, need_weights=False)
        if self.axis == "batch":
            mixed = mixed.transpose(0, 1)
        outputs: torch.Tensor = mixed[:, -1].unflatten(0, crossed.shape[:2])
        return outputs


def _pairs(names: tuple[str, ...], joint: bool) -> list[tuple[str, str]]:
    """Who asks whom, in the order of the released code: the last one is what the network goes on with."""
    pairs = []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            pairs += [(one, other), (other, one)]
    if joint:
        for name in names:
            pairs += [("joint", name), (name, "joint")]
    return pairs
