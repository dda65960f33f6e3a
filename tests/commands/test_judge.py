"""``thymos judge`` over a stand-in judge, and its errors; the real one is tested in tests/assess/expression."""

from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from thymos.assess.expression import judge_training
from thymos.assess.expression.judge import LABELS, EmotionJudge
from thymos.commands import judge as command
from thymos.errors import BadInput
from thymos.perceive.recognizer import TextItems, texts_of


class Loud(EmotionJudge):
    """Hears anger where there is an exclamation mark, and nothing elsewhere."""

    name = "loud"
    measured_ = pd.DataFrame(
        [{"metric": "match_agreement", "subset": "steered", "kind": "system", "value": 0.9, "low": 0.8, "high": 1.0}]
    )

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        listed, index = texts_of(texts)
        rows = [
            [0.94 if label == ("anger" if "!" in text else "none") else 0.01 for label in LABELS] for text in listed
        ]
        return pd.DataFrame(rows, index=index, columns=list(LABELS))


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_training, "load_judge", lambda data=None: Loud())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "replies.csv"
    path.write_text("id,reply\na,Stop it!\nb,The bus came.\n", encoding="utf-8")
    return path


def invoke(*words: object) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return CliRunner().invoke(app, ["judge", *map(str, words)])


def test_texts_are_heard_and_the_error_of_the_judge_is_told(table: Path) -> None:
    done = invoke("texts", table, "--column", "reply")
    assert done.exit_code == 0, done.output
    assert "2,anger" in done.output
    assert "3,none" in done.output
    assert "0.900" in done.output, "the judge's own measured agreement"


def test_a_file_is_written(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "heard.csv"
    assert invoke("texts", table, "--column", "reply", "--out", out).exit_code == 0
    heard = pd.read_csv(out)
    assert heard["expressed"].tolist() == ["anger", "none"]
    assert heard[list(LABELS)].sum(axis=1).round(2).eq(1).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("texts", "absent.csv"), "no such file"),
        (("train", "--out", "x", "--recipe", "vectors", "--data", "absent"), "no such folder"),
    ],
)
def test_bad_input_is_one_clear_error(words: tuple[str, ...], message: str) -> None:
    done = invoke(*words)
    assert isinstance(done.exception, BadInput)
    assert message in str(done.exception)


def test_a_missing_column_is_named(table: Path) -> None:
    done = invoke("texts", table)
    assert isinstance(done.exception, BadInput)
    assert "text" in str(done.exception)


def test_refused_purposes_are_refused(table: Path) -> None:
    done = invoke("texts", table, "--column", "reply", "--use", "hiring")
    assert isinstance(done.exception, BadInput)
