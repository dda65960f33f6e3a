"""From a spec to a model: every form, the cache around it, and what is said about a wrong one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.language import CachedEncoder, CachedLanguageModel, Message, ReplyCache, load_encoder, load_language_model
from thymos.language.encoders import TransformerEncoder
from thymos.language.endpoint import EndpointLanguageModel
from thymos.language.load import parse_endpoint
from thymos.language.local import LocalLanguageModel
from thymos.language.model import GenerationSettings


def test_a_folder_is_loaded_and_cached_by_default(tiny_llama: Path, tmp_path: Path) -> None:
    settings = GenerationSettings(max_new_tokens=4)
    model = load_language_model(str(tiny_llama), device="cpu")
    assert isinstance(model, CachedLanguageModel)
    assert model.name == tiny_llama.name
    first = model.chat([[Message("user", "hi")]], settings)
    again = load_language_model(str(tiny_llama), device="cpu")
    second = again.chat([[Message("user", "hi")]], settings)
    assert second[0].cached
    assert second[0].text == first[0].text
    assert (tmp_path / "cache" / "replies" / "replies.sqlite").is_file()


def test_the_cache_can_be_chosen_or_left_out(tiny_llama: Path, tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "mine.sqlite")
    model = load_language_model(str(tiny_llama), cache=cache, device="cpu")
    assert isinstance(model, CachedLanguageModel)
    assert model.cache is cache
    assert isinstance(load_language_model(str(tiny_llama), cache=None, device="cpu"), LocalLanguageModel)


def test_precision_and_batch_size_are_passed_on(tiny_llama: Path) -> None:
    model: Any = load_language_model(str(tiny_llama), cache=None, device="cpu", dtype="bfloat16", batch_size=3)
    assert model.identity.endswith(":bfloat16")
    assert model.batch_size == 3


def test_embedded_means_smollm2(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_SMOLLM2", str(tiny_llama))
    assert load_language_model("embedded", device="cpu").name == "smollm2-135m-instruct"


def test_an_endpoint_is_loaded_without_asking_it(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = load_language_model(f"openai:org/model:7b@{server.url}", cache=None, concurrency=2)
    assert isinstance(model, EndpointLanguageModel)
    assert (model.model, model.base_url, model.concurrency) == ("org/model:7b", server.url, 2)
    assert server.requests == []
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    cached = load_language_model("openai:gpt")
    assert cached.chat([[Message("user", "hi")]])[0].text == "hello"
    assert cached.chat([[Message("user", "hi")]])[0].cached
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("openai:gpt-5", ("gpt-5", None)),
        ("openai:qwen2.5:7b@http://localhost:11434/v1", ("qwen2.5:7b", "http://localhost:11434/v1")),
        ("openai:a@b@https://host/v1", ("a@b", "https://host/v1")),
    ],
)
def test_endpoint_specs(spec: str, expected: tuple[str, str | None]) -> None:
    assert parse_endpoint(spec) == expected


@pytest.mark.parametrize("spec", ["openai:", "openai:@http://localhost/v1"])
def test_an_endpoint_without_a_model_is_an_error(spec: str) -> None:
    with pytest.raises(BadInput, match="names no model; write 'openai:MODEL'"):
        load_language_model(spec)


def test_unknown_specs_list_the_known_forms(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unknown language model 'gpt'; use 'embedded', a model folder"):
        load_language_model("gpt")
    with pytest.raises(BadInput, match="unknown language model"):
        load_language_model(str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match="unknown encoder 'word2vec'; use 'multilingual-e5', 'minilm'"):
        load_encoder("word2vec")


def test_an_encoder_folder_is_loaded_and_cached_by_default(tiny_bert: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(tiny_bert), device="cpu")
    assert isinstance(encoder, CachedEncoder)
    vectors = encoder.encode(["rain", "happy"])
    again: Any = load_encoder(str(tiny_bert), device="cpu")
    np.testing.assert_array_equal(again.encode(["happy", "rain"]), vectors[::-1])
    assert (again.hits, again.misses) == (2, 0)
    assert len(list((tmp_path / "cache" / "vectors").glob("*.sqlite"))) == 1
    assert isinstance(load_encoder(str(tiny_bert), cache=None, device="cpu"), TransformerEncoder)
    elsewhere = load_encoder(str(tiny_bert), cache=tmp_path / "v.sqlite", device="cpu")
    elsewhere.encode(["rain"])
    assert (tmp_path / "v.sqlite").is_file()


def test_embedded_encoders_have_their_authors_settings(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_MULTILINGUAL_E5", str(tiny_bert))
    monkeypatch.setenv("THYMOS_MINILM", str(tiny_bert))
    e5: Any = load_encoder("multilingual-e5", cache=None, device="cpu")
    assert (e5.prefix, e5.name) == ("query: ", "multilingual-e5-small")
    passages: Any = load_encoder("multilingual-e5", prefix="passage: ", cache=None, device="cpu")
    assert passages.prefix == "passage: "
    minilm: Any = load_encoder("minilm", cache=None, device="cpu")
    assert (minilm.prefix, minilm.max_tokens, minilm.name) == ("", 256, "all-minilm-l6-v2")
