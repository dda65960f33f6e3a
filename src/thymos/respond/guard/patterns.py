"""Stage one: fast patterns. Finds what is said, and what takes it back: idiom, negation, past, fiction, quotation.

Every message is read with the phrase books of all languages, because people switch; weak hints (``concern``) are only
taken from the books of the language that the message seems to be in. One open phrase is a crisis, and so are two weak
hints of different kinds (a farewell gift and hopelessness). What is taken back is still a concern, never nothing.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from thymos.respond.guard.normalize import readings, text_language
from thymos.respond.guard.phrases import CONCERN, CRISIS, NONE, RISKS, PhraseBook, Rule, phrase_books

_CLAUSE = re.compile(r"[.!?;:,()\n]|\b(?:but|and|aber|und|pero|mais|then|dann|luego|puis|because|weil|porque|parce)\b")
_QUOTED = re.compile(r'"[^"]{1,400}"')
_WINDOW = 5  # words before a phrase in which a negation counts
_REPORTED = 50  # letters before a phrase in which "the doctor asked if I ..." may begin
_SOFT_IN_FICTION = frozenset({"about_others", "suicide_topic", "violence"})
FOUND_TOGETHER = "hints"
"""The name under which several weak hints of one message are found."""


class PatternReading(NamedTuple):
    """What the patterns make of one text.

    Args:
        risk: ``"none"``, ``"concern"`` or ``"crisis"``.
        categories: what was found at that level, sorted.
        rules: names of the rules that found it, for tests and tuning; never the words.
        softened: why something found does not count in full: ``idiom``, ``denied``, ``reported``,
            ``past``, ``fiction``, ``quoted``.
    """

    risk: str
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    softened: tuple[str, ...] = ()


class _Hit(NamedTuple):
    rule: Rule
    soft: str
    quoted: bool


def read_patterns(text: str) -> PatternReading:
    """Read one text.

    Example:
        >>> read_patterns("I want to kill myself").risk, read_patterns("these shoes are killing me").risk
        ('crisis', 'none')
        >>> read_patterns("Ich will nicht sterben.")
        PatternReading(risk='concern', categories=('suicide',), rules=(), softened=('denied',))
    """
    language = text_language(text, default="")
    found = [
        _read(reading, book, hints=book.language == language or not language)
        for reading in readings(text)
        for book in phrase_books()
    ]
    best = max(found, key=lambda one: RISKS.index(one.risk))
    same = [one for one in found if one.risk == best.risk and one.risk != NONE]
    return PatternReading(
        best.risk,
        tuple(sorted({name for one in same for name in one.categories})),
        tuple(sorted({name for one in same for name in one.rules})),
        tuple(sorted({name for one in found for name in one.softened})),
    )


def _read(text: str, book: PhraseBook, *, hints: bool) -> PatternReading:
    masked, idioms = book.idioms.subn(" # ", text)
    softened = {"idiom"} if idioms else set()
    hits = list(_hits(masked, book, hints))
    fiction = book.cues["fiction"].search(text) is not None
    meant = book.cues["not_fiction"].search(text) is not None
    softened |= {hit.soft for hit in hits if hit.soft}
    full = [hit for hit in hits if not hit.soft]
    open_words = [hit.rule for hit in full if hit.rule.risk == CRISIS]
    if not open_words and meant and (fiction or any(hit.quoted for hit in hits)) and hits:
        # "It is not really a poem": what was put into a character's mouth is the writer's own.
        open_words = [hit.rule for hit in hits]
        softened -= {"fiction", "quoted"}
    if open_words:
        return PatternReading(CRISIS, *_names(open_words), tuple(softened))
    weak = [hit.rule for hit in full]
    if len({rule.category for rule in weak}) > 1:
        categories, rules = _names(weak)
        return PatternReading(CRISIS, categories, (*rules, FOUND_TOGETHER), tuple(softened))
    if hits:
        return PatternReading(CONCERN, _names([hit.rule for hit in hits])[0], _names(weak)[1], tuple(softened))
    return PatternReading(NONE, (), (), tuple(softened))


def _names(rules: list[Rule]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted({rule.category for rule in rules})), tuple(sorted({rule.name for rule in rules}))


def _hits(text: str, book: PhraseBook, hints: bool) -> Iterator[_Hit]:
    quotes = [match.span() for match in _QUOTED.finditer(text)]
    fiction = book.cues["fiction"].search(text) is not None
    over = book.cues["past"].search(text) is not None and book.cues["recovered"].search(text) is not None
    informs = book.cues["information"].search(text) is not None
    for rule in book.rules:
        if rule.risk == CONCERN and not hints and rule.category != "suicide_topic":
            continue
        for match in rule.expression.finditer(text):
            quoted = any(start <= match.start() and match.end() <= end for start, end in quotes)
            soft = ""
            if rule.deny and _negated(text, match, book, inside=rule.deny == "inside"):
                soft = "denied"
            elif book.cues["reported"].search(text[max(0, match.start() - _REPORTED) : match.end()]):
                soft = "reported"
            elif over and rule.category != "means":
                soft = "past"
            elif fiction and (quoted or rule.category in _SOFT_IN_FICTION):
                soft = "fiction"
            elif informs and quoted:
                soft = "quoted"
            yield _Hit(rule, soft, quoted)


def _negated(text: str, match: re.Match[str], book: PhraseBook, *, inside: bool) -> bool:
    """Whether a negation stands shortly before the phrase, in its clause, or inside it."""
    before = _CLAUSE.split(text[: match.start()])[-1]
    words = before.split()[-_WINDOW:]
    near = book.cues["not_negation"].sub(" ", " ".join([*words, match.group() if inside else ""]))
    return re.search(rf"{book.cues['negation'].pattern}\b", near) is not None


__all__ = ["FOUND_TOGETHER", "PatternReading", "read_patterns"]
