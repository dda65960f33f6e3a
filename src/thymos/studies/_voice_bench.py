"""The benchmark of forty emotions, where a user has it: experts, floors, and heads trained on acted speech."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.emonet_voice_bench import SCHEME, stream_audio
from thymos.measure.ceilings import one_rater_against_rest
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.fine_grained.benchmark import METRICS, RESAMPLES, SCALES, SEED, expert_targets, score_targets
from thymos.perceive.fine_grained.coarse_transfer import CoarseTransfer
from thymos.perceive.fine_grained.rater_agreement import agreement_by_emotion
from thymos.studies._voice_features import clip_columns, clip_row, clip_table
from thymos.studies._voice_systems import HEADS_BALANCED, elsewhere
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind

BENCH = "emonet_voice_bench"
SUBSET = "bench/target emotion"
RATER, MEAN = "one expert against the mean of the others", "the mean of all clips"
NOTE = "0 to 10; bootstrap of 1,000 with seed 42 as published, single clips: the voices are not named"


def targets_of(ctx: Context) -> pd.DataFrame:
    """Target emotion and mean expert score of every clip that was rated for one of the forty emotions."""
    return expert_targets(ctx.corpus(BENCH).rated().select(scheme=SCHEME.name))


def expert_ceiling(ctx: Context) -> list[Row]:
    """What one expert reaches against the others, how far they agree, and the floor of a constant."""
    rated = ctx.corpus(BENCH).rated().select(scheme=SCHEME.name).table
    ratings = pd.DataFrame(
        {
            "item": rated["item"].astype(str),
            "rater": rated["rater"].astype(str),
            "emotion": rated["label"].astype(str),
            "value": rated["value"].to_numpy(dtype=float),
        }
    )
    table = ratings.pivot(index="item", columns="rater", values="value") * (10 / SCALES["human"].highest)
    rows = []
    for metric in METRICS:
        found = one_rater_against_rest(table, metric, aggregate="mean")
        interval = bootstrap_interval(
            metric, (found.gold, found.predicted), found.items, resamples=RESAMPLES, seed=SEED
        )
        rows.append(
            Row.of_interval(interval, system=RATER, kind=RowKind.CEILING, metric=metric, subset=SUBSET, seeds=(SEED,))
        )
    agreement = agreement_by_emotion(ratings, level="ordinal")
    for emotion, one in agreement.iterrows():
        if np.isfinite(one["krippendorff_alpha"]):
            value, count = float(one["krippendorff_alpha"]), int(one["items"])
            rows.append(
                Row("Krippendorff alpha", RowKind.CEILING, "agreement", f"bench/{emotion}", value, count, NO_SPLIT)
            )
    gold = targets_of(ctx)["gold"].to_numpy()
    for metric in ("mae", "rmse"):
        constant = np.full(len(gold), gold.mean())
        interval = bootstrap_interval(metric, (gold, constant), resamples=RESAMPLES, seed=SEED)
        rows.append(
            Row.of_interval(
                interval, system=MEAN, kind=RowKind.FLOOR, metric=metric, subset=SUBSET, seeds=(SEED,),
                note="told the mean of the benchmark itself; its correlations are 0",
            )
        )  # fmt: skip
    return rows


def bench_features(ctx: Context, corpus: Corpus) -> pd.DataFrame:
    """Features of the benchmark's clips, whose sound stands inside parquet files."""

    def compute() -> pd.DataFrame:
        rows, index = [], []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip"
            for item, content in ctx.track(stream_audio(corpus), "measuring the benchmark", total=len(corpus.items)):
                path.write_bytes(content)
                rows.append(clip_row(str(path)))
                index.append(item)
        table = pd.DataFrame(np.stack(rows), index=pd.Index(index, name="item"), columns=clip_columns())
        return table.reindex(corpus.items.index)

    return ctx.table("clips_bench", compute)


def transferred_heads(ctx: Context, slug: str, items: pd.DataFrame, transfer: CoarseTransfer) -> list[Row]:
    """Heads trained on the coarse labels of acted speech, scored on forty emotions.

    Args:
        ctx: of the run.
        slug: the corpus of acted speech.
        items: its recordings.
        transfer: its coarse map.
    """
    corpus = ctx.corpus(BENCH)
    train = clip_table(ctx, slug, items)
    scores = elsewhere(HEADS_BALANCED, train, items["emotion"], bench_features(ctx, corpus), ctx.settings.quick)
    result = score_targets(targets_of(ctx), transfer.spread(scores), "head")
    system = f"{HEADS_BALANCED}, trained on {slug}"
    rows = [
        Row.of_interval(
            interval, system=system, kind=RowKind.SYSTEM, metric=metric, subset=SUBSET, seeds=(SEED,), note=NOTE,
            guarantee="other corpus",
        )
        for metric, interval in result.scores.items()
    ]  # fmt: skip
    refusals = Row(system, RowKind.SYSTEM, "refusal_rate", SUBSET, result.refusal_rate, result.items, "other corpus")
    return [*rows, refusals]
