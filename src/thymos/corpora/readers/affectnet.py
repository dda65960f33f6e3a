"""AffectNet: faces from the web with one of eight expressions and valence and arousal (-1 to 1).

Source: Mollahosseini, Hasani, Mahoor, IEEE TAC 2017 (on request): academic research only, get your own copy.
Two layouts:
- the first release: ``training.csv`` and ``validation.csv`` (also in ``Manually_Annotated_file_lists``): columns
  subDirectory_filePath, face_x, face_y, face_width, face_height, facial_landmarks, expression (codes 0 to 10), valence,
  arousal; pictures in ``Manually_Annotated_Images``. Item id = path of the picture (a path that comes again has
  ``#line`` added);
- the later release: ``train_set`` and ``val_set`` with ``images/N.jpg`` and ``annotations/N_exp.npy``, ``N_val.npy``,
  ``N_aro.npy`` (read without pickles). Item id ``train/N`` or ``valid/N``.
Item columns: part, emotion, valence, arousal (NaN where there is none), image_path ("" where this copy lacks it) and,
in the first release, the face box in pixels. Annotations: expression and valence/arousal of one annotator (rater
"gold").
Splits: official = train and valid; the test set was not released, so papers report on valid.
Traps: select on a part of train, not on valid. Faces without an expression (none, uncertain, no_face) carry -2 for
valence and arousal. Train is skewed to happiness and neutral, valid is balanced. One annotator a face: no agreement.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file
from thymos.errors import BadInput
from thymos.files import files_sha256, require_folder

__all__ = ["EXPRESSIONS", "READER", "read"]

LISTS = {"train": "training.csv", "valid": "validation.csv"}
LIST_FOLDER, IMAGES = "Manually_Annotated_file_lists", "Manually_Annotated_Images"
SETS = {"train": "train_set", "valid": "val_set"}
COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression",
           "valence", "arousal")  # fmt: skip
NO_VALUE = -2.0
MOST_BYTES = 4096  # of an annotation file: it holds one number
EXPRESSIONS = get_scheme("affectnet11")
AXES = get_scheme("valence_arousal")

CARD = Card(
    slug="affectnet",
    title="AffectNet",
    description="Faces from the web with one of eight expressions and valence and arousal, annotated by hand.",
    source="http://mohammadmahoor.com/pages/databases/affectnet/",
    citation="Mollahosseini, Hasani, Mahoor. AffectNet: a database for facial expression, valence, and arousal "
    "computing in the wild. IEEE Transactions on Affective Computing, 2017.",
    licence="academic research only; may not be passed on",
    redistribution=False,
    consent_basis="Pictures were collected by web search; the people shown were not asked.",
    intended_use="Research on perceived facial expression.",
    prohibited_use="Passing on pictures; identifying people; inferring emotion in hiring, schooling or policing.",
    languages=("und",),
    modality=("face",),
    known_traps=(
        "The test set was not released: papers report on the validation part, so never select on it.",
        "Valence and arousal are -2 where there is no expression: they are no ratings.",
        "Train is skewed to happiness and neutral, validation is balanced.",
        "One annotator a face: there is no human ceiling in the release.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read either layout; pictures are referenced by ``image_path``."""
    require_folder(folder)
    later = all((folder / name / "annotations").is_dir() for name in SETS.values())
    rows, read_files = _from_arrays(folder) if later else _from_lists(folder)
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, str(folder)),
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, read_files),
    )


def _annotations(items: pd.DataFrame, where: str) -> Annotations:
    parts = [
        pd.DataFrame(
            {"item": items.index, "scheme": EXPRESSIONS.name, "label": items["emotion"].to_numpy(), "value": 1.0}
        )
    ]
    schemes = [EXPRESSIONS]
    rated = items[items["valence"].notna()]
    if len(rated):
        schemes.append(AXES)
        parts += [
            pd.DataFrame({"item": rated.index, "scheme": AXES.name, "label": axis, "value": rated[axis].to_numpy()})
            for axis in AXES.labels
        ]
    return Annotations(pd.concat(parts, ignore_index=True).assign(rater="gold"), schemes, where=where)


def _labels(expression: str, valence: str, arousal: str, where: str) -> dict[str, Any]:
    """The columns emotion, valence and arousal from the texts of a release."""
    if not expression.isdecimal() or int(expression[:3]) >= len(EXPRESSIONS.labels):
        raise BadInput(f"expression {expression[:20]!r} is not 0..{len(EXPRESSIONS.labels) - 1}", where=where)
    values = {}
    for axis, text in (("valence", valence), ("arousal", arousal)):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if value != NO_VALUE and not -1 <= value <= 1:
            raise BadInput(f"{axis} {text[:20]!r} is not -1..1 (or -2 for none)", where=where)
        values[axis] = math.nan if value == NO_VALUE else value
    if math.isnan(values["valence"]) != math.isnan(values["arousal"]):
        raise BadInput("one of valence and arousal is -2, the other is not", where=where)
    return {"emotion": EXPRESSIONS.labels[int(expression)], **values}


# -- first release ------------------------------------------------------------------------------------------------


def _from_lists(folder: Path) -> tuple[dict[str, dict[str, Any]], list[Path]]:
    paths = {part: find_file(folder, f"{LIST_FOLDER}/{name}", name) for part, name in LISTS.items()}
    present = {path.relative_to(folder / IMAGES).as_posix() for path in (folder / IMAGES).glob("*/*")}
    root = (folder / IMAGES).resolve()
    rows: dict[str, dict[str, Any]] = {}
    for part, path in paths.items():
        empty = True
        for number, row in _rows(path):
            empty = False
            name, where = row[0], f"{path}, line {number}"
            if not name:
                raise BadInput("the path of the picture is empty", where=where)
            item = name if name not in rows else f"{name}#{path.stem}{number}"
            box = {column: _pixels(row[COLUMNS.index(column)], column, where) for column in COLUMNS[1:5]}
            labels = _labels(row[6], row[7], row[8], where)
            image = str(root / name) if name in present else ""
            rows[item] = {"part": part, **labels, "image_path": image, **box}
        if empty:
            raise BadInput("the file has no row", where=path, mend="get the release again")
    return rows, list(paths.values())


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with their lines, one after the other: the landmarks make the file of the release large."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        try:
            for row in reader:
                if not row or (reader.line_num == 1 and row[0] == COLUMNS[0]):
                    continue
                if len(row) != len(COLUMNS):
                    raise BadInput(
                        f"{len(row)} fields found, {len(COLUMNS)} expected", where=f"{path}, line {reader.line_num}"
                    )
                yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadInput(
                f"this is not a table ({type(error).__name__})", where=f"{path}, line {reader.line_num}"
            ) from None


def _pixels(text: str, column: str, where: str) -> int:
    if not text.removeprefix("-").isdecimal() or len(text) > 9:
        raise BadInput(f"{column} {text[:20]!r} is not a whole number", where=where)
    return int(text)


# -- later release ------------------------------------------------------------------------------------------------


def _from_arrays(folder: Path) -> tuple[dict[str, dict[str, Any]], list[Path]]:
    rows: dict[str, dict[str, Any]] = {}
    read_files: list[Path] = []
    for part, name in SETS.items():
        home = folder / name / "annotations"
        present = {path.stem: path for path in (folder / name / "images").glob("*.jpg")}
        numbers = sorted(path.name.removesuffix("_exp.npy") for path in home.glob("*_exp.npy"))
        if not numbers:
            raise BadInput("there is no file N_exp.npy", where=home, mend="get the release again")
        for number in sorted(numbers, key=lambda text: (len(text), text)):
            paths = [find_file(home, f"{number}_{kind}.npy") for kind in ("exp", "val", "aro")]
            expression, valence, arousal = (_scalar(path) for path in paths)
            labels = _labels(expression, valence, arousal, str(paths[0]))
            image = str(present[number].resolve()) if number in present else ""
            rows[f"{part}/{number}"] = {"part": part, **labels, "image_path": image}
            read_files += paths
    return rows, read_files


def _scalar(path: Path) -> str:
    """The one number of an annotation file, which the release keeps as text or as a number."""
    if path.stat().st_size > MOST_BYTES:
        raise BadInput("the file is too large for one number", where=path)
    try:
        value = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, MemoryError):
        raise BadInput("this is no array file (.npy) of one number", where=path, mend="get the file again") from None
    if value.size != 1 or value.dtype.kind not in "Uif":
        raise BadInput(f"one number is needed, not {value.dtype} of shape {value.shape}", where=path)
    return str(value.reshape(-1)[0])


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("expressions", 8, lambda corpus: len(set(corpus.items["emotion"]) & set(EXPRESSIONS.classes))),
    ),
)
