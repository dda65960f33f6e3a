"""Annotations written by thymos: CSV with its schemes beside it, Parquet with its schemes inside; nothing is lost."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from thymos.affect.annotations import COLUMNS, Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.io.cells import Cells, cells_from_frame, is_parquet, read_parquet
from thymos.io.ratings import SEPARATOR
from thymos.io.schemes import schemes_beside, schemes_from_json, schemes_to_json

METADATA_KEY = b"thymos.schemes"


@dataclass(frozen=True)
class Stored:
    """What a Parquet file written by thymos holds: the annotations, and every column of it."""

    annotations: Annotations
    extra: Cells


def read_stored(path: str | Path) -> Stored | None:
    """Read a Parquet file with schemes inside; None where it has none and must be read as any table."""
    table = read_parquet(path)
    schemes = _schemes_of(table, path)
    if schemes is None or not set(COLUMNS) <= set(table.column_names):
        return None
    frame = table.to_pandas()
    annotations = Annotations(frame[list(COLUMNS)], schemes, where=str(path))
    about = frame.drop(columns=[column for column in COLUMNS if column != "item"]).drop_duplicates()
    return Stored(annotations, cells_from_frame(about, str(path)))


def schemes_inside(path: str | Path) -> list[Scheme] | None:
    """The schemes that a Parquet file carries, or None."""
    return _schemes_of(read_parquet(path), path)


def _schemes_of(table: pa.Table, path: str | Path) -> list[Scheme] | None:
    stored = (table.schema.metadata or {}).get(METADATA_KEY)
    return None if stored is None else schemes_from_json(stored.decode("utf-8"), where=path)


def write_annotations(
    annotations: Annotations,
    path: str | Path,
    *,
    layout: Literal["long", "wide"] = "long",
    items: pd.DataFrame | None = None,
) -> Path:
    """Write annotations as CSV (schemes beside it) or Parquet (schemes inside), whole or not at all.

    Args:
        annotations: what to write.
        path: ends in .csv, .tsv, .parquet or .pq.
        layout: "long" keeps everything; "wide" has one column a rater and holds one scheme with one axis.
        items: columns to write beside every rating, indexed by item (speaker, text).

    Raises:
        BadInput: an unknown ending, something that the wide layout cannot hold.
    """
    path = Path(path)
    if path.suffix.lower() not in {".csv", ".tsv", ".parquet", ".pq"}:
        raise BadInput(f"unknown ending {path.suffix!r}", where=path, mend="use .csv, .tsv or .parquet")
    if layout not in ("long", "wide"):
        raise BadInput(f"unknown layout {layout!r}", mend="known: long, wide")
    frame = annotations.table if layout == "long" else _wide(annotations, path)
    if items is not None:
        clash = [column for column in items.columns if column in frame.columns]
        if clash:
            raise BadInput(f"item column {clash[0]!r} has the name of another column", where=path, mend="rename it")
        frame = frame.merge(items.rename_axis(index="item"), left_on="item", right_index=True, how="left", sort=False)
    if is_parquet(path):
        return _write_parquet(frame, annotations, path)
    timed = annotations.table["start"].notna().any()
    if layout == "long" and not timed:
        frame = frame.drop(columns=["start", "end"])
    content = _csv_text(frame, path)
    # The schemes go first: a crash in between leaves schemes without a table, never a table under wrong schemes.
    write_atomically(schemes_beside(path), schemes_to_json(annotations.schemes.values()))
    return write_atomically(path, content)


def _write_parquet(frame: pd.DataFrame, annotations: Annotations, path: Path) -> Path:
    table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    stored = {METADATA_KEY: schemes_to_json(annotations.schemes.values()).encode("utf-8")}
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **stored}), buffer)
    return write_atomically(path, buffer.getvalue())


def _csv_text(frame: pd.DataFrame, path: Path) -> str:
    texts = frame.select_dtypes(exclude="number")
    # The csv module quotes a carriage return only where lines end in one.
    returns = any(texts[column].astype(str).str.contains("\r", regex=False).any() for column in texts.columns)
    returns = returns or any("\r" in str(column) for column in frame.columns)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    return str(frame.to_csv(index=False, sep=delimiter, lineterminator="\r\n" if returns else "\n"))


def _wide(annotations: Annotations, path: Path) -> pd.DataFrame:
    scheme = annotations.scheme()
    if not scheme.is_nominal and len(scheme.labels) > 1:
        raise BadInput(f"scheme {scheme.name!r} has several axes", where=path, mend="use layout 'long'")
    table = annotations.table
    taken = {"item", "start", "end"} & set(annotations.raters)
    padded = [rater for rater in annotations.raters if rater != rater.strip() or not rater]
    if taken or padded:
        rater = (sorted(taken) + padded)[0]
        raise BadInput(f"rater {rater!r} cannot be the name of a column", where=path, mend="use layout 'long'")
    keys = ["item", "start", "end"] if table["start"].notna().any() else ["item"]
    cells = table["label"].astype(str) if scheme.is_nominal else table["value"]
    long = table[[*keys, "rater"]].assign(cell=cells)
    if scheme.kind is Kind.MULTILABEL:
        if any(SEPARATOR in label for label in scheme.labels):
            raise BadInput(f"a label holds {SEPARATOR!r}, which divides labels", where=path, mend="use layout 'long'")
        long = long.groupby([*keys, "rater"], observed=True, sort=False, dropna=False)["cell"].agg(SEPARATOR.join)
        long = long.reset_index()
    place = long.groupby(keys, observed=True, sort=False, dropna=False).ngroup()
    wide = long.assign(place=place).pivot(index="place", columns="rater", values="cell")
    wide = wide.reindex(columns=annotations.raters).rename_axis(index=None, columns=None)
    rows = long.assign(place=place).drop_duplicates("place").set_index("place")[keys]
    return pd.concat([rows, wide], axis=1).reset_index(drop=True)
