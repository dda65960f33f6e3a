"""Requests that wait at the same time run together: the bridge from many concurrent samples to a batched model.

Inspect asks a model sample by sample, concurrently. A local model is many times faster on batches. One worker thread
owns the model: it takes whatever is waiting, groups it by kind and settings, and hands each result out as soon as its
batch is done.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply

GATHER_SECONDS = 0.1  # how long the worker waits for one more request before it starts
GATHER_AFTER_CROWD = 0.5  # the same after a large batch: its callers will soon be back with their next requests
CROWD = 16
GATHER_REQUESTS = 128  # and how many it takes at most


@dataclass(frozen=True)
class _Request:
    prompt: Prompt
    settings: GenerationSettings | None  # None: score the options
    options: tuple[str, ...]
    future: Future = field(compare=False)


class RequestBatcher:
    """Collects requests from any thread and runs them in batches, in one thread of its own.

    Args:
        model: the model that is asked; used by the worker thread only.

    Attributes:
        failure: the first error that a batch raised, kept because callers may wrap it.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.failure: BaseException | None = None
        self._waiting: queue.Queue[_Request | None] = queue.Queue()
        self._start = threading.Lock()
        self._worker: threading.Thread | None = None
        self._abandoned = False

    def reply(self, prompt: Prompt, settings: GenerationSettings) -> "Future[Reply]":
        """Ask for a reply; the future carries the model's error where there is one."""
        return self._put(prompt, settings, ())

    def scores(self, prompt: Prompt, options: Sequence[str]) -> "Future[OptionScores]":
        """Ask for the log-likelihoods of options."""
        return self._put(prompt, None, tuple(options))

    def close(self, *, abandon: bool = False) -> None:
        """End the worker; a later request starts a new one.

        Args:
            abandon: end after the batch that runs and cancel what waits, instead of finishing it.
        """
        with self._start:
            worker, self._worker = self._worker, None
        if worker is not None:
            self._abandoned = abandon
            self._waiting.put(None)
            worker.join()
            self._abandoned = False

    def _put(self, prompt: Prompt, settings: GenerationSettings | None, options: tuple[str, ...]) -> Future:
        future: Future = Future()
        with self._start:
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="model", daemon=True)
                self._worker.start()
            self._waiting.put(_Request(prompt, settings, options, future))
        return future

    def _run(self) -> None:
        pause = GATHER_SECONDS
        while (first := self._waiting.get()) is not None:
            batch, ended = self._gather(first, pause)
            pause = GATHER_AFTER_CROWD if len(batch) >= CROWD else GATHER_SECONDS
            for settings, requests in _grouped(batch):
                self._answer(settings, requests)
            if ended:
                return

    def _gather(self, first: _Request, pause: float) -> tuple[list[_Request], bool]:
        batch = [first]
        while len(batch) < GATHER_REQUESTS:
            try:
                following = self._waiting.get(timeout=pause)
            except queue.Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _answer(self, settings: GenerationSettings | None, requests: list[_Request]) -> None:
        if self._abandoned:
            for request in requests:
                request.future.cancel()
        running = [request for request in requests if request.future.set_running_or_notify_cancel()]
        if not running:
            return
        try:
            for finished in self._stream(settings, running):
                for index, result in finished:
                    running[index].future.set_result(result)
                if self._abandoned:
                    raise CancelledError("interrupted")
        except BaseException as error:  # the worker must live on, and no caller may wait forever
            if self.failure is None and not self._abandoned:
                self.failure = error
            for request in running:
                if not request.future.done():
                    request.future.set_exception(error)

    def _stream(self, settings: GenerationSettings | None, requests: list[_Request]) -> Iterator[list[tuple[int, Any]]]:
        prompts = [request.prompt for request in requests]
        if settings is None:
            return self.model.stream_scores(prompts, [request.options for request in requests])
        return self.model.stream_replies(prompts, settings)


def _grouped(batch: list[_Request]) -> Iterator[tuple[GenerationSettings | None, list[_Request]]]:
    groups: dict[GenerationSettings | None, list[_Request]] = {}
    for request in batch:
        groups.setdefault(request.settings, []).append(request)
    yield from groups.items()
