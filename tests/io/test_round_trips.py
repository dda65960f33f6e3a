"""Whatever the model holds comes back from every format: property tests, and writes that break half way."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.io.audformat_io import read_audformat, write_audformat
from thymos.io.emotionml_annotations import read_annotations_emotionml, write_annotations_emotionml
from thymos.io.stored import write_annotations
from thymos.io.tables import Columns, read_annotations

COLUMNS = ["item", "start", "end", "rater", "scheme", "label", "value"]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=6)
# Control characters that texts really hold; XML and YAML treat each of them in its own way.
ODD_WORDS = st.one_of(
    WORDS, st.sampled_from(["a\nb", "a\r\nb", "tab\tin", ' "quoted", ', "'", "null", "1.0", "~", "=1"])
)
SECONDS = st.floats(0, 5000, allow_nan=False)


@st.composite
def schemes(
    draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind), words: st.SearchStrategy[str] = ODD_WORDS
) -> Scheme:
    kind = draw(st.sampled_from(kinds))
    labels = tuple(draw(st.lists(words, min_size=1, max_size=4, unique=True)))
    nominal = kind in (Kind.CATEGORICAL, Kind.MULTILABEL)
    low = draw(st.integers(-10, 10))
    return Scheme(
        name=draw(words),
        kind=kind,
        labels=labels,
        construct=draw(st.sampled_from(list(Construct))),
        range=None if nominal else (low, low + draw(st.floats(0.5, 9))),
        source=draw(st.one_of(st.just(""), words)),
        vad={labels[0]: (0.1, -0.5, 1.0)} if draw(st.booleans()) else {},
        neutral=labels[:1] if draw(st.booleans()) else (),
        exclude=labels[1:2] if draw(st.booleans()) else (),
    )


@st.composite
def annotations(
    draw: st.DrawFn,
    kinds: tuple[Kind, ...] = tuple(Kind),
    words: st.SearchStrategy[str] = ODD_WORDS,
    most_schemes: int = 2,
    timed: bool = True,
) -> Annotations:
    used = draw(st.lists(schemes(kinds, words), min_size=1, max_size=most_schemes, unique_by=lambda one: one.name))
    raters = draw(st.lists(st.one_of(words, st.sampled_from(["?0", "?1"])), min_size=1, max_size=3, unique=True))
    items = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    rows: list[dict[str, Any]] = []
    for scheme in used:
        for item in items:
            times = (float("nan"), float("nan"))
            if timed and draw(st.booleans()):
                times = tuple(sorted((draw(SECONDS), draw(SECONDS))))
            for rater in raters:
                most = 1 if scheme.kind is Kind.CATEGORICAL else len(scheme.labels)
                chosen = draw(st.lists(st.sampled_from(scheme.labels), max_size=most, unique=True))
                for label in chosen:
                    low, high = scheme.range or (1.0, 1.0)
                    value = draw(st.floats(low, high)) if scheme.range else 1.0
                    rows.append(dict(zip(COLUMNS, (item, *times, rater, scheme.name, label, value), strict=True)))
    if not rows:
        label, value = used[0].labels[0], (used[0].range or (1.0, 1.0))[0]
        rows.append(
            dict(
                zip(COLUMNS, (items[0], float("nan"), float("nan"), raters[0], used[0].name, label, value), strict=True)
            )
        )
    return Annotations(pd.DataFrame(rows), used)


def sorted_table(rated: Annotations) -> pd.DataFrame:
    table = rated.table.astype(dict.fromkeys(("item", "rater", "scheme", "label"), str))
    return table.sort_values(["scheme", "item", "rater", "label"], ignore_index=True)


def assert_same(first: Annotations, second: Annotations) -> None:
    pd.testing.assert_frame_equal(sorted_table(first), sorted_table(second), check_exact=True)
    assert first.schemes == second.schemes
    assert all(dict(scheme.vad) == dict(second.schemes[name].vad) for name, scheme in first.schemes.items())


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestEveryFormatGivesBackWhatItGot:
    @SLOW
    @given(annotations(), st.sampled_from([".csv", ".tsv", ".parquet"]))
    def test_long_tables(self, rated: Annotations, ending: str) -> None:
        with TemporaryDirectory() as folder:
            path = write_annotations(rated, Path(folder) / f"votes{ending}")
            assert_same(rated, read_annotations(path).annotations)

    @SLOW
    @given(annotations((Kind.CATEGORICAL, Kind.DIMENSIONAL), most_schemes=1), st.sampled_from([".csv", ".parquet"]))
    def test_wide_tables(self, rated: Annotations, ending: str) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"votes{ending}"
            scheme = rated.scheme()
            several = not scheme.is_nominal and len(scheme.labels) > 1
            if several or any(one != one.strip() or one in ("item", "start", "end") for one in rated.raters):
                # A rater whose name is no column name, or several axes: refused before anything is written.
                with pytest.raises(BadInput, match="use layout 'long'"):
                    write_annotations(rated, path, layout="wide")
                assert not path.exists()
                return
            write_annotations(rated, path, layout="wide")
            columns = Columns(raters=tuple(rated.raters))
            assert_same(rated, read_annotations(path, layout="wide", columns=columns).annotations)

    @SLOW
    @given(annotations())
    def test_audformat(self, rated: Annotations) -> None:
        with TemporaryDirectory() as folder:
            write_audformat(rated, Path(folder) / "db")
            assert_same(rated, read_audformat(Path(folder) / "db").annotations)

    @SLOW
    @given(annotations())
    def test_emotionml(self, rated: Annotations) -> None:
        with TemporaryDirectory() as folder:
            path = write_annotations_emotionml(rated, Path(folder) / "votes.emotionml")
            assert_same(rated, read_annotations_emotionml(path).annotations)


def _small(label: str = "joy") -> Annotations:
    mood = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear"), Construct.FELT)
    return Annotations(pd.DataFrame({"item": ["a", "b"], "rater": ["x", "y"], "label": [label, "fear"]}), mood)


WRITERS = {
    "votes.csv": write_annotations,
    "votes.parquet": write_annotations,
    "votes.emotionml": write_annotations_emotionml,
    "votes-db": write_audformat,
}


def _read(path: Path) -> Annotations:
    if path.is_dir():
        return read_audformat(path).annotations
    if path.suffix == ".emotionml":
        return read_annotations_emotionml(path).annotations
    return read_annotations(path).annotations


class TestAWriteThatBreaksLeavesTheOldFile:
    @pytest.mark.parametrize("name", WRITERS)
    def test_the_disk_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        path = tmp_path / name
        WRITERS[name](_small("joy"), path)

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as broken:
            if name == "votes-db":
                import pyarrow.parquet

                broken.setattr(pyarrow.parquet, "write_table", full)
                broken.setattr(pd.DataFrame, "to_parquet", full)
                broken.setattr("audformat.core.table.parquet.write_table", full, raising=False)
            else:
                broken.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space"):
                WRITERS[name](_small("fear"), path)
        assert_same(_small("joy"), _read(path))
        assert [one.name for one in tmp_path.iterdir() if "partial" in one.name] == []

    def test_the_rename_of_a_folder_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write_audformat(_small("joy"), tmp_path / "db")
        replace = Path.replace

        def fail_at_the_end(self: Path, target: Path) -> Path:
            if Path(target).name == "db" and self.name.endswith(".partial"):
                raise OSError("rename failed")
            return replace(self, target)

        with monkeypatch.context() as broken:
            broken.setattr(Path, "replace", fail_at_the_end)
            with pytest.raises(OSError, match="rename failed"):
                write_audformat(_small("fear"), path)
        assert_same(_small("joy"), read_audformat(path).annotations)
        assert [one.name for one in tmp_path.iterdir()] == ["db"]


class TestTablesOnDisk:
    def test_item_columns_come_back_with_the_ratings(self, tmp_path: Path) -> None:
        items = pd.DataFrame({"speaker": ["s1", "s2"], "said": ["Hi", "Ho"]}, index=pd.Index(["a", "b"], name="item"))
        for name in ("votes.csv", "votes.parquet"):
            path = write_annotations(_small(), tmp_path / name, items=items)
            rated = read_annotations(path, columns=Columns(groups=("speaker",), text="said"))
            assert rated.items["speaker"].tolist() == ["s1", "s2"]
            assert rated.items["text"].tolist() == ["Hi", "Ho"]

    def test_multilabel_ratings_fit_into_wide_cells(self, tmp_path: Path) -> None:
        scheme = Scheme("set", Kind.MULTILABEL, ("joy", "fear"), Construct.FELT)
        table = pd.DataFrame({"item": ["a", "a", "b"], "rater": ["x", "x", "x"], "label": ["joy", "fear", "joy"]})
        path = write_annotations(Annotations(table, scheme), tmp_path / "votes.csv", layout="wide")
        assert path.read_text() == "item,x\na,joy|fear\nb,joy\n"
        assert_same(Annotations(table, scheme), read_annotations(path, columns=Columns(raters=("x",))).annotations)

    def test_the_hash_covers_the_schemes(self, tmp_path: Path) -> None:
        path = write_annotations(_small(), tmp_path / "votes.csv")
        before = read_annotations(path).sha256
        beside = tmp_path / "votes.schemes.json"
        beside.write_text(beside.read_text().replace('"felt"', '"evoked"'))
        after = read_annotations(path)
        assert after.annotations.scheme().construct is Construct.EVOKED
        assert before != after.sha256

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("{", "this is not JSON"),
            ("{}", "this is not a thymos-schemes file"),
            ('{"format":"thymos-schemes","version":9,"schemes":[]}', "version 9 is unknown"),
            ('{"format":"thymos-schemes","version":1,"schemes":[{"name":"x"}]}', "not the description of a scheme"),
        ],
    )
    def test_a_broken_scheme_file_is_named(self, tmp_path: Path, content: str, sentence: str) -> None:
        path = write_annotations(_small(), tmp_path / "votes.csv")
        (tmp_path / "votes.schemes.json").write_text(content)
        with pytest.raises(BadInput, match=sentence) as caught:
            read_annotations(path)
        assert "votes.schemes.json" in caught.value.where

    def test_what_cannot_be_written_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="unknown ending"):
            write_annotations(_small(), tmp_path / "votes.xlsx")
        with pytest.raises(BadInput, match="unknown layout"):
            write_annotations(_small(), tmp_path / "votes.csv", layout="tall")  # type: ignore[arg-type]
        items = pd.DataFrame({"rater": ["s1", "s2"]}, index=["a", "b"])
        with pytest.raises(BadInput, match="has the name of another column"):
            write_annotations(_small(), tmp_path / "votes.csv", items=items)
        assert list(tmp_path.iterdir()) == []
