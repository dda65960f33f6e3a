"""The questionnaire file of a WESAD subject: order and times of the conditions, and every answer after them.

Lines begin with ``# ORDER``, ``# START``, ``# END``, ``# PANAS``, ``# STAI``, ``# DIM`` (SAM) and ``# SSSQ``, fields
are divided by semicolons. The questionnaires stand in the order of the five conditions; reading tasks are
no conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thymos.errors import BadInput
from thymos.files import read_text

NAMES = {"Base": "baseline", "TSST": "stress", "Fun": "amusement", "Medi 1": "meditation_1", "Medi 2": "meditation_2"}
PANAS = (
    "active", "distressed", "interested", "inspired", "annoyed", "strong", "guilty", "scared", "hostile", "excited",
    "proud", "irritable", "enthusiastic", "ashamed", "alert", "nervous", "determined", "attentive", "jittery", "afraid",
    "stressed", "frustrated", "happy", "sad",
)  # fmt: skip
AFTER_STRESS = ("angry", "irritated")  # between happy and sad in the file, after the stress condition only
POSITIVE = ("active", "interested", "inspired", "strong", "excited", "proud", "enthusiastic", "alert", "determined",
            "attentive")  # fmt: skip
NEGATIVE = ("distressed", "annoyed", "guilty", "scared", "hostile", "irritable", "ashamed", "nervous", "jittery",
            "afraid")  # fmt: skip
STAI = ("at_ease", "nervous", "jittery", "relaxed", "worried", "pleasant")
STAI_CALM = ("at_ease", "relaxed", "pleasant")
SSSQ = ("committed", "wanted_to_succeed", "motivated", "reflected", "worried_about_others", "concerned_impression")
ITEMS = {"PANAS": (*PANAS, *AFTER_STRESS), "STAI": STAI, "SAM": ("valence", "arousal"), "SSSQ": SSSQ}
"""Questions by questionnaire; those of PANAS with the two that are asked after stress at the end."""
LIMITS = {"PANAS": (1, 5), "STAI": (1, 4), "SAM": (1, 9), "SSSQ": (1, 5)}
MARKS = {"# PANAS": "PANAS", "# STAI": "STAI", "# DIM": "SAM", "# SAM": "SAM", "# SSSQ": "SSSQ"}


@dataclass(frozen=True)
class Schedule:
    """Condition to (start, end) in seconds, in the order of time, and the answers.

    ``answers``: condition, questionnaire, question, answer.
    """

    times: dict[str, tuple[float, float]]
    answers: list[tuple[str, str, str, int]]


def read_schedule(path: Path) -> Schedule:
    """Read one ``SX_quest.csv``."""
    lines: dict[str, list[tuple[int, list[str]]]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        mark, *fields = [field.strip() for field in line.split(";")]
        if mark.startswith("#"):
            lines.setdefault(MARKS.get(mark, mark), []).append((number, fields))
    for mark in ("# ORDER", "# START", "# END"):
        if len(lines.get(mark, [])) != 1:
            raise BadInput(f"one line {mark!r} is needed", where=path, mend="get the release again")
    order, starts, ends = (lines[mark][0] for mark in ("# ORDER", "# START", "# END"))
    times: dict[str, tuple[float, float]] = {}
    for position, name in enumerate(order[1]):
        if not name or name.endswith("Read"):
            continue
        if name not in NAMES or NAMES[name] in times:
            problem = "stands twice" if name in NAMES else f"is unknown; known: {', '.join(NAMES)}"
            raise BadInput(f"condition {name!r} {problem}", where=f"{path}, line {order[0]}")
        start = _seconds(starts, position, path)
        end = _seconds(ends, position, path)
        if end <= start:
            raise BadInput(f"condition {name!r} ends before it starts", where=f"{path}, line {ends[0]}")
        times[NAMES[name]] = start, end
    if set(times) != set(NAMES.values()):
        lacking = next(name for name in NAMES if NAMES[name] not in times)
        raise BadInput(f"condition {lacking!r} is missing", where=f"{path}, line {order[0]}")
    times = dict(sorted(times.items(), key=lambda entry: entry[1]))
    written = [NAMES[name] for name in order[1] if name in NAMES]
    return Schedule(times, _answers(lines, written, path))


def _seconds(line: tuple[int, list[str]], position: int, path: Path) -> float:
    """A time written as minutes.seconds: "7.08" is 428 s, "50.3" is 3,030 s, "7" is 420 s."""
    number, fields = line
    text = fields[position] if position < len(fields) else ""
    minutes, _, seconds = text.partition(".")
    seconds = seconds.ljust(2, "0")
    if not minutes.isdecimal() or not seconds.isdecimal() or len(seconds) != 2 or int(seconds) > 59:
        raise BadInput(f"{text[:20]!r} is no time in minutes.seconds", where=f"{path}, line {number}")
    return 60.0 * int(minutes) + int(seconds)


def _answers(
    lines: dict[str, list[tuple[int, list[str]]]], order: Sequence[str], path: Path
) -> list[tuple[str, str, str, int]]:
    found = []
    for questionnaire in ("PANAS", "STAI", "SAM", "SSSQ"):
        own = lines.get(questionnaire, [])
        conditions = ["stress"] if questionnaire == "SSSQ" else list(order)
        if len(own) != len(conditions):
            raise BadInput(f"{len(own)} lines of {questionnaire}, {len(conditions)} are needed", where=path)
        for condition, (number, fields) in zip(conditions, own, strict=True):
            answers = [field for field in fields if field]
            names = _questions(questionnaire, len(answers), f"{path}, line {number}")
            low, high = LIMITS[questionnaire]
            for name, answer in zip(names, answers, strict=True):
                if not answer.isdecimal() or not low <= int(answer[:4]) <= high:
                    raise BadInput(
                        f"{questionnaire}: answer {answer[:20]!r} is not {low}..{high}", where=f"{path}, line {number}"
                    )
                found.append((condition, questionnaire, name, int(answer)))
    return found


def _questions(questionnaire: str, count: int, where: str) -> tuple[str, ...]:
    """Names of the questions in the order of the file."""
    names = ITEMS[questionnaire]
    if questionnaire == "PANAS" and count == len(PANAS):
        return PANAS
    if questionnaire == "PANAS" and count == len(names):
        return (*PANAS[:-1], *AFTER_STRESS, PANAS[-1])
    if count != len(names):
        raise BadInput(f"{count} answers of {questionnaire} found, {len(names)} expected", where=where)
    return names


def totals(schedule: Schedule, condition: str) -> dict[str, int]:
    """Sums a condition: PANAS positive and negative (10..50), STAI, calm questions turned round (6..24), and SAM."""
    own = {(name, question): answer for c, name, question, answer in schedule.answers if c == condition}
    return {
        "panas_positive": sum(own["PANAS", question] for question in POSITIVE),
        "panas_negative": sum(own["PANAS", question] for question in NEGATIVE),
        "stai": sum(5 - own["STAI", q] if q in STAI_CALM else own["STAI", q] for q in STAI),
        "sam_valence": own["SAM", "valence"],
        "sam_arousal": own["SAM", "arousal"],
    }
