"""What a model has read lately: the same replies as without it, less to read, and bounded memory."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.language import known_beginnings
from thymos.language.known_beginnings import KnownBeginnings, common_beginning
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, Message
from thymos.language.prefix_tree import PrefixState
from thymos.testing.tiny_models import write_tiny_model

SETTINGS = GenerationSettings(max_new_tokens=8)
TALK = [
    Message("user", "I lost my keys this morning, and then I was late for work, and my boss was angry."),
    Message("assistant", "That was a hard morning."),
    Message("user", "It was, and the evening was no better."),
]


@pytest.fixture
def model(tmp_path: Any) -> Any:
    """A tiny model."""
    return load_language_model(str(write_tiny_model(tmp_path)), cache=None)


def read_tokens(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each pass of the model reads."""
    seen: list[int] = []
    old = model.model.forward

    def forward(*arguments: Any, **options: Any) -> Any:
        seen.append(options["input_ids"].shape[1])
        return old(*arguments, **options)

    monkeypatch.setattr(model.model, "forward", forward)
    return seen


@given(one=st.lists(st.integers(0, 2), max_size=8), other=st.lists(st.integers(0, 2), max_size=8))
def test_common_beginnings_are_the_longest(one: Sequence[int], other: Sequence[int]) -> None:
    length = common_beginning(one, other)
    assert one[:length] == other[:length]
    assert length in (len(one), len(other)) or one[length] != other[length]


def test_a_talk_that_goes_on_is_not_read_again(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model.share_prefixes = False
    wanted = ["".join(model.stream_text(TALK[:count], SETTINGS)) for count in (1, 3)]
    model.share_prefixes = True
    seen = read_tokens(model, monkeypatch)
    found = ["".join(model.stream_text(TALK[:1], SETTINGS))]
    first = seen[0]
    seen.clear()
    found.append("".join(model.stream_text(TALK, SETTINGS)))
    assert found == wanted
    assert first == len(model.encode_prompt(TALK[:1]))
    assert seen[0] < len(model.encode_prompt(TALK)) - 16


def test_the_same_again_reads_one_token(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = "".join(model.stream_text(TALK, SETTINGS))
    seen = read_tokens(model, monkeypatch)
    assert "".join(model.stream_text(TALK, SETTINGS)) == first
    assert seen[0] == 1


def test_who_stops_early_leaves_a_state_that_is_right(model: Any) -> None:
    stream = model.stream_text(TALK[:1], SETTINGS)
    next(stream)
    stream.close()
    assert len(model.known) == 1
    found = "".join(model.stream_text(TALK, SETTINGS))
    model.known = KnownBeginnings()
    assert found == "".join(model.stream_text(TALK, SETTINGS))


def test_a_taken_state_is_ones_own(model: Any) -> None:
    row = list(range(5, 45))
    state = PrefixState(model.model, 0)
    with torch.inference_mode():
        state.extend([row])
        known = KnownBeginnings()
        known.keep(row, state)
        taken, length = known.take(row)
        assert taken is not None
        assert (length, tuple(taken.mask.shape)) == (39, (1, 39))
        taken.extend([[7, 8, 9]])
        again, length = known.take([*row[:30], 1, 2])
    assert again is not None
    assert (length, tuple(again.mask.shape)) == (30, (1, 30))


def test_little_in_common_is_read_again(model: Any) -> None:
    known = KnownBeginnings()
    row = list(range(5, 45))
    state = PrefixState(model.model, 0)
    with torch.inference_mode():
        state.extend([row])
    known.keep(row, state)
    assert known.take([*row[: known_beginnings.LEAST_TOKENS - 1], 1, 2]) == (None, 0)
    assert known.take(row[::-1]) == (None, 0)


def test_memory_is_bounded_and_the_oldest_go(model: Any) -> None:
    def read(row: list[int]) -> PrefixState:
        state = PrefixState(model.model, 0)
        with torch.inference_mode():
            state.extend([row])
        return state

    rows = [[start + place for place in range(40)] for start in (3, 50, 100)]
    size = read(rows[0]).size_in_bytes
    known = KnownBeginnings(most_bytes=2 * size)
    for row in rows[:2]:
        known.keep(row, read(row))
    known.take(rows[0])  # used, so the other one is the oldest
    known.keep(rows[2], read(rows[2]))
    assert len(known) == 2
    assert known.take(rows[0])[1]
    assert known.take(rows[2])[1]
    assert known.take(rows[1]) == (None, 0)
    known.keep([*rows[0], 1], read([*rows[0], 1]))
    assert known.take(rows[0])[1] == 39
    small = KnownBeginnings(most_bytes=size - 1)
    small.keep(rows[0], read(rows[0]))
    assert len(small) == 0


def test_several_threads_do_not_mix_their_talks(model: Any) -> None:
    talks = [[Message("user", f"{name} {TALK[0].content}")] for name in ("Ann", "Ben", "Cleo", "Dora")]
    model.share_prefixes = False
    wanted = ["".join(model.stream_text(talk, SETTINGS)) for talk in talks]
    model.share_prefixes = True
    found: dict[int, list[str]] = {}

    def run(place: int) -> None:
        found[place] = ["".join(model.stream_text(talks[place], SETTINGS)) for _ in range(5)]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(talks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [set(found[place]) for place in range(len(talks))] == [{one} for one in wanted]
