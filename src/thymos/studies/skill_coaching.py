"""Does retrieval help to rate a skill? Three mechanisms of empathy as skills, and drafts for hard talks. (card 25)

The rating engine of the coach on EPITOME: none, weak or strong for emotional reactions, interpretations and
explorations in an answer. A language model without and with rubric, reasoning, random and nearest demonstrations and
contrast pairs, beside a vote of neighbors, linear models and a tuned encoder; then the coach's own authored drafts.
"""

from typing import Any

import numpy as np
import pandas as pd

from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.respond.coach.examples import LEVELS, Codes
from thymos.respond.coach.language_rating import ARMS
from thymos.respond.coach.measuring import SYSTEM as COACH_SYSTEM
from thymos.respond.coach.measuring import measure
from thymos.respond.coach.mechanisms import MECHANISMS, pair_split
from thymos.studies import _coaching_systems as systems
from thymos.studies._coaching_language import NAMES, all_arms, drawn, said_by_arm
from thymos.studies._coaching_systems import (
    CORPUS,
    HEAD,
    LINEAR,
    MAJORITY,
    POOL,
    TUNED,
    TUNED_OFFSETS,
    VOTE,
    Said,
    gold,
    mean_macro_f1,
    part,
    small_systems,
)
from thymos.studies._interval_plots import draw_rows
from thymos.studies.contract import (
    Arm,
    Claim,
    Context,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Study,
    Verdict,
)

ALL = "all mechanisms"
TEST, DRAWN = "test", "drawn test pairs"
DIFFERENCE = "macro_f1_difference"
SHIPS = "chosen on development pairs"
AUTHORED = "authored drafts"
ORDER, PRAISED = "strong above none", "strong utterances of other skills"
SHARES = {ORDER: "order_kept", PRAISED: "rated_strong"}
KINDS = {MAJORITY: RowKind.FLOOR, LINEAR: RowKind.FLOOR, VOTE: RowKind.BASELINE, HEAD: RowKind.BASELINE}


class Rated:
    """Gold levels, posts and a way to score what systems say, for all test pairs or for the drawn ones.

    Args:
        ctx: of the study.
        subset: ``TEST`` or ``DRAWN``.
    """

    def __init__(self, ctx: Context, subset: str) -> None:
        self.ctx, self.subset = ctx, subset
        posts = part(ctx, "test").items["post"].to_numpy(dtype=object)
        every = np.arange(len(posts))
        self.places = {name: drawn(ctx, "test", name) if subset == DRAWN else every for name in MECHANISMS}
        self.gold = {name: gold(ctx, "test", name)[self.places[name]] for name in MECHANISMS}
        self.posts = {name: posts[self.places[name]] for name in MECHANISMS}

    def of(self, said: dict[str, Codes]) -> dict[str, Codes]:
        """What a system says about all test pairs, for the pairs of this subset."""
        return {name: said[name][self.places[name]] for name in MECHANISMS}

    def joined(self, codes: dict[str, Codes]) -> Codes:
        """All mechanisms in one, with nine classes: their macro F1 is the mean of the three mechanisms' macro F1."""
        return np.concatenate([codes[name] + len(LEVELS) * place for place, name in enumerate(MECHANISMS)])

    @property
    def joined_posts(self) -> Any:
        """The seeker post of each joined level."""
        return np.concatenate([self.posts[name] for name in MECHANISMS])

    def rows(self, said: dict[str, Codes], system: str, kind: RowKind, note: str = "") -> list[Row]:
        """Macro F1 and accuracy a mechanism, and macro F1 of all, with intervals over seeker posts."""
        found = []
        for name in MECHANISMS:
            for metric in ("macro_f1", "accuracy"):
                arrays = (self.gold[name], said[name])
                found.append(self._row(metric, arrays, self.posts[name], system, kind, f"{self.subset}/{name}", note))
        arrays = (self.joined(self.gold), self.joined(said))
        found.append(self._row("macro_f1", arrays, self.joined_posts, system, kind, f"{self.subset}/{ALL}", note))
        return found

    def difference(self, first: tuple[str, dict[str, Codes]], second: tuple[str, dict[str, Codes]]) -> Row:
        """Mean macro F1 of one system minus that of another, paired over seeker posts."""
        found = paired_bootstrap(
            "macro_f1",
            self.joined(self.gold),
            self.joined(first[1]),
            self.joined(second[1]),
            clusters=self.joined_posts,
            resamples=self.ctx.resamples,
            options={"outside": "miss"},
        )
        return Row(
            system=f"{first[0]} minus {second[0]}", kind=RowKind.ABLATION, metric=DIFFERENCE,
            subset=f"{self.subset}/{ALL}", value=found.value, low=found.low, high=found.high, n=found.n,
            clusters=found.clusters, note=f"p {found.p:.3f}", **self._provenance(),
        )  # fmt: skip

    def _row(self, metric: str, arrays: Any, posts: Any, system: str, kind: RowKind, subset: str, note: str) -> Row:
        options = {"outside": "miss"} if metric == "macro_f1" else {}
        interval = bootstrap_interval(metric, arrays, clusters=posts, resamples=self.ctx.resamples, options=options)
        return Row.of_interval(
            interval, system=system, kind=kind, metric=metric, subset=subset, note=note, **self._provenance()
        )

    def _provenance(self) -> dict[str, Any]:
        split = pair_split(self.ctx.corpus(CORPUS))
        return {"split": split.name, "guarantee": split.guarantee, "seeds": (self.ctx.settings.seed,)}


# -- arms -------------------------------------------------------------------------------------------------------------


def said_rows(ctx: Context, found: dict[str, Said], kind: RowKind) -> list[Row]:
    """Rows of systems on all test pairs."""
    rated = Rated(ctx, TEST)
    return [
        row for name, said in found.items() for row in rated.rows(said.test, name, KINDS.get(name, kind), said.note)
    ]


def floors(ctx: Context) -> list[Row]:
    """The most frequent level, and TF-IDF with a linear machine."""
    return said_rows(ctx, {MAJORITY: systems.majority(ctx), LINEAR: systems.linear(ctx)}, RowKind.FLOOR)


def vectors(ctx: Context) -> list[Row]:
    """A vote of the nearest answers, and a linear head on sentence vectors."""
    return said_rows(ctx, {VOTE: systems.neighbors(ctx), HEAD: systems.heads(ctx)}, RowKind.BASELINE)


def tuned(ctx: Context) -> list[Row]:
    """The tuned encoder."""
    return said_rows(ctx, systems.tuned(ctx), RowKind.SYSTEM)


def pool(ctx: Context) -> list[Row]:
    """Words, sentence vectors and the tuned encoder as one."""
    return said_rows(ctx, {POOL: systems.pooled(ctx)}, RowKind.SYSTEM)


def chosen(ctx: Context) -> list[Row]:
    """The system with the best mean macro F1 on development pairs, against the linear floor."""
    found = small_systems(ctx)
    reached = {name: mean_macro_f1(ctx, said.dev) for name, said in found.items()}
    best = max(reached, key=lambda name: reached[name])
    told = ", ".join(f"{name} {value:.3f}" for name, value in reached.items())
    rated = Rated(ctx, TEST)
    rows = rated.rows(found[best].test, SHIPS, RowKind.SYSTEM, f"it is: {best}; on dev: {told}")
    rows.append(rated.difference((SHIPS, found[best].test), (LINEAR, found[LINEAR].test)))
    rows.append(rated.difference((HEAD, found[HEAD].test), (VOTE, found[VOTE].test)))
    return rows


def language_arm(ctx: Context) -> list[Row]:
    """Every arm of the card on the drawn pairs, other systems beside it, and the differences that are claimed."""
    rated = Rated(ctx, DRAWN)
    asked = all_arms(ctx)
    small = {name: rated.of(said.test) for name, said in small_systems(ctx).items()}
    even = "pairs drawn evenly by level"
    rows = []
    for name, codes in small.items():
        rows += rated.rows(codes, name, KINDS.get(name, RowKind.SYSTEM), even)
    for name, codes in asked.items():
        kind = RowKind.CONTROL if "random" in name else RowKind.SYSTEM
        rows += rated.rows(codes, name, kind, f"{even}; what it says on average on dev subtracted")
    for arm in ARMS:
        codes = said_by_arm(ctx, arm, prior=False)
        rows += rated.rows(codes, f"{NAMES[arm]}, as it is", RowKind.ABLATION, f"{even}; nothing subtracted")
    for first, second in PAIRS:
        rows.append(rated.difference((NAMES[first], asked[NAMES[first]]), (NAMES[second], asked[NAMES[second]])))
    rows += [rated.difference((NAMES[arm], asked[NAMES[arm]]), (LINEAR, small[LINEAR])) for arm in ARMS]
    return rows


PAIRS = (
    ("rubric", "zero-shot"), ("reasoning", "rubric"), ("random", "rubric"), ("kNN", "random"), ("contrast", "kNN"),
)  # fmt: skip


def authored(ctx: Context) -> list[Row]:
    """The coach's rating of DEAR MAN drafts of situations that were left out, and of drafts against the grain."""

    def compute() -> pd.DataFrame:
        found = measure()
        rows = [{"set": f"skill {row['skill']}", **row} for row in found["rows"]]
        ordered = found["strong_above_none"]
        rows.append({"set": ORDER, "system": COACH_SYSTEM, "skill": "all", **ordered})
        rows += [
            {"set": PRAISED, "system": name, "skill": "all", **figure}
            for name, figure in found["other_skills_praised"].items()
        ]
        return pd.DataFrame(rows)

    rows = []
    for one in ctx.table("authored", compute).to_dict("records"):
        share = one["set"] in SHARES
        floor = one["system"] in (MAJORITY, "length", LINEAR)
        rows.append(
            Row(
                system=f"coach: {one['system']}",
                kind=RowKind.SYSTEM if one["system"] == COACH_SYSTEM else RowKind.FLOOR if floor else RowKind.ABLATION,
                metric=SHARES.get(one["set"], "macro_f1"),
                subset=f"{AUTHORED}/{one['set']}",
                value=one["value"],
                low=None if share else one["low"],
                high=None if share else one["high"],
                n=int(one["n"]),
                clusters=None if share else int(one["clusters"]),
                split="by situation",
                guarantee="situation-independent, not writer-independent",
                seeds=(0,),
                note="authored by one writer, unrated by clinicians; the rater was chosen on the left-out situations",
            )
        )
    return rows


# -- claims -----------------------------------------------------------------------------------------------------------


def gain(first: str, second: str, subset: str = DRAWN) -> Any:
    """A predicate: the interval of a difference of mean macro F1 lies above 0."""

    def check(results: Results) -> Finding:
        row = results.one(system=f"{first} minus {second}", metric=DIFFERENCE, subset=f"{subset}/{ALL}")
        evidence = f"{row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}] mean macro F1, {row.n} ratings"
        if (row.low or 0) > 0:
            return Finding(Verdict.HOLDS, evidence)
        return Finding(Verdict.CONTRADICTED if (row.high or 0) < 0 else Verdict.NOT_SHOWN, evidence)

    return check


def some_arm_beats_linear(results: Results) -> Finding:
    """The best of six arms against the linear floor; choosing it on test favors the arm."""
    rows = [results.one(system=f"{name} minus {LINEAR}", metric=DIFFERENCE) for name in NAMES.values()]
    best = max(rows, key=lambda row: row.value or 0)
    evidence = f"best of six: {best.system} {best.value:+.3f} [{best.low:+.3f}, {best.high:+.3f}]"
    if (best.low or 0) > 0:
        return Finding(Verdict.HOLDS, evidence)
    return Finding(Verdict.CONTRADICTED if (best.high or 0) < 0 else Verdict.NOT_SHOWN, evidence)


def coach_beats_floors(results: Results) -> Finding:
    """The coach's rater is surely above length and TF-IDF on drafts of situations left out."""
    where = f"{AUTHORED}/situations left out"
    system, length, words = (
        results.one(system=f"coach: {name}", metric="macro_f1", subset=where)
        for name in (COACH_SYSTEM, "length", LINEAR)
    )
    evidence = (
        f"{system.value:.3f} [{system.low:.3f}, {system.high:.3f}], length alone {length.value:.3f}, TF-IDF + linear "
        f"{words.value:.3f} [{words.low:.3f}, {words.high:.3f}]"
    )
    surely = (system.low or 0) > max(length.value or 0, words.value or 0)
    return Finding(Verdict.HOLDS if surely else Verdict.NOT_SHOWN, evidence)


def not_testable(why: str) -> Any:
    """A predicate that says why there is nothing to test."""

    def check(results: Results) -> Finding:
        return Finding(Verdict.NOT_TESTABLE, why)

    return check


# -- plots ------------------------------------------------------------------------------------------------------------


def draw_systems(results: Results, figure: Any) -> None:
    """Macro F1 of every system on each mechanism."""
    for axes, name in zip(figure.subplots(1, len(MECHANISMS), sharey=True), MECHANISMS, strict=True):
        rows = results.find(metric="macro_f1", subset=f"{TEST}/{name}")
        draw_rows(axes, rows, [row.system for row in rows], "macro F1")
        axes.set_title(name.replace("_", " "))


def draw_arms(results: Results, figure: Any) -> None:
    """The language model's arms beside the others on the same pairs, mean over mechanisms."""
    rows = results.find(metric="macro_f1", subset=f"{DRAWN}/{ALL}")
    axes = figure.subplots()
    draw_rows(axes, rows, [row.system for row in rows], "mean macro F1 on drawn test pairs")
    axes.axvline(1 / len(LEVELS), color="gray", linestyle=":")


STUDY = Study(
    slug="skill_coaching",
    card=25,
    title="Rating skills with retrieved examples: none, weak, strong",
    question="Do rubrics, nearest demonstrations and contrast pairs help a small language model to rate skills in a "
    "text, and is it any better than a vote of neighbors, a linear model or a tuned encoder?",
    paper="IMBUE: improving interpersonal effectiveness through simulation and just-in-time feedback with "
    "human-language model interaction, arXiv 2402.12556, ACL 2024",
    corpora=(CORPUS,),
    headline=("macro_f1", "accuracy", DIFFERENCE),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "the most frequent level; TF-IDF and a linear machine"),
        Arm("sentence vectors", RowKind.BASELINE, vectors, "a vote of the nearest answers; logistic or ordinal head"),
        Arm("tuned encoder", RowKind.SYSTEM, tuned, "MiniLM tuned on pairs of post and answer", quick=False),
        Arm("pool", RowKind.SYSTEM, pool, "words, sentence vectors and the tuned encoder as one"),
        Arm("chosen", RowKind.SYSTEM, chosen, "the best on development pairs, against the linear floor"),
        Arm("language model", RowKind.SYSTEM, language_arm, "six ways of asking, on drawn test pairs"),
        Arm("authored drafts", RowKind.SYSTEM, authored, "DEAR MAN drafts of the coach, situations left out"),
    ),
    claims=(
        Claim("A rubric beats zero-shot", gain(NAMES["rubric"], NAMES["zero-shot"]), "method [secondary]"),
        Claim("A reasoning step helps", gain(NAMES["reasoning"], NAMES["rubric"]), "method [secondary]"),
        Claim("kNN demonstrations beat random ones", gain(NAMES["kNN"], NAMES["random"]), "method [secondary]"),
        Claim("Contrast pairs beat kNN demonstrations", gain(NAMES["contrast"], NAMES["kNN"]), "method [secondary]"),
        Claim("Some arm of the language model beats a linear floor", some_arm_beats_linear, "control"),
        Claim("What is chosen on development pairs beats the linear floor", gain(SHIPS, LINEAR, TEST), "ours"),
        Claim("The coach's rater beats length and TF-IDF on authored drafts", coach_beats_floors, "ours"),
        Claim(
            "Feedback is 25 % closer to experts than that of GPT-4",
            not_testable("the experts' ratings of the paper are not public, and no GPT-4 runs here"),
            "abstract",
        ),
        Claim(
            "Practice with feedback improves mastery, self-efficacy and emotions more than practice alone",
            not_testable("it needs a trial with people; none was run"),
            "abstract: trial with 86 people",
        ),
    ),
    plots=(
        Plot("systems", "Macro F1 of each mechanism", draw_systems),
        Plot("arms", "Ways of asking a language model", draw_arms),
    ),
    decisions=(
        (
            "EPITOME stands in for the paper's data, which are not public: the same three levels, by the same lab. Its "
            "release has no split; ours keeps seeker posts apart (65/15/20, the test part is that of the corpus' own "
            "split). Everything is chosen on dev."
        ),
        (
            "Thresholds and the pool are fitted on dev; where systems are chosen by dev, what these say about it comes "
            "from fits on the other four fifths of its posts."
        ),
        "No ceiling: one label a pair, no raters are named.",
        "A pair that stands in the release several times counts once, with the level of its first row.",
        (
            "Neighbors are neighbors of the answer, by MiniLM (the paper: all-mpnet-base-v2). An answer never "
            "retrieves itself, an answer to its own seeker post, or an equal text. EPITOME has no rewrites: the strong "
            "half of a contrast pair is the strong answer nearest to the weaker one."
        ),
        (
            "The language model is the embedded one (135 million weights). It is asked about up to 12 test pairs of "
            "each level and mechanism, so its macro F1 stands on evenly drawn levels; others are scored on these pairs "
            "too. One demonstration of each level, or one pair of each kind; posts are cut after 24 words, answers "
            "after 48; prompts are ours [inferred]. What it says on average about 4 development pairs of each level is "
            "subtracted."
        ),
        (
            "The reasoning arm lets the model write up to 24 tokens before it rates; examples of EPITOME have phrases "
            "and no reasons, so its demonstrations have none."
        ),
        (
            "The rows of authored drafts are no test of people: one writer wrote and rated the drafts, and wrote the "
            "cue words. Drafts against the grain are by the same writer."
        ),
        "The kept outcomes of the trial (mastery, self-efficacy, emotions) need people and are not claimed.",
    ),
)

__all__ = ["STUDY", "TUNED", "TUNED_OFFSETS"]
