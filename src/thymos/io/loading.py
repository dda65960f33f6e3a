"""One call for whatever a user has: CSV, TSV, Parquet, EmotionML or an audformat folder."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.files import files_sha256
from thymos.io.audformat_common import OURS
from thymos.io.audformat_io import load_database, read_audformat
from thymos.io.cells import cells_from_frame
from thymos.io.emotionml_annotations import read_annotations_emotionml
from thymos.io.predictions import predictions_from_cells, read_predictions
from thymos.io.schemes import FOUND_LABELS, FOUND_RANGE
from thymos.io.tables import Columns, Layout, RatedTable, read_annotations
from thymos.measure.predictions import Predictions

EMOTIONML_SUFFIXES = frozenset({".xml", ".emotionml"})


@dataclass(frozen=True)
class Reading:
    """How a user's files are to be read; the fields are those of ``read_annotations`` and ``read_predictions``."""

    columns: Columns = field(default_factory=Columns)
    layout: Layout = "auto"
    kind: str | None = None
    labels: tuple[str, ...] = ()
    scheme: str | None = None
    prediction: str | None = None
    miss: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"


def load_annotations(path: str | Path, reading: Reading | None = None) -> RatedTable:
    """Annotations from a file or folder, by its ending; one scheme is left where ``reading.scheme`` names it.

    Raises:
        BadInput: see ``read_annotations``, ``read_audformat`` and ``read_annotations_emotionml``.
    """
    reading = reading or Reading()
    path = Path(path)
    wanted = (*reading.columns.groups, *([reading.columns.text] if reading.columns.text else []))
    if path.is_dir():
        chosen = [reading.scheme] if reading.scheme else []
        corpus = read_audformat(path, schemes=chosen, columns=wanted)
        rated = RatedTable(
            corpus.annotations, _wanted(corpus.items, reading.columns, path), corpus.sha256, str(path), "audformat",
            corpus.notes,
        )  # fmt: skip
    elif path.suffix.lower() in EMOTIONML_SUFFIXES:
        rated = read_annotations_emotionml(path)
        rated = replace(rated, items=_wanted(rated.items, reading.columns, path))
    else:
        rated = read_annotations(
            path, columns=reading.columns, layout=reading.layout, kind=reading.kind, labels=reading.labels,
            delimiter=reading.delimiter, encoding=reading.encoding,
        )  # fmt: skip
    if reading.scheme is not None and len(rated.annotations.schemes) > 1:
        rated = replace(rated, annotations=rated.annotations.select(scheme=reading.scheme))
    return rated


def _wanted(items: pd.DataFrame, columns: Columns, path: Path) -> pd.DataFrame:
    for name in (*columns.groups, *([columns.text] if columns.text else [])):
        if name not in items.columns:
            present = ", ".join(map(str, items.columns)) or "none"
            raise BadInput(f"there is no item column {name!r}", where=path, mend=f"present: {present}")
    return items.rename(columns={columns.text: "text"}) if columns.text else items


def load_predictions(
    path: str | Path, scheme: Scheme, reading: Reading | None = None, *, name: str | None = None
) -> Predictions:
    """Predictions from a table file or an audformat folder.

    In an audformat folder they are the table ``predictions``, or the only table.
    """
    reading = reading or Reading()
    path = Path(path)
    if not path.is_dir():
        return read_predictions(
            path, scheme, item=reading.columns.item, value=reading.prediction, miss=reading.miss, name=name,
            delimiter=reading.delimiter, encoding=reading.encoding,
        )  # fmt: skip
    database = load_database(path)
    tables = dict(database.tables)
    chosen = "predictions" if "predictions" in tables else next(iter(tables), None)
    if chosen is None or (len(tables) > 1 and chosen != "predictions") or OURS in database.meta:
        raise BadInput(
            "there is no table with predictions",
            where=path,
            mend=f"name one of its tables 'predictions'; present: {', '.join(tables) or 'none'}",
        )
    frame = tables[chosen].df.reset_index().rename(columns={"file": reading.columns.item})
    if "start" in frame.columns:
        whole = frame["end"].isna()
        for column in ("start", "end"):
            frame[column] = frame[column].dt.total_seconds().mask(whole)
        if whole.all():
            frame = frame.drop(columns=["start", "end"])
    cells = cells_from_frame(frame, f"{path}, table {chosen!r}")
    found = predictions_from_cells(
        cells, scheme, item=reading.columns.item, value=reading.prediction or _answer(database, chosen),
        miss=reading.miss, name=name or path.name,
    )  # fmt: skip
    files = [one for one in path.iterdir() if one.name.startswith("db.") and one.is_file()]
    return Predictions(
        found.name, files_sha256(path, files), found.labels, found.probabilities, found.sets, found.numbers, str(path)
    )


def _answer(database: object, table: str) -> str | None:
    """The only column of a table is the answer, whatever its name."""
    columns = list(database[table].columns)  # type: ignore[index]
    return columns[0] if len(columns) == 1 else None


def align(first: RatedTable, second: RatedTable) -> tuple[RatedTable, RatedTable]:
    """Give two files one scheme, where it was found in the files: all labels, or the wider range.

    Raises:
        BadInput: the files name different schemes, or one holds labels and the other numbers.
    """
    a, b = first.annotations.scheme(), second.annotations.scheme()
    if a == b:
        return first, second
    found = {FOUND_LABELS, FOUND_RANGE}
    if a.source not in found or b.source not in found or a.is_nominal != b.is_nominal:
        raise BadInput(
            f"the schemes differ: {a.name!r} ({a.kind}) and {b.name!r} ({b.kind})",
            where=second.path,
            mend=f"use files with the scheme of {first.path}",
        )
    common = _union(a, b)
    return _under(first, common), _under(second, common)


def _union(a: Scheme, b: Scheme) -> Scheme:
    labels = tuple(dict.fromkeys([*a.labels, *b.labels]))
    if a.is_nominal:
        kind = Kind.MULTILABEL if Kind.MULTILABEL in (a.kind, b.kind) else Kind.CATEGORICAL
        return replace(a, labels=tuple(sorted(labels)), kind=kind)
    low = min((a.range or (0, 0))[0], (b.range or (0, 0))[0])
    high = max((a.range or (0, 0))[1], (b.range or (0, 0))[1])
    return replace(a, labels=labels, range=(low, high))


def _under(rated: RatedTable, scheme: Scheme) -> RatedTable:
    table = rated.annotations.table.assign(scheme=scheme.name)
    return replace(rated, annotations=Annotations(table, scheme, where=rated.path))
