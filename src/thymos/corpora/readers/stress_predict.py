"""Stress-Predict: wristband recordings of 35 people in three stress tasks with rest between, about 55 minutes each.

Source: italha-d/Stress-Predict-Dataset (MIT). Paper: Iqbal et al., Sensors 2022.
Layout: ``Raw_data/Sxx/{EDA,BVP,TEMP,HR}.csv`` (Empatica E4: start in Unix seconds UTC, rate in Hz, samples; ACC.csv
and IBI.csv are optional here), ``tags_Sxx.csv`` (button presses, Unix seconds), ``Processed_data/Time_logs.xlsx`` (the
experimenters' clock), ``Questionnaires_scores.xlsx`` (every answer to the 40 STAI and 10 PSS questions before and
after) and, optional, ``Improved_All_Combined_hr_rsp_binary.csv`` (heart rate and respiration once a second).
Items: one recording a subject, id ``S01`` .. ``S35``; ``folder`` is the absolute path of the E4 folder (read it with
``thymos.media.wristband``). Table ``blocks``: see ``_stress_predict_blocks``. Table ``answers``: every answer. The
annotations say what the protocol did in a stretch (rest, stress), not what anybody felt. Age and sex are not released.
Splits: ``subjects``, one part a subject (leave one subject out). ``processed_rows`` streams the processed table.
Traps: the clock times have no a.m. and p.m. and are Irish time (UTC in February and March 2022); four presses (three
subjects) are half a day off; the seven presses of S06 do not mark the borders, so the log is used; S01 had the baseline
after the first rest. HR.csv starts ten seconds after the other files. The first samples are the sensor settling. The
processed table begins with subject 2, and its respiration is derived, not measured. Workbook headers have two levels.
Answers look as if the positive questions had been turned round already: the released totals are plain sums.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.schemes import canonical_label, get_scheme
from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus, Published, Reader
from thymos.corpora.readers._stress_predict_blocks import Recording, blocks_of, read_log
from thymos.corpora.split import Split
from thymos.corpora.spreadsheet import Grid, column_letters, read_workbook
from thymos.corpora.tables import find_file, optional_file
from thymos.errors import BadInput, Unavailable
from thymos.files import files_sha256, read_text

__all__ = ["READER", "processed_rows", "read"]

RAW = "Raw_data"
LOG = "Processed_data/Time_logs.xlsx"
QUESTIONNAIRES = "Processed_data/Questionnaires_scores.xlsx"
PROCESSED = "Processed_data/Improved_All_Combined_hr_rsp_binary.csv"
SIGNALS = {"EDA": 4.0, "BVP": 64.0, "TEMP": 4.0, "HR": 1.0}  # Hz
SHEETS = {"stai": ("STAI Score", 40, 1, 4), "pss": ("PSS Score", 10, 0, 4)}  # sheet, questions, lowest, highest answer
PROCESSED_COLUMNS = ["Participant", "HR", "respr", "Time(sec)", "Label"]
SCHEME = get_scheme("stress2")

CARD = Card(
    slug="stress_predict",
    title="Stress-Predict",
    description="Wristband recordings (skin conductance, pulse, temperature) of 35 people during a Stroop test, an "
    "interview and hyperventilation, with rest between; STAI and PSS answers before and after.",
    source="https://github.com/italha-d/Stress-Predict-Dataset",
    citation="Iqbal, Simpkin, Roshan, Glynn, Killilea, Walsh, Molloy, Ganly, Ryman, Coen, Elahi, Wijns, Shahzad. "
    "Stress monitoring using wearable sensors: a pilot study and Stress-Predict dataset. Sensors 22, 2022.",
    licence="MIT",
    redistribution=True,
    consent_basis="Healthy volunteers consented to the study and to the release of pseudonymous data.",
    intended_use="Research on skin conductance and on stress from wristband signals.",
    prohibited_use="Monitoring of employees or pupils; medical decisions.",
    languages=("en",),
    modality=("physiology", "ratings"),
    known_traps=(
        "Blocks follow each other in the same order: time since the start alone tells rest from stress.",
        "A split by rows lets a model recognize the person and the minute: leave subjects out.",
        "Clock times of the log have no a.m. and p.m.; four button presses are half a day off.",
        "The presses of S06 do not mark the borders: its blocks come from the log, in whole minutes.",
        "Stress is the protocol's label, not a report; questionnaires stand for the whole recording.",
        "Two subjects have mean skin conductance below 0.15 microsiemens (poor contact).",
        "The processed table lacks subject 1; its respiration is derived from the pulse.",
    ),
)


def read(folder: Path) -> Corpus:
    """Read blocks and questionnaires; signals are referenced by the column ``folder`` and not read."""
    log_path, questions_path = find_file(folder, LOG), find_file(folder, QUESTIONNAIRES)
    raw = folder / RAW
    subjects = sorted(path.name for path in raw.iterdir() if path.is_dir()) if raw.is_dir() else []
    if not subjects:
        raise BadInput(f"there is no subject folder {RAW}/S01", where=folder, mend="get the release again")
    log, days = read_log(log_path)
    answers = _answers(questions_path)
    rows, blocks, read_files = {}, [], [log_path, questions_path]
    for subject in subjects:
        recording, paths = _recording(raw / subject)
        if subject not in log:
            raise BadInput(f"subject {subject!r} is missing", where=log_path)
        blocks.append(blocks_of(recording, log[subject], str(raw / subject)))
        read_files += paths
        rows[subject] = {
            "subject": subject,
            "folder": str((raw / subject).resolve()),
            "start_unix": recording.start,
            "duration": recording.duration,
            "day": days[subject],
            **_totals(answers, subject, questions_path),
        }
    items = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")
    table = pd.concat(blocks, ignore_index=True)
    processed = optional_file(folder, PROCESSED)
    return Corpus(
        slug=CARD.slug,
        items=items,
        annotations=_annotations(table, str(log_path)),
        splits={"subjects": Split.of("subjects", {item: [item] for item in items.index}, items, ("subject",))},
        card=CARD,
        sha256=files_sha256(folder, [*read_files, *([processed] if processed else [])]),
        groups=("subject",),
        tables={"blocks": table, "answers": answers[answers["item"].isin(items.index)].reset_index(drop=True)},
    )


def processed_rows(corpus: Corpus, chunk: int = 20000) -> Iterator[pd.DataFrame]:
    """Stream the authors' processed table.

    Args:
        corpus: what ``read`` returned.
        chunk: rows at a time.

    Yields:
        Columns item, heart_rate (beats a minute, NaN where empty), respiration (breaths a minute), time (Unix
        seconds) and stress (0, 1); the index ``line`` is the line of the file.

    Raises:
        Unavailable: this copy has no processed table.
        BadInput: a line with other fields than five numbers, or a label that is neither 0 nor 1.
    """
    path = Path(str(corpus.items["folder"].iloc[0])).parents[1] / PROCESSED
    if not path.is_file():
        raise Unavailable(f"{corpus.slug}: this copy has no {PROCESSED}")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = csv.reader(stream)
        if next(lines, []) != PROCESSED_COLUMNS:
            raise BadInput(f"the columns are not {', '.join(PROCESSED_COLUMNS)}", where=f"{path}, line 1")
        rows: list[tuple[str, float, float, float, float]] = []
        numbers: list[int] = []
        for row in lines:
            rows.append(_processed_row(row, f"{path}, line {lines.line_num}"))
            numbers.append(lines.line_num)
            if len(rows) == chunk:
                yield _processed_frame(rows, numbers)
                rows, numbers = [], []
        if rows:
            yield _processed_frame(rows, numbers)


def _processed_row(row: list[str], where: str) -> tuple[str, float, float, float, float]:
    try:
        person, rate, respiration, time, label = (float(cell) if cell else math.nan for cell in row)
    except ValueError:
        raise BadInput("five numbers are expected", where=where, mend="the file may be cut off: get it again") from None
    if label not in (0.0, 1.0) or not person.is_integer() or not math.isfinite(time + respiration):
        raise BadInput("participant, respiration and time must be numbers, the label 0 or 1", where=where)
    return f"S{int(person):02d}", rate, respiration, time, label


def _processed_frame(rows: list[tuple[str, float, float, float, float]], numbers: list[int]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows,
        columns=["item", "heart_rate", "respiration", "time", "stress"],
        index=pd.Index(numbers, name="line"),
    )
    return frame.astype({"stress": "int64"})


# -- recordings ---------------------------------------------------------------------------------------------------


def _recording(folder: Path) -> tuple[Recording, list[Path]]:
    """Start, length and presses of one E4 folder, and the files that it needs."""
    paths = [find_file(folder, f"{signal}.csv") for signal in SIGNALS]
    starts, lengths = {}, {}
    for path, (signal, rate) in zip(paths, SIGNALS.items(), strict=True):
        starts[signal], lengths[signal] = _header(path, rate)
    if any(starts[signal] != starts["EDA"] for signal in ("BVP", "TEMP")):
        raise BadInput("EDA, BVP and TEMP do not start together", where=folder, mend="get the folder again")
    tags = find_file(folder, f"tags_{folder.name}.csv", "tags.csv")
    recording = Recording(folder.name, starts["EDA"], lengths["EDA"], _presses(tags))
    return recording, [*paths, tags]


def _header(path: Path, rate: float) -> tuple[float, float]:
    """Start (Unix seconds) and length (seconds) of a signal file; the samples are counted, not read."""
    with path.open("rb") as stream:
        first = [stream.readline(100) for _ in range(2)]
        samples = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    values = []
    for number, line in enumerate(first, start=1):
        try:
            values.append(float(line.split(b",")[0]))
        except ValueError:
            what = ("start time", "rate")[number - 1]
            raise BadInput(f"the {what} is not a number", where=f"{path}, line {number}") from None
    if values[1] != rate:
        raise BadInput(f"the rate is {values[1]:g} Hz, not {rate:g}", where=f"{path}, line 2")
    if not math.isfinite(values[0]) or samples < 2:
        raise BadInput("there is no sample", where=path, mend="the file may be cut off: get it again")
    return values[0], samples / rate


def _presses(path: Path) -> list[float]:
    presses = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            press = float(line)
        except ValueError:
            press = math.nan
        if not math.isfinite(press):
            raise BadInput(f"{line[:40]!r} is no time", where=f"{path}, line {number}")
        presses.append(press)
    return presses


def _annotations(blocks: pd.DataFrame, where: str) -> Annotations:
    labels = {code: canonical_label(SCHEME.name, str(code)) for code in (0, 1)}
    ratings = blocks[["item", "start", "end"]].assign(rater="protocol", label=blocks["stress"].map(labels))
    return Annotations(ratings, SCHEME, where=where)


# -- questionnaires -----------------------------------------------------------------------------------------------


def _answers(path: Path) -> pd.DataFrame:
    """Every answer: item, questionnaire ("stai", "pss"), question (1 ..), moment ("before", "after"), answer."""
    workbook = read_workbook(path)
    frames = []
    for name, (sheet, questions, low, high) in SHEETS.items():
        if sheet not in workbook:
            raise BadInput(f"there is no sheet {sheet!r}", where=path, mend=f"present: {', '.join(workbook)}")
        frames.append(_sheet_answers(workbook[sheet], questions, (low, high), f"{path}, sheet {sheet!r}", name))
    return pd.concat(frames, ignore_index=True)


def _sheet_answers(grid: Grid, questions: int, limits: tuple[int, int], where: str, name: str) -> pd.DataFrame:
    rows = {row[0].strip(): (number, row) for number, row in enumerate(grid, start=1) if row and row[0].strip()}
    wanted = [str(question) for question in range(1, questions + 1)]
    missing = [label for label in [*wanted, "Total"] if label not in rows]
    if missing or len(grid) < 3:
        raise BadInput(f"row {(missing or ['1'])[0]!r} is missing", where=where)
    found: list[tuple[str, str, int, str, int]] = []
    for column in range(1, len(grid[0]) - 1, 2):
        subject = grid[0][column].strip()
        if not subject:
            continue
        for offset, moment in enumerate(("before", "after")):
            place = f"{where}, cell {column_letters(column + offset)}"
            if grid[2][column + offset].strip().casefold() != moment:
                raise BadInput(f"{moment.capitalize()!r} is expected", where=f"{place}3")
            answers = [_answer(rows[label], column + offset, limits, place) for label in wanted]
            total_row, total = rows["Total"]
            if total[column + offset] != str(sum(answers)):
                raise BadInput(
                    f"the total {total[column + offset]!r} is not the sum of the answers, {sum(answers)}",
                    where=f"{place}{total_row}",
                )
            found += [(subject, name, k, moment, answer) for k, answer in enumerate(answers, start=1)]
    if not found:
        raise BadInput("there is no subject in row 1", where=where)
    return pd.DataFrame(found, columns=["item", "questionnaire", "question", "moment", "answer"])


def _answer(row: tuple[int, list[str]], column: int, limits: tuple[int, int], place: str) -> int:
    number, cells = row
    text = cells[column].strip()
    if not text.isdecimal() or not limits[0] <= int(text[:9]) <= limits[1]:
        raise BadInput(f"answer {text!r} is not {limits[0]}..{limits[1]}", where=f"{place}{number}")
    return int(text)


def _totals(answers: pd.DataFrame, subject: str, path: Path) -> Mapping[str, int]:
    own = answers[answers["item"] == subject]
    totals = own.groupby(["questionnaire", "moment"])["answer"].sum()
    named = {f"{name}_{moment}": totals.get((name, moment)) for name in SHEETS for moment in ("before", "after")}
    if any(total is None for total in named.values()):
        raise BadInput(f"subject {subject!r} is missing", where=path)
    return {name: int(total) for name, total in named.items() if total is not None}


def _count_rows(corpus: Corpus, stress: int | None = None) -> int | None:
    """Rows of the processed table, those with a label alone where one is named; None where this copy has no table."""
    try:
        return sum(
            len(rows) if stress is None else int((rows["stress"] == stress).sum()) for rows in processed_rows(corpus)
        )
    except Unavailable:
        return None


READER = Reader(
    card=CARD,
    read=read,
    published=(
        Published("recordings", 35, lambda corpus: len(corpus.items)),
        Published("processed rows", 112516, _count_rows),
        Published("processed rows at rest", 75701, lambda corpus: _count_rows(corpus, 0)),
        Published("processed rows under stress", 36815, lambda corpus: _count_rows(corpus, 1)),
    ),
)
