"""WESAD: chest and wrist signals of 15 people in baseline, stress, amusement and two meditations, with self-reports.

Source: the official archive (UCI). Paper: Schmidt, Reiss, Duerichen, Marberger, Van Laerhoven, ICMI 2018; the facts on
the files are those of its ``wesad_readme.pdf``. Academic use: get your own copy.
Layout: ``SX/SX.pkl`` (a Python 2 pickle, read without running anything in it: ``thymos.corpora.restricted_pickle``),
``SX/SX_quest.csv`` (order, start and end of the conditions, PANAS, STAI, SAM ("DIM"), SSSQ), optional
``SX/SX_E4_Data.zip`` and ``SX/SX_readme.txt``. All may stand in a folder ``WESAD``.
Items: subject x condition, id ``S2/stress``, with ``start`` and ``end`` in seconds since the start of the chest
recording. Annotations: the condition (rater "protocol") and the rated valence and arousal (rater = subject, "felt").
Table ``answers``: every answer. ``signals`` reads the signals of an item when they are asked for (a gigabyte a
subject). Reading hashes the pickles, which takes about a minute for the whole release.
Splits: ``subjects``, one part a subject (leave one subject out).
Traps: self-reports are one constant row a condition, so under a split by rows they give the condition away. Times are
minutes.seconds with trailing zeros dropped: 50.3 is taken as 50 min 30 s (ours: elsewhere seconds are two digits, as in
7.08). The order of conditions differs between subjects. PANAS has 24 items and two more after stress (Angry, Irritated,
which belong to SSSQ); its item Annoyed stands for Upset. Labels of the pickle: 0 transient, 1 to 4 the conditions, 5 to
7 to be ignored. Wrist and chest were synchronized by hand.
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
from thymos.corpora.readers._wesad_questionnaires import Schedule, read_schedule, totals
from thymos.corpora.restricted_pickle import read_pickle
from thymos.corpora.split import Split
from thymos.corpora.tables import file_version, find_file, optional_file
from thymos.errors import BadInput
from thymos.files import files_sha256, read_text, require_folder

__all__ = ["CHEST_RATE", "CONDITIONS", "READER", "WRIST_RATES", "read", "signals", "subject_signals"]

CHEST_RATE = 700.0
"""Samples a second of every chest signal and of the labels."""
CHEST = ("ACC", "ECG", "EDA", "EMG", "RESP", "TEMP")
WRIST_RATES = {"ACC": 32.0, "BVP": 64.0, "EDA": 4.0, "TEMP": 4.0}
"""Samples a second of the wrist signals."""
CONDITIONS = {"baseline": "baseline", "stress": "stress", "amusement": "amusement",
              "meditation_1": "meditation", "meditation_2": "meditation"}  # fmt: skip
"""Condition of an item to its label."""
PROTOCOL = get_scheme("wesad_conditions4")
FELT = get_scheme("self_assessment_manikin")
Signals = dict[str, dict[str, np.ndarray]]

CARD = Card(
    slug="wesad",
    title="WESAD",
    description="Wearable Stress and Affect Detection: chest and wrist signals in baseline, stress, amusement and "
    "meditation, with questionnaires after each condition.",
    source="https://archive.ics.uci.edu/dataset/465/wesad+wearable+stress+and+affect+detection",
    citation="Schmidt, Reiss, Duerichen, Marberger, Van Laerhoven. Introducing WESAD, a multimodal dataset for "
    "wearable stress and affect detection. ICMI 2018.",
    licence="academic, non-commercial use",
    redistribution=False,
    consent_basis="Volunteers consented to the study; the data are pseudonymous.",
    intended_use="Research on stress and affect from wearable sensors.",
    prohibited_use="Commercial use; monitoring of employees or pupils; medical decisions.",
    languages=("und",),
    modality=("physiology", "ratings"),
    known_traps=(
        "Self-reports are one constant row a condition: under a split by rows they give the condition away.",
        "Leave subjects out; a split by windows lets a model recognize the person and the minute.",
        "Labels 0 and 5 to 7 of the pickle are no conditions.",
        "Times are minutes.seconds with trailing zeros dropped.",
        "Subjects 1 and 12 do not exist.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read conditions and questionnaires; signals are referenced by the column ``signals_path`` and not read."""
    require_folder(folder)
    root = folder / "WESAD" if (folder / "WESAD").is_dir() else folder
    subjects = sorted(
        (path.name for path in root.glob("S*") if path.is_dir() and path.name[1:].isdecimal()),
        key=lambda name: int(name[1:]),
    )
    if not subjects:
        raise BadInput("there is no subject folder S2", where=root, mend="get the release and keep its folder names")
    rows: dict[str, dict[str, Any]] = {}
    answers: list[tuple[str, str, str, int]] = []
    read_files: list[Path] = []
    for subject in subjects:
        home = root / subject
        paths = [find_file(home, f"{subject}{ending}") for ending in (".pkl", "_quest.csv")]
        schedule = read_schedule(paths[1])
        read_files += paths
        answers += [(f"{subject}/{answer[0]}", *answer[1:]) for answer in schedule.answers]
        person = _person(optional_file(home, f"{subject}_readme.txt"))
        wrist = optional_file(home, f"{subject}_E4_Data.zip")
        for item, row in _conditions(subject, schedule).items():
            rows[item] = row | {
                "signals_path": str(paths[0].resolve()), "wrist_path": str(wrist.resolve()) if wrist else "", **person,
            }  # fmt: skip
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(items, str(root)),
        splits={
            "subjects": Split.from_column("subjects", items["subject"], items, ("subject",))
            if len(subjects) > 1
            else Split.everything(items)
        },
        card=CARD,
        sha256=files_sha256(folder, read_files),
        groups=("subject",),
        tables={"answers": pd.DataFrame(answers, columns=["item", "questionnaire", "question", "answer"])},
    )


def _conditions(subject: str, schedule: Schedule) -> dict[str, dict[str, Any]]:
    return {
        f"{subject}/{condition}": {
            "subject": subject, "condition": CONDITIONS[condition], "position": position, "start": start, "end": end,
            **totals(schedule, condition),
        }
        for position, (condition, (start, end)) in enumerate(schedule.times.items(), start=1)
    }  # fmt: skip


def _person(path: Path | None) -> dict[str, Any]:
    """Age and gender from the free text, where it says them."""
    found: dict[str, Any] = {"age": float("nan"), "gender": ""}
    for line in read_text(path).splitlines() if path else []:
        name, _, value = line.partition(":")
        if name.strip() == "Age" and value.strip().isdecimal():
            found["age"] = float(value)
        if name.strip() == "Gender":
            found["gender"] = value.strip()
    return found


def _annotations(items: pd.DataFrame, where: str) -> Annotations:
    conditions = pd.DataFrame(
        {"item": items.index, "rater": "protocol", "scheme": PROTOCOL.name, "label": items["condition"], "value": 1.0}
    )
    felt = [
        pd.DataFrame(
            {
                "item": items.index, "rater": items["subject"], "scheme": FELT.name, "label": axis,
                "value": items[f"sam_{axis}"].astype(float),
            }
        )
        for axis in ("valence", "arousal")
    ]  # fmt: skip
    return Annotations(pd.concat([conditions, *felt], ignore_index=True), (PROTOCOL, FELT), where=where)


# -- signals ------------------------------------------------------------------------------------------------------


def signals(corpus: Corpus, item: str) -> Signals:
    """The signals of one item, from its start to its end.

    Args:
        corpus: what ``read`` returned.
        item: e.g. ``"S2/stress"``.

    Returns:
        ``"chest"`` (ACC, ECG, EDA, EMG, RESP, TEMP and, under "label", the protocol's label), all at 700 Hz, and
        ``"wrist"`` (ACC, BVP, EDA, TEMP at ``WRIST_RATES``): arrays of one value a sample; ACC three.

    Raises:
        BadInput: an unknown item, a damaged pickle, a recording that ends before the condition does.
    """
    if item not in corpus.items.index:
        raise BadInput(f"there is no item {item!r}", where=corpus.slug)
    row = corpus.items.loc[item]
    whole = subject_signals(corpus, str(row["subject"]))
    start, end = float(row["start"]), float(row["end"])
    if len(whole["chest"]["label"]) < end * CHEST_RATE:
        raise BadInput(f"the recording ends before {end:g} s", where=str(row["signals_path"]), mend="get it again")
    return {
        place: {
            name: values[int(start * rate) : int(end * rate)]
            for name, values in arrays.items()
            for rate in [CHEST_RATE if place == "chest" else WRIST_RATES[name]]
        }
        for place, arrays in whole.items()
    }


def subject_signals(corpus: Corpus, subject: str) -> Signals:
    """All signals of one subject, as ``signals`` returns them; the last subject is kept in memory."""
    own = corpus.items[corpus.items["subject"] == subject]
    if len(own) == 0:
        raise BadInput(f"there is no subject {subject!r}", where=corpus.slug)
    path = str(own["signals_path"].iloc[0])
    return _subject_signals(path, subject, file_version(path))


@lru_cache(maxsize=1)
def _subject_signals(path: str, subject: str, version: tuple[int, int]) -> Signals:
    content = read_pickle(path)
    if not isinstance(content, dict) or not {"subject", "signal", "label"} <= set(content):
        raise BadInput("this is no WESAD pickle: subject, signal and label are needed", where=path)
    if content["subject"] != subject:
        raise BadInput(f"this is the pickle of {content['subject']!r}, not of {subject!r}", where=path)
    taken: Signals = {}
    for place, names in (("chest", CHEST), ("wrist", tuple(WRIST_RATES))):
        arrays = content["signal"].get(place) if isinstance(content["signal"], dict) else None
        if not isinstance(arrays, dict):
            raise BadInput(f"there are no signals of the {place}", where=path)
        taken[place] = {name: _array(arrays, name, f"{path}, {place}") for name in names}
    taken["chest"]["label"] = _array(content, "label", path)
    lengths = {name: len(values) for name, values in taken["chest"].items()}
    if len(set(lengths.values())) > 1:
        raise BadInput(f"the chest signals differ in length: {lengths}", where=path, mend="get the file again")
    return taken


def _array(arrays: Mapping[str, Any], name: str, where: str) -> np.ndarray:
    # The release writes some names in other cases ("Temp", "Resp").
    values = next((value for key, value in arrays.items() if str(key).upper() == name.upper()), None)
    width = 3 if name == "ACC" else 1
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf" or values.ndim not in (1, 2):
        raise BadInput(f"signal {name!r} is missing or no array of numbers", where=where)
    if (values.shape[1] if values.ndim == 2 else 1) != width:
        raise BadInput(f"signal {name!r} has shape {values.shape}, {width} columns are needed", where=where)
    return values if width == 3 else values.reshape(-1)


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("subjects", 15, lambda corpus: corpus.items["subject"].nunique()),
        Published("conditions", 75, lambda corpus: len(corpus.items)),
    ),
)
