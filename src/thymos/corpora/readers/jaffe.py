"""JAFFE: ten Japanese women posed six emotions and neutral, a few pictures each.

Source: Lyons, Kamachi, Gyoba, FG 1998 (Zenodo, on request): non-commercial research, get your own copy.
Layout: pictures ``KA.AN1.39.tiff`` (poser, emotion AN DI FE HA NE SA SU with the number of the take, running number) in
the folder itself or in ``jaffe`` or ``jaffedbase``; optional ``README`` with mean ratings on six emotion
words (lines of number, six means, picture). Items: pictures, id = file name without ending. The mean ratings are
columns (``mean_happiness`` ..), NaN where there is none. Annotations: what the poser was asked to show (rater "gold",
intended). Splits: ``subjects``, one part a poser (leave one subject out).
Traps: ten posers: intervals over subjects are wide. Posed and rated expression differ in many pictures, fear most of
all. The ratings hold no column for neutral. Every picture is of a young woman of one country.
"""

import re
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import optional_file
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text, require_folder

__all__ = ["READER", "SCHEME", "read"]

CODES = {"AN": "anger", "DI": "disgust", "FE": "fear", "HA": "happiness", "NE": "neutral", "SA": "sadness",
         "SU": "surprise"}  # fmt: skip
RATED = ("happiness", "sadness", "surprise", "anger", "disgust", "fear")  # order of the columns HAP SAD SUR ANG DIS FEA
NAME = re.compile(rf"([A-Z]{{2}})\.({'|'.join(CODES)})(\d)\.(\d{{1,3}})")
RATING_LINE = re.compile(rf"\s*\d+((?:\s+\d\.\d+){{6}})\s+([A-Z]{{2}})-({'|'.join(CODES)})(\d)\s*")
SCHEME = get_scheme("ekman6_neutral", construct="intended")

CARD = Card(
    slug="jaffe",
    title="JAFFE",
    description="Japanese Female Facial Expression: ten women posed six emotions and neutral.",
    source="https://zenodo.org/records/3451524",
    citation="Lyons, Kamachi, Gyoba. Coding facial expressions with Gabor wavelets. FG 1998.",
    licence="non-commercial research; may not be passed on",
    redistribution=False,
    consent_basis="The posers consented to research use.",
    intended_use="Evaluation of facial expression recognition.",
    prohibited_use="Passing on pictures; identifying people; inferring emotion in hiring, schooling or policing.",
    languages=("ja",),
    modality=("face",),
    known_traps=(
        "Ten posers: leave subjects out and give intervals over subjects.",
        "The label is what was posed; the mean ratings disagree in many pictures, most for fear.",
        "Young women of one country: nothing is known about other faces.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the names of the pictures, and the mean ratings where the README is there."""
    require_folder(folder)
    root = next((folder / name for name in ("jaffe", "jaffedbase") if (folder / name).is_dir()), folder)
    rows: dict[str, dict[str, object]] = {}
    paths = sorted(path for ending in ("*.tiff", "*.tif") for path in root.glob(ending))
    for path in paths:
        found = NAME.fullmatch(path.stem)
        if found is None:
            raise BadInput("the name is not POSER.EMOTION.NUMBER, e.g. KA.AN1.39", where=path)
        subject, code, take, _ = found.groups()
        rows[path.stem] = {
            "subject": subject, "emotion": CODES[code], "take": int(take), "image_path": str(path.resolve()),
        }  # fmt: skip
    if not rows:
        raise BadInput("there is no picture such as KA.AN1.39.tiff", where=root, mend="check the path")
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    readme = optional_file(root, "README", "README.txt")
    if readme is not None:
        items = items.join(_ratings(readme), on=["subject", "emotion", "take"])
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["emotion"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(root)),
        splits={"subjects": Split.from_column("subjects", items["subject"], items, ("subject",))},
        card=CARD,
        sha256=files_sha256(folder, [*paths, *([readme] if readme else [])]),
        groups=("subject",),
    )


def _ratings(path: Path) -> pd.DataFrame:
    """Mean ratings (1..5) by poser, emotion and take; lines of another form are prose."""
    rows = {}
    for number, line in enumerate(read_text(path, encoding="latin-1").splitlines(), start=1):
        found = RATING_LINE.fullmatch(line)
        if found is None:
            continue
        means = [float(value) for value in found[1].split()]
        if not all(1 <= mean <= 5 for mean in means):
            raise BadInput("a mean rating is outside 1..5", where=f"{path}, line {number}")
        key = (found[2], CODES[found[3]], int(found[4]))
        if key in rows:
            raise BadInput(f"picture {found[2]}-{found[3]}{found[4]} stands twice", where=f"{path}, line {number}")
        rows[key] = means
    index = pd.MultiIndex.from_tuples(list(rows), names=["subject", "emotion", "take"]) if rows else None
    if index is None:
        return pd.DataFrame(
            columns=[f"mean_{name}" for name in RATED],
            index=pd.MultiIndex.from_arrays([[], [], []], names=["subject", "emotion", "take"]),
            dtype=float,
        )
    return pd.DataFrame(list(rows.values()), index=index, columns=[f"mean_{name}" for name in RATED])


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("posers", 10, lambda corpus: corpus.items["subject"].nunique()),
        Published("emotions with neutral", 7, lambda corpus: corpus.items["emotion"].nunique()),
    ),
)
