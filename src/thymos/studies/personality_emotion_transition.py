"""Can the emotion of the next reply be told better than by copying the last one, and does personality help? (card 05)

Triples of Friends utterances with the speaker's Big Five. The transition model in its three modes, floors that copy or
count, controls with shuffled personalities and speakers' names, and a linear system whose settings are chosen on valid;
on the official split, whose windows overlap, and on one that keeps dialogues apart.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from thymos.measure.metric import Prepared
from thymos.measure.registry import find_metric
from thymos.measure.resampling import Calls, pair_prepared
from thymos.respond.emotion_transition import CONTEXT, PERSONALITY, TRAITS, TRANSITION
from thymos.studies._clustered_rows import clustered_row
from thymos.studies._interval_plots import draw_rows
from thymos.studies._transition_systems import (
    CORPUS,
    EMOTION,
    SENTIMENT,
    SPLITS,
    Labels,
    copied,
    kept,
    likeliest,
    linear_labels,
    majority,
    network_labels,
    seeds_of,
    shuffled_traits,
    toward_partner,
    triples,
    words_and,
)
from thymos.studies.contract import (
    Arm,
    Claim,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Study,
    Verdict,
)
from thymos.studies.contract import (
    Context as Run,
)

PERSISTENCE, RULE = "the last emotion again", "toward the partner, by temperament"
FLOORS: dict[str, Callable[..., Labels]] = {
    "the most frequent label": majority,
    PERSISTENCE: copied(1),
    "the partner's emotion": copied(2),
    "what follows the last emotion most often": likeliest,
    RULE: toward_partner,
    "words, linear": words_and(),
    "words and personality, linear": words_and(*TRAITS),
    "words, personality and last emotion, linear": words_and(*TRAITS, "emotion_1"),
}
NETWORKS = {
    "words only (mode 1)": (CONTEXT, "focal"),
    "words and personality (mode 2)": (PERSONALITY, "focal"),
    "transition (mode 3)": (TRANSITION, "focal"),
    "transition, cross entropy": (TRANSITION, "cross_entropy"),
    "transition, squared distance": (TRANSITION, "squared"),
}
MODEL, SHUFFLED = "transition (mode 3)", "transition, shuffled personalities"
EMOTIONS = ("emotion_1", "emotion_2")
LINEAR = {
    "vectors and emotions, linear": EMOTIONS,
    "vectors, emotions and personality, linear": (*EMOTIONS, *TRAITS),
    "vectors, emotions and speaker, linear": (*EMOTIONS, "speaker"),
}
BEST = "vectors, emotions and personality, linear"
WITHOUT, NAMED = "vectors and emotions, linear", "vectors, emotions and speaker, linear"
METRICS = ("macro_f1", "weighted_f1", "accuracy")
COMPARED = (*NETWORKS, *LINEAR)
PAIRS = (*((name, PERSISTENCE) for name in (*COMPARED, RULE)), (MODEL, SHUFFLED), (BEST, WITHOUT), (BEST, NAMED))


def prepared(gold: Labels, said: list[Labels], metric: str) -> Prepared:
    """A score over all seeds, one after the other."""
    truth = np.concatenate([gold] * len(said))
    options: dict[str, Any] = {} if metric == "accuracy" else {"labels": sorted(set(gold)), "outside": "miss"}
    ready: Prepared = find_metric(metric).prepare(truth, np.concatenate(said), **options)
    return ready


def row_of(run: Run, split: str, ready: Prepared, seeds: list[int], **fields: Any) -> Row:
    """A row with an interval over dialogues."""
    clusters = pd.factorize(triples(run, split).test["dialogue"])[0].astype(np.int64)
    guarantee = run.corpus(CORPUS).split(split).guarantee
    return clustered_row(run, ready, clusters, seeds=seeds, split=split, guarantee=guarantee, **fields)


def rows_of(
    run: Run, split: str, name: str, kind: RowKind, said: list[Labels], seeds: list[int], target: str = EMOTION
) -> list[Row]:
    """All scores of one system; the subset names target and split."""
    gold = triples(run, split).test[target].to_numpy(dtype=object)
    return [
        row_of(run, split, prepared(gold, said, metric), seeds, system=name, kind=kind, metric=metric,
               subset=subset_of(split, target))
        for metric in METRICS
    ]  # fmt: skip


def subset_of(split: str, target: str = EMOTION) -> str:
    """E.g. ``"emotion, official test"``."""
    return f"{target.removesuffix('_3')}, {split} test"


# -- systems by name --------------------------------------------------------------------------------------------------


def labels_of(run: Run, split: str, name: str) -> tuple[list[Labels], list[int]]:
    """Emotions that a system gives to the test triples, one array a seed, and the seeds."""
    parts = triples(run, split)
    if name in FLOORS:
        return [kept(run, f"{split}: {name}", partial(FLOORS[name], parts, EMOTION))], []
    if name in LINEAR:
        return [kept(run, f"{split}: {name}", partial(linear_labels, parts, EMOTION, LINEAR[name]))], [0]
    mode, loss = NETWORKS[MODEL if name == SHUFFLED else name]
    found = []
    for seed in seeds_of(run):
        own = shuffled_traits(parts, seed) if name == SHUFFLED else parts
        found.append(kept(run, f"{split}: {name}, {seed}", partial(network_labels, run, own, seed, mode, loss)))
    return found, seeds_of(run)


def arm_of(names: tuple[str, ...], kind: RowKind) -> Callable[[Run], list[Row]]:
    """Rows of several systems on both splits."""

    def run_arm(run: Run) -> list[Row]:
        work = [(split, name) for split in SPLITS for name in names]
        return [
            row
            for split, name in run.track(work, "systems")
            for row in rows_of(run, split, name, kind, *labels_of(run, split, name))
        ]

    return run_arm


def sentiments(run: Run) -> list[Row]:
    """Three sentiments: floors, and the linear system."""
    rows = []
    for split in SPLITS:
        parts = triples(run, split)
        for name in (PERSISTENCE, "the most frequent label"):
            said = FLOORS[name](parts, SENTIMENT)
            rows += rows_of(run, split, name, RowKind.FLOOR, [said], [], SENTIMENT)
        columns = (*EMOTIONS, "sentiment_1", "sentiment_2", *TRAITS)
        said = kept(run, f"{split}: sentiment", partial(linear_labels, parts, SENTIMENT, columns))
        rows += rows_of(run, split, BEST, RowKind.SYSTEM, [said], [0], SENTIMENT)
    return rows


def differences(run: Run) -> list[Row]:
    """Paired differences in macro F1 on the same triples."""
    rows = []
    for split in SPLITS:
        gold = triples(run, split).test[EMOTION].to_numpy(dtype=object)
        for first, second in PAIRS:
            (one, seeds), (other, _) = labels_of(run, split, first), labels_of(run, split, second)
            other = other * len(one) if len(other) == 1 else other
            gap = pair_prepared(prepared(gold, one, "macro_f1"), prepared(gold, other, "macro_f1"))[2]
            assert not isinstance(gap, Calls)
            rows.append(
                row_of(run, split, gap, seeds, system=f"{first} minus {second}", kind=RowKind.ABLATION,
                       metric="macro_f1_difference", subset=subset_of(split), note="paired")
            )  # fmt: skip
    return rows


# -- claims -----------------------------------------------------------------------------------------------------------


def better(first: str, second: str) -> Callable[[Results], Finding]:
    """A predicate: one system is better than another on both splits."""

    def check(results: Results) -> Finding:
        name = f"{first} minus {second}"
        rows = [results.one(system=name, metric="macro_f1_difference", subset=subset_of(split)) for split in SPLITS]
        evidence = f"{name}: " + "; ".join(
            f"{split} {row.value:+.3f} macro F1 [{row.low:+.3f}, {row.high:+.3f}]"
            for split, row in zip(SPLITS, rows, strict=True)
        )
        if all((row.low or 0) > 0 for row in rows):
            return Finding(Verdict.HOLDS, evidence)
        return Finding(
            Verdict.CONTRADICTED if all((row.high or 0) < 0 for row in rows) else Verdict.NOT_SHOWN, evidence
        )

    return check


def any_better(results: Results) -> Finding:
    """Some system is better than saying the last emotion again on both splits; the evidence names the nearest one."""
    found = [better(name, PERSISTENCE)(results) for name in COMPARED]
    reached = [results.value(system=name, metric="macro_f1", subset=subset_of("grouped")) for name in COMPARED]
    nearest = found[int(np.argmax(reached))]
    verdicts = {finding.verdict for finding in found}
    if Verdict.HOLDS in verdicts:
        winner = next(finding for finding in found if finding.verdict is Verdict.HOLDS)
        return Finding(Verdict.HOLDS, f"{winner.evidence}; {len(found)} systems were tried")
    surely = verdicts == {Verdict.CONTRADICTED}
    return Finding(
        Verdict.CONTRADICTED if surely else Verdict.NOT_SHOWN,
        f"none of {len(found)} systems is shown to be better; the nearest with dialogues apart: {nearest.evidence}",
    )


def draw_scores(results: Results, figure: Any) -> None:
    """Macro F1 of every system on the split that keeps dialogues apart."""
    rows = results.find(metric="macro_f1", subset=subset_of("grouped"))
    draw_rows(figure.subplots(), rows, [row.system for row in rows], "macro F1, dialogues apart, 95 % interval")


STUDY = Study(
    slug="personality_emotion_transition",
    card=5,
    title="The emotion of the next reply, from the last one, the words and the personality",
    question="Can the emotion of the next reply be told better than by saying the last one again, and does it help to "
    "know the speaker's personality?",
    paper="Wen et al., Automatically select emotion for response via personality-affected emotion transition, "
    "arXiv 2106.15846",
    corpora=(CORPUS,),
    headline=("macro_f1", "macro_f1_difference"),
    arms=(
        Arm("floors", RowKind.FLOOR, arm_of(tuple(FLOORS), RowKind.FLOOR), "copy, count, and linear models of words"),
        Arm("networks", RowKind.SYSTEM, arm_of(tuple(NETWORKS), RowKind.SYSTEM), "three modes and three losses"),
        Arm("shuffled", RowKind.CONTROL, arm_of((SHUFFLED,), RowKind.CONTROL), "personalities on the wrong speakers"),
        Arm("linear", RowKind.SYSTEM, arm_of(tuple(LINEAR), RowKind.SYSTEM), "vectors, emotions, personality or name"),
        Arm("sentiments", RowKind.SYSTEM, sentiments, "three sentiments instead of seven emotions"),
        Arm("differences", RowKind.ABLATION, differences, "paired, on the same triples"),
    ),
    claims=(
        Claim("Saying the last emotion again is beaten", any_better, "our bar"),
        Claim("The transition model beats saying the last emotion again", better(MODEL, PERSISTENCE), "our bar"),
        Claim(
            "Personality helps the transition model: it beats shuffled personalities",
            better(MODEL, SHUFFLED),
            "control",
        ),
        Claim("Personality helps the linear system", better(BEST, WITHOUT), "paper"),
        Claim("A personality says more than the speaker's name", better(BEST, NAMED), "control"),
    ),
    plots=(Plot("scores", "Macro F1 of every system, dialogues apart", draw_scores),),
    decisions=(
        "Words are read by the frozen embedded MiniLM; the paper tunes RoBERTa-base for 50 epochs.",
        (
            "Networks: 20 passes of AdamW at 1e-3, batches of 32, five seeds; the pass is chosen on valid by macro F1. "
            "Focal loss as in the release."
        ),
        ("The linear system chooses cost and the power of the class shares on valid by macro F1; test is scored once."),
        (
            "Dialogues are not named in the release: triples that share an utterance nearby, or a long one anywhere, "
            "are one [inferred]. Intervals draw dialogues, also on the official split."
        ),
        (
            "'Toward the partner, by temperament' is the rule behind what `thymos analyze` suggests for dialogues: "
            "half the way that Mehrabian's temperament allows on each axis, then the nearest emotion [inferred]."
        ),
        "Six personalities belong to six speakers: a personality cannot say more than a name does.",
    ),
)
