"""BAH: webcam answers to seven questions, with or without ambivalence or hesitancy (A/H); video-level split.

Source: sbelharbi/bah-dataset; the data by request form (institutional e-mail, statement of use). Paper:
González-González et al., arXiv 2505.19328. Code: BSD-3; the transcripts are of people on file and are not bundled.
User-supplied.
Layout: ``dataset-splits/video-level/BAH_DB/split-0/{train,val,test}.txt`` (or ``folds/BAH_DB/split-0/``, or the three
files in the folder itself), one video a line, ``relative_path,label,transcript``; the transcript may hold commas and
is not quoted. The path is ``Videos/<participant>/Visite_<visit>/<participant>_Question_<1-7>_<date>_<time>_Video.mp4``.
Label 1 = with A/H, 0 = without (``class_id.yaml``). 616 / 110 / 392 videos of 143 / 25 / 56 people (the v1 split).
Features of frames, where the authors' extraction was run:
``features/<data folder>/<relative_path>/{video,vggish,bert,EXPR_continuous_label}.npy``, frames x numbers each; they
are found by name and opened when asked for (``frame_features``); of them the data hash holds names and sizes.
Traps: the label is tied to the question that was asked (four of seven were meant to elicit A/H): a table of seven
rates is a strong floor; read an area within questions beside every area.
"""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.frame_arrays import listed_sha256, read_frames
from thymos.corpora.simulated import is_simulated
from thymos.corpora.split import Split
from thymos.corpora.tables import find_file
from thymos.errors import BadInput, Unavailable
from thymos.files import read_text

__all__ = ["FRAME_LABELS", "READER", "STREAMS", "frame_features", "read"]

PARTS = ("train", "val", "test")
PLACES = ("dataset-splits/video-level/BAH_DB/split-0", "folds/BAH_DB/split-0")
NAME = re.compile(
    r"(?:.*/)?(?P<participant>\d+)/Visite_(?P<visit>\d+)/(?P=participant)_Question_(?P<question>[1-7])_"
    r"(?P<date>\d{4}-\d{2}-\d{2})_(?P<time>\d{2}-\d{2}-\d{2})[^/]*"
)
FORM = "<participant>/Visite_<visit>/<participant>_Question_<1-7>_<date>_<time>_Video.mp4"
STREAMS = ("video", "vggish", "bert")
FRAME_LABELS = "EXPR_continuous_label"
INTENDED = ("neutral", "positive", "negative", "ambivalent", "willing", "resistant", "hesitant")
"""What each of the seven questions was meant to elicit."""

SCHEME = get_scheme("ambivalence2")
GROUPS = ("participant",)

CARD = Card(
    slug="bah",
    title="BAH",
    description="Transcripts of webcam answers to seven questions about behavior change, labeled for ambivalence or "
    "hesitancy; features of frames where the user extracted them.",
    source="https://github.com/sbelharbi/bah-dataset",
    citation="González-González, Belharbi, Zeeshan, Sharafi, Aslam, Koerich, Pedersoli, Bacon, Granger. BAH dataset "
    "for ambivalence/hesitancy recognition in videos for behavioural change. arXiv 2505.19328.",
    licence="by request form and license agreement; research only",
    redistribution=False,
    consent_basis="Participants recorded themselves for the study; the data are given out on request only.",
    intended_use="Research on ambivalence and hesitancy for digital health that people chose to use.",
    prohibited_use="Passing the data on; identifying people; inferring the state of people in hiring, schooling or "
    "policing.",
    languages=("en",),
    modality=("text", "speech", "face"),
    known_traps=(
        "The question alone predicts most of the label: state the question-only floor and areas within questions.",
        "These lists are the v1 split (1,118 videos); published v2 numbers are on another split (1,427 videos).",
        "Transcripts hold commas and no quotes: only the first two commas of a line divide fields.",
        "The label is one consensus; single raters and the cues are not in these lists.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the lists; items carry text, label, participant, visit, question, intended, date, part, words, path."""
    names = {part: tuple(f"{place}/{part}.txt" for place in PLACES) for part in PARTS}
    paths = {part: find_file(Path(folder), *names[part], f"{part}.txt") for part in PARTS}
    rows: dict[str, dict[str, object]] = {}
    for part, path in paths.items():
        for item, row in _rows(path):
            if item in rows:
                raise BadInput(f"video {item!r} stands twice (also in {rows[item]['part']})", where=path)
            rows[item] = {**row, "part": part}
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    items["features_path"] = _feature_folders(Path(folder), list(items.index))
    listed = [file for place in items["features_path"] if place for file in sorted(Path(place).glob("*.npy"))]
    ratings = pd.DataFrame({"item": items.index, "rater": "gold", "label": items["label"].to_numpy()})
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=Annotations(ratings, SCHEME, where=str(folder)),
        splits={"official": Split.from_column("official", items["part"], items, GROUPS)},
        card=CARD,
        sha256=listed_sha256(Path(folder), paths.values(), listed),
        groups=GROUPS,
        simulated=is_simulated(folder),
    )


def _rows(path: Path) -> list[tuple[str, dict[str, object]]]:
    found = []
    for number, line in enumerate(read_text(path).removeprefix("\ufeff").split("\n"), start=1):
        text = line.removesuffix("\r")
        if not text.strip():
            continue
        where = f"{path}, line {number}"
        fields = text.split(",", 2)
        if len(fields) < 3:
            raise BadInput(f"{len(fields)} fields found, 3 expected (path, label, transcript)", where=where)
        name, label, transcript = fields
        match = NAME.fullmatch(name)
        if match is None:
            raise BadInput(f"path {name!r} is not of the form {FORM}", where=where)
        if label not in ("0", "1"):
            raise BadInput(f"label {label!r} is neither 0 nor 1", where=where)
        row: dict[str, object] = {
            "text": transcript,
            "label": canonical_label(SCHEME.name, label),
            "participant": match["participant"],
            "visit": int(match["visit"]),
            "question": int(match["question"]),
            "intended": INTENDED[int(match["question"]) - 1],
            "date": match["date"],
            "words": len(transcript.split()),
        }
        found.append((name, row))
    if not found:
        raise BadInput("the file is empty", where=path)
    return found


# -- features of frames -----------------------------------------------------------------------------------------------


def _feature_folders(folder: Path, items: list[str]) -> list[str]:
    """The folder of each video's features, "" where there is none."""
    roots = sorted(root for root in (folder / "features").glob("*") if root.is_dir())
    found = []
    for item in items:
        own = [root / item for root in roots if (root / item).is_dir()]
        found.append(str(own[0]) if own else "")
    return found


def frame_features(corpus: Corpus, item: str, stream: str) -> npt.NDArray[np.float32]:
    """Precomputed features of a video, shape (frames, numbers); ``FRAME_LABELS`` gives shape (frames, 1), 0 or 1.

    Raises:
        BadInput: no such item, a file that holds something else.
        Unavailable: this copy has no such features.
    """
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    folder = str(corpus.items["features_path"][item])
    path = Path(folder) / f"{stream}.npy"
    if not folder or not path.is_file():
        raise Unavailable(f"{corpus.slug}: this copy has no features {stream!r} of {item}")
    return read_frames(path)


def _videos(part: str, count: int) -> Published:
    return Published(f"{part} videos", count, lambda corpus: int((corpus.items["part"] == part).sum()))


def _people(part: str, count: int) -> Published:
    return Published(
        f"{part} people", count, lambda corpus: corpus.items.loc[corpus.items["part"] == part, "participant"].nunique()
    )


def _with(part: str, count: int) -> Published:
    return Published(
        f"{part} videos with A/H",
        count,
        lambda corpus: int(((corpus.items["part"] == part) & (corpus.items["label"] == "present")).sum()),
    )


READER = Reader(
    card=CARD,
    read=read,
    published=(
        *(_videos(part, count) for part, count in zip(PARTS, (616, 110, 392), strict=True)),
        *(_people(part, count) for part, count in zip(PARTS, (143, 25, 56), strict=True)),
        *(_with(part, count) for part, count in zip(PARTS, (340, 59, 239), strict=True)),
    ),
)
