"""Do attributes of a picture (brightness, colorfulness, what is shown) help to predict what it evokes? (card 28)

EmoSet itself is the user's to bring: its arm runs where it is at hand. Everywhere else the claim is tested on the
affective norms of OASIS: valence and arousal of photographs, ten folds with theme words apart, attributes on and off,
beside what brightness and colorfulness or the category alone reach. No pretrained network is at hand: the backbone is
three descriptors without learned weights, or any vision model in a local folder (``--encoder``).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.measure.resampling import Interval, bootstrap_interval, paired_bootstrap
from thymos.perceive.scene.backbone import VisionBackbone
from thymos.perceive.scene.training import AXES, CORPUS, scene_pictures
from thymos.studies._visual_ceiling import METRICS, rater_against_rest, reliability
from thymos.studies._visual_claims import CLAIMS, PLOTS
from thymos.studies._visual_data import (
    APART,
    BRIGHTNESS,
    COLORFULNESS,
    COMPUTED,
    GUARANTEES,
    MIDDLE,
    RANDOM,
    SPLITS,
    Scenes,
    scenes,
)
from thymos.studies._visual_emoset import EMOSET, emoset_arm, without_emoset
from thymos.studies._visual_models import (
    ANNOTATED,
    BOTH,
    COMPUTABLE,
    DESCRIPTORS,
    EVERYTHING,
    MEAN,
    OFF,
    ON,
    SECOND_TASK,
    WITH_ALL,
    WITH_COMPUTABLE,
    cross_validated,
    inputs_of,
    network_arms,
    network_predictions,
    training_mean,
)
from thymos.studies._visual_relations import cramers_v, polarity_of, quadrant_of
from thymos.studies.contract import NO_SPLIT, Arm, Context, Row, RowKind, Settings, Study

ATTRIBUTES_ONLY = (COMPUTABLE, ANNOTATED, BOTH)
SEEDS, QUICK_SEEDS = (0, 1, 2), (0,)
WEIGHTS = (0.1, 0.5)
NETWORK_METRICS = ("ccc", "pearson", "rmse")
POOLED = (
    "pooled over folds: the mean of the other folds is high where the left-out fold is low, so a system that knows "
    "nothing has a negative correlation"
)


def score_rows(
    ctx: Context, found: Scenes, predicted: pd.DataFrame, system: str, kind: RowKind, folding: str, note: str = ""
) -> list[Row]:
    """CCC, Pearson and RMSE of both axes, with intervals over theme words."""
    rows = []
    for axis in AXES:
        gold, guess = found.norms[axis].to_numpy(), predicted[axis].to_numpy()
        for metric in NETWORK_METRICS:
            interval = bootstrap_interval(metric, (gold, guess), found.themes, resamples=ctx.resamples)
            told = POOLED if system == MEAN and metric == "pearson" else note
            rows.append(_row(ctx, interval, system, kind, metric, axis, folding, told))
    return rows


def gain_rows(
    ctx: Context, found: Scenes, better: pd.DataFrame, plain: pd.DataFrame, system: str, folding: str
) -> list[Row]:
    """Paired differences of CCC and Pearson, with intervals over theme words."""
    rows = []
    for axis in AXES:
        gold = found.norms[axis].to_numpy()
        for metric in ("ccc", "pearson"):
            guesses = better[axis].to_numpy(), plain[axis].to_numpy()
            pair = paired_bootstrap(metric, gold, *guesses, found.themes, resamples=ctx.resamples)
            interval = Interval(pair.value, pair.low, pair.high, pair.clusters, pair.resamples, pair.n)
            rows.append(_row(ctx, interval, system, RowKind.ABLATION, f"{metric}_gain", axis, folding, "paired"))
    return rows


def _row(
    ctx: Context, interval: Interval, system: str, kind: RowKind, metric: str, axis: str, folding: str, note: str
) -> Row:
    return Row.of_interval(
        interval,
        system=system,
        kind=kind,
        metric=metric,
        subset=axis if folding == APART else f"{axis}, {folding}",
        split=SPLITS[folding],
        guarantee=GUARANTEES[folding],
        seeds=(ctx.settings.seed,),
        note=note,
    )


def predictions(ctx: Context, system: str, folding: str = APART) -> pd.DataFrame:
    """Held-out predictions of a regressor on blocks of features; kept as a table of the run."""
    found = scenes(ctx)
    name = table_name("predictions", system, folding)
    return ctx.table(name, lambda: cross_validated(inputs_of(found, system), found, folding))


def table_name(*parts: str) -> str:
    """A file name for a table of the run."""
    return re.sub(r"[^a-z0-9]+", "_", " ".join(parts).lower())


def floors(ctx: Context) -> list[Row]:
    """Mean of the training pictures."""
    found = scenes(ctx)
    return score_rows(ctx, found, training_mean(found, APART), MEAN, RowKind.FLOOR, APART)


def attributes_alone(ctx: Context) -> list[Row]:
    """Brightness and colorfulness, the category, and all three, without the picture's other features."""
    found = scenes(ctx)
    rows = []
    for system in ATTRIBUTES_ONLY:
        kind = RowKind.FLOOR if system == COMPUTABLE else RowKind.BASELINE
        note = "" if system == COMPUTABLE else "an annotation, which a user's picture does not have"
        rows += score_rows(ctx, found, predictions(ctx, system), system, kind, APART, note)
    return rows


def regressors(ctx: Context, folding: str) -> list[Row]:
    """Descriptors with and without attributes beside them."""
    found = scenes(ctx)
    note = "the category is an annotation, which a user's picture does not have"
    plain = predictions(ctx, DESCRIPTORS, folding)
    rows = score_rows(ctx, found, plain, DESCRIPTORS, RowKind.BASELINE, folding)
    for system in (WITH_COMPUTABLE, WITH_ALL) if folding == APART else (WITH_ALL,):
        found_here = predictions(ctx, system, folding)
        told = note if system == WITH_ALL else ""
        rows += score_rows(ctx, found, found_here, system, RowKind.ABLATION, folding, told)
        rows += gain_rows(ctx, found, found_here, plain, f"{system} over {DESCRIPTORS}", folding)
    rows += score_rows(ctx, found, predictions(ctx, EVERYTHING, folding), EVERYTHING, RowKind.SYSTEM, folding)
    return rows


def leak(ctx: Context) -> list[Row]:
    """The same with random folds, where near-duplicates of a theme stand on both sides."""
    found = scenes(ctx)
    tables = [predictions(ctx, EVERYTHING, folding) for folding in (RANDOM, APART)]
    name = f"{RANDOM} over {APART}"
    gains = gain_rows(ctx, found, tables[0], tables[1], name, APART)
    return [*regressors(ctx, RANDOM), *(replace(row, kind=RowKind.CONTROL, split="both") for row in gains)]


def networks(ctx: Context) -> list[Row]:
    """The multi-task network with the attribute branch off and on."""
    found = scenes(ctx)
    arms = network_arms(found.items["category"].nunique(), weights=() if ctx.settings.quick else WEIGHTS)
    seeds = [ctx.settings.seed + seed for seed in (QUICK_SEEDS if ctx.settings.quick else SEEDS)]
    tables: dict[str, pd.DataFrame] = {}
    rows = []
    for arm in ctx.track(arms, "networks", len(arms)):
        table = ctx.table(table_name("network", arm.name), partial(network_predictions, found, APART, arm, seeds))
        tables[arm.name] = table
        kind = RowKind.BASELINE if arm.name == OFF else RowKind.SYSTEM if arm.name == ON else RowKind.ABLATION
        rows += score_rows(ctx, found, table, arm.name, kind, APART, f"mean of {len(seeds)} seeds")
        for attribute in arm.design.classes:
            right = bootstrap_interval("mean", (table[attribute],), found.themes, resamples=ctx.resamples)
            rows.append(_row(ctx, right, arm.name, kind, "attribute_accuracy", attribute, APART, ""))
    for name in (ON, SECOND_TASK):
        rows += gain_rows(ctx, found, tables[name], tables[OFF], f"{name} over {OFF}", APART)
    return rows


def classes(ctx: Context) -> list[Row]:
    """Polarity and quadrant: norms cut at the middle of the scale, predictions at the mean of the training norms."""
    found = scenes(ctx)
    means = training_mean(found, APART)
    cuts = means["valence"].to_numpy(), means["arousal"].to_numpy()
    gold = {
        "polarity": polarity_of(found.norms["valence"], MIDDLE),
        "quadrant": quadrant_of(found.norms["valence"], found.norms["arousal"], (MIDDLE, MIDDLE)),
    }
    rows = []
    systems = ((COMPUTABLE, RowKind.FLOOR), (ANNOTATED, RowKind.BASELINE), (DESCRIPTORS, RowKind.BASELINE),
               (WITH_ALL, RowKind.ABLATION), (EVERYTHING, RowKind.SYSTEM))  # fmt: skip
    for task, truth in gold.items():
        guesses = {("most frequent class", RowKind.FLOOR): _most_frequent(truth, found)}
        for system, kind in systems:
            table = predictions(ctx, system)
            guesses[system, kind] = (
                polarity_of(table["valence"], cuts[0])
                if task == "polarity"
                else quadrant_of(table["valence"], table["arousal"], cuts)
            )
        for (system, kind), guess in guesses.items():
            for metric in ("accuracy", "uar"):
                interval = bootstrap_interval(metric, (truth, guess), found.themes, resamples=ctx.resamples)
                rows.append(_row(ctx, interval, system, kind, metric, task, APART, ""))
    return rows


def _most_frequent(truth: npt.NDArray[np.object_], found: Scenes) -> npt.NDArray[np.object_]:
    """The most frequent class of the other folds."""
    folds = found.folds[APART]
    guess = truth.copy()
    for fold in np.unique(folds):
        guess[folds == fold] = pd.Series(truth[folds != fold]).mode()[0]
    return guess


def relations(ctx: Context) -> list[Row]:
    """How brightness, colorfulness and category go with valence and arousal, over all pictures."""
    found = scenes(ctx)
    rows = []
    for name, column in ((BRIGHTNESS, COMPUTED[0]), (COLORFULNESS, COMPUTED[1])):
        values = found.features[column].to_numpy(dtype=float)
        for axis in AXES:
            interval = bootstrap_interval(
                "spearman", (found.norms[axis].to_numpy(), values), found.themes, resamples=min(2_000, ctx.resamples)
            )
            rows.append(Row.of_interval(interval, system=name, kind=RowKind.CONTROL, metric="spearman", subset=axis))
    high = {axis: np.where(found.norms[axis] > MIDDLE, "high", "low") for axis in AXES}
    for name, codes in found.attributes.items():
        for axis in AXES:
            value = cramers_v(codes, high[axis])
            rows.append(Row(name, RowKind.CONTROL, "cramers_v", f"{axis} above the middle", value, len(codes), NO_SPLIT,
                            note="corrected for chance"))  # fmt: skip
    return rows


def ceilings(ctx: Context) -> list[Row]:
    """One rater against the mean of the others, and the reliability of the norms, from SD and number of raters."""
    items = scenes(ctx).items
    themes = items["theme_word"].to_numpy(dtype=object)
    rows = []
    for axis in AXES:
        mean, sd, raters = (items[f"{axis}_{part}"].to_numpy(float) for part in ("mean", "sd", "n"))
        for metric in METRICS:
            interval = bootstrap_interval(
                rater_against_rest(mean, sd, raters, metric),
                clusters=themes,
                resamples=ctx.resamples,
            )
            note = "from SD and N of the norms: raters differ independently from picture to picture (assumed)"
            rows.append(
                Row.of_interval(interval, system="one rater against the rest", kind=RowKind.CEILING, metric=metric,
                                subset=axis, note=note)
            )  # fmt: skip
        trust = bootstrap_interval(reliability(mean, sd, raters), clusters=themes, resamples=ctx.resamples)
        rows.append(
            Row.of_interval(trust, system="norms", kind=RowKind.CEILING, metric="reliability", subset=axis,
                            note="share of the variance that is not sampling error of about 100 raters")
        )  # fmt: skip
    return rows


def vision_model(ctx: Context) -> list[Row]:
    """A vision model from a local folder as backbone, with and without attributes."""
    found = scenes(ctx)
    backbone = VisionBackbone(ctx.settings.encoder)
    described = ctx.table("network_features", lambda: backbone.describe(scene_pictures(found.items)))
    attributes = inputs_of(found, BOTH)
    plain = cross_validated(described, found, APART)
    helped = cross_validated(pd.concat([described, attributes], axis=1), found, APART)
    name = backbone.name
    rows = score_rows(ctx, found, plain, name, RowKind.BASELINE, APART)
    rows += score_rows(ctx, found, helped, f"{name} + all attributes", RowKind.ABLATION, APART)
    return rows + gain_rows(ctx, found, helped, plain, f"{name} + all attributes over {name}", APART)


def without_encoder(settings: Settings) -> str:
    """Why the arm with a vision model is left out."""
    return "" if settings.encoder else "needs a vision model: --encoder FOLDER"


def arms() -> Sequence[Arm]:
    """Everything that is compared."""
    return (
        Arm("mean", RowKind.FLOOR, floors, "Mean of the training pictures."),
        Arm("attributes alone", RowKind.FLOOR, attributes_alone, "Brightness, colorfulness, category, without more."),
        Arm("one rater", RowKind.CEILING, ceilings, "Ceiling from SD and number of raters."),
        Arm("relations", RowKind.CONTROL, relations, "Correlation of attributes and emotion."),
        Arm(
            "descriptors with attributes",
            RowKind.ABLATION,
            partial(regressors, folding=APART),
            "Kernel ridge on descriptors, attributes on and off; theme words apart.",
        ),
        Arm("attribute network", RowKind.SYSTEM, networks, "Multi-task network, attribute branch off and on."),
        Arm("polarity and quadrant", RowKind.SYSTEM, classes, "The same predictions as classes."),
        Arm("random folds", RowKind.CONTROL, leak, "The leak of near-duplicates."),
        Arm("vision model", RowKind.SYSTEM, vision_model, "A vision model of one's own.", needs=without_encoder),
        Arm("EmoSet", RowKind.SYSTEM, emoset_arm, "Eight emotions, six attributes.", needs=without_emoset),
    )


STUDY = Study(
    slug="visual_emotion_attributes",
    card=28,
    title="Attributes of pictures and the emotion that they evoke",
    question="Do brightness, colorfulness and what is shown help to predict valence and arousal of pictures, as a "
    "branch of the network or as plain inputs, when theme words are kept apart?",
    paper="EmoSet: a large-scale visual emotion dataset with rich attributes, arXiv 2307.07961, ICCV 2023",
    corpora=(CORPUS,),
    optional=(EMOSET,),
    arms=tuple(arms()),
    claims=CLAIMS,
    plots=PLOTS,
    headline=("ccc", "ccc_gain", "pearson", "rmse", "uar", "reliability"),
    decisions=(
        (
            "The wiring of the attribute module is not described where we could read it [inferred]: one trunk over "
            "frozen features, a head an attribute, the layer before its logits fed to the emotion head, loss = emotion "
            "+ 0.3 x sum of masked attribute losses; feeds 'mixture' and 'none' and weights 0.1 and 0.5 are arms."
        ),
        (
            "Brightness is the mean V of HSV; colorfulness is Hasler and Suesstrunk's, where 109 ('extremely "
            "colorful') is 1.0 [inferred]; both in steps of 0.1."
        ),
        "OASIS has neither scene, object, expression nor action labels: its four categories stand for them.",
        "The backbone is color layout, spatial envelope and gradient histograms: no pretrained weights are at hand.",
        (
            "Norms are cut at 4, the middle of the scale, for polarity and quadrant; predictions are cut at the mean "
            "of the training norms, since regression pulls them together."
        ),
        "The ceiling of one rater is derived from SD and N: raters are assumed to differ independently.",
        "68 of 900 pictures (nudity, dead bodies, injury) are not in the copy at hand: the norms' range is narrower.",
    ),
)
