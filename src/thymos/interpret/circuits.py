"""Circuits: the few heads and neurons that write an emotion, chosen by a stated rule, with random ones beside them.

The rule (ours: the authors' code is not public [inferred]): a circuit has a budget of heads and a budget of neurons.
``"proportional"``: attention sublayers share the budget of heads in proportion to the positive part of their importance
(largest remainders first), MLP sublayers that of neurons; inside a sublayer the units of highest importance are taken.
``"global"``: the units of highest importance of the whole model, whatever their sublayer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.interpret.components import Components
from thymos.interpret.sublayers import SublayerImportance
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Positions, Site

Array = npt.NDArray[np.float64]
Rule = Literal["proportional", "global"]
Mode = Literal["add", "set"]
ROUNDING = 1e-9
"""A share this close below a whole number is that number."""


@dataclass(frozen=True)
class Circuit:
    """Heads and neurons of one emotion.

    Args:
        emotion: which.
        heads: for each layer its heads, in order of importance; layers without any are left out.
        neurons: the same for neurons.
    """

    emotion: str
    heads: Mapping[int, tuple[int, ...]]
    neurons: Mapping[int, tuple[int, ...]]

    @property
    def size(self) -> tuple[int, int]:
        """(heads, neurons)."""
        return sum(map(len, self.heads.values())), sum(map(len, self.neurons.values()))

    def units(self, kind: Literal["heads", "neurons"]) -> set[tuple[int, int]]:
        """(layer, unit) of every head or neuron."""
        chosen = self.heads if kind == "heads" else self.neurons
        return {(layer, unit) for layer, units in chosen.items() for unit in units}


def share_budget(weights: Array, budget: int, limit: int) -> npt.NDArray[np.int64]:
    """Whole numbers in proportion to the positive part of weights, at most ``limit`` each, largest remainders first.

    What a full sublayer cannot take goes to the others, in proportion again. No number is 1 or more away from its exact
    share.

    Args:
        weights: shape (sublayers,).
        budget: their sum, where the limits and weights allow it.
        limit: units of a sublayer.

    Example:
        >>> share_budget(np.array([3.0, 1.0, -2.0]), 4, 10).tolist()
        [3, 1, 0]
        >>> share_budget(np.array([0.6, 0.2, 0.2]), 4, 10).tolist()
        [2, 1, 1]
    """
    positive = np.clip(np.asarray(weights, dtype=np.float64), 0, None)
    wanting = positive > 0
    total = max(0, min(budget, limit * int(wanting.sum())))
    exact = np.zeros(len(positive))
    while wanting.any():
        left = total - limit * int((exact >= limit).sum())
        part = np.where(wanting, positive, 0.0)
        part /= part.max()  # the smallest weights would make a sum of 0
        exact[wanting] = (part / part.sum() * left)[wanting]
        full = wanting & (exact >= limit)
        if not full.any():
            break
        exact[full] = limit
        wanting &= ~full
    shares = np.minimum(np.floor(exact + ROUNDING), limit).astype(np.int64)
    remainders = np.where((positive > 0) & (shares < limit), exact - shares, -np.inf)
    shares[np.argsort(-remainders, kind="stable")[: total - int(shares.sum())]] += 1
    return shares


def assemble_circuit(
    components: Components,
    sublayers: SublayerImportance,
    emotion: str,
    *,
    heads: int,
    neurons: int,
    rule: Rule = "proportional",
) -> Circuit:
    """The circuit of an emotion.

    Args:
        components: importance of heads and neurons.
        sublayers: importance of sublayers; used by the rule ``"proportional"``.
        emotion: which.
        heads: budget of heads.
        neurons: budget of neurons.
        rule: see the module's text.

    Raises:
        BadInput: an unknown emotion or rule, a negative budget, or sublayers of another model.
    """
    code = _index(components.emotions, emotion)
    if heads < 0 or neurons < 0:
        raise BadInput(f"the budget is {heads} heads and {neurons} neurons", where="circuit", mend="use 0 or more")
    if rule not in ("proportional", "global"):
        raise BadInput(f"there is no rule {rule!r}", where="circuit", mend="use 'proportional' or 'global'")
    weights = sublayers.values[_index(sublayers.emotions, emotion)]
    if len(weights) != components.heads.shape[1]:
        raise BadInput(
            f"components have {components.heads.shape[1]} layers and sublayers {len(weights)}",
            where="circuit",
            mend="measure both on the same model",
        )
    return Circuit(
        emotion,
        _choose(components.heads[code], heads, weights[:, 0] if rule == "proportional" else None),
        _choose(components.neurons[code], neurons, weights[:, 1] if rule == "proportional" else None),
    )


def _index(emotions: Sequence[str], emotion: str) -> int:
    """The place of an emotion."""
    if emotion not in emotions:
        raise BadInput(f"there is no emotion {emotion!r}", where="circuit", mend=f"known: {', '.join(emotions)}")
    return list(emotions).index(emotion)


def _choose(importance: Array, budget: int, weights: Array | None) -> dict[int, tuple[int, ...]]:
    """The best units of a (layers, units) table, by layer."""
    layers, units = importance.shape
    if weights is None:
        best = np.argsort(-importance, axis=None, kind="stable")[:budget]
        shares = np.bincount(best // units, minlength=layers)
    else:
        shares = share_budget(weights, budget, units)
    order = np.argsort(-importance, axis=1, kind="stable")
    return {layer: tuple(order[layer, :count].tolist()) for layer, count in enumerate(shares.tolist()) if count}


def random_circuit(circuit: Circuit, components: Components, seed: int = 0) -> Circuit:
    """A control: as many heads and neurons in the same layers, drawn from those that the circuit does not hold.

    Where a layer has too few others, some of its own are drawn again.
    """
    rng = np.random.default_rng(seed)

    def drawn(chosen: Mapping[int, tuple[int, ...]], count: int) -> dict[int, tuple[int, ...]]:
        found = {}
        for layer, units in sorted(chosen.items()):
            others = [unit for unit in range(count) if unit not in units]
            pool = [*rng.permutation(others).tolist(), *rng.permutation(list(units)).tolist()]
            found[layer] = tuple(pool[: len(units)])
        return found

    return Circuit(
        circuit.emotion,
        drawn(circuit.heads, components.heads.shape[2]),
        drawn(circuit.neurons, components.neurons.shape[2]),
    )


def modulation_edits(
    circuit: Circuit,
    components: Components,
    strength: float = 1.0,
    *,
    mode: Mode = "add",
    positions: Positions = "last",
    of: str | None = None,
    as_long_as: Circuit | None = None,
) -> list[Edit]:
    """Edits that make a circuit behave as under its emotion.

    Args:
        circuit: whose units.
        components: holds the activations of the same model.
        strength: 1 is the mean difference between the emotion and all emotions, as it was measured.
        mode: ``"add"`` the difference times the strength, or ``"set"`` units to the mean over emotions plus that.
        positions: which tokens; the paper changes the last position of each pass.
        of: take the activations of this emotion; by default the circuit's own.
        as_long_as: give the change in each layer the length that it has for this circuit's units there. Differences of
            random units are small; a control that only shares the strength changes less.
    """
    if mode not in ("add", "set"):
        raise BadInput(f"there is no mode {mode!r}", where="circuit", mend="use 'add' or 'set'")
    code = _index(components.emotions, of or circuit.emotion)
    edits = []
    for site, chosen, means, other in (
        (Site.HEADS, circuit.heads, components.head_means, None if as_long_as is None else as_long_as.heads),
        (Site.NEURONS, circuit.neurons, components.neuron_means, None if as_long_as is None else as_long_as.neurons),
    ):
        for layer, units in sorted(chosen.items()):
            difference = means[code, layer] - means[:, layer].mean(axis=0)
            middle = means[:, layer].mean(axis=0)[list(units)]
            change = difference[list(units)] * strength
            if other is not None:
                wanted = float(np.linalg.norm(difference[list(other.get(layer, ()))])) * strength
                length = float(np.linalg.norm(change))
                change = change * (wanted / length if length else 0.0)
            make = Edit.add if mode == "add" else Edit.set
            value = change if mode == "add" else middle + change
            edits.append(make(Place(site, layer), value, units=units, positions=positions))
    return edits


def ablation_edits(
    circuit: Circuit, components: Components, *, mean: bool = True, positions: Positions = "last"
) -> list[Edit]:
    """Edits that take a circuit out: units set to their mean over emotions, or to zero."""
    edits = []
    for site, chosen, means in (
        (Site.HEADS, circuit.heads, components.head_means),
        (Site.NEURONS, circuit.neurons, components.neuron_means),
    ):
        for layer, units in sorted(chosen.items()):
            value = means[:, layer].mean(axis=0)[list(units)] if mean else None
            edits.append(Edit.ablate(Place(site, layer), units=units, mean=value, positions=positions))
    return edits


def overlap(first: set[tuple[int, int]], second: set[tuple[int, int]]) -> float:
    """Shared units over all units of two sets (Jaccard), 0 for two empty sets.

    Example:
        >>> overlap({(0, 1), (2, 3)}, {(0, 1)})
        0.5
    """
    union = first | second
    return len(first & second) / len(union) if union else 0.0


def overlap_table(circuits: Sequence[Circuit], kind: Literal["heads", "neurons"]) -> Array:
    """Overlap of every two emotions' circuits, shape (circuits, circuits)."""
    units = [circuit.units(kind) for circuit in circuits]
    return np.array([[overlap(first, second) for second in units] for first in units])
