"""Stress levels: planted effects are found, flat ones are not, and every control can speak up (card 33)."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.assess.stress.stress_benchmark import NO_SYSTEM_PROMPT, TASKS
from thymos.assess.stress.stress_prompts import LEVELS_VARIABLE, prompt_corpus, prompts_of
from thymos.errors import BadInput, ThymosError
from thymos.language.load import find_model
from thymos.studies import stress_levels as study
from thymos.studies.contract import Finding, Results, Row, Settings, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext, run_study

ITEMS = 40
TASK_OF_ITEM = np.repeat(["easy", "hard"], ITEMS // 2)


@pytest.fixture(autouse=True)
def _author_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEVELS_VARIABLE, raising=False)


def planted_context(
    folder: Path,
    *,
    bend: dict[str, float] | None = None,
    peak: dict[str, float] | None = None,
    stress: float = 0.0,
    letter_shift: float = 0.0,
    form_shift: float = 0.0,
    seed: int = 0,
) -> RunContext:
    """A run whose answers were made here: the arms then work on known effects."""
    rng = np.random.default_rng(seed)
    context = RunContext(Settings(quick=False), folder, study.STUDY, Console(quiet=True))
    context.corpora["stress_prompts"] = prompt_corpus()
    prompts = context.corpora["stress_prompts"].items
    answers, replies = [], []
    for condition in [NO_SYSTEM_PROMPT, *prompts.index]:
        is_stress = condition in prompts.index and prompts.loc[condition, "kind"] == "stress"
        level = float(prompts.loc[condition, "level"]) if is_stress else 0.0
        for number, task in enumerate(TASK_OF_ITEM):
            chance = 0.6 if task == "easy" else 0.45
            if is_stress:
                chance += stress + (bend or {}).get(task, 0.0) * (level - (peak or {}).get(task, 5.5)) ** 2
            right_letter = "ABCD"[number % 4]
            right = rng.random() < chance
            wrong = [letter for letter in "ABCD" if letter != right_letter]
            letter = right_letter if right else str(rng.choice(wrong))
            if is_stress and rng.random() < letter_shift:
                letter = "A"
            answers.append((condition, f"i{number}", "s", str(task), 0.25, "likelihood", letter, True,
                            float(right), letter, right_letter))  # fmt: skip
        for number in range(4):
            parsed = bool(rng.random() < (0.9 - (form_shift * level / 10 if is_stress else 0.0)))
            replies.append(
                (condition, f"i{number}", "s", "easy", "A", "A" if parsed else "", parsed, float(parsed) / 2)
            )
    columns = ["condition", "item", "suite", "task", "chance", "answering", "answer", "parsed", "score", "letter"]
    (folder / "tables").mkdir(parents=True)
    pd.DataFrame(answers, columns=[*columns, "right_letter"]).to_parquet(folder / "tables" / "answers.parquet")
    columns = ["condition", "item", "suite", "task", "reply", "answer", "parsed", "score"]
    pd.DataFrame(replies, columns=columns).to_parquet(folder / "tables" / "replies.parquet")
    return context


def results_of(context: RunContext) -> Results:
    rows = [*study.accuracy(context), *study.curve(context), *study.letters(context), *study.compliance(context)]
    return Results(tuple(rows), context.tables)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return results_of(planted_context(tmp_path_factory.mktemp("flat") / "run"))


@pytest.fixture(scope="module")
def bent(tmp_path_factory: pytest.TempPathFactory) -> Results:
    context = planted_context(
        tmp_path_factory.mktemp("bent") / "run",
        bend={"easy": -0.012, "hard": -0.012}, peak={"easy": 7.0, "hard": 4.0}, stress=0.2,
        letter_shift=0.3, form_shift=0.6,
    )  # fmt: skip
    return results_of(context)


# -- planted effects ----------------------------------------------------------------------------------------------


def test_flat_answers_show_nothing_and_say_what_could_have_been_seen(flat: Results) -> None:
    found = study.inverted_u(flat)
    assert found.verdict is Verdict.NOT_SHOWN
    assert "smallest rise that this sample would show" in found.evidence
    assert "author-assigned, unrated" in found.evidence
    assert study.moderate_is_best(flat).verdict is Verdict.NOT_SHOWN
    assert study.beyond_length("accuracy")(flat).verdict is Verdict.NOT_SHOWN
    assert study.harder_tasks_peak_earlier(flat).verdict is Verdict.NOT_TESTABLE
    assert study.letters_move(flat).verdict is Verdict.NOT_SHOWN
    assert study.beyond_length("format_compliance_rate")(flat).verdict is Verdict.NOT_SHOWN
    smallest = flat.value(metric="smallest_detectable_rise", subset="all")
    assert 0.01 < smallest < 0.15


def test_planted_effects_are_found(bent: Results) -> None:
    assert study.inverted_u(bent).verdict is Verdict.HOLDS
    assert study.moderate_is_best(bent).verdict is Verdict.HOLDS
    assert study.harder_tasks_peak_earlier(bent).verdict is Verdict.HOLDS
    assert study.letters_move(bent).verdict is Verdict.HOLDS
    assert study.beyond_length("format_compliance_rate")(bent).verdict is Verdict.HOLDS
    assert bent.value(metric="quadratic_coefficient", subset="all") == pytest.approx(-0.012, abs=0.004)
    assert bent.value(metric="peak_level", subset="easy") == pytest.approx(7, abs=0.8)
    assert bent.value(metric="peak_level", subset="hard") == pytest.approx(4, abs=0.8)


def test_a_plain_u_contradicts_the_claim(tmp_path: Path) -> None:
    context = planted_context(tmp_path / "run", bend={"easy": 0.015, "hard": 0.015}, stress=-0.2)
    results = Results((*study.accuracy(context), *study.curve(context)), context.tables)
    assert study.inverted_u(results).verdict is Verdict.CONTRADICTED
    assert study.moderate_is_best(results).verdict is Verdict.CONTRADICTED
    peak = results.one(metric="peak_level", subset="all")
    assert peak.value is None
    assert "open upward" in peak.note


def test_stress_that_only_lowers_differs_from_neutral_without_a_curve(tmp_path: Path) -> None:
    context = planted_context(tmp_path / "run", stress=-0.2)
    results = Results((*study.accuracy(context), *study.curve(context)), context.tables)
    assert study.beyond_length("accuracy")(results).verdict is Verdict.HOLDS
    assert study.inverted_u(results).verdict is Verdict.NOT_SHOWN


# -- rows ---------------------------------------------------------------------------------------------------------


def test_rows_hold_every_level_control_and_baseline(flat: Results) -> None:
    levels = {row.subset for row in flat.find(system=study.STRESS, metric="accuracy")}
    assert levels == {"all", *(f"level {level}" for level in range(1, 11))}
    for name in (study.NEUTRAL, *study.BASELINES.values()):
        assert flat.one(system=name, metric="accuracy", subset="all").n > 0
    level = flat.one(system=study.STRESS, metric="accuracy", subset="level 3")
    assert level.clusters == 10
    assert "standard deviation over prompts" in level.note
    assert "author-assigned, unrated" in level.note
    for row in flat.rows:
        if row.metric in ("accuracy", "format_compliance_rate", "letter_share"):
            assert 0 <= (row.value or 0) <= 1
            assert row.low is None or 0 <= row.low <= (row.high or 0) <= 1


def test_means_are_those_of_the_table(flat: Results) -> None:
    table = flat.tables["answers"]
    prompts = [prompt.id for prompt in prompts_of("stress") if prompt.level == 4]
    wanted = table[table["condition"].isin(prompts)]["score"].mean()
    assert flat.value(system=study.STRESS, metric="accuracy", subset="level 4") == pytest.approx(wanted)
    neutral = table[table["condition"].str.startswith("neutral")]["score"].mean()
    everything = flat.value(system=study.STRESS, metric="accuracy", subset="all")
    found = flat.value(system=study.STRESS, metric="accuracy_difference", subset="all minus neutral")
    assert found == pytest.approx(everything - neutral)


def test_letter_shares_are_distributions_and_show_the_right_answers(bent: Results) -> None:
    shares = bent.tables["letter_shares"].set_index("group")
    assert shares.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(shares)))
    assert shares.loc["right answers", list("ABCD")].tolist() == [0.25] * 4
    assert shares.loc["level 5", "A"] > shares.loc[study.NEUTRAL, "A"] + 0.1
    assert bent.value(metric="letter_share", subset="level 5/A") == pytest.approx(shares.loc["level 5", "A"])


def test_replies_that_are_always_valid_have_no_false_certainty(tmp_path: Path) -> None:
    context = planted_context(tmp_path / "run")
    path = tmp_path / "run" / "tables" / "replies.parquet"
    pd.read_parquet(path).assign(parsed=True).to_parquet(path)
    results = Results(tuple(study.compliance(context)), context.tables)
    row = results.one(system=study.STRESS, metric="format_compliance_rate_difference", subset="all minus neutral")
    assert (row.value, row.low, row.high) == (0, None, None)
    assert "no score differed" in row.note
    assert study.beyond_length("format_compliance_rate")(results).verdict is Verdict.NOT_SHOWN


def test_a_task_that_never_changes_has_no_curve(tmp_path: Path) -> None:
    context = planted_context(tmp_path / "run")
    path = tmp_path / "run" / "tables" / "answers.parquet"
    table = pd.read_parquet(path)
    table.loc[table["task"] == "hard", "score"] = 0.0
    table.to_parquet(path)
    rows = Results(tuple(study.curve(context)), context.tables)
    assert rows.one(metric="quadratic_coefficient", subset="hard").value is None
    assert rows.one(metric="quadratic_coefficient", subset="easy").value is not None
    assert "hard no value" in study.harder_tasks_peak_earlier(rows).evidence


def test_rated_levels_change_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All prompts of the author's levels 1 and 2 rated 3: empty levels do no harm."""
    levels = {prompt.id: max(prompt.level, 3) for prompt in prompts_of("stress")}
    path = tmp_path / "levels.csv"
    path.write_text("item,level\n" + "".join(f"{item},{level}\n" for item, level in levels.items()))
    monkeypatch.setenv(LEVELS_VARIABLE, str(path))
    context = planted_context(tmp_path / "run")
    rows = [*study.accuracy(context), *study.letters(context), *study.compliance(context)]
    results = Results(tuple(rows), context.tables)
    row = results.one(system=study.STRESS, metric="accuracy", subset="level 3")
    assert row.clusters == 30
    assert "levels rated" in row.note
    assert not results.find(subset="level 1")
    assert not results.find(subset="moderate minus calm")
    verdicts = {claim["text"]: claim["verdict"] for claim in judge(study.STUDY.claims, results)}
    assert verdicts["Moderate stress beats no stress."] == "not testable here"


def test_an_incomplete_table_is_refused(tmp_path: Path) -> None:
    context = planted_context(tmp_path / "run")
    path = tmp_path / "run" / "tables" / "answers.parquet"
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    with pytest.raises(BadInput, match="not every item has a score"):
        study.accuracy(context)


# -- claims, plots, published numbers -----------------------------------------------------------------------------


def test_claims_without_rows_are_not_testable() -> None:
    verdicts = {claim["verdict"] for claim in judge(study.STUDY.claims, Results(()))}
    assert verdicts == {"not testable here"}


def spearman_rows(arousal: float, valence: float, words: float) -> Results:
    values = {"predicted arousal": arousal, "predicted valence": valence, "number of words": words}
    rows = [
        Row("wording", "control", "spearman", name, value, 100, "no split", low=value - 0.1, high=value + 0.1)  # type: ignore[arg-type]
        for name, value in values.items()
    ]
    return Results(tuple(rows))


def test_the_wording_claim_can_come_out_either_way() -> None:
    assert study.texts_rise(spearman_rows(0.4, -0.6, 0.0)).verdict is Verdict.HOLDS
    assert study.texts_rise(spearman_rows(0.4, -0.6, 0.5)).verdict is Verdict.NOT_SHOWN
    assert study.texts_rise(spearman_rows(0.0, -0.6, 0.0)).verdict is Verdict.NOT_SHOWN


@pytest.mark.parametrize("rows", [0, 1])
def test_plots_are_drawn_with_and_without_tables(flat: Results, rows: int) -> None:
    for plot in study.STUDY.plots:
        figure = Figure()
        plot.draw(flat if rows else Results(()), figure)
        assert len(figure.axes) == 1
        assert bool(figure.axes[0].has_data()) is bool(rows)


def test_published_numbers_are_marked_and_not_comparable() -> None:
    rows = read_published(PUBLISHED_FOLDER / "stress_levels.csv")
    assert len(rows) == 5 * 8 + 3
    assert not any(row.comparable for row in rows)
    assert {row.note.split("]")[0] for row in rows} == {"[note"}
    values = {(row.system, row.subset): row.value for row in rows}
    assert values["Llama-3-8B-Instruct, level 5", "MMLU"] == pytest.approx(0.5602)
    assert values["Llama-3-8B-Instruct, helpful assistant", "IFEval"] == pytest.approx(0.7854)


def test_the_finding_type_is_returned_by_every_claim(flat: Results) -> None:
    for claim in study.STUDY.claims[:-1]:
        assert isinstance(claim.check(flat), Finding)


# -- real data and model ------------------------------------------------------------------------------------------


@pytest.mark.data
def test_questions_are_balanced_over_tasks_and_independent(data_root: Path, tmp_path: Path) -> None:
    context = RunContext(Settings(data=data_root), tmp_path, study.STUDY, Console(quiet=True))
    items = study.chosen_items(context)
    counts = pd.Series([(item.suite, item.task) for item in items]).value_counts()
    assert counts.to_dict() == {(choice.suite, choice.task): study.ITEMS_PER_TASK for choice in TASKS}
    assert len({item.cluster for item in items}) == len(items)
    chance, best = study.floors(context)
    assert chance.value == pytest.approx(np.mean([item.chance for item in items]))
    assert (chance.value or 1) < (best.value or 0) < 1


@pytest.mark.data
def test_predicted_arousal_and_valence_follow_the_levels(data_root: Path, tmp_path: Path) -> None:
    context = RunContext(Settings(data=data_root, quick=True), tmp_path, study.STUDY, Console(quiet=True))
    context.corpora["stress_prompts"] = prompt_corpus()
    rows = Results(tuple(study.wording(context)))
    assert rows.value(subset="predicted arousal") == pytest.approx(0.33, abs=0.05)
    assert rows.value(subset="predicted valence") == pytest.approx(-0.60, abs=0.05)
    assert rows.value(subset="number of words") == pytest.approx(-0.11, abs=0.01)
    assert study.texts_rise(rows).verdict is Verdict.HOLDS


def embedded_or_skip() -> None:
    try:
        find_model("embedded")
    except ThymosError as error:
        pytest.skip(str(error))


@pytest.mark.data
@pytest.mark.model
@pytest.mark.slow
def test_a_quick_run_of_the_embedded_model(data_root: Path, tmp_path: Path) -> None:
    embedded_or_skip()
    settings = Settings(data=data_root, quick=True, output=tmp_path)
    result: dict[str, Any] = run_study(study.STUDY, settings, console=Console(quiet=True))
    rows = Results(tuple(Row.from_dict(row) for row in result["rows"]))
    assert rows.value(metric="parse_rate", subset="all") == 1
    assert len(rows.find(system=study.STRESS, metric="accuracy")) == 11
    assert math.isfinite(rows.value(metric="quadratic_coefficient", subset="all"))
    assert not result["left_out"]
