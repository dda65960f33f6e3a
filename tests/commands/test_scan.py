"""``thymos scan`` as a user meets it: files, exit status, errors in one line, and that nothing is computed twice."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.assess.control import side_effects
from thymos.assess.control.expression import expression_table
from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge
from thymos.assess.scanning import pipeline
from thymos.errors import Unavailable
from thymos.interpret.directions import Directions
from thymos.language.model import GenerationSettings
from thymos.perceive.recognizer import TextItems
from thymos.testing.tiny_models import write_tiny_model

VECTORS = {f"control-{emotion}.gguf" for emotion in EMOTIONS}
WORK = (
    "event_states", "fit_directions", "layer_table", "measure_components", "sublayer_importance", "circuit_curves",
    "expression_table", "side_effects", "find_axis", "token_heatmap",
)  # fmt: skip


class Letters(EmotionJudge):
    """Names one of the six emotions by the sum of a text's letters."""

    name = "letters"

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        codes = [sum(map(ord, text)) % len(EMOTIONS) for text in texts]
        table = np.full((len(codes), len(LABELS)), 0.1)
        table[np.arange(len(codes)), codes] = 0.4
        return pd.DataFrame(table, columns=list(LABELS))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scanned") / "tiny"
    return write_tiny_model(folder, max_position_embeddings=1024, num_hidden_layers=2)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scans")


@pytest.fixture(autouse=True)
def _patched(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, out: Path) -> None:
    """A stand-in judge, replies of 8 tokens, a cache of its own."""
    short = GenerationSettings(max_new_tokens=8)
    monkeypatch.setattr("thymos.assess.expression.judge_training.load_judge", lambda data=None: Letters())
    monkeypatch.setitem(expression_table.__kwdefaults__, "settings", short)
    monkeypatch.setattr(side_effects, "REQUEST_SETTINGS", short)
    monkeypatch.setenv("THYMOS_CACHE", str(out.with_name("cache")))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every expensive piece of work that a scan starts."""
    found: list[str] = []
    for name in WORK:
        real = getattr(pipeline, name)

        def call(*arguments: Any, _real: Any = real, _name: str = name, **options: Any) -> Any:
            found.append(_name)
            return _real(*arguments, **options)

        monkeypatch.setattr(pipeline, name, call)
    yield found


def strict_json(text: str) -> Any:
    """JSON as the standard has it: NaN and Infinity are refused."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def scan_of(thymos: Callable[..., Any], model: Path, out: Path, *words: str) -> Any:
    return thymos("scan", str(model), "--size", "quick", "--out", str(out), *words)


def test_a_kill_in_between_loses_nothing_that_was_done(
    thymos: Callable[..., Any], model: Path, out: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: Any, **options: Any) -> Any:
        raise Unavailable("the power went out")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "side_effects", killed)
        stopped = scan_of(thymos, model, out)
    assert stopped.status != 0
    assert "the power went out" in stopped.err
    assert "Traceback" not in stopped.err
    (folder,) = out.iterdir()
    assert not (folder / "scan.html").exists()
    assert not (folder / "tables" / "costs.parquet").exists()
    assert (folder / "tables" / "expression.parquet").exists()
    calls.clear()
    done = scan_of(thymos, model, out)
    assert done.status == 0, done.err
    assert set(calls) == {"side_effects", "find_axis", "token_heatmap"}


def test_a_scan_writes_page_summary_and_vectors(thymos: Callable[..., Any], model: Path, out: Path) -> None:
    done = scan_of(thymos, model, out)
    assert done.status == 0, done.err
    (folder,) = out.iterdir()
    assert folder.name.startswith("tiny-")
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names == {"scan.html", "scan.json", "directions.safetensors", *VECTORS}
    for name in ("directions.safetensors", *VECTORS):
        assert name in done.out
    assert "scan.html" in done.out
    for words in ("Where emotions separate", "How far control reaches", "steering, random directions", "no control"):
        assert words in done.out
    assert Directions.load(folder / "directions.safetensors").emotions == EMOTIONS
    assert all((folder / name).read_bytes()[:4] == b"GGUF" for name in VECTORS)


def test_the_summary_is_json_without_replies(thymos: Callable[..., Any], model: Path, out: Path) -> None:
    done = scan_of(thymos, model, out, "--json")
    assert done.status == 0, done.err
    printed = strict_json(done.out)
    (folder,) = out.iterdir()
    text = (folder / "scan.json").read_text(encoding="utf-8")
    assert strict_json(text) == printed
    assert set(printed) == {"about", "choices", "layers", "expression", "stress", "costs", "curves"}
    assert printed["about"]["size"] == "quick"
    assert printed["about"]["judge"] == "letters"
    assert "heads and" in printed["about"]["circuit"]
    assert {row["system"] for row in printed["expression"]} == {"no control", *pipeline.METHODS}
    assert set(printed["choices"]["steering"]) == {"strength", "accuracy", "repetition", "within"}
    assert '"reply"' not in text
    assert any(row["low"] is None for row in printed["layers"]), "a number that is not there is null"


def test_a_second_start_computes_nothing(thymos: Callable[..., Any], model: Path, out: Path, calls: list[str]) -> None:
    (folder,) = out.iterdir()
    kept = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    done = scan_of(thymos, model, out)
    assert done.status == 0, done.err
    assert calls == []
    assert list(out.iterdir()) == [folder]
    assert kept == {path: path.read_bytes() for path in folder.rglob("*.parquet")}


def test_the_strength_of_vectors_can_be_set(thymos: Callable[..., Any], model: Path, out: Path) -> None:
    (folder,) = out.iterdir()
    before = (folder / "control-fear.gguf").read_bytes()
    assert scan_of(thymos, model, out, "--strength", "3").status == 0
    assert (folder / "control-fear.gguf").read_bytes() != before
    assert scan_of(thymos, model, out).status == 0
    assert (folder / "control-fear.gguf").read_bytes() == before


# -- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--size", "huge"), "there is no size 'huge'"),
        (("--use", "hiring people"), "refused"),
        (("--strength", "-1"), "--strength"),
        (("--dtype", "int3"), "int3"),
    ],
)
def test_wrong_options_are_one_clear_error(
    thymos: Callable[..., Any], model: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = thymos("scan", str(model), "--out", str(tmp_path / "scans"), *words)
    assert done.status != 0
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "scans").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("openai:gpt@http://127.0.0.1:9/v1", "nobody can look inside"), ("./no-such-folder", "no-such-folder")],
)
def test_models_that_cannot_be_scanned(thymos: Callable[..., Any], tmp_path: Path, name: str, message: str) -> None:
    done = thymos("scan", name, "--size", "quick", "--out", str(tmp_path / "scans"))
    assert done.status != 0
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "scans").exists()


def test_a_use_that_is_allowed_goes_on_to_the_model(thymos: Callable[..., Any], tmp_path: Path) -> None:
    done = thymos("scan", "./no-such-folder", "--use", "compare two models", "--out", str(tmp_path / "scans"))
    assert "no-such-folder" in done.err


def test_a_model_without_chat_template_is_one_clear_error(thymos: Callable[..., Any], tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "bare", num_hidden_layers=1)
    (folder / "chat_template.jinja").unlink()
    done = scan_of(thymos, folder, tmp_path / "scans")
    assert done.status != 0
    assert "no chat template" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "scans").exists()


def test_help_says_what_is_scanned(thymos: Callable[..., Any]) -> None:
    done = thymos("scan", "--help")
    assert done.status == 0
    for word in ("--size", "--out", "--use", "GGUF", "safetensors"):
        assert word in done.out
