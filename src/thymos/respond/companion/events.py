"""What a companion tells while it answers, in this order: Read, Planned, Said ..., Finished; or Crisis, Finished."""

from collections.abc import Mapping
from dataclasses import dataclass

from thymos.respond.guard import MessageCheck


@dataclass(frozen=True)
class Read:
    """What the software perceives in the last message.

    Args:
        emotions: probability of each label, 0..1; several may be high.
        valence: -1..1, a summary of the labels; NaN where the message is not judged.
        arousal: -1..1, the same.
        quality: ``"ok"``, or why the message is not judged.
    """

    emotions: Mapping[str, float]
    valence: float
    arousal: float
    quality: str


@dataclass(frozen=True)
class Planned:
    """What the reply is meant to do.

    Args:
        strategy: of ``thymos.respond.companion.plan.STRATEGIES``.
        shares: share of each strategy in the plan; sums to 1.
        emotion: that the reply may carry, of seven; "" without a personality.
        why: one sentence for the person on what the reply does.
        planner: who decided: ``"learned"``, ``"rule"``, or the name of another planner.
        planner_why: one sentence on why this planner decided.
    """

    strategy: str
    shares: Mapping[str, float]
    emotion: str
    why: str
    planner: str = ""
    planner_why: str = ""


@dataclass(frozen=True)
class Said:
    """A checked piece of the reply; the pieces joined are its text."""

    text: str


@dataclass(frozen=True)
class Crisis:
    """Help in place of a reply; no language model was asked.

    Args:
        text: the message.
        check: why.
    """

    text: str
    check: MessageCheck


@dataclass(frozen=True)
class Finished:
    """The end.

    Args:
        text: the whole reply, as it was said.
        replaced: whether an authored reply or help stands in for the language model's.
        problems: what was wrong with what the model wrote; empty where nothing was.
        seconds_to_first: from the question to the first piece.
    """

    text: str
    replaced: bool
    problems: tuple[str, ...]
    seconds_to_first: float


Event = Read | Planned | Said | Crisis | Finished
