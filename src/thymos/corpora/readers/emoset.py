"""EmoSet: pictures labeled with one of eight evoked emotions and six attributes (brightness, scene, objects ...).

Source: JingyuanYY/EmoSet (loader and ``info.json`` MIT; the pictures are for non-commercial research, get your own
copy).
Paper: Yang, Huang, Ding, Lischinski, Cohen-Or, Huang, ICCV 2023.
Layout: ``info.json`` (label to code of the emotions and of each attribute), ``train.json``, ``val.json``, ``test.json``
(lists of [emotion, picture id, picture path, annotation path]), ``annotation/<emotion>/<id>.json`` (attribute to
label), ``image/<emotion>/<id>.jpg``. Items: pictures, id = picture id; ``path`` is the absolute path of the picture, ""
where this copy lacks it. Annotations: the emotion (rater "gold", evoked). Splits: official = the three lists.
``attributes`` reads the attributes when they are asked for, ``vocabulary`` the labels of an ``info.json`` alone.
Traps: attribute codes hold only together with the ``info.json`` beside them; a missing attribute is -1 (object: no
label) and means "not annotated", not "absent"; labels come from machines and people together and no single vote is
released.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256

__all__ = ["ATTRIBUTES", "MISSING", "READER", "attributes", "read", "vocabulary"]

INFO = "info.json"
LISTS = {"train": "train.json", "val": "val.json", "test": "test.json"}
ONE_LABEL = ("brightness", "colorfulness", "scene", "facial_expression", "human_action")
SEVERAL_LABELS = "object"
ATTRIBUTES = (*ONE_LABEL, SEVERAL_LABELS)
MISSING = -1
"""Code of an attribute that was not annotated."""
SCHEME = get_scheme("mikels8")

CARD = Card(
    slug="emoset",
    title="EmoSet",
    description="Pictures from the web with the emotion that they evoke (eight of Mikels) and six attributes.",
    source="https://github.com/JingyuanYY/EmoSet",
    citation="Yang, Huang, Ding, Lischinski, Cohen-Or, Huang. EmoSet: a large-scale visual emotion dataset with rich "
    "attributes. ICCV 2023.",
    licence="code MIT; pictures: non-commercial research",
    redistribution=False,
    consent_basis="Pictures were collected by web search; the people shown were not asked.",
    intended_use="Research on the emotions that pictures evoke.",
    prohibited_use="Commercial use; identifying people; inferring the emotion of people.",
    languages=("en",),
    modality=("image",),
    known_traps=(
        "Attribute codes hold only with the info.json of the same release.",
        "A missing attribute was not annotated: leave it out of the loss, do not read it as absent.",
        "No single votes are released: there is no human ceiling.",
        "Pictures were found by emotion words: search words may leak into what is shown.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the three lists; items carry part, emotion, path and annotation_path."""
    info_path = find_file(folder, INFO)
    _check_emotions(vocabulary(folder), info_path)
    lists = {part: find_file(folder, name) for part, name in LISTS.items()}
    rows: dict[str, dict[str, str]] = {}
    for part, path in lists.items():
        listed = read_json(path)
        if not isinstance(listed, list) or not listed:
            raise BadInput("a list of pictures is needed", where=path)
        for number, entry in enumerate(listed, start=1):
            item, row = _entry(entry, folder, f"{path}, entry {number}")
            if item in rows:
                raise BadInput(f"picture {item!r} stands twice", where=f"{path}, entry {number}")
            rows[item] = {"part": part, **row}
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    present = {str(path) for path in (folder / "image").resolve().rglob("*.jpg")}
    items["path"] = items["path"].where(items["path"].isin(present), "")
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["emotion"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, [info_path, *lists.values()]),
    )


def vocabulary(folder: str | Path) -> dict[str, tuple[str, ...]]:
    """The labels of an ``info.json`` in the order of their codes: ``"emotion"`` and each of ``ATTRIBUTES``.

    Args:
        folder: the folder with ``info.json``; nothing else of the release is needed.

    Raises:
        BadInput: no such file, an attribute is missing, codes that are not 0, 1, 2 ..., two tables that disagree.
    """
    path = find_file(Path(folder), INFO)
    info = require_fields(read_json(path), ["emotion", *ATTRIBUTES], where=str(path))
    labels = {}
    for name in ("emotion", *ATTRIBUTES):
        where = f"{path}, {name}"
        tables = require_fields(info[name], ["label2idx", "idx2label"], where=where)
        codes, back = tables["label2idx"], tables["idx2label"]
        if not isinstance(codes, Mapping) or not isinstance(back, Mapping) or not codes:
            raise BadInput("label2idx and idx2label must be objects", where=where)
        if not all(type(code) is int for code in codes.values()) or sorted(codes.values()) != list(range(len(codes))):
            raise BadInput("the codes are not 0, 1, 2 ...", where=where)
        if {str(key): str(label) for key, label in back.items()} != {str(code): label for label, code in codes.items()}:
            raise BadInput("label2idx and idx2label disagree", where=where)
        labels[name] = tuple(sorted(codes, key=lambda label: int(codes[label])))
    return labels


def attributes(corpus: Corpus, items: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the attributes of pictures.

    Args:
        corpus: what ``read`` returned.
        items: which pictures; default all (one small file each: minutes for the whole release).

    Returns:
        Index = items; for brightness, colorfulness, scene, facial_expression and human_action the code, -1 where
        not annotated; for object a tuple of codes, empty where not annotated.

    Raises:
        BadInput: an unknown item, a missing or damaged annotation file, a label that info.json does not have.
    """
    chosen = list(corpus.items.index) if items is None else list(items)
    unknown = [item for item in chosen if item not in corpus.items.index]
    if unknown:
        raise BadInput(f"there is no item {unknown[0]!r}", where=corpus.slug)
    first = Path(str(corpus.items["annotation_path"].iloc[0]))
    codes = {
        name: {label: code for code, label in enumerate(labels)}
        for name, labels in vocabulary(first.parents[2]).items()
    }
    rows = [_attributes(Path(str(corpus.items["annotation_path"][item])), codes) for item in chosen]
    return pd.DataFrame(rows, index=pd.Index(chosen, name="item"), columns=list(ATTRIBUTES))


def _attributes(path: Path, codes: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    content = require_fields(read_json(path), [], where=str(path))

    def code(name: str, label: Any) -> int:
        # Bins are numbers in the annotation and texts in info.json: 0.3 and "0.3".
        if str(label) not in codes[name]:
            raise BadInput(f"unknown {name} {str(label)[:40]!r}", where=path, mend=f"see {name} in {INFO}")
        return codes[name][str(label)]

    row: dict[str, Any] = {name: code(name, content[name]) if name in content else MISSING for name in ONE_LABEL}
    several = content.get(SEVERAL_LABELS, [])
    if not isinstance(several, list):
        raise BadInput("object must be a list of labels", where=path)
    return row | {SEVERAL_LABELS: tuple(code(SEVERAL_LABELS, label) for label in several)}


def _check_emotions(labels: Mapping[str, tuple[str, ...]], path: Path) -> None:
    if labels["emotion"] != SCHEME.labels:
        raise BadInput(
            f"the emotions are {', '.join(labels['emotion'])}", where=path, mend=f"expected: {', '.join(SCHEME.labels)}"
        )


def _entry(entry: Any, folder: Path, where: str) -> tuple[str, dict[str, str]]:
    if not isinstance(entry, list) or len(entry) != 4 or not all(isinstance(field, str) and field for field in entry):
        raise BadInput("four texts are needed: emotion, picture id, picture path, annotation path", where=where)
    emotion, item, picture, annotation = entry
    if emotion not in SCHEME.labels:
        raise BadInput(f"unknown emotion {emotion!r}", where=where, mend=f"legal: {', '.join(SCHEME.labels)}")
    for name, start in ((picture, "image"), (annotation, "annotation")):
        parts = PurePosixPath(name).parts
        if len(parts) != 3 or parts[:2] != (start, emotion) or ".." in parts:
            raise BadInput(f"path {name[:80]!r} is not {start}/{emotion}/NAME", where=where)
    root = folder.resolve()
    return item, {"emotion": emotion, "path": str(root / picture), "annotation_path": str(root / annotation)}


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("labeled pictures", 118102, lambda corpus: len(corpus.items)),
        Published("emotions", 8, lambda corpus: corpus.items["emotion"].nunique()),
    ),
)
