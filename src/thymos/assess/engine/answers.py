"""Reading and grading answers without ever looking at the right one: parse first, grade afterwards.

``parse`` sees the item's options and nothing of its right answers; ``grade`` sees only what was parsed. A reply that
cannot be read is counted as wrong, and the share of replies that could be read is reported beside every score.

The "legacy" scorings repeat a flaw of older evaluators: a reply counts as right as soon as the right answer occurs
anywhere in it. They exist for comparison with published numbers only and are marked wherever they are used.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.intensity_answers import SCORING as INTENSITIES
from thymos.assess.engine.intensity_answers import grade_intensity_text, parse_intensity_reply
from thymos.errors import BadInput

# Only before a word: the letter of "vitamin A", of "p l a c e" or of the answer "a" is no article.
ARTICLES = re.compile(r"\b(a|an|the)\b(?=\s+\w\w)")
PUNCTUATION = re.compile(rf"[{re.escape(string.punctuation)}،。！？；：、“”‘’«»؟]")
# "The answer is ...", "Output: ..."; the words alone may be the answer ("choices", "answer antenna camp").
ANSWER_PREFIX = re.compile(
    r"^(?:the\s+)?(?:final\s+|correct\s+|right\s+|best\s+)?(?:answer|option|choice|output)"
    r"(?:\s+is\b\s*(?::|-(?=\s))?|\s*(?::|-(?=\s)))\s*",  # the minus of "The answer is -5" stays
    re.IGNORECASE,
)
# Before an option the bare word will do, too: "Option B".
OPTION_PREFIX = re.compile(rf"{ANSWER_PREFIX.pattern}|^(?:option|choice|answer)\b\s*", re.IGNORECASE)
LETTER = re.compile(r"^[\s(\[*\"']*([A-Z])(?:[\s)\].:,*\"']|$)")
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip


def normalize_text(text: str) -> str:
    """Lower case, one kind of blank, no punctuation, no English articles.

    Example:
        >>> normalize_text(" The  Cat! ")
        'cat'
    """
    text = unicodedata.normalize("NFKC", text).lower()
    text = ARTICLES.sub(" ", PUNCTUATION.sub(" ", text))
    return " ".join(text.split())


def first_line(text: str) -> str:
    """The first line that is not empty, or an empty text."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def parse(item: BenchmarkItem, text: str) -> str | None:
    """What a reply answers, or None when it cannot be read.

    Args:
        item: the question; only its options and scoring are used, never its answers.
        text: the reply.

    Returns:
        With options: the text of the one option that is named. Open answers: the first line without "The answer
        is"; the last number of the first line for scoring ``number``; all four numbers for ``intensities``.
    """
    line = first_line(text)
    if not line:
        return None
    if item.options:
        return _parse_option(item, line)
    if item.scoring == INTENSITIES:
        return parse_intensity_reply(item, text)
    line = ANSWER_PREFIX.sub("", line).strip()
    if item.scoring == "number":
        return last_number(line)
    return line or None


def _parse_option(item: BenchmarkItem, line: str) -> str | None:
    bare = OPTION_PREFIX.sub("", line).strip()
    if item.option_form == "letters":
        found = LETTER.match(bare)
        if found and found[1] in item.labels:
            return item.options[item.labels.index(found[1])]
    said = normalize_text(bare)
    normalized = [normalize_text(option) for option in item.options]
    exact = [option for option, plain in zip(item.options, normalized, strict=True) if plain and plain == said]
    if len(exact) == 1:
        return exact[0]
    # "positive, I think": the reply starts with one option's whole words, and no longer option does.
    starts = [place for place, plain in enumerate(normalized) if plain and f"{said} ".startswith(f"{plain} ")]
    if starts:
        longest = max(len(normalized[place]) for place in starts)
        best = [place for place in starts if len(normalized[place]) == longest]
        return item.options[best[0]] if len(best) == 1 else None
    return None


def last_number(text: str) -> str | None:
    """The last number of a text in plain digits, or None; number words up to twenty are read, too.

    Example:
        >>> last_number("It is 1,250.50 dollars.")
        '1250.5'
    """
    found = NUMBER.findall(text)
    if found:
        return _plain_number(found[-1])
    words = [word for word in re.findall(r"[a-z]+", text.lower()) if word in NUMBER_WORDS]
    return str(NUMBER_WORDS.index(words[-1])) if words else None


def _plain_number(text: str) -> str:
    value = float(text.replace(",", ""))
    return str(int(value)) if value.is_integer() else repr(value)


def _exact(answer: str, accepted: Sequence[str]) -> float:
    said = normalize_text(answer)
    return float(any(said == normalize_text(right) or answer.strip() == right.strip() for right in accepted))


def _sequence(answer: str, accepted: Sequence[str]) -> float:
    """Equal but for blanks: for brackets and other signs that normalizing would remove."""
    said = "".join(answer.split())
    return float(any(said == "".join(right.split()) for right in accepted))


def _split_list(text: str) -> set[str]:
    parts = re.split(r"[,;]|\band\b", text)
    return {plain for part in parts if (plain := normalize_text(part))}


def _exact_set(answer: str, accepted: Sequence[str]) -> float:
    said = _split_list(answer)
    return float(any(said == _split_list(right) for right in accepted))


def _contains(answer: str, accepted: Sequence[str]) -> float:
    """One of the accepted answers is among the comma-separated answers (as whole answers, not inside words)."""
    return float(bool(_split_list(answer) & {normalize_text(right) for right in accepted}))


def _f1(answer: str, accepted: Sequence[str]) -> float:
    return max(token_f1(answer, right) for right in accepted)


def token_f1(answer: str, right: str) -> float:
    """Harmonic mean of word precision and recall of two normalized texts, in [0, 1].

    Example:
        >>> round(token_f1("involve going up", "involve moving up"), 3)
        0.667
    """
    said, wanted = normalize_text(answer).split(), normalize_text(right).split()
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))


def _number(answer: str, accepted: Sequence[str]) -> float:
    said = last_number(answer)
    wanted = [last_number(right) for right in accepted]
    return float(said is not None and any(right is not None and float(said) == float(right) for right in wanted))


def _legacy_contains(answer: str, accepted: Sequence[str]) -> float:
    """The right answer occurs anywhere, also inside words: as older evaluators did. For comparison only."""
    said = normalize_text(answer)
    return float(any((plain := normalize_text(right)) and plain in said for right in accepted))


SCORINGS: dict[str, Callable[[str, Sequence[str]], float]] = {
    "exact": _exact,
    "exact_set": _exact_set,
    "contains": _contains,
    "f1": _f1,
    "number": _number,
    "sequence": _sequence,
    INTENSITIES: grade_intensity_text,
}
LEGACY_SCORINGS: dict[str, Callable[[str, Sequence[str]], float]] = {"legacy_contains": _legacy_contains}


def grade(item: BenchmarkItem, answer: str | None, *, scoring: str = "") -> float:
    """The score of a parsed answer, in [0, 1]; 0 for None.

    Args:
        item: the question.
        answer: what ``parse`` returned (an option's text, or an open answer).
        scoring: overrides the item's own scoring of open answers, e.g. ``"legacy_contains"``.

    Raises:
        BadInput: an unknown scoring.
    """
    if answer is None:
        return 0.0
    if item.options and not scoring:
        return float(answer in item.answers)
    name = scoring or item.scoring
    known = SCORINGS | LEGACY_SCORINGS
    if name not in known:
        raise BadInput(f"unknown scoring {name!r}", where=f"item {item.id}", mend=f"use one of {', '.join(known)}")
    return known[name](answer, item.answers)


def legacy_grade(item: BenchmarkItem, reply: str) -> float:
    """The gold-peeking score of a whole reply: 1 when any accepted answer occurs anywhere in it. Mark its use."""
    return _legacy_contains(reply, item.answers)
