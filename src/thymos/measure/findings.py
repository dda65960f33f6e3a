"""What a reader must know beside the numbers: leaks, gaps in coverage, and predictions too good to be a system's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from thymos.affect.annotations import ANONYMOUS, Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.measure.bounds import Training
from thymos.measure.leakage import check_leakage
from thymos.measure.near_text import normalized_text
from thymos.measure.predictions import Predictions
from thymos.measure.targets import Coverage, Target

# Fewer equal answers than this can be luck.
SUSPICIOUS = 10
SMALL_CLASS = 10


@dataclass(frozen=True)
class Finding:
    """One remark.

    Args:
        level: "warning" (the numbers may mislead) or "note" (how they came about).
        code: stable snake_case name, for programs.
        text: one sentence.
        count: how many items are concerned, where that makes sense.
    """

    level: Literal["warning", "note"]
    code: str
    text: str
    count: int | None = None


def split_guarantee(
    items: pd.DataFrame, scored: Sequence[str], training: Training | None, groups: Sequence[str]
) -> str:
    """What was measured about the division between training and scored items, in words."""
    if training is None:
        return "unknown: no training items given"
    parts = []
    for name in groups:
        if name not in training.items.columns:
            continue
        own = set(items[name].reindex(list(scored)).dropna().astype(str))
        shared = own & set(training.items[name].dropna().astype(str))
        parts.append(f"not {name}-independent" if shared else f"{name}-independent")
    kept = [part for part in parts if not part.startswith("not ")]
    broken = [part for part in parts if part.startswith("not ")]
    if kept:
        return ", ".join(kept + broken)
    return f"training and test file: {', '.join(broken)}" if broken else "training and test file: no groups known"


def findings_of(
    predictions: Predictions,
    annotations: Annotations,
    scheme: Scheme,
    target: Target,
    coverage: Coverage,
    items: pd.DataFrame,
    training: Training | None,
    groups: Sequence[str],
    cluster: str | None,
    notes: Sequence[str],
) -> tuple[Finding, ...]:
    """Every finding, warnings first."""
    found = [
        *_leaks(items, target, training, groups),
        *_too_good(predictions, annotations, scheme, target),
        *_coverage(coverage, predictions),
        *_predicted(predictions, scheme, target),
        *_basis(target, training, cluster),
        *(Finding("note", "input", note) for note in notes),
    ]
    return tuple(sorted(found, key=lambda one: one.level != "warning"))


def _leaks(items: pd.DataFrame, target: Target, training: Training | None, groups: Sequence[str]) -> Iterator[Finding]:
    scored = items.reindex(list(target.items))
    if "text" in scored.columns:
        doubled = int(scored["text"].dropna().map(normalized_text).duplicated(keep=False).sum())
        if doubled:
            text = f"{doubled} scored items share their text with another scored item; they are not independent"
            yield Finding("warning", "repeated_text", text, doubled)
    if training is None:
        return
    train = training.items.reindex(sorted(set(training.items.index) | set(training.annotations.items)))
    same = set(train.index) & set(scored.index)
    if same:
        text = f"{len(same)} scored items are training items as well, e.g. {sorted(same)[0]!r}"
        yield Finding("warning", "leak_item", text, len(same))
    columns = [name for name in groups if name in train.columns]
    texts = "text" in train.columns and "text" in scored.columns
    missing = texts and (train["text"].isna().any() or scored["text"].isna().any())
    leaks = check_leakage(train, scored, group_columns=columns, text_column="text" if texts and not missing else None)
    for leak in leaks:
        yield Finding("warning", f"leak_{leak.kind}", str(leak), leak.count)


def _too_good(predictions: Predictions, annotations: Annotations, scheme: Scheme, target: Target) -> Iterator[Finding]:
    if len(target.items) < SUSPICIOUS or target.family not in ("labels", "numeric"):
        return
    if (target.gold == target.predicted).all():
        yield Finding(
            "warning", "equals_reference", "every prediction equals the reference: was the reference handed in?"
        )
        return
    if scheme.kind is Kind.MULTILABEL:
        return
    axis = target.columns[0] if target.family == "numeric" and len(scheme.labels) > 1 else None
    own = pd.Series(target.predicted, index=list(target.items))
    for rater in annotations.raters:
        if rater.startswith(ANONYMOUS):
            continue
        try:
            rated = annotations.select(raters=[rater]).ratings(scheme.name, axis)
        except BadInput:
            continue
        rated = rated[rater].dropna() if rater in rated.columns else pd.Series(dtype=object)
        shared = rated.index.intersection(own.index)
        if len(shared) >= SUSPICIOUS and (own.loc[shared] == rated.loc[shared]).all():
            yield Finding(
                "warning",
                "equals_rater",
                f"on all {len(shared)} shared items the predictions equal the ratings of {rater!r}, "
                "which are part of the reference",
                len(shared),
            )


def _coverage(coverage: Coverage, predictions: Predictions) -> Iterator[Finding]:
    if coverage.not_predicted:
        share = coverage.not_predicted / (coverage.not_predicted + coverage.scored)
        text = f"{coverage.not_predicted} items with a reference have no prediction ({share:.1%}); they are not scored"
        yield Finding("warning", "not_predicted", text, coverage.not_predicted)
    if coverage.unknown:
        text = f"{coverage.unknown} predicted items have no annotation; they are not scored"
        yield Finding("warning", "not_annotated", text, coverage.unknown)
    if coverage.dropped_by_rule:
        text = f"{coverage.dropped_by_rule} predicted items have no reference under the rule and are not scored"
        yield Finding("note", "no_reference", text, coverage.dropped_by_rule)
    if coverage.misses:
        share = coverage.misses / coverage.scored
        text = f"{coverage.misses} predictions name no class ({share:.1%}) and count as wrong"
        yield Finding("warning", "misses", text, coverage.misses)


def _predicted(predictions: Predictions, scheme: Scheme, target: Target) -> Iterator[Finding]:
    if target.family == "numeric":
        if np.ptp(target.predicted) == 0:
            yield Finding("warning", "constant_prediction", f"every prediction is {target.predicted[0]:g}")
        low, high = scheme.range or (-np.inf, np.inf)
        outside = int(((target.predicted < low) | (target.predicted > high)).sum())
        if outside:
            text = f"{outside} predictions are outside the range of the ratings, {low:g}..{high:g}"
            yield Finding("note", "out_of_range", text, outside)
    if target.family != "labels":
        return
    named = {label for label in target.predicted if label is not None}
    if len(named) == 1:
        yield Finding("warning", "constant_prediction", f"every prediction is {next(iter(named))!r}")
    else:
        silent = [label for label in target.columns if label not in named and label in set(target.gold)]
        if silent:
            yield Finding("note", "never_predicted", f"never predicted: {', '.join(silent)}", len(silent))
    excluded = int(sum(label in scheme.exclude for label in target.predicted))
    if excluded:
        text = f"{excluded} predictions name a label that is no class of the scheme and count as wrong"
        yield Finding("warning", "excluded_label", text, excluded)
    sizes = pd.Series(target.gold).value_counts()
    small = [f"{label} ({size})" for label, size in sizes.items() if size < SMALL_CLASS]
    if small:
        text = f"few reference items, so that averages over classes are noisy: {', '.join(small)}"
        yield Finding("note", "small_class", text, len(small))


def _basis(target: Target, training: Training | None, cluster: str | None) -> Iterator[Finding]:
    if training is None:
        text = "no training annotations: the floors are learned from the scored items, and leaks cannot be seen"
        yield Finding("note", "floor_in_sample", text)
    if cluster is None:
        text = "intervals draw single items; where items share speakers or dialogues they are too narrow"
        yield Finding("note", "independent_items", text)
    else:
        yield Finding("note", "clustered", f"intervals draw whole values of {cluster!r}")
