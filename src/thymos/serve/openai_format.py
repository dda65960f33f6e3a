"""The part of OpenAI's HTTP interface that the model server speaks: requests, answers and errors as plain JSON.

What a request asks and the server cannot do is refused and not passed over in silence, because an evaluation that
believes it sampled with a penalty, say, would report something else than it ran.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from thymos.files import canonical_json
from thymos.language.model import GenerationSettings, Message, OptionScores, Reply

CHAT_TOKENS = 512  # length of a chat reply when the request names none, as far as the context has room
COMPLETION_TOKENS = 16  # OpenAI's own default for completions
MAX_TOP_LOGPROBS = 5
STREAMED_CHARACTERS = 24  # size of the pieces of a streamed reply

# Fields without influence on the reply, and the values of other fields that change nothing.
WITHOUT_EFFECT = frozenset(
    {"user", "metadata", "store", "service_tier", "parallel_tool_calls", "safety_identifier", "prompt_cache_key"}
)
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "suffix": ("",),
    "top_logprobs": (0,),
    "modalities": (["text"],),
}


class ApiError(Exception):
    """An answer other than 200, in OpenAI's form.

    Args:
        status: HTTP status.
        message: one sentence.
        kind: ``"invalid_request_error"``, ``"server_error"`` ...
        parameter: the field that is meant.
        code: a short word that programs read.
        retry_after: seconds that the client should wait.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        parameter: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.parameter = parameter
        self.code = code
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        fields = {"message": self.message, "type": self.kind, "param": self.parameter, "code": self.code}
        return {"error": fields}


class StreamOptions(BaseModel):
    """What a streamed answer holds besides the text."""

    include_usage: bool = False


class GenerationRequest(BaseModel):
    """What chat and completion requests share."""

    model_config = ConfigDict(extra="allow", strict=False)

    model: str
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = Field(default=None, ge=0)
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    def check_extra(self) -> None:
        """Refuse fields that would change the reply and that this server does not know.

        Raises:
            ApiError: 400 with the field's name.
        """
        for name, value in (self.model_extra or {}).items():
            if name in WITHOUT_EFFECT or value is None or value is False or value in NEUTRAL.get(name, ()):
                continue
            raise ApiError(
                400,
                f"this server does not support {name!r}; leave it out",
                parameter=name,
                code="unsupported_parameter",
            )

    def stop_texts(self) -> tuple[str, ...]:
        """The texts that end a reply."""
        return () if self.stop is None else (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)

    def settings(self, max_new_tokens: int, fresh_seed: int) -> GenerationSettings:
        """Generation settings; what is left out has OpenAI's defaults: temperature 1, top_p 1, a fresh seed."""
        return GenerationSettings(
            max_new_tokens=max_new_tokens,
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            seed=fresh_seed if self.seed is None else self.seed,
            stop=self.stop_texts(),
        )


class TextPart(BaseModel):
    """One part of a message; only text is taken."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart]

    def as_message(self) -> Message:
        """The turn as our language models take it; "developer" is OpenAI's newer word for "system"."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, text)


class ChatRequest(GenerationRequest):
    """Body of ``/v1/chat/completions``."""

    messages: list[ChatMessage] = Field(min_length=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)

    def tokens(self) -> int | None:
        """The asked length of the reply; the newer name wins."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens


class CompletionRequest(GenerationRequest):
    """Body of ``/v1/completions``."""

    prompt: str | list[str]
    echo: bool | None = None
    logprobs: int | None = Field(default=None, ge=0, le=MAX_TOP_LOGPROBS)

    def prompts(self) -> list[str]:
        """One or several texts."""
        return [self.prompt] if isinstance(self.prompt, str) else list(self.prompt)


class OptionRequest(GenerationRequest):
    """Body of ``/v1/score_options``, which OpenAI does not have: log-likelihoods of options after a conversation."""

    messages: list[ChatMessage] = Field(min_length=1)
    options: list[str] = Field(min_length=1)


def option_answer(model: str, scores: OptionScores) -> dict[str, Any]:
    """The answer to a request for option scores; see :class:`~thymos.language.model.OptionScores`."""
    values = {name: numbers.tolist() for name, numbers in vars(scores).items()}
    return envelope("option_scores", model) | values


def usage(replies: list[Reply]) -> dict[str, int]:
    """Token counts over all replies of one answer."""
    prompt, completion = sum(r.prompt_tokens for r in replies), sum(r.completion_tokens for r in replies)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def envelope(kind: str, model: str) -> dict[str, Any]:
    """What every answer starts with."""
    prefix = "chatcmpl" if kind.startswith("chat") else "cmpl"
    return {"id": f"{prefix}-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def chat_answer(model: str, reply: Reply) -> dict[str, Any]:
    """The answer to a chat request."""
    message = {"role": "assistant", "content": reply.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return envelope("chat.completion", model) | {"choices": [choice], "usage": usage([reply])}


def completion_answer(model: str, replies: list[Reply], logprobs: list[dict[str, Any] | None]) -> dict[str, Any]:
    """The answer to a completion request, one choice a prompt."""
    choices = [
        {"index": index, "text": reply.text, "logprobs": found, "finish_reason": reply.finish_reason}
        for index, (reply, found) in enumerate(zip(replies, logprobs, strict=True))
    ]
    return envelope("text_completion", model) | {"choices": choices, "usage": usage(replies)}


def chat_events(model: str, reply: Reply, *, with_usage: bool) -> Iterator[str]:
    """A chat reply as server-sent events."""
    head = envelope("chat.completion.chunk", model)
    yield chat_chunk(head, {"role": "assistant", "content": ""})
    for piece in pieces(reply.text):
        yield chat_chunk(head, {"content": piece})
    yield chat_chunk(head, {}, reply.finish_reason)
    if with_usage:
        yield _event(head | {"choices": [], "usage": usage([reply])})
    yield "data: [DONE]\n\n"


def chat_chunk(head: dict[str, Any], delta: dict[str, Any], reason: str | None = None) -> str:
    """One piece of a streamed chat reply; ``head`` is the same ``envelope`` for all of them."""
    return _event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})


def completion_events(model: str, replies: list[Reply], *, with_usage: bool) -> Iterator[str]:
    """Completions as server-sent events."""
    head = envelope("text_completion", model)
    for index, reply in enumerate(replies):
        parts = pieces(reply.text) or [""]
        for number, piece in enumerate(parts, start=1):
            reason = reply.finish_reason if number == len(parts) else None
            choice = {"index": index, "text": piece, "logprobs": None, "finish_reason": reason}
            yield _event(head | {"choices": [choice]})
    if with_usage:
        yield _event(head | {"choices": [], "usage": usage(replies)})
    yield "data: [DONE]\n\n"


def pieces(text: str) -> list[str]:
    """A text cut into parts of a few words' length; joined they are the text."""
    return [text[start : start + STREAMED_CHARACTERS] for start in range(0, len(text), STREAMED_CHARACTERS)]


def _event(body: dict[str, Any]) -> str:
    return f"data: {canonical_json(body)}\n\n"
