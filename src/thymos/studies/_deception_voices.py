"""The two protocols on acted speech: what sharing persons, their vectors and picked epochs add (an emotion task).

As in the released split of MDPE, each person's recordings are shuffled with the person's number as seed and the first
few of each class are held out; against it stand folds of whole persons, on the same held-out recordings. The vector of
a person is 60 random numbers: it carries who speaks, and nothing else.
"""

import random
from functools import partial

import numpy as np
import numpy.typing as npt

from thymos.measure.registry import score_function
from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.fusion.pooled_head import HeadTraining, TrainedHead, train_head
from thymos.studies._deception_rows import Codes, Floats, Scored, gain_row
from thymos.studies._stand_in_voices import NOT_THE_TASK, TASK, Voices, stand_in_voices
from thymos.studies.contract import Context, Row, RowKind

RELEASED, DISJOINT = "released: persons shared", "persons apart"
HEAD, IDENTITY = "fusion head", "fusion head + vector of the person"
BEST_EPOCH = "fusion head, epoch picked on the reported recordings"
MAJORITY = "most frequent emotion"
HELD = 2  # recordings of each emotion and person
VECTOR = 60
METRICS = ("uar", "macro_f1", "accuracy")


def held_out(found: Voices) -> npt.NDArray[np.bool_]:
    """Which recordings are held out, drawn as the released split of MDPE draws its answers."""
    held = np.zeros(len(found.codes), dtype=bool)
    for person in dict.fromkeys(found.people):
        places = np.flatnonzero(found.people == person).tolist()
        random.Random(int(str(person).rpartition("/")[2])).shuffle(places)
        left = dict.fromkeys(range(len(found.labels)), HELD)
        sizes = {code: int((found.codes[places] == code).sum()) for code in left}
        for place in places:
            code = int(found.codes[place])
            if left[code] and sizes[code] > 1:  # something of every emotion stays in training
                left[code] -= 1
                sizes[code] -= 1
                held[place] = True
    return held


def person_vectors(found: Voices, seed: int) -> Floats:
    """60 random numbers a person, (items, 60)."""
    rng = np.random.default_rng(seed)
    drawn = {person: rng.normal(size=VECTOR) for person in dict.fromkeys(found.people)}
    return np.stack([drawn[person] for person in found.people])


def training_of(ctx: Context) -> HeadTraining:
    """Of the released constants all but two: fewer epochs at a higher rate, which takes a fifth of the time."""
    if ctx.settings.quick:
        return HeadTraining(learning_rate=2e-3, epochs=6, seed=ctx.settings.seed)
    return HeadTraining(learning_rate=5e-4, epochs=60, seed=ctx.settings.seed)


class BestEpoch:
    """The answers of the epoch with the best average recall on the very items that are reported: what not to do."""

    def __init__(self, inputs: Floats, codes: Codes) -> None:
        self.inputs, self.codes = inputs, codes
        self.answers, self.best = np.zeros(len(codes), dtype=np.int64), -1.0

    def __call__(self, head: TrainedHead) -> None:
        given = head.probabilities(self.inputs).argmax(axis=1)
        recall = score_function("uar")(self.codes, given)
        if recall > self.best:
            self.answers, self.best = given, recall


def protocol_answers(ctx: Context, found: Voices, held: npt.NDArray[np.bool_], protocol: str) -> dict[str, Codes]:
    """Answers for the held-out recordings by system."""
    classes = len(found.labels)
    training = training_of(ctx)
    parts = (
        [(~held, held)]
        if protocol == RELEASED
        else [((found.folds != fold), held & (found.folds == fold)) for fold in sorted(set(found.folds))]
    )
    answers = {name: np.zeros(len(held), dtype=np.int64) for name in (HEAD, IDENTITY, BEST_EPOCH)}
    vectors = person_vectors(found, ctx.settings.seed)
    for train, test in parts:
        plain = found.scaled(train)
        best = BestEpoch(plain[test], found.codes[test])
        head = train_head(plain[train], found.codes[train], training, classes=classes, each_epoch=best)
        answers[HEAD][test] = head.probabilities(plain[test]).argmax(axis=1)
        answers[BEST_EPOCH][test] = best.answers
        joined = np.hstack([plain, vectors])
        with_vector = train_head(joined[train], found.codes[train], training, classes=classes)
        answers[IDENTITY][test] = with_vector.probabilities(joined[test]).argmax(axis=1)
    return {name: given[held] for name, given in answers.items()}


def voices(ctx: Context) -> list[Row]:
    """Both protocols on the same recordings, the vector of the person, picked epochs, and the leak gaps."""
    found = stand_in_voices(ctx)
    held = held_out(found)
    gold, people = found.codes[held], found.people[held]
    answers = {
        protocol: protocol_answers(ctx, found, held, protocol)
        for protocol in ctx.track((RELEASED, DISJOINT), "protocols on acted speech")
    }
    rows: list[Row] = []
    for protocol, given in answers.items():
        guarantee = "persons shared" if protocol == RELEASED else "person-independent"
        row = partial(
            Row.of_interval, subset=f"{TASK}, {protocol}", split=protocol, guarantee=guarantee,
            seeds=(ctx.settings.seed,),
        )  # fmt: skip
        systems = {MAJORITY: np.full(len(gold), np.bincount(found.codes[~held]).argmax()), **given}
        for system, codes in systems.items():
            kind = RowKind.FLOOR if system == MAJORITY else RowKind.CONTROL if system == BEST_EPOCH else RowKind.SYSTEM
            for metric in METRICS:
                interval = bootstrap_interval(metric, (gold, codes), people, resamples=ctx.resamples)
                rows.append(row(interval, system=system, kind=kind, metric=metric, note=NOT_THE_TASK))
    tested = Scored(gold, people, TASK, "both", "the same recordings under both", seeds=(ctx.settings.seed,))
    leak = partial(gain_row, ctx, tested, metric="uar", kind=RowKind.CONTROL)
    for system in (HEAD, IDENTITY):
        name = f"leak gap, {system}: {RELEASED} minus {DISJOINT}"
        rows.append(leak(name, answers[RELEASED][system], answers[DISJOINT][system]))
    name = f"vector of the person, {RELEASED}"
    rows.append(leak(name, answers[RELEASED][IDENTITY], answers[RELEASED][HEAD]))
    rows.append(leak(f"picking the epoch, {RELEASED}", answers[RELEASED][BEST_EPOCH], answers[RELEASED][HEAD]))
    return rows
