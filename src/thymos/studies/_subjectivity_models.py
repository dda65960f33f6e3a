"""Models of faces trained under one aggregation rule and tested under another (card 36, model side).

Every model is the same small network with the same number of steps; what differs is which items it saw, whether its
targets are hard, label sets or shares, and its loss. The pictures are a stratified part of FER+ train; nothing is
chosen on the test part, temperatures are fitted on the validation part.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.disagreement import class_balanced_weights, co_occurrence, penalization_matrix
from thymos.measure.calibration import fit_class_temperatures, with_class_temperatures
from thymos.perceive.face.networks import build_network
from thymos.perceive.face.training import predict_logits, train_pictures
from thymos.perceive.rater_targets.calibration import fit_softmax_temperatures, with_softmax_temperatures
from thymos.perceive.rater_targets.losses import BINARY, CROSS_ENTROPY, KULLBACK_LEIBLER, RaterLoss, loss_of_positions
from thymos.perceive.rater_targets.targets import HARD, KINDS, MULTILABEL, SOFT, rater_targets
from thymos.studies._ferplus_subset import Faces, ferplus_faces
from thymos.studies.contract import Context

Floats = npt.NDArray[np.float64]
TRAIN_RULES = ("majority", "plurality", "all_inclusive")
NETWORK: dict[str, Any] = {"widths": (16, 32, 64, 128), "stem": "halving"}
SIDE = 32  # pixels
SMOOTHING = 0.05
PREFIX = "faces: "
KIND_NAMES = {HARD: "hard", MULTILABEL: "multi-label", SOFT: "soft"}


class Size(NamedTuple):
    """How much is trained and tested."""

    pictures: dict[str, int]  # part to the largest number of pictures
    epochs: int  # passes over the all-inclusive training set; smaller sets get as many steps
    batch: int
    seeds: int
    learning_rate: float


# The rate was chosen by macro-F1 on the validation part (2e-3 gives .33, 6e-3 gives .35 with all items and shares).
FULL = Size({"train": 6_000}, epochs=6, batch=32, seeds=2, learning_rate=6e-3)
QUICK = Size({"train": 700, "valid": 300, "test": 600}, epochs=4, batch=32, seeds=1, learning_rate=6e-3)


class Recipe(NamedTuple):
    """One trained model.

    Attributes:
        rule: which training items are kept.
        kind: of target.
        penalty: whether unlikely pairs of emotions are penalized.
        balanced: whether items are weighed by their classes.
        smoothing: of the targets.
    """

    rule: str
    kind: str
    penalty: bool = False
    balanced: bool = False
    smoothing: float = 0.0

    @property
    def element(self) -> str:
        """The loss: binary for label sets, divergence for penalized shares as in the papers, else cross entropy."""
        if self.kind == MULTILABEL:
            return BINARY
        return KULLBACK_LEIBLER if self.kind == SOFT and self.penalty else CROSS_ENTROPY

    @property
    def name(self) -> str:
        """For rows and tables, e.g. ``"faces: all-inclusive, soft, penalty"``."""
        extras = ["penalty"] if self.penalty else []
        extras += ["class-balanced"] if self.balanced else []
        extras += ["smoothed"] if self.smoothing else []
        return PREFIX + ", ".join([self.rule.replace("_", "-"), KIND_NAMES[self.kind], *extras])

    @property
    def plain(self) -> bool:
        """Whether only rule and target matter, not the loss."""
        return not (self.penalty or self.balanced or self.smoothing)


class Model(NamedTuple):
    """What is scored: a trained recipe, with or without temperatures."""

    recipe: Recipe
    temperatures: bool = False

    @property
    def name(self) -> str:
        """For rows."""
        return self.recipe.name + (", temperatures" if self.temperatures else "")

    @property
    def note(self) -> str:
        """For rows."""
        return "one temperature a class, fitted on the validation part" if self.temperatures else ""


def models() -> dict[str, Model]:
    """All models by name: three rules by three kinds of target, then losses on the all-inclusive training set."""
    everything = TRAIN_RULES[-1]
    recipes = [Recipe(rule, kind) for rule in TRAIN_RULES for kind in KINDS]
    recipes += [Recipe(everything, kind, penalty=True) for kind in KINDS]
    recipes += [Recipe(everything, kind, balanced=True) for kind in (MULTILABEL, SOFT)]
    combined = Recipe(everything, MULTILABEL, penalty=True, balanced=True)
    recipes += [combined, Recipe(everything, SOFT, smoothing=SMOOTHING)]
    found = [Model(recipe) for recipe in recipes]
    tempered = (Recipe(everything, MULTILABEL), combined, Recipe(everything, SOFT))
    found += [Model(recipe, temperatures=True) for recipe in tempered]
    return {model.name: model for model in found}


def size_of(ctx: Context) -> Size:
    """Full or quick."""
    return QUICK if ctx.settings.quick else FULL


def faces_of(ctx: Context) -> dict[str, Faces]:
    """The parts train, valid and test."""
    return ferplus_faces(ctx, side=SIDE, most=size_of(ctx).pictures)


def loss_of(recipe: Recipe, votes: npt.NDArray[np.int64], targets: Floats) -> RaterLoss:
    """The loss of a recipe; penalty and class weights come from the training items only.

    The penalty counts pairs after the 1/K rule (2023 form): with ten raters nearly every pair occurs somewhere.
    """
    return RaterLoss(
        recipe.element,
        class_weights=class_balanced_weights(targets) if recipe.balanced else None,
        penalization=penalization_matrix(co_occurrence(votes, binarize=True)) if recipe.penalty else None,
    )


def logits_of(ctx: Context, recipe: Recipe, seed: int) -> dict[str, Floats]:
    """Logits of one model for the parts valid and test; trained once a run."""
    size = size_of(ctx)

    def compute() -> pd.DataFrame:
        parts = faces_of(ctx)
        train = parts["train"]
        found = rater_targets(
            train.votes, recipe.rule, recipe.kind, excluded=train.excluded, smoothing=recipe.smoothing
        )
        everything = rater_targets(train.votes, "all_inclusive", SOFT, excluded=train.excluded)
        loss = loss_of(recipe, train.emotions[found.kept], found.targets)
        steps = size.epochs * (len(everything.targets) // size.batch)
        batches = max(1, len(found.targets) // size.batch)
        network = build_network("small_residual", len(train.classes), seed=seed, **NETWORK)
        train_pictures(
            network,
            train.pictures[found.kept],
            found.shares,
            loss=loss_of_positions(loss, found.targets),
            epochs=max(1, round(steps / batches)),
            batch=size.batch,
            learning_rate=size.learning_rate,
            seed=seed,
        )
        frames = [
            pd.DataFrame(predict_logits(network, parts[part].pictures), columns=list(train.classes)).assign(part=part)
            for part in ("valid", "test")
        ]
        return pd.concat(frames, ignore_index=True)

    table = ctx.table(f"logits_{recipe.name.removeprefix(PREFIX).replace(', ', '_')}_{seed}", compute)
    return {str(part): own.drop(columns="part").to_numpy(np.float64) for part, own in table.groupby("part", sort=False)}


def probabilities_of(ctx: Context, model: Model) -> Floats:
    """Probabilities of the test items, shape (seeds, items, classes): softmax, or sigmoids of label-set models."""
    found = []
    for seed in seeds_of(ctx):
        logits = logits_of(ctx, model.recipe, seed)
        if model.recipe.kind == MULTILABEL:
            fitted = _temperatures(ctx, logits["valid"], MULTILABEL) if model.temperatures else 1.0
            found.append(with_class_temperatures(logits["test"], fitted))
        else:
            fitted = _temperatures(ctx, logits["valid"], SOFT) if model.temperatures else 1.0
            found.append(with_softmax_temperatures(logits["test"], fitted))
    return np.stack(found)


def _temperatures(ctx: Context, logits: Floats, kind: str) -> Floats:
    valid = faces_of(ctx)["valid"]
    goal = rater_targets(valid.votes, "all_inclusive", kind, excluded=valid.excluded)
    fit = fit_class_temperatures if kind == MULTILABEL else fit_softmax_temperatures
    return fit(logits[goal.kept], goal.targets)


def seeds_of(ctx: Context) -> list[int]:
    """Seeds of first weights and order."""
    return [ctx.settings.seed + number for number in range(size_of(ctx).seeds)]
