"""The page of a scan: well-formed, without other files, without holes in its numbers, every word escaped."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.assess.control.expression import Choice
from thymos.assess.scanning.layers import SITES
from thymos.assess.scanning.pipeline import METHODS, RANDOM_CIRCUIT, RANDOM_STEERING
from thymos.interpret.circuits import assemble_circuit
from thymos.interpret.components import Components
from thymos.interpret.directions import fit_directions
from thymos.interpret.scenarios import EMOTIONS
from thymos.interpret.sublayers import SublayerImportance
from thymos.language.tap import Place, Site
from thymos.report import scan_page
from thymos.report.scan_page import control, judge_lines, separation, stress, write_scan_page, writers

LAYERS, HEADS, NEURONS, WIDTH = 4, 3, 8, 16
VOID = {"meta", "br", "img", "link", "input", "hr", "col"}


def layer_numbers() -> pd.DataFrame:
    measures = ["accuracy", "other_themes", "other_valences", "shuffled_labels", "random_directions"]
    rows = [
        (str(site), layer, measure, 0.2 + 0.1 * layer, 0.1 + 0.1 * layer, 0.3 + 0.1 * layer, 24, 4)
        for site in SITES for layer in range(LAYERS) for measure in measures
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["site", "layer", "measure", "value", "low", "high", "n", "clusters"])


def curve_numbers() -> pd.DataFrame:
    rows = [
        (curve, circuit, units, "all", 0.1 * units, 0.05 * units, 0.2 * units)
        for curve in ("enhancement", "ablation to the mean", "ablation to zero")
        for circuit in ("circuit", "random") for units in (0.5, 2.0)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["curve", "circuit", "units", "emotion", "value", "low", "high"])


def replies(strengths: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    rows = [
        (system, emotion, strength, f"s{number}", "", "fear" if number else "none", emotion == "fear" and number > 0,
         0.125, False)
        for system, known in strengths.items() for strength in known
        for emotion in (("",) if system == "no control" else EMOTIONS) for number in range(3)
    ]  # fmt: skip
    columns = ["system", "emotion", "strength", "scenario", "reply", "expressed", "hit", "repetition", "empty"]
    return pd.DataFrame(rows, columns=columns)


def cost_numbers(systems: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        (system, "", measure, item, 0.5)
        for system in systems
        for measure in ("neutral_text_nats_per_token", "question_accuracy", "refusal_rate") for item in ("a", "b")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["system", "emotion", "measure", "item", "value"])


def stress_numbers() -> pd.DataFrame:
    names = ["held_out", "held_out_low", "held_out_high", "in_sample", "shuffled", "random_high", "word_proxy_level"]
    table = pd.DataFrame({name: np.linspace(0.1, 0.6, LAYERS) for name in names})
    return table.assign(layer=range(LAYERS))


class MadeScan(SimpleNamespace):
    """Finished numbers in the place of a ModelScan."""

    def circuit(self, emotion: str, heads: float, neurons: float) -> Any:
        return assemble_circuit(
            self.components, self.sublayers, emotion, heads=round(heads * LAYERS), neurons=round(neurons * LAYERS)
        )


@pytest.fixture
def made() -> Callable[..., Any]:
    """``made(**changes)``: a scan whose numbers were made here."""

    def build(*, circuits: bool = True, name: str = "tiny", **changes: Any) -> MadeScan:
        rng = np.random.default_rng(0)
        places = [Place(site, layer) for site in SITES for layer in range(LAYERS)]
        states = {place: rng.standard_normal((5, len(EMOTIONS), WIDTH)) for place in places}
        shape = (len(EMOTIONS), LAYERS)
        heads, neurons = rng.standard_normal((*shape, HEADS)), rng.standard_normal((*shape, NEURONS))
        systems = ("no control", *(METHODS if circuits else ("prompting", "steering", RANDOM_STEERING)))
        tried = {"no control": (0.0,), "prompting": (1.0, 2.0, 3.0), "steering": (0.25, 1.0)}
        if circuits:
            tried["circuit modulation, 2 heads and 16 neurons a layer"] = (2.0, 8.0)
        values = rng.standard_normal((*shape, 2))
        fields: dict[str, Any] = {
            "tap": SimpleNamespace(model=SimpleNamespace(name=name)),
            "emotions": EMOTIONS, "seed": 0, "judge": SimpleNamespace(name="letters", measured_=pd.DataFrame()),
            "has_circuits": circuits, "best_place": Place(Site.RESIDUAL, 2), "layers": layer_numbers(),
            "directions": fit_directions(states, EMOTIONS),
            "components": Components(
                EMOTIONS, heads, neurons, neurons, neurons, rng.standard_normal((*shape, HEADS, 2)), neurons,
                np.ones(len(EMOTIONS), dtype=np.int64),
            ),
            "sublayers": SublayerImportance(EMOTIONS, values, values[None], (0.5,)),
            "curves": curve_numbers(), "development": replies(tried),
            "expression": replies({system: (float(system != "no control"),) for system in systems}),
            "expression_events": range(3), "costs": cost_numbers(systems), "stress": stress_numbers(),
            "stress_heatmaps": [{"level": 10, "tokens": ["I", "<b>"], "values": [[0.0, 1.0]] * LAYERS}],
            "choices": {"steering": Choice(1.0, 0.5, 0.1, True)},
        }  # fmt: skip
        return MadeScan(**{**fields, **changes})

    return build


class Page(HTMLParser):
    """Opens and closes every element, and keeps attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == [], f"these are never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def page_of(scan: Any, folder: Path, **changes: Any) -> tuple[str, Page]:
    path = write_scan_page(
        scan, folder / "scan.html", **{"exports": ["control-fear.gguf"], "about": {"seed": 0}, **changes}
    )
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


@pytest.mark.parametrize("circuits", [True, False])
def test_the_page_is_well_formed_and_needs_no_other_file(
    made: Callable[..., Any], tmp_path: Path, circuits: bool
) -> None:
    text, page = page_of(made(circuits=circuits), tmp_path)
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)", text)
    for tag, name, value in page.attributes:
        assert tag not in ("script", "link", "iframe", "img", "object"), tag
        if name in ("src", "href", "xlink:href", "data"):
            assert value.startswith(("#", "data:")), value
        assert not name.startswith("on"), "no page of ours runs code"
    assert [path.name for path in tmp_path.iterdir()] == ["scan.html"]


@pytest.mark.parametrize("circuits", [True, False])
def test_no_number_is_missing(made: Callable[..., Any], tmp_path: Path, circuits: bool) -> None:
    text, page = page_of(made(circuits=circuits), tmp_path)
    assert not re.search(r"\b(nan|NaN|inf|None|undefined)\b", page.text)
    for _, name, value in page.attributes:
        if name in ("d", "x", "y", "cx", "cy", "width", "height", "points", "transform", "viewBox"):
            assert not re.search(r"nan|inf", value, re.IGNORECASE), (name, value)
    assert "{{" not in text


def test_every_part_is_there(made: Callable[..., Any], tmp_path: Path) -> None:
    _, page = page_of(made(), tmp_path)
    for words in (
        "Emotion inside tiny", "Where emotions separate", "What writes them", "How far control reaches",
        "The axis of stress", "How far the judge can be trusted", "control-fear.gguf", "no statement about people",
        "strongest heads", "Nobody measured this judge.",
    ):  # fmt: skip
        assert words in page.text, words


def test_without_circuits_their_part_is_left_out(made: Callable[..., Any], tmp_path: Path) -> None:
    _, page = page_of(made(circuits=False), tmp_path)
    assert "What writes them" not in page.text
    assert "neurons a layer" not in page.text
    part = control(made(circuits=False))
    assert [row[0] for row in part.rows] == ["no control", "prompting", "steering", RANDOM_STEERING]


def test_hostile_words_stay_words(made: Callable[..., Any], tmp_path: Path, hostile: str) -> None:
    measured = pd.DataFrame([{"metric": hostile, "subset": "all", "value": 0.5, "low": 0.4, "high": 0.6}])
    scan = made(
        name=hostile, judge=SimpleNamespace(name=hostile, measured_=measured),
        stress_heatmaps=[{"level": 10, "tokens": [hostile, "</svg>"], "values": [[0.0, 1.0]] * LAYERS}],
    )  # fmt: skip
    text, page = page_of(scan, tmp_path, exports=[hostile], about={hostile: hostile})
    assert "<script" not in text
    assert f"Emotion inside {hostile}" in page.text
    assert page.text.count(hostile) >= 5
    assert "script" not in {tag for tag, _, _ in page.attributes}


def test_the_table_of_methods_begins_with_the_floor(made: Callable[..., Any]) -> None:
    part = control(made())
    assert [row[0] for row in part.rows] == ["no control", *METHODS]
    assert {len(row) for row in part.rows} == {len(part.columns)} == {7}
    floor, steering = part.rows[0], next(row for row in part.rows if row[0] == "steering")
    assert floor[1] == ""
    assert floor[2].startswith("0.111 ["), "two of three replies sound of fear, one emotion of six"
    assert steering[1] == "1.000"
    assert steering[3:] == ("0.125", "0.500", "0.500", "0.500")
    assert RANDOM_CIRCUIT in part.lead
    assert RANDOM_STEERING in part.lead


def test_a_cost_that_was_not_measured_leaves_its_cell_empty(made: Callable[..., Any]) -> None:
    costs = cost_numbers(("no control", *METHODS))
    part = control(made(costs=costs[costs["measure"] != "refusal_rate"]))
    assert {row[-1] for row in part.rows} == {""}


def test_leads_state_the_numbers(made: Callable[..., Any]) -> None:
    assert "residual_after_mlp 2" in separation(made()).lead
    assert "0.400 [0.300, 0.500]" in separation(made()).lead
    assert "Best layer 3: Spearman 0.600" in stress(made()).lead
    assert "not rated" in stress(made()).lead


def test_writers_are_named_by_layer_and_unit(made: Callable[..., Any]) -> None:
    scan = made()
    part = writers(scan)
    assert [row[0] for row in part.rows] == list(EMOTIONS)
    for code, (_, heads, neurons) in enumerate(part.rows):
        layer, head = np.unravel_index(scan.components.heads[code].argmax(), (LAYERS, HEADS))
        assert heads.split(", ")[0] == f"{layer}.{head}"
        assert len(heads.split(", ")) == len(neurons.split(", ")) == 3


def test_a_scan_without_curves_has_no_picture_of_them(made: Callable[..., Any]) -> None:
    with_curves, without = writers(made()), writers(made(curves=curve_numbers().iloc[:0]))
    assert len(with_curves.figures) == len(without.figures) + 1


def test_every_picture_says_in_words_what_it_shows(made: Callable[..., Any]) -> None:
    for part in (separation(made()), writers(made()), control(made()), stress(made())):
        assert part.figures
        for figure in part.figures:
            assert figure.caption.endswith(".")
            assert figure.drawing.description


def test_the_judges_error_is_told_overall(made: Callable[..., Any]) -> None:
    measured = pd.DataFrame(
        [
            {"metric": "accuracy", "subset": "steered", "value": 0.83, "low": 0.8, "high": 0.86},
            {"metric": "accuracy", "subset": "steered/fear", "value": 0.1, "low": 0.0, "high": 0.2},
        ]
    )
    scan = made(judge=SimpleNamespace(name="letters", measured_=measured))
    assert judge_lines(scan) == ["accuracy, steered: 0.830 [0.800, 0.860]"]
    assert judge_lines(made(judge=SimpleNamespace(name="letters"))) == ["Nobody measured this judge."]


def test_a_page_is_written_whole_or_not_at_all(
    made: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(scan: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scan_page, "stress", broken)
    with pytest.raises(KeyboardInterrupt):
        write_scan_page(made(), tmp_path / "scan.html", exports=[], about={})
    assert list(tmp_path.iterdir()) == []
