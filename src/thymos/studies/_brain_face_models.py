"""The students of the study on prototypes as a prior for faces (card 38): training, logits, and teachers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import Unavailable
from thymos.measure.classification import macro_f1
from thymos.perceive.face.distillation import (
    GATE,
    GEOMETRY_WEIGHT,
    KD_TEMPERATURE,
    KD_WEIGHT,
    PROTOTYPE_WEIGHT,
    RAMP_END,
    RAMP_START,
    FeaturePrior,
    with_teacher,
)
from thymos.perceive.face.losses import balancing_weights, soft_cross_entropy, weighted_cross_entropy
from thymos.perceive.face.networks import build_network, load_network, save_network
from thymos.perceive.face.prototypes import (
    NEAREST,
    PrototypeGrid,
    circumplex_prototypes,
    class_distributions,
    random_prototypes,
    shuffled_prototypes,
)
from thymos.perceive.face.training import predict_logits, train_pictures
from thymos.perceive.rater_targets.targets import HARD, rater_targets
from thymos.perceive.shipped import shipped_recognizer
from thymos.studies._ferplus_subset import Faces, ferplus_faces, shrunk
from thymos.studies.contract import Context

Floats = npt.NDArray[np.float64]
Grids = Callable[[Context], PrototypeGrid]
RULE = "plurality"  # unknown and not a face are votes that cannot win
SIDE, TEACHER_SIDE = 32, 48  # pixels
NETWORK: dict[str, Any] = {"widths": (16, 32, 64, 128), "stem": "halving"}
TEACHER_NETWORK: dict[str, Any] = {"widths": (32, 64, 128), "depths": (1, 1, 1), "stem": "halving"}
SMOOTHING = 0.055
BALANCE = 0.5  # power of the class weights
CAPPED = ("happiness", "surprise")
RANDOM_WIDTH = 128  # the width of an EEG teacher's features


class Size(NamedTuple):
    """How much is trained and tested."""

    pictures: dict[str, int]  # part to the largest number of pictures
    epochs: int
    batch: int
    seeds: int
    learning_rate: float


FULL = Size({"train": 6_000}, epochs=6, batch=32, seeds=3, learning_rate=6e-3)
QUICK = Size({"train": 900, "valid": 300, "test": 600}, epochs=4, batch=32, seeds=1, learning_rate=6e-3)


class Student(NamedTuple):
    """What a student learns beside its labels.

    Attributes:
        name: for rows.
        temperature: of the distance to the teacher's logits; 0 for no teacher.
        grid: gives the prototypes; None for none.
        geometry: ``""`` for none, ``"late"`` for the ramp of the card, ``"whole"`` from the first step.
        rule: how the class of a picture becomes a distribution over the cells.
    """

    name: str
    temperature: float = 0.0
    grid: Grids | None = None
    geometry: str = ""
    rule: str = NEAREST


def size_of(ctx: Context) -> Size:
    """Full or quick."""
    return QUICK if ctx.settings.quick else FULL


def seeds_of(ctx: Context) -> list[int]:
    """Seeds of first weights, order and projection."""
    return [ctx.settings.seed + number for number in range(size_of(ctx).seeds)]


class Labeled(NamedTuple):
    """The pictures that have a plurality emotion.

    Attributes:
        pictures: 32 x 32.
        large: the same, 48 x 48.
        hard: one-hot labels, shape (n, classes).
        shares: vote shares.
        clusters: equal pictures share a number.
        classes: names of the columns.
    """

    pictures: npt.NDArray[np.uint8]
    large: npt.NDArray[np.uint8]
    hard: Floats
    shares: Floats
    clusters: npt.NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """Column of each label."""
        return np.asarray(self.hard.argmax(axis=1), dtype=np.int64)


def faces_of(ctx: Context) -> dict[str, Labeled]:
    """The parts train, valid and test."""
    parts = ferplus_faces(ctx, side=TEACHER_SIDE, most=size_of(ctx).pictures)
    return {name: _labeled(part) for name, part in parts.items()}


def _labeled(faces: Faces) -> Labeled:
    found = rater_targets(faces.votes, RULE, HARD, excluded=faces.excluded)
    kept = faces.part(found.kept)
    return Labeled(
        shrunk(kept.pictures, SIDE), kept.pictures, found.targets, found.shares, kept.clusters, faces.classes
    )


# -- teachers -------------------------------------------------------------------------------------------------------


def teacher_logits(ctx: Context) -> dict[str, Floats]:
    """Logits of a stronger face model for train and test: the shipped recognizer, else one trained here on votes.

    Which model gave the published logits is not stated; an EEG teacher has no logits of emotions [inferred].
    """

    def compute() -> pd.DataFrame:
        parts = faces_of(ctx)
        logits = _shipped_logits(parts)
        if logits is None:
            logits = _trained_logits(ctx, parts)
        frames = [pd.DataFrame(found, columns=list(parts[part].classes)) for part, found in logits.items()]
        return pd.concat(dict(zip(logits, frames, strict=True)), names=["part", "row"]).reset_index()

    table = ctx.table("teacher_logits", compute)
    classes = list(faces_of(ctx)["train"].classes)
    return {str(part): own[classes].to_numpy(np.float64) for part, own in table.groupby("part", sort=False)}


def teacher_is_shipped() -> bool:
    """Whether a face recognizer ships with this version."""
    try:
        shipped_recognizer("face")
    except Unavailable:
        return False
    return True


def _shipped_logits(parts: dict[str, Labeled]) -> dict[str, Floats] | None:
    if not teacher_is_shipped():
        return None
    recognizer: Any = shipped_recognizer("face")
    if set(recognizer.classes_) != set(parts["train"].classes):
        return None
    found = {}
    for part in ("train", "test"):
        table = recognizer.predict_proba(pd.Series(list(parts[part].large)))
        probabilities = table[list(parts[part].classes)].to_numpy(np.float64)
        logs = np.log(np.maximum(probabilities, 1e-6))
        found[part] = logs - logs.mean(axis=1, keepdims=True)
    return found


def _trained_logits(ctx: Context, parts: dict[str, Labeled]) -> dict[str, Floats]:
    size, train = size_of(ctx), parts["train"]
    network = build_network("small_residual", len(train.classes), seed=ctx.settings.seed, **TEACHER_NETWORK)
    train_pictures(
        network, train.pictures, train.shares, loss=soft_cross_entropy, epochs=size.epochs + 2, batch=size.batch,
        learning_rate=size.learning_rate, seed=ctx.settings.seed,
    )  # fmt: skip
    return {part: predict_logits(network, parts[part].pictures) for part in ("train", "test")}


# -- prototypes that come from no brain -----------------------------------------------------------------------------


def circumplex_grid(ctx: Context) -> PrototypeGrid:
    """Cells that know where they lie."""
    return circumplex_prototypes()


def fine_circumplex_grid(ctx: Context) -> PrototypeGrid:
    """The same with 7 x 7 cells."""
    return circumplex_prototypes(7)


def random_grid(ctx: Context) -> PrototypeGrid:
    """Cells without any order."""
    return random_prototypes(RANDOM_WIDTH, seed=ctx.settings.seed)


def shuffled_grid(ctx: Context) -> PrototypeGrid:
    """Circumplex cells at other places."""
    return shuffled_prototypes(circumplex_prototypes(), seed=ctx.settings.seed)


# -- students -------------------------------------------------------------------------------------------------------


def student_logits(ctx: Context, student: Student, seed: int) -> dict[str, Floats]:
    """Logits for valid and test at the epoch with the best macro-F1 on valid; trained once a run."""

    def compute() -> pd.DataFrame:
        parts = faces_of(ctx)
        network = _train(ctx, student, seed, parts)
        save_network(network, network_folder(ctx, student, seed))
        frames = {
            part: pd.DataFrame(predict_logits(network, parts[part].pictures), columns=list(parts[part].classes))
            for part in ("valid", "test")
        }
        return pd.concat(frames, names=["part", "row"]).reset_index()

    table = ctx.table(f"student_{student.name.replace(', ', '_').replace(' ', '_')}_{seed}", compute)
    classes = list(faces_of(ctx)["train"].classes)
    return {str(part): own[classes].to_numpy(np.float64) for part, own in table.groupby("part", sort=False)}


def student_network(ctx: Context, student: Student, seed: int) -> Any:
    """The trained network."""
    student_logits(ctx, student, seed)
    return load_network(network_folder(ctx, student, seed))


def network_folder(ctx: Context, student: Student, seed: int) -> Path:
    """Where a run keeps a network."""
    return ctx.folder / "networks" / f"{student.name.replace(', ', '_').replace(' ', '_')}_{seed}"


def _train(ctx: Context, student: Student, seed: int, parts: dict[str, Labeled]) -> Any:
    size, train, valid = size_of(ctx), parts["train"], parts["valid"]
    present = train.hard.sum(axis=0) > 0
    weights = np.ones(len(train.classes))
    weights[present] = balancing_weights(train.hard[:, present], BALANCE)
    loss = weighted_cross_entropy(weights, smoothing=SMOOTHING)
    if student.temperature:
        logits = teacher_logits(ctx)["train"]
        loss = with_teacher(loss, logits, weight=KD_WEIGHT, temperature=student.temperature)
    network = build_network("small_residual", len(train.classes), seed=seed, **NETWORK)
    train_pictures(
        network,
        train.pictures,
        train.hard,
        loss=loss,
        penalty=_prior(ctx, student, seed, train, network.width),
        epochs=size.epochs,
        batch=size.batch,
        learning_rate=size.learning_rate,
        validation=(valid.pictures, valid.hard),
        select=_macro_f1,
        seed=seed,
    )
    return network


def _prior(ctx: Context, student: Student, seed: int, train: Labeled, width: int) -> FeaturePrior | None:
    if student.grid is None and not student.geometry:
        return None
    grid = None if student.grid is None else student.grid(ctx)
    wanted = None
    if grid is not None:
        # Pictures mix the distributions of the classes by their votes [inferred].
        wanted = train.shares @ class_distributions(grid, train.classes, rule=student.rule)
    return FeaturePrior(
        width,
        grid=grid,
        wanted=wanted,
        prototype_weight=PROTOTYPE_WEIGHT,
        geometry_weight=GEOMETRY_WEIGHT if student.geometry else 0.0,
        capped=[code for code, name in enumerate(train.classes) if name in CAPPED],
        ramp=None if student.geometry == "whole" else (RAMP_START, RAMP_END, GATE),
        seed=seed,
    )


def _macro_f1(probabilities: Floats, targets: Floats) -> float:
    return macro_f1(targets.argmax(axis=1), probabilities.argmax(axis=1))


BASE = Student("B0 cross entropy")
DISTILLED = Student("B1 teacher's logits", KD_TEMPERATURE)
PROTOTYPED = Student("B2 logits, prototypes of the circumplex only", KD_TEMPERATURE, circumplex_grid)
SHAPED = Student("B3 logits, prototypes of the circumplex only, geometry", KD_TEMPERATURE, circumplex_grid, "late")
RANDOM_CONTROL = Student("B2 logits, random prototypes", KD_TEMPERATURE, random_grid)
SHUFFLED_CONTROL = Student("B2 logits, shuffled prototypes", KD_TEMPERATURE, shuffled_grid)
FINE = Student("B2 logits, prototypes of the circumplex only, 7 x 7", KD_TEMPERATURE, fine_circumplex_grid)
EARLY = Student("B3 with geometry from the first step", KD_TEMPERATURE, circumplex_grid, "whole")
COLD = Student("B3 with temperature 1", 1.0, circumplex_grid, "late")
LADDER = (BASE, DISTILLED, PROTOTYPED, SHAPED)
CONTROLS = (RANDOM_CONTROL, SHUFFLED_CONTROL)
ABLATIONS = (FINE, EARLY, COLD)
