"""Figure of the face models: training rule against test rule."""

from typing import Any

import numpy as np

from thymos.studies._subjectivity_models import KIND_NAMES, PREFIX, TRAIN_RULES
from thymos.studies._subjectivity_scores import SCORES, subset_of
from thymos.studies.contract import Results


def draw_rules(results: Results, figure: Any) -> None:
    """Macro-F1 by training rule (rows), test rule (columns) and kind of target (panels)."""
    panels = figure.subplots(1, len(KIND_NAMES), sharey=True)
    names = [rule.replace("_", "-") for rule in TRAIN_RULES]
    for axes, kind in zip(np.atleast_1d(panels), KIND_NAMES.values(), strict=True):
        values = np.array(
            [
                [
                    results.value(
                        system=f"{PREFIX}{name}, {kind}",
                        metric="macro_f1" if "macro_f1" in metrics else "multilabel_macro_f1",
                        subset=subset_of(rule),
                    )
                    for rule, metrics in SCORES.items()
                ]
                for name in names
            ]
        )
        axes.imshow(values, vmin=0, vmax=max(0.01, float(values.max())), cmap="viridis", aspect="auto")
        for row, column in np.ndindex(values.shape):
            axes.text(column, row, f"{values[row, column]:.2f}", ha="center", va="center", color="white", fontsize=8)
        axes.set_title(kind)
        axes.set_xticks(range(3), [rule.replace("_", "-") for rule in SCORES], rotation=45, ha="right")
        axes.set_yticks(range(3), names)
        axes.set_xlabel("test rule")
    np.atleast_1d(panels)[0].set_ylabel("training rule")
