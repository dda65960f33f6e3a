"""A causal temporal convolution network over the frames of one stream.

Source: the benchmark code of BAH (card 10): kernel 5, dropout 0.1, dilation 1, 2, 4, ... a level, two weight-normed
convolutions a level with leaky ReLU and a residual, then batch normalization. A frame sees itself and frames before it
only, so that padding after a recording cannot change it; the normalization is told which frames are padding.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from thymos.errors import BadInput

CHANNELS = {"video": (256, 256, 128, 128), "bert": (256, 256, 128, 128), "vggish": (128, 128, 64, 64)}
"""Channels of each level by stream, as in the benchmark code."""
KERNEL, DROPOUT = 5, 0.1


class CausalBlock(nn.Module):
    """Two dilated convolutions that look back only, and a residual.

    Args:
        width: numbers a frame.
        channels: numbers a frame afterwards.
        kernel: frames that a convolution sees.
        dilation: distance between these frames.
        dropout: after each convolution.
    """

    def __init__(self, width: int, channels: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.past = (kernel - 1) * dilation
        self.first = weight_norm(nn.Conv1d(width, channels, kernel, dilation=dilation))
        self.second = weight_norm(nn.Conv1d(channels, channels, kernel, dilation=dilation))
        self.residual = nn.Conv1d(width, channels, 1) if width != channels else nn.Identity()
        self.activation = nn.LeakyReLU()
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(batch, width, frames) to (batch, channels, frames)."""
        inner = frames
        for convolution in (self.first, self.second):
            padded = nn.functional.pad(inner, (self.past, 0))
            inner = self.dropout(self.activation(convolution(padded)))
        joined: torch.Tensor = self.activation(inner + self.residual(frames))
        return joined


class TemporalConvNet(nn.Module):
    """Levels of ``CausalBlock`` with dilation 1, 2, 4, ...

    Args:
        width: numbers a frame.
        channels: of each level.
        kernel: see ``CausalBlock``.
        dropout: see ``CausalBlock``.

    Raises:
        BadInput: no level, or a kernel below 1.

    Example:
        >>> TemporalConvNet(3, (8, 8), kernel=5).receptive_field
        25
    """

    def __init__(self, width: int, channels: Sequence[int], *, kernel: int = KERNEL, dropout: float = DROPOUT) -> None:
        super().__init__()
        if not channels or kernel < 1:
            raise BadInput(f"channels {tuple(channels)} and kernel {kernel}", mend="use at least one level and frame")
        before = [width, *channels[:-1]]
        self.blocks = nn.Sequential(
            *(
                CausalBlock(inner, outer, kernel, 2**level, dropout)
                for level, (inner, outer) in enumerate(zip(before, channels, strict=True))
            )
        )
        self.width = channels[-1]
        self.receptive_field = 1 + 2 * (kernel - 1) * (2 ** len(channels) - 1)
        """Frames that one output frame depends on."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(batch, frames, width) to (batch, frames, channels)."""
        outputs: torch.Tensor = self.blocks(frames.transpose(1, 2)).transpose(1, 2)
        return outputs


class StreamEncoder(nn.Module):
    """A ``TemporalConvNet`` with batch normalization over the real frames.

    Args: see ``TemporalConvNet``.
    """

    def __init__(self, width: int, channels: Sequence[int], *, kernel: int = KERNEL, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.convolutions = TemporalConvNet(width, channels, kernel=kernel, dropout=dropout)
        self.normalization = nn.BatchNorm1d(self.convolutions.width)
        self.width = self.convolutions.width

    def forward(self, frames: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Frames (batch, frames, width) and which are real (batch, frames); padding comes back as zeros."""
        states = self.convolutions(frames)
        outputs = torch.zeros_like(states)
        outputs[real] = self.normalization(states[real])
        return outputs


def real_frames(lengths: torch.Tensor, frames: int) -> torch.Tensor:
    """Which frames are no padding, (batch, frames), from the lengths (batch,)."""
    return torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]
