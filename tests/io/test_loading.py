"""One call for every format: the same votes give the same annotations."""

from pathlib import Path

import audformat
import pandas as pd
import pytest

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.io.audformat_io import write_audformat
from thymos.io.emotionml_annotations import write_annotations_emotionml
from thymos.io.loading import Reading, align, load_annotations, load_predictions
from thymos.io.stored import write_annotations
from thymos.io.tables import Columns

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear"), Construct.FELT)
VOTES = pd.DataFrame({"item": ["a", "a", "b"], "rater": ["x", "y", "x"], "label": ["joy", "fear", "joy"]})
ITEMS = pd.DataFrame({"speaker": ["s1", "s2"], "said": ["Hi", "Ho"]}, index=pd.Index(["a", "b"], name="item"))


def _paths(folder: Path) -> list[Path]:
    rated = Annotations(VOTES, MOOD)
    return [
        write_annotations(rated, folder / "votes.csv", items=ITEMS),
        write_annotations(rated, folder / "votes.parquet", items=ITEMS),
        write_audformat(rated, folder / "db", items=ITEMS),
        write_annotations_emotionml(rated, folder / "votes.emotionml"),
    ]


def test_every_format_gives_the_same_annotations(tmp_path: Path) -> None:
    for path in _paths(tmp_path):
        rated = load_annotations(path)
        rows = sorted(map(tuple, rated.annotations.table[["item", "rater", "label"]].astype(str).to_numpy()))
        assert rows == [("a", "x", "joy"), ("a", "y", "fear"), ("b", "x", "joy")]
        assert rated.annotations.scheme() == MOOD
        assert len(rated.sha256) == 64


def test_item_columns_of_every_format_that_has_them(tmp_path: Path) -> None:
    reading = Reading(Columns(groups=("speaker",), text="said"))
    *with_items, emotionml = _paths(tmp_path)
    for path in with_items:
        items = load_annotations(path, reading).items
        assert items["speaker"].to_dict() == {"a": "s1", "b": "s2"}
        assert items["text"].to_dict() == {"a": "Hi", "b": "Ho"}
    with pytest.raises(BadInput, match="there is no item column 'speaker'"):
        load_annotations(emotionml, reading)


def test_one_scheme_of_several_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("item,rater,scheme,value\na,x,mood,joy\na,x,tone,low\n")
    assert list(load_annotations(tmp_path / "v.csv", Reading(scheme="tone")).annotations.schemes) == ["tone"]
    with pytest.raises(BadInput, match="unknown scheme 'pitch'"):
        load_annotations(tmp_path / "v.csv", Reading(scheme="pitch"))


def _prediction_database(folder: Path, tables: dict[str, dict[str, list[object]]], segmented: bool = False) -> Path:
    database = audformat.Database("system", usage="research")
    for name, columns in tables.items():
        files = ["a", "b"]
        index = audformat.segmented_index(files, ["0s", "1s"], ["1s", "2s"]) if segmented else None
        table = database[name] = audformat.Table(audformat.filewise_index(files) if index is None else index)
        for column, values in columns.items():
            table[column] = audformat.Column()
            table[column].set(values)
    database.save(str(folder))
    return folder


class TestPredictionsInAudformat:
    def test_the_only_table_with_one_column(self, tmp_path: Path) -> None:
        folder = _prediction_database(tmp_path / "p", {"out": {"emotion": ["joy", "fear"]}})
        found = load_predictions(folder, MOOD)
        assert found.best_labels().to_dict() == {"a": "joy", "b": "fear"}
        assert (found.name, len(found.sha256)) == ("p", 64)

    def test_the_table_called_predictions_with_probabilities(self, tmp_path: Path) -> None:
        tables = {"other": {"x": [1, 2]}, "predictions": {"joy": [0.25, 1.0], "fear": [0.75, 0.0]}}
        found = load_predictions(_prediction_database(tmp_path / "p", tables), MOOD)
        assert found.best_labels().to_dict() == {"a": "fear", "b": "joy"}

    def test_segments(self, tmp_path: Path) -> None:
        folder = _prediction_database(tmp_path / "p", {"out": {"emotion": ["joy", "fear"]}}, segmented=True)
        assert load_predictions(folder, MOOD).items == ["a#t=0,1", "b#t=1,2"]

    def test_several_tables_without_a_name(self, tmp_path: Path) -> None:
        folder = _prediction_database(tmp_path / "p", {"one": {"x": ["joy", "joy"]}, "two": {"x": ["joy", "joy"]}})
        with pytest.raises(BadInput, match="there is no table with predictions") as caught:
            load_predictions(folder, MOOD)
        assert "one, two" in caught.value.mend

    def test_annotations_are_no_predictions(self, tmp_path: Path) -> None:
        folder = write_audformat(Annotations(VOTES, MOOD), tmp_path / "db")
        with pytest.raises(BadInput, match="there is no table with predictions"):
            load_predictions(folder, MOOD)

    def test_an_unknown_label_names_table_and_row(self, tmp_path: Path) -> None:
        folder = _prediction_database(tmp_path / "p", {"out": {"emotion": ["joy", "hope"]}})
        with pytest.raises(BadInput, match="unknown label 'hope'") as caught:
            load_predictions(folder, MOOD)
        assert caught.value.where.endswith("table 'out', row 2")


class TestAlign:
    def _read(self, folder: Path, name: str, content: str) -> object:
        (folder / name).write_text(content)
        return load_annotations(folder / name)

    def test_found_labels_are_joined(self, tmp_path: Path) -> None:
        first = self._read(tmp_path, "a.csv", "item,rater,value\na,x,joy\na,y,calm\n")
        second = self._read(tmp_path, "b.csv", "item,rater,value\nb,x,fear\nb,y,joy\n")
        one, two = align(first, second)  # type: ignore[arg-type]
        assert one.annotations.scheme() == two.annotations.scheme()
        assert one.annotations.scheme().labels == ("calm", "fear", "joy")

    def test_found_ranges_are_joined(self, tmp_path: Path) -> None:
        first = self._read(tmp_path, "a.csv", "item,rater,value\na,x,1\na,y,4\n")
        second = self._read(tmp_path, "b.csv", "item,rater,value\nb,x,2\nb,y,5\n")
        one, _ = align(first, second)  # type: ignore[arg-type]
        assert one.annotations.scheme().range == (1.0, 5.0)

    def test_labels_and_numbers_do_not_mix(self, tmp_path: Path) -> None:
        first = self._read(tmp_path, "a.csv", "item,rater,value\na,x,1\na,y,4\n")
        second = self._read(tmp_path, "b.csv", "item,rater,value\nb,x,joy\nb,y,fear\n")
        with pytest.raises(BadInput, match="the schemes differ"):
            align(first, second)  # type: ignore[arg-type]
