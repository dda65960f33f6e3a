"""Our own texts of the companion (``data/wording.yaml``): what the model is told, and replies where it fails."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from thymos.language.model import Message
from thymos.respond.companion.events import Planned, Read
from thymos.respond.companion.plan import OTHERS, QUESTION

CERTAIN = 0.3  # probability from which on a feeling is named


@lru_cache(maxsize=1)
def texts() -> dict[str, Any]:
    """The file."""
    found: dict[str, Any] = yaml.safe_load((files(__package__) / "data" / "wording.yaml").read_text(encoding="utf-8"))
    return found


def conversation(history: Sequence[Message], plan: Planned, reading: Read) -> list[Message]:
    """What the model is asked: our instruction, two examples, and the talk; instructions of others are left out.

    What changes from answer to answer (strategy, feeling) stands at the very end, behind the person's message, so that
    a model that remembers what it has read need not read the talk again.

    Args:
        history: the talk, the person's message last; messages with other roles than user and assistant are dropped.
        plan: names the strategy.
        reading: names the feeling where it is sure enough.
    """
    label = top_emotion(reading)
    feeling = f" The person seems to feel {label}." if label else ""
    carried = f" Let the reply carry some {plan.emotion}." if plan.emotion and plan.emotion != "neutral" else ""
    hint = f"({texts()['strategies'][plan.strategy]}{feeling}{carried})"
    shown = []
    for example in texts()["examples"]:
        shown += [Message("user", example["asked"]), Message("assistant", example["answer"])]
    turns = [turn for turn in history if turn.role in ("user", "assistant")]
    last = Message(turns[-1].role, f"{turns[-1].content}\n\n{hint}")
    return [Message("system", texts()["system"]), *shown, *turns[:-1], last]


def top_emotion(reading: Read) -> str:
    """The most probable label if it is no "neutral" and probable enough, else ""."""
    if not reading.emotions or reading.quality != "ok":
        return ""
    label = max(reading.emotions, key=lambda name: reading.emotions[name])
    return label if label != "neutral" and reading.emotions[label] >= CERTAIN else ""


def authored_reply(plan: Planned, reading: Read, history: Sequence[Message], language: str) -> str:
    """A reply by us for the strategy; one that was not said in this talk, where there is one."""
    language = language if language in texts()["replies"] else "en"
    own = texts()["replies"][language]
    feeling = texts()["feelings"][language].get(top_emotion(reading), texts()["hard"][language])
    said = {turn.content for turn in history if turn.role == "assistant"}
    wanted, asking = ([one.format(feeling=feeling) for one in own[name]] for name in (plan.strategy, QUESTION))
    if plan.strategy == OTHERS and said:
        wanted = wanted[1:] or asking  # the first one says hello
    fresh = [one for one in (*wanted, *asking) if one not in said]
    return (fresh or wanted)[0]


def authored_sentences() -> list[str]:
    """All of our replies in English, with a feeling put in: how a listener speaks."""
    feeling = texts()["hard"]["en"]
    return [text.format(feeling=feeling) for one in texts()["replies"]["en"].values() for text in one]
