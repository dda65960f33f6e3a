"""Emotion circuits: a quick run on a tiny model, rows from hand-made tables, and claims that come out every way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.assess.control import side_effects
from thymos.assess.control.expression import COLUMNS, expression_table
from thymos.assess.expression.judge import EMOTIONS, LABELS, ExpressionJudge
from thymos.assess.scanning.pipeline import METHODS, RANDOM_CIRCUIT, RANDOM_STEERING
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings
from thymos.perceive.recognizer import TextItems, texts_of
from thymos.studies import _circuit_claims as claims
from thymos.studies import emotion_circuits as study
from thymos.studies._circuit_claims import OWN
from thymos.studies._circuit_rows import clustered, cost_rows, difference_row, expression_rows
from thymos.studies.contract import (
    Finding,
    Results,
    Row,
    RowKind,
    Settings,
    Verdict,
    judge,
    read_published,
)
from thymos.studies.runner import PUBLISHED_FOLDER, RunContext, load_results, run_study
from thymos.testing import write_official_layout
from thymos.testing.tiny_models import write_tiny_model

HOLDS, NOT_SHOWN, CONTRADICTED = Verdict.HOLDS, Verdict.NOT_SHOWN, Verdict.CONTRADICTED


class Letters(ExpressionJudge):
    """Names one of the six emotions by the sum of a text's letters; nobody has measured it."""

    def __init__(self) -> None:
        super().__init__(name="letters")

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        listed, index = texts_of(texts)
        codes = [sum(map(ord, text)) % len(EMOTIONS) for text in listed]
        table = np.full((len(codes), len(LABELS)), 0.1)
        table[np.arange(len(codes)), codes] = 0.4
        return pd.DataFrame(table, index=index, columns=list(LABELS))


# -- a quick run ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """A cache of its own, the stand-in judge, replies of 8 tokens: what is tested does not depend on their length."""
    short = GenerationSettings(max_new_tokens=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(study, "_judge", lambda folder: Letters())
        patch.setattr(study, "_SCANS", {})
        patch.setitem(expression_table.__kwdefaults__, "settings", short)
        patch.setattr(side_effects, "REQUEST_SETTINGS", short)
        yield patch


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("study")
    write_official_layout("sev", folder / "data" / "sev")
    model = write_tiny_model(folder / "model", max_position_embeddings=1024, num_hidden_layers=2)
    return Settings(data=folder / "data", quick=True, model=str(model), output=folder / "runs")


@pytest.fixture(scope="module")
def result(patched: pytest.MonkeyPatch, settings: Settings) -> dict[str, Any]:
    return run_study(study.STUDY, settings, console=Console(quiet=True))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_every_arm_is_run(result: dict[str, Any], results: Results) -> None:
    assert result["left_out"] == []
    assert len(list(Path(result["run"]).glob("arms/*.json"))) == len(study.STUDY.arms)
    assert {row.kind for row in results.rows} == {
        RowKind.FLOOR, RowKind.BASELINE, RowKind.SYSTEM, RowKind.CONTROL, RowKind.ABLATION, RowKind.PUBLISHED,
    }  # fmt: skip


def test_expression_has_floor_controls_and_slices(results: Results) -> None:
    for subset, systems in ((OWN, METHODS), ("sev/test", METHODS[:3])):
        rows = results.find(metric="expression_accuracy", subset=subset)
        assert [row.system for row in rows] == ["no control", *systems]
        assert rows[0].kind is RowKind.FLOOR
        assert rows[0].value == pytest.approx(1 / 6), "this judge hears an emotion in every reply"
        for emotion in EMOTIONS:
            assert len(results.find(metric="expression_accuracy", subset=f"{subset}/{emotion}")) == len(systems) + 1
    assert results.find(system=RANDOM_STEERING, subset=f"{OWN}/negative") == []
    assert results.one(system="steering", metric="expression_accuracy", subset=f"{OWN}/negative").n == 6 * 2


def test_pairs_are_compared_on_the_same_events(results: Results) -> None:
    for first, second in study.PAIRS:
        difference = results.one(system=f"{first} minus {second}", metric=claims.DIFFERENCE, subset=OWN)
        values = [results.value(system=system, metric="expression_accuracy", subset=OWN) for system in (first, second)]
        assert difference.value == pytest.approx(values[0] - values[1])
        assert difference.n == 6 * 6
    assert len(results.find(metric=claims.DIFFERENCE, subset="sev/test")) == 3


def test_layers_are_told_with_their_controls(results: Results) -> None:
    place = results.one(system="directions", metric="accuracy", subset=OWN).note
    assert "chosen on extraction scenarios" in place
    for system in ("random directions", "directions from shuffled labels"):
        assert results.one(system=system, metric="accuracy", subset=OWN).kind is RowKind.CONTROL
    assert results.one(system="directions from our scenarios", subset="sev/test").n == 2 * 3 * 6
    assert results.one(system="directions from SEV scenarios", subset=OWN).n
    cosine = results.one(metric="cosine")
    assert -1 <= (cosine.value or 0) <= 1
    assert "smallest" in cosine.note


def test_one_pass_importance_is_exact(results: Results) -> None:
    row = results.one(metric="largest_absolute_difference")
    assert row.n == 2 * 4
    assert (row.value or 0) < 1e-4
    assert claims.exact_heads(results).verdict is HOLDS


def test_curves_have_random_circuits_beside_them(results: Results) -> None:
    rows = results.find(metric="share_of_prompted_effect")
    assert {row.subset for row in rows} == {"0.5 heads a layer", "2 heads a layer"}
    by_kind = {kind: [row for row in rows if row.kind is kind] for kind in (RowKind.SYSTEM, RowKind.CONTROL)}
    assert len(by_kind[RowKind.SYSTEM]) == len(by_kind[RowKind.CONTROL]) == 3 * 2


def test_costs_are_told_with_their_change(results: Results) -> None:
    for measure in ("neutral_text_nats_per_token", "question_accuracy", "refusal_rate"):
        plain = results.value(system="no control", metric=measure)
        for system in METHODS:
            changed = results.value(system=f"{system} minus no control", metric=f"{measure}_change")
            assert changed == pytest.approx(results.value(system=system, metric=measure) - plain)


def test_the_judge_is_measured_on_other_scenarios_and_beside_a_second_one(results: Results) -> None:
    measured = [row for row in results.rows if row.split == "judge"]
    assert {row.subset.split("/")[0] for row in measured} == {"prompted", "steered"}
    assert "letters" in {row.system for row in measured}
    (agreement,) = results.find(metric="agreement", subset="replies under control")
    assert agreement.system.startswith("letters and ")


def test_every_claim_has_a_verdict_and_is_testable(result: dict[str, Any]) -> None:
    verdicts = {claim["text"]: claim["verdict"] for claim in result["claims"]}
    assert len(verdicts) == 13
    assert Verdict.NOT_TESTABLE.value not in verdicts.values(), verdicts


def test_a_second_start_computes_nothing(
    patched: pytest.MonkeyPatch, settings: Settings, result: dict[str, Any]
) -> None:
    def never(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("nothing is left to do")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "ModelScan", never)
        patch.setattr(study, "_SCANS", {})
        again = run_study(study.STUDY, settings, console=Console(quiet=True))
    assert again["rows"] == result["rows"]


def test_an_arm_that_is_computed_again_finds_the_parts_of_the_scan(
    patched: pytest.MonkeyPatch, settings: Settings, result: dict[str, Any]
) -> None:
    for path in Path(result["run"]).glob("arms/*.json"):
        path.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "_SCANS", {})
        patch.setattr("thymos.assess.scanning.pipeline.circuit_curves", None)
        patch.setattr("thymos.assess.scanning.pipeline.expression_table", None)
        patch.setattr("thymos.assess.scanning.pipeline.side_effects", None)
        patch.setattr("thymos.assess.scanning.pipeline.layer_table", None)
        again = run_study(study.STUDY, settings, console=Console(quiet=True))
    assert again["rows"] == result["rows"]


def test_the_plots_draw_and_are_left_empty_without_their_table(results: Results) -> None:
    for plot in study.STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert sum(len(axes.lines) for axes in figure.axes) >= 4, plot.name
        plot.draw(Results(()), Figure())


def test_a_judge_without_measured_error_is_refused(
    patched: pytest.MonkeyPatch, settings: Settings, result: dict[str, Any], tmp_path: Path
) -> None:
    class Unknown:
        name = "unknown"

    class Scan:
        judge = Unknown()

    context = RunContext(settings, tmp_path, study.STUDY, Console(quiet=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "scan_of", lambda ctx: Scan())
        with pytest.raises(BadInput, match="no measured error"):
            study.measured_judge(context)


def test_arms_that_look_inside_need_a_local_model() -> None:
    needs = {arm.name: arm.needs(Settings(model="openai:m")) for arm in study.STUDY.arms}
    assert needs.pop("floors") == ""
    assert set(needs.values()) == {"needs a local model"}


def test_published_numbers_are_told_apart() -> None:
    rows = read_published(PUBLISHED_FOLDER / "emotion_circuits.csv")
    assert rows
    assert not any(row.comparable for row in rows), "another model and another judge"


# -- rows -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    return RunContext(Settings(quick=True), tmp_path, study.STUDY, Console(quiet=True))


def replies(**hits: Callable[[int, str], bool]) -> pd.DataFrame:
    """Replies of systems to 8 scenarios with three outcomes; the keyword gives the hits."""
    rows = []
    for name, hit in {"no control": lambda number, emotion: False, **hits}.items():
        for emotion in ("",) if name == "no control" else EMOTIONS:
            for number in range(24):
                scenario, valence = f"s{number // 3}", ("positive", "neutral", "negative")[number % 3]
                heard = emotion if hit(number, emotion) else "none"
                rows.append(
                    (name, emotion, float(name != "no control"), f"{scenario}/{valence}", scenario, "t", valence, "r",
                     heard, hit(number, emotion), 0.25, False)
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_a_mean_is_clustered_and_has_no_interval_where_there_is_one_cluster(context: RunContext) -> None:
    fields: dict[str, Any] = {"system": "s", "kind": RowKind.SYSTEM, "metric": "m", "subset": "x"}
    row = clustered(context, [1, 0, 1, 1], ["a", "a", "b", "b"], **fields)
    assert (row.value, row.n, row.clusters, row.guarantee) == (0.75, 4, 2, "scenario-independent")
    assert row.low == 0.5
    assert row.high == 1
    alone = clustered(context, [1, 0], ["a", "a"], **fields)
    assert (alone.value, alone.low, alone.high, alone.n) == (0.5, None, None, 2)


def test_expression_rows_are_the_means_of_their_slices(context: RunContext) -> None:
    table = replies(
        steering=lambda number, emotion: emotion == "fear" or number % 3 == 2,
        prompting=lambda number, emotion: True,
    )
    rows = Results(tuple(expression_rows(context, table, EMOTIONS, "x")))
    assert rows.value(system="steering", subset="x/fear") == 1
    assert rows.value(system="steering", subset="x/negative") == 1
    assert rows.value(system="steering", subset="x/positive") == pytest.approx(1 / 6)
    assert rows.value(system="steering", metric="expression_accuracy", subset="x") == pytest.approx(16 / 36)
    assert rows.value(system="no control", metric="expression_accuracy", subset="x") == 0
    assert rows.value(system="prompting", metric="repetition", subset="x") == 0.25
    assert rows.one(system="prompting", metric="expression_accuracy", subset="x").note == "strength 1"
    assert rows.find(system="circuit modulation") == []


def test_differences_are_paired_over_scenarios(context: RunContext) -> None:
    table = replies(steering=lambda number, emotion: number < 12, prompting=lambda number, emotion: number < 6)
    row = difference_row(context, table, "steering", "prompting", "x")
    assert row.value == pytest.approx(0.25)
    assert (row.n, row.clusters) == (24 * 6, 8)
    assert row.low is not None
    assert row.low >= 0
    back = difference_row(context, table, "prompting", "steering", "x")
    assert back.value == pytest.approx(-0.25)


def test_several_random_draws_are_averaged_before_they_are_compared(context: RunContext) -> None:
    table = replies(**{"steering": lambda number, emotion: True, RANDOM_STEERING: lambda number, emotion: True})
    second = table[table["system"] == RANDOM_STEERING].assign(hit=False)
    row = difference_row(context, pd.concat([table, second]), "steering", RANDOM_STEERING, "x")
    assert (row.value, row.n) == (0.5, 24 * 6)


def test_costs_are_paired_by_item(context: RunContext) -> None:
    items = [("question_accuracy", f"q{number}", float(number % 2)) for number in range(6)]
    plain = [("no control", "", *item) for item in items]
    steered = [("steering", emotion, name, item, 0.0) for emotion in ("fear", "anger") for name, item, _ in items[::-1]]
    costs = pd.DataFrame([*plain, *steered], columns=["system", "emotion", "measure", "item", "value"])
    rows = Results(tuple(cost_rows(context, costs)))
    assert rows.value(system="no control", metric="question_accuracy") == 0.5
    change = rows.one(system="steering minus no control", metric="question_accuracy_change")
    assert (change.value, change.n, change.clusters) == (-0.5, 12, 6)


# -- claims ---------------------------------------------------------------------------------------------------------


def made(
    system: str, metric: str, subset: str, value: float, low: float | None = None, high: float | None = None,
    note: str = "",
) -> Row:  # fmt: skip
    return Row(system, RowKind.SYSTEM, metric, subset, value, 40, "no split", low, high, note=note)


def accuracy(system: str, value: float, low: float | None = None, high: float | None = None, subset: str = OWN) -> Row:
    return made(system, "expression_accuracy", subset, value, low, high)


def pair(first: str, second: str, low: float | None, high: float | None) -> tuple[Row, ...]:
    middle = 0.0 if low is None or high is None else (low + high) / 2
    return (
        made(f"{first} minus {second}", claims.DIFFERENCE, OWN, middle, low, high), accuracy(first, 0.5),
        accuracy(second, 0.5),
    )  # fmt: skip


def verdict(check: Callable[[Results], Finding], *rows: Row) -> Verdict:
    return check(Results(rows)).verdict


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.01, 0.2, HOLDS), (0.0, 0.2, NOT_SHOWN), (-0.1, 0.1, NOT_SHOWN), (-0.2, -0.01, CONTRADICTED),
     (None, None, NOT_SHOWN)],
)  # fmt: skip
@pytest.mark.parametrize(("first", "second"), study.PAIRS)
def test_one_method_against_another(
    first: str, second: str, low: float | None, high: float | None, expected: Verdict
) -> None:
    assert verdict(claims.compare(first, second), *pair(first, second, low, high)) is expected
    assert verdict(claims.beats_random(first, second), *pair(first, second, low, high)) is expected


@pytest.mark.parametrize(
    ("upper", "lower", "expected"),
    [((0.1, 0.2), (0.1, 0.2), HOLDS), ((0.1, 0.2), (-0.1, 0.2), NOT_SHOWN), ((-0.1, 0.2), (0.1, 0.2), NOT_SHOWN),
     ((0.1, 0.2), (-0.2, -0.1), CONTRADICTED), ((-0.2, -0.1), (0.1, 0.2), CONTRADICTED)],
)  # fmt: skip
def test_the_whole_order(upper: tuple[float, float], lower: tuple[float, float], expected: Verdict) -> None:
    rows = dict.fromkeys([*pair("circuit modulation", "steering", *upper), *pair("steering", "prompting", *lower)])
    assert verdict(claims.in_this_order, *rows) is expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.96, 1.0, HOLDS), (0.9, 1.0, NOT_SHOWN), (0.0, 0.0, CONTRADICTED), (0.95, 0.98, CONTRADICTED),
     (None, None, NOT_SHOWN)],
)  # fmt: skip
def test_prompting_alone(low: float | None, high: float | None, expected: Verdict) -> None:
    assert verdict(claims.prompting_is_enough, accuracy("prompting", 0.9, low, high)) is expected


@pytest.mark.parametrize(
    ("themes", "valences", "shuffled", "expected"),
    [(0.5, 0.5, 0.3, HOLDS), (0.5, 0.2, 0.3, NOT_SHOWN), (0.2, 0.5, 0.3, NOT_SHOWN), (0.5, 0.5, 0.0, HOLDS),
     (0.5, 0.5, None, NOT_SHOWN)],
)  # fmt: skip
def test_directions_without_context(themes: float, valences: float, shuffled: float | None, expected: Verdict) -> None:
    rows = [
        made("directions from other themes", "accuracy", "own/extraction", themes, themes, 1),
        made("directions from other valences", "accuracy", "own/extraction", valences, valences, 1),
        made("directions from shuffled labels", "accuracy", OWN, 0.0, shuffled and 0.0, shuffled),
    ]
    assert verdict(claims.context_free, *rows) is expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 1.0, HOLDS), (0.8, 0.95, NOT_SHOWN), (0.5, 0.89, CONTRADICTED), (0.0, 0.0, CONTRADICTED)],
)
def test_told_apart_by_two_fifths_of_the_depth(low: float, high: float, expected: Verdict) -> None:
    rows = [
        made("directions, layer 12", "accuracy", OWN, low, low, high, "12/28 of the depth"),
        made("directions, layer 21", "accuracy", OWN, 0.1, 0.0, 0.2, "21/28 of the depth"),
    ]
    assert verdict(claims.separate_by_two_fifths, *rows) is expected


@pytest.mark.parametrize(("value", "expected"), [(0.95, HOLDS), (0.9, CONTRADICTED), (0.0, CONTRADICTED)])
def test_a_stable_band(value: float, expected: Verdict) -> None:
    row = made("directions, 75 to 90 % depth", "next_layer_cosine", "own/extraction", value)
    assert verdict(claims.stable_band, row) is expected


@pytest.mark.parametrize(
    ("heads", "neurons", "expected"),
    [(0.4, 0.1, HOLDS), (0.4, 0.0, HOLDS), (0.1, 0.4, CONTRADICTED), (0.1, 0.1, CONTRADICTED),
     (0.0, 0.0, CONTRADICTED)],
)  # fmt: skip
def test_overlap_of_heads_and_neurons(heads: float, neurons: float, expected: Verdict) -> None:
    rows = [
        made(f"{kind} of two emotions' circuits", "jaccard_overlap", "circuits", value)
        for kind, value in (("heads", heads), ("neurons", neurons))
    ]
    assert verdict(claims.neurons_overlap_less, *rows) is expected


@pytest.mark.parametrize(
    ("circuit", "randomly", "expected"),
    [((0.5, 0.8), (0.0, 0.2), HOLDS), ((0.5, 0.8), (-0.2, 0.0), HOLDS), ((0.5, 0.8), (0.4, 0.6), NOT_SHOWN),
     ((0.4, 0.8), (0.0, 0.2), NOT_SHOWN), ((0.1, 0.4), (0.0, 0.05), CONTRADICTED),
     ((0.0, 0.0), (0.0, 0.0), CONTRADICTED)],
)  # fmt: skip
def test_few_units(circuit: tuple[float, float], randomly: tuple[float, float], expected: Verdict) -> None:
    rows = [
        made(f"{kind}, enhancement", "share_of_prompted_effect", "2 heads a layer", sum(ends) / 2, *ends)
        for kind, ends in (("circuit", circuit), ("random", randomly))
    ]
    assert verdict(claims.few_units_carry, *rows) is expected


@pytest.mark.parametrize(
    ("surprise", "others", "fear", "expected"),
    [
        ((0.1, 0.2), (0.5, 0.9), (0.5, 0.9), HOLDS),
        ((0.0, 0.0), (0.5, 0.9), (0.5, 0.9), HOLDS),
        ((0.1, 0.6), (0.5, 0.9), (0.5, 0.9), NOT_SHOWN),
        ((0.4, 0.6), (0.5, 0.9), (0.3, 0.5), NOT_SHOWN),
        ((0.5, 0.9), (0.5, 0.9), (0.1, 0.3), CONTRADICTED),
        ((0.5, 0.9), (0.5, 0.9), (0.0, 0.0), CONTRADICTED),
    ],
)
def test_the_hardest_emotion(
    surprise: tuple[float, float], others: tuple[float, float], fear: tuple[float, float], expected: Verdict
) -> None:
    ends = {**dict.fromkeys(EMOTIONS, others), "surprise": surprise, "fear": fear}
    rows = [accuracy("steering", sum(both) / 2, *both, subset=f"{OWN}/{emotion}") for emotion, both in ends.items()]
    assert verdict(claims.surprise_is_hardest, *rows) is expected


@pytest.mark.parametrize(("value", "expected"), [(0.0, HOLDS), (1e-4, HOLDS), (1e-3, CONTRADICTED)])
def test_exactness(value: float, expected: Verdict) -> None:
    row = made("one-pass head importance", "largest_absolute_difference", "all heads", value)
    assert verdict(claims.exact_heads, row) is expected


def test_claims_without_their_rows_are_not_testable() -> None:
    judged = judge(study.STUDY.claims, Results(()))
    assert {claim["verdict"] for claim in judged} == {Verdict.NOT_TESTABLE.value}


def test_evidence_holds_the_numbers() -> None:
    found = claims.compare("steering", "prompting")(Results(pair("steering", "prompting", 0.1, 0.3)))
    assert "steering minus prompting: 0.200 [0.100, 0.300]" in found.evidence
    assert "40 pairs" in found.evidence
    assert RANDOM_CIRCUIT in {second for _, second in study.PAIRS}


@pytest.mark.parametrize(("family", "reason"), [("llama", ""), ("gemma2", "slides through a window")])
def test_circuits_need_attention_to_everything(tmp_path: Path, family: str, reason: str) -> None:
    folder = write_tiny_model(tmp_path / family, family)
    found = study.needs_circuits(Settings(model=str(folder)))
    assert reason in found
    assert bool(found) == bool(reason)
    assert "local model" in study.needs_circuits(Settings(model="openai:m@http://127.0.0.1:9/v1"))
