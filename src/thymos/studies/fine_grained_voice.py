"""Can forty emotions be scored in a voice, and what is a lenient score worth? (card 12)

Coarse heads are trained on acted English and German speech, speakers apart, and across the two corpora. The published
rule that reads coarse classes from fine scores is given to scorers that hear nothing. The agreement of raters on fine
emotions is measured where ratings are at hand; the benchmark itself is scored where a user has it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.maps import get_map
from thymos.corpora.registry import corpus_folder
from thymos.corpora.split import Split
from thymos.errors import ThymosError
from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.perceive.fine_grained.coarse_transfer import FLOORS, CoarseTransfer, floor_scores, lenient_scores
from thymos.perceive.speech.whisper_weights import whisper_file
from thymos.studies._voice_agreement import CONFIRMED, CROWD, EXPERTS, KRIPPENDORFF, crowd_rows, expert_rows
from thymos.studies._voice_bench import BENCH, expert_ceiling, transferred_heads
from thymos.studies._voice_features import clip_table, whisper_table
from thymos.studies._voice_systems import (
    DURATION,
    FUNCTIONALS,
    HEADS,
    HEADS_BALANCED,
    MAJORITY,
    MEAN,
    POOLED,
    SEQUENCE,
    SYSTEMS,
    WHISPER_HEADS,
    WHISPER_MEAN,
    WHISPER_POOLED,
    answers,
    elsewhere,
    held_out,
    standardized,
)
from thymos.studies.contract import (
    NO_SPLIT,
    Arm,
    Claim,
    Context,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Settings,
    Study,
    Verdict,
    holds_if,
)

ENGLISH, GERMAN = "ravdess", "emodb"
SPLITS = {ENGLISH: "six_folds", GERMAN: "five_folds"}
SPEAKERS = {ENGLISH: "actor", GERMAN: "speaker"}
MAPS = {ENGLISH: "emonet40_to_ravdess8", GERMAN: "emonet40_to_emodb7"}
COARSE = {ENGLISH: "ravdess8", GERMAN: "emodb7"}
# The classes that both corpora have, by the names of the English one.
SHARED = {"angry": "anger", "happy": "happiness", "neutral": "neutral", "sad": "sadness"}
# Recordings a class in the official releases.
RELEASED: Mapping[str, Mapping[str, int]] = {
    GERMAN: {"anger": 127, "boredom": 81, "disgust": 46, "fear": 69, "happiness": 71, "neutral": 79, "sadness": 62},
    ENGLISH: {"neutral": 96} | dict.fromkeys(("calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"), 192),
}
ACROSS = (MAJORITY, DURATION, MEAN, POOLED, FUNCTIONALS, HEADS_BALANCED)
BY_CORPUS, BY_SPEAKER = "each corpus standardized", "each speaker standardized"
RANDOM = "random split"
DRAWS = 20  # times the official class counts, for scorers that draw at random


def items_of(ctx: Context, slug: str) -> pd.DataFrame:
    """The recordings; quick runs take the first statement once, or every other recording."""
    items = ctx.corpus(slug).items
    if ctx.settings.quick and slug == ENGLISH:
        return items[(items["statement"] == "kids") & (items["repetition"] == 1)]
    return items.iloc[::2] if ctx.settings.quick else items


def features(ctx: Context, slug: str) -> pd.DataFrame:
    """Features of the recordings, measured once a run."""
    return clip_table(ctx, slug, items_of(ctx, slug))


def whisper(ctx: Context, slug: str) -> pd.DataFrame:
    """Pooled states of the Whisper encoder, computed once a run."""
    return whisper_table(ctx, slug, items_of(ctx, slug))


def speakers_of(ctx: Context, slug: str) -> "pd.Series[str]":
    """The speaker of each recording."""
    return items_of(ctx, slug)[SPEAKERS[slug]]


def transfer_of(slug: str) -> CoarseTransfer:
    """The published coarse map of a corpus with its lenient rule."""
    return CoarseTransfer(get_map(MAPS[slug]))


def score_row(
    ctx: Context, items: pd.DataFrame, slug: str, scores: pd.DataFrame, labels: "pd.Series[str]", **row: Any
) -> Row:
    """Unweighted average recall with its interval, clustered by speaker."""
    speakers = items.loc[scores.index, SPEAKERS[slug]].to_numpy()
    gold = labels[scores.index].to_numpy(dtype=object)
    interval = bootstrap_interval("uar", (gold, answers(scores)), speakers, resamples=ctx.resamples)
    return Row.of_interval(interval, metric="uar", **row)


# -- across corpora ---------------------------------------------------------------------------------------------------


def shared_items(ctx: Context, slug: str) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """Recordings of the four shared classes, and their labels by the English names."""
    items = items_of(ctx, slug)
    english = {german: name for name, german in SHARED.items()} if slug == GERMAN else {name: name for name in SHARED}
    labels = items["emotion"].map(english).dropna()
    return items.loc[labels.index], labels


def across_corpora(ctx: Context) -> list[Row]:
    """Trained on one corpus, tested on the other, on the four classes that both have."""
    rows = across_rows(ctx, features, ACROSS)
    note = "uses the recordings of the test speakers, without their labels, for mean and deviation"
    for how in (BY_CORPUS, BY_SPEAKER):

        def scaled(ctx: Context, slug: str, how: str = how) -> pd.DataFrame:
            table = features(ctx, slug).loc[shared_items(ctx, slug)[0].index]
            return standardized(table, speakers_of(ctx, slug) if how == BY_SPEAKER else None)

        for row in across_rows(ctx, scaled, (POOLED,)):
            rows.append(replace(row, system=f"{POOLED}, {how}", kind=RowKind.ABLATION, note=note))
    return rows


def across_rows(ctx: Context, table_of: Callable[[Context, str], pd.DataFrame], names: Sequence[str]) -> list[Row]:
    """Systems on the features of ``table_of``, trained on one corpus and tested on the other."""
    rows = []
    for source, target in ((ENGLISH, GERMAN), (GERMAN, ENGLISH)):
        source_items, source_labels = shared_items(ctx, source)
        items, labels = shared_items(ctx, target)
        train, test = table_of(ctx, source).loc[source_items.index], table_of(ctx, target).loc[items.index]
        row: dict[str, Any] = {
            "subset": f"{source} to {target}, 4 shared classes",
            "split": "other corpus",
            "guarantee": "speaker-independent, other corpus and language",
        }
        for name in names:
            found = elsewhere(name, train, source_labels, test, ctx.settings.quick)
            system = SYSTEMS[name]
            rows.append(
                score_row(ctx, items, target, found, labels, system=name, kind=system.kind, note=system.note, **row)
            )
    return rows


# -- within a corpus --------------------------------------------------------------------------------------------------


def corpus_scores(ctx: Context, slug: str, name: str) -> pd.DataFrame:
    """Held-out scores of a system, speakers apart, kept as a table of the run."""
    heard = name in (WHISPER_MEAN, WHISPER_POOLED, WHISPER_HEADS)

    def compute() -> pd.DataFrame:
        folds = dict(ctx.corpus(slug).split(SPLITS[slug]).parts)
        table = whisper(ctx, slug) if heard else features(ctx, slug)
        return held_out(name, table, items_of(ctx, slug)["emotion"], folds, ctx.settings.quick)

    return ctx.table(f"scores_{slug}_{list(SYSTEMS).index(name)}", compute)


def where_of(ctx: Context, slug: str) -> dict[str, Any]:
    """Subset, split and guarantee of rows within a corpus."""
    split = ctx.corpus(slug).split(SPLITS[slug])
    classes = items_of(ctx, slug)["emotion"].nunique()
    return {"subset": f"{slug}, {classes} classes", "split": split.name, "guarantee": split.guarantee}


def within(ctx: Context, slug: str, names: Sequence[str]) -> list[Row]:
    """Systems on one corpus with the speakers apart; banks of heads by the lenient rule as well."""
    items = items_of(ctx, slug)
    labels = items["emotion"]
    rows = []
    for name in ctx.track(names, f"systems on {slug}"):
        scores, system = corpus_scores(ctx, slug, name), SYSTEMS[name]
        row = {"system": name, "kind": system.kind, "note": system.note, **where_of(ctx, slug)}
        rows.append(score_row(ctx, items, slug, scores, labels, **row))
        if system.is_bank:
            rows.append(lenient_row(ctx, items, slug, scores, **row))
    return rows


def lenient_row(ctx: Context, items: pd.DataFrame, slug: str, scores: pd.DataFrame, **row: Any) -> Row:
    """The lenient accuracy of coarse head scores that were spread over the fine labels."""
    transfer = transfer_of(slug)
    found = lenient_scores(transfer.present(transfer.spread(scores)), items["emotion"])
    speakers = items[SPEAKERS[slug]].to_numpy()
    interval = bootstrap_interval("mean", (found.hit,), speakers, resamples=ctx.resamples)
    note = f"lenient rule; {found.classes_present:.2f} classes present on average"
    return Row.of_interval(interval, metric="lenient_accuracy", **{**row, "note": note})


def simple_systems(ctx: Context) -> list[Row]:
    """Floors and linear systems on both corpora."""
    return [row for slug in SPLITS for row in within(ctx, slug, (MAJORITY, DURATION, MEAN, POOLED, FUNCTIONALS))]


def head_systems(ctx: Context) -> list[Row]:
    """Banks of heads on both corpora, and paired differences between what they read."""
    rows = []
    for slug in SPLITS:
        rows += within(ctx, slug, (HEADS, HEADS_BALANCED, SEQUENCE))
        for one, other in ((SEQUENCE, HEADS), (HEADS, POOLED), (HEADS_BALANCED, HEADS), (POOLED, MEAN)):
            rows.append(difference_row(ctx, slug, one, other))
    return rows


def whisper_systems(ctx: Context) -> list[Row]:
    """A frozen Whisper encoder in place of our frames: within both corpora and across them."""
    rows = across_rows(ctx, whisper, (WHISPER_POOLED,))
    for slug in SPLITS:
        rows += within(ctx, slug, (WHISPER_MEAN, WHISPER_POOLED, WHISPER_HEADS))
        for one, other in ((WHISPER_POOLED, WHISPER_MEAN), (WHISPER_POOLED, POOLED), (WHISPER_HEADS, HEADS)):
            rows.append(difference_row(ctx, slug, one, other))
    return rows


def needs_whisper(settings: Settings) -> str:
    """Why there is no Whisper encoder."""
    try:
        whisper_file()
    except ThymosError as error:
        return str(error)
    return ""


def difference_row(ctx: Context, slug: str, one: str, other: str) -> Row:
    """How much more average recall one system has than another on the same recordings."""
    items = items_of(ctx, slug)
    first, second = (answers(corpus_scores(ctx, slug, name)) for name in (one, other))
    gold = items["emotion"].to_numpy(dtype=object)
    found = paired_bootstrap("uar", gold, first, second, items[SPEAKERS[slug]].to_numpy(), resamples=ctx.resamples)
    return _paired_row(found, f"{one} minus {other}", RowKind.ABLATION, "uar_difference", where_of(ctx, slug))


def _paired_row(found: Any, system: str, kind: RowKind, metric: str, where: Mapping[str, Any], note: str = "") -> Row:
    return Row(
        system=system,
        kind=kind,
        metric=metric,
        value=found.value,
        low=found.low,
        high=found.high,
        n=found.n,
        clusters=found.clusters,
        seeds=(0,),
        note=f"{note}; p {found.p:.4f}" if note else f"p {found.p:.4f}",
        **where,
    )


def speaker_leak(ctx: Context) -> list[Row]:
    """The same system on a random split: every speaker is in training and test."""
    rows = []
    for slug in SPLITS:
        items = items_of(ctx, slug)
        folds = len(ctx.corpus(slug).split(SPLITS[slug]).parts)
        shares = {f"fold{number}": 1 / folds for number in range(folds)}
        split = Split.random(items, shares, seed=ctx.settings.seed, groups=(SPEAKERS[slug],))
        found = held_out(POOLED, features(ctx, slug), items["emotion"], dict(split.parts), ctx.settings.quick)
        where = {**where_of(ctx, slug), "split": split.name, "guarantee": split.guarantee}
        system = f"{POOLED}, {RANDOM}"
        rows.append(score_row(ctx, items, slug, found, items["emotion"], system=system, kind=RowKind.CONTROL, **where))
        gap = paired_bootstrap(
            "uar",
            items["emotion"].to_numpy(dtype=object),
            answers(found),
            answers(corpus_scores(ctx, slug, POOLED)),
            items[SPEAKERS[slug]].to_numpy(),
            resamples=ctx.resamples,
        )
        note = "what knowing the speakers adds"
        rows.append(_paired_row(gap, f"{system} minus speakers apart", RowKind.CONTROL, "uar_difference", where, note))
    return rows


# -- the lenient rule -------------------------------------------------------------------------------------------------


def lenient_floors(ctx: Context) -> list[Row]:
    """What scorers that hear nothing reach by the published rule, on the class counts of the official releases."""
    rows = []
    for slug, counts in RELEASED.items():
        transfer = transfer_of(slug)
        gold = pd.Series(np.repeat(list(counts), list(counts.values())).repeat(DRAWS)).astype(object)
        for name in FLOORS:
            present = transfer.present(floor_scores(name, transfer, gold.index, seed=ctx.settings.seed))
            found = lenient_scores(present, gold)
            note = (
                f"hears nothing; {found.classes_present:.2f} of {len(transfer.classes)} classes present on average; "
                f"mean over {DRAWS} draws"
            )
            where: dict[str, Any] = {"system": name, "kind": RowKind.FLOOR, "guarantee": NO_SPLIT, "note": note}
            rows.append(
                Row(
                    metric="lenient_accuracy",
                    subset=COARSE[slug],
                    value=found.accuracy,
                    n=sum(counts.values()),
                    **where,
                )
            )
            for label, recall in found.by_class.items():
                subset = f"{COARSE[slug]}/{label}"
                rows.append(Row(metric="lenient_recall", subset=subset, value=recall, n=counts[label], **where))
    return rows


# -- raters and the benchmark -----------------------------------------------------------------------------------------


def missing(slug: str) -> Any:
    """A check that gives the reason when a corpus is not there."""

    def reason(settings: Settings) -> str:
        try:
            corpus_folder(slug, settings.data)
        except ThymosError as error:
            return str(error)
        return ""

    return reason


def benchmark(ctx: Context) -> list[Row]:
    """Experts, floors and transferred heads on the benchmark of forty emotions."""
    rows = expert_ceiling(ctx)
    for slug in SPLITS:
        rows += transferred_heads(ctx, slug, items_of(ctx, slug), transfer_of(slug))
    return rows


# -- claims -----------------------------------------------------------------------------------------------------------


def spelled(row: Row) -> str:
    """A value with its interval."""
    if row.low is None or row.high is None:
        return f"{row.value:.3f}"
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


def lenient_transfer(results: Results) -> Finding:
    """Does the published zero-shot accuracy beat scorers that hear nothing, by the same rule?"""
    told, beaten = [], True
    for slug, scheme in COARSE.items():
        published = results.one(metric="lenient_accuracy", subset=scheme, kind="published")
        floors = results.find(metric="lenient_accuracy", subset=scheme, kind="floor")
        best = max(floors, key=lambda row: row.value or 0)
        random = results.one(metric="lenient_accuracy", subset=scheme, system="random scores between 0 and 4")
        beaten = beaten and (published.value or 0) > (best.value or 0)
        told.append(
            f"{slug}: published {published.value:.3f}, random scores {random.value:.3f}, "
            f"the same answer for every clip {best.value:.3f}"
        )
    return holds_if(beaten, "; ".join(told) + " (a hit counts however many classes are called present)")


def difference_finding(results: Results, system: str) -> Finding:
    """Holds where the difference is above 0 in every corpus, contradicted where it is below in every corpus."""
    rows = results.find(metric="uar_difference", system=system)
    evidence = "; ".join(f"{row.subset}: {spelled(row)}" for row in rows)
    if rows and all((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(bool(rows) and all((row.low or 0) > 0 for row in rows), evidence or "no rows")


def full_sequence(results: Results) -> Finding:
    """Reading the whole sequence against pooling, with small heads on our frames."""
    return difference_finding(results, f"{SEQUENCE} minus {HEADS}")


def statistics_help(results: Results) -> Finding:
    """Minimum, maximum and deviation beside the mean, of our frames and, where they were made, of Whisper's states."""
    ours = difference_finding(results, f"{POOLED} minus {MEAN}")
    heard = results.find(metric="uar_difference", system=f"{WHISPER_POOLED} minus {WHISPER_MEAN}")
    if not heard:
        return ours
    told = "; ".join(f"{row.subset}: {spelled(row)}" for row in heard)
    evidence = f"our frames: {ours.evidence}; Whisper: {told}"
    return holds_if(ours.verdict is Verdict.HOLDS and all((row.low or 0) > 0 for row in heard), evidence)


def heads_beat_linear(results: Results) -> Finding:
    """Trained heads against a linear discriminant on the same pooled frames."""
    return difference_finding(results, f"{HEADS} minus {POOLED}")


def whisper_probes_fail(results: Results) -> Finding:
    """Linear probes on an untuned Whisper encoder, against durations and against our own frames."""
    told, failed = [], []
    for slug in SPLITS:
        rows = [row for row in results.find(metric="uar", system=WHISPER_POOLED) if row.subset.startswith(f"{slug}, ")]
        if not rows:
            return Finding(Verdict.NOT_TESTABLE, "needs a Whisper encoder and a full run")
        floor = results.one(metric="uar", system=DURATION, subset=rows[0].subset)
        ours = results.one(metric="uar", system=POOLED, subset=rows[0].subset)
        failed.append((rows[0].low or 0) <= (floor.high or 1))
        told.append(f"{rows[0].subset}: {spelled(rows[0])}, durations {spelled(floor)}, our frames {spelled(ours)}")
    evidence = "; ".join(told)
    if not any(failed):
        return Finding(Verdict.CONTRADICTED, f"{evidence} (coarse classes of acted speech, not forty scores)")
    return holds_if(all(failed), evidence)


def speakers_leak(results: Results) -> Finding:
    """Random splits flatter."""
    return difference_finding(results, f"{POOLED}, {RANDOM} minus speakers apart")


def transfer_works(results: Results) -> Finding:
    """Is a system above what durations alone transfer, in both directions?"""
    told, above = [], []
    for source, target in ((ENGLISH, GERMAN), (GERMAN, ENGLISH)):
        subset = f"{source} to {target}, 4 shared classes"
        system, floor = (results.one(system=name, metric="uar", subset=subset) for name in (POOLED, DURATION))
        above.append((system.low or 0) > max(floor.value or 0, 1 / len(SHARED)))
        told.append(f"{source} to {target}: {spelled(system)}, durations {spelled(floor)}, chance 0.250")
    return holds_if(all(above), "; ".join(told))


def little_agreement(results: Results) -> Finding:
    """Krippendorff's own bound for tentative conclusions is 0.667."""
    voices = results.find(system=KRIPPENDORFF, metric="agreement", subset="cremad voices/all emotions")
    if not voices:
        return Finding(Verdict.NOT_TESTABLE, f"needs the votes of {CROWD}")
    faces = results.find(system=CONFIRMED, subset="emonet faces/all emotions")
    told = f"; the next expert confirms a yes on a face in {spelled(faces[0])}" if faces else ""
    evidence = f"crowd on six emotions in acted voices: alpha {spelled(voices[0])}{told} (published for voices: 0.138)"
    return holds_if((voices[0].high or 1) < 0.667, evidence)


def embarrassment_and_awe(results: Results) -> Finding:
    """The best and the worst agreed emotion of the voices, in the faces of the sister set."""
    first, last = (results.find(system=CONFIRMED, subset=f"emonet faces/{name}") for name in ("Embarrassment", "Awe"))
    if not first or not last:
        return Finding(Verdict.NOT_TESTABLE, "the voices' ratings are in the benchmark, which a user has to supply")
    evidence = (
        f"in the faces of the sister set the next expert confirms embarrassment in {spelled(first[0])} and awe in "
        f"{spelled(last[0])} (another medium: the voices' ratings are not here)"
    )
    return holds_if((first[0].low or 0) > (last[0].high or 0), evidence)


def human_level(results: Results) -> Finding:
    """Correlation of the heads with the experts."""
    people = results.find(metric="spearman", kind="ceiling", subset="bench/target emotion")
    if not people:
        return Finding(Verdict.NOT_TESTABLE, f"needs the benchmark: put it into a folder {BENCH}")
    published = results.one(metric="spearman", kind="published", system="EmpathicInsight-Voice Small")
    evidence = f"published {published.value:.3f}; one expert against the others {spelled(people[0])}"
    return holds_if((published.value or 0) >= (people[0].value or 1), evidence)


# -- plots ------------------------------------------------------------------------------------------------------------


def draw_floors(results: Results, figure: Any) -> None:
    """Published lenient recall of each class beside scorers that hear nothing."""
    axes = figure.subplots()
    subsets = [f"emodb7/{label}" for label in RELEASED[GERMAN]]
    published = [results.one(metric="lenient_recall", subset=name, kind="published").value for name in subsets]
    random = [
        results.one(metric="lenient_recall", subset=name, system="random scores between 0 and 4").value
        for name in subsets
    ]
    places = range(len(subsets))
    axes.barh(
        [k - 0.2 for k in places], [100 * (value or 0) for value in published], 0.38, label="published, zero-shot"
    )
    axes.barh([k + 0.2 for k in places], [100 * (value or 0) for value in random], 0.38, label="random scores")
    axes.axvline(100, color="gray", linestyle="--", linewidth=0.8, label="one answer for all clips")
    axes.set_yticks(list(places), list(RELEASED[GERMAN]))
    axes.invert_yaxis()
    axes.set_xlabel("gold class present by the lenient rule, %")
    axes.legend(fontsize="small")


def draw_corpora(results: Results, figure: Any) -> None:
    """Average recall within and across corpora with intervals over speakers."""
    axes = figure.subplots()
    rows = [row for row in results.find(metric="uar") if row.kind is not RowKind.CONTROL]
    subsets = list(dict.fromkeys(row.subset for row in rows))
    for subset in subsets:
        own = [row for row in rows if row.subset == subset]
        names = [row.system for row in own]
        values = np.array([row.value for row in own], dtype=float)
        low, high = (np.array([getattr(row, end) for row in own], dtype=float) for end in ("low", "high"))
        axes.errorbar(values, names, xerr=[values - low, high - values], fmt="o", capsize=3, label=subset, alpha=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("unweighted average recall")
    axes.legend(fontsize="small")


STUDY = Study(
    slug="fine_grained_voice",
    card=12,
    title="Fine-grained emotion scores in speech and what a lenient rule makes of them",
    question="Do scores of forty emotions carry over to real speech, how far do experts agree on such emotions, and "
    "does training on acted speech carry over to another corpus?",
    paper="EmoNet-Voice: a fine-grained, expert-verified benchmark for speech emotion detection, arXiv 2506.09827",
    corpora=(ENGLISH, GERMAN),
    optional=(EXPERTS, CROWD, BENCH),
    headline=("uar", "uar_difference", "lenient_accuracy", "confirmation_rate", "agreement"),
    arms=(
        Arm("across corpora", RowKind.SYSTEM, across_corpora, "trained on one corpus, tested on the other"),
        Arm("floors and linear systems", RowKind.BASELINE, simple_systems, "speakers apart"),
        Arm("heads", RowKind.SYSTEM, head_systems, "pooled and full-sequence heads, speakers apart"),
        Arm(
            "frozen Whisper",
            RowKind.BASELINE,
            whisper_systems,
            "an untuned encoder in place of our frames",
            needs=needs_whisper,
            quick=False,
        ),
        Arm("random split", RowKind.CONTROL, speaker_leak, "what a split that shares speakers adds"),
        Arm("lenient rule without hearing", RowKind.FLOOR, lenient_floors, "scorers that never hear a clip"),
        Arm(
            "experts on faces",
            RowKind.CEILING,
            expert_rows,
            "is a yes confirmed, forty emotions",
            needs=missing(EXPERTS),
        ),
        Arm("crowd on voices", RowKind.CEILING, crowd_rows, "agreement on six emotions", needs=missing(CROWD)),
        Arm("benchmark", RowKind.SYSTEM, benchmark, "forty emotions, where it is at hand", needs=missing(BENCH)),
    ),
    claims=(
        Claim("Fine scores transfer to real speech: 70.6 % on EmoDB, 74.2 % on RAVDESS", lenient_transfer, "paper"),
        Claim("Reading the full sequence is better than pooling", full_sequence, "paper"),
        Claim("Linear probes on an untuned Whisper encoder fail", whisper_probes_fail, "paper"),
        Claim("Training on one acted corpus carries over to the other", transfer_works, "ours"),
        Claim("A random split flatters: shared speakers raise the score", speakers_leak, "ours"),
        Claim("Minimum, maximum and deviation add to the mean", statistics_help, "ours"),
        Claim("Trained heads beat a linear discriminant on the same features", heads_beat_linear, "ours"),
        Claim("Raters agree little on single emotions", little_agreement, "paper"),
        Claim("Experts agree best on embarrassment and worst on awe", embarrassment_and_awe, "paper"),
        Claim("The heads agree with experts as far as an expert does", human_level, "abstract"),
    ),
    plots=(
        Plot("floors", "By the lenient rule, random scores come close to the published transfer", draw_floors),
        Plot("corpora", "What is learned on one corpus is mostly lost on the other", draw_corpora),
    ),
    decisions=(
        "The card's table maps 37 of 40 emotions to EmoDB's classes, the text says 38: the table is used.",
        (
            "Coarse labels are spread over all fine emotions that map to their class [inferred]; one head a class is "
            "trained, as heads with the same labels learn the same."
        ),
        "Learning rate 0.001, 20 epochs, batches of 64, Adam [inferred]: the paper does not say; nothing was tuned.",
        (
            "Frames: 32 log-mel bands and 15 numbers of prosody every 10 ms in place of the tuned Whisper encoder, "
            "whose weights a user has to supply; the full sequence is 48 averaged slices of a recording."
        ),
        "Gold of a benchmark clip is the mean of its experts [inferred].",
        "Cronbach's alpha is the mean over pairs of raters, weighted by the items that both rated [inferred].",
    ),
)
