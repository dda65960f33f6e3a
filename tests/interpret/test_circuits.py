"""Circuits: budgets are shared as stated, units are the best ones, edits set what they should in a running model."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.interpret.circuits import (
    Circuit,
    ablation_edits,
    assemble_circuit,
    modulation_edits,
    overlap,
    overlap_table,
    random_circuit,
    share_budget,
)
from thymos.interpret.components import Components
from thymos.interpret.sublayers import SublayerImportance
from thymos.language.tap import Place, Site, Tap

EMOTIONS = ("anger", "fear", "happiness")
LAYERS, HEADS, WIDTH, NEURONS = 3, 4, 8, 48  # of the tiny Llama
WEIGHTS = st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=1, max_size=12).map(np.array)


def invented(seed: int = 0) -> Components:
    """Components of random numbers, as of the tiny Llama."""
    rng = np.random.default_rng(seed)
    heads, neurons = rng.standard_normal((3, LAYERS, HEADS)), rng.standard_normal((3, LAYERS, NEURONS))
    return Components(
        EMOTIONS, heads, neurons, neurons.clip(min=0), neurons.clip(max=0),
        rng.standard_normal((3, LAYERS, HEADS, WIDTH)), rng.standard_normal((3, LAYERS, NEURONS)), np.full(3, 5),
    )  # fmt: skip


def importance(attention: Any, mlp: Any) -> SublayerImportance:
    """Sublayers of these importances for every emotion, shape (layers,) each."""
    values = np.tile(np.stack([attention, mlp], axis=1).astype(float), (3, 1, 1))
    return SublayerImportance(EMOTIONS, values, values[None], (0.5,))


class TestSharing:
    @settings(deadline=None)
    @given(WEIGHTS, st.integers(0, 60), st.integers(0, 10))
    def test_sum_limits_and_proportion(self, weights: np.ndarray, budget: int, limit: int) -> None:
        found = share_budget(weights, budget, limit)
        positive = weights > 0
        assert found.dtype == np.int64
        assert found.sum() == min(budget, limit * positive.sum())
        assert (found >= 0).all()
        assert (found <= limit).all()
        assert not found[~positive].any()
        # Among those that are not full, shares follow weights to within one unit each.
        free = positive & (found < limit)
        if free.sum() > 1:
            first, second = weights[free][:, None], weights[free][None]
            ahead = (found[free] - 1)[:, None] * second - (found[free] + 1)[None] * first
            assert (ahead < 1e-6).all()
        # A larger weight never has less.
        order = np.argsort(weights, kind="stable")
        larger = np.diff(weights[order]) > 1e-6
        assert (np.diff(found[order])[larger] >= 0).all()

    @settings(deadline=None)
    @given(WEIGHTS, st.integers(0, 60))
    def test_without_limits_no_share_is_a_unit_away(self, weights: np.ndarray, budget: int) -> None:
        positive = np.clip(weights, 0, None)
        if positive.sum() > 0:
            exact = positive / positive.sum() * budget
            assert (np.abs(share_budget(weights, budget, 1_000) - exact) < 1).all()

    @settings(deadline=None)
    @given(WEIGHTS, st.integers(0, 60), st.integers(1, 10), st.floats(0.01, 100))
    def test_exact_shares_are_kept(self, weights: np.ndarray, budget: int, limit: int, factor: float) -> None:
        even = np.where(weights > 0, 1.0, -1.0)
        found = share_budget(even * factor, budget, limit)
        assert np.ptp(found[even > 0]) <= 1 if (even > 0).any() else not found.any()

    @pytest.mark.parametrize(
        ("weights", "budget", "limit", "expected"),
        [
            ([3, 1, -2], 4, 10, [3, 1, 0]),
            ([0.6, 0.2, 0.2], 4, 10, [2, 1, 1]),  # exact 2.4, .8, .8: the largest remainders are the small ones
            ([1, 1, 1], 2, 10, [1, 1, 0]),  # of equal remainders the first
            ([100, 1, 1], 10, 4, [4, 3, 3]),  # what the first cannot take goes to the others
            ([100, 10, 0.001], 9, 4, [4, 4, 1]),
            ([1e-300, 2e-300], 3, 9, [1, 2]),
            ([5, 5], 30, 3, [3, 3]),
            ([-1, 0], 3, 3, [0, 0]),
            ([1, 2], 0, 3, [0, 0]),
        ],
    )
    def test_golden(self, weights: list[float], budget: int, limit: int, expected: list[int]) -> None:
        assert share_budget(np.array(weights, dtype=float), budget, limit).tolist() == expected


class TestAssembly:
    def test_proportional_takes_the_best_of_every_sublayer(self) -> None:
        components = invented()
        found = assemble_circuit(components, importance([2, 1, -1], [0, 0, 3]), "fear", heads=3, neurons=5)
        assert found.emotion == "fear"
        assert {layer: len(units) for layer, units in found.heads.items()} == {0: 2, 1: 1}
        assert {layer: len(units) for layer, units in found.neurons.items()} == {2: 5}
        for chosen, table in ((found.heads, components.heads[1]), (found.neurons, components.neurons[1])):
            for layer, units in chosen.items():
                assert list(units) == np.argsort(-table[layer])[: len(units)].tolist()
        assert found.size == (3, 5)

    def test_global_takes_the_best_of_all(self) -> None:
        components = invented(1)
        found = assemble_circuit(
            components, importance([1, 0, 0], [1, 0, 0]), "anger", heads=4, neurons=9, rule="global"
        )
        for kind, table, count in (("heads", components.heads[0], 4), ("neurons", components.neurons[0], 9)):
            best = np.argsort(-table, axis=None)[:count]
            assert found.units(kind) == {(place // table.shape[1], place % table.shape[1]) for place in best}
            for layer, units in (found.heads if kind == "heads" else found.neurons).items():
                assert list(units) == sorted(units, key=lambda unit: -table[layer, unit])

    @pytest.mark.parametrize("rule", ["proportional", "global"])
    def test_budgets_at_their_ends(self, rule: Any) -> None:
        components, even = invented(), importance([1, 1, 1], [1, 1, 1])
        assert assemble_circuit(components, even, "fear", heads=0, neurons=0, rule=rule).size == (0, 0)
        assert assemble_circuit(components, even, "fear", heads=0, neurons=0, rule=rule).heads == {}
        every = assemble_circuit(components, even, "fear", heads=99, neurons=999, rule=rule)
        assert every.size == (LAYERS * HEADS, LAYERS * NEURONS)

    def test_a_larger_budget_keeps_the_best_units(self) -> None:
        components = invented()
        for rule in ("proportional", "global"):
            sizes = [
                assemble_circuit(components, importance([1, 1, 1], [3, 2, 1]), "fear", heads=3, neurons=n, rule=rule)
                for n in (6, 60)
            ]
            assert sizes[0].units("neurons") <= sizes[1].units("neurons")

    def test_what_cannot_be_is_refused(self) -> None:
        components, sublayers = invented(), importance([1, 1, 1], [1, 1, 1])
        for arguments, message in (
            ({"emotion": "joy"}, "circuit: there is no emotion 'joy'; known: anger, fear, happiness"),
            ({"heads": -1}, "circuit: the budget is -1 heads and 1 neurons; use 0 or more"),
            ({"rule": "best"}, "circuit: there is no rule 'best'; use 'proportional' or 'global'"),
            ({"sublayers": importance([1], [1])}, "circuit: components have 3 layers and sublayers 1"),
            (
                {"sublayers": SublayerImportance(("anger",), sublayers.values[:1], sublayers.per_prompt, (0.5,))},
                "circuit: there is no emotion 'fear'; known: anger",
            ),
        ):
            given: dict[str, Any] = {"sublayers": sublayers, "emotion": "fear", "heads": 1, "neurons": 1, **arguments}
            with pytest.raises(BadInput, match=message):
                assemble_circuit(components, **given)


class TestRandom:
    @settings(deadline=None)
    @given(st.integers(0, 12), st.integers(0, 90), st.integers(0, 20))
    def test_it_has_as_many_units_in_the_same_layers_and_shares_none_where_it_can(
        self, heads: int, neurons: int, seed: int
    ) -> None:
        components = invented()
        circuit = assemble_circuit(components, importance([3, 2, 1], [1, 2, 3]), "fear", heads=heads, neurons=neurons)
        found = random_circuit(circuit, components, seed)
        assert found.emotion == "fear"
        for own, others, count in ((circuit.heads, found.heads, HEADS), (circuit.neurons, found.neurons, NEURONS)):
            assert {layer: len(units) for layer, units in own.items()} == {k: len(v) for k, v in others.items()}
            for layer, units in others.items():
                assert len(set(units)) == len(units)
                assert all(0 <= unit < count for unit in units)
                assert len(set(units) & set(own[layer])) == max(0, 2 * len(units) - count)
        assert found == random_circuit(circuit, components, seed)

    def test_seeds_differ(self) -> None:
        components = invented()
        circuit = assemble_circuit(components, importance([1, 1, 1], [1, 1, 1]), "fear", heads=3, neurons=9)
        drawn = [random_circuit(circuit, components, seed).units("neurons") for seed in range(5)]
        assert len({frozenset(units) for units in drawn}) == 5


CIRCUIT = Circuit("fear", {0: (3, 1), 2: (0,)}, {1: (40, 7, 9)})


def unit_states(tap: Tap, prompt: str, positions: Any = (-1,)) -> dict[Place, np.ndarray]:
    """Heads by their numbers and neurons, at some tokens."""
    places = [Place(site, layer) for site in (Site.HEADS, Site.NEURONS) for layer in range(LAYERS)]
    states = tap.read([prompt], places, positions)
    return {place: value[0].reshape(len(positions), -1, WIDTH if place.site is Site.HEADS else 1)
            for place, value in states.items()}  # fmt: skip


class TestEdits:
    PROMPT = "She was sad and angry when the rain began."

    @pytest.mark.parametrize("strength", [1.0, 2.5, -1.0])
    @pytest.mark.parametrize("of", [None, "anger"])
    def test_setting_sets_the_units_and_no_others(self, llama: Tap, strength: float, of: str | None) -> None:
        components = invented()
        code = EMOTIONS.index(of or "fear")
        edits = modulation_edits(CIRCUIT, components, strength, mode="set", of=of)
        before = unit_states(llama, self.PROMPT)
        with llama.editing(edits):
            after = unit_states(llama, self.PROMPT)
        for layer, units in CIRCUIT.heads.items():
            means = components.head_means[:, layer]
            expected = means.mean(axis=0) + strength * (means[code] - means.mean(axis=0))
            np.testing.assert_allclose(
                after[Place(Site.HEADS, layer)][0][list(units)], expected[list(units)], atol=1e-6
            )
        means = components.neuron_means[:, 1]
        expected = (means.mean(axis=0) + strength * (means[code] - means.mean(axis=0)))[[40, 7, 9]]
        np.testing.assert_allclose(after[Place(Site.NEURONS, 1)][0, [40, 7, 9], 0], expected, atol=1e-6)
        # Heads of the first layer are computed before any edit: the others are as they were.
        others = [unit for unit in range(HEADS) if unit not in CIRCUIT.heads[0]]
        place = Place(Site.HEADS, 0)
        np.testing.assert_array_equal(after[place][0][others], before[place][0][others])

    def test_adding_adds_the_difference(self, llama: Tap) -> None:
        components = invented()
        circuit = Circuit("fear", {0: (3, 1)}, {})
        before = unit_states(llama, self.PROMPT, (-2, -1))[Place(Site.HEADS, 0)]
        with llama.editing(modulation_edits(circuit, components, 2.0)):
            after = unit_states(llama, self.PROMPT, (-2, -1))[Place(Site.HEADS, 0)]
        np.testing.assert_array_equal(after[0], before[0])  # the token before the last one
        expected = np.zeros((HEADS, WIDTH))
        expected[[3, 1]] = 2 * components.head_differences[1, 0, [3, 1]]
        np.testing.assert_allclose(after[1] - before[1], expected, atol=1e-5)

    def test_positions_are_handed_on(self, llama: Tap) -> None:
        circuit = Circuit("fear", {0: (2,)}, {})
        for edits in (
            modulation_edits(circuit, invented(), positions="all"),
            ablation_edits(circuit, invented(), positions="all"),
        ):
            before = unit_states(llama, self.PROMPT, (0, -1))[Place(Site.HEADS, 0)]
            with llama.editing(edits):
                after = unit_states(llama, self.PROMPT, (0, -1))[Place(Site.HEADS, 0)]
            assert (after[:, 2] != before[:, 2]).all()
            np.testing.assert_array_equal(after[:, [0, 1, 3]], before[:, [0, 1, 3]])

    @pytest.mark.parametrize("mean", [True, False])
    def test_ablation_sets_units_to_their_mean_or_to_zero(self, llama: Tap, mean: bool) -> None:
        components = invented()
        with llama.editing(ablation_edits(CIRCUIT, components, mean=mean)):
            after = unit_states(llama, self.PROMPT)
        for layer, units in CIRCUIT.heads.items():
            expected = components.head_means[:, layer].mean(axis=0)[list(units)] * mean
            np.testing.assert_allclose(after[Place(Site.HEADS, layer)][0][list(units)], expected, atol=1e-6)
        expected = components.neuron_means[:, 1].mean(axis=0)[[40, 7, 9]] * mean
        np.testing.assert_allclose(after[Place(Site.NEURONS, 1)][0, [40, 7, 9], 0], expected, atol=1e-6)

    def test_an_empty_circuit_edits_nothing(self) -> None:
        empty = Circuit("fear", {}, {})
        assert modulation_edits(empty, invented()) == ablation_edits(empty, invented()) == []

    def test_what_cannot_be_is_refused(self) -> None:
        with pytest.raises(BadInput, match="circuit: there is no mode 'mix'; use 'add' or 'set'"):
            modulation_edits(CIRCUIT, invented(), mode="mix")  # type: ignore[arg-type]
        with pytest.raises(BadInput, match="circuit: there is no emotion 'joy'"):
            modulation_edits(CIRCUIT, invented(), of="joy")


SETS = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=8)


class TestOverlap:
    @settings(deadline=None)
    @given(SETS, SETS)
    def test_it_is_symmetric_and_one_for_the_same(self, first: Any, second: Any) -> None:
        assert overlap(first, second) == overlap(second, first)
        assert 0 <= overlap(first, second) <= 1
        assert overlap(first, first) == (1 if first else 0)
        assert (overlap(first, second) == 0) == (not first & second)

    def test_golden_table(self) -> None:
        circuits = [
            Circuit("anger", {0: (1, 2)}, {0: (5,)}),
            Circuit("fear", {0: (2,), 1: (1,)}, {0: (6,)}),
            Circuit("happiness", {}, {}),
        ]
        assert overlap_table(circuits, "heads").tolist() == [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]]
        assert overlap_table(circuits, "neurons").tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
