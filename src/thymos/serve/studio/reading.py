"""Read an upload: rows over time, places in the plane with their spread, quality, warnings.

Nothing here knows a language model or a companion: what stands in an upload is measured and never obeyed. The functions
take and give plain values, so that they can run in a process of their own.
"""

import math
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from thymos.affect.schemes import get_scheme, list_schemes
from thymos.errors import BadInput
from thymos.perceive.timeline import OK

UNPLACED_AT_MOST = 0.25  # share of labels without a place in the plane, above which no point is told
DERIVED = (
    "Valence and arousal of {} are summaries of its labels by a coarse table; they are not measured by themselves."
)
FEW_FACES = "No face was found in any picture."


def read_upload(path: str, kind: str, use: str, rows: int) -> dict[str, Any]:
    """Everything that is kept of an upload.

    Args:
        path: the file; its ending says what it is.
        kind: of ``thymos.perceive.analysis.kinds.FileKind``.
        use: the declared purpose.
        rows: kept, at most.

    Returns:
        Fields of ``bodies.Analysis``: kind, rows, more_rows, plane, quality, warnings, signals, seconds.

    Raises:
        BadInput: a refused or missing purpose, or nothing in the file could be read.
    """
    started = time.monotonic()
    found = _text(Path(path), use) if kind == "text" else _media(Path(path), use)
    found["more_rows"] = max(0, len(found["rows"]) - rows)
    found["rows"] = found["rows"][:rows]
    found["plane"] = [point for point in map(plane_point, found["rows"]) if point is not None]
    found["seconds"] = round(time.monotonic() - started, 3)
    return found


def _text(path: Path, use: str) -> dict[str, Any]:
    from thymos.perceive.analysis.run import Wishes
    from thymos.perceive.analysis.texts import is_read_as_dialogue

    if is_read_as_dialogue(path, Wishes(use)):
        return _dialogue(path, use)
    return _media(path, use, _lines(path))


def _lines(path: Path) -> dict[str, str]:
    """The words of each line, by the track that the table over time calls it."""
    from thymos.perceive.analysis.texts import _lines as lines

    return {f"line {number}": text for number, text in lines(path).items()}


def _dialogue(path: Path, use: str) -> dict[str, Any]:
    from thymos.perceive.intended_use import declare_use
    from thymos.respond.conversation import analyze_dialogues

    declare_use(use, "text")
    found = analyze_dialogues([path], causes=0, use=use)
    if not found.dialogues:
        raise BadInput(_without_path(found.failures[0].reason if found.failures else "no turn was found", path))
    rows = []
    for dialogue in found.dialogues:
        for one in dialogue.readings:
            start, end = one.utterance.start, one.utterance.end
            timed = start is not None and end is not None and end > start >= 0
            row = _row("text", one.utterance.speaker.name, one.quality, text=one.utterance.text)
            row["start"], row["end"] = (start, end) if timed else (float(one.turn), float(one.turn + 1))
            if one.shares is not None and one.point is not None:
                row["labels"] = {
                    name: round(float(share), 4) for name, share in zip(found.labels, one.shares, strict=True)
                }
                row |= {"label": one.best, "valence": _kept(one.point[0]), "arousal": _kept(one.point[1])}
                row["confidence"] = round(float(one.shares.max()), 4)
            rows.append(row)
    warnings = [f"{number} lines were left out: {reason}" for reason, number in found.left_out.items()]
    if not any(row["end"] > row["start"] + 1 for row in rows):
        warnings.append("The dialogue has no times; its turns are numbered instead.")
    return _found("dialogue", rows, [*warnings, DERIVED.format("texts")])


def _media(path: Path, use: str, words: dict[str, str] | None = None) -> dict[str, Any]:
    from thymos.perceive.analysis.kinds import kind_of
    from thymos.perceive.analysis.run import Wishes, analyze
    from thymos.perceive.timeline import label_columns

    analysis = analyze([path], Wishes(use))
    table = analysis.table
    reasons = [_without_path(one.reason, path) for one in analysis.failures]
    if len(table) == 0:
        raise BadInput(reasons[0] if reasons else "nothing was found in it")
    labels = label_columns(table)
    rows = []
    for place, record in enumerate(table.to_dict("records")):
        row = _row(record["signal"], record["track"], record["quality"], text=(words or {}).get(record["track"], ""))
        row["start"], row["end"] = float(record["start"]), float(record["end"])
        if words is not None and row["end"] <= row["start"]:
            row["start"], row["end"] = float(place), float(place + 1)
        row["labels"] = {name: round(record[name], 4) for name in labels if _known(record[name])}
        row["label"] = max(row["labels"], key=row["labels"].__getitem__) if row["labels"] else ""
        for name in ("valence", "arousal", "confidence"):
            row[name] = round(record[name], 4) if _known(record[name]) else None
        rows.append(row)
    signals = list(dict.fromkeys(row["signal"] for row in rows))
    warnings = reasons + [DERIVED.format(_PLURAL[one]) for one in signals if one in _PLURAL]
    faces = [row for row in rows if row["signal"] == "face"]
    if faces and all(row["quality"] == "no face" for row in faces):
        warnings.append(FEW_FACES)
    return _found(kind_of(path).value, rows, warnings)


_PLURAL = {"text": "texts", "speech": "voices", "face": "faces"}


def _row(signal: str, track: str, quality: str, *, text: str = "") -> dict[str, Any]:
    row: dict[str, Any] = {"signal": signal, "track": track, "quality": quality, "text": text, "labels": {}}
    return row | {"label": "", "valence": None, "arousal": None, "confidence": None}


def _found(kind: str, rows: list[dict[str, Any]], warnings: list[str]) -> dict[str, Any]:
    poor = Counter(row["quality"] for row in rows if row["quality"] != OK)
    return {
        "kind": kind,
        "rows": rows,
        "quality": {"ok": len(rows) - sum(poor.values()), "poor": dict(poor)},
        "warnings": warnings,
        "signals": list(dict.fromkeys(row["signal"] for row in rows)),
    }


def plane_point(row: dict[str, Any]) -> dict[str, Any] | None:
    """Where a row lies in the plane and how far its labels spread; None where it has no place.

    The spread is the standard deviation of the labels' points under their probabilities; of scenes, whose recognizer
    gives the plane itself, the standard error of its prediction (which its confidence tells).
    """
    if row["quality"] != OK:
        return None
    valence, arousal = row["valence"], row["arousal"]
    spread = label_spread(row["labels"])
    if valence is None or arousal is None:
        if spread is None:
            return None
        valence, arousal = spread[:2]
    wide = spread[2:] if spread is not None else (None, None)
    if row["signal"] == "scene" and row["confidence"] is not None:
        wide = (round(1 - row["confidence"], 4),) * 2
    point = {name: row[name] for name in ("start", "end", "signal", "track", "confidence", "label", "text")}
    return point | {"valence": valence, "arousal": arousal, "valence_spread": wide[0], "arousal_spread": wide[1]}


def label_spread(labels: dict[str, float]) -> tuple[float, float, float, float] | None:
    """Mean valence and arousal of labels and their standard deviations; None where too much has no place.

    Example:
        >>> label_spread({"happiness": 1.0})
        (0.8, 0.5, 0.0, 0.0)
    """
    places = label_places()
    known = {name: share for name, share in labels.items() if name in places}
    total, known_total = sum(labels.values()), sum(known.values())
    if known_total <= 0 or 1 - known_total / total > UNPLACED_AT_MOST:
        return None
    found = []
    for axis in (0, 1):
        mean = sum(share * places[name][axis] for name, share in known.items()) / known_total
        variance = sum(share * (places[name][axis] - mean) ** 2 for name, share in known.items()) / known_total
        found.append((round(mean, 4), round(math.sqrt(variance), 4)))
    return found[0][0], found[1][0], found[0][1], found[1][1]


@cache
def label_places() -> dict[str, tuple[float, float]]:
    """Valence and arousal of every label that has a place in some scheme; the first scheme that has it counts."""
    places: dict[str, tuple[float, float]] = {}
    for name in ("goemotions28", "ekman6", *list_schemes()):
        for label, point in get_scheme(name).vad.items():
            places.setdefault(label, (float(point[0]), float(point[1])))
    return places


def _known(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _kept(value: Any) -> float:
    return round(min(1.0, max(-1.0, float(value))), 4)


def _without_path(reason: str, path: Path) -> str:
    """A reason without the name under which the upload lay."""
    return reason.replace(f"{path}: ", "").replace(str(path), "the file").replace(path.name, "the file")
