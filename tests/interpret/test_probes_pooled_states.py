"""Pooled states are those of the tap: last token and mean, with and without shared beginnings, kept and resumed."""

from pathlib import Path

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.interpret.pooled_states import LAST, MEAN, PooledStates, collect_pooled, pooled_rows
from thymos.interpret.probes import depths
from thymos.language.load import load_language_model
from thymos.language.model import Message
from thymos.language.tap import Edit, Place, Site, Tap

TEXTS = [f"I feel {'so ' * (number % 7)}happy today number {number}" for number in range(21)]
CHATS = [(Message("system", "You are a calm helper who says little."), Message("user", text)) for text in TEXTS]
PLACES = list(dict.fromkeys(depths(2).values()))


@pytest.fixture(scope="module")
def tap(tiny_llama: Path) -> Tap:
    return Tap(load_language_model(str(tiny_llama), cache=None))


def expected(tap: Tap, prompts: list) -> tuple[dict[Place, np.ndarray], dict[Place, np.ndarray]]:
    """The slow way: one prompt at a time."""
    last: dict[Place, list] = {place: [] for place in PLACES}
    mean: dict[Place, list] = {place: [] for place in PLACES}
    for states in tap.read_texts(prompts, PLACES):
        for place in PLACES:
            last[place].append(states[place][-1])
            mean[place].append(states[place].mean(axis=0))
    return {p: np.stack(v) for p, v in last.items()}, {p: np.stack(v) for p, v in mean.items()}


@pytest.mark.parametrize("prompts", [TEXTS, CHATS], ids=["raw", "chat"])
@pytest.mark.parametrize("poolings", [(LAST,), (MEAN,), (LAST, MEAN)], ids="-".join)
def test_last_and_mean_are_those_of_single_prompts(
    tap: Tap, prompts: list, poolings: tuple[str, ...], tmp_path: Path
) -> None:
    last, mean = expected(tap, prompts)
    told: list[tuple[int, int]] = []
    found = collect_pooled(
        tap, prompts, PLACES, tmp_path, poolings, part_prompts=8, batch_tokens=200,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    for place in PLACES:
        if LAST in poolings:
            assert np.allclose(found.load(place), last[place], atol=1e-5)
        if MEAN in poolings:
            assert np.allclose(found.load(place, MEAN), mean[place], atol=1e-5)
    assert told == [(8, 21), (16, 21), (21, 21)]


def test_edits_see_whole_prompts(tap: Tap) -> None:
    rows = tap.encode(CHATS)
    place = Place(Site.RESIDUAL, 1)
    with tap.editing([Edit.add(Place(Site.RESIDUAL, 0), np.ones(32), positions="prompt_end")]):
        edited = pooled_rows(tap, rows, [place])[LAST][place]
        slow = np.concatenate([tap.read([chat], [place])[place][0] for chat in CHATS])
    assert np.allclose(edited, slow, atol=1e-5)
    assert not np.allclose(edited, pooled_rows(tap, rows, [place])[LAST][place], atol=1e-2)


def test_what_is_there_is_not_read_again(tap: Tap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from thymos.interpret import pooled_states as module

    whole = collect_pooled(tap, TEXTS, PLACES, tmp_path, part_prompts=8).load(PLACES[1], MEAN)
    (tmp_path / MEAN / "part-00001.safetensors").unlink()
    read = []
    real = module.pooled_rows
    monkeypatch.setattr(
        module,
        "pooled_rows",
        lambda tap, rows, *rest, **named: read.append(len(rows)) or real(tap, rows, *rest, **named),
    )
    again = collect_pooled(tap, TEXTS, PLACES, tmp_path, part_prompts=8)
    assert read == [8]
    assert np.allclose(again.load(PLACES[1], MEAN), whole, atol=1e-6)


def test_a_folder_holds_one_collection(tap: Tap, tmp_path: Path) -> None:
    collect_pooled(tap, TEXTS, PLACES, tmp_path)
    with pytest.raises(BadInput, match="another collection is here"):
        collect_pooled(tap, TEXTS[:-1], PLACES, tmp_path)


def test_what_cannot_be_collected_or_loaded(tap: Tap, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no prompt"):
        collect_pooled(tap, [], PLACES, tmp_path / "a")
    with pytest.raises(BadInput, match="poolings are"):
        collect_pooled(tap, TEXTS, PLACES, tmp_path / "a", ("first",))
    with pytest.raises(BadInput, match="there is no layer 7"):
        collect_pooled(tap, TEXTS, [Place(Site.RESIDUAL, 7)], tmp_path / "a")
    with pytest.raises(BadInput, match="part_prompts"):
        collect_pooled(tap, TEXTS, PLACES, tmp_path / "a", part_prompts=0)
    with pytest.raises(BadInput, match="no pooled states"):
        PooledStates(tmp_path / "a")
    found = collect_pooled(tap, TEXTS, PLACES[:1], tmp_path / "b", (LAST,))
    with pytest.raises(BadInput, match="mean was not collected"):
        found.load(PLACES[0], MEAN)
    with pytest.raises(BadInput, match="was not collected"):
        found.load(PLACES[1])
