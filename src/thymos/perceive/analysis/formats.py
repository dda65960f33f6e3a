"""A table over time in the formats of the field: CSV, Parquet, EmotionML, audformat, OpenFace-style CSV."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.perceive.timeline import label_columns

RATER = "thymos"
# Columns that every OpenFace table begins with; readers find theirs by these names.
OPENFACE_COLUMNS = ("frame", "face_id", "timestamp", "confidence", "success")


def annotations_of(table: pd.DataFrame) -> Annotations:
    """The table as annotations: probabilities as intensities 0..1, valence and arousal -1..1, rater "thymos <signal>".

    Raises:
        BadInput: no row holds a number.
    """
    labels = label_columns(table)
    schemes: list[Scheme] = []
    rows: list[pd.DataFrame] = []
    for signal, part in table.groupby("signal", sort=False):
        own = [label for label in labels if part[label].notna().any()]
        # The face or speaker is part of who is meant, so it belongs to the item.
        item = part["file"].where(part["track"] == "", part["file"] + " " + part["track"])
        place = pd.DataFrame(
            {"item": item, "rater": f"{RATER} {signal}", "start": part["start"], "end": part["end"]}, index=part.index
        )
        # Pictures and texts have no extent in time.
        place.loc[place["start"] == place["end"], ["start", "end"]] = np.nan
        for name, columns, low in ((f"{signal}_labels", own, 0.0), (f"{signal}_plane", ["valence", "arousal"], -1.0)):
            present = [column for column in columns if part[column].notna().any()]
            if not present:
                continue
            kind = Kind.INTENSITY if low == 0 else Kind.DIMENSIONAL
            schemes.append(Scheme(name, kind, tuple(present), Construct.PERCEIVED, range=(low, 1.0)))
            for column in present:
                known = part[column].notna()
                filled = place[known].assign(scheme=name, label=column, value=part.loc[known, column].clip(low, 1.0))
                rows.append(filled)
    if not rows:
        raise BadInput("there is no number to write", where="timeline", mend="see the column quality for the reasons")
    return Annotations(pd.concat(rows, ignore_index=True), schemes, where="timeline")


def openface_table(table: pd.DataFrame) -> pd.DataFrame:
    """The faces as a table in the style of OpenFace: its first five columns, then one column a label.

    Frames are counted per file; ``success`` is 0 where the face was too poor to be judged.

    Raises:
        BadInput: there is no face in the table.
    """
    faces = table[table["signal"] == "face"]
    if len(faces) == 0:
        raise BadInput(
            "there is no face", where="timeline", mend="OpenFace tables hold faces only; write another format"
        )
    labels = [label for label in label_columns(faces) if faces[label].notna().any()]
    frame = faces.groupby("file", sort=False)["start"].transform(lambda start: pd.factorize(start)[0] + 1)
    face = faces.groupby("file", sort=False)["track"].transform(lambda track: pd.factorize(track)[0])
    front = pd.DataFrame(
        {
            "frame": frame.astype(int),
            "face_id": face.astype(int),
            "timestamp": faces["start"],
            "confidence": faces["confidence"].fillna(0.0),
            "success": (faces["quality"] == "ok").astype(int),
        }
    )
    return pd.concat([faces["file"].rename("file"), front, faces[labels]], axis=1).reset_index(drop=True)


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """CSV with four decimals; nothing is an empty cell."""
    return write_atomically(path, table.to_csv(index=False, float_format="%.4f"))


def write_parquet(table: pd.DataFrame, path: Path) -> Path:
    """Parquet, exact."""
    return write_atomically(path, table.to_parquet(index=False))


def write_openface(table: pd.DataFrame, path: Path) -> Path:
    """See ``openface_table``."""
    return write_atomically(path, openface_table(table).to_csv(index=False, float_format="%.4f"))


def write_emotionml(table: pd.DataFrame, path: Path) -> Path:
    """EmotionML 1.0."""
    from thymos.io.emotionml_annotations import write_annotations_emotionml

    return write_annotations_emotionml(annotations_of(table), path)


def write_audformat(table: pd.DataFrame, path: Path) -> Path:
    """An audformat database folder; needs the package audformat."""
    from thymos.io.audformat_writing import write_audformat as write

    return write(annotations_of(table), path, name="thymos analysis")


FORMATS: dict[str, Callable[[pd.DataFrame, Path], Path]] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "emotionml": write_emotionml,
    "audformat": write_audformat,
    "openface": write_openface,
}
SUFFIX_FORMATS = {".csv": "csv", ".parquet": "parquet", ".xml": "emotionml", ".emotionml": "emotionml"}


def format_of(path: Path, name: str = "") -> str:
    """The format's name: as given, else by the path's ending; a path without ending is an audformat folder.

    Raises:
        BadInput: an unknown format or ending.
    """
    found = name or ("audformat" if not path.suffix else SUFFIX_FORMATS.get(path.suffix.lower(), ""))
    if found not in FORMATS:
        raise BadInput(
            f"the format {name or path.suffix!r} is unknown", where=path, mend=f"use one of: {', '.join(FORMATS)}"
        )
    return found


def write_timeline(table: pd.DataFrame, path: str | Path, *, name: str = "") -> Path:
    """Write a table over time, whole or not at all.

    Args:
        table: see ``thymos.perceive.timeline``.
        path: the file; for audformat a folder.
        name: of the format; default: by the ending.
    """
    path = Path(path)
    return FORMATS[format_of(path, name)](table, path)
