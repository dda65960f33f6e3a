"""The companion behind OpenAI's HTTP interface: chat clients that exist can talk to it, and a guard reads along.

Every message passes the guard before a model sees it and every sentence of a reply before a client does. Messages with
the role "system" are read by the guard and otherwise not obeyed: a client cannot talk the guard away.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pydantic
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from thymos import __version__
from thymos.errors import ThymosError
from thymos.language.model import GenerationSettings, Message, Reply, check_text
from thymos.respond.companion import Companion, Finished, Said
from thymos.respond.companion.companion import REPLY
from thymos.respond.companion.events import Crisis, Event
from thymos.respond.guard import disclosure
from thymos.serve.error_answers import add_error_answers, first_problem
from thymos.serve.openai_format import ApiError, ChatRequest, chat_answer, chat_chunk, envelope

MODEL = "thymos-companion"
LONGEST = 200_000  # letters of all messages of a request

CompanionOf = Callable[[Request], Companion]


def companion_router(companion_of: CompanionOf, run: "ThreadPoolExecutor") -> APIRouter:
    """``/v1/models`` and ``/v1/chat/completions`` over a companion.

    Args:
        companion_of: the companion for a request; may refuse it (an ``ApiError`` with 401, say).
        run: threads in which replies are made.
    """
    router = APIRouter()

    @router.get("/v1/models")
    def models(request: Request) -> dict[str, Any]:
        companion_of(request)
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "thymos"}]}

    @router.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        companion = companion_of(request)
        body = await read_body(request)
        turns = conversation_of(body)
        settings = settings_of(body)
        events = companion.answer(turns, settings)
        if body.stream:
            stream = streamed(events, run, first_contact(turns, companion))
            return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(run, whole_reply, events)
        headers = {"X-Thymos-Disclosure": "automated; not a person, not a therapist"}
        return JSONResponse(chat_answer(MODEL, Reply(first_contact(turns, companion) + text)), headers=headers)

    return router


async def read_body(request: Request) -> ChatRequest:
    """The request, checked.

    Raises:
        ApiError: 400.
    """
    try:
        body = ChatRequest.model_validate_json(await request.body())
    except pydantic.ValidationError as error:
        raise first_problem(error.errors()) from None
    body.check_extra()
    return body


def conversation_of(body: ChatRequest) -> list[Message]:
    """The talk of a request.

    Raises:
        ApiError: 400: broken characters, too long, the last message is not the user's.
    """
    turns = [message.as_message() for message in body.messages]
    for place, turn in enumerate(turns):
        check_text(turn.content, f"messages[{place}]")
    if sum(len(turn.content) for turn in turns) > LONGEST:
        raise ApiError(400, f"the messages have more than {LONGEST} characters", parameter="messages")
    if turns[-1].role != "user" or not turns[-1].content.strip():
        raise ApiError(400, "the last message must be the user's, and not empty", parameter="messages")
    return turns


def settings_of(body: ChatRequest) -> GenerationSettings:
    """The companion's settings with what the client wants: length, temperature, top_p, seed."""
    return GenerationSettings(
        max_new_tokens=max(1, min(body.tokens() or REPLY.max_new_tokens, 4 * REPLY.max_new_tokens)),
        temperature=REPLY.temperature if body.temperature is None else body.temperature,
        top_p=REPLY.top_p if body.top_p is None else body.top_p,
        seed=body.seed or 0,
        stop=(*REPLY.stop, *body.stop_texts()),
    )


def first_contact(turns: Sequence[Message], companion: Companion) -> str:
    """The disclosure before the first reply of a talk."""
    answered = any(turn.role == "assistant" for turn in turns)
    return "" if answered else f"{disclosure(companion.guard.language)}\n\n"


def whole_reply(events: Iterator[Event]) -> str:
    """The text of a reply that is made to its end."""
    text = ""
    for event in events:
        if isinstance(event, Finished):
            text = event.text
    return text


async def streamed(events: Iterator[Event], run: ThreadPoolExecutor, before: str) -> AsyncIterator[str]:
    """Server-sent events, each sentence as soon as it is checked; a client that leaves stops the work."""
    loop = asyncio.get_running_loop()
    head = envelope("chat.completion.chunk", MODEL)
    yield chat_chunk(head, {"role": "assistant", "content": before})
    try:
        while (event := await loop.run_in_executor(run, next, events, None)) is not None:
            if isinstance(event, Said | Crisis):
                yield chat_chunk(head, {"content": event.text})
    except ThymosError as error:
        yield chat_chunk(head, {"content": f"[{error}]"})
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            await loop.run_in_executor(run, close)
    yield chat_chunk(head, {}, "stop")
    yield "data: [DONE]\n\n"


def create_companion_app(companion: Companion, key: str = "") -> FastAPI:
    """The companion by itself, without the studio; ``thymos companion serve``.

    Args:
        companion: answers.
        key: clients must send it as bearer token; empty asks for none.
    """
    app = FastAPI(title="thymos companion", version=__version__)
    add_error_answers(app)
    run = ThreadPoolExecutor(max_workers=1, thread_name_prefix="companion")

    def companion_of(request: Request) -> Companion:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key and not hmac.compare_digest(sent.encode(), key.encode()):
            raise ApiError(401, "the key is missing or wrong", kind="authentication_error", code="invalid_api_key")
        return companion

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "model": MODEL, "guarded": True}

    app.include_router(companion_router(companion_of, run))
    return app
