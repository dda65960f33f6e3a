"""Rows of the study of emotion in conversation: scores and paired differences of labels, and the gains they show."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.studies._conversation_systems import CORPUS, Shares, Talks, talks
from thymos.studies.contract import Context, Finding, Results, Row, RowKind, Verdict

METRICS = ("weighted_f1", "macro_f1", "accuracy")
DIFFERENCE = "weighted_f1_difference"


def score_rows(
    ctx: Context,
    said: npt.NDArray[np.object_],
    system: str,
    kind: RowKind,
    *,
    note: str = "",
    each: bool = False,
    among: Talks | None = None,
) -> list[Row]:
    """Scores of labels of test turns; intervals draw dialogues.

    Args:
        ctx: of the run.
        said: one label a turn.
        system: name of the rows.
        kind: of the rows.
        note: of the rows.
        each: whether F1 of each label is wanted as well.
        among: the turns; None = the whole test part.
    """
    items, labels = talks(ctx, "test") if among is None else among
    name = subset_name(among)
    gold = labels.to_numpy(dtype=object)
    shown: list[tuple[str, Any, str]] = [(metric, metric, name) for metric in METRICS]
    if each:
        shown += [("f1", _f1(label), f"{name}/{label}") for label in sorted(set(gold))]
    rows = []
    for metric, statistic, subset in shown:
        interval = bootstrap_interval(
            statistic, (gold, said), clusters=items["dialogue"], resamples=ctx.resamples, options=_options(statistic)
        )
        row = Row.of_interval(
            interval, system=system, kind=kind, metric=metric, subset=subset, split="official",
            guarantee=ctx.corpus(CORPUS).split().guarantee, seeds=(ctx.settings.seed,), note=note,
        )  # fmt: skip
        rows.append(row)
    return rows


def subset_name(among: Talks | None) -> str:
    """How rows name their turns."""
    return "test" if among is None else f"test, {among.items['dialogue'].nunique()} dialogues"


def _options(statistic: Any) -> dict[str, Any]:
    return {"outside": "miss"} if statistic in ("weighted_f1", "macro_f1") else {}


def _f1(label: str) -> Callable[[Any, Any], float]:
    def f1(gold: Any, said: Any) -> float:
        both = int(((gold == label) & (said == label)).sum())
        either = int((gold == label).sum() + (said == label).sum())
        return 2 * both / either if either else 0.0

    return f1


def labels_of(shares: Shares) -> npt.NDArray[np.object_]:
    """The most probable label of each test turn."""
    names = np.asarray(shares.test.columns, dtype=object)
    chosen: npt.NDArray[np.object_] = names[shares.test.to_numpy().argmax(axis=1)]
    return chosen


def difference_row(
    ctx: Context, first: str, one: Shares, second: str, other: Shares, *, among: Talks | None = None
) -> Row:
    """Weighted F1 of one system minus that of another, on the same dialogues; ``among`` as in ``score_rows``."""
    items, labels = talks(ctx, "test") if among is None else among
    found = paired_bootstrap(
        "weighted_f1", labels.to_numpy(dtype=object), labels_of(one), labels_of(other),
        clusters=items["dialogue"], resamples=ctx.resamples, options={"outside": "miss"},
    )  # fmt: skip
    return Row(
        system=f"{first} minus {second}",
        kind=RowKind.ABLATION,
        metric=DIFFERENCE,
        subset=subset_name(among),
        value=found.value,
        low=found.low,
        high=found.high,
        n=len(items),
        clusters=found.clusters,
        split="official",
        guarantee=ctx.corpus(CORPUS).split().guarantee,
        seeds=(ctx.settings.seed,),
        note=f"paired; p {found.p:.3f}; the luck of a training is not in the interval",
    )


def gain(first: str, second: str, what: str = "small encoder, one seed each") -> Callable[[Results], Finding]:
    """A predicate: one system is better than another; ``what`` says of whom."""

    def check(results: Results) -> Finding:
        row = results.one(system=f"{first} minus {second}", metric=DIFFERENCE)
        low, high = row.low or 0.0, row.high or 0.0
        evidence = f"{row.system}: {row.value:+.3f} weighted F1 [{low:+.3f}, {high:+.3f}]; {what}"
        if low > 0:
            return Finding(Verdict.HOLDS, evidence)
        return Finding(Verdict.CONTRADICTED if high < 0 else Verdict.NOT_SHOWN, evidence)

    return check
