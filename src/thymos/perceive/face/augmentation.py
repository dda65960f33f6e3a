"""Gray pictures as network input, and their random variants, on whole batches at once.

Each picture is standardized by its own mean and spread, so that light and contrast of the camera do not matter.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from thymos.errors import BadInput

SPREAD_FLOOR = 8.0  # gray levels; a picture that is almost flat is not blown up to full contrast


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture is changed; the strength of each change is drawn anew for each picture.

    Args:
        flip: probability of a mirror image.
        rotation: largest turn in degrees, to either side.
        scale: largest change of size, as a share.
        shift: largest move in pixels, in each direction.
        erase: probability that a rectangle is blanked.
        erased_share: largest side of that rectangle, as a share of the picture's side.
    """

    flip: float = 0.5
    rotation: float = 10.0
    scale: float = 0.1
    shift: float = 3.0
    erase: float = 0.25
    erased_share: float = 0.4

    def __call__(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Changed copies of standardized pictures, shape (n, 1, height, width)."""
        inputs = self._moved(inputs, generator)
        return self._erased(inputs, generator) if self.erase else inputs

    def _moved(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        n, side = len(inputs), inputs.shape[-1]
        draws = 2 * torch.rand(4, n, generator=generator) - 1
        angle = draws[0] * float(np.deg2rad(self.rotation))
        size = 1 + draws[1] * self.scale
        mirror = torch.where(torch.rand(n, generator=generator) < self.flip, -1.0, 1.0)
        cosine, sine = angle.cos() * size, angle.sin() * size
        move = draws[2:] * (2 * self.shift / side)
        rows = [torch.stack([cosine * mirror, -sine, move[0]]), torch.stack([sine * mirror, cosine, move[1]])]
        grid = functional.affine_grid(torch.stack(rows).permute(2, 0, 1), list(inputs.shape), align_corners=False)
        return functional.grid_sample(inputs, grid, padding_mode="border", align_corners=False)

    def _erased(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        n, _, height, width = inputs.shape
        draws = torch.rand(5, n, generator=generator)
        blanked = torch.ones(n, 1, height, width, dtype=torch.bool)
        for axis, length in ((0, height), (1, width)):
            # A tenth of the side at least, so that the rectangle is seen.
            extent = (0.1 + draws[axis] * (self.erased_share - 0.1)) * length
            start = draws[axis + 2] * (length - extent)
            place = torch.arange(length)[None]
            inside = (place >= start[:, None]) & (place < (start + extent)[:, None])
            blanked &= inside[:, None, :, None] if axis == 0 else inside[:, None, None, :]
        blanked &= (draws[4] < self.erase)[:, None, None, None]
        return inputs.masked_fill(blanked, 0.0)


def network_input(pictures: npt.NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
    """Gray pictures, shape (n, height, width), 0..255, as standardized floats, shape (n, 1, height, width).

    Raises:
        BadInput: another shape or type of numbers.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)) if isinstance(pictures, np.ndarray) else pictures
    if tensor.dim() != 3 or tensor.dtype != torch.uint8:
        raise BadInput(
            f"pictures of shape {tuple(tensor.shape)} and type {str(tensor.dtype).removeprefix('torch.')}",
            where="pictures",
            mend="pass gray pictures of one size as uint8, shape (n, height, width)",
        )
    values = tensor.float().unsqueeze(1)
    mean = values.mean(dim=(2, 3), keepdim=True)
    spread = values.std(dim=(2, 3), keepdim=True, correction=0).clamp(min=SPREAD_FLOOR)
    return (values - mean) / spread


def mirrored(inputs: torch.Tensor) -> torch.Tensor:
    """The mirror images."""
    return inputs.flip(-1)
