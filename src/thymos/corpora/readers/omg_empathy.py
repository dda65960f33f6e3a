"""OMG-Empathy: ten listeners hear eight told stories each and trace how they felt, frame by frame; 80 videos.

Source: pablovin/OmgEmapathyPlus (annotations); videos by e-mail to the authors. Paper: Barros, Churamani, Lim,
Wermter, ACII 2019, arXiv 1908.11706. Licence of the data: CC BY-NC-SA 3.0 DE, research only, not to be passed on (the
LICENSE file of the repository is about code). User-supplied.
Layout: ``Annotations/SelfAnnotations|listener_ThirdParty|speaker_thirdParty/Subject_<1-10>_Story_<1-8>.csv`` (header
``valence``, one row a video frame, CRLF), ``Annotations/Transcriptions/transcribed_subject_N_story_M.ass|.srt``
(optional), ``Subject_N_Story_M.mp4`` anywhere below the folder (optional).
Items: subject x story, id ``Subject_1_Story_2``. Traces and transcripts are read when they are asked for: ``trace``,
``transcript``. There are no annotations beside the traces.
Splits: ``official`` by story, train 2, 4, 5, 8, valid 1, test 3, 6, 7 [inferred: the published table scores story 1 as
validation, and the transcribed stories are 1, 2, 4, 5, 8]; the subjects are the same in all parts. ``subjects``: one
part a subject. The data hash leaves the videos out: they are large and optional.
Traps: values are -1..1 (the readme says 0..1); the rate of 25 frames a second is inferred; 28 % of the frames of the
self-annotation are exactly 0. Names of transcripts differ in spelling (``Story_4``, ``story2``): read without regard to
case they cover 53 of the 80 videos. Where people talk at the same time, an .srt file repeats each text in several
cues: the .ass file of the same name is taken first.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.split import Split
from thymos.corpora.subtitles import read_subtitles
from thymos.corpora.tables import numbers, read_cells, require_columns
from thymos.errors import BadInput, Unavailable
from thymos.files import files_sha256, read_text

__all__ = ["FRAME_RATE", "READER", "TRACKS", "read", "trace", "transcript"]

FRAME_RATE = 25.0  # frames a second [inferred: 7,923 rows for 5 min 17 s]
TRACKS = {"self": "SelfAnnotations", "listener": "listener_ThirdParty", "speaker": "speaker_thirdParty"}
"""Who traced whom: the listener their own valence, a third person the listener's, a third person the speaker's."""
PARTS = {"1": "valid", "2": "train", "3": "test", "4": "train", "5": "train", "6": "test", "7": "test", "8": "train"}
NAME = re.compile(r"Subject_([1-9]|10)_Story_([1-8])", re.IGNORECASE)
TRANSCRIPT = re.compile(r"transcribed_subject_([1-9]|10)_story(_?)([1-8])", re.IGNORECASE)
SPEAKERS = {"S": "speaker", "L": "listener"}
TAG = re.compile(r"\[?([SL])[\]\[]\s*", re.IGNORECASE)  # [S]; the release also has "S]" and "[L["

CARD = Card(
    slug="omg_empathy",
    title="OMG-Empathy",
    description="Dialogues in which one person tells a story; the listener traced their own valence afterwards, and "
    "third persons traced both.",
    source="https://github.com/pablovin/OmgEmapathyPlus",
    citation="Barros, Churamani, Lim, Wermter. The OMG-Empathy dataset: evaluating the impact of affective behavior in "
    "storytelling. ACII 2019.",
    licence="CC BY-NC-SA 3.0 DE, research only, not to be passed on",
    redistribution=False,
    consent_basis="Listeners and actors took part in a study of the authors; videos are given out on request only.",
    intended_use="Research on the continuous valence that listeners report of themselves.",
    prohibited_use="Commercial use; passing the data on; identifying people; inferring the emotion of people in "
    "hiring, schooling or policing.",
    languages=("en",),
    modality=("speech", "face", "text"),
    known_traps=(
        "Values are -1..1, although the readme says 0..1.",
        "The frame rate (25 a second) and the official stories of each part are inferred.",
        "28 % of the frames of the self-annotation are exactly 0: predicting 0 is a floor of the error, not of CCC.",
        "Third persons hardly agree with the self-annotation (mean CCC 0.05): state it beside every score.",
        "All parts hold the same ten subjects, and two stories of a speaker may stand in two parts.",
        "Where people talk at the same time, .srt files repeat the texts.",
    ),
)


def read(folder: Path) -> Corpus:
    """List the traces, transcripts and videos; items carry paths, part, frames and seconds."""
    root = Path(folder) / "Annotations"
    tracks = {track: _traces(root / name, required=track == "self") for track, name in TRACKS.items()}
    transcripts = _transcripts(root / "Transcriptions")
    videos = {_key(path): path for path in sorted(Path(folder).rglob("*.mp4")) if NAME.fullmatch(path.stem)}
    rows = {}
    for (subject, story), path in sorted(tracks["self"].items(), key=lambda pair: tuple(map(int, pair[0]))):
        key = (subject, story)
        frames = _frames(path)
        row: dict[str, object] = {"subject": subject, "story": story, "part": PARTS[story], "frames": frames}
        row["seconds"] = frames / FRAME_RATE
        for track in TRACKS:
            row[f"{track}_path"] = _checked(tracks[track].get(key), frames)
        row["transcript_path"] = str(transcripts[key].absolute()) if key in transcripts else ""
        row["has_transcript"] = key in transcripts
        row["video_path"] = str(videos[key].absolute()) if key in videos else ""
        rows[f"Subject_{subject}_Story_{story}"] = row
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    read_files = [*(path for track in tracks.values() for path in track.values()), *transcripts.values()]
    subjects = "subject_" + items["subject"].str.zfill(2)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=None,
        splits={
            "official": Split.from_column("official", items["part"], items, ("story", "subject")),
            "subjects": Split.from_column("subjects", subjects, items, ("subject", "story")),
        },
        card=CARD,
        sha256=files_sha256(folder, read_files),
        groups=("subject", "story"),
    )


def trace(corpus: Corpus, item: str, track: str = "self") -> pd.DataFrame:
    """One trace of valence.

    Args:
        corpus: what ``read`` returned.
        item: e.g. ``"Subject_1_Story_2"``.
        track: ``"self"`` (felt by the listener), ``"listener"`` or ``"speaker"`` (perceived by a third person).

    Returns:
        One row a video frame: time (seconds from the start, at 25 frames a second) and valence (-1..1).

    Raises:
        BadInput: an unknown item or track, a file that changed, a value that is no number of -1..1.
        Unavailable: this copy lacks the track.
    """
    if track not in TRACKS:
        raise BadInput(f"there is no track {track!r}", mend=f"known: {', '.join(TRACKS)}")
    path = _path(corpus, item, f"{track}_path", f"no trace of {track}")
    valence = _valence(path)
    if len(valence) != corpus.items["frames"][item]:
        raise BadInput(f"{len(valence)} frames found, {corpus.items['frames'][item]} expected", where=path)
    return pd.DataFrame({"time": np.arange(len(valence)) / FRAME_RATE, "valence": valence})


def transcript(corpus: Corpus, item: str) -> pd.DataFrame:
    """What was said: one row an utterance with start and end (seconds), speaker ("speaker", "listener", "") and text.

    Marks such as ``<laughs>`` stay in the text; they are no words.

    Raises:
        BadInput: an unknown item, a file that is no subtitle file.
        Unavailable: this copy has no transcript of the item.
    """
    path = _path(corpus, item, "transcript_path", "no transcript")
    rows: list[dict[str, object]] = []
    open_rows: dict[tuple[str, str], dict[str, object]] = {}
    for start, end, text in read_subtitles(Path(path)):
        speaker = ""
        current: dict[tuple[str, str], dict[str, object]] = {}
        for line in text.split("\n"):
            tag = TAG.match(line.strip())
            speaker = SPEAKERS[tag[1].upper()] if tag else speaker
            words = line.strip()[tag.end() if tag else 0 :].strip()
            if not words:
                continue
            # A text that goes on from the cue before is one utterance, which an overlap cut into cues.
            before = open_rows.get((speaker, words))
            if before is not None and before["end"] == start:
                before["end"] = end
                current[speaker, words] = before
                continue
            row: dict[str, object] = {"start": start, "end": end, "speaker": speaker, "text": words}
            rows.append(row)
            current[speaker, words] = row
        open_rows = current
    if not rows:
        raise BadInput("there is no utterance", where=path)
    table = pd.DataFrame(rows)
    return table.sort_values(["start", "end"], kind="stable", ignore_index=True)


def _path(corpus: Corpus, item: str, column: str, lack: str) -> str:
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    path = str(corpus.items[column][item])
    if not path:
        raise Unavailable(f"{corpus.slug}: this copy has {lack} of {item}")
    return path


@lru_cache(maxsize=4)
def _valence(path: str) -> tuple[float, ...]:
    table = read_cells(path)
    require_columns(table, ["valence"], where=path)
    return tuple(numbers(table["valence"], where=path, low=-1, high=1))


# -- files --------------------------------------------------------------------------------------------------------


def _key(path: Path) -> tuple[str, str]:
    match = NAME.fullmatch(path.stem)
    if match is None:
        raise BadInput(
            f"file name {path.stem!r} is not Subject_<1-10>_Story_<1-8>",
            where=path,
            mend="keep the names of the release",
        )
    return match[1], match[2]


def _traces(folder: Path, *, required: bool) -> dict[tuple[str, str], Path]:
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.glob("*.csv")):
        key = _key(path)
        if key in found:
            raise BadInput(f"subject {key[0]}, story {key[1]} stands twice (also {found[key].name})", where=path)
        found[key] = path
    if required and not found:
        raise BadInput("there is no trace of a listener", where=folder, mend="get the release and keep its file names")
    return found


def _transcripts(folder: Path) -> dict[tuple[str, str], Path]:
    """The best transcript of each pair: .ass before .srt, the regular spelling before the others."""
    found: dict[tuple[str, str], tuple[tuple[bool, bool, str], Path]] = {}
    for path in sorted([*folder.glob("*.ass"), *folder.glob("*.srt")]):
        match = TRANSCRIPT.fullmatch(path.stem)
        if match is None:
            raise BadInput(
                f"file name {path.stem!r} is not transcribed_subject_<1-10>_story_<1-8>",
                where=path,
                mend="keep the names of the release",
            )
        rank = (path.suffix != ".ass", match[2] == "", path.name)
        key = (match[1], match[3])
        if key not in found or rank < found[key][0]:
            found[key] = (rank, path)
    return {key: path for key, (_, path) in found.items()}


def _frames(path: Path) -> int:
    """How many frames a trace has; the values are checked when they are read."""
    lines = read_text(path).removeprefix("\ufeff").split()
    if not lines:
        raise BadInput("the file is empty", where=path)
    if lines[0] != "valence":
        raise BadInput(f"the column is {lines[0][:40]!r}, not 'valence'", where=f"{path}, line 1")
    if len(lines) == 1:
        raise BadInput("there is a header and no frame", where=path)
    return len(lines) - 1


def _checked(path: Path | None, frames: int) -> str:
    if path is None:
        return ""
    own = _frames(path)
    if own != frames:
        raise BadInput(
            f"{own} frames found, {frames} in the self-annotation",
            where=path,
            mend="one of the two files is cut: get both again",
        )
    return str(path.absolute())


def _transcribed(corpus: Corpus) -> int | None:
    return int(corpus.items["has_transcript"].sum()) or None


def _videos(corpus: Corpus) -> int | None:
    return int((corpus.items["video_path"] != "").sum()) or None


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("subject x story", 80, lambda corpus: len(corpus.items)),
        Published("subjects", 10, lambda corpus: corpus.items["subject"].nunique()),
        Published("stories", 8, lambda corpus: corpus.items["story"].nunique()),
        Published(
            "frames", 633850, lambda corpus: int(corpus.items["frames"].sum()), "measured on the official release"
        ),
        Published("transcripts", 53, _transcribed, "measured on the official release; transcripts are optional"),
        Published("videos", 80, _videos, "videos are given out on request only"),
    ),
)
