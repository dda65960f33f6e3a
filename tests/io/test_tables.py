"""Annotation tables: what is understood, what is refused, and with which line."""

from pathlib import Path

import pandas as pd
import pytest

from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.io.tables import Columns, read_annotations

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear", "calm"), Construct.FELT)
LONG = "item,rater,value,speaker\na,ann,joy,s1\na,ben,fear,s1\nb,ann,joy,s2\n"
WIDE = "item,ann,ben,speaker\na,joy,fear,s1\nb,joy,,s2\n"
GROUPED = Columns(groups=("speaker",))


def _write(folder: Path, content: str, name: str = "votes.csv") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def _rows(table: pd.DataFrame) -> list[tuple[str, str, str, float]]:
    columns = ("item", "rater", "label", "value")
    return sorted((str(i), str(r), str(lab), float(v)) for i, r, lab, v in table[list(columns)].itertuples(index=False))


class TestLayouts:
    def test_long_and_wide_files_of_the_same_votes_are_the_same_annotations(self, tmp_path: Path) -> None:
        long = read_annotations(_write(tmp_path, LONG), columns=GROUPED)
        wide = read_annotations(_write(tmp_path, WIDE, "wide.csv"), columns=GROUPED)
        assert (long.layout, wide.layout) == ("long", "wide")
        expected = [("a", "ann", "joy", 1.0), ("a", "ben", "fear", 1.0), ("b", "ann", "joy", 1.0)]
        assert _rows(long.annotations.table) == _rows(wide.annotations.table) == expected
        assert long.annotations.schemes == wide.annotations.schemes
        assert long.items.equals(wide.items)
        assert long.items["speaker"].to_dict() == {"a": "s1", "b": "s2"}

    def test_wide_items_keep_the_order_of_the_file(self, tmp_path: Path) -> None:
        rated = read_annotations(_write(tmp_path, "item,x,y\nz,,joy\nb,joy,joy\na,joy,\n"))
        assert rated.annotations.items == ["z", "b", "a"]

    def test_an_item_that_nobody_rated_stays_among_the_items(self, tmp_path: Path) -> None:
        rated = read_annotations(_write(tmp_path, "item,x,y\na,joy,joy\nb,,\n"))
        assert rated.annotations.items == ["a"]
        assert list(rated.items.index) == ["a", "b"]

    def test_counts_become_votes_of_unknown_raters(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,joy,fear\na,2,1\nb,,1\n")
        rated = read_annotations(path, layout="counts")
        assert rated.annotations.votes()[["joy", "fear"]].to_numpy().tolist() == [[2, 1], [0, 1]]
        assert not rated.annotations.raters_identified

    @pytest.mark.parametrize("cell", ["1.5", "-1", "x"])
    def test_a_count_must_be_a_number_of_votes(self, tmp_path: Path, cell: str) -> None:
        with pytest.raises(BadInput, match="is not a number of votes") as caught:
            read_annotations(_write(tmp_path, f"item,joy,fear\na,2,1\nb,{cell},1\n"), layout="counts")
        assert caught.value.where.endswith("line 3")

    def test_an_explicit_layout_wins(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,rater,value\na,joy,joy\nb,fear,joy\n")
        rated = read_annotations(path, layout="wide")
        assert rated.annotations.raters == ["rater", "value"]

    def test_columns_may_have_other_names(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "clip;who;emotion;note\n1;7;joy;x\n1;8;joy;y\n")
        columns = Columns(item="clip", rater="who", value="emotion")
        rated = read_annotations(path, columns=columns, delimiter=";")
        assert _rows(rated.annotations.table) == [("1", "7", "joy", 1.0), ("1", "8", "joy", 1.0)]

    def test_listed_rater_columns_leave_the_others_alone(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,x,y,age,remark\na,joy,fear,30,odd\nb,fear,joy,41,\n")
        rated = read_annotations(path, columns=Columns(raters=("x", "y")))
        assert rated.annotations.raters == ["x", "y"]

    def test_a_text_column_is_kept_as_text(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,rater,value,said\na,x,joy,Well!\na,y,joy,Well!\n")
        rated = read_annotations(path, columns=Columns(text="said"))
        assert rated.items["text"].to_dict() == {"a": "Well!"}

    def test_segments_are_read_in_seconds(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,rater,value,start,end\na,x,joy,0,1.5\na,x,fear,1.5,2\n")
        table = read_annotations(path).annotations.table
        assert table[["start", "end"]].to_numpy().tolist() == [[0.0, 1.5], [1.5, 2.0]]


class TestKinds:
    def test_numbers_are_read_as_numbers_and_the_note_names_the_choice(self, tmp_path: Path) -> None:
        rated = read_annotations(_write(tmp_path, "item,rater,value\na,x,1\na,y,5\n"))
        assert rated.annotations.scheme().kind is Kind.DIMENSIONAL
        assert rated.annotations.scheme().range == (1.0, 5.0)
        assert "kind 'categorical'" in rated.notes[0]

    def test_kind_makes_classes_of_numbers_in_their_order(self, tmp_path: Path) -> None:
        rated = read_annotations(_write(tmp_path, "item,rater,value\na,x,10\na,y,2\n"), kind="categorical")
        assert rated.annotations.scheme().labels == ("2", "10")
        assert rated.notes == ()

    def test_fractions_need_no_note(self, tmp_path: Path) -> None:
        assert read_annotations(_write(tmp_path, "item,rater,value\na,x,1.5\na,y,5\n")).notes == ()

    def test_several_axes_stand_in_the_label_column(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,rater,label,value\na,x,valence,1\na,x,arousal,3\n")
        scheme = read_annotations(path).annotations.scheme()
        assert scheme.labels == ("valence", "arousal")
        assert not scheme.is_nominal

    def test_a_label_column_with_ones_is_labels(self, tmp_path: Path) -> None:
        rated = read_annotations(_write(tmp_path, "item,rater,label,value\na,x,joy,1.0\na,y,fear,1.0\n"))
        assert rated.annotations.scheme().labels == ("fear", "joy")

    def test_multilabel_cells_and_rows_are_the_same(self, tmp_path: Path) -> None:
        cells = read_annotations(_write(tmp_path, "item,x,y\na,joy|fear,joy\n"), kind="multilabel")
        rows = read_annotations(
            _write(tmp_path, "item,rater,value\na,x,joy\na,x,fear\na,y,joy\n", "l.csv"), kind="multilabel"
        )
        assert _rows(cells.annotations.table) == _rows(rows.annotations.table)
        assert cells.annotations.scheme().labels == ("fear", "joy")

    def test_named_labels_may_be_more_than_the_file_uses(self, tmp_path: Path) -> None:
        rated = read_annotations(_write(tmp_path, LONG), labels=["joy", "fear", "anger"])
        assert rated.annotations.scheme().labels == ("joy", "fear", "anger")

    def test_a_given_scheme_is_kept(self, tmp_path: Path) -> None:
        assert read_annotations(_write(tmp_path, LONG), MOOD).annotations.scheme() == MOOD

    def test_two_schemes_in_one_file(self, tmp_path: Path) -> None:
        path = _write(tmp_path, "item,rater,scheme,value\na,x,mood,joy\na,x,valence,2\na,y,valence,3\n")
        annotations = read_annotations(path).annotations
        assert annotations.scheme("mood").is_nominal
        assert annotations.mean("valence")["value"]["a"] == 2.5

    def test_an_unknown_kind_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="unknown kind 'words'"):
            read_annotations(_write(tmp_path, LONG), kind="words")

    def test_words_are_no_dimensional_ratings(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="'joy' is not a number") as caught:
            read_annotations(_write(tmp_path, LONG), kind="dimensional")
        assert caught.value.where.endswith("line 2")


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "sentence", "place"),
        [
            ("item,rater,value\na,x,joy\na,x,joy\n", "rater 'x' rated item 'a' twice (first on line 2)", "line 3"),
            ("item,rater,value\na,x,joy\nb,x,joy\na,x,fear\n", "twice (first on line 2)", "line 4"),
            ("item,rater,value\na,x,joy\na,y,NaN\n", "rating 'NaN' is NaN", "line 3"),
            ("item,rater,value\na,x,1\na,y,nan\n", "value 'nan' in column 'value' is NaN", "line 3"),
            ("item,rater,value\na,x,1\na,y,inf\n", "value 'inf' in column 'value' is not a number", "line 3"),
            ("item,rater,value\na,x,joy\na,y,\n", "column 'value' is empty", "line 3"),
            ("item,rater,value\n,x,joy\n", "column 'item' is empty", "line 2"),
            ("item,rater,value\na,,joy\n", "column 'rater' is empty", "line 2"),
            ("item,rater,value\na,x,joy\na,y, joy\n", "label ' joy' starts or ends with a space", "votes.csv"),
            ("item,rater,value,start,end\na,x,joy,2,1\n", "segment 2..1 does not end after it starts", "line 2"),
            ("item,rater,value,start,end\na,x,joy,2,\n", "segment 2..nan does not end after it starts", "line 2"),
            ("item,rater,value,start,end\na,x,joy,one,2\n", "value 'one' in column 'start' is not a number", "line 2"),
            ("item,rater,value\na,x,3\na,y,3\n", "every rating is 3", "votes.csv"),
            ("item,rater,note\na,x,hm\n", "there is a column 'rater' and none with the rating", "votes.csv"),
            ("id,rater,value\na,x,joy\n", "column 'item' is missing", "votes.csv"),
            ("item,rater,label,value\na,x,joy,calm\n", "columns 'value' and 'label' both hold words", "votes.csv"),
            ("item\na\n", "there is no column with ratings", "votes.csv"),
            ("item,x,y\na,,\n", "there is no rating: every cell is empty", "votes.csv"),
            ("item,x\na,joy\na,joy\n", "item 'a' stands twice (first on line 2)", "line 3"),
            ("item,x,y,age\na,joy,fear,30\nb,joy,joy,31\n", "column 'age' does not look like a rater", "votes.csv"),
            (
                "item,x,y,who\na,joy,fear,s1\nb,fear,joy,s2\nc,joy,joy,s1\n",
                "column 'who' does not look like a rater",
                "votes.csv",
            ),
        ],
    )
    def test_each_problem_is_one_sentence_with_its_line(
        self, tmp_path: Path, content: str, sentence: str, place: str
    ) -> None:
        with pytest.raises(BadInput) as caught:
            read_annotations(_write(tmp_path, content))
        assert sentence in caught.value.what
        assert caught.value.where.endswith(place)

    def test_a_doubled_rating_with_two_labels_offers_multilabel(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput) as caught:
            read_annotations(_write(tmp_path, "item,rater,value\na,x,joy\na,x,fear\n"))
        assert "multilabel" in caught.value.mend

    def test_an_unknown_label_names_line_and_legal_labels(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="unknown label 'joi'") as caught:
            read_annotations(_write(tmp_path, "item,rater,value\na,x,joy\na,y,joi\n"), MOOD)
        assert caught.value.where.endswith("line 3")
        assert caught.value.mend == "legal in scheme 'mood': joy, fear, calm"

    def test_a_number_outside_the_range_names_its_line(self, tmp_path: Path) -> None:
        scale = Scheme("valence", Kind.DIMENSIONAL, ("valence",), Construct.FELT, (1, 5))
        with pytest.raises(BadInput, match=r"value 6 is outside 1\.\.5") as caught:
            read_annotations(_write(tmp_path, "item,rater,value\na,x,5\na,y,6\n"), scale)
        assert caught.value.where.endswith("line 3")

    def test_an_axis_that_the_scheme_lacks(self, tmp_path: Path) -> None:
        scale = Scheme("va", Kind.DIMENSIONAL, ("valence", "arousal"), Construct.FELT, (1, 5))
        with pytest.raises(BadInput, match="unknown axis 'power'"):
            read_annotations(_write(tmp_path, "item,rater,label,value\na,x,power,5\n"), scale)
        with pytest.raises(BadInput, match="has several axes"):
            read_annotations(_write(tmp_path, "item,rater,value\na,x,5\n", "b.csv"), scale)

    def test_a_scheme_column_that_names_an_unknown_scheme(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="unknown scheme 'tone'"):
            read_annotations(_write(tmp_path, "item,rater,scheme,value\na,x,tone,joy\n"), MOOD)

    def test_two_schemes_need_a_scheme_column(self, tmp_path: Path) -> None:
        other = Scheme("tone", Kind.CATEGORICAL, ("joy",), Construct.FELT)
        with pytest.raises(BadInput, match="column 'scheme' is missing"):
            read_annotations(_write(tmp_path, LONG), [MOOD, other])

    def test_an_item_has_one_value_of_a_group(self, tmp_path: Path) -> None:
        content = "item,rater,value,speaker\na,x,joy,s1\nb,x,joy,s2\na,y,joy,s3\n"
        with pytest.raises(BadInput, match="item 'a' has two values of 'speaker': 's1' and 's3'") as caught:
            read_annotations(_write(tmp_path, content), columns=GROUPED)
        assert caught.value.where.endswith("line 4")

    def test_a_group_column_must_be_there(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="column 'sex' is missing"):
            read_annotations(_write(tmp_path, LONG), columns=Columns(groups=("sex",)))

    def test_an_unknown_layout(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="unknown layout 'tall'"):
            read_annotations(_write(tmp_path, LONG), layout="tall")  # type: ignore[arg-type]


class TestParquet:
    def test_a_plain_parquet_file_is_read_like_csv(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"item": [1, 1, 2], "rater": ["x", "y", "x"], "value": ["joy", "fear", "joy"]})
        frame.to_parquet(tmp_path / "votes.parquet")
        rated = read_annotations(tmp_path / "votes.parquet")
        assert _rows(rated.annotations.table) == [
            ("1", "x", "joy", 1.0),
            ("1", "y", "fear", 1.0),
            ("2", "x", "joy", 1.0),
        ]

    def test_whole_numbers_with_gaps_stay_whole(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"item": ["a", "b"], "x": [1.0, 2.0], "y": [2.0, None]})
        frame.to_parquet(tmp_path / "votes.parquet")
        assert read_annotations(tmp_path / "votes.parquet", kind="categorical").annotations.scheme().labels == (
            "1",
            "2",
        )

    def test_problems_name_the_row(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"item": ["a", "a"], "rater": ["x", "x"], "value": ["joy", "fear"]})
        frame.to_parquet(tmp_path / "votes.parquet")
        with pytest.raises(BadInput, match="twice") as caught:
            read_annotations(tmp_path / "votes.parquet")
        assert caught.value.where.endswith("votes.parquet, row 2")

    def test_a_file_that_is_no_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "votes.parquet").write_text(LONG)
        with pytest.raises(BadInput, match="this is not a Parquet file"):
            read_annotations(tmp_path / "votes.parquet")

    def test_a_table_without_rows(self, tmp_path: Path) -> None:
        pd.DataFrame({"item": [], "rater": [], "value": []}).to_parquet(tmp_path / "votes.parquet")
        with pytest.raises(BadInput, match="there is no row"):
            read_annotations(tmp_path / "votes.parquet")
