"""A tiny random Llama, the model server over it on a free port, faults in its way, and a server that replays."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from thymos.errors import Unavailable
from thymos.language.load import load_language_model
from thymos.language.local import LocalLanguageModel, load_local
from thymos.serve.model_server import create_app

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Tests do not read or fill the user's cache."""
    if "model" not in request.keywords:
        monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def _fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's first pause is half a second; tests do not wait that long."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)


@pytest.fixture(scope="session")
def tiny(tiny_llama: Path) -> LocalLanguageModel:
    """The random Llama in memory."""
    return load_local(tiny_llama, name="tiny", identity="tiny", batch_size=8)


@dataclass
class Faults:
    """ASGI middleware that spoils requests as a test plans it, and records what went through.

    ``plan`` maps the number of a request (from 1) to a fault: "429", "500", "slow" (no answer for a second), "cut"
    (the answer ends in the middle).
    """

    app: Any = None
    plan: dict[int, str] = field(default_factory=dict)
    requests: int = 0
    recorded: list[tuple[str, dict[str, Any], Any]] = field(default_factory=list)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        self.requests += 1
        fault = self.plan.get(self.requests, "")
        if fault in ("429", "500"):
            await self._refuse(int(fault), send)
        elif fault == "cut":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"900")]})
            await send({"type": "http.response.body", "body": b'{"choices": [', "more_body": False})
        else:
            if fault == "slow":
                await asyncio.sleep(1.0)
            await self._record(scope, receive, send)

    async def _refuse(self, status: int, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"retry-after-ms", b"10"), (b"retry-after", b"0.01")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"error": {"message": "not now"}}'})

    async def _record(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked, said = b"", b""

        async def read() -> dict[str, Any]:
            nonlocal asked
            message = await receive()
            asked += message.get("body", b"")
            return message

        async def write(message: dict[str, Any]) -> None:
            nonlocal said
            said += message.get("body", b"")
            await send(message)

        await self.app(scope, read, write)
        if said.startswith(b"{"):
            self.recorded.append((scope["path"], json.loads(asked), json.loads(said)))


@dataclass
class Running:
    """A server that runs: its address and what stands in its way."""

    url: str
    faults: Faults
    state: Any


def run_app(app: Any) -> tuple[uvicorn.Server, threading.Thread, int]:
    """Start uvicorn in a thread on a free port."""
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    for _ in range(1000):
        if running.started:
            return running, thread, running.servers[0].sockets[0].getsockname()[1]
        time.sleep(0.01)
    raise RuntimeError("the server did not start")


def serve(model: LocalLanguageModel) -> Iterator[Running]:
    """The model server over a model, behind the faults, until the test is done with it."""
    app = create_app(model, aliases=("embedded",))
    faults = Faults(app)
    running, thread, port = run_app(faults)
    yield Running(f"http://127.0.0.1:{port}/v1", faults, app.state.server)
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def served(tiny: LocalLanguageModel) -> Iterator[Running]:
    """The model server over the random Llama, behind the faults."""
    yield from serve(tiny)


@pytest.fixture(scope="module")
def embedded() -> LocalLanguageModel:
    """The embedded model, or a skip with the reason."""
    try:
        model = load_language_model("embedded", cache=None)
    except Unavailable as error:
        pytest.skip(str(error))
    assert isinstance(model, LocalLanguageModel)
    return model


@pytest.fixture
def served_embedded(embedded: LocalLanguageModel) -> Iterator[Running]:
    """The model server over the embedded model, behind the faults."""
    yield from serve(embedded)
