"""``thymos scan`` as a user meets it: files, exit status, errors in one line, and that nothing is computed twice."""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.assess.control import side_effects
from thymos.assess.control.expression import expression_table
from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge
from thymos.assess.scanning import pipeline
from thymos.cli import main
from thymos.errors import Unavailable
from thymos.interpret.export import read_gguf, read_safetensors
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


@contextlib.contextmanager
def small_scans(cache: Path) -> Iterator[pytest.MonkeyPatch]:
    """A stand-in judge, replies of 8 tokens, a cache of its own."""
    short = GenerationSettings(max_new_tokens=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thymos.assess.expression.judge_training.load_judge", lambda data=None: Letters())
        patch.setitem(expression_table.__kwdefaults__, "settings", short)
        patch.setattr(side_effects, "REQUEST_SETTINGS", short)
        patch.setenv("THYMOS_CACHE", str(cache))
        yield patch


@contextlib.contextmanager
def counting() -> Iterator[list[str]]:
    """Every expensive piece of work that a scan starts."""
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in WORK:
            real = getattr(pipeline, name)

            def call(*arguments: Any, _real: Any = real, _name: str = name, **options: Any) -> Any:
                found.append(_name)
                return _real(*arguments, **options)

            patch.setattr(pipeline, name, call)
        yield found


def killed(*arguments: Any, **options: Any) -> Any:
    raise Unavailable("the power went out")


def run(*words: str) -> tuple[int, str, str]:
    """The program in this process: exit status, output, errors."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["thymos", *words])
        patch.setenv("COLUMNS", "200")
        try:
            main()
        except SystemExit as stop:
            status = int(stop.code or 0)
    return status, out.getvalue(), err.getvalue()


@dataclass(frozen=True)
class Scanned:
    """A scan that was killed once and then finished."""

    words: tuple[str, ...]
    out: Path
    stopped: tuple[int, str, str]
    left: frozenset[str]
    calls: frozenset[str]
    done: tuple[int, str, str]

    @property
    def folder(self) -> Path:
        (folder,) = self.out.iterdir()
        return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def scanned(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    folder = tmp_path_factory.mktemp("scanned")
    model, out = write_tiny_model(folder / "tiny", max_position_embeddings=1024, num_hidden_layers=2), folder / "scans"
    words = ("scan", str(model), "--size", "quick", "--out", str(out))
    with small_scans(cache):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline, "side_effects", killed)
            stopped = run(*words)
        left = frozenset(path.name for path in out.rglob("*") if path.is_file())
        with counting() as calls:
            done = run(*words)
    return Scanned(words, out, stopped, left, frozenset(calls), done)


@pytest.fixture(autouse=True)
def _small(cache: Path) -> Iterator[None]:
    with small_scans(cache):
        yield


def strict_json(text: str) -> Any:
    """JSON as the standard has it: NaN and Infinity are refused."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_kill_in_between_loses_nothing_that_was_done(scanned: Scanned) -> None:
    status, _, errors = scanned.stopped
    assert status == 2
    assert "the power went out" in errors
    assert "Traceback" not in errors
    assert "expression.parquet" in scanned.left
    assert not {"costs.parquet", "scan.html", "scan.json"} & scanned.left
    assert scanned.done[0] == 0, scanned.done[2]
    assert scanned.calls == {"side_effects", "find_axis", "token_heatmap"}


def test_a_scan_writes_page_summary_and_vectors(scanned: Scanned) -> None:
    _, printed, _ = scanned.done
    folder = scanned.folder
    assert folder.name.startswith("tiny-")
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names == {"scan.html", "scan.json", "directions.safetensors", *VECTORS}
    assert all(name in printed for name in names - {"scan.json"})
    for words in ("Where emotions separate", "How far control reaches", "steering, random directions", "no control"):
        assert words in printed
    for emotion in EMOTIONS:
        whole = read_safetensors(folder / "directions.safetensors", emotion)
        vectors = read_gguf(folder / f"control-{emotion}.gguf")
        assert set(whole.vectors) == {0, 1}
        assert set(vectors.vectors) == {1}, "the middle third, and llama.cpp knows no layer 0"
        assert emotion in vectors.metadata.values()
    assert "<h1>Emotion inside tiny</h1>" in (folder / "scan.html").read_text(encoding="utf-8")


def test_the_summary_is_json_without_replies(scanned: Scanned) -> None:
    status, out, errors = run(*scanned.words, "--json")
    assert status == 0, errors
    printed = strict_json(out)
    text = (scanned.folder / "scan.json").read_text(encoding="utf-8")
    assert strict_json(text) == printed
    assert set(printed) == {"about", "choices", "layers", "expression", "stress", "costs", "curves"}
    assert printed["about"]["size"] == "quick"
    assert printed["about"]["judge"] == "letters"
    assert "heads and" in printed["about"]["circuit"]
    assert {row["system"] for row in printed["expression"]} == {"no control", *pipeline.METHODS}
    assert set(printed["choices"]["steering"]) == {"strength", "accuracy", "repetition", "within"}
    assert '"reply"' not in text
    assert any(row["low"] is None for row in printed["layers"]), "a number that is not there is null"


def test_a_second_start_computes_nothing(scanned: Scanned) -> None:
    kept = {path: path.read_bytes() for path in scanned.folder.rglob("*.parquet")}
    with counting() as calls:
        status, _, errors = run(*scanned.words)
    assert status == 0, errors
    assert calls == []
    assert kept == {path: path.read_bytes() for path in scanned.folder.rglob("*.parquet")}


def test_the_strength_of_vectors_can_be_set(scanned: Scanned) -> None:
    path = scanned.folder / "control-fear.gguf"
    before = path.read_bytes()
    assert run(*scanned.words, "--strength", "3")[0] == 0
    assert path.read_bytes() != before
    assert run(*scanned.words)[0] == 0
    assert path.read_bytes() == before


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
    thymos: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    folder = write_tiny_model(tmp_path / "tiny", num_hidden_layers=1)
    done = thymos("scan", str(folder), "--out", str(tmp_path / "scans"), *words)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "scans").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("openai:gpt@http://127.0.0.1:9/v1", "nobody can look inside"), ("./no-such-folder", "no-such-folder")],
)
def test_models_that_cannot_be_scanned(thymos: Callable[..., Any], tmp_path: Path, name: str, message: str) -> None:
    done = thymos("scan", name, "--size", "quick", "--out", str(tmp_path / "scans"))
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "scans").exists()


def test_a_use_that_is_allowed_goes_on_to_the_model(thymos: Callable[..., Any], tmp_path: Path) -> None:
    done = thymos("scan", "./no-such-folder", "--use", "compare two models", "--out", str(tmp_path / "scans"))
    assert "no-such-folder" in done.err


def test_a_model_without_chat_template_is_one_clear_error(thymos: Callable[..., Any], tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "bare", num_hidden_layers=1)
    (folder / "chat_template.jinja").unlink()
    done = thymos("scan", str(folder), "--size", "quick", "--out", str(tmp_path / "scans"))
    assert done.status == 2
    assert "no chat template" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "scans").exists()


def test_help_says_what_is_scanned(thymos: Callable[..., Any]) -> None:
    done = thymos("scan", "--help")
    assert done.status == 0
    for word in ("--size", "--out", "--use", "GGUF", "safetensors"):
        assert word in done.out
