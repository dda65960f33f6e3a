"""A scan of a tiny model: every table, nothing computed twice, models that cannot be scanned or only in part."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thymos.assess.control.side_effects import MEASURES
from thymos.assess.scanning import pipeline
from thymos.assess.scanning.keeper import FolderKeeper
from thymos.assess.scanning.pipeline import (
    METHODS,
    RANDOM_CIRCUIT,
    RANDOM_CIRCUIT_AS_LONG,
    RANDOM_STEERING,
    ModelScan,
    budget_label,
)
from thymos.assess.scanning.sizes import QUICK
from thymos.errors import BadInput, Unavailable
from thymos.interpret.control import Plain, Steering
from thymos.interpret.scenarios import EMOTIONS
from thymos.language.cache import CachedLanguageModel
from thymos.language.load import load_language_model
from thymos.language.tap import Site
from thymos.testing.tiny_models import write_tiny_model

TABLES = ("layers", "components", "sublayers", "curves", "development", "expression", "costs", "stress")
SMALL = dataclasses.replace(QUICK, test_scenarios=2, expression_scenarios=1, passages=1, requests=1)
ALL_PARTS = (*TABLES, "stress_heatmaps")
PLAIN = Plain().name
WORK = (
    "event_states", "fit_directions", "layer_table", "measure_components", "sublayer_importance", "circuit_curves",
    "expression_table", "side_effects", "find_axis", "token_heatmap",
)  # fmt: skip
"""What costs time in ``pipeline``, one name a step."""


def everything(scan: ModelScan, parts: tuple[str, ...] = ALL_PARTS) -> dict[str, Any]:
    return {part: getattr(scan, part) for part in parts}


# -- tables ---------------------------------------------------------------------------------------------------------


def test_layers_have_both_sites_and_every_measure(scan: ModelScan) -> None:
    table = scan.layers
    assert set(table["site"]) == {"residual_after_attention", "residual_after_mlp"}
    assert set(table["layer"]) == {0, 1}
    accuracy = table[table["measure"] == "accuracy"]
    assert set(accuracy["n"]) == {QUICK.test_scenarios * 3 * len(EMOTIONS)}
    assert set(accuracy["clusters"]) == {QUICK.test_scenarios}


def test_the_best_place_is_chosen_on_training_scenarios(scan: ModelScan) -> None:
    other = scan.layers[scan.layers["measure"] == "other_themes"]
    row = other[(other["site"] == str(scan.best_place.site)) & (other["layer"] == scan.best_place.layer)]
    assert row["value"].item() == other["value"].max()


def test_no_scenario_is_fitted_and_tested_on(scan: ModelScan) -> None:
    fitted = {event.scenario for event in (*scan.train_events, *scan.development_events)}
    tested = {event.scenario for event in (*scan.test_events, *scan.expression_events)}
    assert not fitted & tested
    assert len(scan.train_events) == 3 * QUICK.extraction_scenarios
    assert len(scan.expression_events) == 3 * QUICK.expression_scenarios


def test_components_and_sublayers_have_the_shape_of_the_model(scan: ModelScan) -> None:
    assert scan.components.heads.shape == (6, 2, 4)
    assert scan.components.neurons.shape == (6, 2, 64)
    assert scan.components.head_means.shape == (6, 2, 4, 8)
    assert scan.components.prompts.tolist() == [QUICK.component_scenarios * 3] * 6
    assert scan.sublayers.values.shape == (6, 2, 2)
    assert scan.sublayers.per_prompt.shape[0] == QUICK.sublayer_prompts
    assert np.isfinite(scan.components.heads).all()


def test_a_circuit_holds_its_budget(scan: ModelScan) -> None:
    assert scan.circuit("fear", 1, 8).size == (2, 16)


def test_development_tries_every_strength(scan: ModelScan) -> None:
    tried = scan.development.groupby("system")["strength"].unique().map(lambda found: tuple(sorted(found))).to_dict()
    assert tried == {
        PLAIN: (0,),
        "prompting": (1, 2, 3),
        "steering": QUICK.steering_strengths,
        budget_label(QUICK.budgets[0]): QUICK.circuit_strengths,
    }
    assert set(scan.development["scenario"]) == {event.scenario for event in scan.development_events}


def test_choices_are_strengths_that_were_tried(scan: ModelScan) -> None:
    choices = scan.choices
    assert set(choices) == {"prompting", "steering", "circuit modulation", budget_label(scan.budget)}
    assert choices["circuit modulation"] == choices[budget_label(scan.budget)]
    assert choices["steering"].strength in QUICK.steering_strengths
    assert choices["circuit modulation"].strength in QUICK.circuit_strengths
    assert scan.budget in QUICK.budgets


def test_expression_has_every_method_at_its_chosen_strength(scan: ModelScan) -> None:
    table = scan.expression
    events = len(scan.expression_events)
    assert table["system"].value_counts().to_dict() == {PLAIN: events, **dict.fromkeys(METHODS, 6 * events)}
    strengths = table.groupby("system")["strength"].unique().map(list).to_dict()
    assert strengths["steering"] == strengths[RANDOM_STEERING] == [scan.choices["steering"].strength]
    assert strengths["circuit modulation"] == strengths[RANDOM_CIRCUIT] == [scan.choices["circuit modulation"].strength]
    assert set(table["event"]) == {event.id for event in scan.expression_events}


def test_random_controls_are_other_directions_and_other_units(scan: ModelScan) -> None:
    by_name = {control.name: control for control in scan.controls("fear")}
    assert tuple(by_name) == (
        "prompting", "steering", RANDOM_STEERING, "circuit modulation", RANDOM_CIRCUIT, RANDOM_CIRCUIT_AS_LONG,
    )  # fmt: skip
    assert len({control.identity() for control in by_name.values()}) == 6
    own, drawn = by_name["steering"], by_name[RANDOM_STEERING]
    assert isinstance(own, Steering)
    assert isinstance(drawn, Steering)
    assert own.chosen_layers() == drawn.chosen_layers()
    circuit, randomly, as_long = (by_name[name].edits() for name in (METHODS[2], METHODS[4], METHODS[5]))
    places = [[(edit.place, edit.value.shape) for edit in edits] for edits in (circuit, randomly, as_long)]
    assert places[0] == places[1] == places[2], "as many units in the same layers"
    assert [edit.units for edit in randomly] == [edit.units for edit in as_long]
    lengths = [[float(edit.value.norm()) for edit in edits] for edits in (circuit, as_long)]
    np.testing.assert_allclose(*lengths, rtol=1e-4)


def test_costs_cover_every_method_and_item(scan: ModelScan) -> None:
    table = scan.costs
    items = QUICK.passages + QUICK.questions + QUICK.requests
    assert table["system"].value_counts().to_dict() == {PLAIN: items, **dict.fromkeys(METHODS, 6 * items)}
    assert set(table["measure"]) == set(MEASURES) - {"repetition"}
    assert table.groupby(["system", "emotion"])["item"].nunique().unique().tolist() == [items]
    assert np.isfinite(table["value"]).all()


def test_stress_has_a_row_a_layer_and_heatmaps_of_both_ends(scan: ModelScan) -> None:
    assert scan.stress["layer"].tolist() == [0, 1]
    assert scan.stress["p_any_layer"].nunique() == 1
    assert scan.stress["held_out"].between(-1, 1).all()
    (drawn,) = scan.stress_heatmaps
    assert len(drawn["values"]) == 2
    assert {len(row) for row in drawn["values"]} == {len(drawn["tokens"])}


def test_two_heatmaps_are_of_the_calmest_and_the_tensest_prompt(
    scan_in: Callable[..., ModelScan], tmp_path: Path
) -> None:
    sizes = dataclasses.replace(QUICK, heatmap_prompts=2)
    levels = [drawn["level"] for drawn in scan_in(tmp_path, sizes=sizes).stress_heatmaps]
    assert levels == [1, 10]


@pytest.mark.parametrize(
    ("budget", "label"),
    [((1, 8), "1 heads and 8 neurons"), ((0.5, 2.0), "0.5 heads and 2 neurons")],
)
def test_a_budget_has_one_name(budget: tuple[float, float], label: str) -> None:
    assert budget_label(budget) == f"circuit modulation, {label} a layer"


# -- nothing twice --------------------------------------------------------------------------------------------------


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every expensive piece of work that is started from now on."""
    calls: list[str] = []
    for name in WORK:
        real = getattr(pipeline, name)

        def call(*arguments: Any, _real: Any = real, _name: str = name, **options: Any) -> Any:
            calls.append(_name)
            return _real(*arguments, **options)

        monkeypatch.setattr(pipeline, name, call)
    return calls


def same(first: Any, second: Any) -> bool:
    if hasattr(first, "equals"):
        return bool(first.equals(second))
    if dataclasses.is_dataclass(first):
        return all(same(getattr(first, field.name), getattr(second, field.name)) for field in dataclasses.fields(first))
    return bool(np.array_equal(first, second)) if isinstance(first, np.ndarray) else bool(first == second)


def test_a_second_scan_over_the_same_folder_computes_nothing(
    scan_in: Callable[..., ModelScan], tiny: CachedLanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    first = everything(scan_in(tmp_path))
    assert set(calls) == set(WORK)
    calls.clear()
    second = scan_in(tmp_path)
    found = everything(second)
    assert calls == []
    assert all(same(first[part], found[part]) for part in ALL_PARTS)
    assert second.choices
    assert second.controls("anger")
    assert calls == []
    # Where tables are lost, every reply and score still comes from the cache.
    known = len(tiny.cache)
    for name in ("expression", "costs"):
        (tmp_path / "tables" / f"{name}.parquet").unlink()
    third = scan_in(tmp_path)
    assert same(third.expression, first["expression"])
    assert same(third.costs, first["costs"])
    assert set(calls) == {"expression_table", "side_effects"}
    assert len(tiny.cache) == known


def test_the_same_seed_gives_the_same_scan(scan_in: Callable[..., ModelScan], tmp_path: Path) -> None:
    sizes = dataclasses.replace(SMALL, extraction_scenarios=2, component_scenarios=1)
    first, second, other = (scan_in(tmp_path / str(number), sizes=sizes, seed=number // 2) for number in range(3))
    assert same(first.layers, second.layers)
    assert same(first.components, second.components)
    assert not same(first.layers, other.layers)


def test_kills_lose_the_part_in_progress_only(
    scan_in: Callable[..., ModelScan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    def files() -> set[Path]:
        return {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}

    calls = counted(monkeypatch)
    there: set[Path] = set()
    for name in ("event_states", "layer_table", "measure_components", "circuit_curves", "side_effects", "find_axis"):
        calls.clear()
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, name, killed)
            with pytest.raises(KeyboardInterrupt):
                everything(scan_in(tmp_path))
        assert there <= files()
        there = files()
        assert not any(path.name.startswith(".") or "tmp" in path.name for path in there)
        kept = {path.stem for path in there}
        calls.clear()
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, name, killed)
            with pytest.raises(KeyboardInterrupt):
                everything(scan_in(tmp_path))
        assert set(calls) <= {"event_states"}, "states are read from disk, nothing else is done before the kill again"
        assert kept == {path.stem for path in files()}
    everything(scan_in(tmp_path))
    assert {path.stem for path in tmp_path.glob("tables/*.parquet")} == set(TABLES) - {"components", "sublayers"}


def test_damaged_directions_are_one_clear_error(scan_in: Callable[..., ModelScan], tmp_path: Path) -> None:
    path = tmp_path / "arrays" / "directions.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"no directions")
    with pytest.raises(BadInput, match=r"directions\.safetensors"):
        scan_in(tmp_path).layers  # noqa: B018


# -- models ---------------------------------------------------------------------------------------------------------


def test_a_model_with_sliding_windows_is_scanned_without_circuits(
    scan_in: Callable[..., ModelScan], tmp_path: Path
) -> None:
    folder = write_tiny_model(tmp_path / "model", "gemma2", max_position_embeddings=1024)
    model = load_language_model(str(folder), cache=None, device="cpu")
    sizes = dataclasses.replace(SMALL, extraction_scenarios=2, passages=0, questions=1, requests=0)
    found = scan_in(tmp_path / "scan", model, sizes)
    assert not found.has_circuits
    methods = ("prompting", "steering", RANDOM_STEERING)
    assert set(found.layers["layer"]) == {0, 1, 2}
    assert tuple(found.choices) == ("prompting", "steering")
    assert set(found.development["system"]) == {PLAIN, "prompting", "steering"}
    assert set(found.expression["system"]) == set(found.costs["system"]) == {PLAIN, *methods}
    assert [control.name for control in found.controls("fear")] == list(methods)
    with pytest.raises(BadInput, match="sliding window"):
        found.curves  # noqa: B018
    assert not (tmp_path / "scan" / "tables" / "curves.parquet").exists()


def test_without_a_chat_template_there_is_one_clear_error_before_anything_is_computed(
    scan_in: Callable[..., ModelScan], tiny_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    (folder / "chat_template.jinja").unlink()
    model = load_language_model(str(folder), cache=None, device="cpu")
    with pytest.raises(Unavailable, match="no chat template"):
        scan_in(tmp_path / "scan", model)
    assert not (tmp_path / "scan").exists()


def test_too_short_a_context_is_one_clear_error_before_anything_is_computed(
    scan_in: Callable[..., ModelScan], tmp_path: Path
) -> None:
    folder = write_tiny_model(tmp_path / "model", max_position_embeddings=200)
    model = load_language_model(str(folder), cache=None, device="cpu")
    with pytest.raises(BadInput, match="has room for 200"):
        scan_in(tmp_path / "scan", model)
    assert not (tmp_path / "scan").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_one_clear_error_and_leave_no_file(
    scan_in: Callable[..., ModelScan], tiny_folder: Path, tmp_path: Path, value: float
) -> None:
    import torch

    model = load_language_model(str(tiny_folder), cache=None, device="cpu")
    with torch.no_grad():
        model.model.model.layers[1].mlp.down_proj.weight[0, 0] = value  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match="not finite"):
        everything(scan_in(tmp_path / "scan", model))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_weights_that_break_after_the_first_look_leave_no_part_of_a_file(
    scan_in: Callable[..., ModelScan], tiny_folder: Path, tmp_path: Path
) -> None:
    import torch

    model = load_language_model(str(tiny_folder), cache=None, device="cpu")
    found = scan_in(tmp_path / "scan", model)
    with torch.no_grad():
        model.model.model.layers[1].mlp.down_proj.weight[0, 0] = float("nan")  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match="not finite"):
        found.layers  # noqa: B018
    assert not list(tmp_path.rglob("*.safetensors"))
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_endpoint_cannot_be_scanned(scan_in: Callable[..., ModelScan], tmp_path: Path) -> None:
    endpoint = load_language_model("openai:m@http://127.0.0.1:9/v1", cache=None)
    with pytest.raises(BadInput):
        scan_in(tmp_path, endpoint)


def test_steered_layers_have_directions(scan: ModelScan) -> None:
    layers = Steering(scan.directions, "fear").chosen_layers()
    assert layers
    assert set(layers) <= set(scan.directions.layers(Site.RESIDUAL))
    assert isinstance(scan.keeper, FolderKeeper)
