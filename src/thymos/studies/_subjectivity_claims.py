"""Paired differences between the face models, and the claims of card 36 that they test."""

from typing import NamedTuple

from thymos.perceive.rater_targets.targets import MULTILABEL
from thymos.studies._ferplus_subset import difference_of, face_row
from thymos.studies._subjectivity_models import PREFIX, faces_of, models, probabilities_of, seeds_of
from thymos.studies._subjectivity_scores import ALL, CALIBRATION, prepared_score, scored, subset_of
from thymos.studies.contract import Context, Finding, Results, Row, RowKind, Verdict, holds_if

EVERYTHING = PREFIX + "all-inclusive, "
HARD_ALL, SETS_ALL, SOFT_ALL = (EVERYTHING + kind for kind in ("hard", "multi-label", "soft"))
COMBINED = EVERYTHING + "multi-label, penalty, class-balanced"
F1_ALL, F1_PLURALITY, F1_MAJORITY = ("multilabel_macro_f1", ALL), ("macro_f1", "plurality"), ("macro_f1", "majority")
KLD_ALL, ECE_ALL = ("kld", ALL), (CALIBRATION, ALL)


class Pair(NamedTuple):
    """Two models that differ in one thing, and the scores (metric, test rule) in which they are compared."""

    what: str
    first: str
    second: str
    scores: tuple[tuple[str, str], ...]


PENALTIES = tuple(
    Pair(f"penalty on {what}", f"{base}, penalty", base, (F1_ALL, F1_PLURALITY, KLD_ALL))
    for what, base in (("hard targets", HARD_ALL), ("label sets", SETS_ALL), ("soft targets", SOFT_ALL))
)
BALANCES = (
    Pair("class balance on label sets", f"{SETS_ALL}, class-balanced", SETS_ALL, (F1_ALL, F1_PLURALITY, ECE_ALL)),
    Pair("class balance on soft targets", f"{SOFT_ALL}, class-balanced", SOFT_ALL, (F1_ALL, F1_PLURALITY, ECE_ALL)),
)
COMBINATION = Pair("penalty, class balance and temperatures", f"{COMBINED}, temperatures", SETS_ALL, (F1_ALL, ECE_ALL))
MORE_ITEMS = tuple(
    Pair(f"all items instead of {rule} items, {kind}", EVERYTHING + kind, f"{PREFIX}{rule}, {kind}", scores)
    for rule in ("majority", "plurality")
    for kind, scores in (
        ("hard", (F1_ALL, F1_MAJORITY, KLD_ALL)),
        ("multi-label", (F1_ALL, F1_MAJORITY)),
        ("soft", (F1_ALL, F1_MAJORITY, KLD_ALL)),
    )
)
SOFTNESS = Pair("soft instead of hard targets", SOFT_ALL, HARD_ALL, (F1_ALL, F1_PLURALITY, F1_MAJORITY, KLD_ALL))
TEMPERATURES = tuple(
    Pair(f"temperatures, {name.removeprefix(EVERYTHING)}", f"{name}, temperatures", name, (ECE_ALL, F1_ALL))
    for name in (SETS_ALL, SOFT_ALL)
)
PAIRS = (
    *PENALTIES,
    *BALANCES,
    COMBINATION,
    *MORE_ITEMS,
    SOFTNESS,
    Pair("label sets instead of hard targets", SETS_ALL, HARD_ALL, (F1_ALL, F1_PLURALITY, F1_MAJORITY)),
    Pair("smoothing of soft targets", f"{SOFT_ALL}, smoothed", SOFT_ALL, (F1_ALL, F1_PLURALITY, KLD_ALL)),
    *TEMPERATURES,
)


def face_differences(ctx: Context) -> list[Row]:
    """First model minus second, on the same pictures and seeds."""
    test, known, seeds = faces_of(ctx)["test"], models(), seeds_of(ctx)
    rows = []
    for pair in ctx.track(PAIRS, "differences"):
        both = known[pair.first], known[pair.second]
        for metric, rule in pair.scores:
            items = [
                scored(test, rule, probabilities_of(ctx, model), sigmoid=model.recipe.kind == MULTILABEL)
                for model in both
            ]
            difference = difference_of(*(prepared_score(one, metric) for one in items))
            rows.append(
                face_row(
                    ctx,
                    difference,
                    items[0].clusters,
                    seeds=seeds,
                    centered=metric == CALIBRATION,
                    subset=subset_of(rule),
                    system=pair.what,
                    kind=RowKind.ABLATION,
                    metric=f"{metric}_difference",
                    note=f"{pair.first} minus {pair.second}",
                )
            )
    return rows


def row_of(results: Results, pair: Pair, score: tuple[str, str]) -> Row:
    """The row of one comparison."""
    metric, rule = score
    return results.one(system=pair.what, metric=f"{metric}_difference", subset=subset_of(rule))


def told(row: Row) -> str:
    """A difference in words."""
    return f"{row.system}: {row.metric.removesuffix('_difference')} {row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def _all_above(rows: list[Row], evidence: str) -> Finding:
    """Holds when every interval is above 0, contradicted when every interval is below 0."""
    if all((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def penalty_helps(results: Results) -> Finding:
    """The penalty for rare pairs raises macro-F1, for every kind of target."""
    rows = [row_of(results, pair, F1_ALL) for pair in PENALTIES]
    words = []
    for row, pair in zip(rows, PENALTIES, strict=True):
        base = results.value(system=pair.second, metric=F1_ALL[0])
        relative = f" ({100 * (row.value or 0) / base:+.1f} % of {base:.3f})" if base > 0 else ""
        words.append(told(row) + relative)
    return _all_above(rows, "; ".join(words))


def balance_helps(results: Results) -> Finding:
    """The class-balanced loss raises macro-F1 over the binary loss and lowers the calibration error."""
    f1, ece = (row_of(results, BALANCES[0], score) for score in (F1_ALL, ECE_ALL))
    evidence = f"{told(f1)}; {told(ece)}"
    if (f1.high or 0) < 0 or (ece.low or 0) > 0:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if((f1.low or 0) > 0 and (ece.high or 0) < 0, evidence)


def temperatures_help(results: Results) -> Finding:
    """One temperature a class lowers the calibration error."""
    rows = [row_of(results, pair, ECE_ALL) for pair in TEMPERATURES]
    evidence = "; ".join(told(row) for row in rows)
    if all((row.low or 0) > 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.high or 0) < 0 for row in rows), evidence)


def more_items_help(results: Results) -> Finding:
    """On the complete test set, training on every item beats training on the majority items."""
    rows = [row_of(results, pair, F1_ALL) for pair in MORE_ITEMS if "majority" in pair.what]
    return _all_above(rows, "; ".join(told(row) for row in rows))


def softness_helps(results: Results) -> Finding:
    """Soft targets beat hard ones: higher macro-F1 on every item, smaller divergence from the raters."""
    f1, kld = (row_of(results, SOFTNESS, score) for score in (F1_ALL, KLD_ALL))
    return holds_if((f1.low or 0) > 0 and (kld.high or 0) < 0, f"{told(f1)}; {told(kld)}")


def dropping_flatters_models(results: Results) -> Finding:
    """The same model scores higher where items without a majority have left the test set."""
    gains, words = [], []
    for name in (HARD_ALL, SETS_ALL, SOFT_ALL):
        strict, loose = (
            results.one(system=name, metric="accuracy", subset=subset_of(rule)) for rule in ("majority", "plurality")
        )
        gains.append((strict.low or 0) > (loose.high or 1))
        words.append(f"{name.removeprefix(EVERYTHING)} {strict.value:.3f} on majority, {loose.value:.3f} on plurality")
    return holds_if(all(gains), f"accuracy of {'; '.join(words)}")


def raters_help(results: Results) -> Finding:
    """Modeling each rater improves the consensus."""
    return Finding(
        Verdict.NOT_TESTABLE,
        "the votes of FER+ and CREMA-D have no rater identity; the rater heads are in thymos.perceive.rater_targets",
    )
