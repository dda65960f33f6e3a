"""The studio as a FastAPI app.

>>> app = create_studio(StudioOptions(), parts)  # doctest: +SKIP
>>> uvicorn.run(app, host="127.0.0.1", port=8765)  # doctest: +SKIP
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from fastapi import FastAPI

from thymos import __version__
from thymos.files import cache_folder, text_sha256
from thymos.serve.studio import bodies
from thymos.serve.studio.gate import Gate
from thymos.serve.studio.identity import Identity
from thymos.serve.studio.options import StudioOptions
from thymos.serve.studio.parts import Parts
from thymos.serve.studio.problems import add_problems, quiet
from thymos.serve.studio.readers import Readers
from thymos.serve.studio.replies import ReplyQueue
from thymos.serve.studio.routes import analyses, chats, exercises, people, practices, questionnaires, results, trial
from thymos.serve.studio.routes.openai import OpenAiDoor
from thymos.serve.studio.routes.page import page_router
from thymos.serve.studio.store import Sealer, Store
from thymos.serve.studio.store.database import shown
from thymos.serve.studio.studio import Studio
from thymos.serve.studio.trial_desk import TrialDesk

API = "/api/v1"
ROUTES = (chats, people, exercises, questionnaires, practices, analyses, results, trial)
# A thread that computes hands over after this time. Python's own 5 ms are too long where a loop serves many streams: it
# waits that long after each of its system calls.
SWITCH_SECONDS = 0.0005
THREADS = 96  # requests wait for commits in them; each costs little while it waits
ERRORS = (400, 401, 403, 404, 409, 413, 415, 421, 422, 429, 500, 503)


def create_studio(options: StudioOptions, parts: Parts, *, sealer: Sealer | None = None) -> FastAPI:
    """The studio over an open database; its models begin to load when the server starts.

    Args:
        options: how it is set up.
        parts: guard, companion, coach.
        sealer: of texts at rest; default: plain.

    Returns:
        The app; ``app.state.studio`` is the studio. The database is open until the app's lifespan ends, or until
        ``app.state.studio.close()``.

    Raises:
        BadInput: see ``Store.open``.
    """
    limits = options.limits
    store = Store.open(options.database_url, sealer)
    try:
        desk = None if options.trial is None else TrialDesk(options.trial, store)
        studio = Studio(
            options=options,
            store=store,
            identity=Identity(store, options),
            parts=parts,
            queue=ReplyQueue(parts.workers, limits.replies_waiting, limits.own_replies_waiting),
            readers=Readers(limits, uploads_folder(store), separate_process=options.separate_process),
            trial=desk,
        )
    except BaseException:
        store.close()
        raise

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        sys.setswitchinterval(SWITCH_SECONDS)
        parts.start(studio.audit)
        yield
        await asyncio.to_thread(studio.close)

    app = FastAPI(
        title="thymos studio",
        version=__version__,
        description="Emotion, support and practice on this machine. Nothing is sent anywhere.",
        openapi_url=f"{API}/openapi.json",
        # The usual pages of documentation load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        **quiet(),
        responses={status: {"model": bodies.ErrorBody} for status in ERRORS},
    )
    app.state.studio = studio
    app.add_middleware(OpenAiDoor, studio=studio)
    app.add_middleware(Gate, options=options, owner=studio.identity.owner)  # the last one added is passed first
    add_problems(app)
    for module in ROUTES:
        app.include_router(module.router, prefix=API)
    app.include_router(page_router(options.static))
    return app


def uploads_folder(store: Store) -> Path:
    """A folder for uploads in the user's cache, one a database: whoever has the database has it alone."""
    return cache_folder("studio") / f"uploads-{text_sha256(shown(store.core.engine))[:16]}"
