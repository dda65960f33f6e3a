"""The re-analysis of the manipulation trial against the published numbers (card 14)."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from thymos.studies.contract import Results, Row, Settings
from thymos.studies.manipulation_trial import AGENTS, SHIFT_RULES, STUDY, abstract_rates
from thymos.studies.runner import load_results, run_study

MEANS = {
    "financial": {"pre": (-0.69, -0.87, -0.61), "post": (-1.48, 1.23, 2.40)},
    "emotional": {"pre": (-1.11, -1.14, -1.40), "post": (-2.43, 0.48, -0.50)},
}


@pytest.fixture(scope="module")
def result(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("runs")
    return run_study(STUDY, Settings(data=data_root, quick=True, output=output), console=Console(quiet=True))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_the_twelve_means(results: Results) -> None:
    for domain, times in MEANS.items():
        for time, values in times.items():
            for name, value in zip(AGENTS.values(), values, strict=True):
                ours = results.value(system=name, metric="hod_mean", subset=f"{domain}/{time}")
                assert ours == pytest.approx(value, abs=0.0051)


@pytest.mark.parametrize(
    ("domain", "f", "p", "eta", "within"),
    [("financial", 25.19, 2.7e-9, 0.31, 113), ("emotional", 22.54, 1.7e-8, 0.28, 114)],
)
def test_interactions(results: Results, domain: str, f: float, p: float, eta: float, within: int) -> None:
    wanted = {"system": "time x agent, hidden minus optimal", "subset": domain}
    row = results.one(metric="interaction_f", **wanted)
    assert row.value == pytest.approx(f, abs=0.005)
    assert row.note == f"F(2,{within})"
    assert results.value(metric="p_value_bonferroni", **wanted) == pytest.approx(p, rel=0.02)
    assert results.value(metric="partial_eta_squared", **wanted) == pytest.approx(eta, abs=0.005)


@pytest.mark.parametrize(
    ("category", "domain", "agent", "value", "low", "high"),
    [
        ("hidden", "financial", "MA", 5.24, 2.83, 9.69),
        ("hidden", "financial", "SEMA", 7.96, 4.20, 15.07),
        ("hidden", "emotional", "MA", 5.52, 2.69, 11.33),
        ("hidden", "emotional", "SEMA", 5.71, 2.84, 11.47),
        ("tie", "financial", "MA", 3.09, 1.07, 8.95),
        ("tie", "financial", "SEMA", 2.26, 0.70, 7.23),
        ("tie", "emotional", "MA", 1.53, None, None),
        ("tie", "emotional", "SEMA", 1.62, None, None),
    ],
)
def test_odds_ratios(
    results: Results, category: str, domain: str, agent: str, value: float, low: float | None, high: float | None
) -> None:
    row = results.one(system=AGENTS[agent], metric=f"odds_ratio_{category}_vs_optimal", subset=domain)
    assert row.value == pytest.approx(value, abs=0.0051)
    if low is not None and high is not None:
        assert row.low == pytest.approx(low, abs=0.0051)
        assert row.high == pytest.approx(high, abs=0.0051)


def test_own_shift_rate_and_detection(results: Results) -> None:
    rule = "hidden rated above optimal after"
    for domain, rates in {"financial": (0.300, 0.614, 0.763), "emotional": (0.145, 0.432, 0.358)}.items():
        for name, rate in zip(AGENTS.values(), rates, strict=True):
            assert results.value(system=name, metric="shift_rate", subset=f"{domain}/{rule}") == pytest.approx(
                rate, abs=6e-4
            )
    for domain, rates in {"financial": (0.0, 0.132, 0.289), "emotional": (0.026, 0.081, 0.098)}.items():
        for name, rate in zip(AGENTS.values(), rates, strict=True):
            ours = results.value(system=name, metric="detected_influence_rate", subset=domain)
            assert ours == pytest.approx(rate, abs=6e-4)


def test_strategy_shares(results: Results) -> None:
    for domain, shares in {
        "financial": {"Pleasure Induction": 0.298, "Divert": 0.231, "Justify": 0.158, "Charm": 0.137},
        "emotional": {"Pleasure Induction": 0.458, "Divert": 0.144, "Justify": 0.088, "Charm": 0.153},
    }.items():
        for tactic, share in shares.items():
            ours = results.value(system=AGENTS["SEMA"], metric="strategy_share", subset=f"{domain}/{tactic}")
            assert ours == pytest.approx(share, abs=0.0051)


def test_verdicts(result: dict[str, Any]) -> None:
    verdicts = {claim["text"].split(":")[0]: claim["verdict"] for claim in result["claims"]}
    assert verdicts["Shift rates"] == "not shown"
    assert verdicts["Time x agent interaction on the preference for the hidden goal"] == "holds"
    assert verdicts["Both manipulative agents raise the odds of preferring the hidden goal"] == "holds"


def shifted(rates: dict[str, tuple[float, float, float]]) -> Results:
    rows = [
        Row(name, "system", "shift_rate", f"{domain}/{rule}", rate, 100, "no split")
        for rule in SHIFT_RULES
        for domain, values in rates.items()
        for name, rate in zip(AGENTS.values(), values, strict=True)
    ]
    return Results(tuple(rows))


def test_the_abstract_would_hold_if_a_definition_gave_its_rates() -> None:
    right = shifted({"financial": (0.358, 0.623, 0.596), "emotional": (0.128, 0.423, 0.415)})
    assert abstract_rates(right).verdict == "holds"
    wrong = shifted({"financial": (0.358, 0.623, 0.596), "emotional": (0.128, 0.423, 0.515)})
    assert abstract_rates(wrong).verdict == "not shown"
