"""Layouts of the corpora of body signals and continuous traces."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from thymos.files import write_atomically
from thymos.testing.layouts._binary_files import Cell, write_archive, write_workbook
from thymos.testing.layouts._files import write_json, write_rows

# -- Stress-Predict -----------------------------------------------------------------------------------------------

PLAN = (("settle", 30), ("baseline", 120), ("stroop", 90), ("relax", 90), ("interview", 120), ("relax", 90),
        ("hyperventilation", 60), ("relax", 90), ("questionnaires", 60), ("relax", 60))  # fmt: skip
TASKS = ("stroop", "interview", "hyperventilation")
LOG_NAMES = ("Consent", "Baseline/Questionniare", "Stroop Test", "Relax", "Interview", "Relax", "Hyperventilation",
             "Relax", "Questionniare", "Relax/Baseline")  # fmt: skip
DAY = 44599  # 2022-02-07 as Excel counts days
MIDNIGHT = (DAY - 25569) * 86400


class _Session(NamedTuple):
    subject: str
    start: int  # Unix seconds
    presses: int  # 7, 9 or 10
    fault: str = ""


# Presses: the first subject has the baseline after the first rest, S03 two presses half a day off, S04 unrelated ones.
SESSIONS = (
    _Session("S01", MIDNIGHT + 9 * 3600 + 1661, 10),
    _Session("S02", MIDNIGHT + 10 * 3600 + 2034, 9),
    _Session("S03", MIDNIGHT + 15 * 3600 + 725, 7, "half a day"),
    _Session("S04", MIDNIGHT + 12 * 3600 + 2700, 7, "unrelated"),
    _Session("S05", MIDNIGHT + 14 * 3600 + 60, 7),
)


def stress_predict(folder: Path, rng: np.random.Generator) -> None:
    """Five recordings of about 14 minutes, the experimenters' clock, the questionnaires and the processed table."""
    log: list[list[Cell]] = [
        ["S. ID.", "Start Time", "End Time", "Session ID", *_in_pairs(LOG_NAMES), "", "Date"],
        ["", "", "", "", *["Start", "End"] * len(LOG_NAMES), "", ""],
    ]  # fmt: skip
    processed: list[list[Cell]] = []
    for session in SESSIONS:
        spans = _session_spans(session)
        stress = _recording(folder / "Raw_data" / session.subject, session, spans, rng)
        _presses(folder / "Raw_data" / session.subject, session, spans)
        log.append(_log_row(session, spans))
        if session.subject != "S01":
            for second in range(10, len(stress)):
                rate: Cell = "" if second == 11 else 70 + 20 * int(stress[second]) + second % 3 / 2
                processed.append([int(session.subject[1:]), rate, 12.5, session.start + second, int(stress[second])])
    write_workbook(folder / "Processed_data/Time_logs.xlsx", {"Sheet1": log})
    sheets = {"STAI Score": _answer_sheet(rng, 40, 1, 4), "PSS Score": _answer_sheet(rng, 10, 0, 4)}
    write_workbook(folder / "Processed_data/Questionnaires_scores.xlsx", sheets)
    header = ["Participant", "HR", "respr", "Time(sec)", "Label"]
    write_rows(folder / "Processed_data/Improved_All_Combined_hr_rsp_binary.csv", processed, header)


def _session_spans(session: _Session) -> list[tuple[str, int, int]]:
    """(block, start, end) in seconds since the start of the recording."""
    plan = list(PLAN)
    if session.presses == 10:
        plan.insert(3, plan.pop(1))
    spans, moment = [], 0
    for block, seconds in plan:
        spans.append((block, moment, moment + seconds))
        moment += seconds
    return spans


def _recording(
    folder: Path, session: _Session, spans: list[tuple[str, int, int]], rng: np.random.Generator
) -> np.ndarray:
    """Skin conductance and pulse rise in the tasks, the skin cools; returns stress (0, 1) a second."""
    seconds = spans[-1][2]
    stress = np.zeros(seconds)
    for block, start, end in spans:
        stress[start:end] = block in TASKS
    load = np.zeros(seconds)
    for second in range(1, seconds):  # follows the tasks within half a minute
        load[second] = load[second - 1] + (stress[second] - load[second - 1]) / 30
    base = rng.uniform(0.4, 3.0)
    quarter = np.repeat(load, 4)
    conductance = base * (1 + 1.2 * quarter) + 0.02 * rng.standard_normal(4 * seconds)
    conductance[:2] = 0.0  # the sensor settles
    temperature = 33.0 - 1.5 * quarter + 0.02 * rng.standard_normal(4 * seconds)
    temperature[:2] = 0.0
    rate = 68 + 22 * load + 0.5 * rng.standard_normal(seconds)
    phase = 2 * np.pi * np.cumsum(np.repeat(rate, 64)) / 60 / 64
    pulse = 40 * np.sin(phase) + 12 * np.sin(2 * phase + 0.8) + rng.standard_normal(64 * seconds)
    start = session.start
    _signal(folder / "EDA.csv", start, 4, conductance, "%.6f")
    _signal(folder / "TEMP.csv", start, 4, temperature, "%.2f")
    _signal(folder / "BVP.csv", start, 64, pulse, "%.1f")
    _signal(folder / "HR.csv", start + 10, 1, rate[10:], "%.2f")
    return stress


def _signal(path: Path, start: int, rate: int, values: np.ndarray, form: str) -> None:
    """One E4 file: start (Unix seconds), rate (Hz), samples."""
    lines = [f"{start}.000000", f"{rate}.000000", *(form % value for value in values)]
    write_atomically(path, "\n".join(lines) + "\n")


def _presses(folder: Path, session: _Session, spans: list[tuple[str, int, int]]) -> None:
    first = next(start for block, start, _ in spans if block == "stroop")
    borders = sorted({first} | {end for _, _, end in spans if end > first})
    moments = [session.start + border for border in borders[: session.presses]]
    if session.fault == "half a day":
        moments[0] -= 43200
        moments[3] -= 43200
    if session.fault == "unrelated":
        moments = [moment + 400 for moment in moments]
    write_atomically(folder / f"tags_{session.subject}.csv", "".join(f"{moment}\n" for moment in moments))


def _log_row(session: _Session, spans: list[tuple[str, int, int]]) -> list[Cell]:
    """Clock times in whole minutes, without a.m. and p.m. after noon."""
    named = {"Consent": [(-300, 0)], **{name: [] for name in ("baseline", "relax", "questionnaires", *TASKS)}}
    for block, start, end in spans[1 if session.presses != 10 else 0 :]:
        named.setdefault(block, []).append((start, end))
    order = [("Consent", 0), ("baseline", 0), ("stroop", 0), ("relax", 0), ("interview", 0), ("relax", 1),
             ("hyperventilation", 0), ("relax", 2), ("questionnaires", 0), ("relax", 3)]  # fmt: skip
    cells: list[Cell] = []
    for block, number in order:
        for edge in named[block][number]:
            minutes = round((session.start + edge - MIDNIGHT) / 60)
            cells.append((minutes - 720 if minutes >= 780 else minutes) / 1440)
    return [session.subject, cells[0], cells[-1], 1445405, *cells, "Day 1", DAY]


def _answer_sheet(rng: np.random.Generator, questions: int, low: int, high: int) -> list[list[Cell]]:
    subjects = [session.subject for session in SESSIONS]
    answers = rng.integers(low, high + 1, size=(questions, 2 * len(subjects)))
    rows: list[list[Cell]] = [
        [str(number), *[int(answer) for answer in row], ""] for number, row in enumerate(answers, start=1)
    ]
    return [
        ["", *_in_pairs(subjects), ""],
        ["Question ", *["STAI", ""] * len(subjects), ""],
        ["", *["Before", "After"] * len(subjects), ""],
        *rows,
        [""],
        ["Total", *[int(total) for total in answers.sum(axis=0)], ""],
    ]


def _in_pairs(names: Sequence[str]) -> list[Cell]:
    """Each name above two columns, as merged cells are stored."""
    return [cell for name in names for cell in (name, "")]


# -- CEAP-360VR ---------------------------------------------------------------------------------------------------

TARGETS = {"V1": (7.1, 6.1), "V2": (8.1, 1.9), "V3": (2.6, 6.8), "V4": (2.4, 4.2)}  # valence and arousal of the pilot
PEOPLE = 9


def ceap360vr(folder: Path, rng: np.random.Generator) -> None:
    """``CEAP-360VR`` with nine participants and four videos of 20 seconds."""
    root = folder / "CEAP-360VR"
    videos = [("V0", (0, 0)), *TARGETS.items()]
    info = [
        {
            "VideoID": video, "VideoFileName": f"Invented film {video}", "VideoDuration": 20, "FrameRate": 30,
            "OriginalValence": valence, "OriginalArousal": arousal, "PilotStudyValence": valence,
            "PilotStudyArousal": arousal,
        }
        for video, (valence, arousal) in videos
    ]  # fmt: skip
    write_json(root / "1_Stimuli/VideoInfo.json", {"VideoInfo": info})
    for number in range(1, PEOPLE + 1):
        _participant(root, f"P{number}", rng)


def _participant(root: Path, name: str, rng: np.random.Generator) -> None:
    rated, traces = [], []
    lean = rng.normal(0, 0.6, size=2)  # how a person differs from the others
    for video, target in TARGETS.items():
        goal = np.clip(np.array(target) + lean + rng.normal(0, 0.4, size=2), 1, 9)
        count = int(rng.integers(160, 168))
        times = np.round(np.cumsum(rng.uniform(0.1, 0.14, size=count)), 3)
        share = 1 - np.exp(-times / 5)[:, None]
        values = np.clip(5 + (goal - 5) * share + rng.normal(0, 0.05, size=(count, 2)), 1, 9)
        values[0] = 5
        samples = [
            {"TimeStamp": float(time), "Valence": round(float(valence), 3), "Arousal": round(float(arousal), 3)}
            for time, (valence, arousal) in zip(times, values, strict=True)
        ]
        traces.append({"VideoID": video, "TimeStamp_Valence_Arousal": samples})
        valence, arousal = (int(np.clip(round(value), 1, 9)) for value in goal)
        rated.append({"VideoID": video, "ValenceValue": valence, "ArousalValue": arousal})
    transformed = {"ParticipantID": name, "Video_Annotation_TransData": traces}
    write_json(
        root / f"3_AnnotationData/Transformed/{name}_Annotation_TransData.json",
        {"ContinuousAnnotation_TransData": [transformed]},
    )
    record = {
        "ParticipantID": name, "Age": int(rng.integers(18, 40)), "Gender": ("Male", "Female")[len(name) % 2],
        "VR Experience": "Never", "Profession": "Student", "FirstGroup": "DotSize", "VideoOrder": "1 2 4 3 ",
        **{f"SSQ {k}": "1 1 2 1 " for k in range(3)}, "IPQ 1": "-2 0 1 ", "IPQ 2": "1 3 -1 ",
        "NASA-TLX 1": "7 2 4 ", "NASA-TLX 2": "11 2 3 ", "Video_SAMRating_VideoTime_Data": rated,
    }  # fmt: skip
    write_json(root / f"2_QuestionnaireData/{name}_Questionnaire_Data.json", {"QuestionnaireData": [record]})


# -- WESAD --------------------------------------------------------------------------------------------------------

WESAD_ORDERS = {
    "S2": ("Base", "TSST", "Medi 1", "Fun", "Medi 2", "sRead", "fRead"),
    "S3": ("Base", "Fun", "Medi 1", "TSST", "Medi 2", "bRead", "fRead"),
    "S10": ("Base", "TSST", "Medi 1", "Fun", "Medi 2", "sRead", "fRead"),
}
WESAD_CODES = {"Base": 1, "TSST": 2, "Fun": 3, "Medi 1": 4, "Medi 2": 4, "sRead": 5, "fRead": 6, "bRead": 7}
CONDITION_SECONDS = 6


def wesad(folder: Path, rng: np.random.Generator) -> None:
    """Three subjects of 72 seconds: pickle of protocol 2, questionnaires, notes, and the wristband's archive."""
    for subject, order in WESAD_ORDERS.items():
        home = folder / "WESAD" / subject
        spans = {name: (2 + 10 * k, 2 + 10 * k + CONDITION_SECONDS) for k, name in enumerate(order)}
        write_atomically(home / f"{subject}_quest.csv", _questionnaires(subject, spans, rng))
        write_atomically(home / f"{subject}.pkl", pickle.dumps(_wesad_signals(subject, spans, rng), protocol=2))
        notes = f"### Personal information ###\nAge: {rng.integers(24, 35)}\nGender: female\n\n### Notes ###\n-\n"
        write_atomically(home / f"{subject}_readme.txt", notes)
        write_archive(home / f"{subject}_E4_Data.zip", {"EDA.csv": "1495437325.00\n4.000000\n0.1\n0.2\n"})


def _minutes(seconds: int) -> str:
    """minutes.seconds as the release writes it, trailing zeros dropped: 90 s is "1.3"."""
    text = f"{seconds // 60}.{seconds % 60:02d}"
    return text.rstrip("0").rstrip(".")


def _questionnaires(subject: str, spans: dict[str, tuple[int, int]], rng: np.random.Generator) -> str:
    rows: list[list[object]] = [
        ["# Subj", subject], ["# ORDER", *spans], ["# START", *[_minutes(start) for start, _ in spans.values()]],
        ["# END", *[_minutes(end) for _, end in spans.values()]], [],
    ]  # fmt: skip
    asked = [name for name in spans if not name.endswith("Read")]
    for name in asked:
        rows.append(["# PANAS", *rng.integers(1, 6, size=26 if name == "TSST" else 24)])
    rows += [[], *[["# STAI", *rng.integers(1, 5, size=6)] for _ in asked], []]
    for name in asked:
        valence, arousal = (3, 7) if name == "TSST" else (7, 3)
        rows.append(["# DIM", valence + int(rng.integers(-1, 2)), arousal + int(rng.integers(-1, 2))])
    rows += [[], ["# SSSQ", *rng.integers(1, 6, size=6)]]
    return "".join(";".join(str(cell) for cell in row).ljust(3, ";") + ";\n" for row in rows)


def _wesad_signals(subject: str, spans: dict[str, tuple[int, int]], rng: np.random.Generator) -> dict[str, object]:
    seconds = max(end for _, end in spans.values()) + 4
    label = np.zeros(700 * seconds, dtype=np.int32)
    for name, (start, end) in spans.items():
        label[700 * start : 700 * end] = WESAD_CODES[name]
    stress = (label == WESAD_CODES["TSST"]).astype(np.float32)

    def made(rate: int, width: int = 1) -> np.ndarray:
        level = np.repeat(stress[::700], rate)  # one value a second is enough
        return (level[:, None] + 0.1 * rng.standard_normal((rate * seconds, width))).astype(np.float32)

    chest = {name: made(700, 3 if name == "ACC" else 1) for name in ("ACC", "ECG", "EMG", "EDA", "Temp", "Resp")}
    rates = {"ACC": 32, "BVP": 64, "EDA": 4, "TEMP": 4}
    wrist = {name: made(rate, 3 if name == "ACC" else 1) for name, rate in rates.items()}
    return {"subject": subject, "signal": {"chest": chest, "wrist": wrist}, "label": label}
