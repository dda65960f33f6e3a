"""How much do raters disagree about emotion, and what do aggregation rules throw away? (card 36)

The votes of CREMA-D (voice, face, both) and FER+ are aggregated by the majority rule (more than half of the votes),
the plurality rule (a unique mode) and the all-inclusive rule (every item with its distribution). The study counts
what each rule keeps, what one rater reaches against the others, how scores rise when ambiguous items are dropped from
the test set, and whether disagreement differs by the actor's sex and age. No speech is needed and none is used. Small
networks for the faces of FER+ are trained under each rule and tested under each rule (``_subjectivity_models``).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.aggregation import distribution, kept_by, multilabel
from thymos.affect.agreement import fleiss_kappa_from_counts, krippendorff_from_counts
from thymos.affect.disagreement import co_occurrence, penalization_matrix, vote_entropy
from thymos.affect.policies import apply_policy
from thymos.measure.ceilings import one_vote_against_rest, vote_ceiling
from thymos.measure.resampling import bootstrap_interval
from thymos.studies import _subjectivity_claims as model_claims
from thymos.studies._ferplus_subset import without_pictures
from thymos.studies._subjectivity_plots import draw_rules
from thymos.studies._subjectivity_scores import face_floor, face_models
from thymos.studies._subjectivity_voices import voice_models, without_recordings
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
    Study,
    Verdict,
    holds_if,
)

SPEECH, FACES = "cremad_votes", "ferplus"
MODALITIES = ("voice", "face", "audio-visual")
RULES = ("majority", "plurality", "all_inclusive")
FER_PARTS = ("train", "valid", "test")
AGE_LIMITS = (0, 30, 45, 200)
AGE_NAMES = ("up to 30", "31 to 45", "above 45")
SMOOTHING = 0.05


class Votes(NamedTuple):
    """Votes of one set of clips or faces."""

    counts: npt.NDArray[np.int64]  # (items, classes), with the excluded labels
    excluded: npt.NDArray[np.bool_]  # (classes,) labels that cannot win: unknown, not a face
    labels: tuple[str, ...]
    items: pd.DataFrame
    clusters: npt.NDArray[Any] | None  # who is in the clip; unknown for web pictures


def speech_votes(ctx: Context, modality: str) -> Votes:
    """CREMA-D votes of one modality; clusters are the actors."""
    corpus = ctx.corpus(SPEECH)
    items = corpus.items[corpus.items["modality"] == modality]
    votes = corpus.rated().votes(exclude=False).reindex(items.index)
    labels = tuple(votes.columns)
    return Votes(votes.to_numpy(np.int64), np.zeros(len(labels), bool), labels, items, items["actor"].to_numpy())


def face_votes(ctx: Context, part: str) -> Votes:
    """FER+ votes of one official part, with ``unknown`` and ``not_a_face`` as votes that cannot win."""
    corpus = ctx.corpus(FACES)
    items = corpus.part(part)
    scheme = corpus.rated().scheme()
    votes = corpus.rated().votes(exclude=False).reindex(items.index).fillna(0)
    excluded = np.array([label in scheme.exclude for label in votes.columns])
    return Votes(votes.to_numpy(np.int64), excluded, tuple(votes.columns), items, None)


def all_votes(ctx: Context) -> Iterable[tuple[str, Votes]]:
    """Every set with its name in the rows."""
    for modality in MODALITIES:
        yield f"cremad/{modality}", speech_votes(ctx, modality)
    for part in FER_PARTS:
        yield f"ferplus/{part}", face_votes(ctx, part)


def mean_row(ctx: Context, votes: Votes, values: npt.ArrayLike, keep: Any = None, **row: Any) -> Row:
    """A mean with its interval, clustered by actor where actors are known."""
    chosen = slice(None) if keep is None else keep
    clusters = None if votes.clusters is None else votes.clusters[chosen]
    interval = bootstrap_interval("mean", (np.asarray(values, dtype=float)[chosen],), clusters, resamples=ctx.resamples)
    return Row.of_interval(interval, **row)


def kept(ctx: Context) -> list[Row]:
    """What each rule keeps: items, ratings, and the number of labels that pass the 1/K rule."""
    rows = []
    for subset, votes in all_votes(ctx):
        for rule in ("majority", "plurality"):
            keep = kept_by(votes.counts, rule, excluded=votes.excluded)
            kind = RowKind.SYSTEM
            rows.append(mean_row(ctx, votes, keep, system=rule, kind=kind, metric="kept_rate", subset=subset))
            rows.append(Row(rule, kind, "kept_items", subset, float(keep.sum()), len(keep), NO_SPLIT))
            # A rating is used when its item is kept and it is for the label that the item gets.
            used = (votes.counts.max(axis=1) * keep).sum() / votes.counts.sum()
            ratings = int(votes.counts.sum())
            rows.append(Row(rule, kind, "ratings_used_rate", subset, float(used), ratings, NO_SPLIT))
        if subset.startswith("cremad"):
            sizes = multilabel(votes.counts).sum(axis=1)
            for size in range(1, int(sizes.max()) + 1):
                found = float((sizes == size).sum())
                rows.append(
                    Row(
                        "labels above 1/K",
                        RowKind.SYSTEM,
                        "items_with_labels",
                        f"{subset}/{size}",
                        found,
                        len(sizes),
                        NO_SPLIT,
                    )
                )
    return rows


def author_policies(ctx: Context) -> list[Row]:
    """Faces that the cleaning policies of the FER+ authors keep, on the votes of ``fer2013new.csv``."""
    rows = []
    for part in FER_PARTS:
        votes = face_votes(ctx, part)
        for policy in ("arg_max", "majority", "probability", "multi_target"):
            found = np.isfinite(apply_policy(votes.counts, votes.excluded, policy)[:, 0])
            rows.append(
                Row(
                    f"policy {policy}",
                    RowKind.SYSTEM,
                    "kept_items",
                    f"ferplus/{part}",
                    float(found.sum()),
                    len(found),
                    NO_SPLIT,
                )
            )
    return rows


def agreement_rows(ctx: Context) -> list[Row]:
    """Agreement coefficients and the entropy of the votes."""
    rows = []
    for subset, votes in all_votes(ctx):
        counts = votes.counts[:, ~votes.excluded]
        counts = counts[counts.sum(axis=1) > 0]
        for system, function in (
            ("Krippendorff alpha", krippendorff_from_counts),
            ("Fleiss kappa", fleiss_kappa_from_counts),
        ):
            rows.append(
                Row(system, RowKind.CEILING, "agreement", subset, float(function(counts)), len(counts), NO_SPLIT)
            )
        full = votes.counts[:, ~votes.excluded].sum(axis=1) > 0
        entropy = np.zeros(len(full))
        entropy[full] = vote_entropy(votes.counts[:, ~votes.excluded][full])
        row = {"system": "votes", "kind": RowKind.CEILING, "metric": "vote_entropy_bits", "subset": subset}
        rows.append(mean_row(ctx, votes, entropy, full, **row))
    return rows


def ceilings(ctx: Context) -> list[Row]:
    """One rater against the plurality of the others, on the items that each rule keeps."""
    rows = []
    for subset, votes in all_votes(ctx):
        emotions = votes.counts[:, ~votes.excluded]
        for rule in RULES:
            keep = kept_by(votes.counts, rule, excluded=votes.excluded) & (emotions.sum(axis=1) >= 2)
            used = one_vote_against_rest(emotions[keep]).items
            clusters = None if votes.clusters is None else votes.clusters[keep][used]
            for metric in ("accuracy", "macro_f1"):
                interval = bootstrap_interval(
                    vote_ceiling(emotions[keep], metric), (), clusters, resamples=ctx.resamples
                )
                rows.append(
                    Row.of_interval(
                        interval,
                        system="one rater against the rest",
                        kind=RowKind.CEILING,
                        metric=metric,
                        subset=f"{subset}/{rule}",
                    )
                )
    return rows


def intended(ctx: Context) -> list[Row]:
    """The intended emotion, the votes on the face and the most frequent label as predictions of the voice label.

    No model is trained here: these rows show what a rule does to the score of one and the same prediction.
    """
    voice, face = speech_votes(ctx, "voice"), speech_votes(ctx, "face")
    labels = np.array(voice.labels)
    clips = face.items["clip"].to_numpy()
    face_of = pd.Series(face.counts.argmax(axis=1), index=clips).reindex(voice.items["clip"]).to_numpy()
    shares = distribution(voice.counts)
    rows = []
    for rule in ("majority", "plurality"):
        keep = kept_by(voice.counts, rule)
        gold = labels[voice.counts[keep].argmax(axis=1)]
        common = pd.Series(gold).mode()[0]
        predictions = {
            ("most frequent label", RowKind.FLOOR): np.full(keep.sum(), common, dtype=object),
            ("intended emotion", RowKind.BASELINE): voice.items["intended"].to_numpy()[keep],
            ("plurality of the face votes", RowKind.BASELINE): labels[face_of[keep]],
        }
        for (system, kind), predicted in predictions.items():
            note = "label frequency of the test items themselves" if kind is RowKind.FLOOR else ""
            for metric in ("accuracy", "macro_f1"):
                interval = bootstrap_interval(metric, (gold, predicted), voice.clusters[keep], resamples=ctx.resamples)  # type: ignore[index]
                rows.append(
                    Row.of_interval(
                        interval, system=system, kind=kind, metric=metric, subset=f"cremad/voice/{rule}", note=note
                    )
                )
        rows += (
            []
            if rule == "majority"
            else [flattery(ctx, voice, keep, predictions["intended emotion", RowKind.BASELINE])]
        )
    # All-inclusive: expected accuracy is the vote share of the predicted label.
    codes = {label: code for code, label in enumerate(voice.labels)}
    everyone = np.arange(len(shares))
    frequent = int(voice.counts.sum(axis=0).argmax())
    for system, kind, code in (
        ("most frequent label", RowKind.FLOOR, np.full(len(shares), frequent)),
        ("intended emotion", RowKind.BASELINE, voice.items["intended"].map(codes).to_numpy()),
        ("plurality of the face votes", RowKind.BASELINE, face_of),
    ):
        rows.append(
            mean_row(
                ctx,
                voice,
                shares[everyone, code],
                system=system,
                kind=kind,
                metric="expected_accuracy",
                subset="cremad/voice/all_inclusive",
                note="share of raters who chose the predicted label",
            )
        )
    return rows


def flattery(ctx: Context, votes: Votes, plurality: npt.NDArray[np.bool_], predicted: npt.NDArray) -> Row:
    """How much accuracy rises when items without a majority leave the test set; the same prediction, paired."""
    counts = votes.counts[plurality]
    hit = (np.array(votes.labels)[counts.argmax(axis=1)] == predicted).astype(float)
    majority = kept_by(counts, "majority").astype(float)

    def gain(right: npt.NDArray, kept_by_majority: npt.NDArray) -> float:
        return float(right[kept_by_majority == 1].mean() - right.mean())

    clusters = None if votes.clusters is None else votes.clusters[plurality]
    interval = bootstrap_interval(gain, (hit, majority), clusters, resamples=min(2_000, ctx.resamples))
    return Row.of_interval(
        interval,
        system="intended emotion",
        kind=RowKind.BASELINE,
        metric="accuracy_gain_by_dropping",
        subset="cremad/voice",
        note="accuracy on majority items minus accuracy on plurality items",
    )


def penalization(ctx: Context) -> list[Row]:
    """How rarely two emotions are chosen for one clip: P[j, z] = 1 - C[j, z] / C[j, j] on the voice votes."""
    votes = speech_votes(ctx, "voice")
    matrix = penalization_matrix(co_occurrence(votes.counts))

    def table() -> pd.DataFrame:
        return pd.DataFrame(matrix, index=list(votes.labels), columns=list(votes.labels))

    ctx.table("penalization", table)
    return [
        Row(
            "penalization",
            RowKind.SYSTEM,
            "penalty",
            f"cremad/voice/{one} with {other}",
            float(matrix[j, z]),
            len(votes.counts),
            NO_SPLIT,
        )
        for j, one in enumerate(votes.labels)
        for z, other in enumerate(votes.labels)
        if j != z
    ]


def groups(ctx: Context) -> list[Row]:
    """Disagreement and recognition of the intended emotion by the actor's sex and age, clustered by actor."""
    rows = []
    for modality in MODALITIES:
        votes = speech_votes(ctx, modality)
        entropy = vote_entropy(votes.counts)
        codes = votes.items["intended"].map({label: code for code, label in enumerate(votes.labels)}).to_numpy()
        hit = distribution(votes.counts)[np.arange(len(codes)), codes]
        age = pd.cut(votes.items["actor_age"], AGE_LIMITS, labels=AGE_NAMES).astype(str).to_numpy()
        groupings = {"sex": votes.items["actor_sex"].to_numpy(dtype=str), "age": age}
        for metric, values in (("vote_entropy_bits", entropy), ("intended_recognized_rate", hit)):
            for grouping, member in groupings.items():
                for name in sorted(set(member)):
                    subset = f"cremad/{modality}/{grouping} {name}"
                    rows.append(
                        mean_row(
                            ctx,
                            votes,
                            values,
                            member == name,
                            system="votes",
                            kind=RowKind.ABLATION,
                            metric=metric,
                            subset=subset,
                        )
                    )
            rows.append(_sex_gap(ctx, votes, values, groupings["sex"], metric, modality))
    return rows


def _sex_gap(ctx: Context, votes: Votes, values: npt.NDArray, sex: npt.NDArray, metric: str, modality: str) -> Row:
    female = (sex == "Female").astype(float)

    def gap(value: npt.NDArray, is_female: npt.NDArray) -> float:
        return float(value[is_female == 1].mean() - value[is_female == 0].mean())

    # Few actors and a cheap statistic: the generic resampling is enough.
    interval = bootstrap_interval(gap, (values, female), votes.clusters, resamples=min(2_000, ctx.resamples))
    return Row.of_interval(
        interval,
        system="female minus male actors",
        kind=RowKind.ABLATION,
        metric=f"{metric}_gap",
        subset=f"cremad/{modality}",
    )


# -- claims ---------------------------------------------------------------------------------------------------------


def loss_in_range(results: Results) -> Finding:
    """Loss of data by the majority and plurality rules over corpora: 5.63 to 89.17 %."""
    losses = {
        f"{row.subset} {row.system}": 1 - (row.value or 0)
        for row in results.find(metric="kept_rate")
        if row.subset in ("cremad/voice", "ferplus/train")
    }
    evidence = ", ".join(f"{name} loses {100 * loss:.1f} % of the items" for name, loss in losses.items())
    return holds_if(bool(losses) and all(0.0563 <= loss <= 0.8917 for loss in losses.values()), evidence)


def half_of_ratings(results: Results) -> Finding:
    """Consensus rules throw away a large part of the ratings."""
    majority = results.one(system="majority", metric="ratings_used_rate", subset="cremad/voice")
    plurality = results.one(system="plurality", metric="ratings_used_rate", subset="cremad/voice")
    used = [f"{100 * (row.value or 0):.1f} % by {row.system}" for row in (majority, plurality)]
    evidence = f"voice votes used: {' and '.join(used)}"
    return holds_if((majority.value or 1) < 0.5, evidence)


def dropping_flatters(results: Results) -> Finding:
    """Leaving ambiguous items out of the test set raises the score of one and the same prediction."""
    gain = results.one(system="intended emotion", metric="accuracy_gain_by_dropping")
    strict, loose = (
        results.value(system="one rater against the rest", metric="accuracy", subset=f"cremad/voice/{rule}")
        for rule in ("majority", "all_inclusive")
    )
    evidence = (
        f"the intended emotion gains {100 * (gain.value or 0):.1f} points of accuracy "
        f"[{100 * (gain.low or 0):.1f}, {100 * (gain.high or 0):.1f}] when items without a majority are dropped; "
        f"one rater against the rest reaches {strict:.3f} on majority items and {loose:.3f} on all"
    )
    return holds_if((gain.low or 0) > 0, evidence)


def voice_is_ambiguous(results: Results) -> Finding:
    """Raters agree less on the voice alone than on the face or on both."""
    alphas = [results.value(system="Krippendorff alpha", metric="agreement", subset=f"cremad/{m}") for m in MODALITIES]
    evidence = ", ".join(f"{m} {alpha:.3f}" for m, alpha in zip(MODALITIES, alphas, strict=True))
    return holds_if(alphas[0] < min(alphas[1:]), f"Krippendorff alpha: {evidence}")


def more_than_one_emotion(results: Results) -> Finding:
    """Most clips carry more than one emotion by the 1/K rule."""
    rows = results.find(metric="items_with_labels")
    voice = {row.subset.rpartition("/")[2]: row for row in rows if row.subset.startswith("cremad/voice/")}
    several = sum(row.value or 0 for size, row in voice.items() if size != "1")
    total = next(iter(voice.values())).n if voice else 1
    return holds_if(several / total > 0.5, f"{several:.0f} of {total} voice clips have two or more labels above 1/K")


def penalty_gain(results: Results) -> Finding:
    """Gain of the penalization loss, which needs speech."""
    needed = results.find(metric="macro_f1", system="penalization loss")
    if not needed:
        return Finding(
            Verdict.NOT_TESTABLE, "needs the speech of MSP-Podcast (signed agreement); only the matrix is here"
        )
    return holds_if((needed[0].value or 0) > 0, "see the row")


# -- plots ----------------------------------------------------------------------------------------------------------


def draw_kept(results: Results, figure: Any) -> None:
    """Share of items that each rule keeps."""
    axes = figure.subplots()
    subsets = [row.subset for row in results.find(metric="kept_rate", system="majority")]
    for shift, rule in ((-0.2, "majority"), (0.2, "plurality")):
        rows = [results.one(metric="kept_rate", system=rule, subset=subset) for subset in subsets]
        values = [100 * (row.value or 0) for row in rows]
        axes.barh([k + shift for k in range(len(rows))], values, height=0.38, label=rule)
    axes.set_yticks(range(len(subsets)), subsets)
    axes.invert_yaxis()
    axes.set_xlabel("items kept, %")
    axes.legend()


def draw_penalization(results: Results, figure: Any) -> None:
    """The penalization matrix as a heat map."""
    matrix = results.tables["penalization"]
    axes = figure.subplots()
    image = axes.imshow(matrix.to_numpy(), vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(len(matrix)), matrix.columns, rotation=45)
    axes.set_yticks(range(len(matrix)), matrix.index)
    for j in range(len(matrix)):
        for z in range(len(matrix)):
            axes.text(z, j, f"{matrix.to_numpy()[j, z]:.2f}", ha="center", va="center", color="white", fontsize=8)
    figure.colorbar(image, label="penalty: 1 = never chosen together")


STUDY = Study(
    slug="annotator_subjectivity",
    card=36,
    title="What aggregation rules throw away when raters disagree",
    question="How much of the items and ratings do the majority and plurality rules drop, what does one rater reach, "
    "how much do scores rise when ambiguous items leave the test set, and what do models learn from all items and all "
    "ratings?",
    paper="Speech emotion recognition: subjectivity of annotators and ambiguity of emotions, arXiv 2510.05934",
    corpora=(SPEECH, FACES),
    headline=(
        "kept_rate",
        "ratings_used_rate",
        "items_with_labels",
        "agreement",
        "accuracy",
        "expected_accuracy",
        "multilabel_macro_f1",
    ),
    arms=(
        Arm("what rules keep", RowKind.SYSTEM, kept, "items and ratings kept by majority and plurality; 1/K labels"),
        Arm("policies of the FER+ authors", RowKind.SYSTEM, author_policies, "faces kept by their four policies"),
        Arm("agreement", RowKind.CEILING, agreement_rows, "Krippendorff, Fleiss, entropy of the votes"),
        Arm("one rater against the rest", RowKind.CEILING, ceilings, "human ceiling on the items that each rule keeps"),
        Arm("fixed predictions", RowKind.FLOOR, intended, "one prediction scored under three rules"),
        Arm("penalization", RowKind.SYSTEM, penalization, "which emotions are rarely chosen together"),
        Arm("groups of actors", RowKind.ABLATION, groups, "disagreement by the actor's sex and age"),
        Arm(
            "faces: one answer",
            RowKind.FLOOR,
            face_floor,
            "the mean vote shares of the training items, under each test rule",
            needs=without_pictures,
        ),
        Arm(
            "faces: models under three rules",
            RowKind.SYSTEM,
            face_models,
            "training rule x kind of target x test rule, and losses on all items",
            needs=without_pictures,
        ),
        Arm(
            "faces: differences between models",
            RowKind.ABLATION,
            model_claims.face_differences,
            "paired differences between models that differ in one thing",
            needs=without_pictures,
        ),
        Arm(
            "voices: models under three rules",
            RowKind.SYSTEM,
            voice_models,
            "training rule x kind of target x test rule, actors apart, where the recordings are at hand",
            needs=without_recordings,
        ),
    ),
    claims=(
        Claim("Aggregation loses between 5.63 and 89.17 % of the data", loss_in_range, "abstract, TAC 2024"),
        Claim("Consensus labels ignore half of the ratings", half_of_ratings, "thesis"),
        Claim("Test sets without ambiguous items give flattering scores", dropping_flatters, "thesis"),
        Claim("Most clips carry more than one emotion", more_than_one_emotion, "thesis"),
        Claim("Raters agree less on the voice alone", voice_is_ambiguous, "Stimulus modality matters, 2024"),
        Claim("Penalizing rare emotion pairs raises macro-F1 by 17.12 % relative", penalty_gain, "abstract, 2022"),
        Claim(
            "Penalizing rare emotion pairs raises macro-F1 for hard, multi-label and distribution targets, here on "
            "faces",
            model_claims.penalty_helps,
            "abstract, 2022",
        ),
        Claim(
            "A class-balanced loss raises macro-F1 over binary cross entropy and improves calibration, here on faces",
            model_claims.balance_helps,
            "note, 2023",
        ),
        Claim("Temperatures improve calibration, here on faces", model_claims.temperatures_help, "note, 2023"),
        Claim(
            "Trained on every item, a model is better on the complete test set than trained on majority items, here "
            "on faces",
            model_claims.more_items_help,
            "thesis",
        ),
        Claim("Soft labels beat hard labels, here on faces", model_claims.softness_helps, "thesis"),
        Claim(
            "Test sets without ambiguous items flatter trained models, here on faces",
            model_claims.dropping_flatters_models,
            "thesis",
        ),
        Claim("Modeling each rater improves the prediction of the consensus", model_claims.raters_help, "thesis"),
    ),
    plots=(
        Plot("kept", "The majority rule drops a third of the voices and a fifth of the faces", draw_kept),
        Plot("penalization", "Which emotions listeners rarely choose together", draw_penalization),
        Plot("rules", "Faces: what a model scores depends on the rule of training and the rule of test", draw_rules),
    ),
    decisions=(
        "FER+ rules count 'unknown' and 'not a face' as votes that cannot win.",
        "A rating is used when its item is kept and it names the item's label.",
        (
            "The authors' FER+ majority policy keeps 25,045 / 3,191 / 3,137 faces on the votes of their label.csv "
            "files; fer2013new.csv holds other votes for 1,602 of these faces, so its counts differ."
        ),
        "Penalization is row-normalized co-occurrence [inferred]; alternatives in thymos.affect.disagreement.",
        (
            "Models of faces: a stratified part of FER+ train at 32 x 32 pixels, one small network of 0.3 million "
            "weights, equally many steps for every training rule; pictures that stand in several parts stay in test, "
            "then valid. The numbers are those of a small network on few pictures, not of FER+."
        ),
        "Under the all-inclusive rule, classes that share the top share a hard target [inferred].",
        (
            "The penalty runs over classes that the model turns on and the target lacks, on pairs counted after the "
            "1/K rule; elements are cross entropy (hard), divergence (soft) and binary cross entropy (label sets); "
            "alpha is 0.2 [inferred but for alpha]. Unpenalized cross entropy and divergence have equal gradients."
        ),
        (
            "A model of label sets turns a label on above 1/2 of its sigmoid, a softmax model above 1/K [inferred]; "
            "calibration errors of the two kinds are not comparable: one is taken against label sets, one against "
            "vote shares. Their intervals are moved so that the bootstrap's median is the value: resampling makes a "
            "calibration error larger."
        ),
    ),
)
