"""Probes: small classifiers on frozen hidden states. Linear or two layers; arrays in, arrays out.

What a probe reaches is what the state holds and what the probe itself can learn: print it beside the control task of
``probe_controls``, and beside floors that never saw a hidden state.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression

from thymos.errors import BadInput
from thymos.interpret.probe_base import (
    Arrays,
    Floats,
    FrozenProbe,
    Labels,
    Probabilities,
    center_and_scale,
    checked_states,
    class_codes,
    softmax,
)
from thymos.interpret.probe_training import (
    Batch,
    TwoLayers,
    check_training,
    one_thread,
    seeded,
    shuffled_batches,
    steps_of,
    train,
)
from thymos.language.tap.places import Place, Site
from thymos.measure.inputs import Integers, label_values, same_length

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


class Probe(FrozenProbe):
    """A probe of one state an item."""

    def fit(self, states: npt.ArrayLike, labels: Iterable[Any]) -> Self:
        """Learn from states.

        Args:
            states: shape (items, width).
            labels: one text an item.

        Raises:
            BadInput: no items, a state that is not finite, unequal lengths, a missing label, a single class.
        """
        self._check_parameters()
        checked = checked_states(states)
        self.classes_, codes = class_codes(labels, len(checked))
        self.center_, self.scale_ = center_and_scale(checked)
        self._fit(self._standardized(checked), codes)
        return self

    def predict_proba(self, states: npt.ArrayLike) -> Probabilities:
        """Probabilities, shape (items, classes), rows summing to 1.

        Raises:
            BadInput: not fitted yet, a state that is not finite, another width than in training.
        """
        self._check_fitted()
        checked = checked_states(states)
        self._check_width(checked.shape[1])
        return self._predict_proba(self._standardized(checked))

    def predict(self, states: npt.ArrayLike) -> Labels:
        """The most probable class of each item (the first of equals), shape (items,)."""
        best = self.predict_proba(states).argmax(axis=1)
        return self.classes_[best]

    def score(self, states: npt.ArrayLike, labels: Iterable[Any]) -> float:
        """Share of items whose label is predicted."""
        predicted = self.predict(states)
        wanted = label_values(labels, "labels")
        same_length(states=predicted, labels=wanted)
        return float((predicted == wanted).mean())

    @abstractmethod
    def _fit(self, states: Floats, codes: Integers) -> None:
        """Learn from standardized states and the positions of their labels in ``classes_``."""

    @abstractmethod
    def _predict_proba(self, states: Floats) -> Probabilities:
        """Probabilities of standardized states."""


class LinearProbe(Probe):
    """Multinomial logistic regression on standardized states.

    Args:
        cost: inverse strength of the L2 penalty (C of scikit-learn); choose it on development data.
        max_iterations: of the solver.

    Attributes:
        coefficients_: shape (classes, width), on standardized states.
        intercepts_: shape (classes,).
    """

    coefficients_: npt.NDArray[np.float64]
    intercepts_: npt.NDArray[np.float64]

    def __init__(self, *, cost: float = 0.01, max_iterations: int = 300) -> None:
        self.cost = cost
        self.max_iterations = max_iterations

    def _check_parameters(self) -> None:
        if not self.cost > 0:
            raise BadInput(f"cost is {self.cost}", where="LinearProbe", mend="use a positive number, e.g. 0.01")

    def _fit(self, states: Floats, codes: Integers) -> None:
        with one_thread():
            model = LogisticRegression(C=self.cost, max_iter=self.max_iterations).fit(states, codes)
        weights, intercepts = np.asarray(model.coef_, np.float64), np.asarray(model.intercept_, np.float64)
        if len(self.classes_) == 2:  # scikit-learn keeps one row for two classes
            weights = np.vstack([np.zeros_like(weights[0]), weights[0]])
            intercepts = np.array([0.0, intercepts[0]])
        self.coefficients_, self.intercepts_ = weights, intercepts

    def _predict_proba(self, states: Floats) -> Probabilities:
        return softmax(states @ self.coefficients_.T + self.intercepts_)

    def _state(self) -> Arrays:
        return {"coefficients": self.coefficients_, "intercepts": self.intercepts_}

    def _restore(self, arrays: Arrays) -> None:
        self.coefficients_, self.intercepts_ = arrays["coefficients"], arrays["intercepts"]


class MLPProbe(Probe):
    """Two layers with a ReLU, trained by Adam with a linear warm-up and a cosine.

    The paper trains one epoch at 1e-4 on some 200,000 items; on a tenth of that one epoch is too short, so learning
    rate and epochs are for the caller to choose on development data. Hidden width and batch size are not stated in
    the paper: the defaults are ours [inferred].

    Args:
        hidden: units of the layer in between [inferred].
        learning_rate: of Adam after the warm-up.
        epochs: passes over the training items.
        batch_size: items a step [inferred].
        warm_up: share of the steps over which the learning rate rises.
        weight_decay: of Adam; the paper names none.
        seed: of the first weights and of the order of items; the same seed gives the same probe.

    Attributes:
        network_: the trained network.
    """

    network_: TwoLayers

    def __init__(
        self,
        *,
        hidden: int = 256,
        learning_rate: float = 1e-4,
        epochs: int = 1,
        batch_size: int = 64,
        warm_up: float = 0.1,
        weight_decay: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.warm_up = warm_up
        self.weight_decay = weight_decay
        self.seed = seed

    def _check_parameters(self) -> None:
        settings = {name: value for name, value in self.get_params().items() if name != "seed"}
        check_training(type(self).__name__, **settings)

    def _fit(self, states: Floats, codes: Integers) -> None:
        inputs, targets = torch.from_numpy(states), torch.from_numpy(codes)
        places = shuffled_batches(len(codes), self.batch_size, self.epochs, self.seed)
        batches: Iterable[Batch] = ((inputs[chosen], None, targets[chosen]) for chosen in places)
        self.network_ = train(
            seeded(self.seed, lambda: TwoLayers(states.shape[1], self.hidden, len(self.classes_))),
            iter(batches),
            steps_of(len(codes), self.batch_size, self.epochs),
            learning_rate=self.learning_rate,
            warm_up=self.warm_up,
            weight_decay=self.weight_decay,
            where=type(self).__name__,
        )

    @torch.inference_mode()
    def _predict_proba(self, states: Floats) -> Probabilities:
        return softmax(self.network_(torch.from_numpy(states)).numpy())

    def _state(self) -> Arrays:
        return {name: values.numpy() for name, values in self.network_.state_dict().items()}

    def _restore(self, arrays: Arrays) -> None:
        self.network_ = TwoLayers(len(self.center_), self.hidden, len(self.classes_))
        self.network_.load_state_dict({name: torch.from_numpy(values) for name, values in arrays.items()})
        self.network_.eval()


# -- depths ---------------------------------------------------------------------------------------------------------


def depths(layers: int, shares: Sequence[float] = SHARES) -> dict[float, Place]:
    """Places at shares of a model's depth: 0 is the embeddings, 1 what the output layer reads, after the final norm.

    Args:
        layers: how many the model has.
        shares: of the layers that have been passed, between 0 and 1; halves are rounded up.

    Example:
        >>> [str(place) for place in depths(30).values()][1:3]
        ['residual_after_mlp 7', 'residual_after_mlp 14']
    """
    if layers < 1:
        raise BadInput(f"there are {layers} layers", where="depths", mend="pass 1 or more")
    wrong = [share for share in shares if not 0 <= share <= 1]
    if wrong:
        raise BadInput(f"a depth is {wrong[0]}", where="depths", mend="use shares from 0 to 1")
    return {share: _place(int(share * layers + 0.5), share, layers) for share in shares}


def _place(passed: int, share: float, layers: int) -> Place:
    if share == 1:
        return Place(Site.FINAL_NORM)
    return Place(Site.RESIDUAL, min(passed, layers) - 1) if passed else Place(Site.EMBEDDINGS)
