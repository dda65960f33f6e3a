"""How a picture looks, in numbers with a definition: brightness, color, contrast, edges, sharpness.

All are measured on the picture reduced to at most 256 pixels a side, so that pictures of several sizes can be compared.
Brightness and colorfulness are two of the attributes of EmoSet (card 28), where they stand in steps of 0.1.
"""

import cv2
import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.media.pictures import Picture

Floats = npt.NDArray[np.float64]

LONGEST_SIDE = 256  # pixels
HUES = 12
# Hasler and Suesstrunk (2003) call 109 "extremely colorful"; EmoSet's scale ends at 1.0: 109 stands for 1 [inferred].
EXTREMELY_COLORFUL = 109.0
STEP = 0.1
CANNY_LOW, CANNY_HIGH = 100, 200


def standard_picture(picture: Picture) -> Picture:
    """The picture as height x width x 3 (RGB), at most 256 pixels a side; gray pictures get three equal channels.

    Raises:
        BadInput: no array of uint8 numbers with 2 or 3 axes, or no pixels.
    """
    usable = isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.size > 0
    if not usable or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
        raise BadInput("a picture must be uint8, height x width (x 3)", where="picture", mend="load it as RGB")
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    height, width = picture.shape[:2]
    ratio = LONGEST_SIDE / max(height, width)
    if ratio >= 1:
        return np.ascontiguousarray(picture)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def brightness(picture: Picture) -> float:
    """Mean V of HSV: the largest of red, green and blue, averaged over pixels; 0 (black) .. 1."""
    return float(picture.max(axis=2).mean() / 255)


def colorfulness(picture: Picture) -> float:
    """Hasler and Suesstrunk's measure (2003), 0 (gray) to about 109 ("extremely colorful") and beyond.

    With rg = R - G and yb = (R + G) / 2 - B: sqrt(sd(rg)^2 + sd(yb)^2) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2).

    Example:
        >>> round(colorfulness(np.full((2, 2, 3), (255, 0, 0), dtype=np.uint8)), 2)
        85.53
    """
    red, green, blue = np.moveaxis(picture.astype(np.float64), 2, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def colorfulness_share(picture: Picture) -> float:
    """Colorfulness on 0..1: 109 and more is 1 [inferred]."""
    return min(1.0, colorfulness(picture) / EXTREMELY_COLORFUL)


def step_of(share: float) -> int:
    """The step of 0.1 that a number of 0..1 falls to, 0..10: EmoSet's 11 classes of brightness and colorfulness.

    Example:
        >>> [step_of(share) for share in (0.0, 0.04, 0.06, 0.52, 1.0)]
        [0, 0, 1, 5, 10]
    """
    return int(np.clip(np.floor(share / STEP + 0.5), 0, 10))


def gray_of(picture: Picture) -> Picture:
    """Luma (0.299 R + 0.587 G + 0.114 B), uint8."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def entropy_bits(gray: Picture) -> float:
    """Entropy of the histogram of gray values, 0 (one value) .. 8 bits."""
    shares = np.bincount(gray.ravel(), minlength=256) / gray.size
    shares = shares[shares > 0]
    return float(max(0.0, -(shares * np.log2(shares)).sum()))


def edge_density(gray: Picture) -> float:
    """Share of pixels on an edge (Canny, thresholds 100 and 200)."""
    return float((cv2.Canny(gray, CANNY_LOW, CANNY_HIGH) > 0).mean())


def sharpness(gray: Picture) -> float:
    """log(1 + variance of the Laplacian): 0 for a flat picture, about 5 for a blurred and 8 for a crisp photograph."""
    return float(np.log1p(cv2.Laplacian(gray, cv2.CV_64F).var()))


def hue_shares(picture: Picture) -> Floats:
    """Twelve hues of 30 degrees from red on: the share of pixels of that hue, each pixel weighted by its saturation.

    A gray picture gives zeros; a picture of one pure color gives a single 1.
    """
    hue, saturation = _hue_saturation(picture)
    bins = np.minimum((hue / (360 / HUES)).astype(np.int64), HUES - 1)
    return np.bincount(bins.ravel(), weights=saturation.ravel(), minlength=HUES) / saturation.size


def _hue_saturation(picture: Picture) -> tuple[Floats, Floats]:
    """Hue in degrees 0..360 and saturation 0..1."""
    hsv = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    return hsv[:, :, 0].astype(np.float64), hsv[:, :, 1].astype(np.float64)


def low_level_features(picture: Picture) -> dict[str, float]:
    """All features of this module, by name; the picture is reduced first."""
    small = standard_picture(picture)
    gray = gray_of(small)
    _, saturation = _hue_saturation(small)
    found = {
        "brightness": brightness(small),
        "brightness_sd": float(small.max(axis=2).std() / 255),
        "colorfulness": colorfulness_share(small),
        "saturation": float(saturation.mean()),
        "saturation_sd": float(saturation.std()),
        "contrast": float(gray.std() / 255),
        "entropy": entropy_bits(gray),
        "edge_density": edge_density(gray),
        "sharpness": sharpness(gray),
    }
    return found | {f"hue_{number:02d}": float(share) for number, share in enumerate(hue_shares(small))}
