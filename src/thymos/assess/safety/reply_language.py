"""Which of the six languages is a reply written in? By script and frequent short words; enough for whole sentences.

A small model asked in Italian often answers in English or in nothing at all. Without knowing that, a low score for
Italian says nothing about boundaries.
"""

import re
from collections import Counter

from thymos.assess.safety.boundary_patterns import CHINESE

UNKNOWN = ""

COMMON_WORDS = {
    "en": "the and you my is to of i'm with it's that for was this your are i it me have be so in what can",
    "es": "el los que mi una con y es por muy de la me no se lo te en para como pero tu más eso las del un yo está",
    "fr": "le les je et une pas est tu avec des de la me ne pour mais que qui ce dans il elle mon ma plus c'est j'ai",
    "de": "ich und der die das nicht du mir ist mit ein eine mich es so zu den wie auch auf dir was hat sie im für wir",
    "it": "il che non mi di è per sono gli della la un una e con ho come ma ti da lo più del se al anche io si le",
}
WORDS = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}
TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def reply_language(text: str) -> str:
    """The language of a text as a code of the six, or ``""`` when there is too little to tell.

    Example:
        >>> reply_language("Das ist nicht so einfach."), reply_language("你好，我在。"), reply_language("42!")
        ('de', 'zh', '')
    """
    chinese = len(CHINESE.findall(text))
    tokens = TOKEN.findall(CHINESE.sub(" ", text).lower().replace("’", "'"))
    if chinese > 2 * len(tokens):
        return "zh"
    counts = Counter({code: sum(token in words for token in tokens) for code, words in WORDS.items()})
    (best, most), (_, second) = counts.most_common(2)
    return best if most > second else UNKNOWN
