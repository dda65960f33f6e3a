"""Sentence encoders on a tiny random BERT: mean pooling, unit length, order, limits and errors."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.encoders import TransformerEncoder, folder_limit, load_encoder_folder

TEXTS = ["I feel so happy today", "rain", "She was sad and angry when the rain began.", "", "rain"]


@pytest.fixture(scope="module")
def encoder(tiny_bert: Path) -> TransformerEncoder:
    return load_encoder_folder(tiny_bert, name="tiny", identity="tiny", device="cpu")


def naive(encoder: TransformerEncoder, text: str) -> np.ndarray:
    """One text, no padding: mean over the tokens, then unit length."""
    ids = encoder.tokenizer(encoder.prefix + text)["input_ids"]
    assert len(ids) <= encoder.max_tokens
    with torch.no_grad():
        mean = encoder.model(torch.tensor([ids])).last_hidden_state[0].double().mean(0).numpy()
    return mean / np.linalg.norm(mean)


def test_vectors_equal_one_text_at_a_time(encoder: TransformerEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((5, 24), np.float32)
    np.testing.assert_allclose(vectors, [naive(encoder, text) for text in TEXTS], atol=1e-5)
    assert not np.allclose(vectors[0], vectors[1], atol=0.01)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=6), st.integers(1, 4))
def test_vectors_have_length_one_and_do_not_depend_on_the_batch(
    encoder: TransformerEncoder, texts: list[str], batch_size: int
) -> None:
    vectors = encoder.encode(texts, batch_size=batch_size)
    assert vectors.shape == (len(texts), 24)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = [encoder.encode([text])[0] for text in texts]
    np.testing.assert_allclose(vectors, np.array(alone).reshape(-1, 24), atol=1e-5)


def test_a_prefix_goes_in_front_of_every_text(tiny_bert: Path, encoder: TransformerEncoder) -> None:
    prefixed = load_encoder_folder(tiny_bert, name="t", identity="tiny", prefix="query: ", device="cpu")
    np.testing.assert_allclose(prefixed.encode(["rain"]), encoder.encode(["query: rain"]), atol=1e-6)
    assert prefixed.identity != encoder.identity


def test_long_texts_are_cut_off(encoder: TransformerEncoder) -> None:
    assert encoder.max_tokens == 32
    long = "rain " * 100
    np.testing.assert_allclose(encoder.encode([long]), encoder.encode([long + "happy"]), atol=1e-6)


def test_progress_counts_texts(encoder: TransformerEncoder) -> None:
    seen: list[tuple[int, int]] = []
    encoder.encode(TEXTS, batch_size=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ("one text", "one text where a sequence of texts is needed"),
        (["a", None], "text 1: NoneType is not a text"),
        (["a", float("nan")], "text 1: float is not a text"),
        (["\ud800"], "text 0: the text holds half of a surrogate pair"),
    ],
)
def test_what_is_no_text_is_a_clear_error(encoder: TransformerEncoder, texts: object, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        encoder.encode(texts)  # type: ignore[arg-type]


def test_the_limit_follows_the_folders_own_settings(tiny_bert: Path, tmp_path: Path) -> None:
    assert folder_limit(tiny_bert) == 32
    folder = tmp_path / "bert"
    shutil.copytree(tiny_bert, folder)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 8}))
    assert load_encoder_folder(folder, name="t", identity="t", device="cpu").max_tokens == 8
    assert load_encoder_folder(folder, name="t", identity="t", device="cpu", max_tokens=5).max_tokens == 5
    assert folder_limit(tmp_path) == 512


def test_a_causal_model_without_padding_token_encodes_too(tiny_llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "llama"
    shutil.copytree(tiny_llama, folder)
    settings_file = folder / "tokenizer_config.json"
    content = json.loads(settings_file.read_text())
    content.pop("pad_token")
    settings_file.write_text(json.dumps(content))
    encoder = load_encoder_folder(folder, name="t", identity="t", device="cpu")
    vectors = encoder.encode(["rain", "She was sad and angry."])
    np.testing.assert_allclose(vectors[0], encoder.encode(["rain"])[0], atol=1e-5)


def test_folders_without_an_encoder_are_clear_errors(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no encoder can be loaded from here"):
        load_encoder_folder(tmp_path, name="t", identity="t")
    broken = tmp_path / "broken"
    shutil.copytree(tiny_bert, broken)
    (broken / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(BadInput, match="broken: no encoder can be loaded from here"):
        load_encoder_folder(broken, name="t", identity="t")
