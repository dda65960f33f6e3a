"""Picture files: orientation, colors, gray, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thymos.errors import BadInput
from thymos.media.pictures import read_gray, read_picture, to_gray


def colors() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)


def test_png_is_read_as_it_is(tmp_path: Path) -> None:
    Image.fromarray(colors()).save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png"), colors())


def test_gray_is_the_same_by_both_ways(tmp_path: Path) -> None:
    Image.fromarray(colors()).save(tmp_path / "a.png")
    gray = read_gray(tmp_path / "a.png")
    assert gray.shape == (7, 5)
    assert np.abs(gray.astype(int) - to_gray(colors()).astype(int)).max() <= 1
    assert to_gray(gray) is gray
    white = to_gray(np.full((1, 1, 3), 255, np.uint8))
    assert white.item() == 255


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_orientation_of_the_camera(tmp_path: Path, orientation: int, turns: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(colors()).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "a.png"), np.rot90(colors(), turns))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_other_kinds_of_pixels_become_rgb(tmp_path: Path, mode: str) -> None:
    suffix = "tif" if mode == "CMYK" else "png"
    Image.fromarray(colors()).convert(mode).save(tmp_path / f"a.{suffix}")
    read = read_picture(tmp_path / f"a.{suffix}")
    assert read.shape == (7, 5, 3)
    assert read.dtype == np.uint8


def test_sixteen_bits_are_scaled_and_not_cut(tmp_path: Path) -> None:
    deep = np.array([[0, 256, 65535, 32768]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    assert read_gray(tmp_path / "a.png").tolist() == [[0, 1, 255, 128]]


def test_bad_pictures(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_picture(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BadInput, match="not a picture"):
        read_picture(tmp_path / "text.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"cut.jpg: this is not a picture that can be read"):
        read_picture(tmp_path / "cut.jpg")
