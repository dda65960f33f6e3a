"""audformat databases: what other tools find in ours, what ours finds in theirs, and hostile folders."""

import sys
from pathlib import Path

import audformat
import pandas as pd
import pytest

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput, Unavailable
from thymos.io.audformat_io import is_audformat, load_database, read_audformat, write_audformat

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear", "no face"), Construct.EVOKED, exclude=("no face",))
AXES = Scheme("va", Kind.DIMENSIONAL, ("valence", "arousal"), Construct.FELT, (1, 9))


def _annotations() -> Annotations:
    rows = [
        ("a.wav", "ann", "mood", "joy", 1.0),
        ("a.wav", "?0", "mood", "fear", 1.0),
        ("b.wav", "ann", "mood", "no face", 1.0),
        ("a.wav", "ann", "va", "valence", 3.5),
        ("a.wav", "ann", "va", "arousal", 9.0),
    ]
    return Annotations(pd.DataFrame(rows, columns=["item", "rater", "scheme", "label", "value"]), [MOOD, AXES])


def _items() -> pd.DataFrame:
    return pd.DataFrame(
        {"speaker": ["s1", None, "s2"], "age": [30, 41, 52], "level": [0.5, None, 1.0], "studio": [True, False, True]},
        index=pd.Index(["a.wav", "b.wav", "unrated.wav"], name="item"),
    )


class TestOurs:
    def test_items_splits_and_guarantees_come_back(self, tmp_path: Path) -> None:
        splits = {"official": {"train": ("b.wav",), "test": ("unrated.wav", "a.wav")}, "odd name/..": {"x": ("a.wav",)}}
        folder = write_audformat(
            _annotations(),
            tmp_path / "db",
            items=_items(),
            splits=splits,
            guarantees={"official": "speaker-independent"},
        )
        corpus = read_audformat(folder)
        assert corpus.annotations.schemes == {"mood": MOOD, "va": AXES}
        pd.testing.assert_frame_equal(corpus.items, _items())
        assert {name: dict(parts) for name, parts in corpus.splits.items()} == splits
        assert corpus.guarantees == {"official": "speaker-independent"}
        assert corpus.notes == ()
        assert is_audformat(folder)

    def test_other_tools_find_tables_raters_schemes_and_splits(self, tmp_path: Path) -> None:
        folder = write_audformat(_annotations(), tmp_path / "db", splits={"official": {"train": ("a.wav",)}})
        database = audformat.Database.load(str(folder))
        assert database.schemes["mood"].labels == ["joy", "fear", "no face"]
        assert (database.schemes["va"].minimum, database.schemes["va"].maximum) == (1, 9)
        assert database.raters["ann"].type == "human"
        assert database.raters["?0"].type == "other"
        assert database.splits["official.train"].type == "train"
        table = database["ratings-mood"].df
        assert table.loc["a.wav"].to_dict() == {"ann": "joy", "?0": "fear"}
        assert database["ratings-va"].df.loc["a.wav"].to_dict() == {"ann.valence": 3.5, "ann.arousal": 9.0}

    def test_segments_are_segmented_tables(self, tmp_path: Path) -> None:
        table = pd.DataFrame(
            {
                "item": ["a", "a", "b"],
                "start": [0.0, 1 / 3, None],
                "end": [1 / 3, 0.5, None],
                "rater": "x",
                "label": "joy",
            }
        )
        folder = write_audformat(Annotations(table, MOOD), tmp_path / "db")
        database = audformat.Database.load(str(folder))
        assert audformat.index_type(database["ratings-mood"].index) == "segmented"
        back = read_audformat(folder).annotations.table
        assert back[["start", "end"]].fillna(-1).to_numpy().tolist() == [[0.0, 1 / 3], [1 / 3, 0.5], [-1.0, -1.0]]

    def test_segments_closer_than_audformat_can_say(self, tmp_path: Path) -> None:
        table = pd.DataFrame(
            {"item": ["a", "a"], "start": [0.0, 1e-12], "end": [1.0, 1.0], "rater": "x", "label": ["joy", "fear"]}
        )
        with pytest.raises(BadInput, match="less than a nanosecond apart"):
            write_audformat(Annotations(table, MOOD), tmp_path / "db")
        assert list(tmp_path.iterdir()) == []

    def test_another_folder_is_not_touched(self, tmp_path: Path) -> None:
        (tmp_path / "letters").mkdir()
        (tmp_path / "letters" / "dear.txt").write_text("you")
        with pytest.raises(BadInput, match="this is no audformat database"):
            write_audformat(_annotations(), tmp_path / "letters")
        assert (tmp_path / "letters" / "dear.txt").read_text() == "you"

    def test_the_hash_follows_the_content(self, tmp_path: Path) -> None:
        first = read_audformat(write_audformat(_annotations(), tmp_path / "one")).sha256
        again = read_audformat(write_audformat(_annotations(), tmp_path / "two")).sha256
        other = read_audformat(write_audformat(_annotations().select(raters=["ann"]), tmp_path / "three")).sha256
        assert first == again != other

    def test_an_item_twice_in_a_split(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"item 'a\.wav' stands twice in split 'official'"):
            write_audformat(
                _annotations(), tmp_path / "db", splits={"official": {"train": ("a.wav",), "test": ("a.wav",)}}
            )

    def test_an_item_column_that_is_no_value(self, tmp_path: Path) -> None:
        items = pd.DataFrame({"box": [[1], [2]]}, index=["a.wav", "b.wav"])
        with pytest.raises(BadInput, match="holds neither text nor numbers"):
            write_audformat(_annotations(), tmp_path / "db", items=items)

    def test_a_header_from_the_future(self, tmp_path: Path) -> None:
        folder = write_audformat(_annotations(), tmp_path / "db")
        header = folder / "db.yaml"
        header.write_text(header.read_text().replace("  version: 1\n", "  version: 2\n"))
        with pytest.raises(BadInput, match="version 2 is unknown"):
            read_audformat(folder)

    def test_a_header_that_lost_a_part(self, tmp_path: Path) -> None:
        folder = write_audformat(_annotations(), tmp_path / "db")
        header = folder / "db.yaml"
        header.write_text(header.read_text().replace("  guarantees: {}\n", ""))
        with pytest.raises(BadInput, match="the header lacks 'guarantees'"):
            read_audformat(folder)


def _foreign(folder: Path) -> Path:
    database = audformat.Database("foreign", usage="research")
    database.raters["ann"] = audformat.Rater("human")
    database.schemes["emotion"] = audformat.Scheme("str", labels={"joy": {"order": 1}, "fear": {"order": 2}})
    database.schemes["valence"] = audformat.Scheme("float", minimum=-1, maximum=1)
    database.schemes["speaker"] = audformat.Scheme("int", labels=[1, 2])
    table = database["files"] = audformat.Table(audformat.filewise_index(["a.wav", "b.wav"]))
    table["ann"] = audformat.Column(scheme_id="emotion", rater_id="ann")
    table["ann"].set(["joy", "fear"])
    table["gold"] = audformat.Column(scheme_id="emotion")
    table["gold"].set(["joy", None])
    table["valence"] = audformat.Column(scheme_id="valence", rater_id="ann")
    table["valence"].set([0.5, -0.5])
    table["speaker"] = audformat.Column(scheme_id="speaker")
    table["speaker"].set([1, 2])
    table["remark"] = audformat.Column()
    table["remark"].set(["x", "y"])
    database.save(str(folder))
    return folder


class TestForeign:
    def test_columns_with_a_scheme_are_ratings(self, tmp_path: Path) -> None:
        corpus = read_audformat(_foreign(tmp_path / "db"), schemes=["emotion"])
        rows = corpus.annotations.table[["item", "rater", "label"]].astype(str).to_numpy()
        assert sorted(map(tuple, rows)) == [("a.wav", "?0", "joy"), ("a.wav", "ann", "joy"), ("b.wav", "ann", "fear")]
        assert corpus.annotations.scheme().labels == ("joy", "fear")
        assert "column files.remark was not read" in corpus.notes

    def test_numeric_schemes_keep_their_range(self, tmp_path: Path) -> None:
        corpus = read_audformat(_foreign(tmp_path / "db"), schemes=["valence"], construct=Construct.EXPRESSED)
        scheme = corpus.annotations.scheme()
        assert (scheme.range, scheme.construct) == ((-1.0, 1.0), Construct.EXPRESSED)
        assert corpus.annotations.mean()["valence"].tolist() == [0.5, -0.5]

    def test_named_columns_describe_the_items(self, tmp_path: Path) -> None:
        corpus = read_audformat(_foreign(tmp_path / "db"), schemes=["emotion"], columns=["speaker"])
        assert corpus.items["speaker"].tolist() == [1, 2]

    def test_everything_with_a_scheme_without_a_choice(self, tmp_path: Path) -> None:
        corpus = read_audformat(_foreign(tmp_path / "db"), columns=["speaker"])
        assert set(corpus.annotations.schemes) == {"emotion", "valence"}

    def test_a_scheme_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="there is no scheme 'mood'"):
            read_audformat(_foreign(tmp_path / "db"), schemes=["mood"])

    def test_a_database_without_ratings(self, tmp_path: Path) -> None:
        audformat.Database("empty", usage="research").save(str(tmp_path / "db"))
        with pytest.raises(BadInput, match="no table has a column with a scheme"):
            read_audformat(tmp_path / "db")


class TestHostileAndBroken:
    def test_a_header_that_would_run_code_is_refused_and_does_not(self, tmp_path: Path) -> None:
        folder = _foreign(tmp_path / "db")
        target = tmp_path / "ran"
        header = folder / "db.yaml"
        header.write_text(header.read_text() + f"evil: !!python/object/apply:os.mkdir ['{target}']\n")
        with pytest.raises(BadInput, match="the header cannot be read safely"):
            read_audformat(folder)
        assert not target.exists()

    def test_pickles_are_refused(self, tmp_path: Path) -> None:
        folder = _foreign(tmp_path / "db")
        (folder / "db.files.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
        with pytest.raises(BadInput, match="a pickle can run code") as caught:
            read_audformat(folder)
        assert caught.value.where.endswith("db.files.pkl")

    @pytest.mark.parametrize("content", ["[]", "usage: research", "a: [", ""])
    def test_a_header_that_is_none(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "db.yaml").write_text(content)
        with pytest.raises(BadInput, match="header"):
            load_database(tmp_path)

    def test_a_table_that_is_missing(self, tmp_path: Path) -> None:
        folder = _foreign(tmp_path / "db")
        (folder / "db.files.parquet").unlink()
        with pytest.raises(BadInput, match="audformat cannot read this database"):
            read_audformat(folder)

    def test_a_folder_without_a_header_and_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"there is no db\.yaml"):
            read_audformat(tmp_path)
        with pytest.raises(BadInput, match="there is no such folder"):
            read_audformat(tmp_path / "none")

    def test_without_the_package_the_mend_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write_audformat(_annotations(), tmp_path / "db")
        monkeypatch.setitem(sys.modules, "audformat", None)
        with pytest.raises(Unavailable, match=r"pip install \"thymos\[audformat\]\""):
            read_audformat(folder)
        with pytest.raises(Unavailable, match="audformat is not installed"):
            write_audformat(_annotations(), tmp_path / "other")
        assert not (tmp_path / "other").exists()
