"""FER+: ten votes over eight emotions, "unknown" and "not a face" for the 35,887 grey 48x48 faces of FER2013.

Source: votes microsoft/FERPlus, ``fer2013new.csv`` (MIT); pixels FER2013 (web pictures, research use: not to be passed
on). Papers: Barsoum et al., ICMI 2016; Goodfellow et al., 2013.
Layouts of the pictures, all optional and read lazily:
- folders ``FER2013Train``, ``FER2013Valid``, ``FER2013Test`` with ``ferNNNNNNN.png`` (and ``label.csv``: name,
  optionally a face box, ten votes, no header; where fer2013new.csv is missing the votes come from there);
- ``fer2013.csv`` (emotion, pixels, Usage), joined to ``fer2013new.csv`` by row;
- ``train.csv``, ``valid.csv``, ``test.csv`` (image, strip, row, votes) with ``strips/*.png``, many faces one above
  the other.
Item ids: the image name; a row without a name, or whose name stood before, is ``row<line of fer2013new.csv>``.
Splits: official = Usage Training / PublicTest / PrivateTest as train / valid / test.
Traps: 173 rows (ten votes "not a face") have no picture; four names stand twice, once with other votes; one row has
nine votes. 1,513 groups of pictures share all pixels and 556 of them cross the splits: see ``exact_duplicates`` and
report with and without them. Papers differ in their label rule: name yours and how many pictures it leaves.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.pictures import exact_duplicates, load_image
from thymos.corpora.split import Split
from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    find_file,
    numbers,
    optional_file,
    read_cells,
    require_columns,
)
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text

__all__ = ["READER", "SCHEME", "exact_duplicates", "load_image", "read"]

VOTES = "fer2013new.csv"
PIXELS = "fer2013.csv"
EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
COLUMNS = {**{name: name for name in (*EMOTIONS, "unknown")}, "NF": "not_a_face"}
PARTS = {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}
FOLDERS = {"train": "FER2013Train", "valid": "FER2013Valid", "test": "FER2013Test"}
VOTERS = 10

SCHEME = get_scheme("ferplus")
LABELS = SCHEME.labels

CARD = Card(
    slug="ferplus",
    title="FER+",
    description="Votes of ten crowd workers over eight emotions for the face pictures of FER2013.",
    source="https://github.com/microsoft/FERPlus",
    citation="Barsoum, Zhang, Canton Ferrer, Zhang. Training deep networks for facial expression recognition with "
    "crowd-sourced label distribution. ICMI 2016. Pictures: Goodfellow et al., 2013.",
    licence="votes MIT; pictures: research use only",
    redistribution=False,
    consent_basis="Pictures were collected by web search; the people shown were not asked.",
    intended_use="Research on perceived facial expression and on label ambiguity.",
    prohibited_use="Identifying people; inferring the emotion of people in hiring, schooling or policing.",
    languages=("und",),
    modality=("face",),
    known_traps=(
        "1,513 groups of pictures share all pixels; 556 cross the official splits: report without them too.",
        "Votes have no rater identity.",
        "Keep rates depend on the rule and on whether unknown and not_a_face count: name both.",
        "Four image names stand in two rows, once with different votes; 173 rows have no picture.",
        "Disgust and contempt are rare: macro scores on them are noisy.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the votes; pictures are referenced by ``image_path`` and ``image_row``, "" and -1 where there is none."""
    votes_path = optional_file(folder, VOTES)
    if votes_path is not None:
        items, counts, read_files = _from_votes(folder, votes_path)
    else:
        items, counts, read_files = _from_folders(folder)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations.from_counts(counts, SCHEME, where=str(read_files[0])),
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, read_files),
    )


def _from_votes(folder: Path, path: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    table = read_cells(path)
    require_columns(table, ["Usage", "Image name", *COLUMNS], where=str(path))
    check_vocabulary(table["Usage"], PARTS, where=path, what="usage")
    names = table["Image name"]
    named = (names != "") & ~names.duplicated()
    ids = names.where(named, "row" + table.index.astype(str))
    items = pd.DataFrame({"part": table["Usage"].map(PARTS), "image": names, "line": table.index})
    counts = pd.DataFrame(
        {label: numbers(table[column], where=path, low=0, whole=True) for column, label in COLUMNS.items()}
    )
    items.index = counts.index = pd.Index(ids, name="item")
    references, read_files = _references(folder, items, counts)
    return items.assign(**references), counts, [path, *read_files]


def _references(folder: Path, items: pd.DataFrame, counts: pd.DataFrame) -> tuple[dict[str, pd.Series], list[Path]]:
    """``image_path`` and ``image_row`` of every item, and the tables that were read for them."""
    paths = pd.Series("", index=items.index, dtype=object)
    rows = pd.Series(-1, index=items.index, dtype="int64")
    strips = [folder / f"{part}.csv" for part in FOLDERS]
    if all(path.is_file() for path in strips):
        for part, path in zip(FOLDERS, strips, strict=True):
            _strip_references(folder, part, path, items, counts, paths, rows)
        return {"image_path": paths, "image_row": rows}, strips
    pixels = optional_file(folder, PIXELS)
    if pixels is not None:
        paths[:] = str(pixels)
        rows[:] = np.arange(len(items))
        return {"image_path": paths, "image_row": rows}, []
    for part, name in FOLDERS.items():
        present = {path.name: str(path) for path in (folder / name).glob("*.png")}
        chosen = (items["part"] == part) & items.index.isin(present)
        paths[chosen] = items.index[chosen].map(present)
    return {"image_path": paths, "image_row": rows}, []


def _strip_references(
    folder: Path, part: str, path: Path, items: pd.DataFrame, counts: pd.DataFrame, paths: pd.Series, rows: pd.Series
) -> None:
    table = read_cells(path)
    require_columns(table, ["image", "strip", "row", *COLUMNS], where=str(path))
    check_unique(table["image"], where=path, what="image")
    row = numbers(table["row"], where=path, low=0, whole=True)
    votes = pd.DataFrame(
        {label: numbers(table[column], where=path, low=0, whole=True) for column, label in COLUMNS.items()}
    )
    wanted = items[(items["part"] == part) & (items["image"] != "")]
    strangers = ~table["image"].isin(wanted["image"]).to_numpy()
    if strangers.any():
        line = table.index[int(strangers.argmax())]
        raise BadInput(f"image {table['image'][line]!r} is not in {VOTES} for {part}", where=f"{path}, line {line}")
    # Where a name stands in two rows of fer2013new.csv, the picture belongs to the first row that has its votes.
    line = pd.Series(table.index, index=table["image"]).reindex(wanted["image"])
    present = line.notna().to_numpy()
    own, line = wanted.index[present], line[present].to_numpy(dtype=np.int64)
    same = (counts.loc[own, list(LABELS)].to_numpy() == votes.loc[line, list(LABELS)].to_numpy()).all(axis=1)
    own, line = own[same], line[same]
    first = ~pd.Series(line).duplicated().to_numpy()
    own, line = own[first], line[first]
    if len(line) < len(table):
        other = table.index.difference(line)[0]
        raise BadInput(
            f"image {table['image'][other]!r} has other votes than in {VOTES}", where=f"{path}, line {other}"
        )
    paths[own] = [str(folder / "strips" / name) for name in table.loc[line, "strip"]]
    rows[own] = row[line].to_numpy()


def _from_folders(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    found = {part: folder / name / "label.csv" for part, name in FOLDERS.items()}
    if not all(path.is_file() for path in found.values()):
        find_file(folder, VOTES, *(f"{name}/label.csv" for name in FOLDERS.values()))
    frames = []
    for part, path in found.items():
        lines = [line for line in read_text(path).splitlines() if line.strip()]
        if not lines:
            raise BadInput("the file is empty", where=path)
        for number, line in enumerate(lines, start=1):
            # name[, "(0, 0, 48, 48)"], ten votes: the votes are the last ten fields.
            fields = line.split(",")
            if len(fields) < 1 + len(LABELS):
                raise BadInput(
                    f"{len(fields)} fields found, a name and {len(LABELS)} votes expected",
                    where=f"{path}, line {number}",
                )
            frames.append((fields[0], part, number, *fields[-len(LABELS) :]))
    table = pd.DataFrame(frames, columns=["image", "part", "line", *LABELS])
    parts = []
    for part, path in found.items():
        own = table[table["part"] == part].set_index("line")
        check_unique(own["image"], where=path, what="image")
        parts.append(
            pd.DataFrame({label: numbers(own[label], where=path, low=0, whole=True) for label in LABELS}).set_index(
                own["image"]
            )
        )
    counts = pd.concat(parts)
    counts.index.name = "item"
    doubled = counts.index.duplicated()
    if doubled.any():
        raise BadInput(f"image {counts.index[doubled][0]!r} stands in two parts", where=folder)
    items = table[["part", "image", "line"]].set_index(counts.index)
    paths = [
        str(folder / FOLDERS[part] / name) if (folder / FOLDERS[part] / name).is_file() else ""
        for part, name in zip(items["part"], items["image"], strict=True)
    ]
    return items.assign(image_path=paths, image_row=-1), counts, list(found.values())


def _rows(part: str, count: int) -> Published:
    return Published(
        f"{part} rows", count, lambda corpus: int((corpus.items["part"] == part).sum()),
        "folders with label.csv hold only the rows with a picture",
    )  # fmt: skip


def _named(part: str, count: int) -> Published:
    return Published(
        f"{part} rows with an image name",
        count,
        lambda corpus: int(((corpus.items["part"] == part) & (corpus.items["image"] != "")).sum()),
        "published are picture files; four names stand in two rows of fer2013new.csv (3 train, 1 test)",
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published(
            "rows", 35887, lambda corpus: len(corpus.items), "folders with label.csv hold only the rows with a picture"
        ),
        _rows("train", 28709),
        _rows("valid", 3589),
        _rows("test", 3589),
        _named("train", 28558),
        _named("valid", 3579),
        _named("test", 3573),
        Published(
            "votes",
            358870,
            lambda corpus: len(corpus.rated()),
            "one train row of the release has nine votes",
        ),
    ),
)
