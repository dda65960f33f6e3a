"""How a picture is laid out: where its detail lies, how symmetric it is, where its horizon may be."""

import cv2
import numpy as np

from thymos.media.pictures import Picture
from thymos.perceive.scene.low_level import Floats, gray_of, standard_picture

GRID = 24  # symmetry and horizon are judged on this many rows and columns


def detail(gray: Picture) -> Floats:
    """Size of the gray gradient at every pixel (Sobel)."""
    pixels = gray.astype(np.float64)
    across, down = cv2.Sobel(pixels, cv2.CV_64F, 1, 0), cv2.Sobel(pixels, cv2.CV_64F, 0, 1)
    return np.asarray(np.hypot(across, down), dtype=np.float64)


def concentration(energy: Floats, centers: tuple[tuple[float, float], ...], reach: float) -> float:
    """How much more detail lies around some points than an even picture would have there; 1 = as much.

    Args:
        energy: detail of every pixel, at least 0.
        centers: (row, column) as shares of height and width.
        reach: half the side of the square around each center, as a share of height and width.
    """
    height, width = energy.shape
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    near = np.zeros(energy.shape, dtype=bool)
    for row, column in centers:
        near |= (np.abs(rows - row) <= reach)[:, None] & (np.abs(columns - column) <= reach)[None, :]
    total = float(energy.sum())
    if total == 0 or not near.any():
        return 1.0
    return float(energy[near].sum() / total / near.mean())


def mirror_symmetry(gray: Picture, axis: int) -> float:
    """1 - mean absolute difference to the mirror image, 0..1; axis 1: left and right, axis 0: top and bottom."""
    small = _small(gray)
    return float(1 - np.abs(small - np.flip(small, axis=axis)).mean() / 255)


def horizon(gray: Picture) -> tuple[float, float]:
    """The row that divides the picture best into an upper and a lower part, and how well it does.

    Returns:
        Position (0 top .. 1 bottom; 0.5 where nothing divides it) and strength: the share of the variance of gray
        values that the two parts' means explain, 0..1.
    """
    small = _small(gray)
    variance = float(small.var())
    if variance == 0:
        return 0.5, 0.0
    means, overall = small.mean(axis=1), float(small.mean())
    strengths = []
    for row in range(1, GRID):
        share = row / GRID
        upper, lower = float(means[:row].mean()), float(means[row:].mean())
        strengths.append((share * (upper - overall) ** 2 + (1 - share) * (lower - overall) ** 2) / variance)
    best = int(np.argmax(strengths))
    return (best + 1) / GRID, float(strengths[best])


def _small(gray: Picture) -> Floats:
    return np.asarray(cv2.resize(gray, (GRID, GRID), interpolation=cv2.INTER_AREA), dtype=np.float64)


THIRDS = tuple((row, column) for row in (1 / 3, 2 / 3) for column in (1 / 3, 2 / 3))
MIDDLE = ((0.5, 0.5),)


def composition_features(picture: Picture) -> dict[str, float]:
    """All features of this module, by name; the picture is reduced first."""
    gray = gray_of(standard_picture(picture))
    energy = detail(gray)
    position, strength = horizon(gray)
    return {
        "thirds": concentration(energy, THIRDS, 1 / 12),
        "middle": concentration(energy, MIDDLE, 1 / 6),
        "symmetry_left_right": mirror_symmetry(gray, axis=1),
        "symmetry_top_bottom": mirror_symmetry(gray, axis=0),
        "horizon": position,
        "horizon_strength": strength,
    }
