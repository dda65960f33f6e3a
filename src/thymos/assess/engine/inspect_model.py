"""Our language models as an Inspect model provider: ``thymos/embedded``, ``thymos/<folder>``, ``thymos/<org>/<name>``.

No network is needed for the embedded model, also not for counting tokens. Requests of concurrent samples are batched,
and replies come from the reply cache where it holds them, so an evaluation that was killed redoes nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from thymos.assess.engine.batching import RequestBatcher
from thymos.errors import BadInput
from thymos.language.cache import CachedLanguageModel
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, OptionScores, Progress, Reply

DEFAULT_NEW_TOKENS = 128
# Samples that run at once: enough to fill several batches of a local model.
CONNECTIONS = 512
STOP_REASONS: dict[str, StopReason] = {"stop": "stop", "length": "max_tokens", "content_filter": "content_filter"}


@dataclass(frozen=True)
class Request:
    """What a sample will ask: a reply with these settings, or the scores of these options."""

    messages: tuple[Message, ...]
    settings: GenerationSettings | None = None
    options: tuple[str, ...] = ()


class ThymosModelAPI(ModelAPI):
    """Inspect's view of a LanguageModel.

    Args:
        model_name: as for ``load_language_model``; only a label when ``language_model`` is given.
        base_url: not used; endpoints are named as ``openai:MODEL@http://host:port/v1``.
        api_key: not used.
        config: Inspect's generation defaults.
        language_model: a model that is loaded already.
        arguments: device, dtype, batch_size ... for ``load_language_model`` (``-M`` on Inspect's command line).
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),
        language_model: LanguageModel | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(model_name=model_name, base_url=base_url, api_key=api_key, config=config)
        self._given = language_model
        self._arguments = arguments
        self._replies: dict[tuple[Any, ...], Reply] = {}
        self._scores: dict[tuple[Any, ...], OptionScores] = {}

    @cached_property
    def language_model(self) -> LanguageModel:
        """The model; loaded when first needed, because Inspect builds a provider also to read or score a log."""
        return self._given or load_language_model(self.model_name, **self._arguments)

    @cached_property
    def batcher(self) -> RequestBatcher:
        """The thread that owns the model."""
        return RequestBatcher(self.language_model)

    @property
    def scores_options(self) -> bool:
        """Whether options of a conversation can be scored by log-likelihood."""
        return self.language_model.scores_conversations

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Answer a conversation."""
        if tools:
            raise BadInput(
                "tools are not supported", where=f"thymos/{self.model_name}", mend="use a task without tools"
            )
        messages, settings = as_messages(input), as_settings(config)
        reply = self._replies.pop((messages, settings), None)
        if reply is None:
            reply = await asyncio.wrap_future(self.batcher.reply(messages, settings))
        return as_output(self.model_name, reply)

    async def score_options(self, input: Sequence[ChatMessage], options: Sequence[str]) -> OptionScores:
        """Log-likelihood of each option as the start of the assistant's turn, in nats."""
        messages = as_messages(input)
        scores = self._scores.pop((messages, tuple(options)), None)
        if scores is None:
            scores = await asyncio.wrap_future(self.batcher.scores(messages, options))
        return scores

    def work_ahead(self, requests: Sequence[Request], progress: Progress | None = None) -> None:
        """Answer requests that will be asked, all in one call, so that a local model can batch them as it likes best.

        Inspect hands samples out a few at a time; a local model is fastest when it sees all prompts and computes what
        they share. What was answered here is handed out once when Inspect asks for it.

        Args:
            requests: what will be asked.
            progress: called with (requests done, requests in all).
        """
        done = 0
        for settings, group in _by_settings(requests).items():
            prompts = [request.messages for request in group]
            if settings is None:
                for batch in self.language_model.stream_scores(prompts, [request.options for request in group]):
                    self._scores.update({(prompts[i], group[i].options): scores for i, scores in batch})
                    done += len(batch)
                    _tell(progress, done, len(requests))
            else:
                for finished in self.language_model.stream_replies(prompts, settings):
                    self._replies.update({(prompts[i], settings): reply for i, reply in finished})
                    done += len(finished)
                    _tell(progress, done, len(requests))

    async def count_text_tokens(self, text: str) -> int:
        """Number of tokens by the model's own tokenizer; a quarter of the characters for endpoints."""
        tokenizer = getattr(inner_model(self.language_model), "tokenizer", None)
        if tokenizer is None:
            return max(1, len(text) // 4)
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    async def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, without special tokens."""
        tokenizer = getattr(inner_model(self.language_model), "tokenizer", None)
        if tokenizer is None:
            raise BadInput("an endpoint's tokenizer is not here", where=f"thymos/{self.model_name}")
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    def max_connections(self) -> int:
        """Requests that may wait at once."""
        return CONNECTIONS

    def connection_key(self) -> str:
        """Models do not share connections."""
        return f"thymos/{self._given.identity if self._given else self.model_name}"

    async def aclose(self) -> None:
        """End the worker thread."""
        if "batcher" in self.__dict__:
            self.batcher.close()


# Not as a decorator: Inspect would put a function in the class's place.
thymos_provider: Callable[..., ModelAPI] = modelapi(name="thymos")(ThymosModelAPI)


def _by_settings(requests: Sequence[Request]) -> dict[GenerationSettings | None, list[Request]]:
    groups: dict[GenerationSettings | None, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.settings, []).append(request)
    return groups


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def inner_model(model: LanguageModel) -> LanguageModel:
    """The model under a reply cache."""
    return model.model if isinstance(model, CachedLanguageModel) else model


def as_inspect_model(model: LanguageModel, *, temperature: float | None = None) -> Model:
    """An Inspect model over a language model that is loaded already.

    Example:
        >>> inspect_ai.eval(task, model=as_inspect_model(load_language_model("embedded")))  # doctest: +SKIP
    """
    config = GenerateConfig(temperature=temperature, max_connections=CONNECTIONS)
    return Model(thymos_provider(model.name, config=config, language_model=model), config)


def as_messages(messages: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """Inspect's messages as ours; only text is kept, and other content is refused."""
    converted = []
    for message in messages:
        if not isinstance(message.content, str) and any(part.type != "text" for part in message.content):
            raise BadInput("only text can be sent to a language model", where="conversation")
        converted.append(Message(message.role, message.text))
    return tuple(converted)


def as_settings(config: GenerateConfig) -> GenerationSettings:
    """Inspect's generation config as ours; what it leaves open is greedy with at most 128 new tokens."""
    return GenerationSettings(
        max_new_tokens=config.max_tokens or DEFAULT_NEW_TOKENS,
        temperature=config.temperature or 0.0,
        top_p=config.top_p or 1.0,
        seed=config.seed or 0,
        stop=tuple(config.stop_seqs or ()),
    )


def as_config(settings: GenerationSettings) -> GenerateConfig:
    """The inverse of ``as_settings``."""
    return GenerateConfig(
        max_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        seed=settings.seed,
        stop_seqs=list(settings.stop) or None,
    )


def as_output(model_name: str, reply: Reply) -> ModelOutput:
    """A reply as Inspect's output, with token counts."""
    return ModelOutput(
        model=model_name,
        choices=[
            ChatCompletionChoice(
                message=ChatMessageAssistant(content=reply.text, model=model_name, source="generate"),
                stop_reason=STOP_REASONS.get(reply.finish_reason, "unknown"),
            )
        ],
        usage=ModelUsage(
            input_tokens=reply.prompt_tokens,
            output_tokens=reply.completion_tokens,
            total_tokens=reply.prompt_tokens + reply.completion_tokens,
        ),
    )
