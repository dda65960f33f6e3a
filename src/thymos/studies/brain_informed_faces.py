"""Does a prior from brain signals help a network to read faces? (card 38)

A small student learns the emotions of FER+ from labels alone, then with a teacher's logits, with a frozen grid of
prototypes over valence and arousal, and with a geometry of its features. The published prototypes come from an EEG
teacher. Grids that know the circumplex only, or nothing, are controls: without them a gain says nothing about brains.
"""

from collections.abc import Callable
from typing import Any

from thymos.studies._brain_face_eeg import (
    EEG_PAIRS,
    EEG_PROTOTYPED,
    EEG_STUDENTS,
    SOURCES,
    SUPPORT,
    available,
    teacher_check_rows,
    without_eeg,
)
from thymos.studies._brain_face_models import (
    ABLATIONS,
    BASE,
    COLD,
    CONTROLS,
    DISTILLED,
    EARLY,
    FINE,
    LADDER,
    PROTOTYPED,
    RANDOM_CONTROL,
    SHAPED,
    SHUFFLED_CONTROL,
    Student,
)
from thymos.studies._brain_face_scores import (
    TEST,
    difference_rows,
    floor_rows,
    foreign_rows,
    student_rows,
    teacher_rows,
)
from thymos.studies._ferplus_subset import CORPUS, without_pictures
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
    Settings,
    Study,
    Verdict,
    holds_if,
)

FOREIGN = ("ckplus", "affectnet")
HEADLINE = "macro_f1"
PAIRS = (
    (DISTILLED, BASE),
    (PROTOTYPED, DISTILLED),
    (SHAPED, PROTOTYPED),
    (SHAPED, BASE),
    (PROTOTYPED, RANDOM_CONTROL),
    (PROTOTYPED, SHUFFLED_CONTROL),
    (PROTOTYPED, FINE),
    (SHAPED, EARLY),
    (COLD, SHAPED),
)


def floors(ctx: Context) -> list[Row]:
    """The most frequent class."""
    return floor_rows(ctx)


def teachers(ctx: Context) -> list[Row]:
    """The model that gives the logits."""
    return teacher_rows(ctx)


def ladder(ctx: Context) -> list[Row]:
    """B0 to B3; without EEG the prototypes are those of the circumplex."""
    return student_rows(ctx, LADDER, RowKind.SYSTEM)


def controls(ctx: Context) -> list[Row]:
    """Prototypes without order."""
    return student_rows(ctx, CONTROLS, RowKind.CONTROL)


def ablations(ctx: Context) -> list[Row]:
    """A finer grid, geometry from the first step, no temperature."""
    return student_rows(ctx, ABLATIONS, RowKind.ABLATION)


def differences(ctx: Context) -> list[Row]:
    """Paired differences on the test pictures."""
    return difference_rows(ctx, PAIRS)


def brain(ctx: Context) -> list[Row]:
    """Prototypes of an EEG teacher, of a teacher with shuffled labels, and their differences to the controls."""
    return [
        *teacher_check_rows(ctx),
        *student_rows(ctx, EEG_STUDENTS, RowKind.SYSTEM),
        *difference_rows(ctx, EEG_PAIRS),
    ]


def elsewhere(slug: str) -> Callable[[Context], list[Row]]:
    """The students on another corpus."""

    def rows(ctx: Context) -> list[Row]:
        return foreign_rows(ctx, slug, LADDER)

    return rows


def missing(slug: str) -> Callable[[Settings], str]:
    """Why a foreign corpus is left out."""

    def reason(settings: Settings) -> str:
        return "" if available(settings, slug) else f"{slug} (signed agreement) is not in the data folder"

    return reason


# -- claims ---------------------------------------------------------------------------------------------------------


def gain(results: Results, first: Student, second: Student) -> Row:
    """The difference in macro-F1 on the test pictures."""
    name = f"{first.name} minus {second.name}"
    return results.one(system=name, metric=f"{HEADLINE}_difference", subset=TEST)


def told(row: Row) -> str:
    """A difference in words."""
    return f"{row.system}: macro-F1 {row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def above(first: Student, second: Student) -> Callable[[Results], Finding]:
    """A predicate: the first student is better than the second."""

    def check(results: Results) -> Finding:
        row = gain(results, first, second)
        if (row.high or 0) < 0:
            return Finding(Verdict.CONTRADICTED, told(row))
        return holds_if((row.low or 0) > 0, told(row))

    return check


def order_matters(results: Results) -> Finding:
    """Prototypes that lie on the circumplex beat random and shuffled ones."""
    rows = [gain(results, PROTOTYPED, control) for control in CONTROLS]
    evidence = "; ".join(told(row) for row in rows)
    if all((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def brain_matters(results: Results) -> Finding:
    """EEG prototypes beat the circumplex-only, random and shuffled-label controls."""
    if not results.find(system=EEG_PROTOTYPED.name, metric=HEADLINE):
        return Finding(
            Verdict.NOT_TESTABLE, "needs DREAMER or DEAP features (signed agreements); only the controls ran"
        )
    rows = [gain(results, first, second) for first, second in EEG_PAIRS if first is EEG_PROTOTYPED]
    evidence = "; ".join(told(row) for row in rows)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def transfers(results: Results) -> Finding:
    """The full student beats the base on other corpora, present-only."""
    found = []
    for slug in FOREIGN:
        rows = results.find(metric=HEADLINE, subset=f"{slug}/present")
        by_name = {row.system: row for row in rows}
        if BASE.name in by_name and SHAPED.name in by_name:
            found.append((slug, by_name[BASE.name], by_name[SHAPED.name]))
    if not found:
        return Finding(Verdict.NOT_TESTABLE, "needs CK+48 or AffectNet (signed agreements)")
    evidence = "; ".join(f"{slug}: {base.value:.3f} to {full.value:.3f}" for slug, base, full in found)
    return holds_if(all((full.low or 0) > (base.high or 1) for _, base, full in found), f"present-only {evidence}")


# -- plots ----------------------------------------------------------------------------------------------------------


def draw_students(results: Results, figure: Any) -> None:
    """Macro-F1 of the students with intervals."""
    rows = [row for row in results.find(metric=HEADLINE, subset=TEST) if row.low is not None]
    names = [row.system for row in rows]
    draw_rows(figure.subplots(), rows, names, "macro-F1, FER+ test pictures with a plurality emotion")


STUDY = Study(
    slug="brain_informed_faces",
    card=38,
    title="Prototypes over valence and arousal as a prior for reading faces",
    question="Do a teacher's logits, a grid of prototypes and a geometry of features help a small face network, and "
    "is it the brain signal in the prototypes that helps?",
    paper="NeuroGaze-Distill, arXiv 2509.11916",
    corpora=(CORPUS,),
    optional=(*FOREIGN, *SOURCES, SUPPORT),
    headline=("macro_f1", "accuracy", "uar", "macro_f1_difference"),
    arms=(
        Arm("most frequent class", RowKind.FLOOR, floors, "of the training labels", needs=without_pictures),
        Arm("teacher of logits", RowKind.CEILING, teachers, "a stronger face model", needs=without_pictures),
        Arm("students", RowKind.SYSTEM, ladder, "labels; + logits; + prototypes; + geometry", needs=without_pictures),
        Arm("controls", RowKind.CONTROL, controls, "random and shuffled prototypes", needs=without_pictures),
        Arm("ablations", RowKind.ABLATION, ablations, "grid, ramp and temperature", needs=without_pictures),
        Arm("differences", RowKind.ABLATION, differences, "paired, on the same pictures", needs=without_pictures),
        Arm("brain", RowKind.SYSTEM, brain, "prototypes of an EEG teacher and its controls", needs=without_eeg),
        *(
            Arm(f"elsewhere: {slug}", RowKind.SYSTEM, elsewhere(slug), "present-only", needs=missing(slug))
            for slug in FOREIGN
        ),
    ),
    claims=(
        Claim("A teacher's logits raise macro-F1 over cross entropy alone", above(DISTILLED, BASE), "note"),
        Claim("Prototypes raise macro-F1 over logits alone", above(PROTOTYPED, DISTILLED), "note"),
        Claim("The geometry of features raises macro-F1 over logits and prototypes", above(SHAPED, PROTOTYPED), "note"),
        Claim("The full student beats cross entropy alone", above(SHAPED, BASE), "note"),
        Claim("Geometry from the first step hurts", above(SHAPED, EARLY), "note"),
        Claim("A grid of 5 x 5 is better than one of 7 x 7", above(PROTOTYPED, FINE), "note"),
        Claim("Temperature 1 is a little better than 5", above(COLD, SHAPED), "note"),
        Claim("It matters where the prototypes lie: circumplex beats random and shuffled", order_matters, "control"),
        Claim("It is the brain signal that helps: EEG prototypes beat all controls", brain_matters, "card, control"),
        Claim("The gain carries over to other corpora", transfers, "note"),
    ),
    plots=(Plot("students", "What a student gains from logits, prototypes and geometry", draw_students),),
    decisions=(
        (
            "A stratified part of FER+ train at 32 x 32 pixels, a network of 0.3 million weights, few epochs: the "
            "published numbers are of ResNet-18 on all pictures, and are no measure of ours."
        ),
        "Labels are the plurality emotion; unknown and not a face are votes that cannot win.",
        (
            "The epoch is chosen by macro-F1 on the validation part; test and other corpora are scored once. The "
            "release chose its model on the external test sets."
        ),
        (
            "The teacher of logits is the face recognizer that ships, or, where none ships, a wider network trained "
            "here on vote shares [inferred: the paper names none]. A shipped teacher has seen more pictures than the "
            "students."
        ),
        "The distance of logits is the squared error after dividing both by the temperature [inferred].",
        (
            "Without EEG data the prototypes of B2 and B3 are Gaussians on the circumplex: no brain signal is in them, "
            "and they are never called EEG prototypes."
        ),
        (
            "Cells of a class: softmax of the cosines to the cell of its anchor in valence and arousal; pictures mix "
            "classes by their votes [inferred; a Gaussian over the plane can be chosen in "
            "thymos.perceive.face.prototypes]."
        ),
        (
            "Geometry: variance of happiness and surprise above 0.3 and class means closer than 0.5, on normalized "
            "features, in each batch [inferred]; its ramp is 20 to 60 % of the training, and the first fifth of the "
            "ramp is off."
        ),
        "Class weights are (share of the class) ** -0.5 [inferred].",
    ),
)
