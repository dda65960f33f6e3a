"""Uploads are read one after the other, media in a process of their own, and deleted as soon as they were read.

A decoder that crashes or never ends takes its process with it and not the studio.
"""

import multiprocessing
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from thymos.errors import BadInput, ThymosError
from thymos.perceive.analysis.kinds import FileKind
from thymos.serve.studio.options import Limits
from thymos.serve.studio.problems import Refused, record
from thymos.serve.studio.reading import read_upload
from thymos.serve.studio.store.records import Analyses
from thymos.serve.studio.uploads import Upload

RETRY_AFTER = 10
Read = Callable[[str, str, str, int], dict[str, Any]]


class Readers:
    """Reads uploads in the background.

    Args:
        limits: how much is read, and for how long.
        folder: where uploads lie until they are read; it is this studio's own, and what a crash left in it goes first.
        separate_process: for media; texts are always read in a thread.
        read: what reads; the default is ``read_upload``.
    """

    def __init__(
        self, limits: Limits, folder: Path, *, separate_process: bool = True, read: Read = read_upload
    ) -> None:
        self.limits, self.read = limits, read
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self._separate = separate_process
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="studio-read")
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()  # places by owner

    def take_place(self, owner: str) -> None:
        """Take a place for an upload before it is stored; ``submit`` keeps it, else ``give_place`` gives it back.

        Raises:
            Refused: 429, when too many wait.
        """
        with self._lock:
            if self._waiting.total() >= self.limits.analyses_waiting:
                raise Refused(429, "too many files wait to be read; try again soon", retry_after=RETRY_AFTER)
            if self._waiting[owner] >= self.limits.own_analyses_waiting:
                raise Refused(429, "some of your files still wait to be read; try again soon", retry_after=RETRY_AFTER)
            self._waiting[owner] += 1

    def give_place(self, owner: str) -> None:
        """Give a place back."""
        with self._lock:
            self._waiting[owner] -= 1
            self._waiting += Counter()  # forgets who has none

    def submit(self, upload: Upload, use: str, analyses: Analyses, key: str) -> "Future[None]":
        """Read an upload when its turn comes, keep what was found, delete it, and give its place back."""
        return self._thread.submit(self._one, upload, use, analyses, key)

    def _one(self, upload: Upload, use: str, analyses: Analyses, key: str) -> None:
        started = time.monotonic()
        try:
            if analyses.save(key, "reading"):
                found = self._found(upload, use)
                from thymos.serve.studio.store.owned import to_json

                analyses.save(key, "done", value=to_json(found), seconds=found["seconds"])
        except ThymosError as error:
            told = error.what if isinstance(error, BadInput) else str(error)
            told = f"{told}; {error.mend}" if isinstance(error, BadInput) and error.mend else told
            analyses.save(key, "failed", error=told, seconds=round(time.monotonic() - started, 3))
        except Exception as error:
            record(error, "an analysis")
            analyses.save(key, "failed", error=f"the file could not be read ({type(error).__name__})")
        finally:
            upload.path.unlink(missing_ok=True)
            self.give_place(analyses.owner)

    def _found(self, upload: Upload, use: str) -> dict[str, Any]:
        arguments = (str(upload.path), upload.kind.value, use, self.limits.rows)
        if not self._separate or upload.kind is FileKind.TEXT:
            return self.read(*arguments)
        future = self._process().submit(self.read, *arguments)
        try:
            return future.result(self.limits.reading_seconds)
        except TimeoutError:
            self._stop_process()
            raise BadInput("reading took too long", mend="send a shorter file") from None
        except BrokenProcessPool:
            self._stop_process()
            raise BadInput("the file made its decoder crash", mend="save it again in another format") from None

    def _process(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                # A fresh interpreter: a copy of this one would hold its locks and its database.
                self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
            return self._pool

    def _stop_process(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            processes = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()

    def close(self) -> None:
        """Stop, and delete what was not read."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._stop_process()
        self._thread.shutdown(wait=True)
        shutil.rmtree(self.folder, ignore_errors=True)
