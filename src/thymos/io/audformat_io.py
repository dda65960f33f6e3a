"""Annotations, items and splits as an audformat database on disk, and back without loss (here: back).

The database is what other audformat tools expect: one scheme a label scheme, one table a scheme with a column a
rater, raters and splits in the header. What audformat has no word for (kind, construct, excluded labels, anchors,
slots of unknown raters, guarantees of splits) stands in the header under ``meta``.

Needs the package audformat (``pip install "thymos[audformat]"``). Two traps of the package are closed here: it reads
headers with a YAML loader that can run code, and it prefers pickles to tables. Headers are read safely first, and a
folder that holds pickles is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations, anonymous_rater
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text, require_folder
from thymos.io.audformat_common import HEADER, ITEMS_TABLE, OURS, VERSION, import_audformat, seconds_of
from thymos.io.audformat_writing import database_of, write_audformat
from thymos.io.schemes import scheme_from_dict

__all__ = ["StoredCorpus", "database_of", "is_audformat", "load_database", "read_audformat", "write_audformat"]


@dataclass(frozen=True)
class StoredCorpus:
    """What an audformat folder holds.

    Args:
        annotations: every rating.
        items: one row an item, indexed by ``item``.
        splits: split name to part name to item ids.
        guarantees: split name to what it keeps apart, in words.
        sha256: of the folder's header and tables; "" before it is written.
        notes: what was left out of a foreign database.
        path: where it was read.
    """

    annotations: Annotations
    items: pd.DataFrame
    splits: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    guarantees: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    notes: tuple[str, ...] = ()
    path: str = ""


def is_audformat(path: str | Path) -> bool:
    """True for a folder with an audformat header."""
    return (Path(path) / HEADER).is_file()


def load_database(folder: str | Path) -> Any:
    """Load an ``audformat.Database`` without running anything that stands in its folder.

    Raises:
        Unavailable: audformat is not installed.
        BadInput: no such folder, no header, a header that is broken or holds code, pickles.
    """
    audformat = import_audformat()
    import yaml

    folder = require_folder(folder)
    if not is_audformat(folder):
        raise BadInput(f"there is no {HEADER}", where=folder, mend="name the folder of an audformat database")
    try:
        header = yaml.safe_load(read_text(folder / HEADER))
    except yaml.YAMLError as error:
        problem = str(error).splitlines()[0]
        raise BadInput(f"the header cannot be read safely ({problem})", where=folder / HEADER) from None
    if not isinstance(header, dict) or "name" not in header:
        raise BadInput("this is no audformat header", where=folder / HEADER)
    pickles = sorted(folder.glob("*.pkl"))
    if pickles:
        raise BadInput(
            "a pickle can run code and is refused", where=pickles[0], mend="save the tables as Parquet or CSV"
        )
    try:
        return audformat.Database.load(str(folder), load_data=True, num_workers=1, verbose=False)
    except Exception as error:
        raise BadInput(f"audformat cannot read this database ({error})", where=folder) from None


def read_audformat(
    folder: str | Path,
    *,
    schemes: Sequence[str] = (),
    columns: Sequence[str] = (),
    construct: Construct = Construct.PERCEIVED,
) -> StoredCorpus:
    """Read an audformat database: ours without loss, any other as far as its schemes say what a rating is.

    In a foreign database every column with a scheme is read as ratings, by its rater or, without one, by a slot.

    Args:
        folder: with ``db.yaml``.
        schemes: read only these schemes (foreign databases hold speakers and transcripts as schemes, too).
        columns: columns of a foreign database that describe the items (speaker, text) and are no ratings.
        construct: whose affect a foreign database is about.
    """
    database = load_database(folder)
    files = [path for path in Path(folder).iterdir() if path.name.startswith("db.") and path.is_file()]
    meta = database.meta.get(OURS)
    found = (
        _ours(database, meta, str(folder))
        if isinstance(meta, dict)
        else _foreign(database, schemes, columns, construct, str(folder))
    )
    annotations, items, splits, guarantees, notes = found
    return StoredCorpus(annotations, items, splits, guarantees, files_sha256(folder, files), notes, str(folder))


_Parts = tuple[Annotations, pd.DataFrame, dict[str, dict[str, tuple[str, ...]]], dict[str, str], tuple[str, ...]]


def _ours(database: Any, meta: Mapping[str, Any], where: str) -> _Parts:
    if meta.get("version") != VERSION:
        raise BadInput(f"version {meta.get('version')!r} is unknown, {VERSION} expected", where=where)
    try:
        schemes = [scheme_from_dict(one, where=where) for one in meta["schemes"]]
        rows = []
        for scheme in schemes:
            table_id = meta["tables"][scheme.name]
            if table_id in database.tables:
                rows.append(_ratings(database[table_id], scheme))
        splits = {}
        for split, about in meta["splits"].items():
            column = database[about["table"]]["part"].get().astype(object)
            files = column.index.get_level_values("file").astype(str)
            splits[split] = {part: tuple(files[(column == part).to_numpy()]) for part in about["parts"]}
        items = _items(database, meta["items"])
        guarantees = {str(split): str(text) for split, text in meta["guarantees"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"the header lacks {error}", where=f"{where}/{HEADER}", mend="write the database again"
        ) from None
    annotations = Annotations(pd.concat(rows, ignore_index=True), schemes, where=where)
    if items is None:
        items = pd.DataFrame(index=pd.Index(annotations.items, name="item"))
    return annotations, items, splits, guarantees, ()


def _ratings(table: Any, scheme: Scheme) -> pd.DataFrame:
    """The rows of one of our tables."""
    index = table.index
    times = seconds_of(index)
    columns = {id_: column for id_, column in table.columns.items() if "exact" not in column.meta}
    for column in table.columns.values():
        if "exact" in column.meta:
            times[column.meta["exact"]] = column.get().to_numpy(dtype=float, na_value=np.nan)
    files = index.get_level_values("file").astype(str)
    parts = []
    for column in columns.values():
        values = column.get().astype(object)
        filled = values.notna().to_numpy()
        fixed = column.meta.get("label")
        label = fixed if fixed is not None else scheme.labels[0]
        parts.append(
            pd.DataFrame(
                {
                    "item": files[filled],
                    "start": times["start"][filled],
                    "end": times["end"][filled],
                    "rater": column.rater_id,
                    "scheme": scheme.name,
                    "label": values[filled].to_numpy() if scheme.kind is Kind.CATEGORICAL else label,
                    "value": 1.0 if scheme.is_nominal else values[filled].to_numpy(dtype=float),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _items(database: Any, columns: Sequence[str] | None) -> pd.DataFrame | None:
    if columns is None:
        return None
    table = database[ITEMS_TABLE]
    index = pd.Index(table.index.get_level_values("file").astype(str).astype(object), name="item")
    items = pd.DataFrame(index=index)
    kinds = {"bool": bool, "int": "int64", "float": float}
    by_name = {column.meta["column"]: column for column in table.columns.values()}
    for name in columns:
        values = by_name[name].get()
        kind = kinds.get(database.schemes[by_name[name].scheme_id].dtype)
        whole = kind is not None and not (values.isna().any() and kind is not float)
        cells = values.astype(kind if whole else object)
        items[name] = cells.to_numpy() if whole else cells.where(cells.notna(), None).to_numpy()
    return items


def _foreign(database: Any, wanted: Sequence[str], about: Sequence[str], construct: Construct, where: str) -> _Parts:
    unknown = [name for name in wanted if name not in database.schemes]
    if unknown:
        raise BadInput(
            f"there is no scheme {unknown[0]!r}", where=where, mend=f"present: {', '.join(database.schemes)}"
        )
    rows, notes = [], []
    described: dict[str, list[pd.Series]] = {}
    for table_id, table in database.tables.items():
        for id_, column in table.columns.items():
            if id_ in about:
                described.setdefault(id_, []).append(column.get())
                continue
            if column.scheme_id is None or (wanted and column.scheme_id not in wanted):
                notes.append(f"column {table_id}.{id_} was not read")
                continue
            rows.append(_foreign_column(table, column))
    if not rows:
        raise BadInput("no table has a column with a scheme", where=where)
    frame = pd.concat(rows, ignore_index=True).drop_duplicates()
    if len(frame) == 0:
        raise BadInput("there is no rating", where=where)
    schemes = [
        _foreign_scheme(name, database.schemes[name], frame.loc[frame["scheme"] == name, "cell"], construct)
        for name in frame["scheme"].unique()
    ]
    nominal = {scheme.name: scheme.is_nominal for scheme in schemes}
    words = frame["scheme"].map(nominal).astype(bool).to_numpy()
    frame["label"] = np.where(words, frame["cell"].astype(str), frame["scheme"].astype(str))
    frame["value"] = np.where(words, 1.0, pd.to_numeric(frame["cell"], errors="coerce"))
    annotations = Annotations(frame.drop(columns="cell"), schemes, where=where)
    items = pd.DataFrame(index=pd.Index(annotations.items, name="item"))
    for name, values in described.items():
        joined = pd.concat(
            [one.astype(object).droplevel([n for n in one.index.names if n != "file"]) for one in values]
        )
        joined = joined[~joined.index.duplicated()]
        items[name] = joined.reindex(items.index).to_numpy()
    return annotations, items, {}, {}, tuple(notes)


def _foreign_column(table: Any, column: Any) -> pd.DataFrame:
    index = table.index
    values = column.get().astype(object)
    filled = values.notna().to_numpy()
    times = seconds_of(index)
    return pd.DataFrame(
        {
            "item": index.get_level_values("file").astype(str)[filled],
            "start": times["start"][filled],
            "end": times["end"][filled],
            "rater": column.rater_id or anonymous_rater(0),
            "scheme": column.scheme_id,
            "cell": values[filled].to_numpy(),
        }
    )


def _foreign_scheme(name: str, scheme: Any, cells: pd.Series, construct: Construct) -> Scheme:
    source = scheme.description or "audformat scheme"
    if scheme.labels is None and scheme.dtype in ("float", "int"):
        low = float(cells.min()) if scheme.minimum is None else float(scheme.minimum)
        high = float(cells.max()) if scheme.maximum is None else float(scheme.maximum)
        # A range that holds one number only is widened: the header did not say what it is.
        return Scheme(
            name, Kind.DIMENSIONAL, (name,), construct, (low, high) if low < high else (low, low + 1), source=source
        )
    used = [str(cell) for cell in pd.unique(cells)]
    labels = [str(label) for label in scheme.labels_as_list] if scheme.labels is not None else sorted(used)
    return Scheme(name, Kind.CATEGORICAL, tuple(dict.fromkeys(labels)), construct, source=source)
