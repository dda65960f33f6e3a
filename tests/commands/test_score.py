"""``thymos score`` on small invented files: numbers by hand, every format, every error, JSON and HTML."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import audformat
import jsonschema
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.commands.score import register
from thymos.errors import BadInput
from thymos.io.audformat_io import write_audformat
from thymos.io.emotionml_annotations import write_annotations_emotionml

SCHEMA = json.loads((Path(__file__).parent / "evaluation.schema.json").read_text())
# Plurality: joy, joy, fear, fear; e is a tie. The answers are right on a, c and d.
VOTES = {
    "a": ["joy"] * 3,
    "b": ["joy", "joy", "fear"],
    "c": ["fear"] * 3,
    "d": ["fear", "fear", "joy"],
    "e": ["joy", "fear", ""],
}
RATERS = ("ann", "ben", "cleo")
SPEAKER = {"a": "s1", "b": "s2", "c": "s1", "d": "s2", "e": "s1"}
ANSWERS = {"a": "joy", "b": "fear", "c": "fear", "d": "fear", "e": "joy"}
Run = Callable[..., Any]


def _write(path: Path, header: str, rows: Sequence[Sequence[str]]) -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    long = [(i, r, v, SPEAKER[i]) for i, row in VOTES.items() for r, v in zip(RATERS, row, strict=True) if v]
    wide = [(i, *row, SPEAKER[i]) for i, row in VOTES.items()]
    return {
        "long": _write(tmp_path / "long.csv", "item,rater,value,speaker", long),
        "wide": _write(tmp_path / "wide.csv", f"item,{','.join(RATERS)},speaker", wide),
        "answers": _write(tmp_path / "answers.csv", "item,label", list(ANSWERS.items())),
        "shares": _write(
            tmp_path / "shares.csv",
            "item,joy,fear",
            [("a", "0.9", "0.1"), ("b", "0.6", "0.4"), ("c", "0.2", "0.8"), ("d", "0.4", "0.6"), ("e", "0.5", "0.5")],
        ),
    }  # fmt: skip


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    register(app)

    def call(*arguments: object, command: str = "score", resamples: int = 200) -> Any:
        words = [command, *map(str, arguments), "--resamples", str(resamples)]
        return CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "80"})

    return call


def _json(run: Run, *arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json", "-")
    assert result.exit_code == 0, result.output
    body: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(body, SCHEMA)
    return body


def _values(body: dict[str, Any]) -> dict[str, float]:
    return {one["metric"]: one["score"]["value"] for one in body["results"]}


class TestNumbers:
    def test_by_hand(self, run: Run, files: dict[str, Path]) -> None:
        body = _json(run, files["answers"], files["long"])
        assert _values(body)["accuracy"] == 0.75
        assert _values(body)["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
        assert body["coverage"]["scored"] == 4
        assert body["coverage"]["kept"] == {"all_inclusive": 5, "plurality": 4, "majority": 4}
        (accuracy,) = (one for one in body["results"] if one["metric"] == "accuracy")
        # One vote against the two others: 1, 1/3, 1, 1/3.
        assert accuracy["ceiling"]["score"]["value"] == pytest.approx(2 / 3)

    def test_long_and_wide_files_of_the_same_votes_give_the_same_result(self, run: Run, files: dict[str, Path]) -> None:
        options = ("--group", "speaker")
        long, wide = (_json(run, files["answers"], files[name], *options) for name in ("long", "wide"))
        for body in (long, wide):
            for key in ("annotations", "hashes"):
                body.pop(key)
            text = json.dumps(body)
            body["text"] = re.sub(r'"data": "[0-9a-f]{64}"', "", text)
        assert long["text"] == wide["text"]

    def test_probabilities_add_soft_scores_and_calibration(self, run: Run, files: dict[str, Path]) -> None:
        body = _json(run, files["shares"], files["long"])
        gold = [1, 2 / 3, 0, 1 / 3, 1 / 2]
        shares = [0.9, 0.6, 0.2, 0.4, 0.5]
        assert _values(body)["brier"] == pytest.approx(
            sum(2 * (g - s) ** 2 for g, s in zip(gold, shares, strict=True)) / 5
        )
        assert body["calibration"]["ece"]["value"] == pytest.approx(0.275)

    def test_the_group_option_reports_every_group(self, run: Run, files: dict[str, Path]) -> None:
        body = _json(run, files["answers"], files["long"], "--group", "speaker", "--metric", "accuracy")
        (gap,) = body["groups"]
        assert {one["group"]: one["score"]["value"] for one in gap["groups"]} == {"s1": 1.0, "s2": 0.5}
        assert (gap["best"], gap["worst"], gap["gap"]) == ("s1", "s2", 0.5)

    def test_the_rule_changes_what_is_scored(self, run: Run, files: dict[str, Path]) -> None:
        body = _json(run, files["answers"], files["long"], "--rule", "all_inclusive")
        assert body["coverage"]["scored"] == 5
        assert "multilabel_macro_f1" in _values(body)

    def test_training_annotations_give_honest_floors_and_find_leaks(
        self, run: Run, files: dict[str, Path], tmp_path: Path
    ) -> None:
        rows = [("t1", "x", "joy", "s1"), ("t2", "x", "joy", "s9"), ("a", "x", "calm", "s9")]
        train = _write(tmp_path / "train.csv", "item,rater,value,speaker", rows)
        body = _json(run, files["answers"], files["long"], "--train", train, "--group", "speaker")
        codes = {one["code"] for one in body["findings"]}
        assert {"leak_item", "leak_group"} <= codes
        assert "floor_in_sample" not in codes
        assert body["provenance"]["guarantee"] == "training and test file: not speaker-independent"
        # A class that only training has is legal from then on.
        assert body["scheme"]["labels"] == ["calm", "fear", "joy"]
        assert body["hashes"]["training"] is not None

    def test_texts_are_compared_and_make_a_floor(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        said = {"a": "so happy", "b": "happy day", "c": "dark night", "d": "scary night", "e": "hm"}
        rows = [(i, r, v, said[i]) for i, row in VOTES.items() for r, v in zip(RATERS, row, strict=True) if v]
        votes = _write(tmp_path / "said.csv", "item,rater,value,said", rows)
        learned = [("t1", "x", "joy", "a happy day"), ("t2", "x", "fear", "Dark  night"), ("t3", "x", "fear", "scary")]
        train = _write(tmp_path / "train.csv", "item,rater,value,said", learned)
        body = _json(run, files["answers"], votes, "--train", train, "--text", "said")
        assert "leak_text" in {one["code"] for one in body["findings"]}
        assert any(one["floor"]["name"] == "TF-IDF + linear" for one in body["results"])

    def test_numbers(self, run: Run, tmp_path: Path) -> None:
        rows = [
            (i, r, v)
            for i, pair in zip("abc", ("13", "46", "97"), strict=True)
            for r, v in zip("xy", pair, strict=True)
        ]
        ratings = _write(tmp_path / "ratings.csv", "clip,rater,valence", rows)
        answers = _write(tmp_path / "answers.csv", "clip,mine", [("a", "3"), ("b", "5"), ("c", "7")])
        body = _json(run, answers, ratings, "--item", "clip", "--value", "valence", "--prediction", "mine")
        assert _values(body)["ccc"] == pytest.approx(8 / (6 + 8 / 3))
        assert any("kind 'categorical'" in one["text"] for one in body["findings"])

    def test_class_codes_and_kind(self, run: Run, tmp_path: Path) -> None:
        ratings = _write(
            tmp_path / "ratings.csv", "item,rater,value", [("a", "x", "0"), ("b", "x", "1"), ("c", "x", "1")]
        )
        answers = _write(tmp_path / "answers.csv", "item,label", [("a", "0"), ("b", "0"), ("c", "1")])
        assert _values(_json(run, answers, ratings, "--kind", "categorical"))["accuracy"] == pytest.approx(2 / 3)

    def test_a_miss_counts_as_wrong(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        answers = _write(tmp_path / "m.csv", "item,label", [*list(ANSWERS.items())[:3], ("d", "?")])
        body = _json(run, answers, files["long"], "--miss", "?")
        assert _values(body)["accuracy"] == 0.5
        assert body["coverage"]["misses"] == 1

    def test_counts_and_listed_raters(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        rows = ["a301", "b212", "c031", "d122"]
        counts = _write(tmp_path / "counts.csv", "item,joy,fear,age", [tuple(row) for row in rows])
        body = _json(run, files["answers"], counts, "--layout", "counts", "--raters", "joy,fear")
        assert _values(body)["accuracy"] == 0.75


class TestFormats:
    def _annotations(self) -> Annotations:
        rows = [(i, r, v) for i, row in VOTES.items() for r, v in zip(RATERS, row, strict=True) if v]
        scheme = Scheme("mood", Kind.CATEGORICAL, ("fear", "joy"), Construct.PERCEIVED)
        return Annotations(pd.DataFrame(rows, columns=["item", "rater", "label"]), scheme)

    def test_every_format_gives_the_same_scores(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        pd.read_csv(files["long"]).to_parquet(tmp_path / "long.parquet")
        pd.read_csv(files["answers"]).to_parquet(tmp_path / "answers.parquet")
        database = write_audformat(self._annotations(), tmp_path / "db")
        document = write_annotations_emotionml(self._annotations(), tmp_path / "votes.emotionml")
        predicted = audformat.Database("answers", usage="research")
        table = predicted["out"] = audformat.Table(audformat.filewise_index(list(ANSWERS)))
        table["emotion"] = audformat.Column()
        table["emotion"].set(list(ANSWERS.values()))
        predicted.save(str(tmp_path / "answers"))
        expected = _values(_json(run, files["answers"], files["long"]))
        for answers, annotations in (
            (tmp_path / "answers.parquet", tmp_path / "long.parquet"),
            (tmp_path / "answers", database),
            (files["answers"], document),
        ):
            assert _values(_json(run, answers, annotations)) == expected


class TestOutput:
    def test_the_terminal_shows_score_floor_ceiling_and_warnings_in_80_columns(
        self, run: Run, files: dict[str, Path]
    ) -> None:
        result = run(files["shares"], files["long"], "--group", "speaker")
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80
        lines = [line.split() for line in result.stdout.splitlines()]
        (accuracy,) = (line for line in lines if line[:1] == ["accuracy"])
        assert accuracy[1] == "1.000"
        assert "0.667" in accuracy
        for word in (
            "floor",
            "human",
            "calibration error 0.275",
            "krippendorff_nominal",
            "macro_f1 by speaker",
            "note:",
        ):
            assert word in result.stdout

    def test_json_and_html_are_written(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        json_file, html = tmp_path / "out" / "e.json", tmp_path / "out" / "e.html"
        result = run(files["shares"], files["long"], "--group", "speaker", "--json", json_file, "--html", html)
        assert result.exit_code == 0
        body = json.loads(json_file.read_text())
        jsonschema.validate(body, SCHEMA)
        page = html.read_text()
        assert body["headline"] in page
        for one in body["results"]:
            assert f"{one['score']['value']:.3f}" in page
        assert body["hashes"]["predictions"] in page
        assert "<script" not in page
        assert not re.search(r"(src|href)=\"(?!#|data:)", page)

    def test_an_unknown_metric_writes_nothing(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="there is no metric"):
            run(files["answers"], files["long"], "--metric", "f17", "--json", tmp_path / "e.json")
        assert not (tmp_path / "e.json").exists()

    def test_a_disk_that_fails_leaves_the_old_result(
        self, run: Run, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "e.json"
        target.write_text("old")

        def full(_: int) -> None:
            raise OSError("No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr("os.fsync", full)
            with pytest.raises(OSError, match="No space"):
                run(files["answers"], files["long"], "--json", target)
        assert target.read_text() == "old"

    def test_the_help_has_examples(self, run: Run) -> None:
        result = run("--help")
        assert "thymos score predictions.csv votes.csv" in result.stdout


class TestErrors:
    @pytest.mark.parametrize(
        ("answers", "sentence"),
        [
            ("item;label\na;joy\n", "answers.csv, line 1: one column found with delimiter ','"),
            ("item,label\na,joy\nb,joi\n", "answers.csv, line 3: unknown label 'joi'"),
            ("item,label\na,joy\na,joy\n", "answers.csv, line 3: item 'a' is predicted twice"),
            ("item,label\na,joy\nb,NaN\n", "answers.csv, line 3: the prediction is NaN"),
            ("item,label\n", "answers.csv: there is a header and no row"),
            ("", "answers.csv: the file is empty"),
            ("item,joy,fear\na,0.5,0.1\n", "answers.csv, line 2: the probabilities sum to 0.6"),
            ("item,answer\na,joy\n", "answers.csv: there is no column with predictions"),
            ("item,label\nx,joy\ny,fear\n", "0 items have both a reference and a prediction"),
        ],
    )
    def test_wrong_predictions(
        self, run: Run, files: dict[str, Path], tmp_path: Path, answers: str, sentence: str
    ) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(answers)
        with pytest.raises(BadInput) as caught:
            run(path, files["long"])
        assert sentence in str(caught.value)

    @pytest.mark.parametrize(
        ("votes", "sentence"),
        [
            ("item,rater,value\na,x,joy\na,x,fear\n", "votes.csv, line 3: rater 'x' rated item 'a' twice"),
            ("item,rater,value\na,x,joy\nb,x,joy\n", "votes.csv: every rating is 'joy': a single class"),
            ("item,rater,value\na,x,joy\nb,x,nan\n", "votes.csv, line 3: rating 'nan' is NaN"),
            ("item;rater;value\na;x;joy\n", "votes.csv, line 1: one column found with delimiter ','"),
        ],
    )
    def test_wrong_annotations(
        self, run: Run, files: dict[str, Path], tmp_path: Path, votes: str, sentence: str
    ) -> None:
        path = tmp_path / "votes.csv"
        path.write_text(votes)
        with pytest.raises(BadInput) as caught:
            run(files["answers"], path)
        assert sentence in str(caught.value)

    def test_a_wrong_encoding_and_the_mend(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        path = tmp_path / "votes.csv"
        path.write_bytes("item,rater,value\na,jörg,joy\nb,jörg,fear\n".encode("latin-1"))
        with pytest.raises(BadInput, match=r"votes\.csv, line 2: byte 0xf6 is not valid utf-8"):
            run(files["answers"], path)
        assert run(files["answers"], path, "--encoding", "latin-1").exit_code == 0

    def test_a_missing_file(self, run: Run, files: dict[str, Path], tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="there is no such file"):
            run(tmp_path / "none.csv", files["long"])
        with pytest.raises(BadInput, match="there is no such file"):
            run(files["answers"], tmp_path / "none.csv")

    def test_a_group_that_is_no_column(self, run: Run, files: dict[str, Path]) -> None:
        with pytest.raises(BadInput, match="column 'sex' is missing"):
            run(files["answers"], files["long"], "--group", "sex")

    def test_an_unknown_layout(self, run: Run, files: dict[str, Path]) -> None:
        with pytest.raises(BadInput, match="unknown layout 'tall'"):
            run(files["answers"], files["long"], "--layout", "tall")

    @pytest.mark.parametrize(
        "purpose", ["screening job applicants for hiring", "proctor an exam", "police interrogation"]
    )
    def test_refused_purposes(self, run: Run, files: dict[str, Path], purpose: str) -> None:
        with pytest.raises(BadInput, match="is refused"):
            run(files["answers"], files["long"], "--purpose", purpose)

    def test_an_allowed_purpose(self, run: Run, files: dict[str, Path]) -> None:
        assert run(files["answers"], files["long"], "--purpose", "compare two annotation rules").exit_code == 0


@pytest.mark.data
def test_real_votes_keep_the_published_shares(run: Run, data_root: Path, tmp_path: Path) -> None:
    """CREMA-D voice votes: majority keeps 67.3 %, plurality 91.3 % of 7,442 clips; faces are a system to score."""
    from thymos.corpora.readers import cremad_votes
    from thymos.io.stored import write_annotations

    corpus = cremad_votes.read(data_root / "cremad_votes")
    voice = [item for item in corpus.items.index if item.endswith("/voice")]
    votes = write_annotations(
        corpus.rated().select(items=voice), tmp_path / "voice.parquet", items=corpus.items.loc[voice, ["actor"]]
    )
    faces = corpus.rated().plurality()
    faces = faces[[item.endswith("/face") for item in faces.index]]
    answers = tmp_path / "faces.csv"
    rows = [f"{item.replace('/face', '/voice')},{label}" for item, label in faces.items()]
    answers.write_text("\n".join(["item,label", *rows]) + "\n")
    body = _json(run, answers, votes, "--group", "actor")
    kept = {rule: count / body["coverage"]["annotated"] for rule, count in body["coverage"]["kept"].items()}
    assert kept["majority"] == pytest.approx(0.673, abs=5e-4)
    assert kept["plurality"] == pytest.approx(0.913, abs=5e-4)
    assert body["clusters"] == "actor"
    assert body["results"][0]["score"]["clusters"] == 91
    # What a face shows is not what the voice is heard as: one listener agrees with the others more than the faces do.
    (macro,) = (one for one in body["results"] if one["metric"] == "macro_f1")
    assert macro["score"]["high"] < macro["ceiling"]["score"]["low"]
