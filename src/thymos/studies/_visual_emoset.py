"""The arm of ``visual_emotion_attributes`` on EmoSet itself, where a user has it: eight emotions, six attributes.

The published networks are trained end to end on 118,102 pictures; here the backbone is frozen and the heads learn from
its features, which fits a CPU. When to stop and the weight of the attribute losses are chosen on validation pictures.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.emoset import ONE_LABEL, SEVERAL_LABELS, attributes, vocabulary
from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError, Unavailable
from thymos.measure.floors import majority_floor
from thymos.measure.resampling import Interval, bootstrap_interval, paired_bootstrap
from thymos.perceive.scene.attributes import AttributeDesign, AttributeTraining, predict_network, train_network
from thymos.perceive.scene.backbone import VisionBackbone
from thymos.perceive.scene.features import features_table
from thymos.perceive.scene.training import scene_pictures
from thymos.studies.contract import Context, Row, RowKind, Settings

EMOSET = "emoset"
PARTS = ("train", "val", "test")
WEIGHTS = (0.1, 0.3, 0.5)
LARGEST = {True: 100, False: 4_000}  # pictures of a part, quick and full: features of all take hours without a GPU
SUBSET = "emoset/test"


def without_emoset(settings: Settings) -> str:
    """Why the arm is left out: no EmoSet, or one without pictures."""
    try:
        folder = corpus_folder(EMOSET, settings.data)
    except ThymosError:
        return "needs EmoSet (thymos data card emoset)"
    return "" if (folder / "image").is_dir() else "EmoSet is here without its pictures"


def label_sets(table: pd.DataFrame, labels: int) -> npt.NDArray[np.float64]:
    """Tuples of codes as rows of 0 and 1; an empty tuple is a row of zeros, as in EmoSet's loader."""
    sets = np.zeros((len(table), labels))
    for row, codes in enumerate(table[SEVERAL_LABELS]):
        sets[row, list(codes)] = 1
    return sets


def attribute_arrays(table: pd.DataFrame, sizes: Mapping[str, int]) -> dict[str, npt.NDArray[np.float64]]:
    """Attributes as the network takes them."""
    arrays = {name: table[name].to_numpy(dtype=float) for name in ONE_LABEL}
    return arrays | {SEVERAL_LABELS: label_sets(table, sizes[SEVERAL_LABELS])}


def chosen_pictures(corpus: Corpus, quick: bool, seed: int) -> pd.DataFrame:
    """Pictures at hand, at most so many of each part, drawn at random."""
    items = corpus.items[corpus.items["path"] != ""]
    parts = []
    for part in PARTS:
        own = items[items["part"] == part]
        if len(own) == 0:
            raise Unavailable(f"{EMOSET}: this copy has no picture of {part}")
        parts.append(own.sample(min(len(own), LARGEST[quick]), random_state=seed))
    return pd.concat(parts)


def emoset_arm(ctx: Context) -> list[Row]:
    """Attribute branch off and on, over eight emotions; the official parts."""
    corpus = ctx.corpus(EMOSET)
    items = chosen_pictures(corpus, ctx.settings.quick, ctx.settings.seed)
    tracked = ctx.track(scene_pictures(items), "EmoSet pictures", len(items))

    def describe() -> pd.DataFrame:
        if ctx.settings.encoder:
            return VisionBackbone(ctx.settings.encoder).describe(tracked)
        return features_table(tracked)

    features = ctx.table("emoset_features", describe).loc[items.index]
    sizes = {
        name: len(labels)
        for name, labels in vocabulary(corpus_folder(EMOSET, ctx.settings.data)).items()
        if name != "emotion"
    }
    known = attributes(corpus, list(items.index))
    labels = list(corpus.rated().scheme().labels)
    codes = items["emotion"].map({label: code for code, label in enumerate(labels)}).to_numpy(dtype=np.int64)
    part = items["part"].to_numpy()
    train, validation, test = (part == name for name in PARTS)
    values = features.to_numpy(dtype=np.float64)
    center, spread = values[train].mean(axis=0), np.maximum(values[train].std(axis=0), 1e-9)
    rows = np.clip((values - center) / spread, -5, 5)
    own = attribute_arrays(known[train], sizes)

    def predicted(design: AttributeDesign) -> npt.NDArray[np.object_]:
        training = AttributeTraining(seed=ctx.settings.seed)
        stop = rows[validation], codes[validation]
        network = train_network(rows[train], codes[train], own, design, training, validation=stop)
        answer, _ = predict_network(network, rows)
        return np.array(labels, dtype=object)[answer.argmax(axis=1)]

    gold = items["emotion"].to_numpy(dtype=object)
    off = predicted(AttributeDesign())
    tried = {
        weight: predicted(AttributeDesign(sizes, label_sets=(SEVERAL_LABELS,), weight=weight)) for weight in WEIGHTS
    }
    best = max(WEIGHTS, key=lambda weight: float((tried[weight][validation] == gold[validation]).mean()))
    found = []
    systems = {
        ("most frequent emotion", RowKind.FLOOR): majority_floor(gold[train], int(test.sum())),
        ("network without attributes", RowKind.BASELINE): off[test],
        ("network with attributes", RowKind.SYSTEM): tried[best][test],
    }
    note = f"weight {best:g} chosen on validation; at most {LARGEST[ctx.settings.quick]:,} pictures a part"
    row = partial(Row.of_interval, subset=SUBSET, split="official", guarantee=corpus.split().guarantee, note=note)
    for (system, kind), guess in systems.items():
        for metric in ("accuracy", "macro_f1"):
            interval = bootstrap_interval(metric, (gold[test], guess), resamples=ctx.resamples)
            found.append(row(interval, system=system, kind=kind, metric=metric))
    pair = paired_bootstrap("accuracy", gold[test], tried[best][test], off[test], resamples=ctx.resamples)
    gain = Interval(pair.value, pair.low, pair.high, pair.clusters, pair.resamples, pair.n)
    name = "network with attributes over network without attributes"
    return [*found, row(gain, system=name, kind=RowKind.ABLATION, metric="accuracy_gain")]
