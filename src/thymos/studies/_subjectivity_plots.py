"""Figure of the face models: training rule against test rule."""

from typing import Any

import numpy as np

from thymos.studies._subjectivity_models import KIND_NAMES, PREFIX, TRAIN_RULES
from thymos.studies._subjectivity_scores import SCORES, subset_of
from thymos.studies.contract import Results


def draw_rules(results: Results, figure: Any) -> None:
    """Macro-F1 by training rule (rows), test rule (columns) and kind of target (panels)."""
    names = [rule.replace("_", "-") for rule in TRAIN_RULES]
    values = np.array(
        [[_macro_f1(results, f"{PREFIX}{name}, {kind}") for name in names] for kind in KIND_NAMES.values()]
    )
    panels = np.atleast_1d(figure.subplots(1, len(KIND_NAMES), sharey=True))
    for axes, kind, own in zip(panels, KIND_NAMES.values(), values, strict=True):
        axes.imshow(own, vmin=0, vmax=max(0.01, float(values.max())), cmap="viridis", aspect="auto")
        for row, column in np.ndindex(own.shape):
            axes.text(column, row, f"{own[row, column]:.2f}", ha="center", va="center", color="white", fontsize=8)
        axes.set_title(kind)
        axes.set_xticks(range(3), [rule.replace("_", "-") for rule in SCORES], rotation=45, ha="right")
        axes.set_yticks(range(3), names)
        axes.set_xlabel("test rule")
    panels[0].set_ylabel("training rule")


def _macro_f1(results: Results, system: str) -> list[float]:
    """Macro-F1 under each test rule; of label sets under the all-inclusive rule."""
    return [
        results.value(
            system=system,
            metric="macro_f1" if "macro_f1" in metrics else "multilabel_macro_f1",
            subset=subset_of(rule),
        )
        for rule, metrics in SCORES.items()
    ]
