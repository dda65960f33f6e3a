"""Who says which of several answers counts: an oracle that knows the right one, or the answers themselves.

An oracle is fair only when every arm has it: with one, any resampling looks better round by round. Without one there
are three ways to choose among candidates: a majority vote, the model's own likelihood, and a synthesis, where the model
reads all candidates and writes one answer. All three are blind to the right answer.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from thymos.assess.engine.answers import first_line, grade, normalize_text, parse
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.errors import BadInput
from thymos.language.model import Message, OptionScores

RIGHT = 1.0
LONGEST_CANDIDATE = 120  # characters; what a synthesis is shown of a reply that runs on
SYNTHESIS = (
    "These are candidate answers to the question above. Weigh them against each other and combine them into one."
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Verdict:
    """What a verifier says about a reply.

    Args:
        answer: what was read from the reply, or None.
        right: whether it is right; None where the verifier cannot know.
    """

    answer: str | None
    right: bool | None


class Verifier(Protocol):
    """Reads a reply to an item."""

    def __call__(self, item: BenchmarkItem, reply: str) -> Verdict:
        """The answer, and whether it is right."""
        ...


def oracle(item: BenchmarkItem, reply: str) -> Verdict:
    """Reads the reply without the right answer, then compares with it: the real string or number check of the suite.

    Example:
        >>> item = BenchmarkItem("s/t/1", "s", "t", "Add.", "2 3", ("5",), scoring="number")
        >>> oracle(item, "The answer is 5."), oracle(item, "Six?").right
        (Verdict(answer='5', right=True), False)
    """
    answer = parse(item, reply)
    return Verdict(answer, grade(item, answer) >= RIGHT)


def reader(item: BenchmarkItem, reply: str) -> Verdict:
    """Only reads the reply: the regime without a verifier."""
    return Verdict(parse(item, reply), None)


def majority_vote(answers: Sequence[str | None]) -> str | None:
    """The most frequent answer that could be read; on a tie the one that came first; None when none could be read.

    Answers that differ in case, articles or punctuation, or in the way a number is written, count together.

    Example:
        >>> majority_vote(["7", "8", None, "8.0"])
        '8'
    """
    read = [answer for answer in answers if answer is not None]
    if not read:
        return None
    counts = Counter(_same(answer) for answer in read)
    return max(read, key=lambda answer: counts[_same(answer)])


def distinct_answers(answers: Sequence[str | None]) -> tuple[str, ...]:
    """The different answers that could be read, in order of first occurrence."""
    found: dict[str, str] = {}
    for answer in answers:
        if answer is not None:
            found.setdefault(_same(answer), answer)
    return tuple(found.values())


def most_likely(answers: Sequence[str], scores: OptionScores) -> str:
    """The answer with the highest log-likelihood a byte after the plain question [inferred: length-fair]."""
    if not answers or len(answers) != len(scores.log_likelihoods):
        raise BadInput(f"{len(answers)} answers and {len(scores.log_likelihoods)} scores", where="most_likely")
    return answers[int(np.argmax(scores.normalized("bytes")))]


def synthesis_prompt(prompt: Sequence[Message], replies: Sequence[str], answer_format: str) -> tuple[Message, ...]:
    """The conversation that asks for one answer out of all candidates; wording ours [inferred].

    Args:
        prompt: the conversation that asked the item.
        replies: all candidates in order, repeated ones too, because how often an answer came may matter.
        answer_format: the sentence that says how to answer.
    """
    if not replies:
        raise BadInput("there is no candidate", where="synthesis")
    shown = [first_line(reply)[:LONGEST_CANDIDATE] or "(no answer)" for reply in replies]
    listed = "\n".join(f"Candidate {number}: {text}" for number, text in enumerate(shown, start=1))
    return (*prompt, Message("assistant", listed), Message("user", f"{SYNTHESIS} {answer_format}\nAnswer:"))


def _same(answer: str) -> str:
    """What two spellings of one answer have in common."""
    plain = answer.strip().replace(",", "")
    if NUMBER.fullmatch(plain):
        return repr(float(plain))
    # Signs only ("[ ]") normalize to nothing and are told apart as they stand.
    return normalize_text(answer) or answer.strip()
