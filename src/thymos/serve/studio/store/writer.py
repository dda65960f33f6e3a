"""One thread writes; what waits at the same time is committed together.

A commit to disk takes milliseconds whether it holds one message or fifty. Where one piece of work fails, the
transaction is taken back and every piece gets one of its own, so it takes nothing else with it; work must therefore be
such that it can be done again. Nobody is told anything before the commit.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import sqlalchemy as sa

from thymos.errors import Unavailable

T = TypeVar("T")
TOGETHER = 128  # pieces of work in one transaction

_Job = tuple[Callable[[sa.Connection], Any], "Future[Any]"]


class Writer:
    """Runs work on the database in its own thread, in the order in which it came.

    Args:
        engine: of the database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        options = {"begin": "IMMEDIATE"} if engine.dialect.name == "sqlite" else {}
        self._engine = engine.execution_options(**options)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="studio-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sa.Connection], T]) -> "Future[T]":
        """Queue work; its future has the result once it is committed.

        Raises:
            Unavailable: the writer is closed.
        """
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise Unavailable("the studio is stopping")
            self._jobs.put((work, future))
        return future

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Do work and wait for its commit."""
        return self.submit(work).result()

    def close(self) -> None:
        """Finish what waits and end the thread."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch, last = self._next()
            if batch:
                self._commit(batch)
            if last:
                return

    def _next(self) -> tuple[list[_Job], bool]:
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == TOGETHER:
                return batch, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: list[_Job]) -> None:
        try:
            results = self._together([work for work, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for one in batch:
                self._commit([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _together(self, works: list[Callable[[sa.Connection], Any]]) -> list[Any]:
        with self._engine.connect() as connection, connection.begin():
            return [work(connection) for work in works]
