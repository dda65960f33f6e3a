"""Scores of ``reader_emotion``: the card's metrics in both variants, differences, tests and the raters' ceiling."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from thymos.measure.metric import Additive, average_of
from thymos.measure.registry import find_metric
from thymos.measure.resampling import Interval, bootstrap_interval, pair_prepared
from thymos.measure.significance import kolmogorov_smirnov, mcnemar, welch
from thymos.studies._reader_data import Floats, Headlines
from thymos.studies._reader_models import ALL, CARD, GUARANTEE, SPLITS, System, predictions
from thymos.studies.contract import Context, Row, RowKind

# Name of a row, metric, options. "inflated" is what the authors' code prints: population by sample moments.
METRICS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("rmse", "rmse", {}),
    ("acc_at_1", "acc_at_1", {}),
    ("ap_document", "ap_document", {}),
    ("ap_emotion", "ap_emotion", {}),
    ("ap_document_inflated", "ap_document", {"inflated": True}),
    ("ap_emotion_inflated", "ap_emotion", {"inflated": True}),
    ("nominal_wasserstein", "nominal_wasserstein", {}),
    ("wasserstein", "wasserstein", {}),
)
COMPARED = ("rmse", "acc_at_1", "ap_document")
MOST_RESAMPLES = 2_000


def prepared(gold: Floats, guesses: Sequence[Floats], name: str) -> Additive:
    """A metric's mean over trainings, over the same headlines."""
    _, metric, options = next(one for one in METRICS if one[0] == name)
    scores = [find_metric(metric).prepare(gold, guess, **options) for guess in guesses]
    return average_of([score for score in scores if isinstance(score, Additive)])


def score_rows(
    ctx: Context,
    system: str,
    kind: RowKind,
    gold: Floats,
    guesses: Sequence[Floats],
    subset: str,
    seeds: Sequence[int] = (),
    note: str = "",
    split: str = "",
) -> list[Row]:
    """All metrics, each with an interval over headlines; over several trainings the mean, with its SD in the note."""
    rows = []
    for name, _, _ in METRICS:
        interval = bootstrap_interval(prepared(gold, guesses, name), resamples=min(MOST_RESAMPLES, ctx.resamples))
        told = note
        if len(guesses) > 1:
            values = [prepared(gold, [guess], name).value() for guess in guesses]
            told = "; ".join(filter(None, (note, f"SD over {len(values)} seeds {np.std(values, ddof=1):.4f}")))
        rows.append(
            Row.of_interval(interval, system=system, kind=kind, metric=name, subset=subset,
                            split=split or SPLITS[subset], guarantee=GUARANTEE, seeds=seeds, note=told)
        )  # fmt: skip
    return rows


def network_rows(ctx: Context, system: System, shares: Floats, subset: str) -> list[Row]:
    """Scores of a network on the card's test headlines (ten seeds) or on all headlines (five folds)."""
    found = predictions(ctx, system, subset)
    return score_rows(ctx, system.name, system.kind, shares[found.rows], found.shares, subset, found.seeds)


def difference_rows(ctx: Context, first: System, second: System, shares: Floats, subset: str) -> list[Row]:
    """First minus second on the same headlines and seeds; on the card's split also over the ten seeds."""
    one, other = (predictions(ctx, system, subset) for system in (first, second))
    gold, name = shares[one.rows], f"{first.name} minus {second.name}"
    rows = []
    for metric in COMPARED:
        _, _, gap = pair_prepared(prepared(gold, one.shares, metric), prepared(gold, other.shares, metric))
        interval = bootstrap_interval(gap, resamples=min(MOST_RESAMPLES, ctx.resamples))  # type: ignore[arg-type]
        common: dict[str, Any] = {
            "system": name,
            "kind": RowKind.ABLATION,
            "metric": f"{metric}_difference",
            "seeds": one.seeds,
            "split": SPLITS[subset],
            "guarantee": GUARANTEE,
        }
        rows.append(Row.of_interval(interval, subset=subset, note="interval over headlines", **common))
        if subset == CARD:
            gaps = [
                prepared(gold, [mine], metric).value() - prepared(gold, [theirs], metric).value()
                for mine, theirs in zip(one.shares, other.shares, strict=True)
            ]
            rows.append(Row.of_interval(over_seeds(gaps), subset=f"{CARD}, over seeds",
                                        note="t interval over seeds, the same test headlines", **common))  # fmt: skip
    return rows


def over_seeds(values: Sequence[float]) -> Interval:
    """Mean with the t interval over trainings."""
    mean, count = float(np.mean(values)), len(values)
    half = float(np.std(values, ddof=1) / np.sqrt(count) * stats.t.ppf(0.975, count - 1)) if count > 1 else 0.0
    return Interval(mean, mean - half, mean + half, None, 0, count)


def test_rows(first: System | str, second: str, gold: Floats, guesses: tuple[Floats, Floats]) -> list[Row]:
    """The card's tests on the test headlines: McNemar of Acc@1, Welch's t and Kolmogorov-Smirnov of RMSE."""
    right = [guess.argmax(axis=1) == gold.argmax(axis=1) for guess in guesses]
    errors = [np.sqrt(((guess - gold) ** 2).mean(axis=1)) for guess in guesses]
    found = {
        "mcnemar_p": mcnemar(*right),
        "welch_p": welch(*errors),
        "ks_p": kolmogorov_smirnov(*errors),
    }
    name = first if isinstance(first, str) else first.name
    return [
        Row(f"{name} against {second}", RowKind.CONTROL, metric, CARD, result.p, len(gold), GUARANTEE,
            split=SPLITS[CARD], note="predictions averaged over seeds")
        for metric, result in found.items()
    ]  # fmt: skip


test_rows.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest


# -- raters -----------------------------------------------------------------------------------------------------------


def rater_rows(ctx: Context, found: Headlines, rows: np.ndarray, subset: str) -> list[Row]:
    """One rater against the mean of the others, and half of the raters against the other half."""
    count = len(found.raters)
    if count < 2:
        return []
    every = set(range(count))
    ones: list[tuple[int, ...]] = [(rater,) for rater in range(count)]
    halves = [half for half in combinations(range(count), count // 2) if count % 2 or 0 in half]
    names = {f"one rater against the other {count - 1}": ones}
    if count > 3:
        names[f"{count // 2} raters against the other {count - count // 2}"] = halves
    answer = []
    for name, groups in names.items():
        gold, guess, items, empty = pooled_pairs(found.raters[:, rows], groups, every)
        for metric, own, options in METRICS:
            score = find_metric(own).prepare(gold, guess, **options)
            interval = bootstrap_interval(score, (), items, resamples=min(MOST_RESAMPLES, ctx.resamples))
            note = f"{empty:.0%} of the pairs left out: a side gave none of the five emotions"
            answer.append(Row.of_interval(interval, system=name, kind=RowKind.CEILING, metric=metric, subset=subset,
                                          note=note))  # fmt: skip
    return answer


def pooled_pairs(
    raters: Floats, groups: Sequence[tuple[int, ...]], every: set[int]
) -> tuple[Floats, Floats, np.ndarray, float]:
    """Shares of the other raters, of the group, the headline of each pair, and the share of pairs left out."""
    gold, guess, items, all_pairs = [], [], [], 0
    for group in groups:
        own, rest = raters[list(group)].mean(axis=0), raters[sorted(every - set(group))].mean(axis=0)
        known = (own.sum(axis=1) > 0) & (rest.sum(axis=1) > 0)
        all_pairs += len(known)
        guess.append(own[known] / own[known].sum(axis=1, keepdims=True))
        gold.append(rest[known] / rest[known].sum(axis=1, keepdims=True))
        items.append(np.flatnonzero(known))
    joined = np.concatenate(items)
    return np.concatenate(gold), np.concatenate(guess), joined, 1 - len(joined) / all_pairs


SUBSETS = (CARD, ALL)
