"""The page of a scan: where emotions are in a model, what writes them, how far they can be set, and at what cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos import __version__
from thymos.assess.control.expression import plain_floor
from thymos.assess.scanning.pipeline import METHODS, RANDOM_CIRCUIT, RANDOM_STEERING, ModelScan
from thymos.files import write_atomically
from thymos.interpret.circuits import overlap_table
from thymos.interpret.control import Plain
from thymos.interpret.directions import layer_similarity
from thymos.language.tap.places import Site
from thymos.measure.resampling import bootstrap_interval
from thymos.report import curves as curve_style
from thymos.report import heatmap as heatmap_style
from thymos.report.curves import Curve, curve_chart
from thymos.report.drawing import Drawing
from thymos.report.heatmap import heatmap
from thymos.report.interval_plot import STYLE
from thymos.report.numbers import interval, number
from thymos.report.page import environment

PLAIN = Plain().name
CHANCE = "one of six"
LAYER_CURVES = {
    "accuracy": "new scenarios",
    "other_themes": "other themes",
    "other_valences": "other valences",
    "shuffled_labels": "shuffled labels",
    "random_directions": "random directions",
}
COSTS = {
    "neutral_text_nats_per_token": "neutral text, nats a token",
    "question_accuracy": "easy questions, right",
    "refusal_rate": "harmless requests, refused",
}
EVERY_TOP = 12


@dataclass(frozen=True)
class Figure:
    """A chart with the sentence that says what to see in it."""

    drawing: Drawing
    caption: str


@dataclass(frozen=True)
class Part:
    """A part of the page: figures and one table."""

    title: str
    lead: str
    figures: tuple[Figure, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def separation(scan: ModelScan) -> Part:
    """Where emotions separate."""
    table = scan.layers
    own = table[table["site"] == str(Site.RESIDUAL)]
    chart = curve_chart(
        [_curve(name, own[own["measure"] == measure], "layer") for measure, name in LAYER_CURVES.items()],
        "Emotion told from the last token of the request", x_title="layer", y_title="right, of six emotions",
        references={CHANCE: 1 / len(scan.emotions)},
    )  # fmt: skip
    similarity = layer_similarity(scan.directions, Site.RESIDUAL)
    layers = scan.directions.layers(Site.RESIDUAL)
    alike = heatmap(
        similarity, layers, layers, "Cosine of the directions of two layers", row_title="layer", column_title="layer",
        limits=(-1.0, 1.0),
    )  # fmt: skip
    best = scan.best_place
    at_best = table[
        (table["site"] == str(best.site)) & (table["layer"] == best.layer) & (table["measure"] == "accuracy")
    ]
    found = at_best.iloc[0]
    lead = (
        f"At {best}, chosen on the scenarios that directions were fitted on, the emotion that a request asks for is "
        f"told on new scenarios in {number(found['value'])} {interval(found['low'], found['high'])} of cases; by luck "
        "in .167."
    )
    return Part(
        "Where emotions separate",
        lead,
        (
            Figure(
                chart, "Bands are 95 % intervals over scenarios. Shuffled labels and random directions are controls."
            ),
            Figure(alike, "Blocks of high cosine are layers that share their directions."),
        ),
    )


def writers(scan: ModelScan) -> Part:
    """Which heads and neurons write emotions."""
    components = scan.components
    layers = list(range(components.heads.shape[1]))
    figures = [
        Figure(
            heatmap(
                components.heads[code], layers, list(range(components.heads.shape[2])), f"Heads that write {emotion}",
                row_title="layer", column_title="head",
            ),
            f"How much the next norm's output loses along {emotion} without the head.",
        )
        for code, emotion in enumerate(components.emotions)
    ]  # fmt: skip
    share = scan.sublayers.values
    figures.append(
        Figure(
            curve_chart(
                [
                    Curve(name, layers, share[:, :, column].mean(axis=0))
                    for column, name in enumerate(("attention", "MLP"))
                ],
                "What an injection into a sublayer moves at the end", x_title="layer",
                y_title="change of the final projection, a unit injected",
            ),
            "Mean over emotions. High where a change at this place reaches the output.",
        )
    )  # fmt: skip
    if len(scan.curves):
        figures.append(Figure(*_circuit_curves(scan)))
    circuits = [scan.circuit(emotion, 2, 8) for emotion in components.emotions]
    for kind in ("heads", "neurons"):
        figures.append(
            Figure(
                heatmap(
                    overlap_table(circuits, kind), components.emotions, components.emotions,
                    f"Shared {kind} of two emotions' circuits", scale="sequential", limits=(0.0, 1.0),
                ),
                "Shared over all, circuits of 2 heads and 8 neurons a layer.",
            )
        )  # fmt: skip
    rows = []
    for code, emotion in enumerate(components.emotions):
        order = np.argsort(-components.heads[code], axis=None)[:3]
        heads = [divmod(int(place), components.heads.shape[2]) for place in order]
        order = np.argsort(-components.neurons[code], axis=None)[:3]
        neurons = [divmod(int(place), components.neurons.shape[2]) for place in order]
        rows.append((emotion, _units(heads), _units(neurons)))
    return Part(
        "What writes them",
        "Heads and neurons are measured at the request's last token, all of them in one pass over the requests.",
        tuple(figures),
        ("emotion", "strongest heads (layer.head)", "strongest neurons (layer.neuron)"),
        tuple(rows),
    )


def _units(units: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{layer}.{unit}" for layer, unit in units)


def _circuit_curves(scan: ModelScan) -> tuple[Drawing, str]:
    table = scan.curves
    own = table[table["emotion"] == "all"]
    names = {
        ("enhancement", "circuit"): "put in: circuit",
        ("enhancement", "random"): "put in: random",
        ("ablation to the mean", "circuit"): "taken out: circuit",
        ("ablation to the mean", "random"): "taken out: random",
    }  # fmt: skip
    series = [
        _curve(name, own[(own["curve"] == curve) & (own["circuit"] == circuit)], "units")
        for (curve, circuit), name in names.items()
    ]
    chart = curve_chart(
        series, "How much of the prompted effect a circuit carries", x_title="heads a layer (and 4 x the neurons)",
        y_title="share of the prompted effect", references={"as plain": 0.0, "as prompted": 1.0},
    )  # fmt: skip
    return chart, "Final state at the last token of new scenarios, along the emotion's direction; mean over emotions."


def control(scan: ModelScan) -> Part:
    """How far control reaches and what it costs."""
    whole = pd.concat(
        [plain_floor(scan.expression, scan.emotions), scan.expression[scan.expression["system"] != PLAIN]],
        ignore_index=True,
    )
    rows = []
    by_emotion: dict[str, pd.Series] = {}
    for system in (PLAIN, *METHODS):
        own = whole[whole["system"] == system]
        if own.empty:
            continue
        found = bootstrap_interval(
            "mean", (own["hit"].astype(float),), own["scenario"], resamples=2_000, seed=scan.seed
        )
        by_emotion[system] = own.groupby("emotion", sort=False)["hit"].mean()
        costs = scan.costs[scan.costs["system"] == system].groupby("measure")["value"].mean()
        strength = sorted(set(own["strength"]))[0]
        rows.append(
            (
                system,
                number(float(strength)) if strength else "",
                f"{number(found.value)} {interval(found.low, found.high)}",
                number(float(own["repetition"].mean())),
                *(number(float(costs[measure])) if measure in costs else "" for measure in COSTS),
            )
        )
    strengths = scan.development[scan.development["system"] != PLAIN]
    series = [
        _mean_curve(str(system), own)
        for system, own in strengths.groupby("system", sort=False)
        if len(set(own["strength"])) > 1
    ]
    repeated = [
        _mean_curve(str(system), own, "repetition")
        for system, own in strengths.groupby("system", sort=False)
        if system != "prompting" and len(set(own["strength"])) > 1
    ]
    figures = (
        Figure(
            heatmap(
                [[float(found[emotion]) for emotion in scan.emotions] for found in by_emotion.values()],
                list(by_emotion), scan.emotions, "Replies that express the emotion", scale="sequential",
                limits=(0.0, 1.0),
            ),
            "New scenarios, strengths chosen on development scenarios.",
        ),
        Figure(
            curve_chart(series, "Dose and response on development scenarios", x_title="strength, each in its own unit",
                        y_title="replies that express the emotion", log_x=True),
            "The strength is chosen here, and reported above on other scenarios.",
        ),
        Figure(
            curve_chart(repeated, "What strength costs: repetition", x_title="strength, each in its own unit",
                        y_title="share of repeated word trigrams", log_x=True),
            "Strengths that raise repetition by more than .10 are not chosen.",
        ),
    )  # fmt: skip
    return Part(
        "How far control reaches, and what it costs",
        f"Replies to {len(scan.expression_events)} requests on new scenarios, judged by: {scan.judge.name}, which "
        "names one of six emotions or none. The first row is the floor: what the model expresses without control. "
        f"'{RANDOM_STEERING}' and '{RANDOM_CIRCUIT}' are controls at the same strength; in the "
        "last row the change of random units is as long as the circuit's, too.",
        figures,
        ("method", "strength", "expresses the emotion [95 %]", "repetition", *COSTS.values()),
        tuple(rows),
    )


def stress(scan: ModelScan) -> Part:
    """The axis of stress."""
    table = scan.stress
    layers = table["layer"].to_numpy()
    chart = curve_chart(
        [
            Curve("left-out prompts", layers, table["held_out"], table["held_out_low"], table["held_out_high"]),
            Curve("in sample", layers, table["in_sample"]),
            Curve("shuffled levels", layers, table["shuffled"]),
            Curve("random directions, 95 %", layers, table["random_high"]),
            Curve("word list, no model", layers, table["word_proxy_level"]),
        ],
        "Order of stress prompts along the axis of each layer", x_title="layer",
        y_title="Spearman with the intended level",
    )  # fmt: skip
    figures = [Figure(chart, "A prompt is projected on an axis that was fitted without it.")]
    for drawn in scan.stress_heatmaps:
        figures.append(
            Figure(
                heatmap(
                    drawn["values"], list(range(len(drawn["values"]))), drawn["tokens"],
                    f"Stress by layer and token, prompt of level {drawn['level']}", row_title="layer",
                    limits=(-4.0, 4.0),
                ),
                "Robust z values within each layer.",
            )
        )  # fmt: skip
    best = table.loc[table["held_out"].idxmax()]
    lead = (
        f"Best layer {int(best['layer'])}: Spearman {number(best['held_out'])} "
        f"{interval(best['held_out_low'], best['held_out_high'])} on left-out prompts; a list of tense and calm words "
        f"reaches {number(best['word_proxy_level'])} without a model. Levels are the author's and were not rated."
    )
    return Part("The axis of stress", lead, tuple(figures))


def write_scan_page(scan: ModelScan, path: str | Path, *, exports: Sequence[str], about: dict[str, Any]) -> Path:
    """Write the page of a finished scan; it needs no other file.

    Args:
        scan: a scan; parts that are not computed yet are computed now.
        path: the file.
        exports: names of the exported files.
        about: facts for the foot: machine, seconds, command ...
    """
    parts = [separation(scan)]
    if scan.has_circuits:
        parts.append(writers(scan))
    parts += [control(scan), stress(scan)]
    page = environment().get_template("scan.html").render(
        model=scan.tap.model.name, parts=parts, exports=list(exports), about=about, version=__version__,
        plot_style=STYLE + heatmap_style.STYLE + curve_style.STYLE, judge=judge_lines(scan),
        leads=[part.lead for part in parts],
    )  # fmt: skip
    return write_atomically(path, page)


def judge_lines(scan: ModelScan) -> list[str]:
    """The judge's measured error in words."""
    measured = getattr(scan.judge, "measured_", pd.DataFrame())
    if not len(measured):
        return ["Nobody measured this judge."]
    return [
        f"{row['metric']}, {row['subset']}: {number(row['value'])} {interval(row['low'], row['high'])}".strip()
        for row in measured.to_dict("records")
        if "/" not in str(row["subset"])
    ]


def _curve(name: str, table: pd.DataFrame, x: str) -> Curve:
    ordered = table.sort_values(x)
    low, high = ordered["low"].astype(float).to_numpy(), ordered["high"].astype(float).to_numpy()
    return Curve(name, ordered[x].to_numpy(), ordered["value"].to_numpy(), low, high)


def _mean_curve(name: str, table: pd.DataFrame, column: str = "hit") -> Curve:
    means = table.groupby("strength")[column].mean()
    short = name.removeprefix("circuit modulation, ").replace(" heads and ", " h, ").replace(" neurons a layer", " n")
    return Curve(short, means.index.to_numpy(), means.to_numpy(dtype=float))
