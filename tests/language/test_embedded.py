"""Embedded models: where they are looked for, that their hashes are checked, and what the real ones answer."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thymos.errors import BadInput, Unavailable
from thymos.files import file_sha256
from thymos.language import embedded
from thymos.language.embedded import converted, package_files, package_identity, verified_files
from thymos.language.embedded_table import EMBEDDED_PACKAGES
from thymos.language.load import load_encoder, load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package "toy_model" with one file, listed in the table; importing it fails."""
    folder = tmp_path / "site" / "toy_model"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('the code of an embedded package must not run')")
    (folder / "weights.bin").write_bytes(b"good weights")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    entry = {
        "distribution": "toy-model",
        "version": "1.0",
        "model": "Toy",
        "files": {"weights.bin": file_sha256(folder / "weights.bin")},
    }
    monkeypatch.setitem(EMBEDDED_PACKAGES, "toy_model", entry)
    return folder


def test_a_package_is_found_without_running_it(package: Path) -> None:
    assert package_files("toy_model") == {"weights.bin": package / "weights.bin"}
    assert verified_files("toy_model") == {"weights.bin": package / "weights.bin"}
    assert "toy_model" not in sys.modules


def test_an_absent_package_says_how_to_get_it(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMBEDDED_PACKAGES, "no_such_package_x", EMBEDDED_PACKAGES["toy_model"])
    with pytest.raises(Unavailable, match=r"Toy: the package toy-model is not installed; .*--no-deps toy-model==1\.0"):
        package_files("no_such_package_x")
    (package / "weights.bin").unlink()
    with pytest.raises(Unavailable, match=r"weights\.bin is missing; install it with"):
        package_files("toy_model")


def test_a_changed_file_is_refused_and_not_converted(package: Path, tmp_path: Path) -> None:
    (package / "weights.bin").write_bytes(b"evil weights")
    with pytest.raises(BadInput, match=r"weights\.bin: sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}; install it with"):
        converted("toy_model", "toy", lambda source, folder: pytest.fail("must not be converted"))
    assert not list((tmp_path / "cache" / "models").iterdir())


def test_a_package_is_converted_once(package: Path, tmp_path: Path) -> None:
    calls: list[Path] = []

    def convert(source: Path, folder: Path) -> None:
        calls.append(source)
        (folder / "model.safetensors").write_bytes(source.read_bytes())

    first = converted("toy_model", "toy", convert)
    assert converted("toy_model", "toy", convert) == first
    assert calls == [package / "weights.bin"]
    assert (first.path / "model.safetensors").read_bytes() == b"good weights"
    assert first.path.parent == tmp_path / "cache" / "models"
    assert (first.name, first.identity, first.origin) == ("toy", package_identity("toy_model"), "package")


def test_a_new_conversion_gets_a_new_folder(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(source: Path, folder: Path) -> None:
        (folder / "file").touch()

    old = converted("toy_model", "toy", convert)
    monkeypatch.setattr(embedded, "CONVERSION_VERSION", embedded.CONVERSION_VERSION + 1)
    new = converted("toy_model", "toy", convert)
    assert old.path != new.path
    assert old.identity != new.identity


def test_a_failing_conversion_leaves_nothing(package: Path, tmp_path: Path) -> None:
    def convert(source: Path, folder: Path) -> None:
        (folder / "half").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        converted("toy_model", "toy", convert)
    assert not list((tmp_path / "cache" / "models").iterdir())


def test_a_removed_package_is_not_available_even_when_converted(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted("toy_model", "toy", lambda source, folder: (folder / "file").touch())
    (package / "weights.bin").unlink()
    with pytest.raises(Unavailable):
        converted("toy_model", "toy", lambda source, folder: None)


@pytest.mark.parametrize(
    ("variable", "find"),
    [
        ("THYMOS_SMOLLM2", embedded.smollm2),
        ("THYMOS_MULTILINGUAL_E5", embedded.multilingual_e5),
        ("THYMOS_MINILM", embedded.minilm),
    ],
)
def test_a_folder_with_official_weights_takes_precedence(
    variable: str, find: Any, tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tiny_llama))
    found = find()
    assert (found.path, found.origin) == (tiny_llama, "folder")
    assert found.identity.startswith("folder:")
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match=f"set {variable} to a model folder or unset it"):
        find()


def test_the_hub_cache_comes_before_the_package(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THYMOS_SMOLLM2", raising=False)
    asked: list[str] = []

    def cached(hub_id: str) -> Path:
        asked.append(hub_id)
        return tiny_llama

    monkeypatch.setattr(embedded, "hub_cache_folder", cached)
    found = embedded.smollm2()
    assert (found.path, found.name, found.origin) == (tiny_llama, "smollm2-135m-instruct", "hub")
    assert asked == ["HuggingFaceTB/SmolLM2-135M-Instruct"]


def test_the_table_is_complete() -> None:
    for package in EMBEDDED_PACKAGES.values():
        assert set(package) == {"distribution", "version", "model", "source", "license", "files"}
        assert package["files"]
        for digest in package["files"].values():  # type: ignore[attr-defined]
            assert len(digest) == 64
            int(digest, 16)


# The real models. Their folders are converted once into the user's cache.


@pytest.fixture(scope="module")
def smollm2() -> LanguageModel:
    try:
        return load_language_model("embedded", cache=None, device="cpu")
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.model
def test_the_embedded_model_knows_the_capital_of_france(smollm2: LanguageModel) -> None:
    replies = smollm2.chat(
        [[Message("user", "What is the capital of France?")], [Message("user", "What is 2 plus 2? Answer briefly.")]],
        GenerationSettings(max_new_tokens=12),
    )
    assert replies[0].text == "The capital of France is Paris."
    assert replies[0].finish_reason == "stop"


@pytest.mark.model
def test_the_embedded_model_prefers_the_opposite(smollm2: LanguageModel) -> None:
    scores = smollm2.score("The opposite of sad is", [" happy", " table", " seven"])
    assert scores.argmax() == 0
    assert scores[0] == pytest.approx(-2.300, abs=0.01)


@pytest.mark.model
def test_the_embedded_tokenizer_is_the_official_one(smollm2: Any) -> None:
    # Ids by hand from the vocabulary: digits stand alone, a pair of spaces stays a pair.
    pieces = smollm2.tokenizer.convert_ids_to_tokens(smollm2.encode_prompt("I'm 20,  now"))
    assert pieces == ["I", "'m", "Ġ", "2", "0", ",", "Ġ", "Ġnow"]
    chat = smollm2.tokenizer.decode(smollm2.encode_prompt([Message("user", "Hi")]))
    assert chat == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.model
def test_the_embedded_scores_equal_the_naive_loop(smollm2: Any) -> None:
    import torch

    prompt = "She lost her keys on the way home and had to wait in the rain. " * 4 + "She felt"
    options = [" angry", " happy and relieved", " very cold, and a little lonely"]
    prefix = smollm2.encode_prompt(prompt)
    naive = []
    for option in options:
        tokens = smollm2.encode_option(option)
        with torch.no_grad():
            rows = smollm2.model(torch.tensor([prefix + tokens])).logits[0, len(prefix) - 1 : -1].log_softmax(-1)
        naive.append(sum(float(row[token]) for row, token in zip(rows, tokens, strict=True)))
    np.testing.assert_allclose(smollm2.score(prompt, options), naive, atol=1e-4)


GOLDEN_E5 = [0.0417, 0.0012, -0.0429, -0.0505, 0.0491, -0.0523]


def embedded_encoder(spec: str) -> Any:
    try:
        return load_encoder(spec, cache=None, device="cpu")
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.model
def test_multilingual_e5_brings_translations_together() -> None:
    encoder = embedded_encoder("multilingual-e5")
    if encoder.identity.startswith("folder"):
        pytest.skip("official weights are used here, the numbers below are those of the 4-bit copy")
    vectors = encoder.encode(["I am so happy today!", "من امروز خیلی خوشحالم", "The train leaves at nine."])
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.05
    # First numbers of the first vector as the C engine of the package computes them, which also rounds activations
    # to 8 bits.
    np.testing.assert_allclose(vectors[0, :6], GOLDEN_E5, atol=2e-3)


@pytest.mark.model
def test_minilm_tells_feelings_apart() -> None:
    vectors = embedded_encoder("minilm").encode(["I am happy", "I am glad", "I am sad"])
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    # sentence-transformers' documented use: mean pooling, then unit length
    assert vectors[0] @ vectors[1] == pytest.approx(0.6151, abs=1e-3)
