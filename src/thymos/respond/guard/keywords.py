"""A plain list of English phrases: what a chat has without a guard. Kept as the floor that the guard is held against.

No negation, no idioms, no history, no other language.
"""

import re
import unicodedata

_SELF = r"(?:myself|herself|himself|themselves|themself|my ?self)"
_PHRASES = (
    rf"\b(?:kill|kills|killed|killing|hang|hanging|shoot|shooting|drown|drowning|harm|harming|hurt|hurting|cut|cutting)\s+{_SELF}",
    r"\b(?:suicid\w+)\b",
    r"\b(?:end|ending|take|taking|took)\s+(?:my|her|his|their)\s+(?:own\s+)?life\b",
    r"\bend(?:ing)?\s+it\s+all\b",
    r"\b(?:want|wants|wanted|wanna|going|plan|planning|ready|wish|wishing)\s+(?:to\s+)?(?:die|be\s+dead|i\s+was\s+dead|i\s+were\s+dead)\b",
    r"\b(?:i\s+wish|wish)\s+i\s+(?:was|were|had)\s+(?:dead|never\s+(?:been\s+)?born)\b",
    r"\b(?:better\s+off|happier)\s+(?:dead|without\s+me)\b",
    r"\b(?:do\s*n[o']?t|does\s*n[o']?t|no\s+longer|not)\s+(?:really\s+)?want(?:s)?\s+to\s+(?:live|be\s+alive|wake\s+up|exist|be\s+here)(?:\s+any\s*more)?\b",
    r"\bno\s+(?:reason|point)\s+(?:to|in|for)\s+(?:live|living|going\s+on|being\s+alive)\b",
    r"\b(?:ca\s*n[o']?t|cannot)\s+go\s+on\s+(?:living|like\s+this|any\s*more)\b",
    r"\bself[\s-]*harm\w*\b",
    r"\boverdos(?:e|ed|ing)\b",
    r"\b(?:going|want|plan|planning)\s+to\s+(?:kill|shoot|stab)\s+(?:him|her|them|someone|somebody|people|everyone|my\s+\w+)\b",
)
_EXPRESSION = re.compile("|".join(_PHRASES))


def has_keyword(text: str) -> bool:
    """Whether a text holds one of the phrases.

    Example:
        >>> has_keyword("I don’t want to live anymore"), has_keyword("this traffic is killing me")
        (True, False)
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").lower()
    return _EXPRESSION.search(re.sub(r"\s+", " ", plain)) is not None
