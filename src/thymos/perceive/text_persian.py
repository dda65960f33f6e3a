"""Persian text made uniform: the same word written in two ways becomes one feature.

Persian on the web mixes Arabic and Persian code points for the same letter, writes word parts joined, apart or with
a zero-width non-joiner, stretches letters for emphasis and carries links, handles and hashtags. Every rule here can
be switched off, so that a study can show what it is worth.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from thymos.errors import BadInput

ZERO_WIDTH_NON_JOINER = "\u200c"
ZERO_WIDTH_RULES = ("keep", "space", "remove")

# Arabic, Urdu and Kurdish code points that Persian writers use for a Persian letter.
LETTERS = str.maketrans(
    {
        "\u064a": "\u06cc",  # Arabic yeh
        "\u0649": "\u06cc",  # alef maksura
        "\u06d2": "\u06cc",  # yeh barree
        "\u06ce": "\u06cc",  # yeh with small v
        "\u0643": "\u06a9",  # Arabic kaf
        "\u06aa": "\u06a9",  # swash kaf
        "\u0629": "\u0647",  # teh marbuta
        "\u06c0": "\u0647",  # heh with yeh above
        "\u06c1": "\u0647",  # heh goal
        "\u06be": "\u0647",  # heh doachashmee
        "\u06d5": "\u0647",  # ae
        "\u0623": "\u0627",  # alef with hamza above
        "\u0625": "\u0627",  # alef with hamza below
        "\u0671": "\u0627",  # alef wasla
        "\u0624": "\u0648",  # waw with hamza
        "\u06c6": "\u0648",  # oe
    }
)
# Arabic-Indic and Persian digits to ASCII.
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# Short vowels, tanween, shadda, sukun, hamza above and below, superscript alef.
DIACRITICS = re.compile("[\u064b-\u065f\u0670]")
TATWEEL = "\u0640"
# Direction marks, joiners other than the non-joiner, soft hyphen, byte order mark.
INVISIBLE = re.compile("[\u00ad\u200b\u200d-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
LINK = re.compile(r"(?:https?://|www\.)\S+|\bpic\.twitter\.com/\S+", re.IGNORECASE)
HANDLE = re.compile(r"(?<!\w)@\w+")
HASHTAG = re.compile(r"#(\w+)")
SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class PersianNormalizer:
    """Callable that normalizes one Persian text; each rule is a switch.

    Args:
        letters: Arabic letter variants and presentation forms become the Persian letter.
        digits: Persian and Arabic digits become ASCII digits.
        diacritics: vowel marks and tatweel are removed.
        invisible: direction marks and other characters without a shape are removed.
        zero_width: what a zero-width non-joiner becomes: ``"keep"``, ``"space"`` or ``"remove"``.
        repeats: at most this many times the same character in a row; 0 leaves stretched words as they are.
        links: links become the token ``<link>``.
        handles: @handles become the token ``<user>``; they name people and must not become features.
        hashtags: ``#two_words`` becomes ``# two words``, so that the words are seen.
        spaces: runs of white space become one space, without any at the ends.

    Raises:
        BadInput: an unknown rule for ``zero_width``, or a negative number of repeats.

    Example:
        >>> PersianNormalizer()("كتاااااب  #خوب_است")
        'کتااب # خوب است'
    """

    letters: bool = True
    digits: bool = True
    diacritics: bool = True
    invisible: bool = True
    zero_width: str = "space"
    repeats: int = 2
    links: bool = True
    handles: bool = True
    hashtags: bool = True
    spaces: bool = True

    def __post_init__(self) -> None:
        if self.zero_width not in ZERO_WIDTH_RULES:
            raise BadInput(
                f"zero_width is {self.zero_width!r}",
                where="PersianNormalizer",
                mend=f"use {', '.join(ZERO_WIDTH_RULES)}",
            )
        if self.repeats < 0:
            raise BadInput(f"repeats is {self.repeats}", where="PersianNormalizer", mend="use 0 or more")

    @classmethod
    def off(cls) -> "PersianNormalizer":
        """The normalizer that changes nothing, for comparisons."""
        return cls(False, False, False, False, "keep", 0, False, False, False, False)

    def __call__(self, text: str) -> str:
        """Normalize one text."""
        if self.links:
            text = LINK.sub(" <link> ", text)
        if self.handles:
            text = HANDLE.sub(" <user> ", text)
        if self.hashtags:
            text = HASHTAG.sub(_open_hashtag, text)
        if self.letters:
            # Presentation forms (U+FB50..U+FEFF) are glyphs of ordinary letters; NFKC names the letters.
            text = unicodedata.normalize("NFKC", text).translate(LETTERS)
        if self.digits:
            text = text.translate(DIGITS)
        if self.diacritics:
            text = DIACRITICS.sub("", text).replace(TATWEEL, "")
        if self.invisible:
            text = INVISIBLE.sub("", text)
        if self.zero_width != "keep":
            text = text.replace(ZERO_WIDTH_NON_JOINER, " " if self.zero_width == "space" else "")
        if self.repeats:
            text = re.sub(r"(\D)\1{%d,}" % self.repeats, lambda run: run.group(1) * self.repeats, text)  # noqa: UP031
        if self.spaces:
            text = SPACES.sub(" ", text).strip()
        return text

    def all(self, texts: Iterable[str]) -> list[str]:
        """Normalize texts, in order."""
        return [self(text) for text in texts]

    def to_dict(self) -> dict[str, Any]:
        """The switches, for a saved model or a cache key."""
        return asdict(self)


def _open_hashtag(found: "re.Match[str]") -> str:
    return f" # {found.group(1).replace('_', ' ')} "
