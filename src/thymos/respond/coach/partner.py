"""A simulated conversation partner: what it is up to next, what a language model is told, and what it says without one.

How hard the partner is shows in its moves, not only in its words: an easy one agrees after one skill shown clearly, a
medium one after two, a hard one denies, diverts and attacks first and wants four. A small language model often falls
out of its role; a sentence that does is not shown, and an authored line of the same move is said instead.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import yaml

from thymos.errors import BadInput
from thymos.files import read_text
from thymos.language.model import Message
from thymos.respond.coach.examples import plain
from thymos.respond.coach.seed_set import DATA, DIFFICULTIES, Situation

MOST_SENTENCES = 3
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|\n+")

# What a move is, as the language model is told.
MOVES = {
    "ask": "You are friendly and willing. Ask one short question about what they want.",
    "object": "You are not convinced. Object in one or two short sentences, without being rude.",
    "soften": "You begin to see their point, but you do not agree yet. Say so in one or two short sentences.",
    "agree": "They have convinced you. Agree in one short sentence.",
    "deny": "You refuse. Say no in one short sentence and give no reason.",
    "divert": "You change the subject and talk about something that they did wrong. One short sentence.",
    "attack": "You are annoyed and reproach them, without swearing or threats. One short sentence.",
}
MANNERS = {
    "easy": "You like this person and want to find a solution.",
    "medium": "You have your own interests and give in only for good reasons.",
    "hard": "You are stubborn and easily offended, and you do not want to talk about this.",
}
OUT_OF_ROLE = re.compile(
    r"\b(?:as an ai|language model|i'?m an assistant|how can i (?:help|assist)|i'?m here to (?:help|listen|support)|"
    r"happy to help|here (?:is|are) (?:some|a few|an?)|it'?s important to|you could say|role[- ]?play|"
    r"thank you for (?:reaching out|sharing)|i'?m sorry to hear|professional help|therap(?:y|ist))\b"
    r"|https?:|www\.|^\s*(?:\d+[.)]|[-*#])|^\s*\w[\w ]{0,24}:\s|\[[^\]]*\]|\*\*",
    re.IGNORECASE,
)


AGREEING = re.compile(
    r"\b(?:sorry|you(?:'re| are) right|happy to|of course|i (?:agree|understand|appreciate)|my (?:fault|mistake)|"
    r"gladly)\b",
    re.IGNORECASE,
)
UNWILLING = ("object", "deny", "divert", "attack")
ENDS = (".", "!", "?", "…", '"', "”", ")")
CIRCLES = 0.75  # share of different pairs of words below which a sentence goes round in circles [inferred]


def next_move(difficulty: str, turns: int, shown: int) -> str:
    """What the partner is up to.

    Args:
        difficulty: ``"easy"``, ``"medium"`` or ``"hard"``.
        turns: what the user has said so far, the last one included; at least 1.
        shown: how many different skills these turns show clearly.

    Example:
        >>> next_move("easy", 1, 1), next_move("medium", 1, 1), next_move("hard", 1, 1)
        ('agree', 'soften', 'deny')
    """
    if difficulty not in DIFFICULTIES or turns < 1:
        raise BadInput(f"difficulty {difficulty!r}, {turns} turns", where="partner")
    if difficulty == "easy":
        return "agree" if shown >= 1 else "ask" if turns < 3 else "soften"
    if difficulty == "medium":
        return "agree" if shown >= 2 and turns >= 2 else "soften" if shown >= 1 else "object"
    if turns <= 2:
        return ("deny", "divert")[turns - 1]
    if shown >= 4:
        return "agree"
    if shown >= 3:
        return "soften"
    return ("attack", "deny", "divert")[turns % 3]


def instructions(situation: Situation, move: str) -> str:
    """What the language model is told."""
    feelings = f" The other person feels {', '.join(situation.emotions)}." if situation.emotions else ""
    return (
        f"This is a play. You play {_third_person(situation.partner)}. The other person tells it like this: "
        f"{situation.text}{feelings} {MANNERS[situation.difficulty]} {MOVES[move]} "
        "Speak as that person, in the first person. Give no advice and no list."
    )


def partner_conversation(situation: Situation, history: Sequence[Message], move: str) -> list[Message]:
    """The conversation as the language model gets it: instructions, then what was said."""
    told = [turn for turn in history if turn.role in ("user", "assistant")]
    return [Message("system", instructions(situation, move)), *told]


@cache
def authored_lines() -> dict[str, dict[str, list[str]]]:
    """Lines by difficulty and move."""
    lines: dict[str, dict[str, list[str]]] = yaml.safe_load(read_text(DATA / "partner_lines.yaml"))
    return lines


def authored_line(difficulty: str, move: str, history: Sequence[Message]) -> str:
    """A line that the partner has not said yet, where there is one; the same history gives the same line."""
    lines = authored_lines()[difficulty][move]
    said = {plain(turn.content) for turn in history if turn.role == "assistant"}
    fresh = [line for line in lines if plain(line) not in said]
    place = sum(turn.role == "user" for turn in history)
    return (fresh or lines)[place % len(fresh or lines)]


def wrong_with(sentence: str, history: Sequence[Message], said: Sequence[str] = (), move: str = "") -> str:
    """Why a sentence of the language model is not shown; "" where nothing is wrong.

    Args:
        sentence: of the reply.
        history: the conversation before it.
        said: sentences of this reply that were shown already.
        move: what the partner is up to; "" leaves it out.
    """
    words = plain(sentence).split()
    if len(words) < 2:
        return "empty"
    if not sentence.rstrip().endswith(ENDS):
        return "cut off"
    if OUT_OF_ROLE.search(sentence.replace("’", "'")):
        return "out of its role"
    if move in UNWILLING and AGREEING.search(sentence.replace("’", "'")):
        return "gives in where the partner would not"
    pairs = list(pairwise(words))
    if len(words) >= 8 and len(set(pairs)) < CIRCLES * len(pairs):
        return "goes round in circles"
    for other in (*said, *(turn.content for turn in history if turn.role != "system")):
        earlier = set(plain(other).split())
        alike = len(set(words) & earlier) >= 0.8 * len(set(words)) and len(words) > 3
        if alike or plain(other) == " ".join(words):
            return "repeats what was said"
    return ""


def sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Whole sentences out of a stream of pieces, each as soon as the next one begins; the rest at the end.

    Example:
        >>> list(sentences(iter(["No. I", " can't. W", "hy"])))
        ['No.', "I can't.", 'Why']
    """
    waiting = ""
    for piece in pieces:
        waiting += piece
        while (found := SENTENCE_END.search(waiting)) is not None:
            sentence, waiting = waiting[: found.end()].strip(), waiting[found.end() :]
            if sentence:
                yield sentence
    if waiting.strip():
        yield waiting.strip()


def _third_person(partner: str) -> str:
    """``my manager`` to ``the manager of the other person``.

    Example:
        >>> _third_person("my manager"), _third_person("the doctor")
        ('the manager of the other person', 'the doctor')
    """
    partner = partner.strip()
    return f"the {partner[3:].strip()} of the other person" if partner.lower().startswith("my ") else partner
