"""The figures of ``stress_levels``."""

from typing import Any

import numpy as np

from thymos.studies._stress_claims import NEUTRAL, STRESS
from thymos.studies.contract import Results

LETTERS = "ABCDEF"


def draw_levels(results: Results, figure: Any) -> None:
    """Prompts as dots, level means with intervals, neutral prompts and baselines beside."""
    axes = figure.subplots()
    table = results.tables.get("prompt_scores")
    if table is None:
        return
    rng = np.random.default_rng(0)
    for group, color, at in ((STRESS, "#4c72b0", None), (NEUTRAL, "#777777", 0)):
        own = table[table["group"] == group]
        places = own["level"].to_numpy(dtype=float) if at is None else np.full(len(own), float(at))
        axes.scatter(
            places + rng.uniform(-0.18, 0.18, len(own)), own["accuracy"], s=14, alpha=0.5, color=color, label=group
        )
    rows = [row for row in results.find(system=STRESS, metric="accuracy") if row.subset.startswith("level")]
    places = [int(row.subset.split()[1]) for row in rows]
    means = np.array([float(row.value or 0) for row in rows])
    axes.plot(places, means, color="#1f3b66", marker="o", label="mean of the level")
    neutral = results.find(system=NEUTRAL, metric="accuracy", subset="all")
    if neutral:
        axes.plot([-0.3, 0.3], [neutral[0].value] * 2, color="#333333")
    for name, style in (("no system prompt", "-"), ("step by step", ":")):
        for row in results.find(system=name, metric="accuracy", subset="all"):
            axes.axhline(float(row.value or 0), color="#c44e52", linestyle=style, linewidth=1, label=name)
    for row in results.find(system="blind guess", metric="accuracy"):
        axes.axhline(float(row.value or 0), color="#999999", linestyle="--", linewidth=1, label="blind guess")
    axes.set_xticks([0, *range(1, 11)], ["neutral", *map(str, range(1, 11))])
    source = rows[0].note.rpartition("levels ")[2] if rows else ""
    axes.set_xlabel(f"level of stress ({source})" if source else "level of stress")
    axes.set_ylabel("accuracy")
    axes.legend(fontsize=7, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def draw_letters(results: Results, figure: Any) -> None:
    """Shares of chosen letters by level, beside the neutral prompts and the right answers."""
    axes = figure.subplots()
    table = results.tables.get("letter_shares")
    if table is None:
        return
    bottom = np.zeros(len(table))
    names = [name.removeprefix("level ") for name in table["group"]]
    for number, letter in enumerate(LETTERS):
        heights = table[letter].to_numpy(dtype=float)
        axes.bar(range(len(table)), heights, bottom=bottom, label=letter, color=f"C{number}", width=0.8)
        bottom += heights
    axes.set_xticks(range(len(table)), names, rotation=40, ha="right", fontsize=7)
    axes.set_ylabel("share of chosen letters")
    axes.legend(fontsize=7, ncol=6, loc="lower center", bbox_to_anchor=(0.5, 1.0))
