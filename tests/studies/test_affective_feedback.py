"""Emotional feedback in self-correction: the study's arithmetic on made tables, its items, and a short real run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.studies import affective_feedback as study
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext, run_study

TASKS = [task for tasks in study.TASKS.values() for _, task in tasks]
PLAIN, FEEDBACK = 50, 100  # made costs, in tokens
ITEMS = 4


def made_tables(rates: dict[str, float], seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Chains whose later attempts are right at a rate by condition; first answers are wrong."""
    rng = np.random.default_rng(seed)
    attempts, choices = [], []
    for task in TASKS:
        for number in range(ITEMS):
            about = {
                "item": f"made/{task}/{number}",
                "suite": "made",
                "task": task,
                "cluster": f"made/{task}/{number}",
                "chance": 0.5 if task == "bbh/navigate" else 0.0,
            }
            for condition in study.PLANS:
                resampled = condition == study.BEST_OF_N
                for attempt in range(9 if resampled else 5):
                    right = attempt > 0 and bool(rng.random() < rates.get(condition, 0.2))
                    cost = PLAIN if resampled or attempt == 0 else FEEDBACK
                    attempts.append(
                        {
                            **about,
                            "condition": condition,
                            "round": attempt,
                            "right": right,
                            "answer": "x",
                            "prompt_tokens": cost - 4,
                            "completion_tokens": 4,
                        }
                    )
                if condition in (*study.FREE_RUNNING, study.BEST_OF_N):
                    for method in ("first", *study.CHOICE_NAMES):
                        choices.append(
                            {
                                **about,
                                "condition": condition,
                                "method": method,
                                "score": float(rng.random() < 0.3),
                                "prompt_tokens": 10 if method == "synthesis" else 0,
                                "completion_tokens": 0,
                            }
                        )
    return pd.DataFrame(attempts), pd.DataFrame(choices)


def made_run(folder: Path, rates: dict[str, float]) -> tuple[Results, RunContext]:
    """All arms on made tables: nothing is asked."""
    context = RunContext(Settings(quick=True), folder, study.STUDY, Console(quiet=True))
    (folder / "tables").mkdir(parents=True)
    for name, table in zip(("attempts", "choices"), made_tables(rates), strict=True):
        table.to_parquet(folder / "tables" / f"{name}.parquet")
    rows = tuple(row for arm in study.STUDY.arms for row in arm.run(context))
    return Results(rows, context.tables), context


@pytest.fixture(scope="module")
def equal(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made_run(tmp_path_factory.mktemp("equal"), {})[0]


@pytest.fixture(scope="module")
def better(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made_run(tmp_path_factory.mktemp("better"), {study.ALTERNATING: 0.8})[0]


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Results:
    rates = dict.fromkeys(study.PLANS, 0.8) | {study.ALTERNATING: 0.02}
    return made_run(tmp_path_factory.mktemp("worse"), rates)[0]


def verdicts(results: Results) -> list[str]:
    return [claim["verdict"] for claim in judge(study.STUDY.claims, results)]


def test_claims_come_out_either_way(equal: Results, better: Results, worse: Results) -> None:
    assert verdicts(better)[:4] == [Verdict.HOLDS] * 4
    # With nothing between the arms the oracle still lifts all of them over one pass: only that claim holds.
    assert verdicts(equal)[0] == Verdict.HOLDS
    assert Verdict.HOLDS not in verdicts(equal)[2:4]
    assert verdicts(worse)[1:4] == [Verdict.CONTRADICTED] * 3
    assert set(verdicts(Results(()))) == {Verdict.NOT_TESTABLE}


def test_best_of_n_gets_the_tokens_of_the_chain(equal: Results) -> None:
    """450 tokens pay for one answer and four rounds of feedback, or for nine plain answers."""
    attempts = equal.tables["attempts"]
    own = attempts[attempts["condition"] == study.BEST_OF_N]
    any_right = own.groupby("item")["right"].any().groupby(own.groupby("item")["task"].first()).mean().mean()
    row = equal.one(system=f"{study.BEST_OF_N}, oracle", metric="accuracy_with_oracle", subset="all")
    assert row.value == pytest.approx(any_right)
    curves = equal.tables["curves"]
    at_end = curves[(curves["condition"] == study.BEST_OF_N) & (curves["share"] == 1.0)]
    assert at_end["accuracy"].item() == pytest.approx(any_right)
    assert at_end["tokens"].item() == PLAIN + 4 * FEEDBACK


def test_gains_are_differences_of_the_rows(better: Results) -> None:
    for subset in ("all", *study.TASKS):
        one = better.value(system=f"{study.ALTERNATING}, oracle", metric="accuracy_with_oracle", subset=subset)
        other = better.value(system=f"{study.NEUTRAL}, oracle", metric="accuracy_with_oracle", subset=subset)
        name = f"{study.ALTERNATING}, oracle over {study.NEUTRAL}, oracle"
        gain = better.one(system=name, metric="gain", subset=subset)
        assert gain.value == pytest.approx(one - other)
        assert (gain.low or 0) <= one - other <= (gain.high or 0)
        assert "Holm" in gain.note


def test_every_arm_shows_what_it_costs(equal: Results) -> None:
    for condition in study.PLANS:
        name = f"{condition}, oracle"
        tokens = equal.value(system=name, metric="tokens_per_item", subset="all")
        replies = equal.value(system=name, metric="completion_tokens_per_item", subset="all")
        assert PLAIN < tokens <= PLAIN + 4 * FEEDBACK
        assert 4 < replies < tokens
        assert equal.value(system=name, metric="parse_rate", subset="all") == 1.0
    assert equal.value(system=study.ONE_PASS, metric="tokens_per_item", subset="all") == PLAIN
    synthesis = f"{study.ALTERNATING}, synthesis"
    assert equal.value(system=synthesis, metric="extra_tokens_per_item", subset="all") == 10


def test_what_an_oracle_touched_is_marked(equal: Results) -> None:
    for row in equal.find(metric="accuracy_with_oracle"):
        assert "oracle" in row.system
    for row in equal.find(metric="accuracy"):
        assert "oracle" not in row.system


def test_floors(equal: Results) -> None:
    share = 0.5 / len(study.TASKS["choices"])
    assert equal.value(system="blind guess", metric="accuracy", subset="choices") == pytest.approx(share)
    # A quick run answers three times.
    often = equal.value(system="3 blind guesses, oracle", metric="accuracy_with_oracle", subset="choices")
    assert often == pytest.approx((1 - 0.5**3) / len(study.TASKS["choices"]))
    assert equal.value(system="blind guess", metric="accuracy", subset="numbers") == 0


def test_plots_can_be_drawn(better: Results) -> None:
    for plot in study.STUDY.plots:
        figure = Figure()
        plot.draw(better, figure)
        assert figure.axes[0].has_data()


def test_an_unchanged_sample_has_no_smallest_effect() -> None:
    from thymos.assess.wording.effects import paired_effect, score_table

    scores = pd.DataFrame(
        [
            {"item": f"i{n}", "suite": "s", "task": "t", "condition": name, "cluster": f"i{n}", "score": float(n % 2)}
            for n in range(6)
            for name in ("a", "b")
        ]
    )
    rows = study.gain_rows(paired_effect(score_table(scores), "a", "b", resamples=100), 1.0, "all", 0)
    assert [row.metric for row in rows] == ["gain", "p_holm"]
    assert "no item changed" in rows[0].note
    assert study.compared(Results(tuple(rows)), "a", "b")[0] is Verdict.NOT_SHOWN


def test_a_holm_corrected_p_decides() -> None:
    def rows(p: float) -> Results:
        gain = Row("a over b", RowKind.SYSTEM, "gain", "all", 0.1, 50, "no split", low=0.02, high=0.2)
        return Results((gain, Row("a over b", RowKind.SYSTEM, "p_holm", "all", p, 50, "no split")))

    assert study.compared(rows(0.04), "a", "b")[0] is Verdict.HOLDS
    assert study.compared(rows(0.06), "a", "b")[0] is Verdict.NOT_SHOWN


def test_published_numbers_are_marked_and_not_comparable() -> None:
    rows = read_published(PUBLISHED_FOLDER / "affective_feedback.csv")
    assert len(rows) == 11
    assert not any(row.comparable for row in rows)
    assert all(row.note.startswith("[2nd]") for row in rows)


def test_protocols_give_the_oracle_to_all_alike(tmp_path: Path) -> None:
    context = RunContext(Settings(), tmp_path, study.STUDY, Console(quiet=True))
    protocols = {condition: study.protocol_of(context, condition) for condition in study.PLANS}
    assert {protocol.temperature for protocol in protocols.values()} == {0.7}
    assert {protocol.first_temperature for protocol in protocols.values()} == {0.0}
    assert {protocol.reflection for protocol in protocols.values()} == {protocols[study.NEUTRAL].reflection}
    feedback = [protocol for name, protocol in protocols.items() if name != study.BEST_OF_N]
    assert {protocol.rounds for protocol in feedback} == {study.ROUNDS}


@pytest.mark.data
def test_items_of_the_run(data_root: Path, tmp_path: Path) -> None:
    context = RunContext(Settings(data=data_root), tmp_path, study.STUDY, Console(quiet=True))
    items = study.study_items(context)
    counts = pd.Series([item.task for item in items]).value_counts()
    assert counts.to_dict() == dict.fromkeys(TASKS, study.ITEMS_PER_TASK)
    assert all(study.is_easy(item) for item in items)
    assert len({item.id for item in items}) == len(items)


@pytest.mark.data
@pytest.mark.model
@pytest.mark.slow
def test_a_quick_run(data_root: Path, tmp_path: Path) -> None:
    settings = Settings(data=data_root, quick=True, output=tmp_path)
    result = run_study(study.STUDY, settings, console=Console(quiet=True))
    assert {claim["verdict"] for claim in result["claims"]} <= {verdict.value for verdict in Verdict}
    assert not [claim for claim in result["claims"] if claim["verdict"] == Verdict.NOT_TESTABLE.value]
    attempts = pd.read_parquet(Path(result["run"]) / "tables" / "attempts.parquet")
    first = attempts[attempts["round"] == 0].groupby("item")["reply"].nunique()
    assert (first == 1).all()  # every arm starts from the same greedy answer
