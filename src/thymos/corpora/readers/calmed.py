"""CALMED: audio and video features of four children with level-1 autism, labelled in four zones of emotion.

Source: University of Galway, on request; code annanda/emotion_detection_for_children_with_asd (research licence).
Paper: Sousa, d'Aquin, Zarrouk, Holloway, arXiv 2307.13706, HCII 2023. User-supplied.
Layout, below ``dataset/`` or in the folder itself; one table a session and part, whose name holds ``train``, ``dev`` or
``test``:
- ``<parents|specialist>/video/<individuals|cross-individuals>/<sequential|non_sequential>/<feature>/<session>/``
- ``<parents|specialist>/audio/<...>/<...>/<level>/<group>/<feature>/<session>/``
Sessions are ``session_01_01`` (participant, number). Tables are pickled DataFrames (``.pkl``), read through
``thymos.corpora.restricted_pickle`` and never run; ``.csv`` and ``.parquet`` of the same columns are read too. One row
a window of 200 ms: ``time_of_video_seconds``, ``emotion_zone``, ``frametime``, ``video_part``, then the features.
Items: windows, id ``session_01_01/<video_part>/<frametime>``; the same window stands in many tables. ``zone_parents``
and ``zone_specialist`` are the two annotation tracks ("" where a track has none). Features are read when they are asked
for: ``features``. Table ``files``: all tables with what their paths say.
Splits: as released, one for each folder pair (``individuals_sequential``, ``individuals_non_sequential`` ...), and
``participants``, one part a child. Where tables disagree on the part of a window, it belongs to no part of that split;
where they disagree on a zone, it has none: table ``conflicts``.
Traps: non-sequential splits put neighboring windows of 200 ms into train and test, so that scores on them are inflated;
the released splits share the children; four children are four, whatever the number of windows.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.feature_tables import read_feature_table
from thymos.corpora.split import Split
from thymos.errors import BadInput, Unavailable
from thymos.files import files_sha256

__all__ = ["PARTS", "READER", "SCHEME", "TRACKS", "WINDOW", "features", "read"]

WINDOW = 0.2  # seconds
TRACKS = ("parents", "specialist")
PARTS = ("train", "dev", "test")
FOLDERS = ("individuals", "cross-individuals")
ORDERS = ("sequential", "non_sequential")
MODALITIES = {"video": ("feature",), "audio": ("level", "group", "feature")}
KEYS = ("time_of_video_seconds", "emotion_zone", "frametime", "video_part")
SUFFIXES = (".pkl", ".csv", ".parquet")
SESSION = re.compile(r"session_(\d\d)_(\d\d)")
SCHEME = get_scheme("zones4")

CARD = Card(
    slug="calmed",
    title="CALMED",
    description="Face, head, gaze and voice features of four children with autism in elicitation sessions, in windows "
    "of 200 ms labelled by parents and by a specialist in four zones (blue, green, yellow, red).",
    source="https://arxiv.org/abs/2307.13706 (data: University of Galway, on request)",
    citation="Sousa, d'Aquin, Zarrouk, Holloway. Introducing CALMED: multimodal annotated dataset for emotion "
    "detection in children with autism. HCII 2023.",
    licence="on request, research only",
    redistribution=False,
    consent_basis="Parents consented and children assented to the study; only features are given out.",
    intended_use="Research on emotion recognition that supports autistic children, with their consent.",
    prohibited_use="Diagnosis; monitoring; identifying children; inferring the emotion of people in hiring, schooling "
    "or policing.",
    languages=("en",),
    modality=("face", "speech"),
    known_traps=(
        "Non-sequential splits hold neighboring windows of 200 ms in train and test: scores on them are inflated.",
        "All released splits of individuals share the children: score a child that was left out beside them.",
        "Four children: intervals must be clustered by participant, and there are four clusters.",
        "Zones are what observers saw; the two tracks (parents, specialist) are two raters, not two truths.",
        "Windows may lack a modality (no face, no voice): the authors fill features with 0.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read the keys and zones of every table; features stay in the files."""
    root = Path(folder) / "dataset" if (Path(folder) / "dataset").is_dir() else Path(folder)
    files = pd.DataFrame(list(_files(root)))
    if files.empty:
        raise BadInput(
            "there is no table of features below parents/ or specialist/",
            where=root,
            mend="keep the folders of the release: <track>/<modality>/<individuals>/<sequential>/.../<session>/",
        )
    frames = []
    rows: list[int] = []
    for number, entry in files.iterrows():
        keys = _keys(Path(entry["path"]), str(entry["session"]))
        rows.append(len(keys))
        frames.append(keys.assign(file=number, track=entry["track"], split=entry["split"], part=entry["part"]))
    files["windows"] = rows
    windows = pd.concat(frames, ignore_index=True)
    items = windows.drop_duplicates("item").set_index("item")[["session", "video_part", "frametime", "time"]]
    items = items.sort_values(["session", "time", "video_part"], kind="stable")
    items["participant"] = items["session"].str[len("session_") :].str[:2]
    conflicts = []
    for track in TRACKS:
        zone, odd = _agreed(windows[windows["track"] == track], "zone", f"zone of {track}")
        items[f"zone_{track}"] = zone.reindex(items.index).fillna("")
        conflicts.append(odd)
    splits = {}
    for name, own in windows.groupby("split", sort=True):
        part, odd = _agreed(own, "part", f"part of {name}")
        conflicts.append(odd)
        order = part.map(PARTS.index).sort_values(kind="stable").index
        splits[str(name)] = Split.from_column(str(name), part[order], items, ("participant", "session"))
    participants = "participant_" + items["participant"]
    splits["participants"] = Split.from_column("participants", participants, items, ("participant", "session"))
    odd = pd.concat(conflicts, ignore_index=True)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, root),
        splits=splits,
        card=CARD,
        sha256=files_sha256(folder, files["path"]),
        groups=("participant", "session"),
        tables={"files": files} if odd.empty else {"files": files, "conflicts": odd},
    )


def features(
    corpus: Corpus, modality: str, names: Sequence[str] | None = None, *, level: str = "functionals"
) -> pd.DataFrame:
    """The features of one modality.

    Args:
        corpus: what ``read`` returned.
        modality: ``"video"`` or ``"audio"``.
        names: features, e.g. ``["AU", "gaze"]`` or ``["pitch"]``; default all.
        level: of audio: functionals, llds or llds_deltas.

    Returns:
        One row a window that has all of them, indexed by item; columns ``<feature>/<column>``, floats; NaN where the
        release has none. The values do not depend on track and split: they are taken from the first that holds them.

    Raises:
        BadInput: an unknown modality, a table that changed or whose columns are no numbers.
        Unavailable: this copy has no such feature.
    """
    if modality not in MODALITIES:
        raise BadInput(f"there is no modality {modality!r}", mend=f"known: {', '.join(MODALITIES)}")
    files = corpus.tables["files"]
    own = files[files["modality"] == modality]
    if modality == "audio":
        own = own[own["level"] == level]
    present = list(dict.fromkeys(own["feature"]))
    lacking = [name for name in (names or present or [modality]) if name not in present]
    if lacking:
        raise Unavailable(
            f"{corpus.slug}: this copy has no {modality} feature {lacking[0]!r}; present: {', '.join(present) or '-'}"
        )
    tables = []
    for name in names or present:
        chosen = own[own["feature"] == name]
        first = chosen[["track", "split"]].iloc[0]
        paths = chosen[(chosen["track"] == first["track"]) & (chosen["split"] == first["split"])]
        parts = [
            _values(Path(path), str(session)) for path, session in zip(paths["path"], paths["session"], strict=True)
        ]
        table = pd.concat(parts)
        table = table[~table.index.duplicated()]
        tables.append(table.add_prefix(f"{name}/"))
    joined = pd.concat(tables, axis=1, join="inner")
    return joined.reindex(corpus.items.index.intersection(joined.index, sort=False)).rename_axis(index="item")


def _files(root: Path) -> Iterator[dict[str, Any]]:
    """What the path of every table says, in path order."""
    if not root.is_dir():
        raise BadInput("there is no such folder", where=root, mend="check the path")
    paths = [path for track in TRACKS for path in (root / track).rglob("*") if path.suffix in SUFFIXES]
    for path in sorted(path for path in paths if not path.name.startswith(".")):
        track, *steps = path.relative_to(root).parts[:-1]
        modality = steps.pop(0) if steps else ""
        names = MODALITIES.get(modality, ())
        if len(steps) != len(names) + 3 or not names or steps[0] not in FOLDERS or steps[1] not in ORDERS:
            raise BadInput(
                "this table does not stand in the folders of the release", where=path, mend=f"see {__name__}"
            )
        if not SESSION.fullmatch(steps[-1]):
            raise BadInput(f"folder {steps[-1]!r} is not session_<participant>_<number>", where=path)
        parts = [part for part in PARTS if part in path.stem]
        if len(parts) != 1:
            raise BadInput(f"file name {path.stem!r} holds none or several of {', '.join(PARTS)}", where=path)
        yield {
            "track": track,
            "modality": modality,
            "split": f"{steps[0].replace('-', '_')}_{steps[1]}",
            "level": "",
            "group": "",
            **dict(zip(names, steps[2:-1], strict=True)),
            "session": steps[-1],
            "part": parts[0],
            "path": str(path.absolute()),
        }


def _keys(path: Path, session: str) -> pd.DataFrame:
    """Item, session, video part, frame time, time and zone of the windows of one table."""
    table = read_feature_table(path, KEYS)
    bad = ~table["emotion_zone"].isin(SCHEME.labels).to_numpy()
    if bad.any():
        raise BadInput(
            f"unknown zone {str(table['emotion_zone'].iloc[int(bad.argmax())])[:40]!r}",
            where=f"{path}, row {int(bad.argmax()) + 1}",
            mend=f"legal: {', '.join(SCHEME.labels)}",
        )
    time = pd.to_numeric(table["time_of_video_seconds"], errors="coerce")
    if time.isna().any():
        raise BadInput(
            "time_of_video_seconds is not a number", where=f"{path}, row {int(time.isna().to_numpy().argmax()) + 1}"
        )
    keys = pd.DataFrame(
        {
            "session": session,
            "video_part": table["video_part"].map(_key),
            "frametime": table["frametime"].map(_key),
            "time": time.to_numpy(dtype=float),
            "zone": table["emotion_zone"].astype(str),
        }
    )
    keys.insert(0, "item", session + "/" + keys["video_part"] + "/" + keys["frametime"])
    doubled = keys["item"].duplicated().to_numpy()
    if doubled.any():
        row = int(doubled.argmax())
        raise BadInput(f"window {keys['item'].iloc[row]!r} stands twice", where=f"{path}, row {row + 1}")
    return keys


def _key(value: object) -> str:
    """The same text for a time, whether a table holds it as a number or as text."""
    try:
        number = float(str(value))
    except ValueError:
        return str(value)
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _values(path: Path, session: str) -> pd.DataFrame:
    items = _keys(path, session)["item"]
    table = read_feature_table(path, KEYS).drop(columns=list(KEYS))
    try:
        return table.astype(float).set_axis(pd.Index(items, name="item"), axis=0)
    except (TypeError, ValueError):
        text = next(column for column in table if not pd.api.types.is_numeric_dtype(table[column]))
        raise BadInput(f"feature {text!r} is not a number everywhere", where=path) from None


def _agreed(windows: pd.DataFrame, column: str, what: str) -> tuple[pd.Series, pd.DataFrame]:
    """The value of each window on which all tables agree, and the windows on which they do not."""
    pairs = windows[["item", column]].drop_duplicates()
    doubled = pairs["item"].duplicated(keep=False)
    odd = pairs[doubled].groupby("item", sort=True)[column].agg(lambda values: ", ".join(sorted(values)))
    table = pd.DataFrame({"item": odd.index, "what": what, "values": odd.to_numpy(dtype=object)})
    return pairs[~doubled].set_index("item")[column], table


def _annotations(items: pd.DataFrame, root: Path) -> Annotations:
    ratings = [
        pd.DataFrame({"item": own.index, "rater": track, "label": own.to_numpy()})
        for track in TRACKS
        for own in [items.loc[items[f"zone_{track}"] != "", f"zone_{track}"]]
    ]
    return Annotations(pd.concat(ratings, ignore_index=True), SCHEME, where=str(root))


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published(
            "windows", 57012, lambda corpus: len(corpus.items), "published are the examples that parents labelled"
        ),
        Published("participants", 4, lambda corpus: corpus.items["participant"].nunique()),
        Published("sessions", 7, lambda corpus: corpus.items["session"].nunique()),
    ),
)
