"""A language model behind OpenAI's HTTP interface, for evaluation on this machine.

This is the raw model: nothing reads the messages for a crisis, and nothing guards the replies. It is a bench for
evaluations and must not be put in front of people; that is why it listens on this machine only.

One worker thread owns the model. Requests that wait at the same time run as one batch, so clients that ask
concurrently get more tokens a second than those that ask one by one.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pydantic
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from thymos import __version__
from thymos.assess.engine.batching import RequestBatcher
from thymos.assess.engine.inspect_model import inner_model
from thymos.language.endpoint import OPTION_SCORES
from thymos.language.local import LocalLanguageModel
from thymos.language.model import LanguageModel, Message, OptionScores, Prompt, Reply, check_options, check_text
from thymos.serve.error_answers import add_error_answers, first_problem
from thymos.serve.openai_format import (
    CHAT_TOKENS,
    COMPLETION_TOKENS,
    ApiError,
    ChatRequest,
    CompletionRequest,
    GenerationRequest,
    OptionRequest,
    chat_answer,
    chat_events,
    completion_answer,
    completion_events,
    option_answer,
)
from thymos.serve.prompt_scores import TokenScores, local_model, score_tokens

WAITING_LIMIT = 1024  # requests that may wait; more are told to come back
RETRY_AFTER = 1  # seconds

Body = TypeVar("Body", bound=GenerationRequest)


class ModelServer:
    """What the server's routes share: the model, its worker, and the count of requests under way.

    Args:
        model: the model that answers.
        aliases: further names under which clients may ask for it.
        waiting_limit: requests that may wait or run at once.
    """

    def __init__(self, model: LanguageModel, aliases: Iterable[str] = (), waiting_limit: int = WAITING_LIMIT) -> None:
        self.model = model
        self.names = (model.name, *(name for name in dict.fromkeys(aliases) if name != model.name))
        self.waiting_limit = waiting_limit
        self.under_way = 0
        self.batcher = RequestBatcher(model)
        # Scoring a text is one forward pass, which several texts at once would not make faster.
        self.scorer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scores")

    def close(self) -> None:
        """End both threads after what they are doing."""
        self.scorer.shutdown(wait=True, cancel_futures=True)
        self.batcher.close()

    def check_name(self, name: str) -> None:
        """Refuse another model's name.

        Raises:
            ApiError: 404.
        """
        if name not in self.names:
            known = ", ".join(self.names)
            raise ApiError(
                404, f"there is no model {name!r} here; known: {known}", parameter="model", code="model_not_found"
            )

    async def replies(self, prompts: Sequence[Prompt], request: GenerationRequest, asked: int | None) -> list[Reply]:
        """One reply a prompt.

        Args:
            prompts: conversations or texts.
            request: sampling settings.
            asked: the reply's length in tokens, or None for the server's default.
        """
        default = CHAT_TOKENS if isinstance(request, ChatRequest) else COMPLETION_TOKENS
        if asked == 0:
            raise ApiError(400, "max_tokens is 0, which only goes with echo in completions", parameter="max_tokens")
        seed = secrets.randbits(32)
        wanted = [request.settings(self.room(prompt, asked, default), seed) for prompt in prompts]
        with self.one_more(len(prompts)):
            futures = [self.batcher.reply(prompt, one) for prompt, one in zip(prompts, wanted, strict=True)]
            return list(await asyncio.gather(*(asyncio.wrap_future(future) for future in futures)))

    async def option_scores(self, conversation: Sequence[Message], options: Sequence[str]) -> OptionScores:
        """Log-likelihoods of options as the start of the assistant's turn."""
        check_options(conversation, options, "options")
        inner = inner_model(self.model)
        if isinstance(inner, LocalLanguageModel):
            self.room(conversation, max(len(inner.encode_option(option)) for option in options), 1)
        with self.one_more(1):
            return await asyncio.wrap_future(self.batcher.scores(tuple(conversation), options))

    async def token_scores(self, texts: Sequence[str], top: int) -> list[TokenScores]:
        """Log-probabilities of every token of each text."""
        model = local_model(self.model)
        with self.one_more(len(texts)):
            futures = [self.scorer.submit(score_tokens, model, text, top) for text in texts]
            return list(await asyncio.gather(*(asyncio.wrap_future(future) for future in futures)))

    def room(self, prompt: Prompt, asked: int | None, default: int) -> int:
        """The reply's length: as asked, or the default as far as the context has room.

        Checked here and not in the worker, where a prompt that is too long would fail its whole batch.

        Raises:
            ApiError: 400 when prompt and reply do not fit.
        """
        inner = inner_model(self.model)
        if not isinstance(inner, LocalLanguageModel):
            return asked or default
        length, limit = len(inner.encode_prompt(prompt)), inner.context_length
        if limit is None:
            return asked or default
        wanted = asked or max(1, min(default, limit - length))
        if length + wanted > limit:
            raise ApiError(
                400,
                f"the model's context is {limit} tokens; the prompt has {length} and the reply may have {wanted}",
                parameter="messages" if not isinstance(prompt, str) else "prompt",
                code="context_length_exceeded",
            )
        return wanted

    def one_more(self, amount: int) -> "_UnderWay":
        """Counts requests while they run.

        Raises:
            ApiError: 429 when too many wait already.
        """
        if self.under_way + amount > self.waiting_limit:
            raise ApiError(
                429,
                f"{self.under_way} requests are waiting already; ask again in a moment",
                kind="rate_limit_error",
                code="rate_limit_exceeded",
                retry_after=RETRY_AFTER,
            )
        return _UnderWay(self, amount)


class _UnderWay:
    def __init__(self, server: ModelServer, amount: int) -> None:
        self.server, self.amount = server, amount

    def __enter__(self) -> None:
        self.server.under_way += self.amount

    def __exit__(self, *_: object) -> None:
        self.server.under_way -= self.amount


def create_app(model: LanguageModel, *, aliases: Iterable[str] = (), waiting_limit: int = WAITING_LIMIT) -> FastAPI:
    """An app with ``/v1/chat/completions``, ``/v1/completions``, ``/v1/models``, ``/health`` and ``/v1/score_options``.

    The last one is ours: options after a conversation, which OpenAI's interface cannot score.

    There is no crisis guard: for evaluation on this machine, not for people.

    Args:
        model: a model that is loaded already, best without a reply cache (clients have their own).
        aliases: further names under which clients may ask for it, besides ``model.name``.
        waiting_limit: requests that may wait or run at once; more get 429 with Retry-After.

    Example:
        >>> app = create_app(load_language_model("embedded", cache=None))  # doctest: +SKIP
        >>> uvicorn.run(app, host="127.0.0.1", port=8000)  # doctest: +SKIP
    """
    server = ModelServer(model, aliases, waiting_limit)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(server.close)

    app = FastAPI(title="thymos model server", version=__version__, lifespan=lifespan)
    app.state.server = server
    add_error_answers(app)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "model": model.name, "requests": server.under_way, "guarded": False}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model_entry(name, model) for name in server.names]}

    @app.get("/v1/models/{name:path}")
    async def one_model(name: str) -> dict[str, Any]:
        server.check_name(name)
        return _model_entry(name, model)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        body = await _read(request, ChatRequest)
        server.check_name(body.model)
        conversation = tuple(message.as_message() for message in body.messages)
        for index, message in enumerate(conversation):
            check_text(message.content, f"messages[{index}]")
        (reply,) = await server.replies([conversation], body, body.tokens())
        if body.stream:
            return _stream(chat_events(model.name, reply, with_usage=_with_usage(body)))
        return JSONResponse(chat_answer(model.name, reply))

    @app.post("/v1/score_options")
    async def score_options(request: Request) -> Response:
        body = await _read(request, OptionRequest)
        server.check_name(body.model)
        conversation = tuple(message.as_message() for message in body.messages)
        return JSONResponse(option_answer(model.name, await server.option_scores(conversation, body.options)))

    @app.post("/v1/completions")
    async def completions(request: Request) -> Response:
        body = await _read(request, CompletionRequest)
        server.check_name(body.model)
        prompts = body.prompts()
        if not prompts or not all(prompts):
            raise ApiError(400, "the prompt is empty", parameter="prompt")
        for index, prompt in enumerate(prompts):
            check_text(prompt, f"prompt {index}")
        if body.logprobs is not None and not (body.echo and body.max_tokens == 0):
            raise ApiError(
                400,
                "logprobs are given for a prompt only: send echo true and max_tokens 0",
                parameter="logprobs",
                code="unsupported_parameter",
            )
        if body.echo and body.max_tokens == 0:
            replies, found = await _echo(server, prompts, body.logprobs)
        else:
            replies = await server.replies(prompts, body, body.max_tokens)
            found = [None] * len(replies)
            if body.echo:
                replies = [_with_prompt(reply, prompt) for reply, prompt in zip(replies, prompts, strict=True)]
        if body.stream:
            return _stream(completion_events(model.name, replies, with_usage=_with_usage(body)))
        return JSONResponse(completion_answer(model.name, replies, found))

    return app


async def _echo(
    server: ModelServer, prompts: Sequence[str], logprobs: int | None
) -> tuple[list[Reply], list[dict[str, Any] | None]]:
    """The prompts themselves, with the log-probabilities of their tokens where asked."""
    if logprobs is None:
        return [Reply(prompt, finish_reason="length") for prompt in prompts], [None] * len(prompts)
    scored = await server.token_scores(prompts, logprobs)
    replies = [
        Reply(prompt, prompt_tokens=len(scores.tokens), finish_reason="length")
        for prompt, scores in zip(prompts, scored, strict=True)
    ]
    return replies, [scores.as_logprobs(logprobs > 0) for scores in scored]


def _with_prompt(reply: Reply, prompt: str) -> Reply:
    return Reply(prompt + reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish_reason)


def _model_entry(name: str, model: LanguageModel) -> dict[str, Any]:
    offers = {OPTION_SCORES: model.scores_conversations}
    return {"id": name, "object": "model", "created": 0, "owned_by": "thymos"} | offers


def _with_usage(body: GenerationRequest) -> bool:
    return body.stream_options is not None and body.stream_options.include_usage


def _stream(events: Iterable[str]) -> StreamingResponse:
    # The reply is complete before the first event: errors keep their status, and batches need no token streaming.
    return StreamingResponse(iter(events), media_type="text/event-stream")


async def _read(request: Request, kind: type[Body]) -> Body:
    """The body as a checked request; FastAPI's own check would answer 422 in a form of its own."""
    try:
        body = kind.model_validate_json(await request.body())
    except pydantic.ValidationError as error:
        raise first_problem(error.errors()) from None
    body.check_extra()
    return body
