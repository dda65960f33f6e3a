"""Systems of the study of skill coaching that need no language model, chosen on development pairs."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.files import cache_folder
from thymos.language.load import load_encoder
from thymos.measure.registry import score_function
from thymos.measure.text_floor import text_floor
from thymos.perceive.text_ensemble import fit_pool
from thymos.respond.coach.examples import LEVELS, Codes, Example, ExampleBank, Floats, codes_of
from thymos.respond.coach.mechanisms import MECHANISMS, RatedPairs, rated_pairs
from thymos.respond.coach.raters import VOTES, LevelRater, MajorityRater, NeighborVoteRater, VectorRater
from thymos.respond.coach.tuned import TunedPairRater, best_offsets, with_offsets
from thymos.studies.contract import Context

CORPUS, ENCODER = "epitome", "minilm"
MAJORITY, LINEAR = "majority", "TF-IDF + linear"
VOTE, HEAD = "kNN vote", "linear head on sentence vectors"
TUNED, TUNED_OFFSETS = "tuned MiniLM on pairs", "tuned MiniLM on pairs, thresholds chosen on dev"
POOL = "pool of words, vectors and tuned encoder"
NEIGHBORS = (1, 3, 5, 9, 15)
COSTS = (0.01, 0.1, 1.0)
FLOOR_COSTS = (0.1, 1.0, 10.0)
POOL_COSTS = (1.0, 10.0, 100.0)
FOLDS = 5
EPOCHS, MOST_TOKENS = 5, 128
QUICK = {"train": 150, "dev": 40, "test": 40}


def part(ctx: Context, name: str) -> RatedPairs:
    """Train, dev or test; in a quick run their first pairs."""
    found = rated_pairs(ctx.corpus(CORPUS), name)
    if not ctx.settings.quick:
        return found
    most = QUICK[name]
    return RatedPairs(found.items.iloc[:most], {key: rated[:most] for key, rated in found.examples.items()})


def gold(ctx: Context, name: str, mechanism: str) -> Codes:
    """Levels of a part: 0 none, 1 weak, 2 strong."""
    return codes_of(part(ctx, name).examples[mechanism])


def bank(ctx: Context, mechanism: str) -> ExampleBank:
    """The training pairs of a mechanism with their vectors; built once a run."""
    key = (str(ctx.folder), mechanism)
    if key not in _BANKS:
        if all(folder != key[0] for folder, _ in _BANKS):
            _BANKS.clear()  # of an earlier run in this process
        _BANKS[key] = ExampleBank(part(ctx, "train").examples[mechanism], load_encoder(ENCODER))
    return _BANKS[key]


_BANKS: dict[tuple[str, str], ExampleBank] = {}


class Said:
    """What a system says about development and test pairs.

    Args:
        dev: codes by mechanism.
        test: the same.
        note: how it was chosen.
    """

    def __init__(self, dev: dict[str, Codes], test: dict[str, Codes], note: str = "") -> None:
        self.dev, self.test, self.note = dev, test, note


def mean_macro_f1(ctx: Context, said: dict[str, Codes], name: str = "dev") -> float:
    """Mean over the mechanisms of macro F1."""
    macro_f1 = score_function("macro_f1")
    return float(np.mean([macro_f1(gold(ctx, name, mechanism), said[mechanism]) for mechanism in MECHANISMS]))


def kept(ctx: Context, key: str, compute: Callable[[], Said]) -> Said:
    """Compute once a run; kept as a table."""

    def as_table() -> pd.DataFrame:
        found = compute()
        rows = [
            (name, mechanism, place, int(code), found.note)
            for name, codes in (("dev", found.dev), ("test", found.test))
            for mechanism in MECHANISMS
            for place, code in enumerate(codes[mechanism])
        ]
        return pd.DataFrame(rows, columns=["part", "mechanism", "place", "code", "note"])

    table = ctx.table(f"said_{key}", as_table)
    codes = {
        name: {
            mechanism: table.loc[(table["part"] == name) & (table["mechanism"] == mechanism), "code"].to_numpy(
                dtype=np.int64
            )
            for mechanism in MECHANISMS
        }
        for name in ("dev", "test")
    }
    return Said(codes["dev"], codes["test"], str(table["note"].iloc[0]))


def majority(ctx: Context) -> Said:
    """The most frequent level."""

    def compute() -> Said:
        raters = {mechanism: MajorityRater(part(ctx, "train").examples[mechanism]) for mechanism in MECHANISMS}
        return _both(ctx, raters)

    return kept(ctx, "majority", compute)


def linear(ctx: Context) -> Said:
    """TF-IDF of answers, or of posts and answers, with a linear machine; input and cost chosen on dev."""

    def compute() -> Said:
        tried = {name: _linear(ctx, name) for name in ("answer", "post and answer")}
        best = max(tried, key=lambda name: mean_macro_f1(ctx, tried[name].dev))
        found = tried[best]
        return Said(found.dev, found.test, f"input: {best}, costs {found.note}, chosen on dev")

    return kept(ctx, "linear", compute)


def _linear(ctx: Context, given: str) -> Said:
    def texts(examples: Sequence[Example]) -> list[str]:
        return [f"{one.context}\n{one.text}" if given != "answer" else one.text for one in examples]

    dev: dict[str, Codes] = {}
    test: dict[str, Codes] = {}
    costs = []
    for mechanism in MECHANISMS:
        train, held, asked = (part(ctx, name).examples[mechanism] for name in ("train", "dev", "test"))
        found = text_floor(
            texts(train), codes_of(train), texts(held) + texts(asked),
            costs=FLOOR_COSTS, development=(texts(held), codes_of(held)),
        )  # fmt: skip
        codes = np.asarray(found.predictions, dtype=np.int64)
        dev[mechanism], test[mechanism] = codes[: len(held)], codes[len(held) :]
        costs.append(f"{found.cost:g}")
    return Said(dev, test, "/".join(costs))


def neighbors(ctx: Context) -> Said:
    """Votes of the nearest training answers; how many and how they vote is chosen on dev."""

    def compute() -> Said:
        tried = {}
        for votes in VOTES:
            for k in NEIGHBORS:
                tried[votes, k] = {
                    mechanism: NeighborVoteRater(bank(ctx, mechanism), k=k, votes=votes) for mechanism in MECHANISMS
                }
        return _chosen(ctx, {f"{votes}, k={k}": raters for (votes, k), raters in tried.items()})

    return kept(ctx, "neighbors", compute)


def heads(ctx: Context) -> Said:
    """A logistic or ordinal head on sentence vectors; head, cost and whether the post is read chosen on dev."""

    def compute() -> Said:
        costs = COSTS[:1] if ctx.settings.quick else COSTS
        tried = {
            f"{head}, C={cost:g}, {'post and answer' if context else 'answer'}": {
                mechanism: VectorRater(bank(ctx, mechanism), head=head, cost=cost, context=context)
                for mechanism in MECHANISMS
            }
            for head in ("logistic", "ordinal")
            for cost in costs
            for context in (False, True)
        }
        return _chosen(ctx, tried)

    return kept(ctx, "heads", compute)


def _chosen(ctx: Context, tried: Mapping[str, Mapping[str, LevelRater]]) -> Said:
    """The raters with the best mean macro F1 on development pairs; test is rated by them only."""
    said = {name: _rated(ctx, raters, "dev") for name, raters in tried.items()}
    best = max(said, key=lambda name: mean_macro_f1(ctx, said[name]))
    return Said(said[best], _rated(ctx, tried[best], "test"), f"{best}, chosen on dev among {len(tried)}")


def _both(ctx: Context, raters: Mapping[str, LevelRater]) -> Said:
    return Said(_rated(ctx, raters, "dev"), _rated(ctx, raters, "test"))


def _rated(ctx: Context, raters: Mapping[str, LevelRater], name: str) -> dict[str, Codes]:
    drafts = part(ctx, name).drafts
    return {mechanism: np.asarray(rater.shares(drafts).argmax(axis=1)) for mechanism, rater in raters.items()}


# -- the tuned encoder and the pool -----------------------------------------------------------------------------------

Shares = dict[str, dict[str, Floats]]
"""By part and mechanism: probabilities of none, weak and strong."""


def tuned_shares(ctx: Context) -> tuple[Shares, str]:
    """What the tuned encoder says about development and test pairs, and how its passes went."""

    def compute() -> pd.DataFrame:
        train, dev = part(ctx, "train"), part(ctx, "dev")
        rater = TunedPairRater(
            MECHANISMS,
            encoder=ENCODER,
            epochs=EPOCHS,
            max_tokens=MOST_TOKENS,
            checkpoints=str(cache_folder("tuning")),
            seed=ctx.settings.seed,
        ).fit(
            (train.drafts, {mechanism: gold(ctx, "train", mechanism) for mechanism in MECHANISMS}),
            (dev.drafts, {mechanism: gold(ctx, "dev", mechanism) for mechanism in MECHANISMS}),
            progress=ctx.progress(TUNED),
        )
        found = {"dev": rater.development_shares_, "test": rater.all_shares(part(ctx, "test").drafts)}
        return _share_table(found).assign(passes=str(np.round(rater.development_, 3)))

    table = ctx.table("tuned_shares", compute)
    return _shares_of(table), f"mean macro F1 on dev after each pass {table['passes'].iloc[0]}"


def small_shares(ctx: Context) -> dict[str, Shares]:
    """What a linear model of words and a linear head on sentence vectors say, as probabilities."""

    def words() -> pd.DataFrame:
        found: Shares = {"dev": {}, "test": {}}
        for mechanism in MECHANISMS:
            train, dev, test = (part(ctx, name).examples[mechanism] for name in ("train", "dev", "test"))
            texts = [one.text for one in [*dev, *test]]
            codes, own = codes_of(train), codes_of(dev)
            shares = text_floor(
                [one.text for one in train], codes, texts, classifier="logistic", costs=POOL_COSTS,
                development=([one.text for one in dev], own),
            )  # fmt: skip
            order = [shares.labels.index(code) for code in range(len(LEVELS))]
            found["dev"][mechanism] = shares.scores[: len(dev), order]
            found["test"][mechanism] = shares.scores[len(dev) :, order]
        return _share_table(found)

    def vectors() -> pd.DataFrame:
        raters = {mechanism: VectorRater(bank(ctx, mechanism), cost=COSTS[1]) for mechanism in MECHANISMS}
        return _share_table(
            {
                name: {mechanism: rater.shares(part(ctx, name).drafts) for mechanism, rater in raters.items()}
                for name in ("dev", "test")
            }
        )

    return {
        "words": _shares_of(ctx.table("word_shares", words)),
        "vectors": _shares_of(ctx.table("vector_shares", vectors)),
    }


def _share_table(found: Mapping[str, Mapping[str, Floats]]) -> pd.DataFrame:
    tables = [
        pd.DataFrame(shares, columns=list(LEVELS)).assign(part=name, mechanism=mechanism)
        for name, by_mechanism in found.items()
        for mechanism, shares in by_mechanism.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _shares_of(table: pd.DataFrame) -> Shares:
    return {
        name: {
            mechanism: table.loc[(table["part"] == name) & (table["mechanism"] == mechanism), list(LEVELS)].to_numpy(
                dtype=float
            )
            for mechanism in MECHANISMS
        }
        for name in ("dev", "test")
    }


def decided(ctx: Context, members: Sequence[Shares]) -> Said:
    """Levels from the probabilities of one or several members.

    Several are pooled with weights and biases fitted on dev; then two offsets a mechanism are chosen on dev for macro
    F1. What is said about dev itself comes from fits on the other four fifths of its posts, so that a choice among
    systems by dev is fair to those that fit nothing there.
    """
    dev: dict[str, Codes] = {}
    test: dict[str, Codes] = {}
    posts = part(ctx, "dev").items["post"]
    names = posts.drop_duplicates().to_numpy()
    order = np.random.default_rng(ctx.settings.seed).permutation(len(names))
    count = min(FOLDS, len(names))
    if count < 2:
        raise BadInput("one development post is too few to choose by", where="skill coaching")
    fold_of = {name: int(place % count) for name, place in zip(names, order, strict=True)}
    folds = posts.map(fold_of).to_numpy()
    for mechanism in MECHANISMS:
        codes = gold(ctx, "dev", mechanism)
        held = [member["dev"][mechanism] for member in members]
        asked = [member["test"][mechanism] for member in members]
        said = np.zeros(len(codes), dtype=np.int64)
        for fold in range(count):
            left = folds == fold
            decide = _fitted([table[~left] for table in held], codes[~left])
            said[left] = decide([table[left] for table in held])
        dev[mechanism] = said
        test[mechanism] = _fitted(held, codes)(asked)
    return Said(dev, test)


def _fitted(tables: Sequence[Floats], codes: Codes) -> Callable[[Sequence[Floats]], Codes]:
    pool = fit_pool(tables, codes) if len(tables) > 1 else None

    def shares(own: Sequence[Floats]) -> Floats:
        return own[0] if pool is None else pool(own)

    offsets = best_offsets(shares(tables), codes)
    return lambda own: with_offsets(shares(own), offsets)


def tuned(ctx: Context) -> dict[str, Said]:
    """The tuned encoder, as it is and with thresholds chosen on dev."""
    shares, note = tuned_shares(ctx)
    plain = {
        name: {mechanism: own[mechanism].argmax(axis=1) for mechanism in MECHANISMS} for name, own in shares.items()
    }
    moved = decided(ctx, [shares])
    return {
        TUNED: Said(plain["dev"], plain["test"], note),
        TUNED_OFFSETS: Said(moved.dev, moved.test, "two offsets a mechanism chosen on dev"),
    }


def pooled(ctx: Context) -> Said:
    """Words, sentence vectors and, but in a quick run, the tuned encoder as one."""
    members = list(small_shares(ctx).values())
    if not ctx.settings.quick:
        members.append(tuned_shares(ctx)[0])
    found = decided(ctx, members)
    return Said(found.dev, found.test, f"{len(members)} members; weights, biases and offsets fitted on dev")


def small_systems(ctx: Context) -> dict[str, Said]:
    """Every system of this file by name, the floors first."""
    found = {MAJORITY: majority(ctx), LINEAR: linear(ctx), VOTE: neighbors(ctx), HEAD: heads(ctx)}
    if not ctx.settings.quick:
        found |= tuned(ctx)
    return {**found, POOL: pooled(ctx)}
