"""Descriptors of a whole picture without any learned weights: colors by place, oriented energy by place, gradients.

No pretrained network stands behind these: they are what a scene can be told by where none is at hand.
- ``color_layout``: mean and spread of L*a*b* in 4 x 4 fields (as MPEG-7's color layout, without its transform);
- ``spatial_envelope``: energy of 4 scales x 8 orientations of Gabor filters in 4 x 4 fields (Oliva and Torralba, 2001);
- ``gradients``: histograms of oriented gradients (Dalal and Triggs, 2005) of a picture of 64 x 64 pixels.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft

from thymos.media.pictures import Picture
from thymos.perceive.scene.low_level import Floats, gray_of, standard_picture

FIELDS = 4
SIDE = 128  # pixels of the squared picture behind the spatial envelope
SCALES, ORIENTATIONS = 4, 8
PREFILTER = 4.0  # cycles a picture; local contrast normalization
GRADIENT_SIDE = 64


def squared(picture: Picture, side: int) -> Picture:
    """The whole picture squeezed to side x side: nothing is cropped away."""
    return np.asarray(cv2.resize(standard_picture(picture), (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def color_layout(picture: Picture) -> Floats:
    """Mean and standard deviation of L* (0..100), a* and b* in 4 x 4 fields: 96 numbers."""
    small = squared(picture, SIDE).astype(np.float32) / 255
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float64)
    step = SIDE // FIELDS
    fields = lab.reshape(FIELDS, step, FIELDS, step, 3).transpose(0, 2, 1, 3, 4).reshape(FIELDS**2, step * step, 3)
    return np.concatenate([fields.mean(axis=1).ravel(), fields.std(axis=1).ravel()])


def spatial_envelope(picture: Picture) -> Floats:
    """Oriented energy in 4 x 4 fields after local contrast normalization: 512 numbers."""
    gray = np.log1p(gray_of(squared(picture, SIDE)).astype(np.float32))
    spectrum = fft.fft2(_whitened(gray), workers=1)
    step = SIDE // FIELDS
    found = []
    for transfer in _gabor_bank():
        energy = np.abs(fft.ifft2(spectrum * transfer, workers=1))
        found.append(energy.reshape(FIELDS, step, FIELDS, step).mean(axis=(1, 3)).ravel())
    return np.concatenate(found).astype(np.float64)


def gradients(picture: Picture) -> Floats:
    """Histograms of 9 gradient directions in cells of 16 pixels, blocks of 2 x 2 cells normalized: 324 numbers."""
    descriptor = cv2.HOGDescriptor((GRADIENT_SIDE, GRADIENT_SIDE), (32, 32), (16, 16), (16, 16), 9)
    found = descriptor.compute(gray_of(squared(picture, GRADIENT_SIDE)))
    return np.asarray(found, dtype=np.float64).ravel()


def _whitened(gray: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Low frequencies taken out and local contrast divided away, both with a Gaussian of the same width."""
    width = SIDE / (2 * np.pi * PREFILTER) * np.sqrt(2 * np.log(2))
    rest = gray - cv2.GaussianBlur(gray, (0, 0), width, borderType=cv2.BORDER_REFLECT)
    spread = np.sqrt(np.abs(cv2.GaussianBlur(rest * rest, (0, 0), width, borderType=cv2.BORDER_REFLECT)))
    return np.asarray(rest / (0.2 + spread), dtype=np.float32)


@lru_cache(maxsize=1)
def _gabor_bank() -> npt.NDArray[np.float32]:
    """Transfer functions, shape (filters, SIDE, SIDE): Gaussians in (radius, angle), one an octave."""
    vertical, horizontal = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    radius, angle = np.hypot(vertical, horizontal), np.arctan2(vertical, horizontal)
    bank = []
    for scale in range(SCALES):
        center = 0.32 / 2**scale  # cycles a pixel
        for orientation in range(ORIENTATIONS):
            turn = (angle - np.pi * orientation / ORIENTATIONS + np.pi) % (2 * np.pi) - np.pi
            near = np.exp(-((radius / center - 1) ** 2) / (2 * 0.35**2) - turn**2 / (2 * (np.pi / ORIENTATIONS) ** 2))
            bank.append(near)
    return np.asarray(bank, dtype=np.float32)
