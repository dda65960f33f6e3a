"""Heads on disk: what is written is read, and broken files are one clear error."""

import json
from pathlib import Path

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.language.heads import load_head, save_head

ARRAYS = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "half": np.ones(2, dtype=np.float16)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    save_head(tmp_path / "new", "head", ARRAYS, {"encoder": "e", "names": ("a", "b")})
    arrays, settings = load_head(tmp_path / "new", "head")
    assert settings == {"encoder": "e", "names": ["a", "b"]}
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_views_are_written_as_they_look(tmp_path: Path) -> None:
    save_head(tmp_path, "head", {"weights": ARRAYS["weights"].T}, {})
    np.testing.assert_array_equal(load_head(tmp_path, "head")[0]["weights"], ARRAYS["weights"].T)


@pytest.mark.parametrize("damage", ["no weights", "no settings", "half", "json", "list", "nan"])
def test_broken_files_are_refused_with_their_place(tmp_path: Path, damage: str) -> None:
    save_head(tmp_path, "head", ARRAYS, {"encoder": "e"})
    weights, settings = tmp_path / "head.safetensors", tmp_path / "head.json"
    if damage == "no weights":
        weights.unlink()
    elif damage == "no settings":
        settings.unlink()
    elif damage == "half":
        weights.write_bytes(weights.read_bytes()[:30])
    elif damage == "json":
        settings.write_text("{")
    elif damage == "list":
        settings.write_text(json.dumps([1]))
    else:
        save_head(tmp_path, "head", {"weights": np.array([np.nan])}, {})
    with pytest.raises(BadInput, match="head cannot be read") as caught:
        load_head(tmp_path, "head")
    assert str(tmp_path) in str(caught.value)
