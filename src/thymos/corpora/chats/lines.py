"""Chats as plain lines: exports of WhatsApp (Android and iOS), and ``Name: text``.

A line that begins no turn belongs to the turn before it. Lines of the program itself (somebody joined, encryption) and
deleted messages are left out and counted; pictures and sounds that were left out of the export stay as turns without
text, with the label ``media``.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from thymos.corpora.chats.turns import MEDIA, TIME, FileTurn

DATE = r"\d{1,4}[./\-]\d{1,2}[./\-]\d{1,4}"
CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[AaPp]\.?\s?[Mm]\.?)?"
MARKS = "[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*"  # signs of direction that exports put before lines
ANDROID = re.compile(rf"{MARKS}(?P<time>{DATE},?\s+{CLOCK})\s+[-–]\s+(?P<rest>.*)")
IOS = re.compile(rf"{MARKS}\[(?P<time>{DATE},?\s+{CLOCK})\]\s+(?P<rest>.*)")
SAID = re.compile(r"(?P<name>[^:\"“”]{1,80}):(?: (?P<text>.*)|)$")
# Somebody's name at the beginning of a line, at most four words, perhaps behind a time of day.
OF_DAY = r"(?:\[?(?P<time>\d{1,2}:\d{2}(?::\d{2})?)\]?\s+)?"
NAMED = re.compile(rf"{MARKS}{OF_DAY}(?P<name>[^\W\d_][\w.'’()\-]*(?: [\w.'’()\-]+){{0,3}})\s?:(?:\s+(?P<text>.*)|)$")
NAME_LETTERS = 40
LEFT_OUT = re.compile(
    r"<(?:media omitted|medien ausgeschlossen|médias omis|multimedia omitido|media omessi|медиафайл пропущен)>"
    r"|(?:image|video|audio|sticker|gif|document|contact card) omitted"
    r"|<attached: [^<>]+>|\S[^\n]* \(file attached\)",
    re.IGNORECASE,
)
DELETED = re.compile(r"(?:this message was deleted|you deleted this message)\.?", re.IGNORECASE)
SYSTEM, GONE, BEFORE = "lines of the program", "deleted messages", "lines before the first turn"
STAMPED_LINES = 2
SHARE = 0.5


def chat_turns(content: str, path: Path) -> tuple[list[FileTurn], Counter[str]]:
    """Turns of a chat, and how many lines of which kind were left out."""
    lines = _lines(content)
    if sum(stamp(line) is not None for _, line in lines) >= 1:
        return _stamped(lines, path)
    return _named(lines, path)


def looks_like_a_chat(lines: Iterable[str]) -> bool:
    """True for an export of WhatsApp (two lines with date, time and name), or where at least half of the lines begin
    with a name and a colon and some name comes twice.

    Example:
        >>> looks_like_a_chat(["Ann: hi", "Ben: hello", "Ann: how are you?"])
        True
        >>> looks_like_a_chat(["Monday: rain", "Tuesday: sun"])
        False
    """
    filled = [line for line in lines if line.strip()]
    stamps = [found["rest"] for found in map(stamp, filled) if found is not None]
    if sum(SAID.match(rest) is not None for rest in stamps) >= STAMPED_LINES:
        return True
    names = Counter(found["name"] for found in map(named, filled) if found is not None)
    return names.total() >= SHARE * max(len(filled), 1) and max(names.values(), default=0) > 1


def stamp(line: str) -> re.Match[str] | None:
    """Date, time and the rest of a line of WhatsApp."""
    return ANDROID.match(line) or IOS.match(line)


def named(line: str) -> re.Match[str] | None:
    """Name and text of a line ``Name: text``; addresses of the web are no names."""
    found = NAMED.match(line)
    if found is None or len(found["name"]) > NAME_LETTERS or (found["text"] or "").startswith("//"):
        return None
    return found


def _lines(content: str) -> list[tuple[int, str]]:
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    return list(enumerate(content.split("\n"), start=1))


def _stamped(lines: list[tuple[int, str]], path: Path) -> tuple[list[FileTurn], Counter[str]]:
    turns: list[FileTurn] = []
    left_out: Counter[str] = Counter()
    open_turn: FileTurn | None = None  # what a line without a stamp continues
    begun = False
    for number, line in lines:
        found = stamp(line)
        if found is None:
            if open_turn is not None:
                open_turn.text += f"\n{line}"
            elif line.strip() and not begun:
                left_out[BEFORE] += 1
            continue
        begun = True
        said = SAID.match(found["rest"])
        if said is None or _is_of_the_program(said["text"] or ""):
            left_out[SYSTEM] += 1
            open_turn = None
            continue
        open_turn = FileTurn(said["text"] or "", _clean(said["name"]), where=f"{path}, line {number}")
        open_turn.labels[TIME] = found["time"]
        turns.append(open_turn)
    return _finished(turns, left_out), left_out


def _named(lines: list[tuple[int, str]], path: Path) -> tuple[list[FileTurn], Counter[str]]:
    turns: list[FileTurn] = []
    left_out: Counter[str] = Counter()
    for number, line in lines:
        found = named(line)
        if found is not None:
            turn = FileTurn(found["text"] or "", _clean(found["name"]), where=f"{path}, line {number}")
            if found["time"]:
                turn.labels[TIME] = found["time"]
            turns.append(turn)
        elif turns:
            turns[-1].text += f"\n{line}"
        elif line.strip():
            left_out[BEFORE] += 1
    return _finished(turns, left_out), left_out


def _finished(turns: list[FileTurn], left_out: Counter[str]) -> list[FileTurn]:
    """Texts without blanks at their ends; media without text; deleted messages are counted."""
    kept = []
    for turn in turns:
        turn.text = turn.text.strip()
        bare = _clean(turn.text)
        if DELETED.fullmatch(bare):
            left_out[GONE] += 1
            continue
        media = LEFT_OUT.match(bare)
        if media is not None:
            turn.labels[MEDIA] = media[0]
            turn.text = bare[media.end() :].strip()
        kept.append(turn)
    return kept


def _is_of_the_program(text: str) -> bool:
    """iOS puts a sign of direction before what is not written by anybody."""
    bare = _clean(text)
    return text.startswith("\u200e") and LEFT_OUT.match(bare) is None and DELETED.fullmatch(bare) is None


def _clean(word: str) -> str:
    return re.sub(MARKS, "", word).strip()
