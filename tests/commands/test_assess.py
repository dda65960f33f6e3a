"""``thymos assess`` as a user meets it: cards, comparison, refusals, faults, and a kill -9 that loses nothing."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from thymos.assess.cards.assessment_context import SUITES
from thymos.commands.assess import file_name, register
from thymos.errors import BadInput, ThymosError

SCHEMA = json.loads((Path(__file__).parent / "report_card.schema.json").read_text())
START = "import typer; from thymos.commands.assess import assess; typer.run(assess)"
Run = Callable[..., Any]


@pytest.fixture(scope="session")
def roomy_llama(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny random Llama with room for whole benchmark prompts, which its tokenizer cuts into single bytes."""
    folder = tmp_path_factory.mktemp("roomy") / "roomy"
    shutil.copytree(tiny_llama, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 8192}))
    return folder


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No user's cache, no research data, and a folder of its own."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("THYMOS_DATA", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of a few items."""
    sizes = replace(SUITES["quick"], layered=3, boundaries=6, boundary_tokens=6, stimulus_items=2)
    monkeypatch.setitem(SUITES, "quick", sizes)


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)

    def call(*words: object, fails: bool = False) -> Any:
        arguments = ["assess", "--resamples", "200", *map(str, words)]
        return CliRunner().invoke(app, arguments, catch_exceptions=fails, env={"COLUMNS": "110"})

    return call


def test_a_card_from_model_to_page(run: Run, roomy_llama: Path, small: None, tmp_path: Path) -> None:
    result = run("--model", roomy_llama, "--out", "card", "--use", "compare two checkpoints")
    assert result.exit_code == 0, result.output
    body = json.loads((tmp_path / "card" / "report_card.json").read_text())
    jsonschema.validate(body, SCHEMA)
    assert body["use"] == "compare two checkpoints"
    shown = result.stdout
    for words in ("Boundary handling", "Over-refusal", "Emotional intelligence", "skipped EmoBench", "from the cache"):
        assert words in shown
    assert shown.index("Boundary handling") < shown.index("Over-refusal") < shown.index("Emotional intelligence")
    page = (tmp_path / "card" / "report_card.html").read_text()
    assert "<script" not in page
    again = run("--model", roomy_llama, "--out", "card", "--json")
    assert json.loads(again.stdout)["about"]["replies_asked"] == 0
    assert "0 asked" in again.stderr
    kinds = [one["kind"] for one in body["sections"]]
    without = [one for one in body["sections"] if one["kind"] != kinds[0]]
    assert len(without) < len(kinds)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body | {"sections": without}, SCHEMA)


def test_two_models_side_by_side(run: Run, roomy_llama: Path, small: None, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    other = tmp_path / "other"
    shutil.copytree(roomy_llama, other)
    weights = load_file(other / "model.safetensors")
    torch.manual_seed(1)
    noisy = {name: value + 0.2 * torch.randn_like(value) for name, value in weights.items()}
    save_file(noisy, other / "model.safetensors", metadata={"format": "pt"})
    result = run("--model", roomy_llama, "--compare", other, "--section", "layered", "--out", "both")
    assert result.exit_code == 0, result.output
    body = json.loads((tmp_path / "both" / "report_card.json").read_text())
    jsonschema.validate(body, SCHEMA)
    assert (body["model"], body["compared"]["model"]) == ("roomy", "other")
    names = {one["metric"] for one in body["differences"]}
    assert {"balanced_boundary_accuracy", "benign_refusal_rate", "layered_accuracy"} <= names
    assert "p (Holm)" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--use", "rank job candidates for hiring"], "refused"),
        (["--suite", "huge"], "unknown suite 'huge'"),
        (["--section", "iq"], "unknown section 'iq'"),
        (["--model", "no-such-model"], "unknown language model"),
        (["--model", "embedded", "--compare", "embedded"], "both models are the same"),
    ],
)
def test_wrong_wishes_are_one_clear_line(run: Run, words: list[str], message: str, tmp_path: Path) -> None:
    result = run(*words, fails=True)
    assert isinstance(result.exception, BadInput)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "assessments").exists()


def test_an_endpoint_that_is_down_is_one_clear_line(run: Run, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.002)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    result = run("--model", f"openai:m@{url}", fails=True)
    assert isinstance(result.exception, ThymosError)
    assert "is the server running?" in str(result.exception)


def test_a_data_folder_that_is_not_there(run: Run, roomy_llama: Path, small: None) -> None:
    result = run("--model", roomy_llama, "--data", "nowhere", fails=True)
    assert isinstance(result.exception, BadInput)
    assert "nowhere" in str(result.exception)


def test_names_of_folders() -> None:
    assert file_name("openai:org/llama3@http://localhost:11434/v1") == "llama3"
    assert file_name("hf:org/name") == "name"
    assert file_name("/models/my model/") == "my-model"
    assert file_name("/") == "model"


def test_help_has_examples(run: Run) -> None:
    shown = run("--help").output
    assert "--compare" in shown
    assert "thymos assess --model openai:llama3@http://localhost:11434/v1" in shown


def kept(cache: Path) -> int:
    """Replies in the cache, read as another process sees them."""
    if not cache.is_file():
        return 0
    with sqlite3.connect(cache) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return sum(database.execute(f"select count(*) from {name}").fetchone()[0] for name in tables)


def interrupted(words: list[str], cache: Path, sign: signal.Signals) -> tuple[int, str]:
    """Start the command, send a signal once 60 replies are kept, and return exit status and what it said."""
    process = subprocess.Popen(
        words,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores Ctrl-C, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    try:
        while kept(cache) < 60:  # within the first sections
            assert process.poll() is None, "the run ended before it could be interrupted"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(sign)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.wait()
    return process.returncode, said


@pytest.mark.slow
def test_ctrl_c_ends_soon_and_keeps_what_is_finished(roomy_llama: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "thymos.cli", "assess", "--model", str(roomy_llama), "--out", "card"]
    cache = tmp_path / "cache" / "replies" / "replies.sqlite"
    status, said = interrupted(words, cache, signal.SIGINT)
    assert status == 130
    assert "finished work is kept" in said
    assert "Traceback" not in said
    assert not (tmp_path / "card" / "report_card.json").exists()
    assert kept(cache) >= 60


@pytest.mark.slow
def test_kill_9_loses_nothing_that_is_finished(roomy_llama: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", START, "--model", str(roomy_llama), "--section", "layered", "--out", "card"]
    cache = tmp_path / "cache" / "replies" / "replies.sqlite"
    status, _ = interrupted(words, cache, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert not (tmp_path / "card" / "report_card.json").exists()
    finished = kept(cache)
    assert finished >= 60
    second = subprocess.run([*words, "--json"], env=environment, capture_output=True, text=True, timeout=200)
    assert second.returncode == 0, second.stderr
    card = json.loads(second.stdout)
    jsonschema.validate(card, SCHEMA)
    everything = kept(cache)
    # What was finished was not asked again: the second run asked exactly what the cache did not hold.
    assert card["about"]["replies_asked"] == everything - finished
    assert card["about"]["replies_reused"] >= finished
    untouched = subprocess.run(
        [*words[:-1], "fresh", "--json"],
        env=environment | {"THYMOS_CACHE": str(tmp_path / "other")},
        capture_output=True,
        text=True,
        timeout=200,
    )
    whole = json.loads(untouched.stdout)
    assert [one["scores"] for one in whole["sections"]] == [one["scores"] for one in card["sections"]]
    assert whole["about"]["replies_asked"] == everything
