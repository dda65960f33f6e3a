"""Fixtures shared by the whole suite: the data folder, a tiny random Llama, an HTTP server that does as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from thymos.files import data_root as find_data_root
from thymos.testing.tiny_models import tiny_tokenizer

# No test is a timed test: on a busy machine an example may take longer than hypothesis' default deadline of 200 ms.
settings.register_profile("thymos", deadline=None)
settings.load_profile("thymos")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The research data, or a skip with the reason: the rest of the suite must pass without it."""
    root = find_data_root()
    if root is None:
        pytest.skip("the research data is not here: set THYMOS_DATA to its folder")
    return root


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random two-layer Llama (33 thousand weights), a byte-level tokenizer and a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny-llama")
    wrapped = tiny_tokenizer()
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.3,  # larger than usual, so that random replies differ from prompt to prompt
        bos_token_id=None,
        eos_token_id=wrapped.eos_token_id,
        pad_token_id=wrapped.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@dataclass
class Answer:
    """What the test server sends back."""

    status: int = 200
    body: Any = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds before it answers


def chat_answer(text: str | None, finish_reason: str = "stop", **message: Any) -> Answer:
    """A well-formed chat completion."""
    content = {"role": "assistant", "content": text, **message}
    return Answer(
        body={
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "message": content, "finish_reason": finish_reason}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        }
    )


class TestServer:
    """An endpoint on this machine. ``answer`` is called with (path, request body, number of the request from 1)."""

    __test__ = False

    def __init__(self) -> None:
        self.answer: Callable[[str, dict[str, Any], int], Answer] = lambda path, body, number: chat_answer("hello")
        self.requests: list[dict[str, Any]] = []
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.requests.append(body)
            number = len(self.requests)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            answer = self.answer(handler.path, body, number)
            time.sleep(answer.delay)
            self._leave()  # before the answer goes out: the client's next request may come at once
            payload = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            handler.send_response(answer.status)
            size = str(len(payload.encode()))
            headers = {"Content-Type": answer.content_type, "Content-Length": size, **answer.headers}
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(payload.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client gave up, as some tests want

    def _leave(self) -> None:
        with self._lock:
            self.running -= 1


@pytest.fixture
def server() -> Iterator[TestServer]:
    """A fresh test server."""
    running = TestServer()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def answers() -> type:
    """The ``Answer`` class, for tests that script the server."""
    return Answer


@pytest.fixture
def chat_reply() -> Callable[..., Answer]:
    """Builds a well-formed chat completion."""
    return chat_answer
