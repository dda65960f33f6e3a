"""Refusals of harmless pairs: golden numbers on the stored replies (card 27)."""

from pathlib import Path

import pytest
from rich.console import Console

from thymos.studies import oversensitivity as study
from thymos.studies.contract import Results, Row, Settings, Verdict, judge
from thymos.studies.runner import RunContext

# Keyword judge, [measured] on the release: average, then the three types, in per cent.
KEYWORD_RATES = {
    "Claude 3 Opus (web)": (71.67, 36, 95, 84),
    "Gemini Advanced (web)": (60.33, 41, 62, 78),
    "Claude 3 Sonnet": (56.00, 39, 69, 60),
    "Claude 3 Haiku": (52.00, 26, 62, 68),
    "Claude 3 Opus (API)": (29.67, 6, 40, 43),
    "Gemini-Pro 1.5": (24.33, 13, 31, 29),
    "GPT-4o (API)": (5.33, 4, 8, 4),
    "GPT-4o (web)": (1.33, 0, 2, 2),
    "GPT-4V": (1.67, 0, 4, 1),
}


@pytest.fixture(scope="module")
def context(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    settings = Settings(data=data_root, quick=True)
    return RunContext(settings, tmp_path_factory.mktemp("run"), study.STUDY, Console(quiet=True))


@pytest.fixture(scope="module")
def results(context: RunContext) -> Results:
    rows = [*study.keyword_rates(context), *study.fitted_rates(context), *study.agreement_with_published(context)]
    return Results((*rows, *study.read_published(study.PUBLISHED_FOLDER / "oversensitivity.csv")))


def test_every_run_has_all_replies(context: RunContext) -> None:
    table = study.replies(context)
    assert table.groupby("model").size().to_dict() == dict.fromkeys(study.MODELS, 300)
    assert table.groupby(["model", "type"]).size().unique().tolist() == [100]


def test_keyword_rates_are_within_two_points_of_the_card(results: Results) -> None:
    gaps = []
    for model, rates in KEYWORD_RATES.items():
        for subset, rate in zip(study.SUBSETS, rates, strict=True):
            ours = results.value(system=f"{model}, {study.KEYWORD}", metric="refusal_rate", subset=subset)
            gaps.append(abs(100 * ours - rate))
    assert max(gaps) <= 2.01
    assert sum(gap < 0.01 for gap in gaps) >= 24


def test_keyword_judge_meets_the_bar(results: Results) -> None:
    ours = results.value(system=study.KEYWORD, metric="mean_absolute_difference", subset="nine averages")
    people = results.value(system=study.HUMAN, metric="mean_absolute_difference", subset="nine averages")
    assert ours <= 0.023
    assert people == pytest.approx(0.043, abs=0.0005)


def test_fitted_judge_is_closer_on_models_it_has_not_seen(results: Results) -> None:
    for subset in ("nine averages", "27 cells"):
        keyword = results.value(system=study.KEYWORD, metric="mean_absolute_difference", subset=subset)
        fitted = results.one(system=study.FITTED, metric="mean_absolute_difference", subset=subset)
        floor = results.value(system=study.CONSTANT, metric="mean_absolute_difference", subset=subset)
        assert (fitted.value or 1) < keyword < floor
        assert fitted.guarantee == "model-independent"


def test_order_of_models(results: Results) -> None:
    assert results.value(system=study.KEYWORD, metric="spearman", subset="all") == pytest.approx(0.996, abs=0.001)


def test_a_missing_model_is_named(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "MODELS", (*study.MODELS, "Reka"))
    with pytest.raises(study.BadInput, match="no replies of Reka"):
        study.replies(context)


def test_published_rates_do_not_need_data() -> None:
    rates = study.published_rates(study.GPT)
    assert len(rates) == 9 * 4
    assert rates["Claude 3 Opus (web)", "negated harm"] == 0.93
    assert rates["Claude 3 Opus (API)", "counterintuitive interpretation"] == 0.5


def safety_rows(plain: float, safe: float) -> Results:
    rows = [
        Row(f"m, caption-mediated, {name} prompt, {study.KEYWORD}", "control", "refusal_rate", "all", value, 300,
            "no split", low=max(0.0, value - 0.03), high=min(1.0, value + 0.03))
        for name, value in (("vanilla", plain), ("safety", safe))
    ]  # fmt: skip
    return Results(tuple(rows))


def test_the_safety_claim_can_come_out_either_way() -> None:
    assert study.safety_prompt(safety_rows(0.1, 0.3)).verdict is Verdict.HOLDS
    assert study.safety_prompt(safety_rows(0.1, 0.1)).verdict is Verdict.NOT_SHOWN
    assert study.safety_prompt(Results(())).verdict is Verdict.NOT_TESTABLE


def test_claims_without_rows_are_not_testable() -> None:
    verdicts = {claim["verdict"] for claim in judge(study.STUDY.claims, Results(()))}
    assert "holds" not in verdicts
