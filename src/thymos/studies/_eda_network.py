"""The multi-task network with an equation in its loss (card 01), and its training.

One trunk (tanh, so that it can be differentiated) carries two heads: skin conductance and emotion. The equation

    d eda / dt = gamma * ( -alpha0 * (eda - tonic) + beta . s )

is asked of the network by automatic differentiation through its time input, at the data and at points in between.
``s`` is the self-report or the predicted emotion. Only the products gamma * alpha0 and gamma * beta can be learned
from data: dividing gamma by a number and multiplying the others by it changes nothing. ``Constants.unit_drive`` gives
the one triple of them whose beta has length 1.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from thymos.studies._eda_data import Floats, Integers, Readings

GAP_OF_CURVE = 1e-12


class Constants(NamedTuple):
    """What the equation learned; time runs from 0 to 1.

    Args:
        alpha0: decay.
        beta: one weight for each entry of the drive.
        gamma: time scaling.
    """

    alpha0: float
    beta: Floats
    gamma: float

    @property
    def decay(self) -> float:
        """gamma * alpha0: the decay that the data determine, per unit of time."""
        return self.alpha0 * self.gamma

    def half_life(self, seconds: float) -> float:
        """Seconds in which half of a deviation is gone, where time 0..1 lasts ``seconds``."""
        return float(np.log(2) / max(self.decay, GAP_OF_CURVE) * seconds)

    def unit_drive(self) -> "Constants":
        """The same equation with beta of length 1: the convention that makes all three comparable."""
        length = float(np.linalg.norm(self.beta))
        if length == 0:
            return self
        return Constants(self.alpha0 / length, self.beta / length, self.gamma * length)


class Batch(NamedTuple):
    """Rows as tensors.

    Args:
        time: shape (rows, 1), 0..1.
        inputs: shape (rows, features).
        drive: shape (rows, entries); the self-report.
        subject: number of the training subject, for its tonic level.
        eda: shape (rows,).
        condition: shape (rows,).
    """

    time: Tensor
    inputs: Tensor
    drive: Tensor
    subject: Tensor
    eda: Tensor
    condition: Tensor

    def rows(self, index: Tensor) -> "Batch":
        """Some of the rows."""
        return Batch(*(part[index] for part in self))


class PhysicsNetwork(nn.Module):
    """Trunk, two heads and the constants of the equation.

    Args:
        features: inputs besides the time.
        drive: entries of the self-report.
        conditions: number of classes.
        subjects: number of training subjects; each may have a tonic level of its own.
        readings: see ``Readings``.
    """

    def __init__(self, features: int, drive: int, conditions: int, subjects: int, readings: Readings) -> None:
        super().__init__()
        self.readings = readings
        layers: list[nn.Module] = []
        width = 1 + features
        for size in readings.hidden:
            layers += [nn.Linear(width, size), nn.Tanh()]
            width = size
        self.trunk = nn.Sequential(*layers)
        self.eda_head = nn.Linear(width, 1)
        self.emotion_head = nn.Linear(width, conditions)
        entries = drive if readings.drive == "selfreport" else conditions
        self.raw_alpha0 = nn.Parameter(torch.tensor(0.5413))  # softplus of it is 1
        self.raw_gamma = nn.Parameter(torch.tensor(0.5413))
        self.beta = nn.Parameter(torch.zeros(entries))
        self.tonic = nn.Parameter(torch.zeros(subjects), requires_grad=readings.tonic == "subject")
        self.log_variances = nn.Parameter(torch.zeros(3), requires_grad=readings.learned_weights)

    def forward(self, time: Tensor, inputs: Tensor, *, dropout: bool = False) -> tuple[Tensor, Tensor]:
        """Skin conductance, shape (rows,), and logits of the conditions."""
        state = self.trunk(torch.cat([time, inputs], dim=1))
        spoiled = functional.dropout(state, self.readings.dropout, training=dropout)
        return self.eda_head(state)[:, 0], self.emotion_head(spoiled)

    def residual(self, batch: Batch) -> Tensor:
        """Left side minus right side of the equation at each row; its gradient reaches weights and constants."""
        time = batch.time.detach().requires_grad_(True)
        eda, logits = self(time, batch.inputs)
        (change,) = torch.autograd.grad(eda.sum(), time, create_graph=True)
        push = batch.drive if self.readings.drive == "selfreport" else torch.softmax(logits, dim=1)
        alpha0, gamma = functional.softplus(self.raw_alpha0), functional.softplus(self.raw_gamma)
        tonic = self.tonic[batch.subject] if self.readings.tonic == "subject" else 0.0
        return change[:, 0] - gamma * (-alpha0 * (eda - tonic) + push @ self.beta)

    def constants(self) -> Constants:
        """The learned constants."""
        with torch.no_grad():
            return Constants(
                float(functional.softplus(self.raw_alpha0)),
                self.beta.detach().double().numpy().copy(),
                float(functional.softplus(self.raw_gamma)),
            )


@dataclass(frozen=True)
class Problem:
    """All rows as arrays.

    Args:
        time: 0..1.
        inputs: (rows, features).
        drive: (rows, entries).
        subject: a number a subject.
        eda: scaled.
        condition: a number a class.
        conditions: number of classes.
    """

    time: Floats
    inputs: Floats
    drive: Floats
    subject: Integers
    eda: Floats
    condition: Integers
    conditions: int

    def batch(self) -> Batch:
        """All rows as tensors of 32 bits."""
        return Batch(
            torch.tensor(self.time[:, None], dtype=torch.float32),
            torch.tensor(self.inputs, dtype=torch.float32),
            torch.tensor(self.drive, dtype=torch.float32),
            torch.tensor(self.subject, dtype=torch.long),
            torch.tensor(self.eda, dtype=torch.float32),
            torch.tensor(self.condition, dtype=torch.long),
        )


@dataclass(frozen=True)
class Fitted:
    """A trained network and how training went.

    Args:
        network: with the weights that did best on the inner validation rows.
        epochs: passes until it stopped.
        validation: loss of the tasks on the inner validation rows.
    """

    network: PhysicsNetwork
    epochs: int
    validation: float

    def predict(self, batch: Batch) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Skin conductance and class probabilities."""
        with torch.no_grad():
            eda, logits = self.network(batch.time, batch.inputs)
            return eda.double().numpy(), torch.softmax(logits.double(), dim=1).numpy()


def train(
    problem: Problem,
    kept: Integers,
    validation: Integers,
    readings: Readings,
    *,
    seed: int = 0,
    kind: type[PhysicsNetwork] = PhysicsNetwork,
) -> Fitted:
    """Train on the kept rows, stop by the validation rows; no test row is touched.

    Args:
        problem: all rows.
        kept: rows to learn from.
        validation: rows that only decide when to stop.
        readings: settings.
        seed: of weights, order and collocation points.
        kind: class of the network.
    """
    everything = problem.batch()
    inside, outside = everything.rows(torch.from_numpy(kept)), everything.rows(torch.from_numpy(validation))
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = kind(
            problem.inputs.shape[1],
            problem.drive.shape[1],
            problem.conditions,
            int(problem.subject.max()) + 1,
            readings,
        )
        constants = [network.raw_alpha0, network.raw_gamma, network.beta, network.tonic]
        weights = [p for p in network.parameters() if all(p is not constant for constant in constants)]
        optimizer = torch.optim.Adam(
            [
                {"params": weights, "lr": readings.learning_rate},
                {"params": constants, "lr": readings.constants_rate},
            ]
        )
        steps = max(1, len(kept) // readings.batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, readings.epochs * steps)
        best, best_state, waited, passes = np.inf, None, 0, 0
        while passes < readings.epochs and waited < readings.patience:
            passes += 1
            order = torch.randperm(len(kept), generator=generator)
            for part in torch.tensor_split(order, steps):
                optimizer.zero_grad()
                _loss(network, inside.rows(part), generator).backward()
                optimizer.step()
                schedule.step()
            loss = _task_loss(network, outside)
            if loss < best - 1e-5:
                best, waited = loss, 0
                best_state = {name: value.clone() for name, value in network.state_dict().items()}
            else:
                waited += 1
    if best_state is not None:
        network.load_state_dict(best_state)
    return Fitted(network, passes, float(best))


def _loss(network: PhysicsNetwork, batch: Batch, generator: torch.Generator) -> Tensor:
    readings = network.readings
    eda, logits = network(batch.time, batch.inputs, dropout=True)
    parts = [functional.mse_loss(eda, batch.eda), functional.cross_entropy(logits, batch.condition)]
    if readings.weights[2] > 0:
        points = collocation(batch, round(readings.collocation * len(batch.eda)), generator)
        residuals = torch.cat([network.residual(batch), network.residual(points)])
        parts.append((residuals**2).mean())
    total = eda.new_zeros(())
    for number, (weight, part) in enumerate(zip(readings.weights, parts, strict=False)):
        if weight == 0:
            continue
        if readings.learned_weights:
            log_variance = network.log_variances[number]
            total = total + torch.exp(-log_variance) * part + log_variance
        else:
            total = total + weight * part
    return total


def collocation(batch: Batch, points: int, generator: torch.Generator) -> Batch:
    """Rows of the batch at other times: one point in each of ``points`` equal parts of 0..1 (Latin hypercube)."""
    if points < 1:
        return batch.rows(torch.zeros(0, dtype=torch.long))
    chosen = torch.randint(len(batch.eda), (points,), generator=generator)
    places = torch.randperm(points, generator=generator)
    time = (places + torch.rand(points, generator=generator)) / points
    return batch.rows(chosen)._replace(time=time[:, None])


def _task_loss(network: PhysicsNetwork, batch: Batch) -> float:
    """Loss of the tasks alone: a network must not be picked for obeying the equation."""
    first, second, _ = network.readings.weights
    with torch.no_grad():
        eda, logits = network(batch.time, batch.inputs)
        loss = first * functional.mse_loss(eda, batch.eda) + second * functional.cross_entropy(logits, batch.condition)
        return float(loss)
