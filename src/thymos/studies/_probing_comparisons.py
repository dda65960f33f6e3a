"""Paired differences between the probes, floors and answers of ``emotion_probing``, and the best probe's confusions."""

from typing import Any

import numpy as np
import pandas as pd

from thymos.studies._probing_claims import (
    BEST,
    DIFFERENCE,
    FINAL,
    INNER_MINUS_FIRST,
    INNER_MINUS_LAST,
    MINUS_MEANS,
    MINUS_WORDS,
    PAIR,
    PAIR_EXCESS,
    TEMPLATE_MINUS_RAW,
)
from thymos.studies._probing_data import CHAT, EMOTIONS, RAW, Variant, data, percent, states_of
from thymos.studies._probing_fits import (
    KINDS,
    MLP,
    TEST,
    Hits,
    Scorer,
    best_depth,
    depth_tables,
    hits,
    inner_depth,
    probe_name,
    refit,
)
from thymos.studies._probing_floors import MEANS, means_table, words_table
from thymos.studies._probing_zero_shot import ZERO_SHOT, zero_shot_table
from thymos.studies.contract import Context, Row, RowKind


def difference(ctx: Context, change: Hits, system: str, subset: str, note: str = "") -> Row:
    """A paired difference of accuracy, item by item."""
    return Scorer.of(ctx).mean(change, system, RowKind.SYSTEM, DIFFERENCE, subset, note=note)


def best_probe(ctx: Context) -> tuple[str, Variant, float]:
    """Kind, variant and depth with the highest accuracy on development posts; the first of equals."""
    options = [
        (hits(table, kind, "dev").mean(), kind, variant, depth)
        for variant in (CHAT, RAW)
        for depth, table in depth_tables(ctx, variant).items()
        for kind in KINDS
    ]
    _, kind, variant, depth = max(options, key=lambda option: option[0])
    return kind, variant, depth


def comparisons(ctx: Context) -> list[Row]:
    """Paired differences between probes, floors and zero-shot; recall and confusion of the best probe."""
    tables = {variant: depth_tables(ctx, variant) for variant in (CHAT, RAW)}
    rows = []
    for variant, own in tables.items():
        inner = inner_depth(own, MLP)
        note = f"best inner depth {percent(inner)}, best of all {percent(best_depth(own, MLP))} by development posts"
        for subset, end in ((INNER_MINUS_LAST, 1.0), (INNER_MINUS_FIRST, 0.0)):
            change = hits(own[inner], MLP) - hits(own[end], MLP)
            rows.append(difference(ctx, change, probe_name(MLP, variant), subset, note))
    for kind in KINDS:
        change = hits(tables[CHAT][1.0], kind) - hits(tables[RAW][1.0], kind)
        rows.append(difference(ctx, change, f"{kind} probe", TEMPLATE_MINUS_RAW))
    asked = zero_shot_table(ctx)
    for name in ZERO_SHOT:
        right = (asked["gold"] == asked[name]).to_numpy(dtype=float)
        rows.append(difference(ctx, hits(tables[CHAT][1.0], MLP) - right, FINAL, f"minus {name}"))
    kind, variant, depth = best_probe(ctx)
    named, best = probe_name(kind, variant, depth), hits(tables[variant][depth], kind)
    words, means = words_table(ctx), means_table(ctx)
    for subset, right in (
        (MINUS_WORDS, words["gold"] == words["predicted"]),
        (MINUS_MEANS, means["gold"] == means[MEANS]),
    ):
        rows.append(difference(ctx, best - right.to_numpy(dtype=float), BEST, subset, named))
    return rows + confusion_rows(ctx, kind, variant, depth)


def confusion_rows(ctx: Context, kind: str, variant: Variant, depth: float) -> list[Row]:
    """Recall of each emotion by the best probe, how often anger and disgust are taken for each other, and the map."""
    table = depth_tables(ctx, variant)[depth]
    own = table[(table["kind"] == kind) & (table["part"] == "test")]
    named, scorer = probe_name(kind, variant, depth), Scorer.of(ctx)
    ctx.table("confusion", lambda: own[["item", "gold", "predicted"]].assign(system=named))
    ctx.table("outputs", lambda: outputs(ctx, kind, variant, depth))
    right, gold = hits(table, kind), data(ctx).test.labels
    rows = [
        scorer.mean(right[gold == emotion], BEST, RowKind.SYSTEM, "recall", f"{TEST}/{emotion}", note=named)
        for emotion in EMOTIONS
    ]
    # For each post, the share of seeds that took it for each emotion.
    seeds = own["seed"].nunique()
    taken = np.stack([(own["predicted"] == emotion).to_numpy(float).reshape(seeds, -1) for emotion in EMOTIONS])
    arrays = (np.array([EMOTIONS.index(emotion) for emotion in gold]), taken.mean(axis=1).T)
    pairs = pair_confusion(*arrays)
    rank = int((pairs > pairs[0]).sum()) + 1
    note = f"{named}; rank {rank} of {len(pairs)} pairs"
    rows.append(
        scorer.statistic(lambda *drawn: pair_confusion(*drawn)[0], arrays, BEST, "pair_confusion", PAIR, note=note)
    )
    rows.append(scorer.statistic(pair_excess, arrays, BEST, "pair_confusion", PAIR_EXCESS, note=note))
    return rows


def outputs(ctx: Context, kind: str, variant: Variant, depth: float) -> pd.DataFrame:
    """The probe's log-probabilities of test posts on their first two principal components."""
    posts = data(ctx).test
    probabilities = refit(ctx, variant, depth, kind).predict_proba(states_of(ctx, variant).at(depth)["test"])
    logs = np.log(np.clip(probabilities, 1e-6, None))
    logs = logs - logs.mean(axis=1, keepdims=True)
    centred = logs - logs.mean(axis=0)
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    # The sign of a component is arbitrary: its largest weight is made positive.
    signs = np.sign(components[np.arange(2), np.abs(components[:2]).argmax(axis=1)])
    points = centred @ (components[:2] * signs[:, None]).T
    return pd.DataFrame({"item": posts.items, "gold": posts.labels, "x": points[:, 0], "y": points[:, 1]})


def pair_confusion(gold: Any, taken: Any) -> Any:
    """For each pair of emotions the share of their posts that are taken for the other one; anger and disgust first.

    Args:
        gold: shape (posts,), places in ``EMOTIONS``.
        taken: shape (posts, emotions), share of seeds that took the post for each.

    Returns:
        Shape (pairs,); 0 for a pair without posts.
    """
    one_hot = np.eye(len(EMOTIONS))[np.asarray(gold, dtype=int)]
    counts, sizes_of = one_hot.T @ taken, one_hot.sum(axis=0)
    first, second = np.triu_indices(len(EMOTIONS), 1)
    totals = sizes_of[first] + sizes_of[second]
    return np.divide(counts[first, second] + counts[second, first], np.maximum(totals, 1))


def pair_excess(gold: Any, taken: Any) -> float:
    """Confusion of anger and disgust minus the mean of the other pairs."""
    pairs = pair_confusion(gold, taken)
    return float(pairs[0] - pairs[1:].mean())
