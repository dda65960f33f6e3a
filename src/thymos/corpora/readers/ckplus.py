"""CK+: posed and spontaneous facial expressions of adults from neutral to the peak, seven emotions, action units.

Source: the extended Cohn-Kanade database, on request under a signed agreement: get your own copy and pass nothing on.
Paper: Lucey, Cohn, Kanade, Saragih, Ambadar, Matthews, CVPR workshops 2010.
Two layouts:
- CK+48 (grey crops of 48 x 48, the last three frames of each labeled sequence): ``<emotion>/S010_004_00000017.png``,
  also below a folder ``CK+48``. Items: pictures, id = file name without ending;
- the official one: ``cohn-kanade-images/S010/004/S010_004_00000017.png``, ``Emotion/S010/004/*_emotion.txt`` (code 1 to
  7 of the sequence's peak) and ``FACS/S010/004/*_facs.txt`` (unit and intensity; 0 = not given). Items: the last frame
  of each sequence (the peak), with ``onset_path`` (first frame, neutral) and ``frames``; sequences without an emotion
  file have no rating. Table ``action_units``.
Item columns: subject, sequence, frame, emotion ("" without), image_path, image_row (always -1: a file of its own).
Splits: ``ten_folds``, ten parts that keep subjects apart.
Traps: people have several sequences, with three near-identical frames each in CK+48: keep subjects apart, count
sequences. There is no neutral class in CK+48. Expressions are posed in the laboratory. Contempt is rare.
"""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text, require_folder

__all__ = ["READER", "SCHEME", "read"]

SCHEME = get_scheme("ckplus7")  # in the order of the official codes 1 to 7
FOLDERS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
IMAGES, EMOTIONS, UNITS = "cohn-kanade-images", "Emotion", "FACS"
NAME = re.compile(r"(S\d{3})_(\d{3})_(\d{8})")
FOLDS = 10

CARD = Card(
    slug="ckplus",
    title="CK+",
    description="Extended Cohn-Kanade: facial expressions from neutral to the peak with one of seven emotions and "
    "action units.",
    source="https://www.jeffcohn.net/resources/",
    citation="Lucey, Cohn, Kanade, Saragih, Ambadar, Matthews. The extended Cohn-Kanade dataset (CK+): a complete "
    "dataset for action unit and emotion-specified expression. CVPR workshops 2010.",
    licence="signed agreement, non-commercial research; may not be passed on",
    redistribution=False,
    consent_basis="Volunteers consented; only some allowed publication of their picture.",
    intended_use="Evaluation of facial expression recognition.",
    prohibited_use="Passing on pictures; identifying people; inferring emotion in hiring, schooling or policing.",
    languages=("und",),
    modality=("face",),
    known_traps=(
        "CK+48 holds three near-identical frames a sequence: count sequences and keep subjects apart.",
        "CK+48 has no neutral class.",
        "Expressions are posed; scores on them say little about faces in daily life.",
        "Contempt and fear are rare: macro scores on them are noisy.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read either layout; see the module's docstring for the items of each."""
    require_folder(folder)
    if (folder / IMAGES).is_dir():
        items, units, read_files = _sequences(folder)
    else:
        items, units, read_files = _crops(folder)
    labeled = items[items["emotion"] != ""]
    ratings = pd.DataFrame({"item": labeled.index, "rater": "gold", "label": labeled["emotion"].to_numpy()})
    folds = min(FOLDS, items["subject"].nunique())
    shares = {f"fold_{number}": 1 / folds for number in range(1, folds + 1)}
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)) if len(labeled) else None,
        splits={"ten_folds": Split.grouped(items, "subject", shares, seed=0, groups=("sequence",), name="ten_folds")},
        card=CARD,
        sha256=files_sha256(folder, read_files),
        groups=("subject", "sequence"),
        tables={"action_units": units} if len(units) else {},
    )


def _crops(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    root = folder / "CK+48" if (folder / "CK+48").is_dir() else folder
    rows: dict[str, dict[str, Any]] = {}
    paths = []
    for name in FOLDERS:
        for path in sorted((root / name).glob("*.png")):
            item, row = _named(path)
            if item in rows:
                raise BadInput(f"picture {item!r} stands in two folders", where=path)
            rows[item] = row | {"emotion": canonical_label(SCHEME.name, name)}
            paths.append(path)
    if not rows:
        raise BadInput(
            f"there is neither {IMAGES} nor a folder {FOLDERS[0]} with pictures", where=folder, mend="check the path"
        )
    return _table(rows), pd.DataFrame(), paths


def _sequences(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    rows: dict[str, dict[str, Any]] = {}
    units: list[tuple[str, str, float]] = []
    read_files: list[Path] = []
    for home in sorted(path for path in (folder / IMAGES).glob("S*/*") if path.is_dir()):
        frames = sorted(path for path in home.glob("*.png") if not path.name.startswith("."))
        if not frames:
            continue  # the release has folders that hold nothing
        item, row = _named(frames[-1])
        place = Path(home.parent.name) / home.name
        emotion, emotion_files = _emotion(folder / EMOTIONS / place)
        own, unit_files = _units(folder / UNITS / place)
        rows[item] = row | {"emotion": emotion, "onset_path": str(frames[0].resolve()), "frames": len(frames)}
        units += [(item, unit, intensity) for unit, intensity in own]
        read_files += [frames[-1], frames[0], *emotion_files, *unit_files]
    if not rows:
        raise BadInput(f"there is no sequence in {IMAGES}", where=folder, mend="get the release again")
    table = pd.DataFrame(units, columns=["item", "unit", "intensity"])
    return _table(rows), table, list(dict.fromkeys(read_files))


def _named(path: Path) -> tuple[str, dict[str, Any]]:
    found = NAME.fullmatch(path.stem)
    if found is None:
        raise BadInput("the name is not SUBJECT_SEQUENCE_FRAME, e.g. S010_004_00000017", where=path)
    subject, sequence, frame = found.groups()
    return path.stem, {
        "subject": subject, "sequence": f"{subject}_{sequence}", "frame": int(frame),
        "image_path": str(path.resolve()), "image_row": -1,
    }  # fmt: skip


def _table(rows: dict[str, dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")


def _emotion(home: Path) -> tuple[str, list[Path]]:
    paths = sorted(home.glob("*_emotion.txt"))
    if not paths:
        return "", []
    text = read_text(paths[0]).strip()
    code = _number(text, f"{paths[0]}, line 1")
    if code == 0:  # neutral: the release names the code and does not use it
        return "", paths
    if not code.is_integer() or not 1 <= code <= len(SCHEME.labels):
        raise BadInput(f"emotion code {text[:20]!r} is not 1..{len(SCHEME.labels)}", where=f"{paths[0]}, line 1")
    return SCHEME.labels[int(code) - 1], paths


def _units(home: Path) -> tuple[list[tuple[str, float]], list[Path]]:
    """Action units of a sequence with their intensity (A to E as 1 to 5); NaN where the coder gave none."""
    paths = sorted(home.glob("*_facs.txt"))
    found = []
    for path in paths[:1]:
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            fields = line.split()
            if not fields:
                continue
            where = f"{path}, line {number}"
            if len(fields) != 2:
                raise BadInput(f"{len(fields)} numbers found, unit and intensity expected", where=where)
            unit, intensity = _number(fields[0], where), _number(fields[1], where)
            if not unit.is_integer() or unit < 1 or not 0 <= intensity <= 5:
                raise BadInput("the unit or its intensity (0..5) is out of range", where=where)
            found.append((f"AU{int(unit)}", intensity or float("nan")))
    return found, paths


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"{text[:20]!r} is not a number", where=where) from None


def _crop_count(label: str | None, count: int) -> Published:
    """A count of CK+48; the official layout has other items."""

    def measure(corpus: Corpus) -> int | None:
        if "onset_path" in corpus.items.columns:
            return None
        return len(corpus.items) if label is None else int((corpus.items["emotion"] == label).sum())

    note = "CK+48 alone: three frames a labeled sequence"
    return Published("pictures of CK+48" if label is None else f"{label} pictures of CK+48", count, measure, note)


READER = Reader(
    card=CARD,
    read=read,
    published=(
        _crop_count(None, 981),
        *(
            _crop_count(label, count)
            for label, count in zip(SCHEME.labels, (135, 54, 177, 75, 207, 84, 249), strict=True)
        ),
    ),
)
