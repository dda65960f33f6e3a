"""positive_stimuli and negative_stimuli: a quick run on invented data, and claims that can come out either way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.wording.stimulus_experiment import (
    blind_guesses,
    item_halves,
    most_frequent_answers,
    stimulus_material,
)
from thymos.errors import BadInput
from thymos.studies import _stimulus_arms as arms
from thymos.studies import _stimulus_findings as findings
from thymos.studies import _stimulus_side_arms as side_arms
from thymos.studies import negative_stimuli, positive_stimuli
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext, load_results, run_study
from thymos.testing.layouts import write_official_layout

STUDIES = {"positive": positive_stimuli, "negative": negative_stimuli}


# -- a quick run over invented data with a random model -----------------------------------------------------------


@pytest.fixture(scope="module")
def run(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A quick run of positive_stimuli: corpora in their official layouts, a tiny random Llama."""
    folder = tmp_path_factory.mktemp("stimuli")
    for slug in ("instruction_induction", "bigbench21"):
        write_official_layout(slug, folder / "data" / slug)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(folder / "cache"))
        settings = Settings(data=folder / "data", quick=True, model=str(tiny_llama), output=folder / "runs")
        result = run_study(positive_stimuli.STUDY, settings)
        yield {"result": result, "settings": settings, "folder": Path(result["run"])}


@pytest.fixture(scope="module")
def results(run: dict[str, Any]) -> Results:
    return load_results(run["folder"])[1]


@pytest.fixture(scope="module")
def context(run: dict[str, Any]) -> RunContext:
    from rich.console import Console

    return RunContext(run["settings"], run["folder"], positive_stimuli.STUDY, Console(quiet=True))


def test_every_condition_is_asked_on_the_same_items(results: Results) -> None:
    outcomes = results.tables["outcomes"]
    per_condition = outcomes.groupby("condition")["item"].agg(lambda items: tuple(sorted(items)))
    assert len(set(per_condition)) == 1
    three = positive_stimuli.DESIGN.representatives
    ends = ("", "_placebo", "_shuffled")
    assert set(per_condition.index) == {"plain", "step_by_step", *(id + end for id in three for end in ends)}
    halves = outcomes.drop_duplicates("item").groupby(["suite", "task"])["half"].value_counts()
    assert set(halves) == {arms.QUICK_ITEMS}
    assert len(halves) == 2 * len(arms.QUICK_TASKS)


def test_no_text_of_the_benchmarks_is_kept_in_tables(results: Results) -> None:
    columns = set(results.tables["outcomes"].columns)
    assert not columns & {"reply", "answer", "input", "option_scores"}
    assert (results.tables["outcomes"]["legacy_score"] >= 0).all()


def test_rows_agree_with_the_outcome_table(results: Results) -> None:
    outcomes = results.tables["outcomes"]
    means = outcomes.groupby(["suite", "task", "condition"])["score"].mean().unstack()
    three = list(positive_stimuli.DESIGN.representatives)
    row = findings.row_of(results, findings.OVER_PLAIN, "effect")
    assert row.value == pytest.approx((means[three].mean(axis=1) - means["plain"]).mean())
    row = findings.row_of(results, findings.OVER_PLACEBO, "effect", "bigbench")
    placebos = [f"{id}_placebo" for id in three]
    assert row.value == pytest.approx((means[three].mean(axis=1) - means[placebos].mean(axis=1))["bigbench"].mean())
    plain = findings.row_of(results, arms.PLAIN, "score", "instruction_induction")
    assert plain.value == pytest.approx(means["plain"]["instruction_induction"].mean())


def test_chosen_stimulus_is_tested_on_the_test_half(results: Results) -> None:
    for subset in (*arms.SUITES, arms.ALL_TASKS):
        metric = "normalized_effect" if subset == arms.NORMALIZED else "effect"
        chosen = findings.row_of(results, arms.CHOSEN, metric, subset)
        assert (chosen.split, chosen.guarantee) == ("test", "item-independent")
        naive = findings.row_of(results, arms.NAIVE, metric, subset)
        assert (naive.split, naive.guarantee) == ("test", "no split")
        assert (naive.value or 0) >= (chosen.value or 0) - 1e-12
        assert chosen.n == naive.n


def test_floors_need_no_model(results: Results) -> None:
    floors = results.find(kind="floor")
    assert {row.system for row in floors} == {"blind guess", "most frequent answer of the task"}
    assert len(floors) == 6


def test_parse_rate_and_legacy_rows_are_there(results: Results) -> None:
    for subset in (*arms.SUITES, arms.ALL_TASKS):
        rate = findings.row_of(results, arms.STIMULI, "parse_rate", subset)
        assert 0 <= (rate.value or 0) <= 1
        assert "flawed on purpose" in findings.row_of(results, arms.LEGACY, "legacy_effect", subset).note


def test_claims_are_judged_from_the_rows(run: dict[str, Any], results: Results) -> None:
    verdicts = [claim["verdict"] for claim in run["result"]["claims"]]
    assert len(verdicts) == 5
    assert verdicts[-1] == "not testable here"  # attribution is left out of quick runs
    assert {entry["arm"] for entry in run["result"]["left_out"]} == {
        "few-shot", "placements", "combinations", "attribution",
    }  # fmt: skip
    assert all(any(letter.isdigit() for letter in claim["evidence"]) for claim in run["result"]["claims"][:4])


def test_plots_draw(results: Results) -> None:
    for plot in positive_stimuli.STUDY.plots:
        figure = matplotlib.figure.Figure()
        plot.draw(results, figure)
        axes = figure.axes[0]
        assert axes.get_xlabel()
        assert axes.get_legend() is not None
    figure = matplotlib.figure.Figure()
    findings.draw_forest(results, figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(
        positive_stimuli.DESIGN.representatives
    )


def test_a_second_start_keeps_everything(run: dict[str, Any]) -> None:
    again = run_study(positive_stimuli.STUDY, run["settings"])
    assert again["rows"] == run["result"]["rows"]
    assert again["run"] == run["result"]["run"]


def test_side_arms(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_arms, "HANDFUL", ("sentiment", "sum"))
    design = positive_stimuli.DESIGN
    few_shot = side_arms.few_shot_rows(context, design)
    assert [row.kind for row in few_shot] == [RowKind.BASELINE, RowKind.SYSTEM, RowKind.CONTROL]
    placements = side_arms.placement_rows(context, design)
    assert len(placements) == 8
    assert {row.system.split(": ")[1] for row in placements} == {
        "after instruction", "after input", "before", "system",
    }  # fmt: skip
    combinations = side_arms.combination_rows(context, design)
    assert len(combinations) == 2 * len(design.combinations)
    for row in (*few_shot, *placements, *combinations):
        assert row.metric == "effect"
        assert row.n == len(side_arms.HANDFUL) * 2 * arms.QUICK_ITEMS
        assert "p " in row.note


def test_attribution_arm(context: RunContext) -> None:
    rows = side_arms.attribution_rows(context, positive_stimuli.DESIGN)
    assert [row.kind for row in rows] == [RowKind.SYSTEM, RowKind.CONTROL] * 3
    assert all(-1 <= (row.value or 0) <= 1 for row in rows)
    words = context.tables["attribution_by_word"]
    assert set(words["stimulus"]) == set(positive_stimuli.DESIGN.representatives)
    assert words["difference"].notna().all()
    judged = findings.emotional_words_weigh_more(Results(tuple(rows)))
    assert judged.verdict in set(Verdict) - {Verdict.NOT_TESTABLE}


# -- both studies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("valence", list(STUDIES))
def test_designs_fit_their_banks(valence: str) -> None:
    module = STUDIES[valence]
    material = stimulus_material(valence)
    theories = [material.bank[id].theory for id in module.DESIGN.representatives]
    assert len(set(theories)) == len(theories) == 3
    assert all(id in material.bank.ids for ids in module.DESIGN.combinations for id in ids)
    assert module.STUDY.slug == f"{valence}_stimuli"
    assert module.STUDY.corpora == ("instruction_induction", "bigbench21")


def test_the_two_studies_ask_the_same_items() -> None:
    items = [BenchmarkItem(f"s/t/{n}", "s", "t", "Do it.", f"{n}", ("x",)) for n in range(20)]
    ctx = SimpleNamespace(settings=Settings())
    here, there = (arms.drawn_halves(ctx, order) for order in (items, items[::-1]))
    for one, other in zip(here, there, strict=True):
        assert {item.id for item in one} == {item.id for item in other}
    development, test = item_halves(items, 3, 4, seed=1)
    assert (len(development), len(test)) == (3, 4)
    assert not {item.id for item in development} & {item.id for item in test}
    with pytest.raises(BadInput, match="only 20 items"):
        item_halves(items, 15, 6)


@pytest.mark.parametrize("valence", list(STUDIES))
def test_published_numbers_and_claims_agree(valence: str) -> None:
    rows = read_published(PUBLISHED_FOLDER / f"{valence}_stimuli.csv")
    gains = {row.subset: row.value for row in rows if row.metric == "relative_gain"}
    texts = " ".join(claim.text for claim in STUDIES[valence].STUDY.claims)
    assert set(gains) == set(arms.SUITES)
    for gain in gains.values():
        assert f"{100 * (gain or 0):.2f} %" in texts
    assert not any(row.comparable for row in rows)


@pytest.mark.parametrize("valence", list(STUDIES))
def test_claims_without_rows_are_not_testable(valence: str) -> None:
    verdicts = {claim["verdict"] for claim in judge(STUDIES[valence].STUDY.claims, Results(()))}
    assert verdicts == {"not testable here"}


def test_attribution_needs_a_model_on_this_machine() -> None:
    arm = next(arm for arm in positive_stimuli.STUDY.arms if arm.name == "attribution")
    assert arm.needs(Settings()) == ""
    assert "no gradients" in arm.needs(Settings(model="openai:m"))


# -- floors -------------------------------------------------------------------------------------------------------


def test_most_frequent_answer_comes_from_items_that_are_not_asked() -> None:
    def closed(number: int, answer: str) -> BenchmarkItem:
        return BenchmarkItem(f"s/c/{number}", "s", "c", "Say.", f"{number}", (answer,), ("yes", "no"))

    items = [closed(number, answer) for number, answer in enumerate(["no", "no", "yes", "yes", "yes", "no", "no"])]
    floor = most_frequent_answers(items, items[:2])
    # Not asked: yes 3, no 2. The asked ones are both "no", so the floor is 0; counting them would make it 1.
    assert floor["score"].tolist() == [0.0, 0.0]
    letters = [replace(item, option_form="letters") for item in items]
    assert most_frequent_answers(letters, letters[:2])["score"].tolist() == [0.5, 0.5]
    assert blind_guesses(items[:2])["score"].tolist() == [0.5, 0.5]
    assert most_frequent_answers(items[:1], items[:1])["score"].tolist() == [0.5]


# -- claims -------------------------------------------------------------------------------------------------------


def row(label: str, metric: str, subset: str, *numbers: float | None, note: str = "") -> Row:
    value, low, high = (*numbers, None, None)[:3]
    return Row(f"m: {label}", RowKind.SYSTEM, metric, subset, value, 270, "no split", low, high, note=note)


def gain_rows(suite: str, relative: tuple[float | None, ...], effect: tuple[float, ...], plain: float) -> Results:
    metric, score = ("normalized_effect", "normalized_score") if suite == "bigbench" else ("effect", "score")
    return Results(
        (
            row(findings.OVER_PLAIN, "relative_gain", suite, *relative),
            row(findings.OVER_PLAIN, metric, suite, *effect),
            row(arms.PLAIN, score, suite, plain),
        )
    )


@pytest.mark.parametrize(
    ("relative", "effect", "plain", "verdict"),
    [
        ((0.09, 0.02, 0.16), (0.02, 0.005, 0.04), 0.25, Verdict.HOLDS),
        ((0.20, 0.12, 0.30), (0.05, 0.03, 0.07), 0.25, Verdict.HOLDS),
        ((0.01, -0.03, 0.05), (0.002, -0.007, 0.012), 0.25, Verdict.CONTRADICTED),
        ((0.03, 0.01, 0.05), (0.007, 0.002, 0.012), 0.25, Verdict.CONTRADICTED),
        ((0.04, -0.05, 0.14), (0.01, -0.01, 0.03), 0.25, Verdict.NOT_SHOWN),
        ((0.04, None, None), (0.01, -0.01, 0.03), 0.25, Verdict.NOT_SHOWN),
        ((0.04, None, None), (0.01, -0.01, 0.015), 0.25, Verdict.CONTRADICTED),
        ((0.40, None, None), (0.10, 0.01, 0.2), 0.25, Verdict.HOLDS),
        ((None, None, None), (0.10, 0.01, 0.2), -0.01, Verdict.NOT_TESTABLE),
    ],
)
def test_gain_claims_turn_with_the_rows(
    relative: tuple[float | None, ...], effect: tuple[float, ...], plain: float, verdict: Verdict
) -> None:
    for suite in ("instruction_induction", "bigbench"):
        found = findings.relative_gain_claim(suite, 0.08)(gain_rows(suite, relative, effect, plain))
        assert found.verdict is verdict
        assert "points" in found.evidence


def placebo_rows(value: float, half_width: float, p: float = 0.01) -> Results:
    numbers = (value, value - half_width, value + half_width)
    return Results(
        (
            row(findings.OVER_PLACEBO, "effect", arms.ALL_TASKS, *numbers, note="p 0.2"),
            row(findings.OVER_PLACEBO, "p_value", arms.ALL_TASKS, p),
            row(findings.OVER_PLACEBO, "smallest_detectable_effect", arms.ALL_TASKS, 0.011),
            row(findings.OVER_PLAIN, "effect", arms.ALL_TASKS, 0.0, -0.01, 0.01),
            row(f"{arms.PLACEBOS} over plain prompt", "effect", arms.ALL_TASKS, 0.0, -0.01, 0.01),
            row("positive_01 over its placebo", "p_holm", arms.ALL_TASKS, 0.01),
            row("positive_02 over its placebo", "p_holm", arms.ALL_TASKS, 0.9),
        )
    )


def test_placebo_claim_turns_with_the_rows() -> None:
    assert findings.beats_placebo(placebo_rows(0.02, 0.01)).verdict is Verdict.HOLDS
    assert findings.beats_placebo(placebo_rows(-0.02, 0.01)).verdict is Verdict.CONTRADICTED
    assert findings.beats_placebo(placebo_rows(-0.02, 0.0, p=0.5)).verdict is Verdict.NOT_SHOWN
    null = findings.beats_placebo(placebo_rows(0.002, 0.01))
    assert null.verdict is Verdict.NOT_SHOWN
    assert "below 1.10 points could have been missed" in null.evidence
    assert "1 of 2 stimuli differ" in null.evidence


def test_selection_claim_turns_with_the_rows() -> None:
    for value, verdict in ((0.03, Verdict.HOLDS), (0.0, Verdict.NOT_SHOWN), (-0.03, Verdict.CONTRADICTED)):
        rows = (
            row(arms.CHOSEN, "effect", arms.ALL_TASKS, value, value - 0.01, value + 0.01, note="positive_03"),
            row(arms.CHOSEN, "p_value", arms.ALL_TASKS, 0.01),
            row(arms.NAIVE, "effect", arms.ALL_TASKS, 0.05, 0.01, 0.09, note="positive_07"),
        )
        found = findings.best_holds(Results(rows))
        assert found.verdict is verdict
        assert "positive_03" in found.evidence


def test_attribution_claim_turns_with_the_rows() -> None:
    def rows(*values: float) -> Results:
        return Results(
            tuple(row(f"s{n}", "emotional_word_share_gap", "x", v, v - 0.01, v + 0.01) for n, v in enumerate(values))
        )

    assert findings.emotional_words_weigh_more(rows(0.1, 0.2)).verdict is Verdict.HOLDS
    assert findings.emotional_words_weigh_more(rows(0.1, 0.0)).verdict is Verdict.NOT_SHOWN
    assert findings.emotional_words_weigh_more(rows(-0.1, -0.2)).verdict is Verdict.CONTRADICTED


def test_a_planted_effect_is_found_and_a_placebo_effect_is_not_taken_for_one() -> None:
    """Any added sentence lifts the score by the same: stimuli beat plain, and not their placebos."""
    rng = np.random.default_rng(0)
    material = stimulus_material("positive")
    conditions = ["plain", "step_by_step", *material.bank.ids, *material.placebos.ids]
    rows = []
    for suite in arms.SUITES:
        for task in range(6):
            for number in range(8):
                ability = rng.uniform(0.3, 0.6)
                half = "test" if number % 2 else "development"
                for name in conditions:
                    lift = 0.0 if name in ("plain", "step_by_step") else 0.3
                    score = float(rng.random() < ability + lift)
                    id = f"{suite}/{task}/{number}"
                    rows.append((id, suite, f"t{task}", name, id, 0.0, True, score, score, half, "m"))
    columns = [
        "item", "suite", "task", "condition", "cluster", "chance", "parsed", "score", "legacy_score", "half", "model",
    ]  # fmt: skip
    outcomes = pd.DataFrame(rows, columns=columns)
    settings = Settings()
    ctx: Any = SimpleNamespace(settings=settings, resamples=300, table=lambda name, compute: outcomes)
    shuffles = outcomes[outcomes["condition"].isin(positive_stimuli.DESIGN.representatives)]
    outcomes = pd.concat([outcomes, shuffles.assign(condition=shuffles["condition"] + "_shuffled")], ignore_index=True)
    made = arms.main_rows(ctx, positive_stimuli.DESIGN) + arms.each_stimulus_rows(ctx, positive_stimuli.DESIGN)
    found = Results(tuple(made))
    over_plain = findings.row_of(found, findings.OVER_PLAIN, "effect")
    assert (over_plain.low or 0) > 0.1
    assert findings.beats_placebo(found).verdict is Verdict.NOT_SHOWN
    assert findings.best_holds(found).verdict is Verdict.HOLDS
    assert len(found.find(metric="p_holm")) == 22
    same = findings.row_of(found, f"{arms.SHUFFLED} over their shuffles", "effect")
    assert (same.value, same.low, same.high) == (0, 0, 0)
