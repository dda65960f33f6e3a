"""Claims and plots of ``ambivalence_hesitancy``."""

from typing import Any

import numpy as np

from thymos.perceive.personalization.by_person import ADAPTING, ORACLE, SOURCE_ONLY
from thymos.studies._ambivalence_data import TEST
from thymos.studies._ambivalence_frames import FRAMES, MEAN_LOGIT
from thymos.studies._ambivalence_people import LEVELS, MAJORITY, SWAPPED
from thymos.studies._ambivalence_text import ENCODER, LENGTH, QUESTION, TFIDF, TFIDF_QUESTION
from thymos.studies._stand_in_voices import TASK
from thymos.studies.contract import Claim, Finding, Plot, Results, Row, Verdict, holds_if

NO_BAH = "needs BAH: put the split lists into a folder bah"
NO_FEATURES = "needs BAH with features of frames: features/<folder>/<video>/<stream>.npy"
PUBLISHED_VIDEO = "v2 test, video level"
VIDEOS = f"{TEST}, {MEAN_LOGIT.replace('_', ' ')}"


def spelled(row: Row) -> str:
    """A value with its interval."""
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


def of_gains(rows: list[Row], missing: str) -> Finding:
    """Holds where every gain is above 0, contradicted where every one is below."""
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, missing)
    evidence = "; ".join(f"{row.system} {spelled(row)}" for row in rows)
    if all((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def question_beats_published(results: Results) -> Finding:
    """The look-up of seven rates against the best published score of a whole video (another split)."""
    rows = results.find(system=QUESTION, metric="macro_f1", subset=TEST)
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, NO_BAH)
    published = [row for row in results.find(kind="published", metric="macro_f1") if row.subset == PUBLISHED_VIDEO]
    best = max(published, key=lambda row: row.value or 0)
    evidence = (
        f"question number {spelled(rows[0])}, best published video-level macro F1 {best.value:.3f} ({best.system}; "
        "other version of the corpus, so no strict comparison)"
    )
    return holds_if((rows[0].value or 0) > (best.value or 1), evidence)


def text_within_questions(results: Results) -> Finding:
    """TF-IDF ranks videos of one question better than chance."""
    rows = results.find(system=TFIDF, metric="within_question_auc", subset=TEST)
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, NO_BAH)
    overall = results.one(system=TFIDF, metric="roc_auc", subset=TEST)
    evidence = f"area within questions {spelled(rows[0])}, over all videos {spelled(overall)}"
    return holds_if((rows[0].low or 0) > 0.5, evidence)


def text_adds_to_question(results: Results) -> Finding:
    """TF-IDF beside the question against the question alone."""
    return of_gains(results.find(system=f"{TFIDF_QUESTION} over {QUESTION}", metric="macro_f1_gain"), NO_BAH)


def all_streams_win(results: Results) -> Finding:
    """Leader-follower fusion of three streams against every stream alone, video level."""
    rows = results.find(metric="macro_f1", subset=VIDEOS)
    fused = [row for row in rows if row.system.startswith("leader-follower")]
    alone = [row for row in rows if row.system.endswith(" alone")]
    if not fused or not alone:
        return Finding(Verdict.NOT_TESTABLE, NO_FEATURES)
    best = max(alone, key=lambda row: row.value or 0)
    evidence = f"{fused[0].system} {spelled(fused[0])}, {best.system} {spelled(best)}"
    if (fused[0].value or 0) < (best.low or 0):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if((fused[0].value or 0) > (best.high or 1), evidence)


def sounds_and_words_win(results: Results) -> Finding:
    """Frame level: published, audio and text score best of all combinations; ours stands for it by its streams."""
    if not results.find(metric="macro_f1", subset=FRAMES):
        return Finding(Verdict.NOT_TESTABLE, NO_FEATURES)
    rows = results.find(metric="macro_f1", subset=FRAMES)
    best = max(rows, key=lambda row: row.value or 0)
    return holds_if(" + " in best.system, f"best over frames: {best.system} {spelled(best)}")


def adapting_helps(results: Results) -> Finding:
    """Every method without labels against source only, on transcripts."""
    rows = [
        row
        for method in ADAPTING
        for row in results.find(system=f"encoder, {method} over {SOURCE_ONLY}", metric="macro_f1_gain")
    ]
    return of_gains(rows, NO_BAH)


def adapting_helps_voices(results: Results) -> Finding:
    """The same on acted speech."""
    rows = [
        row for method in ADAPTING for row in results.find(system=f"{method} over {SOURCE_ONLY}", metric="uar_gain")
    ]
    return of_gains(rows, "the arm on acted speech did not run")


def it_is_the_person(results: Results) -> Finding:
    """Adapted to the person against adapted to somebody else."""
    rows = [row for method, other in SWAPPED.items() for row in results.find(system=f"{method} over {other}")]
    return of_gains(rows, "the arm on acted speech did not run")


def levels_are_enough(results: Results) -> Finding:
    """The plainest way to know a person against the best of the three methods, on acted speech."""
    plain = results.one(system=LEVELS, metric="uar", subset=TASK)
    methods = [results.one(system=method, metric="uar", subset=TASK) for method in ADAPTING]
    best = max(methods, key=lambda row: row.value or 0)
    evidence = f"{LEVELS} {spelled(plain)}, best adaptation {best.system} {spelled(best)}"
    return holds_if((plain.value or 0) >= (best.value or 1), evidence)


CLAIMS = (
    Claim("Fusing face, sound and words beats every stream alone, video level", all_streams_win, "repository figures"),
    Claim("Over frames a combination of streams beats every stream alone", sounds_and_words_win, "repository figures"),
    Claim("MMD, SHOT and NRC beat source only (ours: on transcripts)", adapting_helps, "repository figures"),
    Claim("MMD, SHOT and NRC beat source only on acted emotions", adapting_helps_voices, "ours"),
    Claim("Adapting helps because it is this person, on acted emotions", it_is_the_person, "ours"),
    Claim("Levels of the person do as well as the best adaptation on acted emotions", levels_are_enough, "ours"),
    Claim("The question number alone beats every published video-level score", question_beats_published, "ours"),
    Claim("Within a question, words rank videos better than chance", text_within_questions, "ours"),
    Claim("Words add to the question number", text_adds_to_question, "ours"),
)


def draw_text(results: Results, figure: Any) -> None:
    """Area over all videos and within questions, system by system."""
    axes = figure.subplots()
    systems = [
        name
        for name in (LENGTH, QUESTION, TFIDF, TFIDF_QUESTION, ENCODER)
        if results.find(system=name, metric="roc_auc", subset=TEST)
    ]
    for shift, metric, label in ((-0.12, "roc_auc", "all videos"), (0.12, "within_question_auc", "within questions")):
        rows = [results.one(system=name, metric=metric, subset=TEST) for name in systems]
        _points(axes, rows, shift, label)
    axes.axvline(0.5, color="gray", linestyle=":")
    _names(axes, systems, "area under the ROC curve" if systems else "needs BAH")


def draw_people(results: Results, figure: Any) -> None:
    """Average recall of acted emotions by method."""
    axes = figure.subplots()
    systems = [MAJORITY, SOURCE_ONLY, *ADAPTING, LEVELS, ORACLE]
    _points(axes, [results.one(system=name, metric="uar", subset=TASK) for name in systems], 0.0, TASK)
    _names(axes, systems, "unweighted average recall")


def _points(axes: Any, rows: list[Row], shift: float, label: str) -> None:
    values, low, high = (
        np.array([getattr(row, name) for row in rows], dtype=float) for name in ("value", "low", "high")
    )
    places = np.arange(len(rows)) + shift
    axes.errorbar(values, places, xerr=[values - low, high - values], fmt="o", capsize=3, label=label)


def _names(axes: Any, systems: list[str], label: str) -> None:
    axes.set_yticks(range(len(systems)), systems)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend(fontsize="small")


PLOTS = (
    Plot("people", "Knowing a person without labels: three methods, and the levels of the person", draw_people),
    Plot("within_questions", "Most of the area comes from the question that was asked", draw_text),
)
