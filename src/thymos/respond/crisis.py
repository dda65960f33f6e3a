"""Crisis language in a chat: it is answered with help, never with an ordinary reply.

Phrases, not a diagnosis: they find what is said openly and miss what is hinted at, and they would rather be wrong
towards help. Reports about others ("my brother wants to kill himself") get help too; figures of speech that hold no
such phrase ("this traffic is killing me") do not.
"""

import re
import unicodedata

HELP = (
    "What you write sounds very serious, and I am a program: I cannot give you the help that you deserve now. "
    "Please talk to a person. If you or somebody else is in danger, call your local emergency number (112 in Europe, "
    "911 in the US and Canada). In the US and Canada you can call or text 988 at any time; in the UK and Ireland the "
    "Samaritans are at 116 123; elsewhere, findahelpline.com lists lines by country. You are not alone with this."
)
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
CRISIS = re.compile("|".join(_PHRASES))


def is_crisis(text: str) -> bool:
    """Whether a text openly speaks of suicide, of harming oneself, or of killing somebody; English.

    Example:
        >>> is_crisis("I don’t want to live anymore"), is_crisis("this traffic is killing me")
        (True, False)
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").lower()
    return CRISIS.search(re.sub(r"\s+", " ", plain)) is not None
