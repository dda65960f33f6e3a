"""Held-out predictions of ``visual_emotion_attributes``: regressors on blocks of features, and the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from thymos.perceive.scene.attributes import (
    AttributeDesign,
    AttributeTraining,
    predict_network,
    train_network,
)
from thymos.perceive.scene.features import blocks_of
from thymos.perceive.scene.kernel_ridge import group_folds
from thymos.perceive.scene.training import AXES, held_out, held_out_mean
from thymos.studies._visual_data import (
    BACKBONE,
    BRIGHTNESS,
    CATEGORY,
    COLORFULNESS,
    COMPUTED,
    STEPS,
    Scenes,
)

MEAN = "mean of the training pictures"
COMPUTABLE = "brightness and colorfulness"
ANNOTATED = "annotated category"
BOTH = "brightness, colorfulness and category"
DESCRIPTORS = "descriptors"
WITH_COMPUTABLE = "descriptors + brightness and colorfulness"
WITH_ALL = "descriptors + all attributes"
EVERYTHING = "all features of the picture"
OFF, ON, SECOND_TASK, MIXTURE = (
    "network without attributes",
    "network with attributes",
    "network with attributes as a second task only",
    "network with mixtures of attribute labels",
)

INNER_FOLDS = 5
TRAINING = AttributeTraining(steps=100, weight_decay=1.0)


def inputs_of(found: Scenes, system: str) -> pd.DataFrame:
    """What a regressor of that name sees. Each attribute is a block of its own (``block/name``)."""
    backbone = found.features[[c for c in found.features if blocks_of([c])[0] in BACKBONE]]
    computed = found.features[list(COMPUTED)].set_axis([f"{BRIGHTNESS}/0", f"{COLORFULNESS}/0"], axis=1)
    parts: Mapping[str, list[pd.DataFrame]] = {
        COMPUTABLE: [computed],
        ANNOTATED: [found.categories],
        BOTH: [computed, found.categories],
        DESCRIPTORS: [backbone],
        WITH_COMPUTABLE: [backbone, computed],
        WITH_ALL: [backbone, computed, found.categories],
        EVERYTHING: [found.features],
    }
    return pd.concat(parts[system], axis=1)


def cross_validated(inputs: pd.DataFrame, found: Scenes, folding: str) -> pd.DataFrame:
    """Valence and arousal of every picture from a regressor that has not seen its fold; index as the items."""
    return held_out(inputs, found.norms, found.folds[folding], found.themes)[list(AXES)]


def training_mean(found: Scenes, folding: str) -> pd.DataFrame:
    """The mean norms of the other folds."""
    return held_out_mean(found.norms, found.folds[folding])


@dataclass(frozen=True)
class NetworkArm:
    """One wiring of the attribute network.

    Args:
        name: of the system.
        design: wiring.
    """

    name: str
    design: AttributeDesign


def network_arms(categories: int, *, weights: tuple[float, ...] = ()) -> list[NetworkArm]:
    """Attribute branch off and on, its variants, and further weights of the attribute losses."""
    classes = {BRIGHTNESS: STEPS, COLORFULNESS: STEPS, CATEGORY: categories}
    arms = [
        NetworkArm(OFF, AttributeDesign()),
        NetworkArm(ON, AttributeDesign(classes)),
        NetworkArm(SECOND_TASK, AttributeDesign(classes, feed="none")),
    ]
    if weights:
        arms.append(NetworkArm(MIXTURE, AttributeDesign(classes, feed="mixture")))
        arms += [NetworkArm(f"{ON}, weight {weight:g}", AttributeDesign(classes, weight=weight)) for weight in weights]
    return arms


def network_predictions(found: Scenes, folding: str, arm: NetworkArm, seeds: Sequence[int]) -> pd.DataFrame:
    """Held-out predictions of a wiring, the mean over seeds; the emotion head predicts both axes at once.

    Features and norms are standardized on the training pictures. A fifth of these (theme words apart, another fifth for
    another seed) says when to stop.

    Returns:
        Columns valence and arousal, and for each attribute the share of seeds whose head is right.
    """
    inputs = inputs_of(found, DESCRIPTORS).to_numpy(dtype=np.float64)
    folds = found.folds[folding]
    answers = np.zeros((len(inputs), len(AXES)))
    hits = {name: np.zeros(len(inputs)) for name in arm.design.classes}
    for fold in np.unique(folds):
        test = folds == fold
        center, spread = inputs[~test].mean(axis=0), np.maximum(inputs[~test].std(axis=0), 1e-9)
        rows = np.clip((inputs - center) / spread, -5, 5)
        norms = found.norms.to_numpy()
        mean, scale = norms[~test].mean(axis=0), norms[~test].std(axis=0)
        goal = (norms - mean) / scale
        inner = np.full(len(test), -1)
        inner[~test] = group_folds(pd.factorize(found.themes[~test])[0], int((~test).sum()), INNER_FOLDS)
        for seed in seeds:
            stop = inner == seed % INNER_FOLDS
            own = ~test & ~stop
            codes = {name: values[own].astype(float) for name, values in found.attributes.items()}
            network = train_network(
                rows[own],
                goal[own],
                codes,
                arm.design,
                replace(TRAINING, seed=seed),
                validation=(rows[stop], goal[stop]),
            )
            answer, shares = predict_network(network, rows[test])
            answers[test] += (answer * scale + mean) / len(seeds)
            for name, values in shares.items():
                hits[name][test] += (values.argmax(axis=1) == found.attributes[name][test]) / len(seeds)
    table = pd.DataFrame(np.clip(answers, 1, 7), index=found.norms.index, columns=list(AXES))
    return table.assign(**hits)
