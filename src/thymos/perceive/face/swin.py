"""Swin Transformer (Liu et al., ICCV 2021): attention inside windows that are shifted in every second block.

Written from the paper; with the same weights it gives what ``transformers.SwinModel`` gives (tested). Maps are kept
as (n, height, width, channels). Where a window does not divide the map, the map is padded with zeros at the right and
at the bottom, as in the authors' code.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import nn
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.face.blocks import CHANNELS, FaceNetwork, SqueezeExcitation, StochasticDepth, check_excitation

NEVER = -100.0  # added to attention between places that are no neighbors; the authors' value


def windows_of(maps: torch.Tensor, window: int) -> torch.Tensor:
    """Cut maps (n, height, width, channels) into windows (n * windows, window * window, channels)."""
    n, height, width, channels = maps.shape
    cut = maps.view(n, height // window, window, width // window, window, channels)
    return cut.permute(0, 1, 3, 2, 4, 5).reshape(-1, window * window, channels)


def maps_of(windows: torch.Tensor, window: int, height: int, width: int) -> torch.Tensor:
    """The inverse of ``windows_of``."""
    channels = windows.shape[-1]
    laid = windows.view(-1, height // window, width // window, window, window, channels)
    return laid.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, channels)


@lru_cache(maxsize=32)
def shift_mask(height: int, width: int, window: int, shift: int) -> torch.Tensor:
    """Which places of a cyclically shifted map may look at each other.

    After the shift a window at the border holds parts from opposite sides of the picture, which are no neighbors.

    Returns:
        Shape (windows, window * window, window * window): 0 for places of the same part, else ``NEVER``.
    """
    parts = torch.zeros(1, height, width, 1)
    bounds = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
    number = 0
    for rows in bounds:
        for columns in bounds:
            parts[:, rows, columns] = number
            number += 1
    members = windows_of(parts, window)[..., 0]
    apart = members[:, None, :] != members[:, :, None]
    return torch.where(apart, NEVER, 0.0)


def relative_positions(window: int) -> torch.Tensor:
    """For each pair of places in a window, the row of the bias table, shape (window ** 2, window ** 2)."""
    rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()])
    offsets = places[:, :, None] - places[:, None, :] + window - 1
    return offsets[0] * (2 * window - 1) + offsets[1]


class WindowAttention(nn.Module):
    """Multi-head attention among the places of one window, with a learned bias for each relative position."""

    positions: torch.Tensor

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        if channels % heads:
            raise BadInput(f"{channels} channels cannot be shared by {heads} heads")
        self.heads, self.window = heads, window
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.output = nn.Linear(channels, channels)
        self.bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("positions", relative_positions(window), persistent=False)
        nn.init.trunc_normal_(self.bias_table, std=0.02)

    def forward(self, windows: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Windows (n * windows, places, channels) in and out; ``mask`` as from ``shift_mask``."""
        count, places, channels = windows.shape
        split = self.queries_keys_values(windows).view(count, places, 3, self.heads, channels // self.heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        bias = self.bias_table[self.positions].permute(2, 0, 1)[None]
        if mask is not None:
            # Windows of one picture follow each other, so the mask repeats picture after picture.
            bias = (bias + mask[:, None]).repeat(count // len(mask), 1, 1, 1)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias.to(queries.dtype))
        result: torch.Tensor = self.output(mixed.transpose(1, 2).reshape(count, places, channels))
        return result


class SwinBlock(nn.Module):
    """Window attention and a two-layer perceptron, each normalized first and added to its input.

    Args:
        channels: of the map.
        heads: of the attention.
        window: side of a window in places; a smaller map is one window.
        shifted: whether the windows are moved by half their side.
        size: height and width of the map in places.
        drop: share of pictures that skip a branch in training.
        ratio: width of the perceptron's inner layer over ``channels``.
    """

    def __init__(
        self, channels: int, heads: int, window: int, shifted: bool, size: tuple[int, int], drop: float, ratio: float
    ) -> None:
        super().__init__()
        # A map that is not larger than a window has nothing to shift.
        self.window = min(window, *size)
        self.shift = window // 2 if shifted and min(size) > window else 0
        self.first_norm = nn.LayerNorm(channels)
        self.attention = WindowAttention(channels, heads, self.window)
        self.second_norm = nn.LayerNorm(channels)
        inner = int(channels * ratio)
        self.perceptron = nn.Sequential(nn.Linear(channels, inner), nn.GELU(), nn.Linear(inner, channels))
        self.depth = StochasticDepth(drop)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (n, height, width, channels) in and out."""
        maps = maps + self.depth(self._attend(self.first_norm(maps)))
        result: torch.Tensor = maps + self.depth(self.perceptron(self.second_norm(maps)))
        return result

    def _attend(self, maps: torch.Tensor) -> torch.Tensor:
        _, height, width, _ = maps.shape
        below, right = -height % self.window, -width % self.window
        maps = functional.pad(maps, (0, 0, 0, right, 0, below))
        padded_height, padded_width = height + below, width + right
        mask = None
        if self.shift:
            maps = maps.roll((-self.shift, -self.shift), dims=(1, 2))
            mask = shift_mask(padded_height, padded_width, self.window, self.shift).to(maps.device)
        mixed = self.attention(windows_of(maps, self.window), mask)
        maps = maps_of(mixed, self.window, padded_height, padded_width)
        if self.shift:
            maps = maps.roll((self.shift, self.shift), dims=(1, 2))
        return maps[:, :height, :width]


class PatchMerging(nn.Module):
    """Four neighboring places become one of twice the channels; odd maps are padded with zeros."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(n, height, width, channels) to (n, height / 2, width / 2, 2 * channels)."""
        maps = functional.pad(maps, (0, 0, 0, maps.shape[2] % 2, 0, maps.shape[1] % 2))
        corners = [maps[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        merged: torch.Tensor = self.reduction(self.norm(torch.cat(corners, dim=-1)))
        return merged


class SwinTransformer(FaceNetwork):
    """A Swin Transformer for square gray pictures.

    Args:
        classes: number of logits.
        side: of the pictures in pixels.
        patch: side of a patch in pixels.
        channels: of the first stage; doubled from stage to stage.
        depths: blocks of each stage.
        heads: attention heads of each stage.
        window: side of a window in places.
        squeeze_excitation: ``"none"``, on the map of the ``"last"`` stage, after ``"every"`` stage, or on the
            ``"pooled"`` vector.
        drop_path: share of pictures that skip the last block in training; it grows linearly from 0.
        ratio: width of the perceptrons over that of the map.
        stem: how pixels become places: ``"patch"``, one linear map a patch as in the paper, or ``"convolution"``, three
            small convolutions, with which transformers train from scratch in fewer steps (Xiao et al., NeurIPS 2021);
            needs patches of 4 pixels.
    """

    def __init__(
        self,
        classes: int,
        *,
        side: int = 48,
        patch: int = 4,
        channels: int = 48,
        depths: Sequence[int] = (2, 2, 2),
        heads: Sequence[int] = (3, 6, 12),
        window: int = 6,
        squeeze_excitation: str = "none",
        drop_path: float = 0.1,
        ratio: float = 4.0,
        stem: str = "patch",
    ) -> None:
        super().__init__()
        if side % patch:
            raise BadInput(f"patches of {patch} pixels do not fill {side} pixels")
        if len(depths) != len(heads) or not depths:
            raise BadInput(f"{len(depths)} depths and {len(heads)} heads", mend="give one of each a stage")
        check_excitation(squeeze_excitation)
        self.settings = {
            "classes": classes,
            "side": side,
            "patch": patch,
            "channels": channels,
            "depths": list(depths),
            "heads": list(heads),
            "window": window,
            "squeeze_excitation": squeeze_excitation,
            "drop_path": drop_path,
            "ratio": ratio,
            "stem": stem,
        }
        self.side = side
        self.patches = _stem(stem, channels, patch)
        self.patch_norm = nn.LayerNorm(channels)
        shares = iter(torch.linspace(0, drop_path, sum(depths)).tolist())
        self.stages, self.merges, self.excitations = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        places = side // patch
        for stage, (depth, count) in enumerate(zip(depths, heads, strict=True)):
            last = stage == len(depths) - 1
            size = (places, places)
            self.stages.append(
                nn.Sequential(
                    *(
                        SwinBlock(channels, count, window, block % 2 == 1, size, next(shares), ratio)
                        for block in range(depth)
                    )
                )
            )
            excited = squeeze_excitation == "every" or (squeeze_excitation == "last" and last)
            self.excitations.append(SqueezeExcitation(channels, channels_last=True) if excited else nn.Identity())
            if not last:
                self.merges.append(PatchMerging(channels))
                channels, places = 2 * channels, (places + 1) // 2
        self.norm = nn.LayerNorm(channels)
        pooled = squeeze_excitation == "pooled"
        self.excitation = SqueezeExcitation(channels, channels_last=True) if pooled else nn.Identity()
        self.width = channels
        self.head = nn.Linear(channels, classes)
        self.apply(_start)

    def maps(self, pictures: torch.Tensor) -> torch.Tensor:
        """The normalized map of the last stage, shape (n, places, places, width)."""
        if pictures.shape[-2:] != (self.side, self.side):
            raise BadInput(f"pictures of {tuple(pictures.shape[-2:])}, {self.side} x {self.side} pixels are needed")
        maps = self.patch_norm(self.patches(pictures).permute(0, 2, 3, 1))
        for stage, blocks in enumerate(self.stages):
            maps = self.excitations[stage](blocks(maps))
            if stage < len(self.merges):
                maps = self.merges[stage](maps)
        normalized: torch.Tensor = self.norm(maps)
        return normalized

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Mean of the normalized map, shape (n, width)."""
        vectors: torch.Tensor = self.excitation(self.maps(pictures).mean(dim=(1, 2)))
        return vectors


def _stem(stem: str, channels: int, patch: int) -> nn.Module:
    if stem == "patch":
        return nn.Conv2d(CHANNELS, channels, patch, patch)
    if stem != "convolution" or patch != 4:
        raise BadInput(f"stem {stem!r} with patches of {patch} pixels", mend="'patch', or 'convolution' with 4 pixels")
    half = channels // 2
    return nn.Sequential(
        nn.Conv2d(CHANNELS, half, 3, 2, 1, bias=False),
        nn.BatchNorm2d(half),
        nn.GELU(),
        nn.Conv2d(half, half, 3, 1, 1, bias=False),
        nn.BatchNorm2d(half),
        nn.GELU(),
        nn.Conv2d(half, channels, 3, 2, 1),
    )


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
