"""The floors of ``emotion_probing``: what needs no hidden state, and what a probe makes of labels that mean nothing."""

from typing import Any

import numpy as np
import pandas as pd

from thymos.interpret.pooled_states import MEAN
from thymos.interpret.probes import LinearProbe
from thymos.measure.floors import majority_floor
from thymos.measure.text_floor import text_floor
from thymos.studies._probing_data import EMOTIONS, RAW, data, percent, states_of
from thymos.studies._probing_fits import COSTS, TEST, Scorer, choose
from thymos.studies.contract import Context, Row, RowKind

MAJORITY, WORDS, MEANS = "most frequent emotion", "TF-IDF + linear", "mean-pooled embeddings + linear"
SHUFFLED = f"linear probe, raw text, {percent(0.5)} depth, shuffled training labels"
WORD_COSTS = (0.03, 0.1, 0.3, 1.0)


def words_table(ctx: Context) -> pd.DataFrame:
    """TF-IDF and a linear model, its cost chosen on development posts."""

    def compute() -> pd.DataFrame:
        found = data(ctx)
        train, dev = found.train, found.dev
        floor = text_floor(
            train.texts, train.labels, found.test.texts, costs=WORD_COSTS, development=(dev.texts, dev.labels),
            metric="accuracy",
        )  # fmt: skip
        return pd.DataFrame({"gold": found.test.labels, "predicted": floor.predictions, "cost": floor.cost})

    return ctx.table("words", compute)


def floors(ctx: Context) -> list[Row]:
    """The most frequent emotion, and a bag of words."""
    found, scorer = data(ctx), Scorer.of(ctx)
    most = majority_floor(found.train.labels, found.test.texts)
    table = words_table(ctx)
    note = f"C = {table['cost'].iloc[0]:g} by accuracy on development posts"
    right = table["gold"] == table["predicted"]
    constant = "all emotions are equally frequent in training, the first is taken"
    return [
        scorer.mean(most == found.test.labels, MAJORITY, RowKind.FLOOR, note=constant, seeds=()),
        scorer.mean(right, WORDS, RowKind.FLOOR, note=note, seeds=()),
        *(
            scorer.mean(right[table["gold"] == emotion], WORDS, RowKind.FLOOR, "recall", f"{TEST}/{emotion}", seeds=())
            for emotion in EMOTIONS
        ),
    ]


def means_table(ctx: Context) -> pd.DataFrame:
    """The floors that need the model's embedding table or its states: mean embeddings, and shuffled labels."""

    def compute() -> pd.DataFrame:
        found, states = data(ctx), states_of(ctx, RAW)
        labels = found.train.labels

        def fit_to(own: Any, targets: Any) -> tuple[Any, float]:
            probe, settings = choose(
                lambda settings: LinearProbe(**settings).fit(own["train"], targets),
                [{"cost": cost} for cost in COSTS],
                (own["dev"], found.dev.labels),
            )
            return probe.predict(own["test"]), float(settings["cost"])

        embeddings, cost = fit_to(states.at(0.0, MEAN), labels)
        shuffled = np.random.default_rng(ctx.settings.seed).permutation(labels)
        luck, _ = fit_to(states.at(0.5), shuffled)
        return pd.DataFrame({"gold": found.test.labels, MEANS: embeddings, SHUFFLED: luck, "cost": cost})

    return ctx.table("means", compute)


def model_floors(ctx: Context) -> list[Row]:
    """Means of the input embeddings, which no layer has touched, and labels that mean nothing."""
    table, scorer = means_table(ctx), Scorer.of(ctx)
    seeds = (ctx.settings.seed,)
    note = f"of the raw text's tokens; cost {table['cost'].iloc[0]:g} by accuracy on development posts"
    return [
        scorer.mean(table["gold"] == table[MEANS], MEANS, RowKind.FLOOR, note=note, seeds=seeds),
        scorer.mean(table["gold"] == table[SHUFFLED], SHUFFLED, RowKind.FLOOR, seeds=seeds),
    ]
