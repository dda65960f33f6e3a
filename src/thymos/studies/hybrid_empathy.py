"""Do small empathetic models help a frozen language model to see what somebody feels, and to answer? (card 11)

Three small models as plug-ins name likely emotions and the words they hang on. The language model then chooses the
emotion in one stage or in two, and answers with or without these hints. Beside it: each small model alone, fusion with
a trust that is chosen on development dialogues, chance candidates, and rules that know no emotion.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.measure.floors import majority_floor
from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.measure.text_floor import text_floor
from thymos.studies import _empathy_causes as causes
from thymos.studies import _empathy_claims as claims
from thymos.studies import _empathy_language as language
from thymos.studies import _empathy_replies as replies
from thymos.studies._empathy_data import CAUSES, CORPUS, INPUTS, MARKED, TURNS, part_of, without_marked
from thymos.studies._empathy_small import (
    ATTENTION,
    LINEAR,
    PLAIN,
    PLUGINS,
    POOLED,
    STARTED,
    STATE,
    TEST,
    Small,
    codes_of,
    pooled,
    says,
)
from thymos.studies._interval_plots import draw_rows
from thymos.studies.contract import Arm, Claim, Context, Plot, Results, Row, RowKind, Study

MAJORITY, FLOOR = "majority", "TF-IDF + linear machine"
METRICS = ("accuracy", "macro_f1")
WHOLE, DRAWN = claims.WHOLE, claims.DRAWN


def answer_rows(
    ctx: Context, gold: Any, said: Any, workers: Any, *, system: str, kind: RowKind, subset: str, note: str = ""
) -> list[Row]:
    """Accuracy and macro F1 with intervals over pairs of workers."""
    rows = []
    for metric in METRICS:
        options = {"outside": "miss"} if metric == "macro_f1" else {}
        interval = bootstrap_interval(metric, (gold, said), clusters=workers, resamples=ctx.resamples, options=options)
        rows.append(
            Row.of_interval(
                interval,
                system=system,
                kind=kind,
                metric=metric,
                subset=subset,
                split="official",
                guarantee=ctx.corpus(CORPUS).split().guarantee,
                seeds=(ctx.settings.seed,),
                note=note,
            )
        )
    return rows


def floors(ctx: Context) -> list[Row]:
    """The most frequent emotion, and a linear machine on each input."""
    train, test = part_of(ctx, "train"), part_of(ctx, "test")
    gold = test.emotions.to_numpy(dtype=object)
    said: dict[str, list[Any]] = {MAJORITY: list(majority_floor(train.emotions, len(gold)))}
    rows = answer_rows(
        ctx, gold, np.asarray(said[MAJORITY], dtype=object), test.workers, system=MAJORITY, kind=RowKind.FLOOR,
        subset=WHOLE,
    )  # fmt: skip
    for name in INPUTS:

        def compute(name: str = name) -> list[str]:
            found = text_floor(train.texts[name], train.emotions, test.texts[name], characters=None)
            return [str(label) for label in found.predictions]

        labels = np.asarray(ctx.step(f"floor {name}", compute), dtype=object)
        rows += answer_rows(
            ctx, gold, labels, test.workers, system=f"{FLOOR}, {name}", kind=RowKind.FLOOR, subset=WHOLE,
            note=f"input: {name}",
        )  # fmt: skip
    return rows


def share_rows(ctx: Context, shares: Any, system: str, kind: RowKind) -> list[Row]:
    """Scores of probabilities of the whole test part; also whether the emotion is among the first three and five."""
    test = part_of(ctx, "test")
    table = shares.to_numpy()
    codes = codes_of(test.emotions, shares.columns)
    names = shares.columns.to_numpy(dtype=object)
    rows = answer_rows(
        ctx, names[codes], names[table.argmax(axis=1)], test.workers, system=system, kind=kind, subset=WHOLE,
        note=f"input: {TURNS}",
    )  # fmt: skip
    order = np.argsort(-table, axis=1, kind="stable")
    for most in (3, 5):
        inside = (order[:, :most] == codes[:, None]).any(axis=1).astype(float)
        interval = bootstrap_interval("mean", (inside,), clusters=test.workers, resamples=ctx.resamples)
        rows.append(
            Row.of_interval(
                interval,
                system=system,
                kind=kind,
                metric=f"top_{most}_accuracy",
                subset=WHOLE,
                split="official",
                guarantee=ctx.corpus(CORPUS).split().guarantee,
                seeds=(ctx.settings.seed,),
                note=f"input: {TURNS}",
            )
        )
    return rows


def small_arm(small: Small, kind: RowKind, description: str) -> Arm:
    """The arm of one small model."""

    def run(ctx: Context) -> list[Row]:
        return share_rows(ctx, says(ctx, small).shares(TEST), small.name, kind)

    return Arm(small.name, kind, run, description)


def pool_arm(ctx: Context) -> list[Row]:
    """All small models together."""
    return share_rows(ctx, pooled(ctx, POOLED)(TEST), claims.POOL, RowKind.SYSTEM)


def difference(
    ctx: Context, gold: Any, first: tuple[str, Any], second: tuple[str, Any], workers: Any, subset: str, note: str = ""
) -> Row:
    """Accuracy of one way minus that of another, on the same dialogues."""
    found = paired_bootstrap("accuracy", gold, first[1], second[1], clusters=workers, resamples=ctx.resamples)
    return Row(
        system=f"{first[0]} minus {second[0]}", kind=RowKind.ABLATION, metric=claims.DIFFERENCE, subset=subset,
        value=found.value, low=found.low, high=found.high, n=len(gold), clusters=found.clusters, split="official",
        guarantee=ctx.corpus(CORPUS).split().guarantee, seeds=(ctx.settings.seed,), note=note or f"p {found.p:.3f}",
    )  # fmt: skip


def small_differences(ctx: Context) -> list[Row]:
    """Each small model against the linear one, and what pooling adds."""
    test = part_of(ctx, "test")
    said: dict[str, npt.NDArray[np.object_]] = {}
    for small in POOLED:
        shares = says(ctx, small).shares(TEST)
        said[small.name] = shares.columns.to_numpy(dtype=object)[shares.to_numpy().argmax(axis=1)]
    shares = pooled(ctx, POOLED)(TEST)
    said[claims.POOL] = shares.columns.to_numpy(dtype=object)[shares.to_numpy().argmax(axis=1)]
    gold = test.emotions.to_numpy(dtype=object)
    pairs = (
        (ATTENTION.name, LINEAR.name),
        (ATTENTION.name, STARTED.name),
        (STARTED.name, PLAIN.name),
        (claims.POOL, ATTENTION.name),
        (claims.POOL, PLAIN.name),
        (STATE.name, LINEAR.name),
    )
    return [difference(ctx, gold, (one, said[one]), (other, said[other]), test.workers, WHOLE) for one, other in pairs]


def language_arm(ctx: Context) -> list[Row]:
    """Every way of asking the language model, on the drawn dialogues."""
    given = language.dialogues(ctx, "test")
    said = language.answers(ctx)
    trusts = language.trusts(ctx)
    rows = []
    for name, codes in said.items():
        kind = RowKind.CONTROL if "random" in name else RowKind.BASELINE if "alone" in name else RowKind.SYSTEM
        trusted = [f"trust in the language model {trust:g}" for small, trust in trusts.items() if name.endswith(small)]
        note = trusted[0] if trusted and name.startswith("fusion") else ""
        rows += answer_rows(
            ctx, given.gold, codes, given.workers, system=name, kind=kind, subset=DRAWN, note=note
        )  # fmt: skip
    alone = f"small model alone: {ATTENTION.name}"
    pairs = [
        ("two stages", "one stage"), ("two stages, threshold", "one stage"), ("two stages", alone),
        ("two stages, threshold", alone), ("two stages", "two stages, random candidates"),
    ]  # fmt: skip
    pairs += [(f"fusion: {small.name}", f"small model alone: {small.name}") for small in PLUGINS]
    rows += [
        difference(ctx, given.gold, (one, said[one]), (other, said[other]), given.workers, DRAWN)
        for one, other in pairs
    ]
    return rows


def draw_answers(results: Results, figure: Any) -> None:
    """Accuracy of the small models and of every way of asking."""
    left, right = figure.subplots(1, 2)
    for axes, subset, title in ((left, WHOLE, "all test dialogues"), (right, DRAWN, "drawn test dialogues")):
        rows = results.find(metric="accuracy", subset=subset)
        draw_rows(axes, rows, [row.system for row in rows], "accuracy, 32 emotions")
        axes.set_title(title)


def draw_causes(results: Results, figure: Any) -> None:
    """Whether heavy words lie in marked causes."""
    rows = results.find(metric=causes.AREA)
    axes = figure.subplots()
    draw_rows(axes, rows, [row.system for row in rows], "area under the ROC curve within a text")
    axes.axvline(0.5, color="gray", linestyle=":")


def draw_replies(results: Results, figure: Any) -> None:
    """What hints do to the probability of what people answered."""
    rows = results.find(metric=replies.DIFFERENCE)
    axes = figure.subplots()
    draw_rows(axes, rows, [f"{row.system} ({row.subset.split(',')[0]})" for row in rows], "nats a token, minus no hint")
    axes.axvline(0.0, color="gray", linestyle=":")


STUDY = Study(
    slug="hybrid_empathy",
    card=11,
    title="Small empathetic models as plug-ins of a language model",
    question="Do emotions and cause words of small models help a frozen language model to see what somebody feels and "
    "to answer, or is a small model better alone?",
    paper="Enhancing empathetic response generation by augmenting LLMs with small-scale empathetic models, "
    "arXiv 2402.11801, 2024 (HEF)",
    corpora=(CORPUS, CAUSES),
    optional=(MARKED,),
    headline=(*METRICS, claims.DIFFERENCE, causes.AREA, replies.DIFFERENCE),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "the most frequent emotion; TF-IDF of words on each input"),
        small_arm(LINEAR, RowKind.BASELINE, "plug-in: TF-IDF, calibrated; words by leaving them out"),
        small_arm(ATTENTION, RowKind.SYSTEM, "plug-in: additive attention, starts from the recognizer that ships"),
        small_arm(STATE, RowKind.SYSTEM, "plug-in: frozen states and a linear head; words by gradient times input"),
        small_arm(PLAIN, RowKind.BASELINE, "no plug-in: the encoder as it is, mean over tokens, three passes"),
        small_arm(STARTED, RowKind.ABLATION, "no plug-in: attention and start, three passes, no situations"),
        Arm("pool", RowKind.SYSTEM, pool_arm, "all small models, weights chosen on development dialogues"),
        Arm("differences", RowKind.ABLATION, small_differences, "paired, on the same dialogues"),
        Arm("language model", RowKind.SYSTEM, language_arm, "one stage, two stages, fusion, controls"),
        Arm("cause words", RowKind.SYSTEM, causes.cause_rows, "words against the causes that people marked"),
        Arm(
            "marked situations",
            RowKind.SYSTEM,
            causes.situation_rows,
            "EmoCause: words of situations",
            needs=without_marked,
        ),
        Arm("replies", RowKind.ABLATION, replies.likelihood_rows, "how probable people's replies become"),
        Arm("written replies", RowKind.SYSTEM, replies.generated_rows, "length and variety of replies"),
    ),
    claims=(
        Claim("Two stages beat asking about all emotions at once", claims.gain("two stages", "one stage"), "abstract"),
        Claim(
            "The language model helped by a small model beats the small model alone",
            claims.gain("two stages", f"small model alone: {ATTENTION.name}"),
            "abstract: hybrid framework",
        ),
        Claim(
            "Fusion by a trust beats the small model alone",
            claims.gain(f"fusion: {ATTENTION.name}", f"small model alone: {ATTENTION.name}"),
            "control",
        ),
        Claim(
            "The small model's candidates are better than candidates drawn by chance",
            claims.gain("two stages", "two stages, random candidates"),
            "control",
        ),
        Claim("Heavy words of the attention encoder lie in marked causes", claims.in_causes, "abstract: cause words"),
        Claim("... and in the marked words of EmoCause", claims.in_situations, "paper; the corpus is behind a link"),
        Claim("The hints make what people answered more probable", claims.hints_help, "abstract"),
        Claim("... and more so than a random emotion or random words", claims.hints_beat_chance, "control"),
        Claim("All speaker turns give 55 % on 32 emotions", claims.reaches(claims.AIM), "our bar"),
        Claim(
            "What a laptop can train beats a plain fine-tune of the same encoder (.516)",
            claims.reaches(claims.PLAIN_FINE_TUNE),
            "our bar",
        ),
    ),
    plots=(
        Plot("answers", "Accuracy on 32 emotions", draw_answers),
        Plot("causes", "Words against marked causes", draw_causes),
        Plot("replies", "Hints and the probability of people's replies", draw_replies),
    ),
    decisions=(
        (
            "The language model is the embedded one (135 million weights); the paper needs one of 7 billion or more. "
            "No score of the paper is on record."
        ),
        (
            "Answers are scored, never generated: mean log-likelihood of a label's tokens after the prompt. Prompts, "
            "three candidates and five words are our reading [inferred]; the second stage is asked when the answer "
            "'none of these' wins, or below a threshold chosen on development dialogues."
        ),
        (
            "The plug-in encoder starts from the recognizer of 28 emotions that ships (GoEmotions) and reads the "
            "situations of the training dialogues as further texts (two passes over twice as many texts). Beside it "
            "stand a plain fine-tune and one with attention and start but without situations, three passes each; the "
            "pool has all of them. These two joined after the pool of the three plug-ins had been scored on the test "
            "part (.535); its weights are chosen on development dialogues as before."
        ),
        (
            "Test dialogues are read by their speaker turns only; situations are never read in testing. The language "
            "model is asked about 120 drawn test dialogues and 60 development dialogues."
        ),
        (
            "Cause words are checked on RECCON, which no model saw: the emotional turn and up to five before it. "
            "Words of a model's answer are no causes by themselves. EmoCause marks words in situations of "
            "EmpatheticDialogues itself; its arm runs where a user has the files."
        ),
        "Replies are judged by the probability of what people answered, not by people: no claim about empathy follows.",
    ),
)
