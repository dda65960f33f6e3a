"""A shared encoder with one head a rater: every rater's own labels are learned, then fused into the consensus.

Source: card 36, chapter on individual raters, of which only the idea is known: models of single raters, whose
embeddings are concatenated with those of a soft-label and a hard-label model and fused into a consensus prediction.
Sizes, losses and their equal weights are readings of ours [inferred]. Raters must be people that can be followed
across items. Missing ratings take no part in the loss, so raters may have seen different items.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.rater_targets.targets import HARD, rater_targets

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


class Ratings(NamedTuple):
    """One row a rating, so that the size does not grow with raters that saw few items.

    Attributes:
        items: position of the item, shape (ratings,).
        raters: number of the rater from 0, shape (ratings,).
        shares: what the rater said, shape (ratings, classes), rows sum to 1: one-hot, or several labels alike.
    """

    items: Codes
    raters: Codes
    shares: Floats


class RaterOutputs(NamedTuple):
    """Logits: of each rater (items, raters, classes), and of soft head, hard head and fusion (items, classes)."""

    raters: torch.Tensor
    soft: torch.Tensor
    hard: torch.Tensor
    consensus: torch.Tensor


class RaterNetwork(nn.Module):
    """Encoder, rater heads, soft head, hard head, fusion.

    Args:
        features: length of an input vector.
        classes: number of classes.
        raters: number of raters.
        width: of the shared encoder.
        embedding: length of each head's embedding, which the fusion sees.
        dropout: after the encoder.
    """

    def __init__(
        self, features: int, classes: int, raters: int, *, width: int = 64, embedding: int = 8, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if min(features, classes, raters, width, embedding) < 1:
            raise BadInput("sizes must be 1 or more", where="rater network")
        self.sizes = (raters, embedding, classes)
        heads = raters + 2  # the last two are the soft and the hard head
        self.encoder = nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Dropout(dropout))
        self.embed = nn.Linear(width, heads * embedding)
        self.weight = nn.Parameter(torch.empty(heads, embedding, classes))
        self.bias = nn.Parameter(torch.zeros(heads, classes))
        self.fusion = nn.Sequential(nn.Linear(heads * embedding, width), nn.ReLU(), nn.Linear(width, classes))
        nn.init.normal_(self.weight, std=embedding**-0.5)

    def forward(self, inputs: torch.Tensor) -> RaterOutputs:
        """From vectors, shape (items, features), to the logits of all heads."""
        raters, embedding, _ = self.sizes
        # No ReLU here: an embedding is so short that all its entries may die together.
        embedded = functional.gelu(self.embed(self.encoder(inputs)))
        split = embedded.view(len(inputs), raters + 2, embedding)
        logits = torch.einsum("nhe,hec->nhc", split, self.weight) + self.bias
        return RaterOutputs(logits[:, :raters], logits[:, raters], logits[:, raters + 1], self.fusion(embedded))


class ConsensusTargets(NamedTuple):
    """What the soft, hard and fusion heads learn: shares of all items, one-hot modes of the items that have one."""

    shares: torch.Tensor
    modes: torch.Tensor
    has_mode: torch.Tensor


def consensus_targets(ratings: Ratings, items: int) -> ConsensusTargets:
    """Summed ratings of each item as shares, and the plurality label where there is one.

    Raises:
        BadInput: an item without a rating.
    """
    votes = np.zeros((items, ratings.shares.shape[1]))
    np.add.at(votes, ratings.items, ratings.shares)
    if (votes.sum(axis=1) <= 0).any():
        raise BadInput("an item has no rating", where=f"item {int((votes.sum(axis=1) <= 0).argmax())}")
    # Thirds of a vote must tie when they should.
    rounded = votes.round(9)
    hard = rater_targets(rounded, "plurality", HARD) if _any_mode(rounded) else None
    modes = np.zeros_like(votes)
    has_mode = np.zeros(items, dtype=bool)
    if hard is not None:
        modes[hard.kept], has_mode = hard.targets, hard.kept
    return ConsensusTargets(
        torch.as_tensor(votes / votes.sum(axis=1, keepdims=True), dtype=torch.float32),
        torch.as_tensor(modes, dtype=torch.float32),
        torch.as_tensor(has_mode),
    )


def _any_mode(votes: Floats) -> bool:
    return bool(((votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1).any())


def masked_rater_loss(logits: torch.Tensor, ratings: Ratings) -> torch.Tensor:
    """Mean soft cross entropy over the ratings that were given; raters who did not rate an item take no part.

    Args:
        logits: of every rater, shape (items, raters, classes).
        ratings: ``items`` are rows of ``logits``.
    """
    items, raters = torch.as_tensor(ratings.items), torch.as_tensor(ratings.raters)
    goal = torch.as_tensor(ratings.shares, dtype=logits.dtype)
    return functional.cross_entropy(logits[items, raters], goal)


def fit_rater_network(
    inputs: npt.ArrayLike,
    ratings: Ratings,
    *,
    raters: int,
    width: int = 64,
    embedding: int = 8,
    dropout: float = 0.2,
    epochs: int = 30,
    batch: int = 64,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-3,
    rater_weight: float = 1.0,
    seed: int = 0,
) -> RaterNetwork:
    """Train all heads together: the sum of the rater, soft, hard and consensus losses.

    Args:
        inputs: shape (items, features).
        ratings: of these items; each has one at least.
        raters: number of raters.
        width: see RaterNetwork.
        embedding: see RaterNetwork.
        dropout: see RaterNetwork.
        epochs: passes over the items.
        batch: items a step.
        learning_rate: of AdamW, falling to 0 along a cosine.
        weight_decay: of AdamW.
        rater_weight: of the loss of the rater heads; 0 leaves them untrained, for comparison.
        seed: of first weights, order and dropout.

    Raises:
        BadInput: ratings of unknown items or raters, an item without a rating.
    """
    vectors = torch.as_tensor(np.asarray(inputs), dtype=torch.float32)
    _check(vectors, ratings, raters)
    goal = consensus_targets(ratings, len(vectors))
    order = np.argsort(ratings.items, kind="stable")
    ordered = Ratings(ratings.items[order], ratings.raters[order], ratings.shares[order])
    bounds = np.searchsorted(ordered.items, np.arange(len(vectors) + 1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = RaterNetwork(
            vectors.shape[1], ratings.shares.shape[1], raters, width=width, embedding=embedding, dropout=dropout
        )
        optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
        steps = epochs * -(-len(vectors) // batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
        network.train()
        for _ in range(epochs):
            for chosen in torch.randperm(len(vectors)).split(batch):
                found = network(vectors[chosen])
                value = functional.cross_entropy(found.soft, goal.shares[chosen])
                value = value + functional.cross_entropy(found.consensus, goal.shares[chosen])
                known = goal.has_mode[chosen]
                if bool(known.any()):
                    value = value + functional.cross_entropy(found.hard[known], goal.modes[chosen][known])
                value = value + rater_weight * masked_rater_loss(
                    found.raters, _ratings_of(ordered, bounds, chosen.numpy())
                )
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                schedule.step()
    return network.eval()


def predict_raters(network: RaterNetwork, inputs: npt.ArrayLike) -> dict[str, Floats]:
    """Probabilities of each output: ``raters`` (items, raters, classes), ``soft``, ``hard``, ``consensus``."""
    with torch.inference_mode():
        found = network.eval()(torch.as_tensor(np.asarray(inputs), dtype=torch.float32))
    return {name: torch.softmax(logits.double(), dim=-1).numpy() for name, logits in found._asdict().items()}


def _ratings_of(ordered: Ratings, bounds: Codes, chosen: Codes) -> Ratings:
    """The ratings of some items, renumbered by their place in ``chosen``."""
    rows = np.concatenate([np.arange(bounds[item], bounds[item + 1]) for item in chosen])
    places = np.repeat(np.arange(len(chosen)), bounds[chosen + 1] - bounds[chosen])
    return Ratings(places, ordered.raters[rows], ordered.shares[rows])


def _check(vectors: torch.Tensor, ratings: Ratings, raters: int) -> None:
    if vectors.dim() != 2 or len(vectors) == 0 or not bool(torch.isfinite(vectors).all()):
        raise BadInput("inputs must be finite numbers, shape (items, features)", where="inputs")
    if not len(ratings.items) == len(ratings.raters) == len(ratings.shares) > 0:
        raise BadInput("items, raters and shares must be of one length", where="ratings")
    for name, codes, count in (("item", ratings.items, len(vectors)), ("rater", ratings.raters, raters)):
        if codes.min() < 0 or codes.max() >= count:
            raise BadInput(f"{name} {int(codes.max())} is outside 0..{count - 1}", where="ratings")
    if not np.allclose(ratings.shares.sum(axis=1), 1, atol=1e-6):
        raise BadInput("the shares of a rating must sum to 1", where="ratings")
