"""RAF-DB: faces from the web with one of seven basic emotions by crowd vote.

Source: Li, Deng, Du, CVPR 2017 (on request): non-commercial research, get your own copy.
Layout (the part "basic"; in the folder itself or below ``basic``): ``EmoLabel/list_patition_label.txt`` (sic; also
beside the pictures' folder), lines of ``train_00001.jpg 5`` with codes 1 surprise, 2 fear, 3 disgust, 4 happiness, 5
sadness, 6 anger, 7 neutral; ``Image/aligned/train_00001_aligned.jpg`` (100 x 100) or
``Image/original/train_00001.jpg``.
Items: pictures, id ``train_00001``; ``image_path`` prefers the aligned picture, "" where this copy lacks it.
Annotations: the winning label (rater "gold"). Splits: official = train and test as the names say.
Traps: the votes themselves are not part of this list; there is no development part: take one from train, never from
test. People may stand in several pictures and are not named. Happiness is the largest class by far.
"""

from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import check_unique, check_vocabulary, find_file, read_lines
from thymos.errors import BadInput
from thymos.files import files_sha256

__all__ = ["READER", "SCHEME", "read"]

LIST = "list_patition_label.txt"
CODES = {"1": "surprise", "2": "fear", "3": "disgust", "4": "happiness", "5": "sadness", "6": "anger", "7": "neutral"}
PARTS = ("train", "test")
SCHEME = get_scheme("ekman6_neutral")

CARD = Card(
    slug="rafdb",
    title="RAF-DB (basic emotions)",
    description="Real-world Affective Faces: faces from the web with one of seven basic emotions by crowd vote.",
    source="http://www.whdeld.cn/RAF/model1.html",
    citation="Li, Deng, Du. Reliable crowdsourcing and deep locality-preserving learning for expression recognition in "
    "the wild. CVPR 2017.",
    licence="non-commercial research; may not be passed on",
    redistribution=False,
    consent_basis="Pictures were collected by web search; the people shown were not asked.",
    intended_use="Research on perceived facial expression.",
    prohibited_use="Passing on pictures; identifying people; inferring emotion in hiring, schooling or policing.",
    languages=("und",),
    modality=("face",),
    known_traps=(
        "There is no development part: take one from train, never from test.",
        "People are not named: nothing keeps them apart.",
        "Only the winning label is in the list, not the votes.",
        "Happiness is the largest class by far: report macro scores.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the list of labels; items carry part, emotion and image_path."""
    path = find_file(folder, f"basic/EmoLabel/{LIST}", f"EmoLabel/{LIST}", f"basic/{LIST}", LIST)
    table = read_lines(path, ("name", "code"), delimiter=None)
    check_vocabulary(table["code"], CODES, where=path, what="emotion code")
    check_unique(table["name"], where=path, what="picture")
    part = table["name"].str.partition("_")[0]
    check_vocabulary(part, PARTS, where=path, what="part in the picture's name")
    ids = table["name"].str.removesuffix(".jpg")
    base = next((folder / name for name in ("basic/Image", "Image") if (folder / name).is_dir()), folder)
    present = {file.name.removesuffix(".jpg"): file for file in sorted(base.glob("original/*.jpg"))}
    present |= {file.name.removesuffix("_aligned.jpg"): file for file in sorted(base.glob("aligned/*_aligned.jpg"))}
    items = pd.DataFrame(
        {
            "part": part.to_numpy(),
            "emotion": table["code"].map(CODES).to_numpy(),
            "image_path": [str(present[item].resolve()) if item in present else "" for item in ids],
        },
        index=pd.Index(ids, name="item"),
    )
    if not items.index.is_unique:
        raise BadInput(f"picture {items.index[items.index.duplicated()][0]!r} stands twice", where=path)
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["emotion"].to_numpy()})
    own = [present[item] for item in items.index if item in present]
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(path)),
        splits={"official": Split.from_column("official", items["part"], items)},
        card=CARD,
        sha256=files_sha256(folder, [path, *own]),
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(Published("basic emotions", 7, lambda corpus: corpus.items["emotion"].nunique()),),
)
