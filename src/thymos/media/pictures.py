"""Picture files as arrays: turned as the camera says, uint8, RGB or gray."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from thymos.errors import BadInput
from thymos.files import require_file

Picture: TypeAlias = npt.NDArray[np.uint8]
"""Height x width x 3 (RGB) or height x width (gray)."""

DAMAGED = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def read_picture(path: str | Path) -> Picture:
    """A picture as RGB, shape (height, width, 3).

    Orientation in the EXIF data is obeyed; of an animation the first picture is taken; what is transparent keeps its
    color.

    Raises:
        BadInput: no such file, no picture, a picture that is cut short.
    """
    return _read(path, "RGB")


def read_gray(path: str | Path) -> Picture:
    """A picture in shades of gray (ITU-R 601 luma), shape (height, width); otherwise as ``read_picture``."""
    return _read(path, "L")


def to_gray(picture: Picture) -> Picture:
    """RGB or gray as gray, by the same weights as ``read_gray`` (to one gray level)."""
    if picture.ndim == 2:
        return picture
    red, green, blue = (picture[..., channel].astype(np.uint32) for channel in range(3))
    # Pillow's own integer weights for 0.299, 0.587, 0.114.
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)


def _read(path: str | Path, mode: str) -> Picture:
    file = require_file(path)
    try:
        with Image.open(file) as picture:
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I;16") or upright.mode == "I":
                # Pillow clips 16-bit gray to 255 when it converts; its upper byte is meant.
                upright = Image.fromarray((np.asarray(upright).astype(np.uint32) >> 8).astype(np.uint8))
            return np.asarray(upright.convert(mode), dtype=np.uint8)
    except DAMAGED as error:
        raise BadInput(f"this is not a picture that can be read ({error})", where=file, mend="save it again") from None
