"""kill -9 while many talk: every message that was acknowledged is there after the restart, in order, once."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).parent / "stub_server.py"
START_SECONDS = 40.0
ENOUGH = 60  # acknowledged messages after which the server is killed, in the middle of others


@contextmanager
def server(database: str, latency: float) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """A studio in a process of its own; killed at the end."""
    command = [sys.executable, str(SERVER), database, str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            until = time.monotonic() + START_SECONDS
            while True:
                try:
                    ask(port, "GET", "/health")
                    break
                except OSError:
                    assert time.monotonic() < until, "the server did not start"
                    time.sleep(0.05)
            yield port, process
        finally:
            process.kill()


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    """A request and its JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        return json.loads(connection.getresponse().read() or b"null")
    finally:
        connection.close()


def talk(port: int, chat: str, number: int, acknowledged: list[str], stop: threading.Event) -> None:
    """Send messages one after the other until the server is gone; note each at its ``accepted`` event."""
    count = 0
    while not stop.is_set():
        body = {"content": f"message {count} of {number}", "client_id": f"client-{number}-{count:05d}"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            path = f"/api/v1/chats/{chat}/messages"
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            while line := answer.readline():
                if line == b"event: accepted\n":
                    acknowledged.append(body["content"])
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()
        count += 1


@pytest.mark.parametrize("rounds", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_a_kill(url: str, rounds: int) -> None:
    """Twelve talks at once, killed in the middle of the writing."""
    chats: list[str] = []
    acknowledged: dict[str, list[str]] = {}
    for _ in range(rounds):
        with server(url, latency=0.02) as (port, process):
            new = [ask(port, "POST", "/chats", {})["id"] for _ in range(12)]
            chats += new
            acknowledged |= {chat: [] for chat in new}
            stop = threading.Event()
            threads = [
                threading.Thread(target=talk, args=(port, chat, number, acknowledged[chat], stop))
                for number, chat in enumerate(new)
            ]
            for thread in threads:
                thread.start()
            until = time.monotonic() + START_SECONDS
            while sum(len(acknowledged[chat]) for chat in new) < ENOUGH:
                assert time.monotonic() < until, "too little was acknowledged"
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            stop.set()
            for thread in threads:
                thread.join()
    with server(url, latency=0.0) as (port, _):
        statuses = set()
        for chat in chats:
            rows = ask(port, "GET", f"/chats/{chat}/messages")["items"]
            assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
            asked = [row["content"] for row in rows if row["role"] == "user"]
            told = acknowledged[chat]
            # One more may have been committed whose acknowledgement did not arrive.
            assert asked[: len(told)] == told
            assert len(asked) - len(told) in (0, 1)
            for question, reply in zip(rows[::2], rows[1::2], strict=True):
                statuses.add(reply["status"])
                wanted = f"re {question['content']}" if reply["status"] == "complete" else ""
                assert (reply["role"], reply["content"]) == ("assistant", wanted)
        assert statuses <= {"complete", "interrupted"}
        assert "interrupted" in statuses
