"""Writing annotations, items and splits as an audformat database; see ``thymos.io.audformat_io``."""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.annotations import ANONYMOUS, Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.io.audformat_common import HEADER, ITEMS_TABLE, OURS, VERSION, import_audformat, seconds_of
from thymos.io.schemes import scheme_to_dict, unused

SPLIT_TYPES = {"train": "train", "dev": "dev", "validation": "dev", "test": "test"}
NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]+")


def write_audformat(
    annotations: Annotations,
    folder: str | Path,
    *,
    name: str = "annotations",
    items: pd.DataFrame | None = None,
    splits: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    guarantees: Mapping[str, str] | None = None,
) -> Path:
    """Write an audformat database folder, whole or not at all; an older database there is replaced.

    Args:
        annotations: every rating.
        folder: is created; a folder that is no audformat database is not touched.
        name: of the database.
        items: columns of text, numbers or truth values, indexed by item.
        splits: split name to part name to item ids, e.g. ``{name: split.parts for name, split in ...}``.
        guarantees: split name to what it keeps apart.

    Raises:
        Unavailable: audformat is not installed.
        BadInput: the folder holds something else, a column that audformat cannot hold.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / HEADER).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput("this is no audformat database", where=folder, mend="choose a new or an empty folder")
    database = database_of(annotations, name=name, items=items, splits=splits or {}, guarantees=guarantees or {})
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".partial"))
    try:
        database.save(str(fresh), storage_format="parquet")
        fresh.chmod(0o755)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _swap(fresh: Path, folder: Path) -> None:
    """Put a finished folder in place; the old one goes only when the new one stands."""
    if not folder.exists():
        fresh.replace(folder)
        return
    old = fresh.with_suffix(".old")
    folder.replace(old)
    try:
        fresh.replace(folder)
    except BaseException:
        old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def database_of(
    annotations: Annotations,
    *,
    name: str = "annotations",
    items: pd.DataFrame | None = None,
    splits: Mapping[str, Mapping[str, Sequence[str]]],
    guarantees: Mapping[str, str],
) -> Any:
    """The ``audformat.Database`` in memory; arguments as in ``write_audformat``."""
    audformat = import_audformat()
    database = audformat.Database(name, source="thymos", usage=audformat.define.Usage.OTHER)
    for rater in annotations.raters:
        slot = rater.startswith(ANONYMOUS)
        kind = audformat.define.RaterType.OTHER if slot else audformat.define.RaterType.HUMAN
        database.raters[rater] = audformat.Rater(kind, description="slot of an unknown rater" if slot else None)
    tables: dict[str, str] = {}
    for scheme in annotations.schemes.values():
        database.schemes[scheme.name] = _scheme_of(audformat, scheme)
        tables[scheme.name] = unused(f"ratings-{_slug(scheme.name)}", set(tables.values()))
    for scheme_name, table_id in tables.items():
        part = annotations.table[annotations.table["scheme"] == scheme_name]
        if len(part):
            _add_ratings(audformat, database, table_id, annotations.schemes[scheme_name], part)
    if items is not None:
        _add_items(audformat, database, items)
    split_tables = {split: f"split-{number}-{_slug(split)}" for number, split in enumerate(splits)}
    for split, parts in splits.items():
        _add_split(audformat, database, split_tables[split], split, parts)
    database.meta[OURS] = {
        "version": VERSION,
        "schemes": [scheme_to_dict(scheme) for scheme in annotations.schemes.values()],
        "tables": tables,
        "splits": {split: {"table": table, "parts": list(splits[split])} for split, table in split_tables.items()},
        "guarantees": dict(guarantees),
        "items": None if items is None else [str(column) for column in items.columns],
    }
    return database


def _slug(name: str) -> str:
    return NOT_IN_ID.sub("_", name)[:60] or "_"


def _scheme_of(audformat: Any, scheme: Scheme) -> Any:
    if scheme.kind is Kind.CATEGORICAL:
        return audformat.Scheme("str", labels=list(scheme.labels), description=scheme.source or None)
    if scheme.kind is Kind.MULTILABEL:
        return audformat.Scheme("bool", description=scheme.source or None)
    low, high = scheme.range or (None, None)
    return audformat.Scheme("float", minimum=low, maximum=high, description=scheme.source or None)


def _index_of(audformat: Any, part: pd.DataFrame) -> tuple[pd.Index, pd.DataFrame, list[str]]:
    """The audformat index, the distinct places in its order, and the columns that name a place.

    A file without times is the segment from 0 to NaT, audformat's way of writing "the whole file".
    """
    keys = ["item", "start", "end"] if part["start"].notna().any() else ["item"]
    places = part[keys].drop_duplicates().reset_index(drop=True)
    files = places["item"].astype(str).tolist()
    if len(keys) == 1:
        return audformat.filewise_index(files), places, keys
    starts = pd.to_timedelta((places["start"].fillna(0.0) * 1e9).round().astype("int64"), unit="ns")
    whole = places["end"].isna()
    ends = pd.to_timedelta((places["end"].fillna(0.0) * 1e9).round().astype("int64"), unit="ns").mask(whole)
    index = audformat.segmented_index(files, starts.tolist(), ends.tolist())
    if index.has_duplicates:
        raise BadInput("two segments are less than a nanosecond apart", where=str(index[index.duplicated()][0]))
    return index, places, keys


def _add_ratings(audformat: Any, database: Any, table_id: str, scheme: Scheme, part: pd.DataFrame) -> None:
    index, places, keys = _index_of(audformat, part)
    table = database[table_id] = audformat.Table(index)
    row = (
        part[keys]
        .astype({"item": str})
        .merge(places.astype({"item": str}).assign(place=np.arange(len(places))), on=keys, how="left")
    )
    positions = row["place"].to_numpy()
    single = scheme.kind is Kind.CATEGORICAL or (not scheme.is_nominal and len(scheme.labels) == 1)
    columns = part[["rater"]] if single else part[["rater", "label"]]
    used: set[str] = {"file", "start", "end"}
    for key, group in columns.groupby(list(columns.columns), observed=True, sort=False):
        rater, label = (str(key[0]), None) if single else (str(key[0]), str(key[1]))
        id_ = unused(rater if label is None else f"{rater}.{label}", used)
        used.add(id_)
        chosen = part.index.get_indexer(group.index)
        if scheme.is_nominal and label is None:
            values: Any = np.full(len(index), None, dtype=object)
            values[positions[chosen]] = group.index.map(part["label"].astype(str)).to_numpy()
        elif scheme.is_nominal:
            values = np.full(len(index), None, dtype=object)
            values[positions[chosen]] = True
        else:
            values = np.full(len(index), np.nan)
            values[positions[chosen]] = part["value"].to_numpy()[chosen]
        column = table[id_] = audformat.Column(scheme_id=scheme.name, rater_id=rater)
        if label is not None:
            column.meta["label"] = label
        column.set(pd.Series(values, index=index))
    _add_exact_times(audformat, database, table, places, index)


def _add_exact_times(audformat: Any, database: Any, table: Any, places: pd.DataFrame, index: pd.Index) -> None:
    """Times that whole nanoseconds cannot hold stand as numbers beside the ratings."""
    if "start" not in places:
        return
    kept = seconds_of(index)
    if all(np.array_equal(places[name], kept[name], equal_nan=True) for name in ("start", "end")):
        return
    if "seconds" not in database.schemes:
        database.schemes["seconds"] = audformat.Scheme("float", description="exact time of a segment")
    for name in ("start", "end"):
        column = table[f"exact {name}"] = audformat.Column(scheme_id="seconds")
        column.meta["exact"] = name
        column.set(pd.Series(places[name].to_numpy(dtype=float), index=index))


def _add_items(audformat: Any, database: Any, items: pd.DataFrame) -> None:
    table = database[ITEMS_TABLE] = audformat.Table(audformat.filewise_index([str(item) for item in items.index]))
    for column in items.columns:
        series = items[column]
        if pd.api.types.is_bool_dtype(series.dtype):
            dtype = "bool"
        elif pd.api.types.is_integer_dtype(series.dtype):
            dtype = "int"
        elif pd.api.types.is_float_dtype(series.dtype):
            dtype = "float"
        elif series.dropna().map(lambda cell: isinstance(cell, str)).all():
            dtype = "str"
        else:
            raise BadInput(f"item column {column!r} holds neither text nor numbers", mend="convert or leave it out")
        scheme_id = unused(f"item {column}", set(database.schemes))
        database.schemes[scheme_id] = audformat.Scheme(dtype)
        name = unused(str(column), {"file"} | set(table.columns))
        added = table[name] = audformat.Column(scheme_id=scheme_id)
        added.meta["column"] = str(column)
        added.set(pd.Series(series.to_numpy(), index=table.index))


def _add_split(audformat: Any, database: Any, table_id: str, split: str, parts: Mapping[str, Sequence[str]]) -> None:
    ids = [str(item) for part in parts.values() for item in part]
    doubled = next((item for item in ids if ids.count(item) > 1), None) if len(set(ids)) < len(ids) else None
    if doubled is not None:
        raise BadInput(f"item {doubled!r} stands twice in split {split!r}")
    for part in parts:
        name = unused(f"{split}.{part}", set(database.splits))
        database.splits[name] = audformat.Split(SPLIT_TYPES.get(part, audformat.define.SplitType.OTHER))
    scheme_id = unused(f"split {split}", set(database.schemes))
    database.schemes[scheme_id] = audformat.Scheme("str", labels=list(parts))
    table = database[table_id] = audformat.Table(audformat.filewise_index(ids))
    table["part"] = audformat.Column(scheme_id=scheme_id)
    table["part"].set([part for part, members in parts.items() for _ in members])
