"""The simulated trials of ``guided_support``: what is true in them, and what each analysis says about each trial."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.files import canonical_json, text_sha256
from thymos.respond.trial.analysis import intention_effects, interval_of
from thymos.respond.trial.data import OutcomeTable
from thymos.respond.trial.imputation import pooled
from thymos.respond.trial.models import ArmFit, ancova, change_scores, last_scores, mixed_model
from thymos.respond.trial.plan import TrialPlan, parse_plan
from thymos.respond.trial.simulation import Dropout, Scenario, simulate, spread_of

CORPUS = "simulated_trials"
SIMULATED = "simulated trials: nothing follows for people"
PLAN = """
name: guided_support
title: Exercises and a companion
question: Do guided exercises, alone or with a companion, lower low mood and trouble sleeping?
participants: simulated
arms:
  - {name: control}
  - {name: exercises, uses: [exercises]}
  - {name: full, uses: [exercises, companion]}
strata: {sex: [female, male]}
outcomes:
  - {name: depression, title: Low mood (PHQ-9), low: 0, high: 27, questionnaire: phq9, primary: true}
  - {name: insomnia, title: Trouble sleeping (ISI), low: 0, high: 28, questionnaire: isi}
  - {name: anxiety, title: Worry (GAD-7), low: 0, high: 21, questionnaire: gad7}
times: [before, middle, after]
sample_size: 150
analysis: {contrasts: [[exercises, control], [full, control], [full, exercises]]}
"""
CORRELATION = 0.7  # of neighboring times
EFFECTS = {"exercises": -0.4, "full": -0.6}
OUTCOME, ARM, AGAINST = "depression", 2, 0
NO_DROPOUT = "no dropout"
# People leave the offer more often than the control, as the interesting biases need.
UNEVEN = {"control": 0.1, "exercises": 0.25, "full": 0.4}
CELLS: dict[str, tuple[Mapping[str, float] | float, Dropout]] = {
    NO_DROPOUT: (0.0, "at random"),
    "dropout at random": (0.25, "at random"),
    "dropout by baseline": (UNEVEN, "by baseline"),
    "dropout by course": (UNEVEN, "by course"),
    "dropout by unseen outcome": (UNEVEN, "by outcome"),
}
IGNORABLE = tuple(name for name in CELLS if "unseen" not in name)

LAST, CARRIED, CHANGE = "last scores, complete cases", "last value carried forward", "change scores, complete cases"
COMPLETE, INTENTION = "ANCOVA, complete cases", "ANCOVA, multiple imputation"
MIXED, MATCHED = "mixed model", "ANCOVA, imputation by statsmodels"


class Estimate(NamedTuple):
    """What an analysis says about one trial, in standard deviations."""

    value: float
    low: float
    high: float
    p: float


Analysis = Callable[[TrialPlan, OutcomeTable, int], Estimate]


def plan() -> TrialPlan:
    """The plan of every simulated trial here."""
    return parse_plan(PLAN, "guided_support")


def scenario(cell: str, *, effect: bool) -> Scenario:
    """What is true in the trials of a cell."""
    dropout, drop = CELLS[cell]
    return Scenario(EFFECTS if effect else {}, correlation=CORRELATION, dropout=dropout, drop=drop)


def truth(*, effect: bool) -> float:
    """The effect that the analyses should find, in standard deviations."""
    return EFFECTS["full"] if effect else 0.0


def of_fit(trial: TrialPlan, fit: ArmFit) -> Estimate:
    """The full offer against the control."""
    value, error = fit.contrast(ARM, AGAINST)
    return scaled(trial, value, *interval_of(value, error, fit.df))


def scaled(trial: TrialPlan, value: float, low: float, high: float, p: float) -> Estimate:
    """In standard deviations."""
    spread = spread_of(trial, OUTCOME)
    return Estimate(value / spread, low / spread, high / spread, p)


def last(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """Last scores without the baseline."""
    return of_fit(trial, last_scores(table.only(table.complete)))


def carried(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """ANCOVA after gaps were filled by the value before."""
    values = table.values.copy()
    for time in range(1, values.shape[1]):
        gone = ~np.isfinite(values[:, time])
        values[gone, time] = values[gone, time - 1]
    return of_fit(trial, ancova(table.filled(values)))


def change(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """Change scores."""
    return of_fit(trial, change_scores(table.only(table.complete)))


def complete(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """ANCOVA of who stayed."""
    return of_fit(trial, ancova(table.only(table.complete)))


def intention(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """The registered analysis."""
    names = [arm.name for arm in trial.arms]
    for one in intention_effects(trial, OUTCOME, table, np.random.default_rng([seed, 1])):
        if (one.arm, one.against) == (names[ARM], names[AGAINST]):
            return scaled(trial, one.estimate, one.low, one.high, one.p)
    raise AssertionError("the plan compares these arms")


def mixed(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """Change from first to last time in the mixed model."""
    return of_fit(trial, mixed_model(table).changes)


def matched(trial: TrialPlan, table: OutcomeTable, seed: int) -> Estimate:
    """As the registered analysis, imputed by statsmodels' predictive mean matching with its defaults."""
    from statsmodels.imputation.mice import MICEData

    # Older versions draw from numpy's global generator; what others draw from it must not change by this.
    kept = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        times = [f"t{time}" for time in range(table.values.shape[1])]
        others = table.design[:, 1:]
        names = [*times, *(f"x{column}" for column in range(others.shape[1]))]
        frame = pd.DataFrame(np.column_stack([table.values, others]), columns=names)
        # From 0.15 on it has a generator of its own, which must be given a seed.
        own = {"rng": seed} if "rng" in inspect.signature(MICEData).parameters else {}
        chained = MICEData(frame, **own)
        fits = []
        for _ in range(trial.analysis.imputations):
            chained.update_all(2)
            fits.append(ancova(table.filled(chained.data[times].to_numpy(dtype=float))))
    finally:
        np.random.set_state(kept)  # noqa: NPY002
    found = [fit.contrast(ARM, AGAINST) for fit in fits]
    whole = pooled([value for value, _ in found], [error for _, error in found], fits[0].df)
    return scaled(trial, whole.value, *interval_of(whole.value, whole.error, whole.df))


FAST: dict[str, Analysis] = {
    LAST: last, CARRIED: carried, CHANGE: change, COMPLETE: complete, INTENTION: intention
}  # fmt: skip
SLOW: dict[str, Analysis] = {MIXED: mixed, MATCHED: matched}


def run_trials(
    cell: str, analyses: Mapping[str, Analysis], seeds: range, *, effect: bool, tell: Callable[[int, int], None]
) -> pd.DataFrame:
    """One row a trial and analysis: system, seed, value, low, high, p."""
    trial, given = plan(), scenario(cell, effect=effect)
    rows = []
    for done, seed in enumerate(seeds, start=1):
        table = simulate(trial, given, seed).table(trial, OUTCOME)
        rows += [
            {"system": name, "seed": seed, **analysis(trial, table, seed)._asdict()}
            for name, analysis in analyses.items()
        ]
        tell(done, len(seeds))
    return pd.DataFrame(rows)


def cells() -> Iterator[tuple[str, bool]]:
    """Every cell with and without an effect."""
    for name in CELLS:
        yield from ((name, True), (name, False))


def trials_corpus() -> Corpus:
    """What is true in the simulated trials, as a Corpus: one item a cell."""
    trial = plan()
    rows = []
    for name, effect in cells():
        given = scenario(name, effect=effect)
        rows.append(
            {
                "item": f"{name}, {'effect' if effect else 'no effect'}",
                "participants": trial.sample_size,
                "correlation": CORRELATION,
                "drop": given.drop,
                **{f"dropout_{arm.name}": given.share(arm.name) for arm in trial.arms},
                **{f"effect_{arm.name}": given.effect(arm.name, OUTCOME) for arm in trial.arms},
            }
        )
    return Corpus(
        slug=CORPUS,
        items=pd.DataFrame(rows).set_index("item"),
        annotations=None,
        splits={},
        card=CARD,
        sha256=text_sha256(trial.hash + canonical_json(rows)),
        simulated=True,
    )


CARD = Card(
    slug=CORPUS,
    title="Simulated three-arm trials",
    description="What is true in simulated trials of exercises and a companion: effects, dropout and its reasons.",
    source="thymos.respond.trial.simulation",
    citation="none: simulated",
    licence="as the package",
    redistribution=True,
    consent_basis="nobody was asked or measured",
    intended_use="to test the analysis of trials",
    prohibited_use="any statement about people",
    languages=("en",),
    modality=("tables",),
    known_traps=("Values are normal and effects add up: real questionnaires have floors and skew.",),
)
