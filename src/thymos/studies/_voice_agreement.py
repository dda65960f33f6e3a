"""How far people agree on single emotions: experts on forty in generated faces, crowds on six in acted voices."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from thymos.measure.metric import Additive
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.perceive.fine_grained.rater_agreement import pairwise_cronbach
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind

EXPERTS, CROWD = "emonet_taxonomy", "cremad_votes"
KRIPPENDORFF, CRONBACH = "Krippendorff alpha", "Cronbach alpha, mean over pairs of raters"
CONFIRMED = "next expert confirms a yes"
STOPPED = "meaningless here: a question went on to the next expert only after a yes"
NO_IDENTITY = "votes carry no rater, so that Cronbach's alpha cannot be computed"


class Question(NamedTuple):
    """Votes on yes-or-no questions: one row a question (an item and an emotion), columns no and yes."""

    counts: np.ndarray
    items: np.ndarray  # what is drawn whole
    emotions: np.ndarray


def alpha_of_sums(counts: np.ndarray) -> Additive:
    """Krippendorff's nominal alpha as a function of sums over questions, so that it can be resampled at once.

    Alpha is 1 - (N - 1) D / (N² - Σ n²): D the disagreeing pairs of each question, divided by its ratings minus 1,
    N all ratings, n those of a class (Krippendorff 2004, ch. 11). ``krippendorff_from_counts`` gives the same number.

    Args:
        counts: shape (questions, classes); every question has two ratings or more.
    """
    votes = counts.astype(float)
    raters = votes.sum(axis=1)
    apart = (raters**2 - (votes**2).sum(axis=1)) / (raters - 1)
    kinds, codes = np.unique(np.column_stack([apart, votes]), axis=0, return_inverse=True)

    def finish(sums: np.ndarray) -> np.ndarray:
        used = sums[..., 1:]
        total = used.sum(axis=-1)
        return np.asarray(1 - (total - 1) * sums[..., 0] / (total**2 - (used**2).sum(axis=-1)))

    return Additive(codes.ravel().astype(np.int64), kinds, finish)


def alpha_interval(ctx: Context, questions: Question) -> Interval:
    """Krippendorff's alpha over all questions with its interval, clustered by item or person."""
    return bootstrap_interval(alpha_of_sums(questions.counts), (), questions.items, resamples=ctx.resamples)


def expert_ratings(ctx: Context) -> pd.DataFrame:
    """Columns item, rater, emotion, value of every yes (1) and no (0) of the experts."""
    table = ctx.corpus(EXPERTS).rated().table
    return pd.DataFrame(
        {
            "item": table["item"].astype(str),
            "rater": table["rater"].astype(str),
            "emotion": table["label"].astype(str),
            "value": table["value"].to_numpy(dtype=float),
        }
    )


def expert_rows(ctx: Context) -> list[Row]:
    """How often the next expert confirms a yes, and the alphas that such a design makes meaningless.

    A question went on to a second and third expert only after a yes, so that the questions with several answers are
    those where the first said yes: chance-corrected agreement on them falls below zero whatever the experts see.
    """
    ratings = expert_ratings(ctx)
    pairs = followed_yes(ratings)
    rows = []
    for subset, own in [("all emotions", pairs), *pairs.groupby("emotion", sort=True)]:
        if own["item"].nunique() < 2:
            continue
        interval = bootstrap_interval("mean", (own["confirmed"].to_numpy(),), own["item"], resamples=ctx.resamples)
        rows.append(
            Row.of_interval(
                interval,
                system=CONFIRMED,
                kind=RowKind.CEILING,
                metric="confirmation_rate",
                subset=f"emonet faces/{subset}",
            )
        )
    yes = ratings.groupby(["item", "emotion"], sort=False)["value"].agg(["sum", "size"]).reset_index()
    yes = yes[yes["size"] >= 2]
    questions = Question(
        np.column_stack([yes["size"] - yes["sum"], yes["sum"]]), yes["item"].to_numpy(), yes["emotion"].to_numpy()
    )
    row: dict[str, Any] = {"kind": RowKind.CONTROL, "metric": "agreement", "subset": "emonet faces/all emotions"}
    rows.append(Row.of_interval(alpha_interval(ctx, questions), system=KRIPPENDORFF, note=STOPPED, **row))
    asked = ratings.assign(question=ratings["item"] + "/" + ratings["emotion"])
    cronbach = pairwise_cronbach(asked.pivot(index="question", columns="rater", values="value"))
    if np.isfinite(cronbach):
        rows.append(Row(system=CRONBACH, value=cronbach, n=len(yes), guarantee=NO_SPLIT, note=STOPPED, **row))
    return rows


def followed_yes(ratings: pd.DataFrame) -> pd.DataFrame:
    """Every yes that another expert answered after it: item, emotion, and whether that one said yes as well.

    Args:
        ratings: as of ``expert_ratings``, the answers to one question in the order in which they were given.
    """
    following = ratings.groupby(["item", "emotion"], sort=False)["value"].shift(-1)
    chosen = (ratings["value"] == 1) & following.notna()
    return ratings.loc[chosen, ["item", "emotion"]].assign(confirmed=following[chosen])


def crowd_rows(ctx: Context) -> list[Row]:
    """Agreement of the crowd on each of six emotions in acted voices: was it chosen or not."""
    corpus = ctx.corpus(CROWD)
    items = corpus.items[corpus.items["modality"] == "voice"]
    votes = corpus.rated().votes().reindex(items.index)
    raters = votes.sum(axis=1)
    every = []
    for emotion in votes.columns:
        counts = np.column_stack([raters - votes[emotion], votes[emotion]])
        every.append(Question(counts, items["actor"].to_numpy(), np.full(len(items), emotion)))
    together = Question(*(np.concatenate(parts) for parts in zip(*every, strict=True)))
    rows = []
    for subset, questions in [("all emotions", together), *((str(one.emotions[0]), one) for one in every)]:
        rows.append(
            Row.of_interval(
                alpha_interval(ctx, questions),
                system=KRIPPENDORFF,
                kind=RowKind.CEILING,
                metric="agreement",
                subset=f"cremad voices/{subset}",
                note=NO_IDENTITY,
            )
        )
    return rows
