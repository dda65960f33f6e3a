"""``thymos compare``: two systems on the same votes, from files to verdict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from thymos.commands.score import register
from thymos.errors import BadInput

SCHEMA = json.loads((Path(__file__).parent / "comparison.schema.json").read_text())
N = 60
TRUTH = [("joy", "fear")[k % 2] for k in range(N)]
OTHER = {"joy": "fear", "fear": "joy"}
Run = Callable[..., Any]


def _answers(path: Path, wrong: range) -> Path:
    rows = [f"i{k},{OTHER[label] if k in wrong else label}" for k, label in enumerate(TRUTH)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["item,label", *rows]) + "\n")
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    votes = [f"i{k},{rater},{label},{'fm'[k % 2]}" for k, label in enumerate(TRUTH) for rater in ("x", "y")]
    path = tmp_path / "votes.csv"
    path.write_text("\n".join(["item,rater,value,sex", *votes]) + "\n")
    return {
        "votes": path,
        "good": _answers(tmp_path / "good.csv", range(6)),
        "bad": _answers(tmp_path / "bad.csv", range(3, 33)),
    }


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    register(app)

    def call(*arguments: object) -> Any:
        words = ["compare", *map(str, arguments), "--resamples", "300"]
        return CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "80"})

    return call


def test_numbers_by_hand_and_a_stable_form(run: Run, files: dict[str, Path]) -> None:
    result = run(files["good"], files["bad"], files["votes"], "--group", "sex", "--json", "-")
    body = json.loads(result.stdout)
    jsonschema.validate(body, SCHEMA)
    (accuracy,) = (one for one in body["differences"] if one["metric"] == "accuracy")
    assert (accuracy["a"], accuracy["b"]) == (54 / 60, 30 / 60)
    assert accuracy["better"] == "a"
    assert (body["mcnemar"]["only_a"], body["mcnemar"]["only_b"]) == (27, 3)
    assert {one["group"] for one in body["groups"][0]["groups"]} == {"f", "m"}


def test_the_terminal_names_the_better_one_in_80_columns(run: Run, files: dict[str, Path]) -> None:
    result = run(files["good"], files["bad"], files["votes"], "--group", "sex")
    assert result.stdout.startswith("good is better than bad in macro f1")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "McNemar: only A right 27, only B right 3" in result.stdout


def test_the_page_holds_the_numbers(run: Run, files: dict[str, Path], tmp_path: Path) -> None:
    html, json_file = tmp_path / "c.html", tmp_path / "c.json"
    run(files["good"], files["bad"], files["votes"], "--html", html, "--json", json_file)
    page, body = html.read_text(), json.loads(json_file.read_text())
    for one in body["differences"]:
        assert f"{one['difference']:.3f}" in page
    assert "good is better than bad" in page
    assert "<script" not in page


def test_files_of_the_same_name_keep_apart(run: Run, files: dict[str, Path], tmp_path: Path) -> None:
    first, second = (
        _answers(tmp_path / "one" / "answers.csv", range(6)),
        _answers(tmp_path / "two" / "answers.csv", range(9)),
    )
    body = json.loads(run(first, second, files["votes"], "--json", "-").stdout)
    assert body["a"] != body["b"]


def test_errors_are_those_of_score(run: Run, files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        run(files["good"], tmp_path / "none.csv", files["votes"])
    broken = tmp_path / "broken.csv"
    broken.write_text("item,label\ni0,joi\n")
    with pytest.raises(BadInput, match=r"broken\.csv, line 2: unknown label 'joi'"):
        run(files["good"], broken, files["votes"])
    with pytest.raises(BadInput, match="is refused"):
        run(files["good"], files["bad"], files["votes"], "--purpose", "hiring")


def test_the_help_has_examples(run: Run) -> None:
    assert "thymos compare baseline.csv ours.csv votes.csv" in run("--help").stdout
