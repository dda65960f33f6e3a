"""The language model's part in the study of hybrid empathy: one stage, two stages, and fusion with a small model."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.language.load import load_language_model
from thymos.language.model import LanguageModel
from thymos.perceive.recognizer import Codes, Floats
from thymos.respond.hybrid.fusion import fit_trust
from thymos.respond.hybrid.small_models import ranked
from thymos.respond.hybrid.two_stage import TwoStage, label_scores, two_stage_scores
from thymos.studies._empathy_data import TURNS
from thymos.studies._empathy_small import ATTENTION, DEVELOPMENT, PLUGINS, TEST, Small, asked, codes_of, key_of, says
from thymos.studies.contract import Context

CANDIDATES = 3
SWEEP = (1, 3, 5, 8)
PART = {"valid": DEVELOPMENT, "test": TEST}
SMALL, RANDOM = "small model", "random"


class Asked(NamedTuple):
    """Dialogues that the language model is asked about, with what is known of them.

    Args:
        texts: what speakers say.
        gold: places of the emotions in the classes.
        workers: for clusters.
        small: probabilities by the small model.
        classes: names of the emotions.
    """

    texts: list[str]
    gold: Codes
    workers: pd.Series
    small: Floats
    classes: list[str]


def dialogues(ctx: Context, part: str, small: Small = ATTENTION) -> Asked:
    """The drawn dialogues of a part."""
    chosen = asked(ctx, part)
    shares = says(ctx, small).shares(PART[part]).loc[chosen.texts.index]
    gold = codes_of(chosen.emotions, shares.columns)
    names = [str(name) for name in shares.columns]
    return Asked(chosen.texts[TURNS].tolist(), gold, chosen.workers, shares.to_numpy(), names)


def language_model(ctx: Context) -> LanguageModel:
    """The language model of the run, with the cache of its answers."""
    return load_language_model(ctx.settings.model)


def direct_scores(ctx: Context, part: str) -> Floats:
    """Scores of all labels in one stage, texts × classes."""
    given = dialogues(ctx, part)

    def compute() -> pd.DataFrame:
        labels = [given.classes] * len(given.texts)
        rows = label_scores(language_model(ctx), given.texts, labels, progress=ctx.progress(f"one stage, {part}"))
        return pd.DataFrame(np.stack(rows), columns=given.classes)

    return ctx.table(f"direct_{part}", compute).to_numpy()


def stages(ctx: Context, part: str, candidates: str = SMALL, small: Small = ATTENTION) -> TwoStage:
    """Scores of both stages; candidates by the small model, or drawn by chance."""
    given = dialogues(ctx, part, small)
    count = len(given.classes)
    if candidates == RANDOM:
        rng = np.random.default_rng(ctx.settings.seed)
        places = np.array([rng.permutation(count)[:CANDIDATES] for _ in given.texts])
    else:
        places = np.array([row[:CANDIDATES] for row in ranked(given.small)])

    def compute() -> pd.DataFrame:
        found = two_stage_scores(
            language_model(ctx), given.texts, places, given.classes, progress=ctx.progress(f"two stages, {part}")
        )
        columns = {f"first_{k}": found.first[:, k] for k in range(CANDIDATES)} | {"none": found.none}
        return pd.DataFrame(columns | {f"second_{k}": found.second[:, k] for k in range(count)})

    table = ctx.table(f"stages_{part}_{key_of(candidates)}_{key_of(small.name)}", compute)
    first = table[[f"first_{k}" for k in range(CANDIDATES)]].to_numpy()
    second = table[[f"second_{k}" for k in range(count)]].to_numpy()
    return TwoStage(first, table["none"].to_numpy(), places.astype(np.int64), second)


def without_prior(ctx: Context, scores: Floats) -> Floats:
    """Scores minus what the language model says on average about development dialogues."""
    return scores - direct_scores(ctx, "valid").mean(axis=0)


def restricted(scores: Floats, small: Floats, most: int) -> Codes:
    """The label with the best score among the ``most`` that the small model finds likely."""
    kept = np.full(scores.shape, -np.inf)
    for row, places in enumerate(ranked(small)):
        kept[row, places[:most]] = scores[row, places[:most]]
    chosen: Codes = kept.argmax(axis=1)
    return chosen


def answers(ctx: Context) -> dict[str, Codes]:
    """What every way of asking says about the drawn test dialogues."""
    dev, test = dialogues(ctx, "valid"), dialogues(ctx, "test")
    direct = direct_scores(ctx, "test")
    two = stages(ctx, "test")
    found: dict[str, npt.NDArray[np.int64]] = {
        "one stage": direct.argmax(axis=1),
        "one stage, prior subtracted": without_prior(ctx, direct).argmax(axis=1),
        "two stages": two.chosen(),
        "two stages, threshold": two.chosen(stages(ctx, "valid").fitted_threshold(dev.gold)),
        "two stages, random candidates": stages(ctx, "test", RANDOM).chosen(),
    }
    for most in SWEEP[1:]:
        found[f"one stage among {most} candidates"] = restricted(without_prior(ctx, direct), test.small, most)
    for small in PLUGINS:
        own, other = dialogues(ctx, "test", small), dialogues(ctx, "valid", small)
        fusion = fit_trust(other.small, direct_scores(ctx, "valid"), other.gold)
        found[f"small model alone: {small.name}"] = own.small.argmax(axis=1)
        found[f"fusion: {small.name}"] = fusion(own.small, direct).argmax(axis=1)
    return found


def trusts(ctx: Context) -> dict[str, float]:
    """How much each fusion trusts the language model."""
    found = {}
    for small in PLUGINS:
        other = dialogues(ctx, "valid", small)
        found[small.name] = fit_trust(other.small, direct_scores(ctx, "valid"), other.gold).trust
    return found
