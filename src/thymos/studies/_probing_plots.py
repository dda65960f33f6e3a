"""The figures of ``emotion_probing``."""

from typing import Any

import numpy as np
import pandas as pd

from thymos.studies._probing_claims import depth_of, depth_rows
from thymos.studies._probing_data import CHAT, EMOTIONS, RAW
from thymos.studies._probing_fits import KINDS, TEST
from thymos.studies._probing_malleability import REPLIES, SYSTEM_PROMPTS
from thymos.studies._probing_persistence import MAJORITY, OFFSET_PROBE, POST_WORDS, WORDS_SO_FAR
from thymos.studies._probing_zero_shot import ZERO_SHOT
from thymos.studies.contract import Results, Row

COLORS = {
    "anger": "#c44e52", "disgust": "#8c613c", "fear": "#8172b3", "joy": "#dd8452", "neutral": "#7f7f7f",
    "sadness": "#4c72b0", "surprise": "#55a868",
}  # fmt: skip
CONTOURS = (0.25, 0.5)
GRID = 60


def with_errors(axes: Any, at: list[float], rows: list[Row], **style: Any) -> None:
    """Values with their intervals, joined by a line."""
    values = np.array([row.value or 0.0 for row in rows])
    below = [value - (row.low if row.low is not None else value) for row, value in zip(rows, values, strict=True)]
    above = [(row.high if row.high is not None else value) - value for row, value in zip(rows, values, strict=True)]
    axes.errorbar(at, values, yerr=[below, above], capsize=2, **style)


def draw_depths(results: Results, figure: Any) -> None:
    """Accuracy over depth for both forms of the post and both kinds of probe, with floors and zero-shot as lines."""
    axes = figure.subplots()
    drawn = 0
    for variant, color in ((CHAT, "#4c72b0"), (RAW, "#dd8452")):
        for kind, line in zip(KINDS, ("--", "-"), strict=True):
            rows = depth_rows(results, f"{kind} probe, {variant.name}")
            if rows:
                shift = 0.8 * (drawn - 1.5)
                at = [100 * depth_of(row.system) + shift for row in rows]
                with_errors(axes, at, rows, color=color, linestyle=line, marker="o", label=f"{kind}, {variant.name}")
                drawn += 1
    floors = results.find(metric="accuracy", subset=TEST, kind="floor")
    asked = [row for name in ZERO_SHOT for row in results.find(system=name, metric="accuracy", subset=TEST)]
    for number, row in enumerate(floors):
        axes.axhline(row.value or 0, color="#555555", linewidth=1, linestyle=(0, (1 + 2 * number, 2)), label=row.system)
    for number, row in enumerate(asked):
        axes.axhline(row.value or 0, color="#c44e52", linewidth=1, linestyle=(0, (1 + 2 * number, 2)), label=row.system)
    axes.set_xlabel("depth, % of the layers")
    axes.set_ylabel(f"accuracy, {TEST}")
    if drawn or floors:
        axes.legend(fontsize=6, ncol=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def offset_of(subset: str) -> int:
    """The offset in a subset's name.

    Example:
        >>> offset_of("offset 16/fear")
        16
    """
    return int(subset.removeprefix("offset ").partition("/")[0])


def draw_persistence(results: Results, figure: Any) -> None:
    """The curve over offsets with its floors at the left, recall of each emotion at the right."""
    whole, single = figure.subplots(1, 2, sharey=True)
    styles = {OFFSET_PROBE: ("#1f3b66", "-"), WORDS_SO_FAR: ("#555555", "--"), POST_WORDS: ("#555555", ":"),
              MAJORITY: ("#999999", "-.")}  # fmt: skip
    for system, (color, line) in styles.items():
        rows = [row for row in results.find(system=system, metric="accuracy") if row.subset.startswith("offset")]
        if rows:
            with_errors(whole, [offset_of(row.subset) for row in rows], rows, color=color, linestyle=line, label=system)
    for number, emotion in enumerate(EMOTIONS):
        rows = [
            row
            for row in results.find(system=OFFSET_PROBE, metric="recall")
            if row.subset.endswith(f"/{emotion}") and row.value is not None
        ]
        if rows:
            at = [offset_of(row.subset) + 0.8 * (number - 3) for row in rows]
            with_errors(single, at, rows, color=COLORS[emotion], marker=".", elinewidth=0.5, label=emotion)
    whole.set_ylabel("share found")
    for axes, title in ((whole, "all emotions"), (single, "recall of each")):
        axes.set_xlabel("tokens of the reply")
        axes.set_title(title, fontsize=9)
        if axes.has_data():
            axes.legend(fontsize=6)


def draw_confusion(results: Results, figure: Any) -> None:
    """Confusion of the best probe, shares of each true emotion."""
    axes = figure.subplots()
    table = results.tables.get("confusion")
    if table is None:
        return
    matrix = pd.crosstab(table["gold"], table["predicted"], normalize="index")
    matrix = matrix.reindex(index=list(EMOTIONS), columns=list(EMOTIONS), fill_value=0.0)
    axes.imshow(matrix.to_numpy(), vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45)
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.set_xlabel(f"read by {table['system'].iloc[0]}")
    axes.set_ylabel("emotion of the post")
    for row in range(len(EMOTIONS)):
        for column in range(len(EMOTIONS)):
            share = matrix.to_numpy()[row, column]
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share < 0.6 else "black")


def draw_map(results: Results, figure: Any) -> None:
    """The probe's seven outputs in two dimensions: where each emotion lies at a quarter and half of its peak."""
    from scipy.stats import gaussian_kde

    axes = figure.subplots()
    table = results.tables.get("outputs")
    if table is None:
        return
    low, high = table[["x", "y"]].min().to_numpy() - 0.5, table[["x", "y"]].max().to_numpy() + 0.5
    grid = np.meshgrid(np.linspace(low[0], high[0], GRID), np.linspace(low[1], high[1], GRID))
    for emotion in EMOTIONS:
        points = table.loc[table["gold"] == emotion, ["x", "y"]].to_numpy().T
        axes.scatter(*points, s=4, alpha=0.4, color=COLORS[emotion], label=emotion)
        if points.shape[1] > 2 and np.linalg.matrix_rank(np.cov(points)) == 2:
            density = gaussian_kde(points)(np.stack([part.ravel() for part in grid])).reshape(GRID, GRID)
            levels = [share * density.max() for share in CONTOURS]
            axes.contour(*grid, density, levels=levels, colors=[COLORS[emotion]], linewidths=1)
    axes.set_xlabel("first component of the probe's outputs")
    axes.set_ylabel("second component")
    axes.legend(fontsize=7)


def draw_prompts(results: Results, figure: Any) -> None:
    """Recall and precision of the user's emotion in replies under each system prompt."""
    both = figure.subplots(1, 2, sharey=True)
    for axes, metric in zip(both, ("recall", "precision"), strict=True):
        for number, prompt in enumerate(SYSTEM_PROMPTS):
            rows = results.find(system=REPLIES, metric=metric)
            own = [row for row in rows if row.subset.startswith(f"replies, {prompt} prompt/")]
            at = np.arange(len(own)) + 0.27 * (number - 1)
            axes.bar(at, [row.value or 0.0 for row in own], width=0.25, label=f"{prompt} system prompt")
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45)
        axes.set_title(metric, fontsize=9)
    both[0].set_ylabel("share")
    if both[0].containers:
        both[0].legend(fontsize=7)
