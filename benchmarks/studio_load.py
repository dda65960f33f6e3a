"""Fifty chats at once against the studio, with a stub of fixed latency in place of the model.

Server and clients are two processes on this machine and talk over loopback. Each client sends its next message when it
has the reply to the last one, so all fifty are always waiting. The stub says what it was asked, in four pieces, after
exactly ``LATENCY`` seconds; the overhead of a message is the time until its ``done`` event less this latency. At the
end every chat is read back: nothing may be missing, twice, or out of order. SQLite is always measured, PostgreSQL where
THYMOS_TEST_POSTGRESQL holds the URL of an empty database.

    python benchmarks/studio_load.py --seconds 300
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

CHATS, SECONDS, LATENCY, PIECES = 50, 300.0, 1.0, 4
P95_CEILING = 0.050  # seconds
WARM_UP = 5.0  # seconds whose messages count for order and loss, not for the overhead
START_SECONDS = 60.0


class StubCompanion:
    """Says the last message back, in pieces, after a fixed time."""

    def __init__(self, latency: float) -> None:
        self.latency = latency

    def answer(
        self, history: Sequence[Any], settings: Any = None, *, each_piece: Callable[[], None] | None = None
    ) -> Iterator[Any]:
        """Events as a companion's."""
        from thymos.respond.companion import Finished, Said

        text = f"re {history[-1].content}"
        until = time.perf_counter()
        size = -(-len(text) // PIECES)
        for start in range(0, PIECES * size, size):
            until += self.latency / PIECES
            time.sleep(max(0.0, until - time.perf_counter()))
            if each_piece is not None:
                each_piece()
            yield Said(text[start : start + size])
        yield Finished(text, False, (), self.latency)


class StubParts:
    """The studio's parts with nothing but the stub; see ``thymos.serve.studio.parts.Parts``."""

    model_name, status, detail, workers = "stub", "ok", "", CHATS + 14

    def __init__(self, latency: float) -> None:
        self.stub = StubCompanion(latency)

    def start(self, on_event: Any) -> None:
        """Nothing has to load but the companion's events."""
        import thymos.respond.companion  # noqa: F401

    def companion(self, settings: Any) -> StubCompanion:
        """The stub."""
        return self.stub


def serve(database: str, latency: float) -> None:
    """Run the server on a free port, and print the port."""
    from thymos.commands.serve import listen
    from thymos.serve.studio.app import create_studio
    from thymos.serve.studio.options import Limits, StudioOptions
    from thymos.serve.studio.running import studio_server

    options = StudioOptions(database=database, limits=Limits(own_replies_waiting=1000, replies_waiting=1000))
    with listen("127.0.0.1", 0) as listener:
        server = studio_server(create_studio(options, StubParts(latency)), options)  # type: ignore[arg-type]
        print(listener.getsockname()[1], flush=True)
        server.run(sockets=[listener])


class Client:
    """One connection that is kept, over plain sockets: the client shall cost as little as it can."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: Any = None
        self.writer: Any = None

    async def send(self, method: str, path: str, body: Any = None) -> None:
        """Send a request."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(data)}\r\n"
        self.writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + data)
        await self.writer.drain()

    async def parts(self) -> Any:
        """The pieces of the answer's body as they come."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        if b" 20" not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
        if b"transfer-encoding: chunked" not in head:
            length = head.partition(b"content-length: ")[2].split(b"\r\n")[0]
            yield await self.reader.readexactly(int(length or 0))
            return
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request and its JSON."""
        await self.send(method, path, body)
        return json.loads(b"".join([part async for part in self.parts()]) or b"null")


async def one_chat(port: int, number: int, until: float, seed: int) -> list[tuple[float, float, float]]:
    """Talk until the time is over; for each message when it was sent, until accepted, until done (seconds)."""
    client, times = Client(port), []
    # All fifty at the same instant would be one burst a second and not fifty chats.
    await asyncio.sleep(random.Random(seed + number).random() * 2)
    chat = (await client.ask("POST", "/chats", {}))["id"]
    count = 0
    while time.perf_counter() < until:
        sent = time.perf_counter()
        accepted = done = 0.0
        await client.send(
            "POST",
            f"/chats/{chat}/messages",
            {"content": f"message {count} of chat {number}", "client_id": f"{number:04d}-{count:06d}"},
        )
        seen = b""
        async for part in client.parts():
            seen += part
            accepted = accepted or (time.perf_counter() - sent if b"event: accepted" in seen else 0.0)
        done = time.perf_counter() - sent
        if b"event: done" not in seen:
            raise RuntimeError(f"chat {number}, message {count}: {seen[-300:]!r}")
        times.append((sent, accepted, done))
        count += 1
    await check_chat(client, chat, number, count)
    client.writer.close()
    return times


async def check_chat(client: Client, chat: str, number: int, count: int) -> None:
    """Read a chat back: every message once, in order, each with its own reply."""
    rows: list[Any] = []
    while True:
        page = await client.ask("GET", f"/chats/{chat}/messages?after={rows[-1]['seq'] if rows else 0}")
        rows += page["items"]
        if not page["more"]:
            break
    told = [f"message {place} of chat {number}" for place in range(count)]
    wanted = [text for one in told for text in (one, f"re {one}")]
    if [row["content"] for row in rows] != wanted or [row["seq"] for row in rows] != list(range(1, 2 * count + 1)):
        raise RuntimeError(f"chat {number}: messages are lost, doubled or out of order")


def quantile(values: list[float], share: float) -> float:
    """A quantile, by rank."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    until = time.perf_counter() + START_SECONDS
    while time.perf_counter() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def measure(database: str, seconds: float, chats: int, latency: float) -> dict[str, Any]:
    """Overheads with one database, in milliseconds."""
    command = [sys.executable, __file__, "--serve", database, "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            wait_for(port)

            async def all_chats() -> list[list[tuple[float, float, float]]]:
                until = time.perf_counter() + seconds
                rows = await asyncio.gather(*(one_chat(port, number, until, 0) for number in range(chats)))
                await Client(port).ask("DELETE", "/me")  # the database is as empty as before
                return rows

            started = time.perf_counter()
            found = asyncio.run(all_chats())
        finally:
            server.terminate()
            server.wait(20)
    counted = [row for rows in found for row in rows if row[0] > started + min(WARM_UP, seconds / 4)]
    overheads = [(done - latency) * 1000 for _, _, done in counted]
    accepted = [one * 1000 for _, one, _ in counted]
    return {
        "database": database.partition(":")[0],
        "messages": sum(map(len, found)),
        "messages_a_second": sum(map(len, found)) / seconds,
        "overhead_p50_ms": statistics.median(overheads),
        "overhead_p95_ms": quantile(overheads, 0.95),
        "overhead_p99_ms": quantile(overheads, 0.99),
        "accepted_p95_ms": quantile(accepted, 0.95),
        "lost_or_reordered": 0,  # anything else is an error above
    }


def databases(folder: str) -> dict[str, str]:
    """What is measured: SQLite in a file, and PostgreSQL where its URL is known."""
    found = {"sqlite": f"sqlite:///{folder}/studio.db"}
    if url := os.environ.get("THYMOS_TEST_POSTGRESQL"):
        found["postgresql"] = url
    return found


def main(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Run it, print a small table, and return its numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--chats", type=int, default=CHATS)
    parser.add_argument("--latency", type=float, default=LATENCY)
    parser.add_argument("--serve", help="internal: run the server on this database")
    asked = parser.parse_args(list(arguments))
    if asked.serve:
        serve(asked.serve, asked.latency)
        return {}
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            measure(database, asked.seconds, asked.chats, asked.latency) for database in databases(folder).values()
        ]  # fmt: skip
    passed = all(row["overhead_p95_ms"] < P95_CEILING * 1000 for row in rows)
    result = {
        "benchmark": "studio_load",
        "chats": asked.chats,
        "seconds": asked.seconds,
        "latency": asked.latency,
        "rows": rows,
        "bar_ms": P95_CEILING * 1000,
        "passed": passed,
    }
    print(f"{asked.chats} chats for {asked.seconds:.0f} s, a stub of {asked.latency:g} s in place of the model")
    for row in rows:
        print(
            f"  {row['database']:<11} {row['messages']:6,} messages, none lost; overhead p50 "
            f"{row['overhead_p50_ms']:.1f} ms, p95 {row['overhead_p95_ms']:.1f} ms, p99 {row['overhead_p99_ms']:.1f} ms"
        )
    if "postgresql" not in {row["database"].partition("+")[0] for row in rows}:
        print("  postgresql  not measured: THYMOS_TEST_POSTGRESQL is not set")
    print(f"  {'passed' if passed else 'NOT PASSED'} (p95 under {P95_CEILING * 1000:.0f} ms)")
    return result


if __name__ == "__main__":
    # Only what is run from the command line has options; run_all calls main() in its own process.
    sys.path.insert(0, str(Path(__file__).parent))
    main(sys.argv[1:])
