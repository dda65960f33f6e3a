"""Replies in the making: one queue for the model, in order within a talk and fair between talks.

A reply is a job of the studio and not of the request that asked for it: whoever listens gets every event from the
first one on, and when nobody listens any more the reply is finished and kept all the same.
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from pydantic import BaseModel

from thymos.serve.studio.problems import NotReady, Refused, record

KEEP_ALIVE = 15.0  # seconds after which a comment tells proxies and pages that the stream lives
RETRY_AFTER = 5
RUN_SECONDS = 120.0  # that somebody waits for an answer which is no stream

T = TypeVar("T")


def as_event(name: str, data: BaseModel | dict[str, Any]) -> bytes:
    """One server-sent event. JSON has no line breaks of its own, so one data line is enough."""
    text = data.model_dump_json() if isinstance(data, BaseModel) else json.dumps(data, ensure_ascii=False)
    return f"event: {name}\ndata: {text}\n\n".encode()


class GivenUp(Exception):
    """A reply is stopped by its person, or its talk is deleted: no error, and nothing may take it for one."""


class Job:
    """A reply that is waited for.

    Args:
        key: of the talk; jobs with one key run one after the other.
        name: of the reply.
        owner: whose talk it is.
        order: place within the talk.
        work: makes the reply; calls ``emit``.
    """

    def __init__(self, key: str, name: str, owner: str, order: int, work: Callable[["Job"], None]) -> None:
        self.key, self.name, self.owner, self.order = key, name, owner, order
        self.work = work
        self.text = ""
        self.running = False
        self.dropped = False  # its talk is gone, nothing is kept
        self.stopped = False  # its person has heard enough, what was said is kept
        self.over = False
        self._events: list[bytes] = []
        self._lock = threading.Lock()
        self._listening: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def emit(self, name: str, data: BaseModel | dict[str, Any]) -> None:
        """Tell everybody who listens, now or later."""
        with self._lock:
            self._events.append(as_event(name, data))
            self._wake()

    def check(self) -> None:
        """Called between pieces.

        Raises:
            GivenUp: the reply is to end here.
        """
        if self.dropped or self.stopped:
            raise GivenUp

    def end(self) -> None:
        """There will be no further event."""
        with self._lock:
            self.over = True
            self._wake()

    def _wake(self) -> None:
        for loop, event in self._listening:
            # A loop that is closed has nobody left who listens.
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def stream(self) -> AsyncIterator[bytes]:
        """All events from the first one on, until the end."""
        told = asyncio.Event()
        listener = (asyncio.get_running_loop(), told)
        with self._lock:
            self._listening.append(listener)
        sent = 0
        try:
            while True:
                told.clear()
                with self._lock:
                    new, over = self._events[sent:], self.over
                if new:
                    sent += len(new)
                    yield b"".join(new)
                elif over:
                    return
                else:
                    try:
                        await asyncio.wait_for(told.wait(), KEEP_ALIVE)
                    except TimeoutError:
                        yield b": waiting\n\n"
        finally:
            with self._lock:
                self._listening.remove(listener)


class ReplyQueue:
    """Threads that make replies.

    Args:
        workers: replies that are made at once; a model on this machine makes one at a time.
        most: jobs that may wait or run.
        most_of_one: of one owner.
    """

    def __init__(self, workers: int, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._wake = threading.Condition()
        self._waiting: dict[str, deque[Job]] = {}
        self._ready: deque[str] = deque()  # talks with a job and none that runs, the one that waited longest first
        self._jobs: dict[str, Job] = {}
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"studio-reply-{number}", daemon=True)
            for number in range(workers)
        ]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def check_room(self, owner: str) -> None:
        """Refuse a message before it is kept, when too many wait.

        Raises:
            Refused: 429; NotReady when the studio is stopping.
        """
        with self._wake:
            if self._closed:
                raise NotReady("the studio is stopping")
            own = sum(job.owner == owner for job in self._jobs.values())
            if own >= self._most_of_one or len(self._jobs) >= self._most:
                raise Refused(429, "too many replies are waited for; let some come first", retry_after=RETRY_AFTER)

    def submit(self, job: Job) -> None:
        """Queue a job behind those of its talk."""
        with self._wake:
            self._jobs[job.name] = job
            if job.key in self._waiting:
                self._waiting[job.key].append(job)
            else:
                self._waiting[job.key] = deque([job])
                self._ready.append(job.key)
            self._wake.notify()

    def run(self, key: str, owner: str, work: Callable[[], T]) -> T:
        """Do something that needs the model, in its turn, and wait for it.

        Raises:
            Refused: 503 when it takes too long.
        """
        future: Future[T] = Future()

        def tried(_: Job) -> None:
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

        job = Job(key, f"{key}-{id(future)}", owner, 0, tried)
        self.submit(job)
        try:
            return future.result(RUN_SECONDS)
        except TimeoutError:
            if future.done():  # the work's own
                raise
            raise Refused(503, "the model is busy; try again in a moment", retry_after=RETRY_AFTER) from None

    def find(self, name: str) -> Job | None:
        """The job of a reply that waits or runs."""
        with self._wake:
            return self._jobs.get(name)

    def of_talk(self, key: str) -> dict[str, Job]:
        """Jobs of a talk by the name of their reply."""
        with self._wake:
            return {name: job for name, job in self._jobs.items() if job.key == key}

    def busy(self, keys: set[str]) -> set[str]:
        """Those of these talks that have jobs."""
        with self._wake:
            return keys & self._waiting.keys()

    def drop(self, *, key: str | None = None, owner: str | None = None) -> None:
        """Forget the jobs of a talk or of a person; one that runs stops at its next piece."""
        with self._wake:
            for job in self._jobs.values():
                job.dropped |= job.key == key or job.owner == owner

    def wait_for_none(self, owner: str, seconds: float = 30.0) -> None:
        """Wait until no job of a person runs, so that none keeps anything afterwards."""
        with self._wake:
            self._wake.wait_for(lambda: not any(job.owner == owner for job in self._jobs.values()), seconds)

    def close(self, seconds: float = 10.0) -> None:
        """Let what runs finish for some seconds; what only waits is left to be marked at the next start."""
        until = time.monotonic() + seconds
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        with self._wake:
            left = list(self._jobs.values())
        for job in left:
            job.dropped = True
            job.emit("error", {"code": "interrupted", "message": "the studio was stopped; send the message again"})
            job.end()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._ready and not self._closed:
                    self._wake.wait()
                if self._closed:
                    return
                key = self._ready.popleft()
                job = self._waiting[key][0]
                job.running = True
            try:
                job.work(job)
            except Exception as error:
                record(error, "a reply")
                job.emit("error", {"code": "failed", "message": f"the reply failed ({type(error).__name__})"})
            finally:
                with self._wake:
                    self._jobs.pop(job.name, None)
                    rest = self._waiting[key]
                    rest.popleft()
                    if rest:
                        self._ready.append(key)  # behind all others that wait
                    else:
                        del self._waiting[key]
                    self._wake.notify_all()
                job.end()
