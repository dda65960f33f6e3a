"""The vocabularies that EmotionML documents refer to.

Source: W3C Working Group Note "Vocabularies for EmotionML", 1 April 2014, https://www.w3.org/TR/emotion-voc/. Each is
referred to as ``http://www.w3.org/TR/emotion-voc/xml#<id>``.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from thymos.errors import BadInput

STANDARD_PREFIX = "http://www.w3.org/TR/emotion-voc/xml#"

# XML 1.0, productions [4] and [4a]; a colon is legal in a name token and not in an id.
_NAME_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = _NAME_START + "0-9.\u00b7\u0300-\u036f\u203f-\u2040\\-"
NAME_TOKEN = re.compile(f"[:{_NAME}]+")
XML_ID = re.compile(f"[{_NAME_START}][{_NAME}]*")
# What we write into tokens: letters that every edition of XML 1.0 allows, since schema processors lag behind. Latin,
# Greek, Cyrillic, Hebrew, Arabic and Persian, kana, Hangul and Han; other signs become "_".
_EVERY_EDITION = (
    "A-Za-z0-9._\\-\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0391-\u03a1\u03a3-\u03ce"
    "\u0401-\u040c\u040e-\u044f\u0451-\u045c\u05d0-\u05ea\u0621-\u063a\u0641-\u064a\u0671-\u06b7\u06ba-\u06be\u06c0-\u06ce"
    "\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
NOT_IN_TOKEN = re.compile(f"[^{_EVERY_EDITION}]")
URI_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def is_uri(text: str) -> bool:
    """Whether a text can stand where XML Schema wants a URI (international letters and spaces are allowed)."""
    if any(mark in text for mark in "[]") or text.count("#") > 1 or BAD_PERCENT.search(text):
        return False
    first = re.split(r"[/?#]", text, maxsplit=1)[0]
    if ":" in first and not URI_SCHEME.match(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.port is None or bool(parts.hostname)
    except ValueError:
        return False


class DescriptorType(StrEnum):
    """The four ways in which EmotionML describes an emotion; the names of its elements."""

    CATEGORY = "category"
    DIMENSION = "dimension"
    APPRAISAL = "appraisal"
    ACTION_TENDENCY = "action-tendency"

    @property
    def set_attribute(self) -> str:
        """The attribute that names the vocabulary, e.g. ``category-set``."""
        return f"{self.value}-set"


@dataclass(frozen=True)
class Vocabulary:
    """A closed list of names for one type of descriptor.

    Args:
        type: what the names describe.
        id: unique in its document, without a colon.
        items: the names; each a name token (no spaces).
        info: metadata as the canonical XML of an ``info`` element, or "".
        item_info: name to metadata of that item.

    Raises:
        BadInput: an illegal id or name, no item, an item twice.
    """

    type: DescriptorType
    id: str
    items: tuple[str, ...]
    info: str = ""
    item_info: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        where = f"vocabulary {self.id!r}"
        if not XML_ID.fullmatch(self.id):
            raise BadInput("the id of a vocabulary is no XML id", where=where, mend="use letters, digits, '-' and '_'")
        if not self.items:
            raise BadInput("a vocabulary needs an item", where=where)
        for item in self.items:
            if not NAME_TOKEN.fullmatch(item):
                raise BadInput(f"item {item!r} is no name token", where=where, mend="use no spaces")
        if len(set(self.items)) < len(self.items):
            raise BadInput("an item stands twice", where=where)


def _standard(type_: DescriptorType, id_: str, items: str) -> tuple[str, Vocabulary]:
    return STANDARD_PREFIX + id_, Vocabulary(type_, id_, tuple(items.split()))


_C, _D, _A, _T = DescriptorType
STANDARD: dict[str, Vocabulary] = dict(
    [
        _standard(_C, "big6", "anger disgust fear happiness sadness surprise"),
        _standard(
            _C,
            "everyday-categories",
            "affectionate afraid amused angry bored confident content disappointed excited happy interested loving "
            "pleased relaxed sad satisfied worried",
        ),
        _standard(
            _C,
            "occ-categories",
            "admiration anger disappointment distress fear fears-confirmed gloating gratification gratitude happy-for "
            "hate hope joy love pity pride relief remorse reproach resentment satisfaction shame",
        ),
        _standard(
            _C,
            "fsre-categories",
            "anger anxiety being-hurt compassion contempt contentment despair disappointment disgust fear guilt "
            "happiness hate interest irritation jealousy joy love pleasure pride sadness shame stress surprise",
        ),
        _standard(
            _C,
            "frijda-categories",
            "anger arrogance desire disgust enjoyment fear humility indifference interest resignation shock surprise",
        ),
        _standard(_D, "pad-dimensions", "pleasure arousal dominance"),
        _standard(_D, "fsre-dimensions", "valence potency arousal unpredictability"),
        _standard(_D, "intensity-dimension", "intensity"),
        _standard(
            _A,
            "occ-appraisals",
            "desirability praiseworthiness appealingness desirability-for-other deservingness liking likelihood effort "
            "strength-of-identification expectation-of-deviation familiarity",
        ),
        _standard(
            _A,
            "scherer-appraisals",
            "suddenness familiarity predictability intrinsic-pleasantness relevance-person relevance-relationship "
            "relevance-social-order outcome-probability consonant-with-expectation goal-conduciveness urgency "
            "agent-self agent-other agent-nature cause-intentional control power adjustment-possible "
            "norm-compatibility self-compatibility",
        ),
        _standard(
            _A,
            "ema-appraisals",
            "relevance desirability agency blame likelihood unexpectedness urgency ego-involvement controllability "
            "changeability power adaptability",
        ),
        _standard(
            _T,
            "frijda-action-tendencies",
            "approach avoidance being-with attending rejecting nonattending agonistic interrupting dominating "
            "submitting",
        ),
    ]
)


def standard_vocabulary(uri: str) -> Vocabulary | None:
    """The W3C vocabulary of that URI (``http`` or ``https``), or None when the URI is somebody else's."""
    return STANDARD.get(uri.replace("https://", "http://", 1))
