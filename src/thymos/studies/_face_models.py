"""The models of the study of small Swin Transformers, trained alike, and what they predict for the test faces."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from thymos.measure.registry import score_function
from thymos.perceive.face.augmentation import Augmentation
from thymos.perceive.face.losses import balancing_weights, weighted_cross_entropy
from thymos.perceive.face.networks import build_network
from thymos.perceive.face.shipping import picture_series
from thymos.perceive.face.training import predict_logits, train_pictures
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.shipped import shipped_recognizer
from thymos.studies._face_data import Faces, faces_of, one_hot, size_of
from thymos.studies.contract import Context
from thymos.studies.runner import safe_name

SMOOTHING, RHO, LEARNING_RATE, BATCH = 0.1, 0.05, 1e-3, 64
CHANGES = Augmentation(rotation=10.0, scale=0.1, shift=3.0, erase=0.25)
REGULARIZATION = (1e-3, 1e-2, 1e-1)  # inverse strengths tried for the linear floor, chosen on valid
SWIN: dict[str, Any] = {
    "patch": 4, "channels": 32, "depths": (2, 2, 2), "heads": (2, 4, 8), "window": 6, "stem": "convolution"
}  # fmt: skip
RESNET: dict[str, Any] = {"widths": (32, 64, 128, 256), "stem": "halving"}


@dataclass(frozen=True)
class Model:
    """One network of the comparison.

    Args:
        name: of the arm.
        network: in ``thymos.perceive.face.networks.NETWORKS``.
        settings: of the network.
        sharpness_aware: whether each step is sharpness-aware, at twice the computing.
        passes: how many times the epochs of the others.
    """

    name: str
    network: str
    settings: dict[str, Any] = field(default_factory=dict)
    sharpness_aware: bool = False
    passes: int = 1


RESNET18 = Model("ResNet-18, narrow", "resnet18", RESNET)
PLAIN = Model("Swin", "swin", SWIN)
EXCITED = Model("Swin + SE", "swin", {**SWIN, "squeeze_excitation": "last"})
SHARP = Model("Swin + SAM", "swin", SWIN, sharpness_aware=True)
BOTH = Model("Swin + SE + SAM", "swin", {**SWIN, "squeeze_excitation": "last"}, sharpness_aware=True)
LONGER = Model("Swin + SE, twice the epochs", "swin", {**SWIN, "squeeze_excitation": "last"}, passes=2)
HOG = "HOG + linear"
SHIPPED = "small residual network that ships"


def predicted(ctx: Context, name: str, compute: Callable[[Faces], list[str]]) -> npt.NDArray[np.object_]:
    """The labels that a system gives to the test faces; computed once a run."""
    return np.asarray(ctx.step(f"predictions of {name}", lambda: compute(faces_of(ctx))), dtype=object)


def network_predictions(ctx: Context, model: Model) -> npt.NDArray[np.object_]:
    """Train a network on the balanced part, the epoch chosen on valid, and let it label the test faces."""

    def compute(faces: Faces) -> list[str]:
        size = size_of(ctx)
        goal = one_hot(faces.train, faces.classes)
        network = build_network(model.network, len(faces.classes), seed=ctx.settings.seed, **model.settings)
        train_pictures(
            network,
            faces.train.pictures,
            goal,
            loss=weighted_cross_entropy(balancing_weights(goal), smoothing=SMOOTHING),
            epochs=size.epochs * model.passes,
            batch=BATCH,
            learning_rate=LEARNING_RATE,
            optimizer="sam" if model.sharpness_aware else "adamw",
            rho=RHO,
            augmentation=CHANGES,
            validation=(faces.valid.pictures, one_hot(faces.valid, faces.classes)),
            select=balanced_score,
            precision="bfloat16",
            seed=ctx.settings.seed,
            progress=ctx.progress(model.name),
            checkpoint_folder=ctx.folder / "checkpoints" / safe_name(model.name),
        )
        logits = predict_logits(network, faces.test.pictures, precision="bfloat16")
        return [faces.classes[code] for code in logits.argmax(axis=1)]

    return predicted(ctx, model.name, compute)


def balanced_score(shares: npt.NDArray[np.float64], goal: npt.NDArray[np.float64]) -> float:
    """Mean recall of the classes: what an epoch is chosen by."""
    return score_function("uar")(
        goal.argmax(axis=1), shares.argmax(axis=1), labels=list(np.unique(goal.argmax(axis=1))), outside="miss"
    )


def hog_predictions(ctx: Context) -> npt.NDArray[np.object_]:
    """Histograms of oriented gradients (9 directions, cells of 8 pixels) and logistic regression, on the same part."""

    def compute(faces: Faces) -> list[str]:
        train, valid, test = (oriented_gradients(part.pictures) for part in (faces.train, faces.valid, faces.test))
        best: tuple[float, Any] | None = None
        for strength in REGULARIZATION:
            model = make_pipeline(
                StandardScaler(), LogisticRegression(C=strength, class_weight="balanced", max_iter=300)
            )
            model.fit(train, faces.train.labels)
            gold = faces.valid.labels.to_numpy()
            score = float(score_function("uar")(gold, model.predict(valid), labels=sorted(set(gold)), outside="miss"))
            if best is None or score > best[0]:
                best = (score, model)
        assert best is not None
        return [str(label) for label in best[1].predict(test)]

    return predicted(ctx, HOG, compute)


def oriented_gradients(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Shape (n, 900): 5 x 5 blocks of 2 x 2 cells of 8 x 8 pixels, 9 directions."""
    describe = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)
    return np.stack([np.ravel(describe.compute(picture)) for picture in pictures])


def shipped_predictions(ctx: Context) -> npt.NDArray[np.object_]:
    """The recognizer that ships: trained on all of train with soft labels, not at equal training."""

    def compute(faces: Faces) -> list[str]:
        recognizer = shipped_recognizer("face")
        assert isinstance(recognizer, Recognizer)
        return [str(label) for label in recognizer.predict(picture_series(faces.test))]

    return predicted(ctx, SHIPPED, compute)


def majority_predictions(ctx: Context) -> npt.NDArray[np.object_]:
    """The most frequent label of the whole train part."""
    faces = faces_of(ctx)
    return pd.Series([faces.most_frequent] * len(faces.test), dtype=object).to_numpy()
