"""The language model's arms of the study of skill coaching, on pairs drawn evenly by level."""

import numpy as np
import pandas as pd

from thymos.language.load import load_language_model
from thymos.respond.coach.examples import LEVELS, Codes
from thymos.respond.coach.language_rating import ARMS, CONTEXT_WORDS, DRAFT_WORDS, LanguageModelRater
from thymos.respond.coach.mechanisms import MECHANISMS
from thymos.respond.coach.seed_set import rubrics
from thymos.studies._coaching_systems import bank, gold, part
from thymos.studies.contract import Context

NAMES = {
    "zero-shot": "language model, zero-shot",
    "rubric": "language model, rubric",
    "reasoning": "language model, rubric and reasoning",
    "random": "language model, rubric and random demonstrations",
    "kNN": "language model, rubric and kNN demonstrations",
    "contrast": "language model, rubric and contrast pairs",
}
DRAWN = {"test": 12, "dev": 4}  # of each level and mechanism
DEMONSTRATIONS = 1  # of each level; pairs of each kind
QUICK_WORDS = (6, 10)


def drawn(ctx: Context, name: str, mechanism: str) -> Codes:
    """Places of the pairs of a part that the language model is asked about: up to so many of each level.

    A quick run asks about two test pairs of each mechanism, and subtracts nothing.
    """
    codes = gold(ctx, name, mechanism)
    most = 1 if ctx.settings.quick else DRAWN[name]
    rng = np.random.default_rng([ctx.settings.seed, MECHANISMS.index(mechanism)])
    order = rng.permutation(len(codes))
    chosen = [place for code in range(len(LEVELS)) for place in order[codes[order] == code][:most]]
    return np.sort(np.array(chosen[:2] if ctx.settings.quick else chosen, dtype=np.int64))


def scores(ctx: Context, name: str, arm: str) -> dict[str, pd.DataFrame]:
    """Log shares of none, weak and strong for the drawn pairs, by mechanism."""

    def compute() -> pd.DataFrame:
        model = load_language_model(ctx.settings.model)
        words = QUICK_WORDS if ctx.settings.quick else (CONTEXT_WORDS, DRAFT_WORDS)
        tables = []
        for mechanism in MECHANISMS:
            places = drawn(ctx, name, mechanism)
            rater = LanguageModelRater(
                model, rubrics()[mechanism], bank(ctx, mechanism), arm=arm, k=DEMONSTRATIONS,
                seed=ctx.settings.seed, words=words,
            )  # fmt: skip
            drafts = part(ctx, name).drafts
            found = rater.scores(
                [drafts[place] for place in places], ctx.progress(f"{arm}, {name}, {mechanism.replace('_', ' ')}")
            )
            tables.append(pd.DataFrame(found, columns=list(LEVELS)).assign(mechanism=mechanism, place=places))
        return pd.concat(tables, ignore_index=True)

    table = ctx.table(f"scores_{name}_{arm.replace('-', '_')}", compute)
    return {name: table[table["mechanism"] == name] for name in MECHANISMS}


def said_by_arm(ctx: Context, arm: str, *, prior: bool = True) -> dict[str, Codes]:
    """The level that an arm gives to each drawn test pair, by mechanism.

    Args:
        ctx: of the study.
        arm: of the card.
        prior: subtract what the model says on average about the drawn development pairs.
    """
    found = {}
    prior = prior and not ctx.settings.quick
    test = scores(ctx, "test", arm)
    dev = scores(ctx, "dev", arm) if prior else {}
    for mechanism in MECHANISMS:
        values = test[mechanism][list(LEVELS)].to_numpy(dtype=float)
        if prior:
            values = values - dev[mechanism][list(LEVELS)].to_numpy(dtype=float).mean(axis=0)
        found[mechanism] = np.asarray(values.argmax(axis=1), dtype=np.int64)
    return found


def all_arms(ctx: Context) -> dict[str, dict[str, Codes]]:
    """Every arm by its name in the rows, with the prior subtracted."""
    return {NAMES[arm]: said_by_arm(ctx, arm) for arm in ARMS}
