"""Stand-ins of the coach's tests: an encoder of hashed words, a guard of phrases, a model with a script."""

import zlib
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from thymos.language.encoders import SentenceEncoder
from thymos.language.model import GenerationSettings, LanguageModel, Prompt, Reply
from thymos.respond.guard import crisis_text
from thymos.respond.guard.keywords import has_keyword


class HashedWords(SentenceEncoder):
    """Texts as hashed bags of words, length 1."""

    name, identity, dimension = "words", "words", 64

    def encode(self, texts: Sequence[str], *, batch_size: int = 32, progress: Any = None) -> Any:
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, zlib.crc32(word.strip(".,?!").encode()) % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class PhraseGuard:
    """The guard's interface over the phrases of ``respond.guard.keywords``; refuses replies that hold a word."""

    def __init__(self, refused: str = "forbidden") -> None:
        self.refused = refused
        self.read: list[str] = []

    def check_message(self, text: str, history: Sequence[Any] = ()) -> Any:
        self.read.append(text)
        crisis = has_keyword(text)
        return SimpleNamespace(
            risk="crisis" if crisis else "none", categories=("suicide",) if crisis else (), score=float(crisis),
            language="en", help=crisis_text("US", "en", ("suicide",)) if crisis else None,
        )  # fmt: skip

    def check_reply(self, text: str, history: Sequence[Any] = ()) -> Any:
        self.read.append(text)
        allowed = self.refused not in text
        return SimpleNamespace(allowed=allowed, problems=() if allowed else ("refused",), replacement="")


class ScriptedModel(LanguageModel):
    """Says one text after the other, in pieces of five letters; remembers what it was asked."""

    name, identity = "scripted", "scripted"

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.asked: list[Any] = []

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        for number, prompt in enumerate(prompts):
            self.asked.append(prompt)
            yield [(number, Reply(self.texts.pop(0)))]

    def stream_scores(self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]) -> Any:
        raise NotImplementedError

    def stream_text(self, conversation: Any, settings: GenerationSettings | None = None) -> Iterator[str]:
        self.asked.append(conversation)
        text = self.texts.pop(0)
        for start in range(0, len(text), 5):
            yield text[start : start + 5]
