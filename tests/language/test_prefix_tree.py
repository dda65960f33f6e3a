"""Batches as trees of shared beginnings: nothing is lost, little is computed twice, and the numbers stay the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.model import GenerationSettings
from thymos.language.prefix_tree import (
    Level,
    PrefixState,
    attends_to_everything,
    plan_batches,
    plan_levels,
    plan_widths,
    shared_length,
)

ROWS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=30).map(tuple), min_size=1, max_size=12).map(sorted)
HEADER = list(range(20))


def joined(levels: list[Level], row: int) -> list[int]:
    """The tokens of a row, by following its parents."""
    tokens: list[int] = []
    for number in range(len(levels) - 1, -1, -1):
        tokens = [*levels[number].chunks[row], *tokens]
        row = levels[number].parents[row] if levels[number].parents else row
    return tokens


@given(ROWS)
def test_levels_give_every_row_again(rows: list[tuple[int, ...]]) -> None:
    levels = plan_levels(rows)
    assert 1 <= len(levels) <= 3
    assert [joined(levels, place) for place in range(len(rows))] == [list(row) for row in rows]
    assert all(chunk for level in levels for chunk in level.chunks)
    assert sum(len(chunk) for level in levels for chunk in level.chunks) <= sum(map(len, rows))


def test_what_all_share_and_what_groups_share_is_computed_once() -> None:
    rows = sorted([*HEADER, *[group] * 10, item] for group in (100, 200, 300) for item in (7, 8, 9))
    levels = plan_levels(rows)
    assert [len(level.chunks) for level in levels] == [1, 3, 9]
    assert [len(level.chunks[0]) for level in levels] == [20, 10, 1]
    assert levels[2].parents == (0, 0, 0, 1, 1, 1, 2, 2, 2)


def test_rows_that_share_little_are_one_level() -> None:
    assert plan_levels([[1, 2, 3], [1, 4, 5]]) == [Level((), ((1, 2, 3), (1, 4, 5)))]
    assert plan_levels([[5] * 40]) == [Level((), ((5,) * 40,))]


def test_equal_rows_keep_their_last_token() -> None:
    levels = plan_levels([HEADER, HEADER])
    assert [level.chunks for level in levels] == [(tuple(HEADER[:-1]),), ((19,), (19,))]


@given(ROWS, st.integers(1, 5), st.integers(1, 80), st.integers(0, 10))
def test_batches_hold_every_row_once_and_keep_their_bounds(
    rows: list[tuple[int, ...]], batch_size: int, positions: int, extra: int
) -> None:
    batches = plan_batches(rows, batch_size, positions, extra=extra)
    assert sorted(place for batch in batches for place in batch) == list(range(len(rows)))
    for batch in batches:
        assert len(batch) <= batch_size
        widest = max(len(rows[place]) for place in batch) + extra
        assert len(batch) == 1 or len(batch) * widest <= positions
    order = [tuple(rows[place]) for batch in batches for place in batch]
    assert order == sorted(order)


@given(st.lists(st.integers(1, 300), max_size=30))
def test_groups_of_similar_width_hold_every_row_and_little_padding(lengths: list[int]) -> None:
    groups = plan_widths(lengths)
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        widest = max(lengths[place] for place in group)
        assert all(widest - lengths[place] <= max(16, widest // 6) for place in group)


@given(st.lists(st.integers(0, 1), max_size=8), st.lists(st.integers(0, 1), max_size=8))
def test_shared_length_is_the_longest_common_start(first: list[int], second: list[int]) -> None:
    count = shared_length(first, second)
    assert first[:count] == second[:count]
    assert count == min(len(first), len(second)) or first[count] != second[count]


@pytest.fixture(scope="module")
def tiny(tiny_llama: Path) -> LocalLanguageModel:
    return load_local(tiny_llama, name="tiny", identity="tiny", device="cpu", batch_size=16)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(3, 300), min_size=9, max_size=20),
    st.lists(st.lists(st.integers(3, 300), min_size=1, max_size=9), min_size=2, max_size=7),
)
def test_tree_logits_equal_plain_logits(tiny: LocalLanguageModel, header: list[int], tails: list[list[int]]) -> None:
    rows = sorted([*header, *tail] for tail in tails)
    model = tiny
    with torch.no_grad():
        together = PrefixState(model.model, model.padding_id).run(plan_levels(rows))
        for row, logits in zip(rows, together, strict=True):
            alone = model.model(torch.tensor([row])).logits[0, -1]
            assert torch.allclose(logits, alone, atol=1e-5)


def test_replies_with_shared_beginnings_equal_single_ones(tiny: LocalLanguageModel) -> None:
    prompts = [
        f"She was sad and angry when {place} began. Tell me how {item}"
        for place in ("the rain", "the long night", "nothing")
        for item in ("you feel", "he feels", "it is", "I am today, thank you")
    ]
    short = GenerationSettings(max_new_tokens=10)
    assert tiny.generate(prompts, short) == [tiny.generate([prompt], short)[0] for prompt in prompts]
    options = [[" sad", " so happy today", "!"]] * len(prompts)
    together = tiny.score_batch(prompts, options)
    alone = [tiny.score(prompt, texts) for prompt, texts in zip(prompts, options, strict=True)]
    assert np.allclose(together, alone, atol=1e-4)


def test_fewer_positions_are_computed_than_by_plain_batches(
    tiny: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = ["She was sad and angry when the rain began, and nothing scares him more. " + item for item in "abcdefgh"]
    computed = 0
    inner = tiny.model.forward

    def counted(*args: object, **kwargs: object) -> object:
        nonlocal computed
        computed += kwargs["input_ids"].numel()  # type: ignore[attr-defined]
        return inner(*args, **kwargs)

    monkeypatch.setattr(tiny.model, "forward", counted)
    tiny.score_batch(prompts, [["a", "b"]] * len(prompts))
    assert computed < sum(len(tiny.encode_prompt(prompt)) for prompt in prompts) / 4


def test_models_with_windows_run_one_prompt_a_batch(tiny: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert attends_to_everything(tiny.model)
    expected = tiny.generate(["I feel", "I feel so happy"], GenerationSettings(max_new_tokens=5))
    monkeypatch.setattr(tiny.model.config, "layer_types", ["sliding_attention", "full_attention"], raising=False)
    assert not attends_to_everything(tiny.model)
    assert tiny._batches([[1, 2], [1, 2, 3]], 0) == [[0], [1]]
    monkeypatch.undo()
    assert tiny.generate(["I feel", "I feel so happy"], GenerationSettings(max_new_tokens=5)) == expected
