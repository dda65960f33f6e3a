"""Control vectors in files: what is read is what was written, and llama.cpp would read the same."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader, GGUFWriter
from safetensors.numpy import load_file, save_file

from thymos.errors import BadInput
from thymos.interpret.directions import Directions
from thymos.interpret.export import (
    check_vectors,
    control_vectors,
    export_gguf,
    export_safetensors,
    read_gguf,
    read_safetensors,
)
from thymos.language.tap import Place, Site

VECTORS = {layer: np.random.default_rng(layer).standard_normal(7) for layer in (3, 1, 12)}


@pytest.fixture
def directions() -> Directions:
    """Two emotions, three layers, two sites."""
    rng = np.random.default_rng(0)
    places = [Place(site, layer) for site in (Site.RESIDUAL, Site.RESIDUAL_MIDDLE) for layer in range(3)]
    vectors = {place: rng.standard_normal((2, 5)) for place in places}
    vectors = {place: values / np.linalg.norm(values, axis=1, keepdims=True) for place, values in vectors.items()}
    centers = {place: np.zeros(5) for place in places}
    scales = {place: 2.0 + place.layer for place in places if place.layer is not None}
    return Directions(("joy", "fear"), vectors, centers, scales, "m")


def as_float32(vectors: dict[int, Any]) -> dict[int, list[float]]:
    """Vectors as they can be compared."""
    return {layer: np.asarray(vector, dtype=np.float32).tolist() for layer, vector in sorted(vectors.items())}


def llama_loads(path: Path) -> np.ndarray:
    """The buffer that llama.cpp's loader makes of a file: row N - 1 is ``direction.N``, gaps are 0; layer N gets it."""
    found = {tensor.name: tensor for tensor in GGUFReader(path).tensors}
    layers = {}
    for name, tensor in found.items():
        head, _, number = name.partition(".")
        assert head == "direction"
        assert int(number) > 0
        assert tensor.tensor_type.name == "F32"
        assert len(tensor.shape) == 1
        layers[int(number)] = np.array(tensor.data)
    buffer = np.zeros((max(layers), len(next(iter(layers.values())))))
    for layer, vector in layers.items():
        buffer[layer - 1] = vector
    return buffer


class TestGguf:
    def test_what_is_read_is_what_was_written(self, tmp_path: Path) -> None:
        path = export_gguf(VECTORS, tmp_path / "v.gguf", "llama", {"emotion": "fear", "model": "größer"})
        found = read_gguf(path)
        assert as_float32(found.vectors) == as_float32(VECTORS)
        assert list(found.vectors) == [1, 3, 12]
        assert found.metadata["general.architecture"] == "controlvector"
        assert found.metadata["controlvector.model_hint"] == "llama"
        assert found.metadata["controlvector.layer_count"] == "3"
        assert found.metadata["thymos.model"] == "größer"

    def test_llama_cpp_finds_each_vector_at_its_layer(self, tmp_path: Path) -> None:
        buffer = llama_loads(export_gguf(VECTORS, tmp_path / "v.gguf", "llama"))
        assert buffer.shape == (12, 7)
        for layer, vector in VECTORS.items():
            np.testing.assert_allclose(buffer[layer - 1], vector, rtol=1e-6)
        assert not buffer[1].any()

    def test_the_bytes_are_those_of_the_format(self, tmp_path: Path) -> None:
        data = export_gguf(VECTORS, tmp_path / "v.gguf", "llama").read_bytes()
        magic, version, tensors, keys = struct.unpack("<4sIQQ", data[:24])
        assert (magic, version, tensors, keys) == (b"GGUF", 3, 3, 3)

    def test_a_file_of_repeng_is_read(self, tmp_path: Path) -> None:
        writer = GGUFWriter(tmp_path / "r.gguf", "controlvector")
        writer.add_string("controlvector.model_hint", "mistral")
        writer.add_uint32("controlvector.layer_count", 2)
        for layer in (31, 30):
            writer.add_tensor(f"direction.{layer}", np.full(4, layer, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        assert as_float32(read_gguf(tmp_path / "r.gguf").vectors) == {30: [30.0] * 4, 31: [31.0] * 4}

    def test_layer_0_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="no direction for layer 0; leave layer 0 out"):
            export_gguf({0: np.ones(3), 1: np.ones(3)}, tmp_path / "v.gguf", "llama")
        assert not list(tmp_path.iterdir())

    def test_the_model_hint_is_needed(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="no model hint"):
            export_gguf(VECTORS, tmp_path / "v.gguf", "")

    @pytest.mark.parametrize(
        "content", [b"", b"GGUF", b"not a file of vectors at all", b"GGUF\x03\0\0\0" + b"\xff" * 40]
    )
    def test_a_file_of_something_else_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "x.gguf").write_bytes(content)
        with pytest.raises(BadInput, match="no whole GGUF file"):
            read_gguf(tmp_path / "x.gguf")

    def test_a_file_that_was_cut_off_is_refused(self, tmp_path: Path) -> None:
        data = export_gguf(VECTORS, tmp_path / "v.gguf", "llama").read_bytes()
        for size in (len(data) - 40, len(data) // 2, 30):
            (tmp_path / "cut.gguf").write_bytes(data[:size])
            with pytest.raises(BadInput, match=r"cut\.gguf"):
                read_gguf(tmp_path / "cut.gguf")

    @pytest.mark.parametrize(
        ("architecture", "name", "values", "message"),
        [
            ("llama", "direction.1", np.ones(3, np.float32), "holds 'llama', not control vectors"),
            ("controlvector", "direction.0", np.ones(3, np.float32), "direction for layer 0"),
            ("controlvector", "direction.one", np.ones(3, np.float32), "direction.one names no layer"),
            ("controlvector", "direction.1", np.ones(3, np.float16), "direction.1 is not float32"),
            ("controlvector", "direction.1", np.ones((3, 2), np.float32), r"shape \(3, 2\)"),
            ("controlvector", "other", np.ones(3, np.float32), "no layers"),
        ],
    )
    def test_what_llama_cpp_would_refuse_is_refused(
        self, tmp_path: Path, architecture: str, name: str, values: np.ndarray, message: str
    ) -> None:
        writer = GGUFWriter(tmp_path / "x.gguf", architecture)
        writer.add_tensor(name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        with pytest.raises(BadInput, match=message):
            read_gguf(tmp_path / "x.gguf")


class TestSafetensors:
    def test_what_is_read_is_what_was_written(self, tmp_path: Path) -> None:
        path = export_safetensors({0: np.ones(7), **VECTORS}, tmp_path / "v.safetensors", {"strength": "8"})
        found = read_safetensors(path)
        assert as_float32(found.vectors) == as_float32({0: np.ones(7), **VECTORS})
        assert found.metadata == {"strength": "8", "format": "thymos control vectors 1"}
        assert load_file(path)["direction.3"].dtype == np.float32

    def test_directions_keep_their_emotions(self, tmp_path: Path, directions: Directions) -> None:
        path = export_safetensors(directions, tmp_path / "d.safetensors")
        for emotion in directions.emotions:
            found = read_safetensors(path, emotion)
            assert list(found.vectors) == [0, 1, 2]
            expected = directions.vector(Place(Site.RESIDUAL, 2), emotion)
            np.testing.assert_allclose(found.vectors[2], expected, rtol=1e-6)
        assert found.metadata["model"] == "m"
        with pytest.raises(BadInput, match="name one of fear, joy"):
            read_safetensors(path)

    def test_a_file_of_something_else_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x.safetensors").write_bytes(b"something else")
        with pytest.raises(BadInput, match="cannot be read"):
            read_safetensors(tmp_path / "x.safetensors")
        save_file({"weight": np.ones(3)}, tmp_path / "w.safetensors")
        with pytest.raises(BadInput, match=r"no tensors direction\.N; use a file that export_safetensors wrote"):
            read_safetensors(tmp_path / "w.safetensors")
        with pytest.raises(BadInput, match="no such file"):
            read_safetensors(tmp_path / "none.safetensors")


class TestControlVectors:
    def test_they_are_as_long_as_asked_in_units_of_the_layer(self, directions: Directions) -> None:
        found = control_vectors(directions, "fear", strength=3)
        assert list(found) == [1, 2], "llama.cpp cannot steer layer 0"
        for layer, vector in found.items():
            assert np.linalg.norm(vector) == pytest.approx(3 * directions.scales[Place(Site.RESIDUAL, layer)])
            assert vector @ directions.vector(Place(Site.RESIDUAL, layer), "fear") > 0
        assert list(control_vectors(directions, "joy", layers=[0, 2])) == [0, 2]

    def test_what_is_not_there_is_refused(self, directions: Directions) -> None:
        with pytest.raises(BadInput, match="no direction for 'awe'"):
            control_vectors(directions, "awe")
        with pytest.raises(BadInput, match="no directions for residual_after_mlp 9"):
            control_vectors(directions, "joy", layers=[9])


BAD: list[tuple[Any, str]] = [
    ({}, "there are no layers"),
    ({-1: np.ones(3)}, "no layer -1"),
    ({True: np.ones(3)}, "no layer True"),
    ({"1": np.ones(3)}, "no layer '1'"),
    ({1: np.ones((3, 3))}, r"layer 1: the vector has shape \(3, 3\)"),
    ({1: np.ones(0)}, r"shape \(0,\)"),
    ({1: ["a", "b"]}, "not made of numbers"),
    ({1: np.ones(3), 2: np.ones(4)}, "layer 1 has width 3, layer 2 has 4"),
    ({1: np.array([1.0, np.nan])}, "layer 1: the vector has numbers that are not finite"),
    ({2: np.array([1.0, 1e300])}, "layer 2: the vector has numbers that are not finite in float32"),
]


@pytest.mark.parametrize(("vectors", "message"), BAD)
def test_vectors_that_no_file_should_hold(tmp_path: Path, vectors: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        check_vectors(vectors, "v")
    with pytest.raises(BadInput, match=message):
        export_gguf(vectors, tmp_path / "v.gguf", "llama")
    with pytest.raises(BadInput, match=message):
        export_safetensors(vectors, tmp_path / "v.safetensors")
    assert not list(tmp_path.iterdir()), "nothing is half-written"


@pytest.mark.parametrize("metadata", [{"strength": 8}, {8: "strength"}])
def test_metadata_are_texts(tmp_path: Path, metadata: Any) -> None:
    with pytest.raises(BadInput, match="is not a text"):
        export_gguf(VECTORS, tmp_path / "v.gguf", "llama", metadata)
    with pytest.raises(BadInput, match="is not a text"):
        export_safetensors(VECTORS, tmp_path / "v.safetensors", metadata)


def test_an_old_file_stays_when_the_new_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export_gguf(VECTORS, tmp_path / "v.gguf", "llama")
    before = path.read_bytes()

    def full(self: Any, *args: Any, **kwargs: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(GGUFWriter, "write_tensors_to_file", full)
    with pytest.raises(OSError, match="no space"):
        export_gguf({1: np.zeros(7)}, path, "llama")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["v.gguf"]
