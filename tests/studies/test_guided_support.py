"""The study of the trial module: its simulated trials, its analyses against each other, and its verdicts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.respond.trial import analyze_trial, simulate_trial
from thymos.respond.trial.models import ancova
from thymos.respond.trial.simulation import simulate, spread_of
from thymos.studies import _guided_claims as claims
from thymos.studies import _guided_extras as extras
from thymos.studies import _guided_rows as rows_module
from thymos.studies import _guided_trials as trials
from thymos.studies._guided_rows import BIAS, COVERAGE, ERROR, POWER, TYPE_I
from thymos.studies._guided_trials import CELLS, COMPLETE, INTENTION, LAST, MIXED
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict
from thymos.studies.guided_support import STUDY
from thymos.studies.registry import studies
from thymos.studies.runner import load_results, run_study

COUNT, SLOW = 12, 2


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The study over a dozen trials a cell."""
    few = (COUNT, COUNT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "TRIALS", {True: few, False: few})
        patch.setattr(rows_module, "SLOW_TRIALS", dict.fromkeys(rows_module.SLOW_TRIALS, (SLOW, SLOW)))
        patch.setattr(extras, "COUNT", few)
        settings = Settings(quick=True, output=tmp_path_factory.mktemp("runs"))
        return load_results(Path(run_study(STUDY, settings, console=Console(quiet=True))["run"]))[1]


def test_it_is_registered_and_stamped_as_simulated() -> None:
    assert studies()["guided_support"] is STUDY
    assert STUDY.simulated
    assert STUDY.card == 35
    corpus = trials.trials_corpus()
    assert corpus.simulated
    assert len(corpus.items) == 2 * len(CELLS)
    assert corpus.items.loc["dropout by course, effect", "effect_full"] == -0.6
    assert (corpus.items.loc["dropout by course, no effect"][["effect_exercises", "effect_full"]] == 0).all()


def test_every_cell_has_every_analysis(results: Results) -> None:
    for cell in CELLS:
        for system in trials.FAST:
            for metric in (COVERAGE, BIAS, ERROR, POWER, TYPE_I):
                row = results.one(system=system, metric=metric, subset=cell)
                assert row.n == COUNT
                assert (row.low or 0) <= (row.value or 0) <= (row.high or 0)
                assert row.note.startswith(trials.SIMULATED)
    for system, cells in rows_module.SLOW_CELLS.items():
        for cell in cells:
            assert results.one(system=system, metric=COVERAGE, subset=cell).n == SLOW


def test_where_nobody_drops_out_imputation_is_complete_cases(results: Results) -> None:
    for metric in (COVERAGE, BIAS, ERROR, POWER, TYPE_I):
        ours, theirs = (
            results.value(system=name, metric=metric, subset=trials.NO_DROPOUT) for name in (INTENTION, COMPLETE)
        )
        assert ours == pytest.approx(theirs)


def test_rows_are_what_their_tables_say(results: Results) -> None:
    table = results.tables["dropout-by-course-effect"]
    own = table[table["system"] == INTENTION]
    off = own["value"] + 0.6
    assert results.value(system=INTENTION, metric=BIAS, subset=claims.COURSE) == pytest.approx(off.mean())
    error = results.value(system=INTENTION, metric=ERROR, subset=claims.COURSE)
    assert error == pytest.approx(np.sqrt((off**2).mean()))
    held = ((own["low"] <= -0.6) & (own["high"] >= -0.6)).mean()
    assert results.value(system=INTENTION, metric=COVERAGE, subset=claims.COURSE) == pytest.approx(held)
    assert results.value(system=INTENTION, metric=POWER, subset=claims.COURSE) == pytest.approx(
        (own["p"] < 0.05).mean()
    )


def test_no_verdict_is_given_on_few_trials(results: Results) -> None:
    found = {claim.text: claim.check(results) for claim in STUDY.claims}
    assert all(one.verdict in Verdict for one in found.values())
    few = [one for one in found.values() if "too few to tell" in one.evidence]
    assert len(few) == 4
    assert {one.verdict for one in few} == {Verdict.NOT_SHOWN}
    papers = [found[claim.text].verdict for claim in STUDY.claims if claim.source != "ours"]
    assert papers == [Verdict.NOT_TESTABLE] * 2


def test_plots_are_drawn(results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes


# -- the analyses of one trial ----------------------------------------------------------------------------------------


def test_the_studys_estimate_is_that_of_the_registered_analysis() -> None:
    """The fast way over arrays and the analysis that people call see the same trial."""
    plan, given = trials.plan(), trials.scenario(claims.COURSE, effect=True)
    data = simulate_trial(
        plan, given.effects, seed=7, correlation=given.correlation, dropout=given.dropout, drop=given.drop
    )
    table = simulate(plan, given, 7).table(plan, trials.OUTCOME)
    result = analyze_trial(plan, data)
    spread = spread_of(plan, trials.OUTCOME)
    for name, analysis in (("complete cases", trials.complete), ("mixed model", trials.mixed)):
        (one,) = [
            e for e in result.effects
            if (e.outcome, e.arm, e.against, e.analysis) == (trials.OUTCOME, "full", "control", name)
        ]  # fmt: skip
        found = analysis(plan, table, 7)
        assert found.value * spread == pytest.approx(one.estimate, abs=1e-3)
        assert (found.low * spread, found.high * spread) == pytest.approx((one.low, one.high), abs=1e-3)
        assert found.p == pytest.approx(one.p, abs=1e-3)


def test_carrying_forward_fills_with_the_value_before() -> None:
    plan, given = trials.plan(), trials.scenario(claims.COURSE, effect=True)
    table = simulate(plan, given, 3).table(plan, trials.OUTCOME)
    values = pd.DataFrame(table.values).ffill(axis=1).to_numpy()
    expected = ancova(table.filled(values)).contrast(trials.ARM, trials.AGAINST)[0]
    assert trials.carried(plan, table, 0).value * spread_of(plan, trials.OUTCOME) == pytest.approx(expected)


def test_statsmodels_imputation_leaves_the_global_generator_alone() -> None:
    plan = trials.plan().model_copy(update={"analysis": trials.plan().analysis.model_copy(update={"imputations": 5})})
    table = simulate(plan, trials.scenario(claims.COURSE, effect=True), 3).table(plan, trials.OUTCOME)
    np.random.seed(4)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    first = trials.matched(plan, table, 1)
    assert np.random.random() == expected  # noqa: NPY002
    assert trials.matched(plan, table, 1) == first
    assert first.low < first.value < first.high


def test_the_true_share_is_that_of_a_large_trial() -> None:
    from thymos.respond.trial.models import arm_f
    from thymos.respond.trial.simulation import Scenario

    plan = trials.plan()
    table = simulate(plan, Scenario(trials.EFFECTS, n=30_000, correlation=trials.CORRELATION), 1).table(
        plan, trials.OUTCOME
    )
    f, between, within = arm_f(table)
    assert f * between / (f * between + within) == pytest.approx(extras.true_share(plan), abs=0.006)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def row(system: str, metric: str, subset: str, ends: tuple[float, float, float], n: int = 2000) -> Row:
    """A row with value, low and high."""
    return Row(system, RowKind.SYSTEM, metric, subset, ends[0], n, "no split", low=ends[1], high=ends[2])


def share(system: str, metric: str, subset: str, value: float, n: int = 2000) -> Row:
    """A share of trials."""
    return row(system, metric, subset, (value, *rows_module.share_interval(round(value * n), n)), n)


@pytest.mark.parametrize(
    ("value", "n", "verdict"),
    [
        (0.95, 2000, Verdict.HOLDS),
        (0.94, 2000, Verdict.HOLDS),
        (0.93, 2000, Verdict.CONTRADICTED),
        (0.97, 2000, Verdict.NOT_SHOWN),  # too cautious
        (0.93, 250, Verdict.HOLDS),
        (0.90, 250, Verdict.CONTRADICTED),
        (0.95, 199, Verdict.NOT_SHOWN),
    ],
)
def test_coverage_must_be_nominal(value: float, n: int, verdict: Verdict) -> None:
    cells = trials.IGNORABLE
    rows = [share(INTENTION, COVERAGE, cell, 0.95 if place else value, n) for place, cell in enumerate(cells)]
    assert claims.rates(INTENTION, COVERAGE, cells, 0.95)(Results(tuple(rows))).verdict is verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.05, Verdict.HOLDS), (0.08, Verdict.CONTRADICTED), (0.02, Verdict.NOT_SHOWN)]
)
def test_errors_must_be_rare_and_no_rarer(value: float, verdict: Verdict) -> None:
    assert claims.near([share(MIXED, TYPE_I, "a", value, 1000)], 0.05).verdict is verdict


@pytest.mark.parametrize(
    ("biased", "mended", "verdict"),
    [
        ((-0.3, -0.35, -0.25), (0.0, -0.01, 0.01), Verdict.HOLDS),
        ((-0.3, -0.35, -0.25), (-0.1, -0.12, -0.08), Verdict.NOT_SHOWN),
        ((-0.3, -0.35, -0.25), (0.3, 0.25, 0.35), Verdict.CONTRADICTED),
        ((0.0, -0.1, 0.1), (0.0, -0.01, 0.01), Verdict.NOT_SHOWN),
    ],
)
def test_bias_must_go_away(
    biased: tuple[float, float, float], mended: tuple[float, float, float], verdict: Verdict
) -> None:
    found = Results((row(LAST, BIAS, "cell", biased), row(INTENTION, BIAS, "cell", mended)))
    assert claims.bias_goes_away("cell", LAST, INTENTION)(found).verdict is verdict


def test_unseen_reasons_contradict_where_bias_stays() -> None:
    held = share(INTENTION, COVERAGE, claims.UNSEEN, 0.7)
    for ends, verdict in (((-0.2, -0.21, -0.19), Verdict.CONTRADICTED), ((0.0, -0.01, 0.01), Verdict.HOLDS)):
        assert claims.unseen_is_mended(Results((row(INTENTION, BIAS, claims.UNSEEN, ends), held))).verdict is verdict


def test_power_must_agree_with_the_formula() -> None:
    for off, verdict in ((0.0, Verdict.HOLDS), (0.06, Verdict.CONTRADICTED)):
        rows = []
        for n in extras.SIZES:
            subset = f"{n} participants"
            rows += [
                share(extras.SIMULATION, POWER, subset, 0.8 + off, 1000),
                share(extras.FORMULA, POWER, subset, 0.8),
            ]
        assert claims.power_agrees(Results(tuple(rows))).verdict is verdict


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(1.0, Verdict.HOLDS), (1.06, Verdict.NOT_SHOWN), (0.8, Verdict.NOT_SHOWN), (2.0, Verdict.CONTRADICTED)],
)
def test_ancova_must_be_sharper_as_theory_says(factor: float, verdict: Verdict) -> None:
    rows = []
    for correlation in extras.CORRELATIONS:
        theory, subset = (1 + correlation) / 2, f"correlation {correlation}"
        value = theory * factor
        ends = (value, value * 0.98, value * 1.02)
        rows += [
            row(extras.RATIO, extras.EFFICIENCY, subset, ends),
            row(extras.THEORY, extras.EFFICIENCY, subset, (theory,) * 3),
        ]
    assert claims.ancova_is_sharper(Results(tuple(rows))).verdict is verdict


@pytest.mark.parametrize(
    ("ours", "plain", "verdict"),
    [
        (0.05, 0.14, Verdict.HOLDS),
        (0.10, 0.14, Verdict.CONTRADICTED),
        (0.05, 0.05, Verdict.NOT_SHOWN),
    ],
)
def test_holm_must_keep_errors_rare(ours: float, plain: float, verdict: Verdict) -> None:
    rows = (share(extras.HOLM, extras.FAMILY, "3", ours, 1000), share(extras.PLAIN, extras.FAMILY, "3", plain, 1000))
    assert claims.holm_keeps_errors_rare(Results(rows)).verdict is verdict
    assert claims.holm_keeps_errors_rare(Results(())).verdict is Verdict.NOT_TESTABLE
