"""Do squeeze-and-excitation and sharpness-aware steps help a Swin Transformer to read faces? (card 31)

Small Swin Transformers (48 pixels, 0.57 million weights, no pretrained weights) are trained alike with and without a
squeeze-and-excitation block (SE) and sharpness-aware minimization (SAM) on a class-balanced part of FER+, and tested
on all of its test faces that the authors' majority policy labels. Where CK+ is at hand, a hybrid training set is tried
too.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.measure.metric import Prepared
from thymos.measure.registry import find_metric
from thymos.studies._face_data import CORPUS, FULL, Faces, faces_of
from thymos.studies._face_hybrid import HYBRID, LABORATORY, hybrid_rows, without_laboratory
from thymos.studies._face_models import (
    BOTH,
    EXCITED,
    HOG,
    LONGER,
    PLAIN,
    RESNET18,
    SHARP,
    SHIPPED,
    Model,
    hog_predictions,
    majority_predictions,
    network_predictions,
    shipped_predictions,
)
from thymos.studies._ferplus_subset import difference_of, face_row, without_pictures
from thymos.studies._interval_plots import draw_rows
from thymos.studies.contract import (
    Arm,
    Claim,
    Context,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Study,
    Verdict,
)

FLOOR = "most frequent label of train"
METRICS = ("macro_f1", "accuracy", "uar")
SPLIT = "official, balanced part of train"
GUARANTEE = "no picture in two parts; people unknown"
# What each variant is compared with.
PAIRS = ((EXCITED, PLAIN), (SHARP, PLAIN), (BOTH, PLAIN), (BOTH, EXCITED), (BOTH, LONGER))
TEST, FRESH = "test", "test without duplicates"


def prepared(faces: Faces, said: npt.NDArray[np.object_], metric: str, keep: npt.NDArray[np.bool_]) -> Prepared:
    """A score of predictions for some of the test faces, ready for resampling."""
    gold = faces.test.labels.to_numpy(dtype=object)[keep]
    options = {} if metric == "accuracy" else {"labels": sorted(set(gold)), "outside": "miss"}
    ready: Prepared = find_metric(metric).prepare(gold, said[keep], **options)
    return ready


def scores(ctx: Context, system: str, kind: RowKind, said: npt.NDArray[np.object_], **fields: Any) -> list[Row]:
    """Rows of one system: all test faces, and those that stand in no other part."""
    faces = faces_of(ctx)
    rows = []
    for subset, keep in ((TEST, np.ones(len(faces.test), dtype=bool)), (FRESH, faces.fresh)):
        for metric in METRICS:
            row = face_row(
                ctx,
                prepared(faces, said, metric, keep),
                faces.clusters[keep],
                system=system,
                kind=kind,
                metric=metric,
                subset=subset,
                **{"seeds": (ctx.settings.seed,), "split": SPLIT, "guarantee": GUARANTEE, **fields},
            )
            rows.append(row)
    return rows


def floor(ctx: Context) -> list[Row]:
    """The most frequent label."""
    return scores(ctx, FLOOR, RowKind.FLOOR, majority_predictions(ctx), seeds=())


def hog(ctx: Context) -> list[Row]:
    """Hand-made features and a linear model."""
    return scores(ctx, HOG, RowKind.FLOOR, hog_predictions(ctx), note="same training faces as the networks")


def network_arm(model: Model, kind: RowKind) -> Arm:
    """The arm of one network."""

    def run(ctx: Context) -> list[Row]:
        return scores(ctx, model.name, kind, network_predictions(ctx, model))

    return Arm(model.name, kind, run, described(model), needs=without_pictures)


def described(model: Model) -> str:
    """One sentence about a network."""
    steps = "sharpness-aware steps, twice the computing an epoch" if model.sharpness_aware else "AdamW"
    block = "; SE on the map of the last stage" if "squeeze_excitation" in model.settings else ""
    return f"{model.network}, from scratch, {FULL.epochs * model.passes} epochs, {steps}{block}"


def shipped(ctx: Context) -> list[Row]:
    """The recognizer of this package, as a mark of what full training of a convolutional network gives."""
    note = "not at equal training: all of train, soft labels, its own recipe (card of the recognizer)"
    return scores(ctx, SHIPPED, RowKind.BASELINE, shipped_predictions(ctx), split="official", seeds=(0,), note=note)


def differences(ctx: Context) -> list[Row]:
    """Paired differences between the variants on the same test faces."""
    faces = faces_of(ctx)
    everything = np.ones(len(faces.test), dtype=bool)
    rows = []
    for one, other in PAIRS:
        for metric in METRICS:
            ready = [prepared(faces, network_predictions(ctx, model), metric, everything) for model in (one, other)]
            row = face_row(
                ctx,
                difference_of(*ready),
                faces.clusters,
                seeds=(ctx.settings.seed,),
                split=SPLIT,
                guarantee=GUARANTEE,
                system=f"{one.name} minus {other.name}",
                kind=RowKind.ABLATION,
                metric=f"{metric}_difference",
                subset=TEST,
                note="paired; one seed, so the luck of the training is not in the interval",
            )
            rows.append(row)
    return rows


def confusions(ctx: Context) -> list[Row]:
    """Recall of each class by the full system and by the recognizer that ships; keeps the confusion table."""
    faces = faces_of(ctx)
    gold = faces.test.labels.to_numpy(dtype=object)
    systems = {BOTH.name: network_predictions(ctx, BOTH), SHIPPED: shipped_predictions(ctx)}

    def table() -> pd.DataFrame:
        pairs = [pd.DataFrame({"system": name, "gold": gold, "predicted": said}) for name, said in systems.items()]
        return pd.concat(pairs).value_counts(sort=False).rename("faces").reset_index()

    ctx.table("confusion", table)
    rows = []
    for system, said in systems.items():
        for label in sorted(set(gold)):
            keep = gold == label
            if keep.sum() < 2 or len(np.unique(faces.clusters[keep])) < 2:
                continue
            hits: Prepared = find_metric("mean").prepare((said[keep] == label).astype(float))
            row = face_row(
                ctx, hits, faces.clusters[keep], seeds=(ctx.settings.seed,), split=SPLIT, guarantee=GUARANTEE,
                system=system, kind=RowKind.SYSTEM if system == BOTH.name else RowKind.BASELINE,
                metric="recall", subset=f"{TEST}/{label}",
            )  # fmt: skip
            rows.append(row)
    return rows


# -- claims ---------------------------------------------------------------------------------------------------------


def verdict_of(results: Results, one: Model, other: Model) -> Finding:
    """What the paired difference of macro-F1 says about "one beats other"."""
    row = results.one(system=f"{one.name} minus {other.name}", metric="macro_f1_difference")
    low, high, value = row.low or 0.0, row.high or 0.0, row.value or 0.0
    evidence = (
        f"{one.name} minus {other.name}: {value:+.3f} macro-F1 [{low:+.3f}, {high:+.3f}] on {row.n:,} FER+ test faces; "
        "small Swin, 48 pixels, no pretrained weights, one seed"
    )
    lowest = results.value(system=FLOOR, metric="macro_f1", subset=TEST)
    if max(results.value(system=model.name, metric="macro_f1", subset=TEST) for model in (one, other)) <= lowest:
        return Finding(Verdict.NOT_SHOWN, f"{evidence}; neither beats the most frequent label ({lowest:.3f})")
    if low > 0:
        return Finding(Verdict.HOLDS, evidence)
    return Finding(Verdict.CONTRADICTED if high < 0 else Verdict.NOT_SHOWN, evidence)


def both_help(results: Results) -> Finding:
    """Swin with SE and SAM against plain Swin."""
    return verdict_of(results, BOTH, PLAIN)


def excitation_helps(results: Results) -> Finding:
    """SE alone."""
    return verdict_of(results, EXCITED, PLAIN)


def sharpness_helps(results: Results) -> Finding:
    """SAM alone; its steps cost twice as much, so equal computing is told too."""
    alone = verdict_of(results, SHARP, PLAIN)
    equal = verdict_of(results, BOTH, LONGER)
    return Finding(alone.verdict, f"{alone.evidence}; at equal computing {equal.evidence}")


def affectnet(results: Results) -> Finding:
    """The published number, which needs AffectNet and the authors' undisclosed training mix."""
    ours = results.value(system=BOTH.name, metric="macro_f1", subset=TEST)
    return Finding(
        Verdict.NOT_TESTABLE,
        "AffectNet is given out on request only, and the hybrid training set and the size of the Swin are not "
        f"published; on FER+ our small Swin reaches macro-F1 {ours:.3f}, which says nothing about AffectNet",
    )


# -- plots ----------------------------------------------------------------------------------------------------------


def draw_scores(results: Results, figure: Any) -> None:
    """Macro-F1 of every system with its interval."""
    rows = results.find(metric="macro_f1", subset=TEST)
    axis = "macro-F1 on FER+ test (majority policy), 95 % interval over pictures"
    draw_rows(figure.subplots(), rows, [row.system for row in rows], axis)


def draw_confusion(results: Results, figure: Any) -> None:
    """Where the faces of each class go: the full system, row shares."""
    table = results.tables["confusion"]
    own = table[table["system"] == BOTH.name]
    counts = own.pivot_table(index="gold", columns="predicted", values="faces", fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    axes = figure.subplots()
    image = axes.imshow(shares.to_numpy(), vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(shares.shape[1]), shares.columns, rotation=45)
    axes.set_yticks(range(shares.shape[0]), shares.index)
    axes.set_xlabel("predicted")
    axes.set_ylabel("label")
    figure.colorbar(image, label="share of the faces of a label")


STUDY = Study(
    slug="face_swin_se",
    card=31,
    title="Squeeze-and-excitation and sharpness-aware steps in a small Swin Transformer for faces",
    question="Does a Swin Transformer read facial expressions better with a squeeze-and-excitation block and "
    "sharpness-aware minimization, at equal training?",
    paper="Vats & Chadha, Facial expression recognition using squeeze and excitation-powered Swin Transformers, "
    "arXiv 2301.10906",
    corpora=(CORPUS,),
    optional=(LABORATORY,),
    headline=(*METRICS, "macro_f1_difference"),
    arms=(
        Arm("majority", RowKind.FLOOR, floor, "the most frequent label of train", needs=without_pictures),
        Arm(HOG, RowKind.FLOOR, hog, "oriented gradients and logistic regression", needs=without_pictures),
        network_arm(RESNET18, RowKind.BASELINE),
        network_arm(PLAIN, RowKind.BASELINE),
        network_arm(EXCITED, RowKind.ABLATION),
        network_arm(SHARP, RowKind.ABLATION),
        network_arm(BOTH, RowKind.SYSTEM),
        network_arm(LONGER, RowKind.CONTROL),
        Arm(SHIPPED, RowKind.BASELINE, shipped, "a convolutional network at full training", needs=without_pictures),
        Arm("differences", RowKind.ABLATION, differences, "paired, on the same faces", needs=without_pictures),
        Arm("classes", RowKind.SYSTEM, confusions, "recall of each class", needs=without_pictures),
        Arm(HYBRID, RowKind.ABLATION, hybrid_rows, "FER+ and CK+ as one training set", needs=without_laboratory),
    ),
    claims=(
        Claim("Swin with SE and SAM beats plain Swin", both_help, "paper"),
        Claim("Squeeze-and-excitation helps", excitation_helps, "paper"),
        Claim("Sharpness-aware minimization helps", sharpness_helps, "paper"),
        Claim("Macro-F1 of 0.5420 on AffectNet, above the winner of ABAW at ECCV 2022", affectnet, "abstract"),
    ),
    plots=(
        Plot("scores", "Macro-F1 of every system at equal training", draw_scores),
        Plot("confusion", "What the full system takes for what", draw_confusion),
    ),
    decisions=(
        (
            "Small Swin [inferred]: 48 x 48 gray pixels, 12 x 12 places, windows of 6, 32 channels, depths 2-2-2, "
            "heads 2-4-8, 0.57 million weights, no pretrained weights; the paper's size is not published. Three small "
            "convolutions instead of one linear map a patch: with the linear map, 48 channels and 700 steps it stayed "
            "at a mean class recall of .21 on valid (chance .125), with positions added as well. No test face was seen "
            "in these tries."
        ),
        (
            f"Training set: at most {FULL.a_class} train faces of each class with a majority label (rare classes have "
            f"fewer), {FULL.epochs} epochs, batches of 64, AdamW 1e-3 with cosine decay, bfloat16; the epoch is chosen "
            f"by mean class recall on {FULL.valid:,} valid faces."
        ),
        (
            "SE: reduction 16, on the map of the last stage [inferred]; after every stage or on the pooled vector are "
            "settings of thymos.perceive.face.swin."
        ),
        (
            "SAM: rho 0.05 on AdamW [inferred]; equal training means equal epochs, which for SAM is twice the "
            "computing: the control arm trains plain steps for twice the epochs."
        ),
        "Loss: cross entropy with label smoothing 0.1, classes weighed by inverse frequency [inferred].",
        "Labels: the FER+ authors' majority policy on fer2013new.csv, 3,152 test faces with a picture.",
        (
            "Train faces that share all pixels with a valid or test face are left out; scores are also given without "
            "the test faces that stand in another part of the release."
        ),
        (
            "Intervals draw pictures, equal ones together; people are unknown in FER+. One seed: the luck of a "
            "training is not in the intervals."
        ),
    ),
)
