"""``thymos rate`` as a rater meets it: typing, stopping, going on, and the summary."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from thymos.commands import rate as command
from thymos.errors import BadInput


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    path = tmp_path / "bank.csv"
    path.write_text("item,text,level\n" + "".join(f"p{k},Situation [b]{k}[/b].,concealed\n" for k in range(4)))
    return path


def invoke(*words: object, typed: str = "") -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return CliRunner().invoke(app, ["rate", *map(str, words)], input=typed)


def ratings_of(path: Path) -> list[str]:
    return [",".join(line.split(",")[:3]) for line in path.read_text().splitlines()[1:]]


def test_ratings_are_typed_saved_and_gone_on_with(bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "ratings.csv"
    first = invoke(bank, "--rater", "anna", "--out", out, typed="3\nq\n")
    assert first.exit_code == 0, first.output
    assert "1 of 4" in first.output
    assert "stopped at 1 of 4" in first.output
    assert len(ratings_of(out)) == 1
    second = invoke(bank, "--rater", "anna", "--out", out, typed="7\n9\n1\n")
    assert "1 of 4 prompts are rated; going on" in second.output
    assert "all 4 prompts are rated" in second.output
    assert sorted(row.split(",")[2] for row in ratings_of(out)) == ["1", "3", "7", "9"]


def test_raters_see_texts_as_they_stand_and_no_levels(bank: Path, tmp_path: Path) -> None:
    shown = invoke(bank, "--rater", "anna", "--out", tmp_path / "r.csv", typed="3\n3\n3\n3\n").output
    for number in range(4):
        assert f"Situation [b]{number}[/b]." in shown
    assert "p0\n" not in shown
    assert "concealed" not in shown


def test_wrong_typing_asks_again_and_b_goes_back(bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "ratings.csv"
    found = invoke(bank, "--rater", "anna", "--out", out, typed="b\n0\nfive\n3\nb\n8\nq\n")
    assert "this is the first one" in found.output
    assert found.output.count("a whole number from 1 to 10 is needed") == 2
    assert [row.split(",")[2] for row in ratings_of(out)] == ["8"]


def test_the_end_of_input_stops_and_keeps_everything(bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "ratings.csv"
    found = invoke(bank, "--rater", "anna", "--out", out, typed="2\n5\n")
    assert found.exit_code == 0
    assert "stopped at 2 of 4" in found.output
    assert len(ratings_of(out)) == 2


def test_the_bundled_bank_can_be_rated(tmp_path: Path) -> None:
    found = invoke("stress", "--rater", "anna", "--out", tmp_path / "r.csv", typed="2\nq\n")
    assert "1 of 100" in found.output
    assert "stopped at 1 of 100" in found.output


def test_summary_prints_figures_and_writes_levels(tmp_path: Path) -> None:
    ratings = tmp_path / "ratings.csv"
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    rows = [f"t{i},j{j},{value}" for i, row in enumerate(table) for j, value in enumerate(row)]
    ratings.write_text("item,rater,value\n" + "\n".join(rows) + "\n")
    found = invoke("--summary", ratings, "--levels", tmp_path / "levels.csv")
    assert found.exit_code == 0, found.output
    for figure in ("0.2898", "0.6201", "0.9093", "6 prompts, 4 raters", "chi2(5) = 17.74", "p = 0.003"):
        assert figure in found.output
    written = (tmp_path / "levels.csv").read_text().splitlines()
    assert written[0] == "item,raters,mean,standard_deviation,level"
    assert len(written) == 7
    ratings.write_text("item,rater,value\n" + "\n".join(rows[:-1]) + "\n")
    assert isinstance(invoke("--summary", ratings).exception, BadInput)
    assert "1 prompts were left out" in invoke("--summary", ratings, "--leave-out-gaps").output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to rate"),
        (["stress"], "needs an id and a file"),
        (["stress", "--rater", "anna"], "needs an id and a file"),
        (["stress", "--summary", "r.csv"], "two commands"),
        (["--summary", "missing.csv"], "no such file"),
        (["--levels", "l.csv"], "belong to a summary"),
        (["missing.csv", "--rater", "a", "--out", "r.csv"], "no such file"),
    ],
)
def test_wrong_use_is_one_clear_error(words: list[str], message: str) -> None:
    found = invoke(*words)
    assert isinstance(found.exception, BadInput)
    assert message in str(found.exception)
