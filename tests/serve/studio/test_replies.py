"""The queue of replies: fair between talks, in order within one, and honest when it stops."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from thymos.errors import BadInput
from thymos.serve.studio.problems import NotReady, Refused
from thymos.serve.studio.replies import Job, ReplyQueue, as_event


@pytest.fixture
def queue() -> Iterator[ReplyQueue]:
    """One worker, as with a model on this machine."""
    made = ReplyQueue(1, most=50, most_of_one=10)
    yield made
    made.close(2)


def job(key: str, name: str, work: Callable[[Job], None] = lambda job: None, owner: str = "ann") -> Job:
    """A job of a talk."""
    return Job(key, name, owner, 0, work)


def held(queue: ReplyQueue) -> threading.Event:
    """Keeps the worker busy until the event is set."""
    free, started = threading.Event(), threading.Event()

    def work(_: Job) -> None:
        started.set()
        assert free.wait(10)

    queue.submit(job("holding", "holding", work, "nobody"))
    assert started.wait(10)
    return free


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that comes soon."""
    for _ in range(1000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it never came")


def events_of(one: Job) -> str:
    """Everything that a listener hears."""

    async def listen() -> bytes:
        return b"".join([part async for part in one.stream()])

    return asyncio.run(listen()).decode()


def test_talks_take_turns(queue: ReplyQueue) -> None:
    """Whoever sends five messages does not keep others waiting for all five."""
    free, order = held(queue), []
    for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
        queue.submit(job(name[0], name, lambda one: order.append(one.name)))
    assert queue.busy({"a", "b", "z"}) == {"a", "b"}
    assert set(queue.of_talk("a")) == {"a1", "a2", "a3"}
    free.set()
    wait_until(lambda: len(order) == 6)
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]
    wait_until(lambda: not queue.busy({"a", "b", "c"}))
    assert queue.find("a1") is None


def test_one_talk_never_runs_twice_at_once() -> None:
    queue = ReplyQueue(8, most=100, most_of_one=100)
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    order: list[tuple[str, int]] = []
    lock = threading.Lock()

    def work(one: Job) -> None:
        with lock:
            running[one.key] = running.get(one.key, 0) + 1
            most[one.key] = max(most.get(one.key, 0), running[one.key])
            order.append((one.key, one.order))
        time.sleep(0.001)
        with lock:
            running[one.key] -= 1

    for number in range(12):
        for key in "abcd":
            queue.submit(Job(key, f"{key}{number}", "ann", number, work))
    wait_until(lambda: len(order) == 48)
    queue.close()
    assert most == dict.fromkeys("abcd", 1)
    for key in "abcd":
        assert [number for one, number in order if one == key] == list(range(12))


def test_a_listener_hears_everything_however_late(queue: ReplyQueue) -> None:
    one = job("a", "a1", lambda one: [one.emit("delta", {"text": text}) for text in "xy"] and None)
    queue.submit(one)
    wait_until(lambda: one.over)
    assert (
        events_of(one) == events_of(one) == 'event: delta\ndata: {"text": "x"}\n\nevent: delta\ndata: {"text": "y"}\n\n'
    )


def test_a_quiet_stream_shows_that_it_lives(queue: ReplyQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thymos.serve.studio.replies.KEEP_ALIVE", 0.02)

    def work(one: Job) -> None:
        time.sleep(0.1)
        one.emit("done", {})

    one = job("a", "a1", work)
    queue.submit(one)
    heard = events_of(one)
    assert heard.startswith(": waiting\n\n")
    assert heard.endswith("event: done\ndata: {}\n\n")


def test_events_keep_their_letters() -> None:
    assert as_event("delta", {"text": "ü\n\ndata: x"}) == 'event: delta\ndata: {"text": "ü\\n\\ndata: x"}\n\n'.encode()


def test_an_error_ends_one_job_and_not_the_worker(queue: ReplyQueue) -> None:
    def broken(_: Job) -> None:
        raise RuntimeError("planted")

    one = job("a", "a1", broken)
    queue.submit(one)
    assert 'event: error\ndata: {"code": "failed", "message": "the reply failed (RuntimeError)"}' in events_of(one)
    assert queue.run("b", "ann", lambda: 5) == 5


def test_running_something_gives_its_result_or_its_error(queue: ReplyQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad() -> None:
        raise BadInput("the draft is empty")

    with pytest.raises(BadInput, match="the draft is empty"):
        queue.run("a", "ann", bad)
    monkeypatch.setattr("thymos.serve.studio.replies.RUN_SECONDS", 0.05)
    free = held(queue)
    with pytest.raises(Refused, match="busy"):
        queue.run("a", "ann", lambda: 1)
    free.set()


def test_too_many(queue: ReplyQueue) -> None:
    free = held(queue)
    for number in range(10):
        queue.check_room("ann")
        queue.submit(job(f"t{number}", f"n{number}"))
    with pytest.raises(Refused, match="too many"):
        queue.check_room("ann")
    queue.check_room("bob")
    free.set()


def test_dropped_jobs_say_so_and_are_waited_for(queue: ReplyQueue) -> None:
    free, seen = held(queue), []
    for owner in ("ann", "bob"):
        queue.submit(job(owner, f"{owner}1", lambda one: seen.append((one.owner, one.dropped)), owner))
    queue.drop(owner="ann")
    free.set()
    queue.wait_for_none("ann")
    queue.wait_for_none("bob")
    assert seen == [("ann", True), ("bob", False)]


def test_closing_lets_what_runs_finish_and_tells_the_rest() -> None:
    queue = ReplyQueue(1, most=50, most_of_one=10)
    free = held(queue)
    waiting = job("a", "a1")
    queue.submit(waiting)
    threading.Timer(0.1, free.set).start()
    queue.close(5)
    assert "interrupted" in events_of(waiting)
    with pytest.raises(NotReady):
        queue.check_room("ann")


def test_a_listener_that_left_is_no_error(queue: ReplyQueue) -> None:
    free = threading.Event()

    def work(one: Job) -> None:
        one.emit("delta", {"text": "x"})
        assert free.wait(10)
        one.emit("delta", {"text": "y"})

    one = job("a", "a1", work)
    queue.submit(one)

    async def leave() -> Any:
        async for part in one.stream():
            return part
        return None

    assert b"x" in asyncio.run(leave())
    free.set()
    wait_until(lambda: one.over)
    assert events_of(one).count("event: delta") == 2
