"""OpenAI's interface over the companion, for chat clients that exist: guarded, with a key of the user's own.

Replies wait in the same queue as those of the page.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request

from thymos.errors import Unavailable
from thymos.language.model import GenerationSettings
from thymos.language.model import Message as Turn
from thymos.serve.openai_format import ApiError
from thymos.serve.studio.gate import OPENAI, App, Receive, Scope, Send
from thymos.serve.studio.help import settings_of
from thymos.serve.studio.parts import acting_for
from thymos.serve.studio.problems import Refused, quiet
from thymos.serve.studio.replies import Job, ReplyQueue
from thymos.serve.studio.store.owned import new_id
from thymos.serve.studio.studio import Studio

if TYPE_CHECKING:
    from thymos.respond.companion import Companion, Event
    from thymos.respond.guard import Guard

WAITING_CLIENTS = 16
LOOK_AGAIN = 0.5  # seconds after which a client that waits looks whether the studio still runs


class QueuedCompanion:
    """A companion whose replies wait in the studio's queue.

    Args:
        companion: answers.
        queue: in which replies wait.
        owner: whose key was used.
    """

    def __init__(self, companion: "Companion", queue: ReplyQueue, owner: str) -> None:
        self.companion, self.queue, self.owner = companion, queue, owner

    @property
    def guard(self) -> "Guard":
        """The companion's."""
        return self.companion.guard

    def answer(self, turns: Sequence[Turn], settings: GenerationSettings | None = None) -> "Iterator[Event]":
        """Events of a reply, as the companion's.

        Raises:
            ApiError: 429, too many replies are waited for.
        """
        try:
            self.queue.check_room(self.owner)
        except Refused as error:
            raise as_api_error(error) from None
        return self._events(turns, settings)

    def _events(self, turns: Sequence[Turn], settings: GenerationSettings | None) -> "Iterator[Event]":
        pipe: SimpleQueue[Any] = SimpleQueue()

        def work(job: Job) -> None:
            try:
                with acting_for(self.owner):
                    for event in self.companion.answer(turns, settings):
                        if job.dropped:
                            break
                        pipe.put(event)
            except Exception as error:
                pipe.put(error)
            else:
                pipe.put(None)

        job = Job(new_id(), new_id(), self.owner, 0, work)
        self.queue.submit(job)
        try:
            while (item := _next(pipe, job)) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            job.dropped = True


def _next(pipe: "SimpleQueue[Any]", job: Job) -> Any:
    while True:
        try:
            return pipe.get(timeout=LOOK_AGAIN)
        except Empty:
            if job.over and pipe.empty():
                raise Unavailable("the studio is stopping") from None


class OpenAiDoor:
    """ASGI middleware: ``/v1/`` goes to the companion server, everything else to the studio.

    The companion server is imported at the first request, because torch comes with it and the page shall not wait.

    Args:
        app: the studio.
        studio: gives keys, companions and the queue.
    """

    def __init__(self, app: App, studio: Studio) -> None:
        self.app, self.studio = app, studio
        self._inner: FastAPI | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["path"].startswith(OPENAI):
            if self._inner is None:
                self._inner = await asyncio.to_thread(openai_app, self.studio)
            await self._inner(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def openai_app(studio: Studio) -> FastAPI:
    """``/v1/models`` and ``/v1/chat/completions`` with errors in OpenAI's own form."""
    from thymos.serve.companion_server import companion_router
    from thymos.serve.error_answers import add_error_answers

    def companion_of(request: Request) -> Any:
        try:
            owner = studio.identity.key_owner(request.headers.get("authorization", ""))
            user = studio.store.for_user(owner)
            if studio.trial is not None and "companion" not in studio.trial.uses(user):
                raise Refused(403, "the companion is not open to you in the study")
            companion = studio.parts.companion(settings_of(user))
        except Refused as error:
            raise as_api_error(error) from None
        return QueuedCompanion(companion, studio.queue, owner)

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, **quiet())
    add_error_answers(app)
    run = ThreadPoolExecutor(WAITING_CLIENTS, thread_name_prefix="studio-v1")
    app.include_router(companion_router(companion_of, run))
    return app


def as_api_error(error: Refused) -> ApiError:
    """A refusal in OpenAI's form."""
    kind, code = KINDS.get(error.status, ("server_error", "unavailable"))
    return ApiError(error.status, str(error), kind=kind, code=code, retry_after=error.retry_after)


KINDS = {
    403: ("permission_error", "forbidden"),
    401: ("authentication_error", "invalid_api_key"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    503: ("server_error", "loading"),
}
