"""One call from predictions and ratings to everything that must be known before a score is believed.

Every number stands with its interval, the floor that a trivial system reaches, the ceiling of one human rater, the
split guarantee and the hash of the data; beside them agreement, calibration, gaps between groups and warnings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.measure.bounds import IN_SAMPLE, FloorPredictions, Training, best_floor, ceiling_of, floors_of
from thymos.measure.findings import Finding, findings_of, split_guarantee
from thymos.measure.group_scores import GroupGap, group_gap
from thymos.measure.predictions import Predictions
from thymos.measure.registry import find_metric
from thymos.measure.reliability import Calibration, calibration_of
from thymos.measure.resampling import Interval, bootstrap_interval, paired_bootstrap
from thymos.measure.score import Provenance, Score
from thymos.measure.targets import (
    Coverage,
    Rule,
    Target,
    by_segment,
    check_rule,
    default_rule,
    make_coverage,
    make_targets,
)

FORMAT = "thymos-evaluation"
VERSION = 1
# A column with fewer values is no sample of speakers: drawing 2 or 3 clusters gives no interval worth the name.
MIN_CLUSTERS = 10
# Groups can be many; their intervals are for the eye.
GROUP_RESAMPLES = 2_000
CEILING_NAMES = {
    "labels": "one rater (a random vote) against the others",
    "numeric": "one rater against the mean of the others",
    "multilabel": "one rater's labels against those of the others",
}


@dataclass(frozen=True)
class Bound:
    """A floor or a ceiling: who reaches it, and how much that is."""

    name: str
    score: Score
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """A paired difference to the floor in the metric's unit, positive when the system is better."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """One metric of an evaluation.

    Args:
        metric: name in the registry.
        subset: "all" or the axis.
        score: the system's.
        higher_is_better: the direction.
        floor: the hardest of the trivial systems on this metric.
        ceiling: one human rater; None without a second rater or where it is not defined.
        over_floor: paired difference to the floor with interval, positive is better.
    """

    metric: str
    subset: str
    score: Score
    higher_is_better: bool
    floor: Bound
    ceiling: Bound | None
    over_floor: Difference

    @property
    def beats_floor(self) -> bool:
        """True when the whole interval of the difference lies above zero."""
        return self.over_floor.low > 0


@dataclass(frozen=True)
class Agreement:
    """How far the raters agree; ``value`` is None where it is undefined (``note`` says why)."""

    measure: str
    subset: str
    value: float | None
    raters: int
    identified: bool
    ratings_per_item: float
    note: str = ""


@dataclass(frozen=True)
class Evaluation:
    """Everything that ``evaluate`` found; ``to_dict`` is its stable JSON form."""

    system: str
    predictions: str
    annotations: str
    scheme: Mapping[str, Any]
    rule: Rule
    headline: str
    coverage: Coverage
    results: tuple[Result, ...]
    agreement: tuple[Agreement, ...]
    calibration: Calibration | None
    groups: tuple[GroupGap, ...]
    findings: tuple[Finding, ...]
    provenance: Provenance
    hashes: Mapping[str, str | None]
    clusters: str | None
    resamples: int
    seed: int

    @property
    def first(self) -> Result:
        """The headline metric."""
        return self.results[0]

    def result(self, metric: str, subset: str = "all") -> Result:
        """The result of that metric and subset."""
        for one in self.results:
            if one.metric == metric and one.subset == subset:
                return one
        raise BadInput(f"{metric} of {subset!r} was not measured", mend=", ".join(r.metric for r in self.results))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``format`` and ``version`` name the layout."""
        body = asdict(self)
        for one, plain in zip(self.results, body["results"], strict=True):
            plain["beats_floor"] = one.beats_floor
        return {"format": FORMAT, "version": VERSION, **body}


def evaluate(
    predictions: Predictions,
    annotations: Annotations,
    *,
    scheme: str | None = None,
    rule: str | None = None,
    items: pd.DataFrame | None = None,
    groups: Sequence[str] = (),
    clusters: str | None = None,
    training: Training | None = None,
    metrics: Sequence[str] | None = None,
    annotations_sha256: str | None = None,
    training_sha256: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    notes: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> Evaluation:
    """Score predictions against rater-level annotations.

    Args:
        predictions: of one system.
        annotations: every rating; segments count as items of their own.
        scheme: which scheme, when the annotations have several.
        rule: how ratings become a reference: "plurality" (default for labels), "majority", "all_inclusive" (default
            for label sets: labels with more than 1/K of the votes) or "mean" (numbers).
        items: columns about the items (groups, ``text``), indexed by item.
        groups: columns of ``items`` to report by.
        clusters: column of ``items`` whose values are drawn whole for the intervals; default: the first of
            ``groups`` with at least 10 values, else single items.
        training: what the floors learn from and what the leakage checks compare with.
        metrics: names in the registry; default: those of the predictions' kind.
        annotations_sha256: of the annotations' file; default: computed from the table.
        training_sha256: of the training annotations' file.
        resamples: bootstrap samples of every interval.
        seed: of every random number.
        notes: what the readers of the files want to be told; kept among the findings.
        progress: is told what comes next; many items and classes take a minute.

    Raises:
        BadInput: see ``targets.make_targets``; a group column that is missing.

    Example:
        >>> from thymos.affect.scheme import Scheme
        >>> mood = Scheme("mood", "categorical", ("good", "bad"), "perceived")
        >>> votes = pd.DataFrame({"item": list("aabb"), "rater": list("xyxy"), "label": ["good", "good", "bad", "bad"]})
        >>> said = Predictions("mine", "", labels=pd.Series({"a": "good", "b": "good"}))
        >>> evaluate(said, Annotations(votes, mood), resamples=50).result("accuracy").score.value
        0.5
    """
    tell = progress or (lambda text: None)
    annotations = by_segment(annotations)
    chosen = annotations.scheme(scheme)
    used_rule = check_rule(rule, chosen) if rule is not None else default_rule(chosen)
    if len(annotations.schemes) > 1:
        annotations = annotations.select(scheme=chosen.name)
    if training is not None:
        training = Training(by_segment(training.annotations), training.items)
    items = item_columns(items, annotations, [*groups, *([clusters] if clusters else [])])
    targets = make_targets(predictions, annotations, chosen, used_rule, metrics=metrics)
    sha256 = annotations_sha256 or table_sha256(annotations)
    hashes = {"predictions": predictions.sha256 or None, "annotations": sha256, "training": training_sha256}
    guarantee = split_guarantee(items, targets[0].items, training, groups)
    provenance = Provenance(text_sha256(canonical_json(hashes)), "file", guarantee)
    cluster_column = cluster_column_of(items, groups, clusters, targets[0])
    results = []
    texts = items["text"] if "text" in items.columns else None
    for target in targets:
        units = cluster_units(items, cluster_column, target)
        floors = floors_of(target, chosen, used_rule, training, texts, seed)
        for metric in target.metrics:
            tell(f"{metric} of {len(target.items):,} items")
            results.append(
                _measure(target, metric, floors, annotations, chosen, units, provenance, training, resamples, seed)
            )
    gaps = []
    for name in groups:
        tell(f"groups by {name}")
        for target in (one for one in targets if one.family == targets[0].family):
            units = cluster_units(items, cluster_column, target)
            gaps.append(
                group_gap(
                    target,
                    target.metrics[0],
                    items[name],
                    provenance,
                    clusters=units,
                    resamples=min(resamples, GROUP_RESAMPLES),
                    seed=seed,
                )
            )
    coverage = make_coverage(predictions, annotations, chosen, used_rule, targets[0].items)
    calibration = calibration_of(
        predictions,
        targets[0],
        provenance,
        cluster_units(items, cluster_column, targets[0]),
        resamples=resamples,
        seed=seed,
    )
    findings = findings_of(
        predictions, annotations, chosen, targets[0], coverage, items, training, groups, cluster_column, notes
    )
    return Evaluation(
        system=predictions.name,
        predictions=predictions.path,
        annotations=annotations.where,
        scheme={
            "name": chosen.name,
            "kind": chosen.kind.value,
            "construct": chosen.construct.value,
            "labels": list(chosen.classes),
        },
        rule=used_rule,
        headline=headline(results[0]),
        coverage=coverage,
        results=tuple(results),
        agreement=tuple(_agreement(annotations, chosen)),
        calibration=calibration,
        groups=tuple(gap for gap in gaps if gap is not None),
        findings=findings,
        provenance=provenance,
        hashes=hashes,
        clusters=cluster_column,
        resamples=resamples,
        seed=seed,
    )


def headline(result: Result) -> str:
    """The first line of a report: does the system beat its floor, and how far is one human rater?"""
    name = result.metric.replace("_", " ") + ("" if result.subset == "all" else f" of {result.subset}")
    text = f"{name} {_span(result.score)}"
    floor = f"its floor {result.floor.score.value:.3f} ({result.floor.name})"
    if result.beats_floor:
        text += f": above {floor}"
    else:
        text += f": BELOW {floor}" if result.over_floor.high < 0 else f": NOT shown to be above {floor}"
    if result.ceiling is None:
        return f"{text}; no human ceiling (a second rater or another metric is needed)."
    sign = 1 if result.higher_is_better else -1
    relation = "below" if sign * (result.ceiling.score.value - result.score.value) > 0 else "not below"
    return f"{text}; {relation} one human rater, {result.ceiling.score.value:.3f}."


def _span(score: Score) -> str:
    interval = "" if score.low is None or score.high is None else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"{score.value:.3f}{interval}"


def table_sha256(annotations: Annotations) -> str:
    """A hash of the ratings themselves, for annotations that come from no file."""
    rows = annotations.table.astype(dict.fromkeys(("item", "rater", "scheme", "label"), str))
    ordered = rows.sort_values(list(rows.columns), kind="stable")
    return text_sha256(ordered.to_csv(index=False))


def item_columns(items: pd.DataFrame | None, annotations: Annotations, wanted: Sequence[str]) -> pd.DataFrame:
    """What is known about every annotated item; BadInput where a wanted column is missing."""
    frame = pd.DataFrame(index=pd.Index(annotations.items, name="item")) if items is None else items
    missing = next((name for name in wanted if name not in frame.columns), None)
    if missing is not None:
        present = ", ".join(map(str, frame.columns)) or "none"
        raise BadInput(f"there is no column {missing!r} about the items", mend=f"present: {present}")
    # Segments inherit what is known about the recording that they are cut from.
    if not set(annotations.items) <= set(frame.index):
        whole = [item.split("#t=")[0] for item in annotations.items]
        frame = frame.reindex(whole).set_axis(pd.Index(annotations.items, name="item"))
    return frame


def cluster_column_of(items: pd.DataFrame, groups: Sequence[str], named: str | None, target: Target) -> str | None:
    """The column whose values are drawn whole: the named one, else the first group column of 10 or more values."""
    if named is not None:
        return named
    for name in groups:
        values = items[name].reindex(list(target.items))
        if values.notna().all() and values.nunique() >= MIN_CLUSTERS:
            return name
    return None


def cluster_units(items: pd.DataFrame, column: str | None, target: Target) -> pd.Series | None:
    """The cluster of every item of a target, or None when single items are drawn."""
    if column is None:
        return None
    units = items[column].reindex(list(target.items))
    missing = units.index[units.isna()]
    if len(missing):
        raise BadInput(f"item {missing[0]!r} has no {column!r}", mend="fill the column or choose another")
    return units


def _score(metric: str, found: Interval, provenance: Provenance) -> Score:
    return Score(metric, found.value, found.low, found.high, found.n, found.clusters, provenance)


def _measure(
    target: Target, metric: str, floors: list[FloorPredictions], annotations: Annotations, scheme: Scheme,
    units: pd.Series | None, provenance: Provenance, training: Training | None, resamples: int, seed: int,
) -> Result:  # fmt: skip
    """One metric with its floor, its ceiling and the paired difference to the floor."""
    sampling: dict[str, Any] = {"clusters": units, "resamples": resamples, "seed": seed, "options": target.options}
    own = bootstrap_interval(metric, (target.gold, target.predicted), **sampling)
    floor = best_floor(target, metric, floors)
    below = bootstrap_interval(metric, (target.gold, floor.predicted), **sampling)
    apart = paired_bootstrap(metric, target.gold, target.predicted, floor.predicted, **sampling)
    above = ceiling_of(target, metric, annotations, scheme, units, resamples=resamples, seed=seed)
    better = find_metric(metric).higher_is_better
    difference = Difference(apart.value, apart.low, apart.high)
    if not better:
        difference = Difference(-apart.value, -apart.high, -apart.low)
    return Result(
        metric=metric,
        subset=target.subset,
        score=_score(metric, own, provenance),
        higher_is_better=better,
        floor=Bound(floor.name, _score(metric, below, provenance), IN_SAMPLE if training is None else ""),
        ceiling=None if above is None else Bound(CEILING_NAMES[target.family], _score(metric, above, provenance)),
        over_floor=difference,
    )


def _agreement(annotations: Annotations, scheme: Scheme) -> list[Agreement]:
    """Krippendorff's alpha: nominal for labels, interval for numbers, one a label for label sets."""
    subsets: list[str | None] = [None]
    if scheme.kind is Kind.MULTILABEL or (not scheme.is_nominal and len(scheme.labels) > 1):
        subsets = list(scheme.labels)
    measure = "krippendorff_nominal" if scheme.is_nominal else "krippendorff_interval"
    if scheme.kind is Kind.ORDINAL:
        measure = "krippendorff_ordinal"
    pairs = annotations.table[["item", "rater"]].drop_duplicates()
    per_item = len(pairs) / max(1, pairs["item"].nunique())
    found = []
    for subset in subsets:
        value: float | None = None
        note = ""
        try:
            value = annotations.agreement(measure, scheme=scheme.name, label=subset)
            if pd.isna(value):
                value, note = None, "undefined: nothing varies"
        except BadInput as error:
            note = error.what
        found.append(
            Agreement(
                measure, subset or "all", value, len(annotations.raters), annotations.raters_identified, per_item, note
            )
        )
    return found
