"""The offset-aware probe on made replies: a signal that fades, one that turns round, and replies of any length."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.interpret.persistence import OffsetProbe, reply_states, reply_tokens
from thymos.language.load import load_language_model
from thymos.language.model import Message
from thymos.language.tap import Place, Site, Tap

CLASSES = np.array(["fear", "joy"], dtype=object)
WIDTH, OFFSETS = 8, 12
QUICK = OffsetProbe(max_offset=20, hidden=32, learning_rate=1e-2, epochs=8, draws=6)


def fading(replies: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The class shows at the start of a reply, less at each offset, and not at all in its second half."""
    rng = np.random.default_rng(seed)
    codes = np.arange(replies) % 2
    strength = np.clip(1 - np.arange(OFFSETS) / (OFFSETS / 2), 0, 1)
    states = []
    for code in codes:
        noise = rng.standard_normal((OFFSETS, WIDTH))
        noise[:, 0] += 6 * (code - 0.5) * strength
        states.append(noise)
    return states, CLASSES[codes]


def turning(replies: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The same state means one class early and the other late: only who knows the offset can tell."""
    rng = np.random.default_rng(seed)
    codes = np.arange(replies) % 2
    sign = np.where(np.arange(OFFSETS) < OFFSETS / 2, 1.0, -1.0)
    states = []
    for code in codes:
        noise = 0.5 * rng.standard_normal((OFFSETS, WIDTH))
        noise[:, 0] += 4 * (code - 0.5) * sign
        states.append(noise)
    return states, CLASSES[codes]


def accuracy(probe: OffsetProbe, replies: list[np.ndarray], labels: np.ndarray, offset: int) -> float:
    places, predicted = probe.predict_replies(replies, offset)
    return float((predicted == labels[places]).mean())


def test_one_probe_gives_the_curve() -> None:
    probe = clone(QUICK).fit(*fading(200, 0))
    new, wanted = fading(200, 1)
    curve = [accuracy(probe, new, wanted, offset) for offset in range(OFFSETS)]
    assert curve[0] > 0.95
    assert curve[0] > curve[4] > 0.55
    assert abs(np.mean(curve[6:]) - 0.5) < 0.06


def test_knowing_the_offset_is_what_the_vectors_are_for() -> None:
    train, new = turning(200, 2), turning(200, 3)
    settings = {"learning_rate": 1e-2, "epochs": 40}
    knowing = clone(QUICK).set_params(**settings).fit(*train)
    blind = clone(QUICK).set_params(knows_offset=False, **settings).fit(*train)
    for offset in (0, OFFSETS - 1):
        assert accuracy(knowing, *new, offset) > 0.9
    assert abs(np.mean([accuracy(blind, *new, offset) for offset in (0, OFFSETS - 1)]) - 0.5) < 0.1


def test_replies_end_where_they_end() -> None:
    replies, labels = fading(60, 4)
    short = [reply[: 1 + place % 5] for place, reply in enumerate(replies)]
    probe = clone(QUICK).fit(short, labels)
    places, predicted = probe.predict_replies(short, 3)
    assert places.tolist() == [place for place in range(60) if place % 5 >= 3]
    assert len(predicted) == len(places)
    places, predicted = probe.predict_replies(short, 9)
    assert len(places) == len(predicted) == 0


def test_offsets_beyond_the_largest_are_not_used() -> None:
    replies, labels = fading(60, 5)
    wild = [np.concatenate([reply, np.full((5, WIDTH), 1e6)]) for reply in replies]
    settings = {"max_offset": OFFSETS - 1}
    plain = clone(QUICK).set_params(**settings).fit(replies, labels)
    assert np.allclose(plain.center_, clone(QUICK).set_params(**settings).fit(wild, labels).center_)


def test_the_seed_decides() -> None:
    replies, labels = fading(60, 6)
    states, offsets = np.stack([reply[2] for reply in replies]), np.full(60, 2)
    first = clone(QUICK).fit(replies, labels).predict_proba(states, offsets)
    assert (clone(QUICK).fit(replies, labels).predict_proba(states, offsets) == first).all()
    other = clone(QUICK).set_params(seed=1).fit(replies, labels).predict_proba(states, offsets)
    assert not np.allclose(first, other)
    assert np.allclose(first.sum(axis=1), 1)


@pytest.mark.parametrize("knows_offset", [True, False])
def test_there_and_back(tmp_path: Path, knows_offset: bool) -> None:
    replies, labels = fading(60, 7)
    probe = clone(QUICK).set_params(knows_offset=knows_offset).fit(replies, labels)
    back = OffsetProbe.load(probe.save(tmp_path / "p.safetensors"))
    assert back.get_params() == probe.get_params()
    for offset in (0, 7):
        assert (back.predict_replies(replies, offset)[1] == probe.predict_replies(replies, offset)[1]).all()


# -- bad input ----------------------------------------------------------------------------------------------------


def changed(replies: list[np.ndarray], place: int, value: Any) -> list[Any]:
    return [value if number == place else reply for number, reply in enumerate(replies)]


def test_replies_that_cannot_be_used() -> None:
    replies, labels = fading(10, 8)
    broken = replies[3].copy()
    broken[2, 1] = np.nan
    for given, message in (
        ([], "no replies"),
        (changed(replies, 3, broken), "reply 3, row 2: a state is NaN"),
        (changed(replies, 4, replies[4][:, :5]), "states have"),
        (changed(replies, 5, np.zeros((0, WIDTH))), "reply 5: the shape is"),
    ):
        with pytest.raises(BadInput, match=message):
            clone(QUICK).fit(given, labels)
    with pytest.raises(BadInput, match="every label is"):
        clone(QUICK).fit(replies, ["joy"] * 10)
    with pytest.raises(BadInput, match="lengths differ"):
        clone(QUICK).fit(replies, labels[:-1])


def test_states_and_offsets_that_cannot_be_read() -> None:
    replies, labels = fading(20, 9)
    with pytest.raises(BadInput, match="call fit first"):
        clone(QUICK).predict_replies(replies, 0)
    probe = clone(QUICK).fit(replies, labels)
    with pytest.raises(BadInput, match="offset 21 is unknown"):
        probe.predict(replies[0][:2], [0, 21])
    with pytest.raises(BadInput, match="offset -1 is unknown"):
        probe.predict(replies[0][:1], [-1])
    with pytest.raises(BadInput, match="trained on 8"):
        probe.predict(replies[0][:1, :4], [0])
    with pytest.raises(BadInput, match="lengths differ"):
        probe.predict(replies[0][:2], [0])


@pytest.mark.parametrize("wrong", [{"max_offset": -1}, {"draws": 0}, {"epochs": 0}, {"hidden": 0}], ids=str)
def test_parameters_that_make_no_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        OffsetProbe(**wrong).fit(*fading(10, 10))


# -- states along replies -----------------------------------------------------------------------------------------


def test_states_along_replies_are_those_of_the_whole_text(tiny_llama: Path) -> None:
    tap = Tap(load_language_model(str(tiny_llama), cache=None))
    place = Place(Site.RESIDUAL, 1)
    prompts = [(Message("user", text),) for text in ("I am sad.", "I am so happy for you today!", "Hm.")]
    replies = ["So sorry to hear that.", "", "Tell me how you feel about it, thank you for asking."]
    found = reply_states(tap, prompts, replies, place, max_offset=6)
    tokens = reply_tokens(tap, replies, 6)
    assert [len(states) for states in found] == [7, 1, 7]
    for prompt, end, states in zip(prompts, tokens, found, strict=True):
        row = [*tap.encode([prompt])[0], *end]
        last = range(-len(end) - 1, 0)
        ((_, whole),) = tap.read_rows([row], [place], tuple(last))
        assert np.allclose(states, whole[place][0], atol=1e-5)
    with pytest.raises(BadInput, match="lengths differ"):
        reply_states(tap, prompts, replies[:-1], place)
