"""Caches on disk, so that an interrupted run resumes with nothing redone: replies, option scores, text vectors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thymos.files import cache_folder, canonical_json, text_sha256
from thymos.language.encoders import SentenceEncoder, check_texts
from thymos.language.model import (
    Conversation,
    GenerationSettings,
    LanguageModel,
    OptionScores,
    Progress,
    Prompt,
    Reply,
    as_plain,
)
from thymos.language.store import Store

# Vectors are kept after each part of this size, so an interrupted run loses at most one part.
TEXTS_PER_COMMIT = 512


class ReplyCache:
    """Replies and option scores on disk, by model, prompt and settings.

    Args:
        path: the SQLite file; in the user's cache when left out.

    Raises:
        BadInput: see :class:`~thymos.language.store.Store`.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else cache_folder("replies") / "replies.sqlite"
        self._store = Store(self.path)

    def __len__(self) -> int:
        return len(self._store)

    def replies(self, keys: Sequence[str]) -> dict[str, Reply]:
        """Those replies that are there, marked as cached."""
        return {key: Reply(**json.loads(value), cached=True) for key, value in self._store.get_many(keys).items()}

    def keep_replies(self, replies: dict[str, Reply]) -> None:
        """Add replies in one transaction."""
        self._store.put_many({key: encode_reply(reply) for key, reply in replies.items()})

    def scores(self, keys: Sequence[str]) -> dict[str, OptionScores]:
        """Those option scores that are there."""
        return {key: decode_scores(value) for key, value in self._store.get_many(keys).items()}

    def keep_scores(self, scores: dict[str, OptionScores]) -> None:
        """Add option scores in one transaction."""
        self._store.put_many({key: encode_scores(value) for key, value in scores.items()})

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._store.close()


class CachedLanguageModel(LanguageModel):
    """A language model that asks only for what its cache does not hold, and keeps each batch as soon as it is done.

    A prompt that occurs twice in one call is asked once.

    Args:
        model: the model that is asked.
        cache: where replies are kept.

    Attributes:
        model: the model that is asked.
        hits: requests answered without asking the model, since this object was made.
        misses: requests that the model was asked.
    """

    def __init__(self, model: LanguageModel, cache: ReplyCache) -> None:
        self.model = model
        self.cache = cache
        self.name = model.name
        self.scores_conversations = model.scores_conversations
        self.hits = 0
        self.misses = 0

    @property
    def identity(self) -> str:  # type: ignore[override]
        """The model's own at this moment: under edits it is another, also where the tap does not know this cache."""
        return self.model.identity

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        """What the cache holds first, then batch by batch what the model says; see :class:`LanguageModel`."""
        keys = [reply_key(self.identity, prompt, settings) for prompt in prompts]
        found = self.cache.replies(keys)
        yield from self._known([(index, found[key]) for index, key in enumerate(keys) if key in found])
        places = missing_places(keys, found)
        asked = [indices[0] for indices in places.values()]
        for batch in self.model.stream_replies([prompts[index] for index in asked], settings) if asked else ():
            self.cache.keep_replies({keys[asked[number]]: reply for number, reply in batch})
            self.misses += len(batch)
            yield [(index, reply) for number, reply in batch for index in self._spread(places[keys[asked[number]]])]

    def _stream_text(self, conversation: Conversation, settings: GenerationSettings) -> Iterator[str]:
        """A kept reply at once, else as the model makes it; a stream is not kept, because it may be closed early."""
        key = reply_key(self.identity, conversation, settings)
        known = self.cache.replies([key]).get(key)
        if known is not None:
            self.hits += 1
            if known.text:
                yield known.text
            return
        self.misses += 1
        yield from self.model.stream_text(conversation, settings)

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        """Like :meth:`stream_replies`, for option scores."""
        keys = [score_key(self.identity, prompt, texts) for prompt, texts in zip(prompts, options, strict=True)]
        found = self.cache.scores(keys)
        known = [(index, found[key]) for index, key in enumerate(keys) if key in found]
        self.hits += len(known)
        if known:
            yield known
        places = missing_places(keys, found)
        asked = [indices[0] for indices in places.values()]
        streams = self.model.stream_scores([prompts[i] for i in asked], [options[i] for i in asked]) if asked else ()
        for batch in streams:
            self.cache.keep_scores({keys[asked[number]]: scores for number, scores in batch})
            self.misses += len(batch)
            yield [(index, scores) for number, scores in batch for index in self._spread(places[keys[asked[number]]])]

    def _known(self, batch: list[tuple[int, Reply]]) -> Iterator[list[tuple[int, Reply]]]:
        self.hits += len(batch)
        if batch:
            yield batch

    def _spread(self, indices: list[int]) -> list[int]:
        self.hits += len(indices) - 1
        return indices


class CachedEncoder(SentenceEncoder):
    """A sentence encoder that encodes each text once and keeps the vector on disk.

    Args:
        encoder: the encoder that is asked.
        path: the SQLite file; one file an encoder in the user's cache when left out.

    Attributes:
        hits: texts answered from the cache; ``misses``: texts that were encoded.
    """

    def __init__(self, encoder: SentenceEncoder, path: str | Path | None = None) -> None:
        self.encoder = encoder
        self.name, self.identity, self.dimension = encoder.name, encoder.identity, encoder.dimension
        file = f"{encoder.name}-{text_sha256(encoder.identity)[:16]}.sqlite".replace("/", "-")
        self._store = Store(path if path is not None else cache_folder("vectors") / file)
        self.hits = 0
        self.misses = 0

    def encode(
        self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """Encode what is not in the cache; see :class:`SentenceEncoder`."""
        check_texts(texts)
        keys = [text_sha256(canonical_json([self.identity, text])) for text in texts]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        found = self._store.get_many(keys)
        for index, key in enumerate(keys):
            if key in found:
                vectors[index] = np.frombuffer(found[key], "<f4")
        places = missing_places(keys, found)
        # Longest first over all missing texts, so that every part holds texts of similar length.
        order = sorted(places, key=lambda key: -len(texts[places[key][0]]))
        self.hits += len(texts) - len(order)
        self.misses += len(order)
        for start in range(0, len(order), TEXTS_PER_COMMIT):
            part = order[start : start + TEXTS_PER_COMMIT]
            fresh = self.encoder.encode([texts[places[key][0]] for key in part], batch_size=batch_size)
            self._store.put_many({key: row.astype("<f4").tobytes() for key, row in zip(part, fresh, strict=True)})
            for key, row in zip(part, fresh, strict=True):
                vectors[places[key]] = row
            if progress is not None:
                progress(len(texts) - len(order) + start + len(part), len(texts))
        return vectors


def reply_key(identity: str, prompt: Prompt, settings: GenerationSettings) -> str:
    """The cache key of one reply: a hash over everything that the reply depends on."""
    content = {"kind": "reply", "model": identity, "prompt": as_plain(prompt), "settings": settings.as_dict()}
    return text_sha256(canonical_json(content))


def score_key(identity: str, prompt: Prompt, options: Sequence[str]) -> str:
    """The cache key of the scores of one prompt's options."""
    content = {"kind": "score", "model": identity, "prompt": as_plain(prompt), "options": list(options)}
    return text_sha256(canonical_json(content))


def missing_places(keys: Sequence[str], found: dict) -> dict[str, list[int]]:
    """For each key that was not found, in order of first occurrence, the places where it stands."""
    places: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        if key not in found:
            places.setdefault(key, []).append(index)
    return places


def encode_reply(reply: Reply) -> bytes:
    """A reply as JSON; whether it was cached is not part of it."""
    fields = {name: value for name, value in vars(replace(reply, cached=False)).items() if name != "cached"}
    return canonical_json(fields).encode()


def encode_scores(scores: OptionScores) -> bytes:
    """Option scores as JSON; Python writes floats so that they come back exactly."""
    return canonical_json({name: values.tolist() for name, values in vars(scores).items()}).encode()


def decode_scores(value: bytes) -> OptionScores:
    """Option scores from JSON."""
    fields = json.loads(value)
    return OptionScores(
        np.array(fields["log_likelihoods"], dtype=np.float64),
        np.array(fields["token_counts"], dtype=np.int64),
        np.array(fields["byte_counts"], dtype=np.int64),
    )
