"""From a short text to a language model or a sentence encoder: embedded, a folder, a Hugging Face id, an endpoint."""

from pathlib import Path
from typing import Literal

from thymos.errors import BadInput
from thymos.language import embedded
from thymos.language.cache import CachedEncoder, CachedLanguageModel, ReplyCache
from thymos.language.encoders import SentenceEncoder, load_encoder_folder
from thymos.language.folders import ModelFolder, named_folder
from thymos.language.model import LanguageModel

STATES = "states:"
FORMS = "'embedded', a model folder, 'org/name' or 'hf:org/name', 'openai:MODEL' or 'openai:MODEL@http://host:port/v1'"


def load_language_model(
    spec: str = "embedded",
    *,
    cache: ReplyCache | Literal["default"] | None = "default",
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int = 64,
    concurrency: int = 4,
) -> LanguageModel:
    """Load a language model.

    Args:
        spec: ``"embedded"`` or ``"smollm2"`` for SmolLM2-135M-Instruct; a folder with a Hugging Face model;
            ``"org/name"`` or ``"hf:org/name"`` for a model of the Hugging Face cache or hub; ``"openai:MODEL"`` for an
            endpoint at OPENAI_BASE_URL (OpenAI's own when unset) or ``"openai:MODEL@http://host:port/v1"`` for one
            elsewhere, with the key in OPENAI_API_KEY.
        cache: where replies are kept; ``"default"`` is the user's cache, None keeps nothing.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` ...; not used for endpoints.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``; not used for endpoints.
        batch_size: conversations that a local model generates together.
        concurrency: requests that an endpoint gets at once.

    Returns:
        A model; wrapped in a :class:`~thymos.language.cache.CachedLanguageModel` unless ``cache`` is None.

    Raises:
        BadInput: when the spec has no known form, or a folder holds no model.
        Unavailable: when the embedded model's package or a Hugging Face model cannot be had.

    Example:
        >>> model = load_language_model("embedded")  # doctest: +SKIP
        >>> model.chat([[Message("user", "I lost my keys.")]])[0].text  # doctest: +SKIP
    """
    model = _load(spec, device, dtype, batch_size, concurrency)
    if cache is None:
        return model
    return CachedLanguageModel(model, ReplyCache() if cache == "default" else cache)


def _load(spec: str, device: str, dtype: str, batch_size: int, concurrency: int) -> LanguageModel:
    if spec.startswith("openai:"):
        # Imported here, so that offline use does not pay for the client.
        from thymos.language.endpoint import EndpointLanguageModel

        model, base_url = parse_endpoint(spec)
        return EndpointLanguageModel(model, base_url, concurrency=concurrency).discover()
    found = find_model(spec)
    # Imported here, because torch and transformers take seconds to import.
    from thymos.language.local import load_local

    return load_local(
        found.path, name=found.name, identity=found.identity, device=device, dtype=dtype, batch_size=batch_size
    )


def find_model(spec: str) -> ModelFolder:
    """The folder of a local model: embedded, a path, or a Hugging Face id."""
    if spec in ("embedded", "smollm2"):
        return embedded.smollm2()
    found = named_folder(spec)
    if found is None:
        raise BadInput(f"unknown language model {spec!r}", mend=f"use {FORMS}")
    return found


def parse_endpoint(spec: str) -> tuple[str, str | None]:
    """Model and base URL of ``"openai:MODEL"`` or ``"openai:MODEL@http://host:port/v1"``."""
    model, separator, rest = spec.removeprefix("openai:").partition("@http")
    if not model:
        raise BadInput(f"{spec!r} names no model", mend="write 'openai:MODEL' or 'openai:MODEL@http://host:port/v1'")
    return model, f"http{rest}" if separator else None


def load_encoder(
    spec: str = "multilingual-e5",
    *,
    prefix: str | None = None,
    cache: str | Path | None = "default",
    device: str = "auto",
) -> SentenceEncoder:
    """Load a sentence encoder.

    Args:
        spec: ``"multilingual-e5"`` (100 languages, embedded), ``"minilm"`` (English, embedded), a folder, or a
            Hugging Face id (``"org/name"`` or ``"hf:org/name"``). Vectors are means over the last layer's tokens.
            ``"states:embedded"`` (or ``"states:"`` and another language model on this machine) gives the mean hidden
            state at half the depth of a frozen language model.
        prefix: put in front of every text; by default ``"query: "`` for multilingual-e5, as its authors advise for
            features and similarity, and nothing for the others.
        cache: the SQLite file where vectors are kept; ``"default"`` is one file an encoder in the user's cache,
            None keeps nothing.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` ...

    Returns:
        An encoder; wrapped in a :class:`~thymos.language.cache.CachedEncoder` unless ``cache`` is None.

    Raises:
        Unavailable: when an embedded model's package or a Hugging Face model cannot be had.
        BadInput: when the spec has no known form, or a folder holds no encoder.

    Example:
        >>> vectors = load_encoder("minilm").encode(["I am glad.", "I am happy."])  # doctest: +SKIP
        >>> float(vectors[0] @ vectors[1])  # doctest: +SKIP
        0.83
    """
    found: ModelFolder | None
    limit = None
    if spec.startswith(STATES):
        return _cached(_state_encoder(spec.removeprefix(STATES), device), cache)
    if spec in ("multilingual-e5", "multilingual-e5-small"):
        found = embedded.multilingual_e5()
        prefix = "query: " if prefix is None else prefix
    elif spec in ("minilm", "all-minilm-l6-v2"):
        found, limit = embedded.minilm(), 256  # the length that its authors set
    else:
        found = named_folder(spec)
    if found is None:
        raise BadInput(f"unknown encoder {spec!r}", mend="use 'multilingual-e5', 'minilm', a folder or 'org/name'")
    encoder = load_encoder_folder(
        found.path, name=found.name, identity=found.identity, prefix=prefix or "", max_tokens=limit, device=device
    )
    return _cached(encoder, cache)


def _cached(encoder: SentenceEncoder, cache: str | Path | None) -> SentenceEncoder:
    if cache is None:
        return encoder
    return CachedEncoder(encoder, None if cache == "default" else cache)


def _state_encoder(spec: str, device: str) -> SentenceEncoder:
    # Imported here: whoever only encodes sentences does not pay for the tap.
    from thymos.language.local import LocalLanguageModel
    from thymos.language.state_encoder import LanguageStateEncoder

    model = load_language_model(spec, cache=None, device=device)
    if not isinstance(model, LocalLanguageModel):
        raise BadInput(f"the states of {spec!r} cannot be read", mend="name a language model on this machine")
    return LanguageStateEncoder(model)
