"""What every language model offers: chat, generate, and score options. Back-ends only implement two streams."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

ROLES = ("system", "user", "assistant", "tool")

Normalize = Literal["none", "tokens", "bytes"]
"""How option scores are divided: not at all, by the option's tokens, or by its UTF-8 bytes."""

Progress = Callable[[int, int], None]
"""Called with (requests done, requests in all) after every batch."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    Args:
        role: ``"system"``, ``"user"``, ``"assistant"`` or ``"tool"``.
        content: the text of the turn.
    """

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise BadInput(f"unknown role {self.role!r}", where="message", mend=f"use one of {', '.join(ROLES)}")


Conversation = Sequence[Message]
Prompt = str | Conversation
"""Raw text that is continued as it stands, or a conversation that goes through the model's chat template."""


@dataclass(frozen=True)
class GenerationSettings:
    """How a reply is made. Everything here is part of the cache key.

    Args:
        max_new_tokens: upper bound of the reply's length, in tokens.
        temperature: 0 takes the most probable token each time; above 0 samples.
        top_p: nucleus sampling: the smallest set of tokens with at least this probability, in (0, 1].
        seed: seed of the sampling. A reply depends on the seed and on its own prompt, not on its neighbors in
            the batch; for several samples of one prompt, vary the seed.
        stop: texts that end the reply; the reply is cut before the first one.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given: object = self.stop
        if isinstance(given, str):
            raise BadInput("stop is one text", where="generation settings", mend="write stop=(text,)")
        object.__setattr__(self, "stop", tuple(self.stop))
        for wrong, what, mend in (
            (self.max_new_tokens < 1, f"max_new_tokens is {self.max_new_tokens}", "use 1 or more"),
            (not 0 <= self.temperature < float("inf"), f"temperature is {self.temperature}", "use 0 or more"),
            (not 0 < self.top_p <= 1, f"top_p is {self.top_p}", "use a number in (0, 1]"),
            (any(not text for text in self.stop), "a stop text is empty", "leave it out"),
        ):
            if wrong:
                raise BadInput(what, where="generation settings", mend=mend)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, for cache keys and result files."""
        return asdict(self) | {"stop": list(self.stop)}


@dataclass(frozen=True)
class Reply:
    """What a model said.

    Args:
        text: the reply without special tokens.
        prompt_tokens: tokens of the prompt, 0 where an endpoint does not say.
        completion_tokens: tokens of the reply, 0 where an endpoint does not say.
        finish_reason: ``"stop"`` (the model or a stop text ended it), ``"length"`` (max_new_tokens reached), or
            what an endpoint says, e.g. ``"content_filter"``.
        cached: whether the reply came from the cache.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = "stop"
    cached: bool = False


@dataclass(frozen=True)
class OptionScores:
    """Log-likelihoods of the options of one prompt.

    Args:
        log_likelihoods: shape (options,), in nats, each at most 0.
        token_counts: shape (options,), how many tokens each option has.
        byte_counts: shape (options,), how many UTF-8 bytes each option has.
    """

    log_likelihoods: npt.NDArray[np.float64]
    token_counts: npt.NDArray[np.int64]
    byte_counts: npt.NDArray[np.int64]

    def normalized(self, normalize: Normalize) -> npt.NDArray[np.float64]:
        """The log-likelihoods, divided as asked."""
        if normalize == "none":
            return self.log_likelihoods
        if normalize == "tokens":
            return self.log_likelihoods / self.token_counts
        if normalize == "bytes":
            return self.log_likelihoods / self.byte_counts
        raise BadInput(f"unknown normalization {normalize!r}", mend="use 'none', 'tokens' or 'bytes'")


class LanguageModel(ABC):
    """A language model that can be asked: local, behind an endpoint, or cached.

    A back-end implements :meth:`stream_replies` and :meth:`stream_scores`, which hand out each result as soon as
    its batch is done; everything else follows from them.

    Attributes:
        name: a short name for tables.
        identity: changes whenever the answers could change (weights, precision, endpoint); part of cache keys.
        scores_conversations: whether options can be scored after a conversation (a server may keep its chat template
            to itself).
    """

    name: str
    identity: str
    scores_conversations: bool = True

    @abstractmethod
    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        """Yield finished batches of (index of the prompt, reply), in any order, each index once."""

    @abstractmethod
    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        """Yield finished batches of (index of the prompt, scores of its options), in any order, each index once."""

    def chat(
        self,
        conversations: Sequence[Conversation],
        settings: GenerationSettings | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[Reply]:
        """Answer each conversation, in the order given.

        Args:
            conversations: each a sequence of messages, the last one usually the user's.
            settings: how to generate; greedy with at most 128 new tokens when left out.
            progress: called with (done, all) after every batch.

        Returns:
            One reply a conversation.

        Raises:
            BadInput: for an empty conversation, or one that does not fit the model's context.
            Unavailable: when the model has no chat template or an endpoint cannot be reached.

        Example:
            >>> model = load_language_model("embedded")  # doctest: +SKIP
            >>> model.chat([[Message("user", "I lost my keys.")]])[0].text  # doctest: +SKIP
        """
        for index, conversation in enumerate(conversations):
            check_conversation(conversation, f"conversation {index}")
        return self._collect_replies([tuple(conversation) for conversation in conversations], settings, progress)

    def stream_text(self, conversation: Conversation, settings: GenerationSettings | None = None) -> Iterator[str]:
        """Answer one conversation piece by piece, as the reply is made; the pieces joined are the reply of ``chat``.

        Closing the iterator stops the work. A back-end that cannot stream gives the whole reply as one piece.

        Args:
            conversation: messages, the last one usually the user's.
            settings: as for :meth:`chat`.

        Raises:
            BadInput, Unavailable: as :meth:`chat`, at the first piece at the latest.
        """
        check_conversation(conversation, "conversation")
        return self._stream_text(tuple(conversation), settings or GenerationSettings())

    def _stream_text(self, conversation: Conversation, settings: GenerationSettings) -> Iterator[str]:
        text = self.chat([conversation], settings)[0].text
        if text:
            yield text

    def generate(
        self,
        prompts: Sequence[str],
        settings: GenerationSettings | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[Reply]:
        """Continue each raw text, without a chat template, in the order given; see :meth:`chat`."""
        for index, prompt in enumerate(prompts):
            check_text(prompt, f"prompt {index}")
            if not prompt:
                raise BadInput("the prompt is empty", where=f"prompt {index}", mend="pass a non-empty text")
        return self._collect_replies(list(prompts), settings, progress)

    def score(
        self, prompt: Prompt, options: Sequence[str], *, normalize: Normalize = "none"
    ) -> npt.NDArray[np.float64]:
        """Log-likelihood of each option as the continuation of a prompt.

        The prompt and each option are tokenized on their own and joined. Spaces at the end of a raw text prompt
        are moved to the front of every option first, because byte-level tokenizers keep a space with the word
        that follows: ``score("I feel ", ["sad"])`` equals ``score("I feel", [" sad"])``. With a conversation,
        the options are the start of the assistant's turn.

        Args:
            prompt: a raw text or a conversation.
            options: non-empty texts.
            normalize: ``"none"`` for the sum over an option's tokens, ``"tokens"`` for the mean, ``"bytes"`` for
                the sum over its UTF-8 bytes (does not depend on the tokenizer).

        Returns:
            Shape (options,), in nats (per token or per byte where asked).

        Example:
            >>> model.score("The opposite of sad is", [" happy", " table"]).argmax()  # doctest: +SKIP
            0
        """
        return self.score_batch([prompt], [options], normalize=normalize)[0]

    def score_batch(
        self,
        prompts: Sequence[Prompt],
        options: Sequence[Sequence[str]],
        *,
        normalize: Normalize = "none",
        progress: Progress | None = None,
    ) -> list[npt.NDArray[np.float64]]:
        """Like :meth:`score` for many prompts, each with its own options."""
        if len(prompts) != len(options):
            raise BadInput(f"{len(prompts)} prompts but {len(options)} lists of options", mend="pass one list a prompt")
        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            check_options(prompt, texts, f"prompt {index}")
        found: dict[int, OptionScores] = {}
        for batch in self.stream_scores(prompts, options):
            found.update(batch)
            if progress is not None:
                progress(len(found), len(prompts))
        return [found[index].normalized(normalize) for index in range(len(prompts))]

    def _collect_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings | None, progress: Progress | None
    ) -> list[Reply]:
        found: dict[int, Reply] = {}
        for batch in self.stream_replies(prompts, settings or GenerationSettings()):
            found.update(batch)
            if progress is not None:
                progress(len(found), len(prompts))
        return [found[index] for index in range(len(prompts))]


def check_text(text: object, where: str) -> None:
    """Raise BadInput unless this is a text that can be written as UTF-8."""
    if not isinstance(text, str):
        raise BadInput(f"{type(text).__name__} is not a text", where=where, mend="drop it or fill it in")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(
            "the text holds half of a surrogate pair", where=where, mend="read the source with its right encoding"
        ) from None


def check_conversation(conversation: Conversation, where: str) -> None:
    """Raise BadInput unless this is a non-empty sequence of messages."""
    if isinstance(conversation, str | Message):
        raise BadInput("a sequence of messages is needed", where=where, mend="write [Message('user', ...)]")
    if not conversation:
        raise BadInput("the conversation has no messages", where=where, mend="pass at least one message")
    for message in conversation:
        if not isinstance(message, Message):
            raise BadInput(f"{type(message).__name__} is not a Message", where=where, mend="write Message(role, text)")
        check_text(message.content, where)


def check_options(prompt: Prompt, options: Sequence[str], where: str) -> None:
    """Raise BadInput unless the prompt and every option hold some text."""
    if not isinstance(prompt, str):
        check_conversation(prompt, where)
    else:
        check_text(prompt, where)
        if not prompt.strip(" "):
            raise BadInput("the prompt is empty", where=where, mend="pass a text to condition on")
    if isinstance(options, str) or not len(options):
        raise BadInput("a non-empty list of options is needed", where=where, mend="pass at least one text")
    for option in options:
        check_text(option, where)
        if not option:
            raise BadInput("an option is empty", where=where, mend="leave it out or give it a text")


def as_plain(prompt: Prompt) -> str | list[dict[str, str]]:
    """A prompt as plain values: for chat templates, endpoints and cache keys."""
    return prompt if isinstance(prompt, str) else [{"role": turn.role, "content": turn.content} for turn in prompt]


def move_trailing_spaces(prompt: Prompt, options: Sequence[str]) -> tuple[Prompt, list[str]]:
    """Move spaces at the end of a raw text prompt to the front of each option; see :meth:`LanguageModel.score`."""
    if not isinstance(prompt, str):
        return prompt, list(options)
    kept = prompt.rstrip(" ")
    return kept, [prompt[len(kept) :] + option for option in options]
