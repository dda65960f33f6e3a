"""Are the constants found again where they are known? Simulated skin conductance that obeys the equation.

Simulated rows are no evidence about people; they stand apart from the published numbers and say so.
"""

from typing import NamedTuple

import numpy as np

from thymos.studies._eda_data import Floats, Readings
from thymos.studies._eda_network import Constants, Problem, train

TRUE = Constants(alpha0=1.5, beta=np.array([0.6, 0.8]), gamma=2.0)
"""beta has length 1, which is what makes the three constants one triple."""
START = 0.2  # skin conductance at the start of every block
NOISE = 0.01


class Simulated(NamedTuple):
    """Rows that obey the equation, with noise, and the constants behind them."""

    problem: Problem
    constants: Constants


def simulate(
    *, blocks: int = 24, rows: int = 60, constants: Constants = TRUE, noise: float = NOISE, seed: int = 0
) -> Simulated:
    """Blocks with a random constant drive each, and the exact solution of the equation in them.

    Args:
        blocks: how many; each is a "subject" of its own.
        rows: rows a block, evenly over 0..1.
        constants: of the equation, with tonic level 0.
        noise: standard deviation that is added.
        seed: of drive and noise.
    """
    rng = np.random.default_rng(seed)
    drive = rng.uniform(0.2, 1.5, size=(blocks, len(constants.beta)))
    time = np.linspace(0, 1, rows)
    goal = drive @ constants.beta / constants.alpha0
    clean = goal[:, None] + (START - goal[:, None]) * np.exp(-constants.decay * time)
    eda = clean + noise * rng.standard_normal(clean.shape)
    return Simulated(
        Problem(
            time=np.tile(time, blocks),
            inputs=np.repeat(drive, rows, axis=0),
            drive=np.repeat(drive, rows, axis=0),
            subject=np.repeat(np.arange(blocks), rows).astype(np.int64),
            eda=eda.ravel(),
            condition=np.zeros(blocks * rows, dtype=np.int64),
            conditions=1,
        ),
        constants,
    )


def recovery_readings(*, epochs: int = 100) -> Readings:
    """Settings of the recovery. The equation weighs little, or it bends the curve before its constants are right."""
    return Readings(
        weights=(1.0, 0.0, 0.01), hidden=(32, 32), dropout=0.0, learning_rate=2e-2, constants_rate=5e-2,
        epochs=epochs, patience=epochs, batch=120,
    )  # fmt: skip


def recovered(simulated: Simulated, *, epochs: int = 100, seed: int = 0) -> Constants:
    """The constants that a network learns from simulated rows."""
    count = len(simulated.problem.eda)
    watch = np.arange(0, count, 10)
    learn = np.setdiff1d(np.arange(count), watch)
    return train(simulated.problem, learn, watch, recovery_readings(epochs=epochs), seed=seed).network.constants()


def relative_errors(found: Constants, true: Constants) -> dict[str, float]:
    """Errors of the unit-drive constants as shares of the true ones, and of the decay."""
    mine, theirs = found.unit_drive(), true.unit_drive()
    return {
        "alpha0": abs(mine.alpha0 / theirs.alpha0 - 1),
        "beta": float(np.linalg.norm(mine.beta - theirs.beta)),
        "gamma": abs(mine.gamma / theirs.gamma - 1),
        "decay": abs(found.decay / true.decay - 1),
    }


def decay_by_least_squares(problem: Problem) -> float:
    """gamma * alpha0 from the slopes alone, without a network: what a plain fit of the same equation gives."""
    blocks = problem.subject
    sides: list[Floats] = []
    changes: list[Floats] = []
    for block in np.unique(blocks):
        own = blocks == block
        time, eda = problem.time[own], problem.eda[own]
        # Integrated form: noise of differences would bias the decay.
        area = np.concatenate([[0.0], np.cumsum((eda[1:] + eda[:-1]) / 2 * np.diff(time))])
        sides.append(np.column_stack([-area, time[:, None] * problem.drive[own]]))
        changes.append(eda - START)
    solution, *_ = np.linalg.lstsq(np.concatenate(sides), np.concatenate(changes), rcond=None)
    return float(solution[0])
