"""Where the word branch of ``reader_emotion`` looks: attention against emotion words, before and after enrichment."""

from collections.abc import Collection

import numpy as np

from thymos.errors import BadInput
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.reader_emotion.attention import attention_similarity, document_aucs, word_attention
from thymos.studies._reader_data import CONSTRAINTS, OTHERS, headlines, lexicons
from thymos.studies._reader_models import (
    CARD,
    GUARANTEE,
    SPLITS,
    WORDS_ENRICHED,
    WORDS_PLAIN,
    WORDS_SHUFFLED,
    Predictions,
    System,
    predictions,
    seeds_of,
)
from thymos.studies.contract import Context, Row, RowKind

LOOKED_AT = (WORDS_PLAIN, WORDS_ENRICHED, WORDS_SHUFFLED)
UNCONSTRAINED = f"{OTHERS} without a constraint"
NOTES = {
    CONSTRAINTS: "circular for the enriched branch: its vectors were fitted to these words",
    UNCONSTRAINED: "no constraint names these words",
}


def attention_rows(ctx: Context) -> list[Row]:
    """Area under the ROC curve of attention against lexicon words, inside headlines; mean over seeds."""
    words, found = headlines(ctx).words, lexicons(ctx)
    constrained = found[CONSTRAINTS].words
    sets: dict[str, tuple[Collection[str], Collection[str]]] = {
        CONSTRAINTS: (constrained, ()),
        UNCONSTRAINED: (found[OTHERS].words - constrained, constrained),
    }
    rows = []
    for name, (lexicon, leave_out) in sets.items():
        areas = {system.name: mean_areas(predictions(ctx, system), words, lexicon, leave_out) for system in LOOKED_AT}
        for system in LOOKED_AT:
            rows.append(_row(ctx, np.array(list(areas[system.name].values())), system.name, "attention_auc", name,
                             RowKind.ABLATION if system is not WORDS_SHUFFLED else RowKind.CONTROL))  # fmt: skip
        plain, enriched = areas[WORDS_PLAIN.name], areas[WORDS_ENRICHED.name]
        gaps = np.array([enriched[document] - plain[document] for document in plain])
        rows.append(_row(ctx, gaps, f"{WORDS_ENRICHED.name} minus {WORDS_PLAIN.name}", "attention_auc_difference", name,
                         RowKind.ABLATION))  # fmt: skip
    return [*rows, similarity_row(ctx, WORDS_ENRICHED, WORDS_PLAIN)]


def mean_areas(
    found: Predictions, words: list[list[str]], lexicon: Collection[str], leave_out: Collection[str]
) -> dict[int, float]:
    """Mean over seeds of the area of each headline that has words of both kinds."""
    texts = [words[row] for row in found.rows]
    looked = [word_attention(texts, own) for own in found.attention]
    try:
        by_seed = [document_aucs(own, lexicon, leave_out) for own in looked]
    except BadInput:  # no headline has words of both kinds
        return {}
    return {document: float(np.mean([areas[document] for areas in by_seed])) for document in by_seed[0]}


def similarity_row(ctx: Context, first: System, second: System) -> Row:
    """Cosine of min-max attention of two branches, seed by seed."""
    words = headlines(ctx).words
    one, other = predictions(ctx, first), predictions(ctx, second)
    texts = [words[row] or ["?"] for row in one.rows]
    values = np.mean(
        [
            attention_similarity(word_attention(texts, mine), word_attention(texts, theirs))
            for mine, theirs in zip(one.attention, other.attention, strict=True)
        ],
        axis=0,
    )
    return _row(ctx, values, f"{first.name} and {second.name}", "attention_cosine", CARD, RowKind.ABLATION)


def _row(ctx: Context, values: np.ndarray, system: str, metric: str, subset: str, kind: RowKind) -> Row:
    """A mean over headlines; without two headlines there is no interval, without one no value."""
    note = NOTES.get(subset, "mean over seeds")
    if len(values) < 2:
        value = float(values[0]) if len(values) else None
        return Row(system, kind, metric, subset, value, len(values), GUARANTEE, split=SPLITS[CARD],
                   note=f"too few headlines for an interval; {note}")  # fmt: skip
    interval = bootstrap_interval("mean", (values,), resamples=ctx.resamples)
    return Row.of_interval(
        interval, system=system, kind=kind, metric=metric, subset=subset, split=SPLITS[CARD], guarantee=GUARANTEE,
        seeds=seeds_of(ctx), note=note,
    )  # fmt: skip
