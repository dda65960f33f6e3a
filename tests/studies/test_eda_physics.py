"""The study on a tiny release in the official layout with invented signals, and its parts on known data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from rich.console import Console

from thymos.errors import BadInput
from thymos.studies import _eda_claims as claims
from thymos.studies import _eda_data as rows_module
from thymos.studies import _eda_forecast as forecast
from thymos.studies import _eda_simulation as simulation
from thymos.studies import _eda_systems as systems
from thymos.studies import eda_physics as study
from thymos.studies._eda_data import BLOCKS, RANDOM, SELF_REPORT, SPLITTERS, SUBJECTS, Readings, folds_of
from thymos.studies._eda_network import Constants, PhysicsNetwork, collocation, train
from thymos.studies.contract import Results, Row, Settings, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, load_results, run_study
from thymos.testing import write_official_layout

TINY = Readings(seconds=20.0, epochs=2, patience=2, folds=2, hidden=(8, 8), batch=64)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Results]:
    """A whole quick run with tiny networks."""
    folder = tmp_path_factory.mktemp("data")
    write_official_layout("stress_predict", folder / "stress_predict")
    output = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        for module in (study, systems, forecast):
            patch.setattr(module, "readings_of", lambda ctx: TINY)
        patch.setattr(study, "recovered", lambda simulated, seed: simulation.TRUE)
        settings = Settings(data=folder, quick=True, output=output)
        result = run_study(study.STUDY, settings, console=Console(quiet=True))
    return result, load_results(output / study.STUDY.slug / Path(result["run"]).name)[1]


# -- a whole run ------------------------------------------------------------------------------------------------------


def test_every_arm_gives_rows_and_every_claim_a_verdict(finished):
    result, results = finished
    assert result["left_out"] == []
    assert len(result["claims"]) == len(study.STUDY.claims)
    assert not [claim for claim in result["claims"] if "rows are missing" in claim["evidence"]]
    for splitter in SPLITTERS:
        for system in (systems.FULL, systems.NOISE, systems.SVM, systems.BOOSTING, systems.BOOSTED_CLOCK):
            for metric in ("rmse", "pearson", "macro_f1"):
                row = results.one(system=system, metric=metric, subset=splitter)
                assert row.low <= row.value <= row.high
                assert row.clusters == 5
                assert row.guarantee == rows_module.GUARANTEES[splitter]
        assert not results.find(system=systems.EDA_ONLY, metric="macro_f1", subset=splitter)
        assert not results.find(system=systems.EMOTION_ONLY, metric="rmse", subset=splitter)


def test_published_numbers_are_not_testable_on_other_data(finished):
    result, _ = finished
    verdicts = {claim["text"]: claim["verdict"] for claim in result["claims"]}
    for words in ("RMSE 0.0362", "r = 0.9919", "94.08"):
        assert next(v for text, v in verdicts.items() if words in text) == "not testable here"
    published = read_published(PUBLISHED_FOLDER / "eda_physics.csv")
    assert [row.value for row in published] == [0.0362, 0.9919, 0.9408]
    assert not any(row.comparable for row in published)


def test_the_leak_is_shown_on_invented_signals(finished):
    _, results = finished
    noise = {
        splitter: results.value(system=systems.BOOSTED_NOISE, metric="macro_f1", subset=splitter)
        for splitter in (RANDOM, SUBJECTS)
    }
    assert noise[RANDOM] > noise[SUBJECTS] + 0.2


def test_simulated_rows_say_so(finished):
    _, results = finished
    rows = results.find(subset=claims.SIMULATED)
    assert len(rows) == 5
    assert all("simulated" in row.note for row in rows)
    assert all(row.kind == "control" for row in rows)


def test_constants_of_every_fold_with_a_half_life_in_seconds(finished):
    _, results = finished
    folds = [row for row in results.find(system=systems.FULL, metric="half_life_seconds") if "fold 1" in row.subset]
    assert [row.subset for row in folds] == [f"{splitter}, fold 1" for splitter in SPLITTERS]
    alpha0, gamma = (
        results.value(system=systems.FULL, metric=metric, subset=f"{SUBJECTS}, fold 1")
        for metric in ("alpha0", "gamma")
    )
    # Blocks of the invented release last 90 s in the middle.
    assert folds[0].value == pytest.approx(np.log(2) / (alpha0 * gamma) * 90, rel=0.01)
    assert not results.find(system=systems.NO_EQUATION, metric="alpha0")


def test_forecasts_are_of_subjects_apart(finished):
    _, results = finished
    for horizon in forecast.HORIZONS:
        subset = f"{horizon} s ahead, {SUBJECTS}"
        for system in forecast.FORECASTERS:
            assert results.one(system=system, metric="rmse", subset=subset).guarantee == "subject-independent"
    near, far = (
        results.value(system=forecast.PERSISTENCE, metric="rmse", subset=f"{h} s ahead, {SUBJECTS}") for h in (1, 30)
    )
    assert near < far


def test_plots_can_be_drawn(finished):
    from matplotlib.figure import Figure

    for plot in study.STUDY.plots:
        figure = Figure()
        plot.draw(finished[1], figure)
        assert figure.axes


def test_claims_without_rows_are_not_testable():
    assert {claim["verdict"] for claim in judge(study.STUDY.claims, Results(()))} == {"not testable here"}


def test_the_leak_warning_stands_on_the_page():
    assert study.STUDY.decisions[0].startswith("LEAK WARNING")
    assert "Leak warning" in (study.__doc__ or "")


# -- splitters --------------------------------------------------------------------------------------------------------


def rows(subjects: int = 6, blocks: int = 3, count: int = 10) -> pd.DataFrame:
    """Invented rows."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(f"S{s}", f"S{s}/b{b}", k / count) for s in range(subjects) for b in range(blocks) for k in range(count)],
        columns=["subject", "block", "time"],
    )
    table["condition"] = np.where(table["block"].str.endswith("b1"), "stress", "rest")
    table["session"] = np.tile(np.arange(blocks * count) * 10.0, subjects)
    table["eda"] = rng.random(len(table))
    table["heart_rate"], table["temperature"] = 70 + rng.standard_normal(len(table)), 30.0
    for number, name in enumerate(SELF_REPORT):
        table[name] = table["subject"].str[1:].astype(float) * (number + 1)
    return table


def test_splitters_keep_apart_what_they_say():
    table = rows()
    for splitter, column in ((SUBJECTS, "subject"), (BLOCKS, "block")):
        folds = folds_of(table, splitter, 3, seed=1)
        assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(table)))
        for kept, test in folds:
            assert not set(table[column].iloc[kept]) & set(table[column].iloc[test])
    blocks = folds_of(table, BLOCKS, 3, seed=1)
    assert any(set(table["subject"].iloc[kept]) & set(table["subject"].iloc[test]) for kept, test in blocks)
    random = folds_of(table, RANDOM, 3, seed=1)
    assert all(set(table["block"].iloc[test]) <= set(table["block"].iloc[kept]) for kept, test in random)
    with pytest.raises(BadInput, match="6 units for 9 folds"):
        folds_of(table, SUBJECTS, 9, seed=0)
    with pytest.raises(BadInput, match="there is no splitter 'any'"):
        folds_of(table, "any", 3, seed=0)


def test_the_inner_split_keeps_the_same_apart():
    table = rows()
    kept, _ = folds_of(table, SUBJECTS, 3, seed=1)[0]
    learn, watch = systems.inner_split(table, kept, SUBJECTS, seed=2)
    assert set(learn) | set(watch) == set(kept)
    assert not set(table["subject"].iloc[learn]) & set(table["subject"].iloc[watch])


def test_noise_is_one_vector_a_block_and_ignores_the_self_report():
    table = rows()
    problem = systems.problem_of(table, Readings(), noise_seed=3)
    vectors = pd.DataFrame(problem.inputs).groupby(table["block"]).nunique()
    assert (vectors == 1).all(axis=None)
    changed = table.assign(**dict.fromkeys(SELF_REPORT, 1.0))
    np.testing.assert_array_equal(problem.inputs, systems.problem_of(changed, Readings(), noise_seed=3).inputs)
    assert len(np.unique(problem.inputs[:, 0])) == table["block"].nunique()


def test_scaling():
    np.testing.assert_allclose(rows_module.scaled(np.array([2.0, 4.0, 3.0]), "range"), [0, 1, 0.5])
    assert rows_module.scaled(np.array([2.0, 4.0, 3.0]), "deviation").std() == pytest.approx(1)
    assert rows_module.scaled(np.ones(3), "range").tolist() == [0, 0, 0]


def test_readings_can_be_switched(tmp_path):
    from thymos.corpora.registry import get_reader

    corpus = get_reader("stress_predict").read(write_official_layout("stress_predict", tmp_path / "x"))
    plain = rows_module.rows_of(corpus, TINY, ["S02"])
    assert plain["time"].between(0, 1).all()
    assert plain.groupby("block")["time"].min().max() < 0.3
    assert set(plain["condition"]) == {"rest", "stress"}
    other = rows_module.rows_of(corpus, replace(TINY, time="session", conditions="tasks"), ["S02"])
    assert other["time"].is_monotonic_increasing
    assert set(other["condition"]) == {"rest", "stroop", "interview", "hyperventilation"}
    assert rows_module.input_columns(replace(TINY, inputs="self-report and signals")) == [
        *SELF_REPORT, "heart_rate", "temperature"
    ]  # fmt: skip


# -- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drive", ["selfreport", "emotion"])
def test_the_residual_is_that_of_the_equation(drive):
    # The derivative by time against finite differences, in 64 bits.
    torch.manual_seed(0)
    readings = Readings(hidden=(6, 6), drive=drive, dropout=0.0)
    network = PhysicsNetwork(3, 3, 2, 4, readings).double()
    with torch.no_grad():
        network.beta.copy_(torch.arange(1.0, 1 + len(network.beta)))
        network.raw_alpha0.fill_(0.3)
        network.raw_gamma.fill_(1.1)
    batch = systems.problem_of(rows(2, 2, 5), Readings()).batch()
    batch = batch._replace(
        time=batch.time.double(), inputs=batch.inputs[:, :3].double(), drive=batch.drive[:, :3].double()
    )
    step = 1e-5
    with torch.no_grad():
        eda, logits = network(batch.time, batch.inputs)
        change = (network(batch.time + step, batch.inputs)[0] - network(batch.time - step, batch.inputs)[0]) / (
            2 * step
        )
        push = batch.drive if drive == "selfreport" else torch.softmax(logits, 1)
        constants = network.constants()
        right = constants.gamma * (-constants.alpha0 * eda + push @ network.beta)
    torch.testing.assert_close(network.residual(batch).detach(), change - right, rtol=1e-6, atol=1e-8)


def test_the_equation_reaches_weights_and_constants():
    network = PhysicsNetwork(4, 4, 2, 2, Readings(hidden=(6,), tonic="subject"))
    batch = systems.problem_of(rows(2, 2, 5), Readings()).batch()
    (network.residual(batch) ** 2).mean().backward()
    for parameter in (network.raw_alpha0, network.raw_gamma, network.beta, network.tonic, network.trunk[0].weight):
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_collocation_points_are_one_a_stratum():
    batch = systems.problem_of(rows(), Readings()).batch()
    found = collocation(batch, 20, torch.Generator().manual_seed(0))
    assert sorted((found.time[:, 0] * 20).floor().int().tolist()) == list(range(20))
    assert len(collocation(batch, 0, torch.Generator()).eda) == 0


@pytest.mark.parametrize("change", [{"learned_weights": True}, {"tonic": "subject"}, {"drive": "emotion"}])
def test_training_is_deterministic_and_lowers_the_loss(change):
    table = rows(4, 3, 20)
    table["eda"] = 0.8 * np.exp(-2 * table["time"])  # obeys the equation: another curve would be held back by it
    problem = systems.problem_of(table, Readings())
    settings = Readings(hidden=(16, 16), epochs=60, patience=60, batch=48, learning_rate=1e-2, **change)
    watch = np.arange(0, len(table), 5)
    learn = np.setdiff1d(np.arange(len(table)), watch)
    first, second = (train(problem, learn, watch, settings, seed=3).predict(problem.batch())[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    error = np.sqrt(((first[watch] - problem.eda[watch]) ** 2).mean())
    assert error < 0.7 * problem.eda[watch].std()


def test_no_test_row_is_looked_at():
    table = rows()
    problem = systems.problem_of(table, Readings())
    kept, test = folds_of(table, SUBJECTS, 3, seed=1)[0]
    learn, watch = systems.inner_split(table, kept, SUBJECTS, seed=0)
    spoiled = problem.eda.copy()
    spoiled[test] = 1e6
    settings = replace(TINY, epochs=3)
    before = train(problem, learn, watch, settings).predict(problem.batch())[0]
    after = train(replace(problem, eda=spoiled), learn, watch, settings).predict(problem.batch())[0]
    np.testing.assert_array_equal(before, after)


def test_only_products_are_determined():
    constants = Constants(1.5, np.array([0.6, 0.8]), 2.0)
    other = Constants(1.5 * 7, np.array([0.6, 0.8]) * 7, 2.0 / 7)
    assert other.decay == pytest.approx(constants.decay)
    assert other.half_life(300) == pytest.approx(np.log(2) / 3 * 300)
    assert other.unit_drive().alpha0 == pytest.approx(constants.alpha0)
    assert other.unit_drive().gamma == pytest.approx(constants.gamma)
    assert Constants(1.0, np.zeros(2), 1.0).unit_drive().gamma == 1.0


def test_known_constants_are_found_again():
    simulated = simulation.simulate(noise=0.005)
    found = simulation.recovered(simulated)
    errors = simulation.relative_errors(found, simulation.TRUE)
    assert max(errors.values()) < 0.1, errors
    assert simulation.decay_by_least_squares(simulated.problem) == pytest.approx(simulation.TRUE.decay, rel=0.05)


def test_simulated_rows_obey_the_equation():
    simulated = simulation.simulate(blocks=3, rows=400, noise=0.0)
    problem, true = simulated.problem, simulated.constants
    for block in range(3):
        own = problem.subject == block
        change = np.gradient(problem.eda[own], problem.time[own], edge_order=2)
        right = true.gamma * (-true.alpha0 * problem.eda[own] + problem.drive[own] @ true.beta)
        np.testing.assert_allclose(change, right, atol=1e-4)


# -- forecasts --------------------------------------------------------------------------------------------------------


def test_moments_do_not_see_the_future():
    series = pd.Series(np.arange(200, dtype=float))
    table = forecast.moments_of(series)
    assert (table["second"] % forecast.STEP == 0).all()
    assert (table["now"] == table["second"]).all()
    for lag in forecast.LAGS:
        assert (table[f"lag_{lag}"] == lag).all()
    for horizon in forecast.HORIZONS:
        assert (table[f"in_{horizon}"] == table["now"] + horizon).all()
    changed = series.copy()
    changed[121:] = -5.0
    before, after = (forecast.lag_inputs(forecast.moments_of(s)) for s in (series, changed))
    past = forecast.moments_of(series)["second"] <= 120
    np.testing.assert_array_equal(before[past], after[past])
    series[100] = np.nan
    holes = forecast.moments_of(series)["second"]
    assert not {70, 100, 130} & set(holes)


def test_the_forecast_starts_at_the_last_value():
    network = forecast.ForecastNetwork(3, 2, 1, 1, Readings(hidden=(4,)))
    inputs = torch.rand(5, 3)
    eda, _ = network(torch.zeros(5, 1), inputs)
    torch.testing.assert_close(eda, inputs[:, 0])


# -- claims can come out either way -----------------------------------------------------------------------------------


def difference(value: float, metric: str, system: str, subset: str) -> Row:
    return Row(system, "control", f"{metric}_difference", subset, value, 100, "x", low=value - 0.01, high=value + 0.01)


@pytest.mark.parametrize(("gap", "verdict"), [(-0.05, "holds"), (0.0, "not shown"), (0.05, "contradicted")])
def test_the_equation_claim(gap, verdict):
    name = claims.difference_name(systems.FULL, systems.NO_EQUATION)
    assert claims.equation_helps(Results((difference(gap, "rmse", name, SUBJECTS),))).verdict == verdict


def score(system: str, metric: str, subset: str, value: float) -> Row:
    return Row(system, "control", metric, subset, value, 100, "x", low=value - 0.01, high=value + 0.01)


@pytest.mark.parametrize(("random", "apart", "verdict"), [(0.99, 0.5, "holds"), (0.99, 0.8, "not shown"),
                                                          (0.7, 0.5, "not shown")])  # fmt: skip
def test_the_noise_claim(random, apart, verdict):
    found = [
        score(system, metric, subset, value)
        for system in (systems.NOISE, systems.BOOSTED_NOISE)
        for metric in ("rmse", "pearson", "macro_f1")
        for subset, value in ((RANDOM, random), (SUBJECTS, apart))
    ]
    assert claims.noise_is_enough(Results(tuple(found))).verdict == verdict


@pytest.mark.parametrize(("spread", "noise", "verdict"), [(0.01, 90.0, "holds"), (0.5, 90.0, "not shown"),
                                                         (0.01, 50.0, "not shown")])  # fmt: skip
def test_the_constants_claim(spread, noise, verdict):
    found = []
    for system, middle in ((systems.FULL, 50.0), (systems.NOISE, noise)):
        for metric in ("alpha0", "gamma", "half_life_seconds"):
            for fold, sign in ((1, -1), (2, 1), (3, 0)):
                value = middle * (1 + sign * spread) if system == systems.FULL else middle + 0.01 * sign
                found.append(Row(system, "system", metric, f"{SUBJECTS}, fold {fold}", value, 10, "x"))
    assert claims.constants_are_steady(Results(tuple(found))).verdict == verdict
    assert claims.constants_are_steady(Results(())).verdict is Verdict.NOT_TESTABLE
