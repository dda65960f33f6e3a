"""One writing for many: what people and evaders do to letters is undone before a pattern is tried.

``plain_text`` keeps the words as they are read (for the classifier); ``readings`` goes on to bare letters without
accents and apostrophes and gives one or more readings of a message, for the patterns: as it stands, with digits read as
letters ("k1ll"), with spaced and dotted letters joined ("k i l l"), and with drawn-out letters shortened ("diiie").
"""

import re
import unicodedata
from functools import lru_cache

LONGEST = 8_000
"""Letters that are read: the first and the last half of this many of a longer text."""

# Letters of other scripts that look like Latin ones (Cyrillic, Greek, small capitals and dotless i).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁԛԝһӏкмтвнгзьпліӀ" + "αεοριυνκτηωγ" + "ıɩᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "aeopcyxijsdqwhlkmtbhr3bnjil" + "aeopiuvktnwy" + "iiabcdeghijklmnoprstuvwyz",
)
_DIGITS = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i", "€": "e"}
)
_NAMED = {
    "pill": "💊",
    "coffin": "⚰🪦",
    "blade": "🔪🗡🪒",
    "gun": "🔫",
    "grave": "☠",
    "laughter": "😂🤣😆😹",
}
_EMOJI = {ord(sign): f" :{name}: " for name, signs in _NAMED.items() for sign in signs}
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´′＇", "'"))
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»‹›", '"'))
_WORD_WITH_DIGIT = re.compile(r"[a-z0-9@$!€]*(?:[a-z][0-9@$!€]+[a-z]|[@$5][a-z]{2}|[a-z]{2}[0-9]$)[a-z0-9@$€]*")
_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z][\s.\-_*/|]{1,3}){3,}[a-z](?![a-z0-9])")
_DOTTED = re.compile(r"(?<![a-z0-9])[a-z]{1,6}(?:[.\-_*|·][a-z]{1,8}){1,6}(?![a-z0-9])")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")


def plain_text(text: str) -> str:
    """The text in one spelling: NFKC, no invisible characters, look-alikes as Latin, lower case, single spaces.

    Accents and punctuation stay. Letters of other scripts are taken for Latin ones only where most letters are Latin.

    Example:
        >>> plain_text("I  WANT tо\\u200b ｄｉｅ")
        'i want to die'
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} {text[-LONGEST // 2 :]}"
    text = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    text = "".join(" " if sign in "\r\n\t" else sign for sign in text if _visible(sign))
    text = unicodedata.normalize("NFC", text.lower())
    if _mostly_latin(text):
        text = text.translate(_LOOKALIKES)
    return re.sub(r"\s+", " ", text).strip()


def _visible(sign: str) -> bool:
    # Format characters and lone surrogates break words without being seen; variation selectors only color an emoji.
    return sign in "\r\n\t" or (unicodedata.category(sign) not in ("Cf", "Cc", "Cs", "Co", "Cn") and sign != "\ufe0f")


def _mostly_latin(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    latin = sum(sign < "\u0250" for sign in letters)
    return latin * 2 > len(letters)


@lru_cache(maxsize=256)
def readings(text: str) -> tuple[str, ...]:
    """The readings of a text that patterns are tried on, the plain one first; all are bare lower-case letters.

    Example:
        >>> readings("Je n’en peux PLUS à cause de ça")
        ('je nen peux plus a cause de ca',)
        >>> readings("i wanna k i l l m y s e l f")[1]
        'i wanna killmyself'
    """
    base = _bare(plain_text(text))
    found = [base]
    digits = _WORD_WITH_DIGIT.sub(lambda match: match.group().translate(_DIGITS), base)
    joined = _SPACED.sub(lambda match: re.sub(r"[^a-z]", "", match.group()), digits)
    joined = _DOTTED.sub(lambda match: re.sub(r"[^a-z]", "", match.group()), joined)
    apart = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", digits)
    for reading in (digits, joined, apart):
        found += [reading, _DRAWN_OUT.sub(r"\1", reading), _DRAWN_OUT.sub(r"\1\1", reading)]
    return tuple(dict.fromkeys(found))


def _bare(text: str) -> str:
    text = text.translate(_EMOJI).translate(_QUOTES).replace("ß", "ss").replace("œ", "oe").replace("æ", "ae")
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn").replace("'", "")
    return re.sub(r"\s+", " ", bare).strip()


_FREQUENT = {
    "en": (
        "i the to and my is it of that in for was me not im dont you what have are with she he this how do a just want"
    ),
    "de": (
        "ich und der die das nicht ist mir mich mein meine zu es auf ein eine hab habe wie mit war sie er was den noch "
        "so bin will kann"
    ),
    "es": (
        "yo el la los las que de y no me mi es en un una por con para lo se como esta estoy pero ya te muy quiero "
        "tengo hay del al"
    ),
    "fr": (
        "je le la les des de et est ne pas mon ma un une que en pour jai ca me du il elle suis plus qui dans sur cest "
        "au avec tu jsuis"
    ),
}
_WORDS = {language: frozenset(words.split()) for language, words in _FREQUENT.items()}
LANGUAGES = tuple(_WORDS)


def text_language(text: str, default: str = "en") -> str:
    """The language that most frequent words speak for: en, de, es or fr; ``default`` where none has the lead.

    Example:
        >>> text_language("Ich weiß nicht mehr weiter"), text_language("???", default="es")
        ('de', 'es')
    """
    words = re.findall(r"[a-z]+", readings(text)[0])
    counts = {language: sum(word in own for word in words) for language, own in _WORDS.items()}
    best = max(counts.values())
    leaders = [language for language, count in counts.items() if count == best]
    if best == 0:
        return default
    return leaders[0] if len(leaders) == 1 else (default if default in leaders else leaders[0])
