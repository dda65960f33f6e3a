"""Training the two-layer networks of probes: Adam with a linear warm-up and a cosine, repeatable by seed."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from thymos.errors import BadInput

Integers = npt.NDArray[np.int64]


class TwoLayers(nn.Module):
    """Width to hidden to classes with a ReLU in between, and a learned vector for each offset where there are any.

    Args:
        width: length of a hidden state.
        hidden: units of the layer in between.
        classes: how many.
        offsets: size of the table of offset vectors, which are added to the state; 0 = none.
    """

    def __init__(self, width: int, hidden: int, classes: int, offsets: int = 0) -> None:
        super().__init__()
        self.first = nn.Linear(width, hidden)
        self.second = nn.Linear(hidden, classes)
        self.offsets = nn.Embedding(offsets, width) if offsets else None
        if self.offsets is not None:
            # States are standardized: a vector of this size shifts them without drowning them.
            nn.init.normal_(self.offsets.weight, std=0.02)

    def forward(self, states: torch.Tensor, offsets: torch.Tensor | None = None) -> torch.Tensor:
        """Logits, shape (items, classes)."""
        if self.offsets is not None and offsets is not None:
            states = states + self.offsets(offsets)
        return self.second(torch.relu(self.first(states)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block on one thread: steps are too small to share, and sums then never depend on the machine's cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


def seeded(seed: int, build: Callable[[], TwoLayers]) -> TwoLayers:
    """A network whose weights depend on the seed alone; the generator of the process stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def warm_up_then_cosine(step: int, steps: int, warm_up: float) -> float:
    """Share of the learning rate at a step (from 0): up in a line over the first steps, then down to 0 as a cosine.

    Example:
        >>> [round(warm_up_then_cosine(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 9)]
        [0.5, 1.0, 1.0, 0.5, 0.04]
    """
    rising = max(1, round(warm_up * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


Batch = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]
"""States, their offsets where they have any, and the positions of their classes."""


def train(
    network: TwoLayers,
    batches: Iterator[Batch],
    steps: int,
    *,
    learning_rate: float,
    warm_up: float,
    weight_decay: float,
    where: str,
) -> TwoLayers:
    """Take ``steps`` batches and one step of Adam on each.

    Raises:
        BadInput: the loss is not finite.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    network.train()
    loss: Any = None
    with one_thread():
        for step, (states, offsets, codes) in zip(range(steps), batches, strict=False):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * warm_up_then_cosine(step, steps, warm_up)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(states, offsets), codes)
            loss.backward()
            optimizer.step()
    if loss is not None and not bool(torch.isfinite(loss)):
        raise BadInput("the loss is not finite", where=where, mend="lower learning_rate")
    return network.eval()


def shuffled_batches(size: int, batch_size: int, epochs: int, seed: int) -> Iterator[Integers]:
    """Places of each batch, every place once an epoch in a new order."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(size)
        for start in range(0, size, batch_size):
            yield order[start : start + batch_size]


def steps_of(size: int, batch_size: int, epochs: int) -> int:
    """How many batches ``shuffled_batches`` gives."""
    return epochs * -(-size // batch_size)


def check_training(
    where: str, *, hidden: int, learning_rate: float, epochs: int, batch_size: int, warm_up: float, weight_decay: float
) -> None:
    """Raise BadInput for settings that cannot be trained with."""
    for wrong, what, mend in (
        (hidden < 1, f"hidden is {hidden}", "use 1 or more"),
        (not 0 < learning_rate < math.inf, f"learning_rate is {learning_rate}", "use a positive number, e.g. 1e-4"),
        (epochs < 1, f"epochs is {epochs}", "use 1 or more"),
        (batch_size < 1, f"batch_size is {batch_size}", "use 1 or more"),
        (not 0 <= warm_up < 1, f"warm_up is {warm_up}", "use a share of the steps, e.g. 0.1"),
        (not 0 <= weight_decay < math.inf, f"weight_decay is {weight_decay}", "use 0 or more"),
    ):
        if wrong:
            raise BadInput(what, where=where, mend=mend)
