"""Adapting to one person: on transcripts of BAH where a user has them, and on acted speech (an emotion task)."""

import numpy as np
import pandas as pd

from thymos.measure.metric import Additive
from thymos.measure.resampling import Interval, bootstrap_interval, pair_prepared, prepare_statistic
from thymos.perceive.personalization.by_person import (
    ADAPTING,
    METHODS,
    ORACLE,
    SOURCE_ONLY,
    probabilities_by_person,
)
from thymos.perceive.personalization.network import Codes, PersonalNetwork, PersonalTraining, train_source
from thymos.perceive.speech.speaker_levels import relative_to_speaker
from thymos.studies._ambivalence_data import SIMULATED, TEST, Floats, score_rows, videos
from thymos.studies._ambivalence_text import encoder_vectors
from thymos.studies._stand_in_voices import NOT_THE_TASK, TASK, Voices, stand_in_voices
from thymos.studies.contract import Context, Row, RowKind

TRANSDUCTIVE = "adapted on the person's own unlabeled items, on which it is scored"
ORACLE_NOTE = "tuned on the labels that it is scored on: an upper bound, no system"
LEVELS = "source only, levels of the person"
SWAPPED = {method: f"{method}, adapted to another person" for method in ADAPTING}
MAJORITY = "most frequent emotion"
APART = "person-independent"
KINDS = {
    SOURCE_ONLY: RowKind.BASELINE,
    ORACLE: RowKind.CEILING,
    **dict.fromkeys(SWAPPED.values(), RowKind.CONTROL),
}


def note_of(method: str) -> str:
    """What a method was told."""
    if method in SWAPPED.values():
        return "control: what training on does without knowing the person"
    if method in ADAPTING:
        return TRANSDUCTIVE
    return ORACLE_NOTE if method == ORACLE else ""


def training_of(ctx: Context) -> PersonalTraining:
    """The constants; quick runs train for fewer steps."""
    if ctx.settings.quick:
        return PersonalTraining(seed=ctx.settings.seed, steps=6, adaptation_steps=8, adaptation_rate=1e-3)
    return PersonalTraining(seed=ctx.settings.seed)


def personalized(ctx: Context) -> list[Row]:
    """Transcripts of BAH: the source are the training participants, each test participant is adapted to."""
    train, test = videos(ctx, "train"), videos(ctx, "test")
    source = encoder_vectors(ctx, train), train.gold
    target = encoder_vectors(ctx, test), test.gold
    training = training_of(ctx)
    network = train_source(*source, 2, training)
    found = with_control(network, source, target, list(test.people), training)
    rows: list[Row] = []
    few = f"{len(test.gold) / len(set(test.people)):.1f} videos a person"
    for method, probabilities in found.items():
        note = "; ".join(part for part in (few, note_of(method)) if part)
        rows += score_rows(
            ctx, test, probabilities[:, 1], f"encoder, {method}", KINDS.get(method, RowKind.SYSTEM),
            subset=f"{TEST}, by person", note=note, seeds=(ctx.settings.seed,),
        )  # fmt: skip
    answers = {method: (values[:, 1] >= 0.5).astype(int) for method, values in found.items()}
    for method in (*ADAPTING, ORACLE):
        interval = paired_interval(ctx, "macro_f1", test.gold, answers[method], answers[SOURCE_ONLY], test.people)
        rows.append(
            Row.of_interval(
                interval, system=f"encoder, {method} over {SOURCE_ONLY}", kind=RowKind.ABLATION,
                metric="macro_f1_gain", subset=f"{TEST}, by person", split="official", guarantee=test.guarantee,
                seeds=(ctx.settings.seed,), note=SIMULATED if test.simulated else "paired",
            )
        )  # fmt: skip
    return rows


def paired_interval(ctx: Context, metric: str, gold: object, one: object, other: object, people: object) -> Interval:
    """Difference of two systems on the same items, with an interval over people."""
    first, second = (prepare_statistic(metric, (gold, answers)) for answers in (one, other))
    difference = pair_prepared(first, second)[2]
    assert isinstance(difference, Additive)
    return bootstrap_interval(difference, clusters=people, resamples=ctx.resamples)  # type: ignore[arg-type]


def with_control(
    network: PersonalNetwork,
    source: tuple[Floats, Codes],
    target: tuple[Floats, Codes],
    people: list[str],
    training: PersonalTraining,
) -> dict[str, Floats]:
    """Probabilities by method, and by each adapting method after it was adapted to another person."""
    found = probabilities_by_person(network, source, target, people, training=training)
    swapped = probabilities_by_person(
        network, source, target, people, methods=ADAPTING, training=training, to_next=True
    )
    return found | {SWAPPED[method]: values for method, values in swapped.items()}


# -- acted speech -----------------------------------------------------------------------------------------------------


def voice_probabilities(ctx: Context, found: Voices) -> dict[str, Floats]:
    """Probabilities of every recording by method, from networks that were trained on the other folds' actors."""
    training = training_of(ctx)
    classes = len(found.labels)
    relative = relative_levels(found)
    names = [*METHODS, *SWAPPED.values(), LEVELS]
    gathered = {name: np.zeros((len(found.codes), classes)) for name in names}
    for fold in ctx.track(sorted(set(found.folds)), "adapting to actors"):
        test = found.folds == fold
        features = found.scaled(~test)
        source = features[~test], found.codes[~test]
        network = train_source(*source, classes, training)
        target = features[test], found.codes[test]
        people = list(found.people[test])
        for method, values in with_control(network, source, target, people, training).items():
            gathered[method][test] = values
        leveled = train_source(relative[~test], found.codes[~test], classes, training)
        gathered[LEVELS][test] = leveled.probabilities(relative[test])
    return gathered


def relative_levels(found: Voices) -> Floats:
    """Features relative to each actor's own mean and spread: the plainest way to know a person without labels."""
    table = relative_to_speaker(pd.DataFrame(found.features), list(found.people))
    return np.clip(table.to_numpy(dtype=np.float64), -5, 5)


def voices(ctx: Context) -> list[Row]:
    """Acted speech, actors apart: source only, four ways to know the actor, and the floor."""
    found = stand_in_voices(ctx)
    probabilities = voice_probabilities(ctx, found)
    answers = {name: values.argmax(axis=1) for name, values in probabilities.items()}
    answers[MAJORITY] = np.full(len(found.codes), np.bincount(found.codes).argmax())
    rows = []
    for name, given in answers.items():
        kind = RowKind.FLOOR if name == MAJORITY else KINDS.get(name, RowKind.SYSTEM)
        note = "; ".join(part for part in (NOT_THE_TASK, TRANSDUCTIVE if name == LEVELS else note_of(name)) if part)
        interval = bootstrap_interval("uar", (found.codes, given), found.people, resamples=ctx.resamples)
        rows.append(_voice_row(ctx, interval, name, kind, "uar", note))
    for name in (*ADAPTING, LEVELS, ORACLE):
        interval = paired_interval(ctx, "uar", found.codes, answers[name], answers[SOURCE_ONLY], found.people)
        rows.append(_voice_row(ctx, interval, f"{name} over {SOURCE_ONLY}", RowKind.ABLATION, "uar_gain", "paired"))
    for method, other in SWAPPED.items():
        interval = paired_interval(ctx, "uar", found.codes, answers[method], answers[other], found.people)
        rows.append(_voice_row(ctx, interval, f"{method} over {other}", RowKind.ABLATION, "uar_gain", "paired"))
    return rows


def _voice_row(ctx: Context, interval: Interval, system: str, kind: RowKind, metric: str, note: str) -> Row:
    return Row.of_interval(
        interval, system=system, kind=kind, metric=metric, subset=TASK, split="six folds", guarantee=APART,
        seeds=(ctx.settings.seed,), note=note,
    )  # fmt: skip
