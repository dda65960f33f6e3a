"""CEAP-360VR: 32 people traced their valence and arousal (1-9) with a joystick while watching eight 360-degree videos.

Source: cwi-dis/CEAP-360VR-Dataset, CC BY-NC 4.0. Paper: Xue, El Ali, Zhang, Ding, Cesar, IEEE T-MM 2021.
Layout (all below ``CEAP-360VR/``, or in the folder itself): ``1_Stimuli/VideoInfo.json``,
``2_QuestionnaireData/Pn_Questionnaire_Data.json``, ``3_AnnotationData/Transformed/Pn_Annotation_TransData.json``. The
raw and frame-wise variants of the traces, physiology and behavior are not read.
Items: participant x video, id ``P1/V1``. Annotations: the one rating of valence and arousal after each video (SAM),
rater = participant, scheme ``continuous_valence_arousal``. The traces are read when they are asked for: ``trace``.
Tables: ``videos`` (with the target quadrant, from the pilot study's ratings; V0 is the training video and has none),
``participants``, ``questionnaires`` (SSQ, IPQ and NASA-TLX, one row an answer).
Splits: ``participants``, eight parts of four people each; ``videos``, one part a video.
Traps: traces differ in length and time stamps (about 8.3 samples a second): resample to one grid. Nearly every trace
starts at the middle, 5. Questionnaire answers are numbers divided by blanks in one text. With a split by participants
the videos are shared, so the mean trace of a video is a strong floor; with a split by videos the people are shared.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.tables import file_version, find_file, read_json, require_fields
from thymos.errors import BadInput
from thymos.files import files_sha256, require_folder

__all__ = ["QUADRANTS", "READER", "SCHEME", "read", "trace"]

ROOT = "CEAP-360VR"
VIDEOS = "1_Stimuli/VideoInfo.json"
ANSWERS = "2_QuestionnaireData"
TRACES = "3_AnnotationData/Transformed"
MIDDLE = 5.0  # of the scale 1..9
QUADRANTS = {(True, True): "HVHA", (True, False): "HVLA", (False, True): "LVHA", (False, False): "LVLA"}
"""(valence above the middle, arousal above the middle) to the name of the quadrant."""
QUESTIONNAIRES = ("SSQ 0", "SSQ 1", "SSQ 2", "IPQ 1", "IPQ 2", "NASA-TLX 1", "NASA-TLX 2")
FOLDS = 8
SCHEME = get_scheme("continuous_valence_arousal")

CARD = Card(
    slug="ceap360vr",
    title="CEAP-360VR",
    description="Continuous valence and arousal that people reported of themselves while watching 360-degree videos in "
    "a headset, with a rating after each video and questionnaires.",
    source="https://github.com/cwi-dis/CEAP-360VR-Dataset",
    citation="Xue, El Ali, Zhang, Ding, Cesar. CEAP-360VR: a continuous physiological and behavioral emotion "
    "annotation dataset for 360° VR videos. IEEE Transactions on Multimedia, 2021.",
    licence="CC BY-NC 4.0",
    redistribution=False,
    consent_basis="Volunteers consented to the study; the data are pseudonymous.",
    intended_use="Research on continuous self-reported valence and arousal.",
    prohibited_use="Commercial use; inferring the emotion of people in hiring, schooling or policing.",
    languages=("en",),
    modality=("ratings", "video"),
    known_traps=(
        "Traces differ in length and time stamps: resample to one grid.",
        "Nearly every trace starts at the middle of the scale, whatever the video.",
        "A split by participants shares the videos: the mean trace of a video is the floor to beat.",
        "The rating after a video is another measure than the mean of its trace.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read videos, questionnaires and the ratings after each video; traces are referenced by ``trace_path``."""
    require_folder(folder)
    root = folder / ROOT if (folder / ROOT).is_dir() else folder
    videos_path = find_file(root, VIDEOS)
    videos = _videos(videos_path)
    paths = _numbered(root / ANSWERS, "_Questionnaire_Data.json")
    traces = _numbered(root / TRACES, "_Annotation_TransData.json")
    if set(paths) != set(traces):
        participant = sorted(set(paths) ^ set(traces))[0]
        lacking = ANSWERS if participant in traces else TRACES
        raise BadInput(f"there is no file of participant {participant!r}", where=root / lacking)
    rows: dict[str, dict[str, Any]] = {}
    people, answers = [], []
    for participant, path in paths.items():
        record = _record(path, participant)
        people.append(_person(record, participant))
        answers += _answers(record, participant, path)
        for item, row in _watched(record, participant, path, set(videos["video"])).items():
            rows[item] = row | {"trace_path": str(traces[participant].resolve())}
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    quadrants = videos.set_index("video")["quadrant"]
    items["quadrant"] = items["video"].map(quadrants)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, str(root / ANSWERS)),
        splits=_splits(items),
        card=CARD,
        sha256=files_sha256(folder, [videos_path, *paths.values(), *traces.values()]),
        groups=("participant", "video"),
        tables={
            "videos": videos,
            "participants": pd.DataFrame(people),
            "questionnaires": pd.DataFrame(
                answers, columns=["participant", "questionnaire", "occasion", "question", "answer"]
            ),
        },
    )


def trace(corpus: Corpus, item: str) -> pd.DataFrame:
    """The continuous trace of one item.

    Args:
        corpus: what ``read`` returned.
        item: e.g. ``"P1/V1"``.

    Returns:
        Columns time (seconds since the start of the video, rising), valence and arousal (1 .. 9); about 500 rows.

    Raises:
        BadInput: an unknown item, a file that lacks the trace, times that do not rise, values outside 1 .. 9.
    """
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    row = corpus.items.loc[item]
    path, video = str(row["trace_path"]), str(row["video"])
    samples = _traces(path, str(row["participant"]), file_version(path)).get(video)
    where = f"{path}, video {video!r}"
    if samples is None:
        raise BadInput("there is no trace", where=where, mend="get the release again")
    try:
        table = np.array([(s["TimeStamp"], s["Valence"], s["Arousal"]) for s in samples], dtype=float)
    except (TypeError, KeyError, ValueError):
        raise BadInput("a sample is not TimeStamp, Valence and Arousal", where=where) from None
    if len(table) < 2 or not (np.diff(table[:, 0]) > 0).all():
        raise BadInput("the times of the trace do not rise", where=where)
    low, high = SCHEME.range or (1, 9)
    if not ((table[:, 1:] >= low) & (table[:, 1:] <= high)).all():
        raise BadInput(f"a value of the trace is outside {low:g}..{high:g}", where=where)
    return pd.DataFrame(table, columns=["time", "valence", "arousal"])


@lru_cache(maxsize=2)
def _traces(path: str, participant: str, version: tuple[int, int]) -> Mapping[str, Any]:
    """Video to samples of one participant's file; kept for the next video of the same person."""
    file = Path(path)
    record = _first(read_json(file), "ContinuousAnnotation_TransData", path)
    record = require_fields(record, ["ParticipantID", "Video_Annotation_TransData"], where=path)
    if record["ParticipantID"] != participant:
        raise BadInput(f"this is the file of {record['ParticipantID']!r}, not of {participant!r}", where=path)
    listed = record["Video_Annotation_TransData"]
    if not isinstance(listed, list):
        raise BadInput("Video_Annotation_TransData must be a list", where=path)
    fields = [require_fields(entry, ["VideoID", "TimeStamp_Valence_Arousal"], where=path) for entry in listed]
    return {str(entry["VideoID"]): entry["TimeStamp_Valence_Arousal"] for entry in fields}


# -- parts of the release -----------------------------------------------------------------------------------------


def _numbered(folder: Path, ending: str) -> dict[str, Path]:
    """Participant to file, in the order of their numbers."""
    found = {path.name.removesuffix(ending): path for path in folder.glob(f"P*{ending}")}
    strange = [name for name in found if not name[1:].isdecimal()]
    if strange or not found:
        raise BadInput(
            f"there is no file P1{ending}" if not found else f"{strange[0]!r} is no participant", where=folder
        )
    return {name: found[name] for name in sorted(found, key=lambda name: int(name[1:]))}


def _first(value: Any, name: str, where: str) -> Any:
    """The only entry of the list ``name``."""
    listed = require_fields(value, [name], where=where)[name]
    if not isinstance(listed, list) or len(listed) != 1:
        raise BadInput(f"{name} must be a list of one entry", where=where)
    return listed[0]


def _videos(path: Path) -> pd.DataFrame:
    listed = require_fields(read_json(path), ["VideoInfo"], where=str(path))["VideoInfo"]
    if not isinstance(listed, list) or not listed:
        raise BadInput("VideoInfo must be a list of videos", where=path)
    wanted = {
        "VideoDuration": "duration", "FrameRate": "frame_rate", "OriginalValence": "original_valence",
        "OriginalArousal": "original_arousal", "PilotStudyValence": "pilot_valence",
        "PilotStudyArousal": "pilot_arousal",
    }  # fmt: skip
    rows = []
    for number, entry in enumerate(listed, start=1):
        where = f"{path}, video {number}"
        require_fields(entry, ["VideoID", "VideoFileName", *wanted], where=where)
        values = {name: _number(entry[key], key, where) for key, name in wanted.items()}
        rated = values["pilot_valence"] > 0 and values["pilot_arousal"] > 0
        high = values["pilot_valence"] > MIDDLE, values["pilot_arousal"] > MIDDLE
        row = {"video": str(entry["VideoID"]), "title": str(entry["VideoFileName"])}
        rows.append({**row, **values, "quadrant": QUADRANTS[high] if rated else ""})
    table = pd.DataFrame(rows)
    if not table["video"].is_unique:
        raise BadInput(f"video {table['video'][table['video'].duplicated()].iloc[0]!r} stands twice", where=path)
    return table


def _number(value: Any, what: str, where: str, low: float = 0, high: float = float("inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadInput(f"{what} {value!r} is not a number {low:g}..{high:g}", where=where)
    return float(value)


def _record(path: Path, participant: str) -> Mapping[str, Any]:
    record = _first(read_json(path), "QuestionnaireData", str(path))
    fields = ["ParticipantID", "Age", "Gender", "VideoOrder", "Video_SAMRating_VideoTime_Data", *QUESTIONNAIRES]
    record = require_fields(record, fields, where=str(path))
    if record["ParticipantID"] != participant:
        raise BadInput(f"this is the file of {record['ParticipantID']!r}, not of {participant!r}", where=path)
    return record


def _person(record: Mapping[str, Any], participant: str) -> dict[str, Any]:
    return {
        "participant": participant,
        "age": record["Age"],
        "gender": record["Gender"],
        "experience": record.get("VR Experience", ""),
        "profession": record.get("Profession", ""),
        "first_group": record.get("FirstGroup", ""),
        "video_order": str(record["VideoOrder"]).strip(),
    }


def _answers(record: Mapping[str, Any], participant: str, path: Path) -> list[tuple[str, str, int, int, int]]:
    found = []
    for name in QUESTIONNAIRES:
        questionnaire, occasion = name.rsplit(" ", 1)
        for question, text in enumerate(str(record[name]).split(), start=1):
            if not text.removeprefix("-").isdecimal():
                raise BadInput(f"{name}: {text[:20]!r} is not a whole number", where=path)
            found.append((participant, questionnaire, int(occasion), question, int(text)))
    return found


def _watched(record: Mapping[str, Any], participant: str, path: Path, known: set[str]) -> dict[str, dict[str, Any]]:
    """The videos that a participant rated: item to its columns."""
    listed = record["Video_SAMRating_VideoTime_Data"]
    if not isinstance(listed, list) or not listed:
        raise BadInput("Video_SAMRating_VideoTime_Data must be a list of videos", where=path)
    rows: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(listed, start=1):
        where = f"{path}, rated video {number}"
        require_fields(entry, ["VideoID", "ValenceValue", "ArousalValue"], where=where)
        video = str(entry["VideoID"])
        if video not in known:
            raise BadInput(f"unknown video {video!r}", where=where, mend=f"known: {', '.join(sorted(known))}")
        item = f"{participant}/{video}"
        if item in rows:
            raise BadInput(f"video {video!r} stands twice", where=where)
        rows[item] = {
            "participant": participant,
            "video": video,
            "valence": _number(entry["ValenceValue"], "ValenceValue", where, 1, 9),
            "arousal": _number(entry["ArousalValue"], "ArousalValue", where, 1, 9),
        }
    return rows


def _annotations(items: pd.DataFrame, where: str) -> Annotations:
    ratings = [
        pd.DataFrame({"item": items.index, "rater": items["participant"], "label": axis, "value": items[axis]})
        for axis in SCHEME.labels
    ]
    return Annotations(pd.concat(ratings, ignore_index=True), SCHEME, where=where)


def _splits(items: pd.DataFrame) -> dict[str, Split]:
    people = list(dict.fromkeys(items["participant"]))
    # Every eighth person: those who started with the same half of the experiment do not fall into one part.
    fold = {person: f"fold_{number % FOLDS + 1}" for number, person in enumerate(people)}
    groups = ("participant", "video")
    return {
        "participants": Split.from_column("participants", items["participant"].map(fold), items, groups),
        "videos": Split.from_column("videos", items["video"], items, groups),
    }


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("participants", 32, lambda corpus: corpus.items["participant"].nunique()),
        Published("videos", 8, lambda corpus: corpus.items["video"].nunique()),
        Published("traces", 256, lambda corpus: len(corpus.items)),
    ),
)
