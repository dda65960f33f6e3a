"""Variants of a prompt's last token in one batch equal as many runs of the whole prompt."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.interpret import variants
from thymos.interpret.variants import last_token_variants
from thymos.language.model import Message
from thymos.language.tap import Edit, Place, Site, Tap
from thymos.testing.tiny_models import SLIDING_FAMILIES

LAST = Place(Site.RESIDUAL, 2)
PROMPT = "She was sad and angry when the rain began."
WHOLE = ("llama", "qwen2", "qwen3", "gemma")
RNG = np.random.default_rng(0)
VECTOR = RNG.standard_normal(32)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal to 1e-4, in units of the largest number where that is above 1."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


def slowly(tap: Tap, prompt: Any, chosen: list[list[Edit]], place: Place) -> np.ndarray:
    """Every variant as a run of its own."""
    found = []
    for edits in chosen:
        with tap.editing(edits):
            found.append(tap.read([prompt], [place])[place][0, 0])
    return np.stack(found)


def many(tap: Tap) -> list[list[Edit]]:
    """Variants of every operation at every site, alone and together."""
    width, heads, head_width = tap.architecture.width, tap.architecture.heads, tap.architecture.head_width
    vector = RNG.standard_normal(width)
    chosen: list[list[Edit]] = [[]]
    for layer in range(3):
        chosen += [
            [Edit.add(Place(Site.RESIDUAL, layer), vector, positions="last")],
            [Edit.add(Place(Site.RESIDUAL_MIDDLE, layer), vector, positions="last", times_rms=True)],
            [Edit.scale(Place(Site.ATTENTION_OUTPUT, layer), 2.0, positions="last")],
            [Edit.set(Place(Site.MLP_OUTPUT, layer), vector, positions="last")],
            [Edit.ablate(Place(Site.HEADS, layer), units=[layer], positions="last")],
            [
                Edit.set(
                    Place(Site.HEADS, layer),
                    RNG.standard_normal((2, head_width)),
                    units=[0, heads - 1],
                    positions="last",
                ),
                Edit.add(Place(Site.NEURONS, layer), [1.0, -2.0, 3.0], units=[5, 0, 47], positions="last"),
            ],
        ]
    both = [*chosen[1], *chosen[9], *chosen[-1]]
    return [*chosen, both, []]


@pytest.mark.parametrize("family", WHOLE)
def test_variants_equal_whole_runs(tiny: Callable[[str], Any], family: str) -> None:
    tap = Tap(tiny(family))
    chosen = many(tap)
    for place in (LAST, Place(Site.RESIDUAL_MIDDLE, 1), Place(Site.FINAL_NORM), Place(Site.NEURONS, 2)):
        found = last_token_variants(tap, PROMPT, chosen, place)
        assert found.dtype == np.float64
        close(found, slowly(tap, PROMPT, chosen, place))
    states = last_token_variants(tap, PROMPT, chosen[:-1], LAST)
    apart = np.linalg.norm(states[:, None] - states[None], axis=-1) + np.eye(len(states))
    assert apart.min() > 1e-2, "variants that do the same test nothing"


def test_an_empty_variant_is_the_plain_model(llama: Tap, prompts: list[str]) -> None:
    for prompt in (*prompts, [Message("user", "hi")]):
        close(last_token_variants(llama, prompt, [[]], LAST), llama.read([prompt], [LAST])[LAST][0])


@pytest.mark.parametrize("together", [1, 2, 7])
def test_more_variants_than_run_together(llama: Tap, monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    chosen = many(llama)
    expected = last_token_variants(llama, PROMPT, chosen, LAST)
    monkeypatch.setattr(variants, "ROWS", together)
    close(last_token_variants(llama, PROMPT, chosen, LAST), expected)


def test_more_variants_than_there_are_rows(llama: Tap) -> None:
    scales = np.linspace(-1, 1, variants.ROWS + 5)
    chosen = [[Edit.add(LAST, scale * VECTOR)] for scale in scales]
    plain = llama.read([PROMPT], [LAST])[LAST][0]
    close(last_token_variants(llama, PROMPT, chosen, LAST), plain + scales[:, None] * VECTOR)


def test_a_long_prompt_takes_fewer_rows(llama: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = many(llama)
    expected = last_token_variants(llama, PROMPT, chosen, LAST)
    rows: list[int] = []
    seen = llama.model.model.register_forward_pre_hook(
        lambda module, arguments, named: rows.append(len(named["input_ids"])), with_kwargs=True
    )
    tokens = len(llama.model.encode_prompt(PROMPT))
    monkeypatch.setattr(variants, "CACHE_POSITIONS", 4 * tokens)
    found = last_token_variants(llama, PROMPT, chosen, LAST)
    seen.remove()
    assert rows[:3] == [1, 4, 4]
    close(found, expected)


def test_positions_do_not_matter(llama: Tap) -> None:
    for positions in ("all", "last", "prompt_end", (-1,)):
        found = last_token_variants(llama, PROMPT, [[Edit.add(LAST, VECTOR, positions=positions)]], LAST)
        close(found, llama.read([PROMPT], [LAST])[LAST][0] + VECTOR)


def test_the_model_is_left_as_it_was(llama: Tap) -> None:
    identity, before = llama.model.identity, llama.read([PROMPT], [LAST])[LAST]
    last_token_variants(llama, PROMPT, many(llama), LAST)
    assert llama.model.identity == identity
    np.testing.assert_array_equal(llama.read([PROMPT], [LAST])[LAST], before)


@pytest.mark.parametrize("family", SLIDING_FAMILIES)
def test_sliding_windows_are_one_clear_error(tiny: Callable[[str], Any], family: str) -> None:
    with pytest.raises(BadInput, match=f"variants: tiny {family} attends through a sliding window, .*; use a model"):
        last_token_variants(Tap(tiny(family)), PROMPT, [[]], LAST)


def test_what_cannot_be_is_refused(llama: Tap) -> None:
    with pytest.raises(BadInput, match="variants: the prompt has one token only; use a longer one"):
        last_token_variants(llama, "!", [[]], LAST)
    with pytest.raises(BadInput, match="variants: there is no variant; pass at least one, it may be empty"):
        last_token_variants(llama, PROMPT, [], LAST)
    with pytest.raises(BadInput, match="variants: an edit is for single rows already; leave rows out"):
        last_token_variants(llama, PROMPT, [[Edit.add(LAST, VECTOR, rows=[0])]], LAST)
    with pytest.raises(BadInput, match="there is no layer 3"):
        last_token_variants(llama, PROMPT, [[Edit.add(Place(Site.RESIDUAL, 3), VECTOR)]], LAST)
    with pytest.raises(BadInput, match="there is no layer 9"):
        last_token_variants(llama, PROMPT, [[]], Place(Site.RESIDUAL, 9))
    with (
        llama.editing([Edit.add(LAST, VECTOR)]),
        pytest.raises(BadInput, match="variants: the model is edited already; put those edits into every variant"),
    ):
        last_token_variants(llama, PROMPT, [[]], LAST)
