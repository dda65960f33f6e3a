"""Predictions from tables: what each form means, and the line of each problem."""

from pathlib import Path

import pandas as pd
import pytest

from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.io.predictions import read_predictions

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear", "none"), Construct.FELT, exclude=("none",))
SETS = Scheme("sets", Kind.MULTILABEL, ("joy", "fear"), Construct.FELT)
VALENCE = Scheme("valence", Kind.DIMENSIONAL, ("valence",), Construct.FELT, (1, 9))
AXES = Scheme("va", Kind.DIMENSIONAL, ("valence", "arousal"), Construct.FELT, (1, 9))


def _write(folder: Path, content: str) -> Path:
    path = folder / "system.csv"
    path.write_text(content, encoding="utf-8")
    return path


class TestLabels:
    @pytest.mark.parametrize("column", ["prediction", "predicted", "label", "value"])
    def test_the_answer_column_is_found_by_its_usual_names(self, tmp_path: Path, column: str) -> None:
        found = read_predictions(_write(tmp_path, f"item,{column}\na,joy\nb,fear\n"), MOOD)
        assert found.labels is not None
        assert found.labels.to_dict() == {"a": "joy", "b": "fear"}
        assert found.name == "system"
        assert len(found.sha256) == 64

    def test_the_answer_column_may_be_named(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "clip,label,mine\na,joy,fear\n"), MOOD, item="clip", value="mine")
        assert found.best_labels().to_dict() == {"a": "fear"}

    def test_a_miss_is_no_label_and_counts(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,label\na,joy\nb,UNPARSED\n"), MOOD, miss="UNPARSED")
        assert found.misses == 1
        assert found.best_labels()["b"] is None

    @pytest.mark.parametrize(
        ("content", "sentence", "place"),
        [
            ("item,label\na,joy\nb,joi\n", "unknown label 'joi'", "line 3"),
            ("item,label\na,joy\nb,nan\n", "the prediction is NaN", "line 3"),
            ("item,label\na,joy\nb,\n", "column 'label' is empty", "line 3"),
            ("item,label\na,joy\nb,joy\na,fear\n", "item 'a' is predicted twice (first on line 2)", "line 4"),
            ("item,guess\na,joy\n", "there is no column with predictions", "system.csv"),
            ("id,label\na,joy\n", "column 'item' is missing", "system.csv"),
        ],
    )
    def test_each_problem_names_its_line(self, tmp_path: Path, content: str, sentence: str, place: str) -> None:
        with pytest.raises(BadInput) as caught:
            read_predictions(_write(tmp_path, content), MOOD)
        assert sentence in caught.value.what
        assert caught.value.where.endswith(place)

    def test_a_named_column_must_be_there(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="column 'mine' is missing"):
            read_predictions(_write(tmp_path, "item,label\na,joy\n"), MOOD, value="mine")

    def test_segments_are_items_of_their_own(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,start,end,label\na,0,1.5,joy\na,1.5,2,fear\n"), MOOD)
        assert found.items == ["a#t=0,1.5", "a#t=1.5,2"]


class TestProbabilities:
    @pytest.mark.parametrize("prefix", ["", "p_", "prob_"])
    def test_one_column_a_class(self, tmp_path: Path, prefix: str) -> None:
        path = _write(tmp_path, f"item,{prefix}joy,{prefix}fear\na,0.25,0.75\nb,0.5,0.5\n")
        found = read_predictions(path, MOOD)
        assert found.probabilities is not None
        assert found.probabilities.loc["a"].to_dict() == {"joy": 0.25, "fear": 0.75}
        assert found.best_labels().to_dict() == {"a": "fear", "b": "joy"}

    def test_a_label_beside_probabilities_is_the_answer(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,label,joy,fear\na,joy,0.25,0.75\n"), MOOD)
        assert found.best_labels()["a"] == "joy"
        assert found.probabilities is not None

    def test_rounding_is_taken_out(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,joy,fear\na,0.333,0.666\n"), MOOD)
        assert found.probabilities is not None
        assert found.probabilities.loc["a"].sum() == pytest.approx(1.0, abs=1e-15)

    @pytest.mark.parametrize(
        ("content", "sentence", "place"),
        [
            ("item,joy,fear\na,0.5,0.5\nb,0.5,0.2\n", "the probabilities sum to 0.7", "line 3"),
            ("item,joy,fear\na,1.5,-0.5\n", "a probability is negative", "line 2"),
            ("item,joy,fear\na,0.5,nan\n", "value 'nan' in column 'fear' is NaN", "line 2"),
            ("item,joy,fear\na,0.5,\n", "column 'fear' is empty", "line 2"),
            ("item,joy\na,1\n", "column 'fear' is missing: probabilities need one column a class", "system.csv"),
        ],
    )
    def test_each_problem_names_its_line(self, tmp_path: Path, content: str, sentence: str, place: str) -> None:
        with pytest.raises(BadInput) as caught:
            read_predictions(_write(tmp_path, content), MOOD)
        assert sentence in caught.value.what
        assert caught.value.where.endswith(place)


class TestSets:
    def test_cells_hold_labels_and_an_empty_cell_is_the_empty_set(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,label\na,joy|fear\nb,\nc,fear\n"), SETS)
        assert found.label_sets(SETS).to_numpy().tolist() == [[True, True], [False, False], [False, True]]

    def test_columns_of_zeros_and_ones(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,joy,fear\na,1,0\nb,1,1\n"), SETS)
        assert found.sets is not None
        assert found.sets.to_numpy().tolist() == [[True, False], [True, True]]

    def test_columns_of_probabilities_choose_from_a_half_on(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,joy,fear\na,0.5,0.49\nb,0.9,0.8\n"), SETS)
        assert found.label_sets(SETS).to_numpy().tolist() == [[True, False], [True, True]]

    def test_problems(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="unknown label 'hope'") as caught:
            read_predictions(_write(tmp_path, "item,label\na,joy|hope\n"), SETS)
        assert caught.value.where.endswith("line 2")
        with pytest.raises(BadInput, match=r"outside 0\.\.1"):
            read_predictions(_write(tmp_path, "item,joy,fear\na,2,0\n"), SETS)


class TestNumbers:
    def test_one_axis_under_its_name_or_as_the_answer(self, tmp_path: Path) -> None:
        for column in ("valence", "prediction", "value"):
            found = read_predictions(_write(tmp_path, f"item,{column}\na,2.5\n"), VALENCE)
            assert found.numbers is not None
            assert found.numbers.to_dict() == {"valence": {"a": 2.5}}

    def test_a_prediction_goes_before_a_column_that_may_be_gold(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,valence,prediction\na,1,2\n"), VALENCE)
        assert found.numbers is not None
        assert found.numbers["valence"]["a"] == 2

    def test_several_axes(self, tmp_path: Path) -> None:
        found = read_predictions(_write(tmp_path, "item,arousal,valence\na,1,2\n"), AXES)
        assert found.numbers is not None
        assert list(found.numbers.columns) == ["valence", "arousal"]

    def test_problems(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="column 'arousal' is missing"):
            read_predictions(_write(tmp_path, "item,valence\na,1\n"), AXES)
        with pytest.raises(BadInput, match="'high' in column 'valence' is not a number") as caught:
            read_predictions(_write(tmp_path, "item,valence\na,1\nb,high\n"), VALENCE)
        assert caught.value.where.endswith("line 3")


def test_parquet_and_csv_say_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"item": ["a", "b"], "joy": [0.25, 0.5], "fear": [0.75, 0.5]})
    frame.to_parquet(tmp_path / "system.parquet")
    first = read_predictions(tmp_path / "system.parquet", MOOD).probabilities
    second = read_predictions(_write(tmp_path, frame.to_csv(index=False)), MOOD).probabilities
    assert first is not None
    assert first.equals(second)
