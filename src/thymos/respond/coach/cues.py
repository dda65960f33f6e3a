"""Cue words of the DEAR MAN skills: countable signs that a draft shows a skill or its opposite.

Written by us from common descriptions of the skills. A cue is a hint, not proof: cues stand beside the sentence
vector in the rating, and they say in words what the rating hangs on.
"""

import re
from functools import cache
from typing import NamedTuple

from thymos.errors import BadInput


class Cue(NamedTuple):
    """One sign.

    Args:
        name: what is told to the user where it is found.
        pattern: regular expression, case does not matter.
        good: whether it speaks for the skill.
    """

    name: str
    pattern: str
    good: bool


_NUMBER = (
    r"\b\d+(?:st|nd|rd|th|[.,:]\d+)?\b|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|once|twice|"
    r"dozen|hundred)\b"
)
_TIME = (
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:january|february|march|april|may|june|july|august|september|"
    r"october|november|december|easter|christmas)\b|\b(?:yesterday|today|tonight|tomorrow|last (?:night|week|month)|"
    r"this (?:week|month|saturday|morning)|noon|midnight|next week|o'clock)\b"
)
_FEELING = (
    r"\b(?:sad|hurt|angry|anxious|worried|scared|afraid|frightened|lonely|tired|exhausted|overwhelmed|frustrated|"
    r"disappointed|discouraged|helpless|nervous|tense|stressed|upset|uneasy|worn out|let down|ashamed|embarrassed|"
    r"annoyed|guilty|relieved|glad|happy|grateful|thankful|proud|excited|confused|exposed|miss|love|enjoy|forgotten|"
    r"pressure|insecure|jealous|betrayed)\b"
)
_BLAME = (
    r"\b(?:you are (?:so|just|such|nothing|a|an|the)|you're (?:so|just|such|a|an)|you (?:always|never|only|people|"
    r"clearly|obviously|don't care|do not care)|typical|selfish|rude|lazy|idiot|clown|crazy|stupid|ridiculous|"
    r"nonsense)\b"
)
_HEDGE = (
    r"\b(?:maybe|perhaps|kind of|sort of|somehow|some(?:thing|time|how)|i guess|i suppose|i'm not sure|i don't know|"
    r"no idea|if (?:that's|it's|it is|that is) (?:okay|ok|alright|all right)|if you don't mind|a (?:bit|little)|"
    r"possibly|probably|whatever|at some point|one day|or so)\b"
)
_SORRY = (
    r"\b(?:sorry|apologi[sz]e|forgive me|my (?:own )?fault|never mind|forget (?:it|that|about)|i shouldn't|"
    r"don't be (?:angry|mad))\b"
)
_THREAT = (
    r"\b(?:or else|otherwise|you will (?:see|regret)|you'll (?:see|regret)|lawyer|i will make sure|once more|"
    r"we are done|we're done|don't bother)\b"
)

CUES: dict[str, tuple[Cue, ...]] = {
    "describe": (
        Cue("numbers", _NUMBER, True),
        Cue("days or dates", _TIME, True),
        Cue(
            "what was agreed or said",
            r"\b(?:we (?:had )?agreed|you (?:said|promised|told)|i (?:asked|told|gave|lent|sent))\b",
            True,
        ),
        Cue("a judgment about the other", _BLAME, False),
        Cue(
            "always, never or much too",
            r"\b(?:always|never|everything|nothing|whole time|hardly ever|much too|way more|so much)\b",
            False,
        ),
    ),
    "express": (
        Cue(
            "an own feeling",
            rf"\bi(?:'m| am| feel| get| was| have been)\b[^.!?]*?{_FEELING}|\bi (?:miss|love|enjoy)\b",
            True,
        ),
        Cue("why the feeling is there", r"\b(?:because|when|since|each time)\b", True),
        Cue("feelings in words", _FEELING, True),
        Cue(
            "a thought dressed as a feeling",
            r"\bi feel (?:that|like|as if)\b|\bit feels like\b|\byou make me\b",
            False,
        ),
        Cue("a rule or an accusation", rf"\b(?:supposed to|one does not|should)\b|{_BLAME}", False),
    ),
    "assert": (
        Cue(
            "a direct request",
            r"\b(?:please|i (?:want|need|ask|am asking|would like|'d like) (?:you|to)|i'd like (?:you|to)|"
            r"i am asking|will you)\b",
            True,
        ),
        Cue("a clear no", r"\bi (?:will not|won't|can't|cannot|do not want)\b|\bno,", True),
        Cue("a time or a number", rf"{_TIME}|{_NUMBER}", True),
        Cue("hedges", _HEDGE, False),
        Cue(
            "a hint instead of a request",
            r"\b(?:would be (?:nice|great|cool|good)|wouldn't|some people|i wonder|isn't it|don't they|"
            r"must be done)\b",
            False,
        ),
    ),
    "reinforce": (
        Cue("what follows if they agree", r"\b(?:if|when|with|then)\b", True),
        Cue(
            "a gain for them or for both",
            r"\b(?:you (?:will|'ll|can|could|get|would)|you'll|we (?:can|get|will|both)|both|us|our|together)\b",
            True,
        ),
        Cue(
            "thanks or appreciation",
            r"\b(?:thank|thanks|thankful|grateful|appreciate|glad|gladly|happy to|means a lot|look forward|"
            r"help me)\b",
            True,
        ),
        Cue("a threat", _THREAT, False),
        Cue("vague", r"\b(?:it would be|that would be|that'd be|nice|easier|better|fairer)\b", False),
    ),
    "negotiate": (
        Cue(
            "another way",
            r"\b(?:or|how about|what about|what if|instead|in return|take turns|alternatively|either)\b",
            True,
        ),
        Cue(
            "an offer",
            r"\bi (?:can|could|will|'ll|pay|take|do)\b|\bi'll\b|\bwe could\b|\bcould (?:you|we|i)\b",
            True,
        ),
        Cue(
            "a question to them",
            r"\b(?:which|what do you think|would that|would .{1,40} work|what suits|could you agree|shall we|"
            r"do you)\b[^.!]*\?",
            True,
        ),
        Cue(
            "no other way",
            r"\b(?:no discussion|end of story|period|last word|that is that|simple as that|nothing to discuss|"
            r"no way|or (?:we|he|i will) )\b",
            False,
        ),
        Cue("open, without an offer", rf"\b(?:some (?:way|kind|solution)|something)\b|{_HEDGE}", False),
    ),
    "mindful": (
        Cue(
            "their point is heard",
            r"\b(?:i (?:hear|understand|see|can see|believe)|that may be|that must|it sounds|"
            r"we see that differently|i'm happy to talk)\b",
            True,
        ),
        Cue(
            "back to the point",
            r"\b(?:right now|first|still|today|again|come back|let us stay|let's stay|my (?:point|question|"
            r"wish|request)|what i need)\b",
            True,
        ),
        Cue(
            "the wish itself",
            r"\b(?:i (?:want|need|would|'d like|am asking|come)|i'd like|please|agree on)\b",
            True,
        ),
        Cue("an attack", rf"{_BLAME}|!", False),
        Cue("the bait is taken up", r"^[^.!?]{0,60}\?|\b(?:you should talk|look at you|besides|anyway)\b", False),
    ),
    "confident": (
        Cue(
            "a firm sentence",
            r"\b(?:i (?:expect|need|want|will|will not|am asking|ask|cannot|know|agreed|do not)|is due|"
            r"that holds|is a normal)\b",
            True,
        ),
        Cue("apologies", _SORRY, False),
        Cue("hedges", _HEDGE, False),
        Cue(
            "asking for permission",
            r"\b(?:is it okay|would it be (?:okay|alright|possible)|i hope it is|i don't (?:want|mean) to|"
            r"don't mind|no big deal|not a big deal|just|only that|could it be)\b|\?",
            False,
        ),
        Cue(
            "making oneself small",
            r"\b(?:stupid|silly|bad (?:daughter|son|friend|mother|father)|deserve|too clingy|not an expert|"
            r"i don't (?:know|understand)|you (?:surely )?know best|not urgent)\b",
            False,
        ),
    ),
}


@cache
def _compiled(skill: str) -> tuple[tuple[Cue, re.Pattern[str]], ...]:
    if skill not in CUES:
        raise BadInput(f"there are no cues of {skill!r}", mend=f"known: {', '.join(CUES)}")
    return tuple((cue, re.compile(cue.pattern, re.IGNORECASE)) for cue in CUES[skill])


def cue_values(text: str, skill: str) -> tuple[float, ...]:
    """How often each cue of a skill is in a text, at most three times.

    Example:
        >>> cue_values("Please call me by Friday.", "assert")
        (1.0, 0.0, 1.0, 0.0, 0.0)
    """
    text = text.replace("’", "'")
    return tuple(float(min(3, len(pattern.findall(text)))) for _, pattern in _compiled(skill))


def found_cues(text: str, skill: str) -> list[Cue]:
    """The cues that are in a text."""
    return [cue for (cue, _), value in zip(_compiled(skill), cue_values(text, skill), strict=True) if value]
