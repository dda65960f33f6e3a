"""Requests from many threads meet in batches; errors reach every waiting caller, and the worker lives on."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from thymos.assess.engine.batching import RequestBatcher
from thymos.errors import Unavailable
from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply


class Echo(LanguageModel):
    """Repeats the prompt, one batch a call, and keeps count of batches."""

    name = identity = "echo"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.fail_on = ""

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        self.batches.append(len(prompts))
        for index, prompt in enumerate(prompts):
            if self.fail_on and prompt == self.fail_on:
                raise Unavailable("the model fell over")
            yield [(index, Reply(f"{prompt}/{settings.seed}"))]

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        self.batches.append(len(prompts))
        for index, texts in enumerate(options):
            lengths = np.array([len(text) for text in texts])
            yield [(index, OptionScores(-lengths.astype(float), lengths, lengths))]


def test_every_caller_gets_its_own_reply_and_few_batches_run() -> None:
    model = Echo()
    batcher = RequestBatcher(model)
    with ThreadPoolExecutor(40) as pool:
        futures = list(pool.map(lambda k: batcher.reply(f"p{k}", GenerationSettings(seed=k % 2)), range(200)))
    assert [future.result(10).text for future in futures] == [f"p{k}/{k % 2}" for k in range(200)]
    assert sum(model.batches) == 200
    assert len(model.batches) < 50
    batcher.close()


def test_options_and_replies_do_not_mix() -> None:
    batcher = RequestBatcher(Echo())
    reply = batcher.reply("p", GenerationSettings())
    scores = batcher.scores("p", ["a", "abc"])
    assert reply.result(10).text == "p/0"
    assert scores.result(10).log_likelihoods.tolist() == [-1, -3]
    batcher.close()


def test_an_error_reaches_all_that_were_not_answered_and_the_next_request_works() -> None:
    model = Echo()
    model.fail_on = "b"
    batcher = RequestBatcher(model)
    gate = threading.Event()
    first = [batcher.reply(text, GenerationSettings()) for text in ("a", "b", "c")]
    gate.set()
    assert first[0].result(10).text == "a/0", "what was finished before the error is kept"
    for future in first[1:]:
        with pytest.raises(Unavailable, match="fell over"):
            future.result(10)
    assert isinstance(batcher.failure, Unavailable)
    assert batcher.reply("d", GenerationSettings()).result(10).text == "d/0"
    batcher.close()


def test_a_closed_batcher_finishes_what_waits_and_starts_again() -> None:
    batcher = RequestBatcher(Echo())
    waiting = batcher.reply("a", GenerationSettings())
    batcher.close()
    batcher.close()
    assert waiting.result(0).text == "a/0"
    assert batcher.reply("b", GenerationSettings()).result(10).text == "b/0"
    batcher.close()


def test_a_cancelled_request_is_not_asked() -> None:
    model = Echo()
    batcher = RequestBatcher(model)
    first = batcher.reply("a", GenerationSettings())
    second = batcher.reply("b", GenerationSettings())
    cancelled = second.cancel()
    assert first.result(10).text == "a/0"
    batcher.close()
    assert sum(model.batches) == (1 if cancelled else 2)


def test_abandoning_ends_after_the_batch_that_runs() -> None:
    """Ctrl-C must not wait for hundreds of requests that nobody reads any more."""
    started, asked = threading.Event(), []

    class Slow(LanguageModel):
        name = identity = "slow"

        def stream_replies(
            self, prompts: Sequence[Prompt], settings: GenerationSettings
        ) -> Iterator[list[tuple[int, Reply]]]:
            for index, _ in enumerate(prompts):
                asked.append(index)
                started.set()
                time.sleep(0.1)
                yield [(index, Reply("x"))]

        def stream_scores(
            self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
        ) -> Iterator[list[tuple[int, OptionScores]]]:
            raise AssertionError

    batcher = RequestBatcher(Slow())
    futures = [batcher.reply(f"{n}", GenerationSettings()) for n in range(50)]
    assert started.wait(5)
    batcher.close(abandon=True)
    assert len(asked) < 5
    done = [future for future in futures if future.done() and not future.cancelled() and not future.exception()]
    assert 1 <= len(done) < 5
    assert all(future.done() for future in futures)  # nobody waits forever
    assert batcher.failure is None
    assert batcher.reply("again", GenerationSettings()).result(5).text == "x"
    batcher.close()
