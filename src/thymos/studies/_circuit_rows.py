"""Rows of ``emotion_circuits``: from the tables of a scan to what a study publishes."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.assess.control.expression import names_emotion, plain_floor
from thymos.assess.expression.checked import checked_replies
from thymos.assess.scanning.pipeline import (
    METHODS,
    RANDOM_CIRCUIT,
    RANDOM_CIRCUIT_AS_LONG,
    RANDOM_STEERING,
    ModelScan,
)
from thymos.interpret.control import Plain
from thymos.measure.resampling import bootstrap_interval
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind

APART = "scenario-independent"
PLAIN = Plain().name
KINDS = {
    PLAIN: RowKind.FLOOR,
    "prompting": RowKind.BASELINE,
    "steering": RowKind.SYSTEM,
    "circuit modulation": RowKind.SYSTEM,
    RANDOM_STEERING: RowKind.CONTROL,
    RANDOM_CIRCUIT: RowKind.CONTROL,
    RANDOM_CIRCUIT_AS_LONG: RowKind.CONTROL,
}
LAYER_MEASURES = {
    "accuracy": ("directions", RowKind.SYSTEM, ""),
    "accuracy_paired": ("directions, own situation's mean known", RowKind.ABLATION, ""),
    "random_directions": ("random directions", RowKind.CONTROL, ""),
    "shuffled_labels": ("directions from shuffled labels", RowKind.CONTROL, ""),
    "other_themes": ("directions from other themes", RowKind.ABLATION, "extraction scenarios, one theme out in turn"),
    "other_valences": (
        "directions from other valences",
        RowKind.ABLATION,
        "extraction scenarios, one valence out in turn",
    ),
}


def clustered(
    ctx: Context, values: npt.ArrayLike, clusters: Iterable[str], *, system: str, kind: RowKind, metric: str,
    subset: str, note: str = "",
) -> Row:  # fmt: skip
    """A mean with its interval over scenarios; without an interval where nothing varies."""
    numbers = np.asarray(values, dtype=float)
    groups = list(clusters)
    if len(set(groups)) < 2:
        return Row(
            system=system, kind=kind, metric=metric, subset=subset, value=float(numbers.mean()), n=len(numbers),
            guarantee=APART, split="official", note=note,
        )  # fmt: skip
    interval = bootstrap_interval("mean", (numbers,), groups, resamples=ctx.resamples, seed=ctx.settings.seed)
    return Row.of_interval(
        interval, system=system, kind=kind, metric=metric, subset=subset, split="official", guarantee=APART,
        seeds=(ctx.settings.seed,), note=note,
    )  # fmt: skip


def layer_rows(scan: ModelScan) -> list[Row]:
    """Separability at the place chosen on training scenarios, and the most telling layers."""
    rows = []
    table, best = scan.layers, scan.best_place
    at_best = (table["site"] == str(best.site)) & (table["layer"] == best.layer)
    for measure, (system, kind, note) in LAYER_MEASURES.items():
        for _, found in table[at_best & (table["measure"] == measure)].iterrows():
            said = f"{best}, chosen on extraction scenarios" + (f"; {note}" if note else "")
            rows.append(_layer_row(found, system, kind, "accuracy", "own/test" if not note else "own/extraction", said))
    residual = table[table["site"] == str(best.site)]
    count = len(scan.tap.architecture.layers)
    depths = {f"{part}/28 of the depth": min(count - 1, round(part / 28 * count)) for part in (0, 9, 12, 21, 28)}
    for name, layer in depths.items():
        for _, found in residual[(residual["layer"] == layer) & (residual["measure"] == "accuracy")].iterrows():
            rows.append(_layer_row(found, f"directions, layer {layer}", RowKind.ABLATION, "accuracy", "own/test", name))
    for measure, metric in (("split_half", "split_half_cosine"), ("next_layer", "next_layer_cosine")):
        own = residual[residual["measure"] == measure]
        band = own[own["layer"].between(0.75 * count, 0.90 * count, inclusive="left")]
        if band.empty:  # a model of a few layers
            band = own.tail(1)
        rows.append(
            Row(
                system="directions, 75 to 90 % depth", kind=RowKind.SYSTEM, metric=metric, subset="own/extraction",
                value=float(band["value"].mean()), n=len(scan.train_events), guarantee=NO_SPLIT,
                note="mean over emotions and layers",
            )
        )  # fmt: skip
    return rows


def _layer_row(found: pd.Series, system: str, kind: RowKind, metric: str, subset: str, note: str) -> Row:
    return Row(
        system=system, kind=kind, metric=metric, subset=subset, value=float(found["value"]), low=float(found["low"]),
        high=float(found["high"]), n=int(found["n"]), clusters=int(found["clusters"]), split="official",
        guarantee=APART, seeds=(0,), note=note,
    )  # fmt: skip


def expression_rows(ctx: Context, table: pd.DataFrame, emotions: Sequence[str], subset: str) -> list[Row]:
    """Expression accuracy and repetition of every method, over all emotions, by emotion and by valence."""
    whole = pd.concat([plain_floor(table, emotions), table[table["system"] != PLAIN]], ignore_index=True)
    rows = []
    for system in (PLAIN, *METHODS):
        own = whole[whole["system"] == system]
        if own.empty:
            continue
        kind = KINDS[system]
        slices = [(subset, own)]
        slices += [(f"{subset}/{emotion}", own[own["emotion"] == emotion]) for emotion in emotions]
        if kind is not RowKind.CONTROL:
            slices += [
                (f"{subset}/{valence}", own[own["valence"] == valence]) for valence in sorted(set(own["valence"]))
            ]
        for name, part in slices:
            rows.append(
                clustered(
                    ctx, part["hit"], part["scenario"], system=system, kind=kind, metric="expression_accuracy",
                    subset=name, note=_strengths(part),
                )
            )  # fmt: skip
        rows.append(
            clustered(
                ctx, names_emotion(own), own["scenario"], system=system, kind=kind, metric="names_the_emotion",
                subset=subset, note="replies with the emotion's own word in them, whatever their tone",
            )
        )  # fmt: skip
        rows.append(
            clustered(
                ctx, own["repetition"], own["scenario"], system=system, kind=kind, metric="repetition", subset=subset,
                note="share of word trigrams that the reply had before",
            )
        )  # fmt: skip
    return rows


def reader_rows(ctx: Context) -> list[Row]:
    """What the blind reader heard in the checked replies, by method and strength: few, and of development scenarios."""
    rows = []
    for (system, strength), own in checked_replies().groupby(["system", "strength"], sort=False):
        if system != PLAIN:
            rows.append(
                clustered(
                    ctx, own["label"] == own["emotion"], own["scenario"], system=f"{system}, blind reader",
                    kind=RowKind.CONTROL, metric="heard_by_reader", subset=f"checked replies/strength {strength:g}",
                    note="development scenarios; replies that are alike stand once",
                )
            )  # fmt: skip
    return rows


def _strengths(part: pd.DataFrame) -> str:
    found = sorted(set(part["strength"]))
    return f"strength {found[0]:g}" if len(found) == 1 and found[0] else ""


def difference_row(ctx: Context, table: pd.DataFrame, first: str, second: str, subset: str) -> Row:
    """Expression accuracy of one method minus another's on the same events and emotions, interval over scenarios."""
    means = [
        table[table["system"] == system].groupby(["event", "emotion"])["hit"].mean().astype(float)
        for system in (first, second)
    ]
    joined = pd.concat(means, axis=1, keys=("first", "second"), join="inner").reset_index()
    scenarios = joined["event"].str.rpartition("/")[0]
    return clustered(
        ctx, joined["first"] - joined["second"], scenarios, system=f"{first} minus {second}", kind=RowKind.SYSTEM,
        metric="expression_accuracy_difference", subset=subset, note="same events and emotions",
    )  # fmt: skip


def cost_rows(ctx: Context, costs: pd.DataFrame) -> list[Row]:
    """Side effects of every method, mean over emotions, and their paired change against the plain model."""
    rows = []
    plain = costs[costs["system"] == PLAIN].set_index(["measure", "item"])["value"]
    for system in (PLAIN, *METHODS):
        own = costs[costs["system"] == system]
        for measure in dict.fromkeys(own["measure"]):
            part = own[own["measure"] == measure]
            rows.append(
                clustered(
                    ctx, part["value"], part["item"], system=system, kind=KINDS[system], metric=measure,
                    subset="side effects", note="mean over emotions; interval over items",
                )
            )  # fmt: skip
            if system == PLAIN:
                continue
            change = part["value"].to_numpy() - plain.loc[[(measure, item) for item in part["item"]]].to_numpy()
            rows.append(
                clustered(
                    ctx, change, part["item"], system=f"{system} minus {PLAIN}", kind=KINDS[system],
                    metric=f"{measure}_change", subset="side effects", note="same items",
                )
            )  # fmt: skip
    return rows


def curve_rows(scan: ModelScan) -> list[Row]:
    """Points of the ablation and enhancement curves, over all emotions."""
    rows = []
    table = scan.curves
    for _, found in table[table["emotion"] == "all"].iterrows():
        kind = RowKind.SYSTEM if found["circuit"] == "circuit" else RowKind.CONTROL
        rows.append(
            Row(
                system=f"{found['circuit']}, {found['curve']}", kind=kind, metric="share_of_prompted_effect",
                subset=f"{found['units']:g} heads a layer", value=float(found["value"]), low=float(found["low"]),
                high=float(found["high"]), n=int(found["n"]), clusters=int(found["clusters"]), split="official",
                guarantee=APART, seeds=(scan.seed,), note=f"{found['heads']} heads, {found['neurons']} neurons",
            )
        )  # fmt: skip
    return rows
