"""How long the companion lets a person wait: a talk of 500 tokens and more, the embedded model, two threads.

Two times of each answer: until the language model's first token comes (the guard has read the message, the recognizer
has perceived, the strategy is planned, and the model has read the whole talk), and until the person reads something,
which is a whole sentence that the guard has let through. The first answer of a talk is read from its beginning; a later
one finds what the model has read before.

    python benchmarks/companion_first_token.py
"""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import torch

from thymos.errors import Unavailable
from thymos.language import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, OptionScores, Reply

HISTORY_TOKENS = 500
THREADS = 2
TALKS = 7
FIRST_TOKEN_CEILING = 2.0  # seconds
ASKED = (
    "My work has been too much since the spring, and my boss keeps adding to it without asking me.",
    "I come home at nine and I am too tired to cook, so I eat bread over the sink and go to bed.",
    "Last week I forgot my sister's birthday, and she was hurt, and I did not know what to say to her.",
    "I used to swim on Sundays with two friends, but I have not been there for months now.",
    "For the summer we rented a small house by a lake, and my sister wants to come along with the kids.",
    "I told my boss once that it was too much, and he said that everybody has to go through that.",
    "On Tuesday I had a good talk with a colleague, and it turned out that she has the same trouble.",
    "There is an opening in another team, and I wonder how to ask about it without making my boss angry.",
)
ANSWERED = (
    "That sounds exhausting. What weighs on you most about it?",
    "It seems that there is nothing left for yourself in the evening.",
    "You care about her, and it hurts to have let her down.",
    "Those Sundays seem to have done you good. What did you like about them?",
)


class FirstToken(LanguageModel):
    """A model beside a watch: when its first piece came."""

    def __init__(self, model: Any) -> None:
        self.model, self.name, self.identity = model, model.name, model.identity
        self.came = 0.0

    def stream_replies(self, prompts: Any, settings: GenerationSettings) -> Iterator[list[tuple[int, Reply]]]:
        """The model's own."""
        return self.model.stream_replies(prompts, settings)

    def stream_scores(self, prompts: Any, options: Any) -> Iterator[list[tuple[int, OptionScores]]]:
        """The model's own."""
        return self.model.stream_scores(prompts, options)

    def _stream_text(self, conversation: Any, settings: GenerationSettings) -> Iterator[str]:
        self.came = 0.0
        for piece in self.model.stream_text(conversation, settings):
            self.came = self.came or time.perf_counter()
            yield piece


def talk(model: Any, first: int) -> list[Message]:
    """A talk with at least ``HISTORY_TOKENS`` tokens, the person's message last; no two begin alike."""
    turns: list[Message] = []
    place = first
    while len(model.tokenizer(" ".join(turn.content for turn in turns))["input_ids"]) < HISTORY_TOKENS:
        turns.append(Message("user", f"{ASKED[place % len(ASKED)]} That was day {place}."))
        turns.append(Message("assistant", ANSWERED[place % len(ANSWERED)]))
        place += 1
    return [*turns, Message("user", ASKED[place % len(ASKED)])]


def timed(companion: Any, watch: FirstToken, turns: list[Message]) -> tuple[float, float, str]:
    """Seconds until the first token and until the first sentence, and the reply."""
    from thymos.respond.companion import Finished, Said

    watch.came = 0.0
    started = time.perf_counter()
    read, text = 0.0, ""
    for event in companion.answer(turns):
        if isinstance(event, Said) and not read:
            read = time.perf_counter() - started
        if isinstance(event, Finished):
            text = event.text
    if not watch.came:
        raise RuntimeError("the model was not asked, so there is no first token")
    return watch.came - started, read, text


def main() -> dict[str, Any]:
    """Measure, print a small table, and return its numbers."""
    name = "companion_first_token"
    try:
        model: Any = load_language_model("embedded", cache=None)
    except Unavailable as error:
        print(f"{name}: skipped ({error})")
        return {"benchmark": name, "skipped": str(error)}
    from thymos.respond.companion import Companion
    from thymos.respond.guard import Guard

    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        watch = FirstToken(model)
        companion = Companion(watch, Guard("US"), strict=True)
        list(companion.answer([Message("user", "Hello there, I am a bit down.")]))  # loads what loads once
        fresh, later = [], []
        for number in range(TALKS):
            turns = talk(model, number)
            first = timed(companion, watch, turns)
            fresh.append(first)
            again = [*turns, Message("assistant", first[2]), Message("user", ASKED[number])]
            later.append(timed(companion, watch, again))
    finally:
        torch.set_num_threads(threads)
    rows = {
        kind: {
            "first_token_median": statistics.median(one[0] for one in found),
            "first_token_worst": max(one[0] for one in found),
            "first_sentence_median": statistics.median(one[1] for one in found),
            "first_sentence_worst": max(one[1] for one in found),
        }
        for kind, found in (("first answer", fresh), ("later answer", later))
    }
    worst = max(row["first_token_worst"] for row in rows.values())
    tokens = len(model.tokenizer(" ".join(turn.content for turn in talk(model, 0)))["input_ids"])
    passed = worst <= FIRST_TOKEN_CEILING
    print(f"{TALKS} talks of about {tokens} tokens, embedded model, {THREADS} threads")
    for kind, row in rows.items():
        print(
            f"  {kind}: first token {row['first_token_median']:.2f} s (worst {row['first_token_worst']:.2f}), "
            f"first sentence {row['first_sentence_median']:.2f} s (worst {row['first_sentence_worst']:.2f})"
        )
    print(f"  {'passed' if passed else 'NOT PASSED'} (first token within {FIRST_TOKEN_CEILING:.0f} s)")
    return {
        "benchmark": name,
        "tokens": tokens,
        "threads": THREADS,
        "rows": rows,
        "bar_seconds": FIRST_TOKEN_CEILING,
        "passed": passed,
    }


if __name__ == "__main__":
    main()
