"""Rows of lie-or-truth answers: what is found, at what price, beside chance; see ``deception``."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError
from thymos.measure.detection import prepare_detection_rate, prepare_false_alarm_rate, prepare_positive_f1
from thymos.measure.resampling import Interval, bootstrap_interval, paired_bootstrap
from thymos.studies.contract import Context, Row, RowKind, Settings

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
ALL_TRUTH, ALL_LIE = "always truth", "always lie"
SIMULATED = "simulated: a format twin, no evidence about people"


def without(slug: str, settings: Settings) -> str:
    """Why the arms on a corpus are left out."""
    try:
        corpus_folder(slug, settings.data)
    except ThymosError:
        return f"needs {slug} (thymos data card {slug})"
    return ""


@dataclass(frozen=True)
class Scored:
    """What is scored, and how it was kept apart.

    Args:
        gold: 1 = lie.
        clusters: whom or what the intervals are over.
        subset: of the rows.
        split: of the rows.
        guarantee: of the rows.
        simulated: whether the corpus is a twin.
        seeds: of training.
    """

    gold: Codes
    clusters: Iterable[Any]
    subset: str
    split: str
    guarantee: str
    simulated: bool = False
    seeds: tuple[int, ...] = ()

    @property
    def chance(self) -> str:
        """Chance levels in words: they go into every note."""
        share = float(self.gold.mean())
        return f"chance: area .5, F1 of lies {2 * share / (1 + share):.3f} by always lying"


def answer_rows(
    ctx: Context, tested: Scored, system: str, kind: RowKind, answers: Codes, scores: Floats | None = None,
    note: str = "",
) -> list[Row]:  # fmt: skip
    """Accuracy, macro F1, F1 of lies, detection and false-alarm rate, and the area under the curve of scores."""
    gold = tested.gold
    told = "; ".join(part for part in (note, tested.chance, SIMULATED if tested.simulated else "") if part)
    row = partial(
        Row.of_interval, system=system, kind=kind, subset=tested.subset, split=tested.split,
        guarantee=tested.guarantee, seeds=tested.seeds, note=told,
    )  # fmt: skip
    interval = partial(bootstrap_interval, clusters=tested.clusters, resamples=ctx.resamples)
    rows = [row(interval(metric, (gold, answers)), metric=metric) for metric in ("macro_f1", "accuracy")]
    rows += [
        row(interval(prepare(gold, answers)), metric=metric)
        for metric, prepare in (
            ("lie_f1", prepare_positive_f1),
            ("detection_rate", prepare_detection_rate),
            ("false_alarm_rate", prepare_false_alarm_rate),
        )
    ]
    if scores is not None:
        rows.append(row(interval("roc_auc", (gold, scores)), metric="roc_auc"))
    return rows


def floor_rows(ctx: Context, tested: Scored) -> list[Row]:
    """Always truth and always lie."""
    rows: list[Row] = []
    for system, answer in ((ALL_TRUTH, 0), (ALL_LIE, 1)):
        rows += answer_rows(ctx, tested, system, RowKind.FLOOR, np.full(len(tested.gold), answer))
    return rows


def gain_row(
    ctx: Context, tested: Scored, system: str, one: Any, other: Any, *, metric: str = "macro_f1",
    kind: RowKind = RowKind.ABLATION, note: str = "",
) -> Row:  # fmt: skip
    """Difference of two systems on the same items, with an interval over the clusters."""
    pair = paired_bootstrap(metric, tested.gold, one, other, tested.clusters, resamples=ctx.resamples)
    interval = Interval(pair.value, pair.low, pair.high, pair.clusters, pair.resamples, pair.n)
    told = "; ".join(part for part in (f"paired, p {pair.p:.4f}", note, SIMULATED if tested.simulated else "") if part)
    return Row.of_interval(
        interval, system=system, kind=kind, metric=f"{metric}_gain", subset=tested.subset, split=tested.split,
        guarantee=tested.guarantee, seeds=tested.seeds, note=told,
    )  # fmt: skip
