"""Probes on made states: what is there is learned, what is not is not, and nothing depends on more than the seed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.interpret.probe_base import center_and_scale
from thymos.interpret.probe_controls import control_labels, control_scores, selectivity
from thymos.interpret.probe_training import warm_up_then_cosine
from thymos.interpret.probes import LinearProbe, MLPProbe, Probe, depths
from thymos.language.tap import Place, Site

CLASSES = ("anger", "fear", "joy")
WIDTH = 12
PROBES: dict[str, Probe] = {
    "linear": LinearProbe(cost=0.1),
    "mlp": MLPProbe(learning_rate=1e-2, epochs=15, hidden=32, batch_size=32),
}


def made(items: int, seed: int, *, ring: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """States whose first numbers tell the class; with ``ring`` only their size does, which no line can cut."""
    rng = np.random.default_rng(seed)
    states = rng.standard_normal((items, WIDTH))
    codes = np.arange(items) % 3
    if ring:
        directions = states[:, :2] / np.linalg.norm(states[:, :2], axis=1, keepdims=True)
        states[:, :2] = directions * (0.3 + 2.0 * codes[:, None]) + 0.1 * rng.standard_normal((items, 2))
    else:
        states[np.arange(items), codes] += 3.0
    # Units of very different size, as in the residual stream.
    return states * 10.0 ** rng.permutation(np.linspace(-2, 3, WIDTH)), np.array(CLASSES, dtype=object)[codes]


@pytest.fixture(params=PROBES)
def probe(request: pytest.FixtureRequest) -> Probe:
    return clone(PROBES[request.param])


# -- learning -----------------------------------------------------------------------------------------------------


def one_scale(seed: int, **options: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Train and test items of one making (the units' sizes are drawn by seed)."""
    states, labels = made(600, seed, **options)
    return states[:400], labels[:400], states[400:], labels[400:]


def test_what_is_there_is_learned(probe: Probe) -> None:
    states, labels, new, wanted = one_scale(0)
    assert probe.fit(states, labels) is probe
    assert probe.score(new, wanted) > 0.9
    probabilities = probe.predict_proba(new)
    assert probabilities.shape == (200, 3)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert probe.classes_.tolist() == sorted(CLASSES)
    assert (probe.predict(new) == probe.classes_[probabilities.argmax(axis=1)]).all()


def test_only_two_layers_see_what_no_line_can_cut() -> None:
    states, labels, new, wanted = one_scale(1, ring=True)
    assert clone(PROBES["linear"]).fit(states, labels).score(new, wanted) < 0.5
    bent = MLPProbe(learning_rate=1e-2, epochs=60, hidden=64, batch_size=32).fit(states, labels)
    assert bent.score(new, wanted) > 0.8


def test_shuffled_labels_teach_nothing(probe: Probe) -> None:
    states, labels, new, wanted = one_scale(2)
    shuffled = np.random.default_rng(0).permutation(labels)
    assert abs(probe.fit(states, shuffled).score(new, wanted) - 1 / 3) < 0.12


def test_the_size_of_a_unit_does_not_matter(probe: Probe) -> None:
    states, labels, new, _ = one_scale(3)
    sizes = np.linspace(0.1, 50, WIDTH)
    plain = clone(probe).fit(states, labels).predict_proba(new)
    scaled = clone(probe).fit(states * sizes + 7, labels).predict_proba(new * sizes + 7)
    assert np.allclose(plain, scaled, atol=1e-2)


def test_states_that_are_all_alike_give_one_class(probe: Probe) -> None:
    """What a template's last token gives at the embeddings: chance, and no division by zero."""
    _, labels, _, wanted = one_scale(4)
    constant = np.full((400, WIDTH), 0.1234)
    probe.fit(constant, labels)
    assert len(set(probe.predict(constant[:200]))) == 1
    assert probe.score(constant[:200], wanted) == pytest.approx(1 / 3, abs=0.01)
    assert (probe.scale_ == 1).all()


def test_two_classes_are_enough(probe: Probe) -> None:
    states, labels, new, wanted = one_scale(5)
    keep, new_keep = labels != "joy", wanted != "joy"
    probe.fit(states[keep], labels[keep])
    assert probe.score(new[new_keep], wanted[new_keep]) > 0.9
    assert probe.predict_proba(new).shape == (200, 2)


# -- repeatable ---------------------------------------------------------------------------------------------------


def test_the_seed_decides_and_nothing_else(probe: Probe) -> None:
    states, labels, new, _ = one_scale(6)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the generator of the process must not matter
    first = clone(probe).fit(states, labels).predict_proba(new)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    before = torch.get_rng_state()
    assert (clone(probe).fit(states, labels).predict_proba(new) == first).all()
    assert (torch.get_rng_state() == before).all(), "the generator of the process stays as it is"
    if isinstance(probe, MLPProbe):
        other = clone(probe).set_params(seed=1).fit(states, labels).predict_proba(new)
        assert not np.allclose(other, first)


def test_a_twin_is_unfitted(probe: Probe) -> None:
    states, labels, new, _ = one_scale(7)
    twin = clone(probe.fit(states, labels))
    assert twin.get_params() == probe.get_params()
    with pytest.raises(BadInput, match="call fit first"):
        twin.predict(new)


@pytest.mark.parametrize(
    ("step", "share"), [(0, 0.1), (9, 1.0), (10, 1.0), (55, 0.5), (99, 0.5 * (1 + np.cos(np.pi * 89 / 90)))]
)
def test_the_learning_rate_rises_in_a_line_and_falls_as_a_cosine(step: int, share: float) -> None:
    assert warm_up_then_cosine(step, 100, 0.1) == pytest.approx(share)


# -- control task -------------------------------------------------------------------------------------------------


def test_control_labels_hang_on_the_type_and_the_seed_alone() -> None:
    types = [f"text {number % 500}" for number in range(1_000)]
    labels = control_labels(types, CLASSES, seed=3)
    assert (labels[:500] == labels[500:]).all()
    assert (control_labels(types[::-1], CLASSES, seed=3)[::-1] == labels).all()
    assert 0.2 < (control_labels(types, CLASSES, seed=4) == labels).mean() < 0.47
    shares = [(labels == name).mean() for name in CLASSES]
    assert min(shares) > 0.27


def test_control_labels_of_texts_do_not_carry_over_to_new_texts(probe: Probe) -> None:
    states, labels, new, wanted = one_scale(8)
    types, new_types = [f"old {k}" for k in range(400)], [f"new {k}" for k in range(200)]
    found = control_scores(probe, CLASSES, (states, types), (new, new_types))
    assert abs(found.accuracy - 1 / 3) < 0.12
    assert found.hits.mean() == found.accuracy
    assert found.memorized > found.accuracy
    assert not hasattr(probe, "classes_"), "the probe itself stays as it was"
    hits = probe.fit(states, labels).predict(new) == wanted
    assert selectivity(hits, found) == pytest.approx(hits.mean() - found.accuracy)
    assert selectivity(hits, found) > 0.4
    with pytest.raises(BadInput, match="lengths differ"):
        selectivity(hits[:-1], found)


def test_control_labels_of_what_returns_can_be_learned_by_heart(probe: Probe) -> None:
    """A state that says which of eight words came last: the probe learns the words' labels, so selectivity falls."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 8, 600)
    states = np.eye(8)[words] * 3 + 0.3 * rng.standard_normal((600, 8))
    types = words.tolist()
    found = control_scores(probe, CLASSES, (states[:400], types[:400]), (states[400:], types[400:]), seed=1)
    assert found.accuracy > 0.95
    assert selectivity(np.full(200, 1 / 3), found) < -0.4


def test_a_single_control_class_is_refused() -> None:
    with pytest.raises(BadInput, match="single class"):
        control_labels(["a"], ("joy", "joy"))


# -- depths -------------------------------------------------------------------------------------------------------


def test_depths_of_the_embedded_model() -> None:
    assert depths(30) == {
        0.0: Place(Site.EMBEDDINGS),
        0.25: Place(Site.RESIDUAL, 7),
        0.5: Place(Site.RESIDUAL, 14),
        0.75: Place(Site.RESIDUAL, 22),
        1.0: Place(Site.FINAL_NORM),
    }


@pytest.mark.parametrize("layers", [1, 2, 3, 28, 36, 80])
def test_depths_exist_and_rise(layers: int) -> None:
    places = list(depths(layers).values())
    assert places[0].site is Site.EMBEDDINGS
    assert places[-1].site is Site.FINAL_NORM
    passed = [-1 if place.layer is None else place.layer for place in places[:-1]]
    assert passed == sorted(passed)
    assert max(passed) < layers


@pytest.mark.parametrize(("layers", "shares"), [(0, (0.5,)), (4, (1.5,)), (4, (-0.1,))])
def test_depths_that_do_not_exist(layers: int, shares: tuple[float, ...]) -> None:
    with pytest.raises(BadInput):
        depths(layers, shares)


# -- files --------------------------------------------------------------------------------------------------------


def test_there_and_back(probe: Probe, tmp_path: Path) -> None:
    states, labels, new, _ = one_scale(9)
    path = probe.fit(states, labels).save(tmp_path / "deep" / "probe.safetensors", notes="made states")
    back = type(probe).load(path)
    assert back.get_params() == probe.get_params()
    assert (back.predict_proba(new) == probe.predict_proba(new)).all()
    assert [file.name for file in path.parent.iterdir()] == ["probe.safetensors"]


def test_a_file_is_loaded_by_its_own_class_only(tmp_path: Path) -> None:
    states, labels, _, _ = one_scale(10)
    path = LinearProbe().fit(states, labels).save(tmp_path / "p.safetensors")
    with pytest.raises(BadInput, match="no MLPProbe"):
        MLPProbe.load(path)


def test_what_is_no_probe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    with pytest.raises(BadInput, match="no such file"):
        LinearProbe.load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match="not a saved probe"):
        LinearProbe.load(path)
    states, labels, _, _ = one_scale(11)
    LinearProbe().fit(states, labels).save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="not a saved probe"):
        LinearProbe.load(path)
    with pytest.raises(BadInput, match="call fit first"):
        LinearProbe().save(path)


# -- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_state_that_is_no_number_is_named(probe: Probe, number: float) -> None:
    states, labels, _, _ = one_scale(12)
    states[17, 3] = number
    with pytest.raises(BadInput, match="row 17: a state is NaN or infinite"):
        probe.fit(states, labels)
    states[17, 3] = 0
    probe.fit(states, labels)
    states[5, 0] = number
    with pytest.raises(BadInput, match="row 5"):
        probe.predict(states)


def test_one_class_is_not_enough(probe: Probe) -> None:
    states, labels, _, _ = one_scale(13)
    with pytest.raises(BadInput, match="every label is 'joy'"):
        probe.fit(states, ["joy"] * len(labels))


def test_another_width_is_refused(probe: Probe) -> None:
    states, labels, new, _ = one_scale(14)
    probe.fit(states, labels)
    with pytest.raises(BadInput, match="11 numbers, the probe was trained on 12"):
        probe.predict(new[:, :11])


@pytest.mark.parametrize("states", [np.zeros((0, 4)), np.zeros(4), np.zeros((2, 2, 2)), [["a", "b"]]])
def test_states_of_another_shape(probe: Probe, states: Any) -> None:
    with pytest.raises(BadInput, match="items x width"):
        probe.fit(states, ["joy", "fear"])


def test_labels_of_other_items(probe: Probe) -> None:
    states, labels, _, _ = one_scale(15)
    with pytest.raises(BadInput, match="lengths differ"):
        probe.fit(states, labels[:-1])
    with pytest.raises(BadInput, match="label is missing"):
        probe.fit(states, [None, *labels[1:]])


@pytest.mark.parametrize(
    "wrong",
    [
        LinearProbe(cost=0),
        MLPProbe(hidden=0),
        MLPProbe(learning_rate=0),
        MLPProbe(epochs=0),
        MLPProbe(batch_size=0),
        MLPProbe(warm_up=1),
        MLPProbe(weight_decay=-1),
    ],
    ids=repr,
)
def test_parameters_that_make_no_sense(wrong: Probe) -> None:
    states, labels, _, _ = one_scale(16)
    with pytest.raises(BadInput):
        wrong.fit(states, labels)


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    states, labels, _, _ = one_scale(17)
    with pytest.raises(BadInput, match="lower learning_rate"):
        MLPProbe(learning_rate=1e30, epochs=5).fit(states, labels)


def test_units_that_do_not_vary_keep_their_scale() -> None:
    center, scale = center_and_scale(np.array([[1e4, 0, 3.0], [1e4, 2, 3.0]], dtype=np.float32))
    assert center.tolist() == [1e4, 1, 3]
    assert scale.tolist() == [1, 1, 1]
