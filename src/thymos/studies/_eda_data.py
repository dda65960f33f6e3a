"""Rows of ``eda_physics``: one skin conductance value every few seconds with what may predict it, and three splitters.

Every reading that the paper leaves open is a field of ``Readings``; the defaults are the card's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput
from thymos.media.wristband import Recording, read_wristband
from thymos.perceive.physiology.windows import beats_of
from thymos.studies.contract import Context

CORPUS = "stress_predict"
SELF_REPORT = ("stai_before", "stai_after", "pss_before", "pss_after")
SIGNALS = ("heart_rate", "temperature")
REST, STRESS = "rest", "stress"
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RANDOM, BLOCKS, SUBJECTS = "random rows", "blocks apart", "subjects apart"
SPLITTERS = (SUBJECTS, BLOCKS, RANDOM)
GUARANTEES = {
    SUBJECTS: "subject-independent",
    BLOCKS: "block-independent, not subject-independent",
    RANDOM: "random: not subject-independent, not block-independent",
}
HEART_SECONDS = 15.0  # before and after a row, over which its heart rate is taken
FEWEST_BEATS = 5


@dataclass(frozen=True)
class Readings:
    """What the paper does not say; every field is a choice of ours that can be changed.

    Args:
        seconds: between two rows; each is the mean of the samples in between.
        scaling: of skin conductance within a subject: to 0..1 by its range, or to mean 0 and deviation 1.
        time: the time input runs from 0 to 1 within a block, or over the session.
        conditions: rest and stress, or rest and each of the three tasks.
        inputs: time and self-report, or with heart rate and temperature as well.
        drive: what pushes skin conductance in the equation: the self-report, or the predicted emotion.
        tonic: level to which it returns: 0, or one number a training subject.
        weights: of the errors of skin conductance, emotion and equation.
        learned_weights: learn the weights by their uncertainty (Kendall et al.) instead.
        hidden: units of the layers.
        dropout: before the emotion head; the path that is differentiated stays smooth.
        learning_rate: of Adam, falling along a cosine.
        constants_rate: of the constants of the equation; with that of the weights they would hardly move.
        epochs: at most.
        patience: epochs without gain on the inner validation rows after which training stops.
        batch: rows a step.
        collocation: points a step at which only the equation is asked, as a share of the batch.
        folds: of the cross-validation.
    """

    seconds: float = 10.0
    scaling: Literal["range", "deviation"] = "range"
    time: Literal["block", "session"] = "block"
    conditions: Literal["stress", "tasks"] = "stress"
    inputs: Literal["self-report", "self-report and signals"] = "self-report"
    drive: Literal["selfreport", "emotion"] = "selfreport"
    tonic: Literal["zero", "subject"] = "zero"
    weights: tuple[float, float, float] = (1.0, 1.0, 0.1)
    learned_weights: bool = False
    hidden: tuple[int, ...] = (64, 64, 32)
    dropout: float = 0.1
    learning_rate: float = 3e-3
    constants_rate: float = 1e-2
    epochs: int = 60
    patience: int = 15
    batch: int = 512
    collocation: float = 0.25
    folds: int = 5


def rows_of(corpus: Corpus, readings: Readings, items: Iterable[str]) -> pd.DataFrame:
    """One row every ``readings.seconds`` of every block of the named recordings.

    Returns:
        Columns ``subject``, ``block`` (subject/block), ``condition``, ``time`` (0..1), ``session`` (seconds),
        ``block_seconds`` (length), ``microsiemens``, ``eda`` (scaled), ``heart_rate``, ``temperature``, and the
        self-report.
    """
    blocks = corpus.tables["blocks"]
    parts = []
    for item in items:
        about = corpus.items.loc[item]
        table = recording_rows(read_wristband(str(about["folder"])), readings.seconds)
        place = np.full(len(table), -1)
        own = blocks[blocks["item"] == item].reset_index(drop=True)
        for number, block in own.iterrows():
            inside = (table["session"] >= block["start"]) & (table["session"] < block["end"])
            place[inside.to_numpy()] = number
        table, place = table[place >= 0].copy(), place[place >= 0]
        if len(table) < 2:
            raise BadInput("no row lies in a block", where=f"{corpus.slug}, {item}")
        start, length = own["start"].to_numpy()[place], (own["end"] - own["start"]).to_numpy()[place]
        names = own["block"].to_numpy(dtype=object)[place]
        stress = own["stress"].to_numpy()[place] == 1
        task = names if readings.conditions == "tasks" else np.full(len(names), STRESS, dtype=object)
        session = table["session"].to_numpy()
        table["time"] = (session - start) / length if readings.time == "block" else session / session.max()
        table["block_seconds"] = length
        table["subject"], table["block"] = str(about["subject"]), [f"{item}/{name}" for name in names]
        table["condition"] = np.where(stress, task, REST)
        table["eda"] = scaled(table["microsiemens"].to_numpy(), readings.scaling)
        for name in SELF_REPORT:
            table[name] = float(about[name])
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def recording_rows(recording: Recording, seconds: float) -> pd.DataFrame:
    """Means over ``seconds`` of skin conductance and temperature, and heart rate around them; gaps are left out."""
    skin = recording.signal("EDA")
    count = int(recording.seconds / seconds)
    edges: Floats = np.arange(count + 1, dtype=np.float64) * seconds
    session: Floats = edges[:-1] + seconds / 2
    table = pd.DataFrame({"session": session, "microsiemens": _bin_means(skin.times, skin.values, skin.usable, edges)})
    if "TEMP" in recording.signals:
        warmth = recording.signals["TEMP"]
        table["temperature"] = _bin_means(warmth.times, warmth.values, warmth.usable, edges)
    else:
        table["temperature"] = np.nan
    table["heart_rate"] = _heart_rates(recording, session)
    return table.dropna(subset=["microsiemens", "temperature"]).reset_index(drop=True)


def _bin_means(times: Floats, values: Floats, usable: npt.NDArray[np.bool_], edges: Floats) -> Floats:
    good = usable & np.isfinite(values)
    place = np.searchsorted(edges, times[good], side="right") - 1
    kept = (place >= 0) & (place < len(edges) - 1)
    counts = np.bincount(place[kept], minlength=len(edges) - 1)
    sums = np.bincount(place[kept], weights=values[good][kept], minlength=len(edges) - 1)
    # Half of the samples must be there: a mean of one of twenty is another thing.
    return np.where(counts >= 0.5 * max(1, counts.max()), sums / np.maximum(counts, 1), np.nan)


def _heart_rates(recording: Recording, session: Floats) -> Floats:
    """Median of the plausible beats around each moment; the recording's median where there are too few."""
    beats = beats_of(recording)
    if beats is None or not beats.plausible.any():
        return np.full(len(session), np.nan)
    times, rates = beats.times[beats.plausible], 60 / beats.intervals[beats.plausible]
    first = np.searchsorted(times, session - HEART_SECONDS)
    last = np.searchsorted(times, session + HEART_SECONDS)
    usual = float(np.median(rates))
    return np.array(
        [np.median(rates[a:z]) if z - a >= FEWEST_BEATS else usual for a, z in zip(first, last, strict=True)]
    )


def scaled(values: Floats, scaling: str) -> Floats:
    """Skin conductance relative to the subject's own recording."""
    if np.ptp(values) == 0:
        return np.zeros(len(values))
    if scaling == "range":
        return np.asarray((values - values.min()) / np.ptp(values))
    return np.asarray((values - values.mean()) / values.std())


def input_columns(readings: Readings) -> list[str]:
    """What the models see besides the time."""
    return [*SELF_REPORT, *(SIGNALS if readings.inputs != "self-report" else ())]


def standardized_inputs(rows: pd.DataFrame, readings: Readings) -> Floats:
    """Inputs besides the time: self-report relative to all subjects, signals relative to the subject."""
    table = rows[input_columns(readings)].astype(float)
    for name in table.columns:
        if name in SIGNALS:
            own = table[name].groupby(rows["subject"])
            table[name] = (table[name] - own.transform("mean")) / own.transform("std").clip(lower=1e-6)
        else:
            # Statistics of subjects, not of rows; a constant shift and scale of an input carries no label.
            by_subject = table[name].groupby(rows["subject"]).first()
            table[name] = (table[name] - by_subject.mean()) / max(float(by_subject.std(ddof=0)), 1e-6)
    return table.fillna(0.0).to_numpy()


def folds_of(rows: pd.DataFrame, splitter: str, folds: int, seed: int) -> list[tuple[Integers, Integers]]:
    """(training rows, test rows) of each fold; the three splitters of the card."""
    units = units_of(rows, splitter)
    names = pd.unique(units)
    if len(names) < folds:
        raise BadInput(f"{len(names)} units for {folds} folds", where=f"splitter {splitter!r}", mend="use fewer folds")
    order = np.random.default_rng(seed).permutation(len(names))
    fold = pd.Series(np.arange(len(names)) % folds, index=names[order])
    member = fold.loc[units].to_numpy()
    everything = np.arange(len(rows))
    return [(everything[member != number], everything[member == number]) for number in range(folds)]


def units_of(rows: pd.DataFrame, splitter: str) -> npt.NDArray[np.object_]:
    """What stays on one side of a fold: a row, a subject's block, or a subject."""
    if splitter == RANDOM:
        return np.array([str(number) for number in range(len(rows))], dtype=object)
    if splitter == BLOCKS:
        return rows["block"].to_numpy(dtype=object)
    if splitter == SUBJECTS:
        return rows["subject"].to_numpy(dtype=object)
    raise BadInput(f"there is no splitter {splitter!r}", mend=f"use one of: {', '.join(SPLITTERS)}")


def used_items(ctx: Context) -> list[str]:
    """The recordings of the run; a quick run takes every third of many."""
    items = [str(item) for item in ctx.corpus(CORPUS).items.index]
    return items[::3] if ctx.settings.quick and len(items) > 12 else items


def kept_rows(ctx: Context, readings: Readings) -> pd.DataFrame:
    """The rows of the run, computed once."""
    items = used_items(ctx)
    return ctx.table("rows", lambda: rows_of(ctx.corpus(CORPUS), readings, ctx.track(items, "reading recordings")))
