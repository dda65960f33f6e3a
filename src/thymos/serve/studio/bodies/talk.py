"""Chats, messages, and the events of a stream."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from thymos.serve.studio.bodies.common import (
    MESSAGE_LETTERS,
    TITLE_LETTERS,
    Body,
    ClientId,
    ErrorDetail,
    Storable,
    Told,
)


class NewChat(Body):
    """A talk; without a title it gets the beginning of its first message."""

    title: Annotated[Storable, Field(max_length=TITLE_LETTERS)] = ""


class Chat(BaseModel):
    """A talk with the companion."""

    id: str
    title: str
    created: datetime
    updated: datetime
    last_seq: int = Field(description="Sequence number of the last message; 0 without one.")
    writing: bool = Field(False, description="Whether a reply is waited for.")


class Reading(BaseModel):
    """What the companion perceived."""

    emotions: dict[str, float] = Field(description="Probabilities by label.")
    valence: float | None
    arousal: float | None
    quality: str = Field(description='"ok", or why nothing was judged.')


class Plan(BaseModel):
    """What the companion means to do, and why."""

    strategy: str
    shares: dict[str, float] = Field(description="Probabilities by strategy.")
    emotion: str | None = None
    why: str = ""


class Message(BaseModel):
    """One turn. A reply has its place from the moment its question is accepted."""

    id: str
    seq: int
    role: Literal["user", "assistant"]
    content: str = Field(description="While the status is writing: the text so far.")
    status: Literal["complete", "waiting", "writing", "interrupted", "failed", "stopped"]
    kind: Literal["message", "crisis"] = "message"
    created: datetime
    client_id: str | None = None
    reading: Reading | None = None
    plan: Plan | None = None
    risk: Literal["none", "concern", "crisis"] | None = None
    help: str | None = None
    replaced: bool = Field(False, description="Whether the guard put another text in the reply's place.")
    problems: list[str] = []
    seconds_to_first: float | None = None


class NewMessage(Body):
    """A message; the same ``client_id`` again gives the same message, never a second one."""

    content: Annotated[Told, Field(max_length=MESSAGE_LETTERS)]
    client_id: ClientId


class Accepted(BaseModel):
    """Event ``accepted``: the message is on the disk; ``reply`` is the place of its reply."""

    message: Message
    reply: Message


class Delta(BaseModel):
    """Event ``delta``: the next piece of the reply; pieces joined are the text so far."""

    text: str


class CrisisNote(BaseModel):
    """Event ``crisis``: this text stands in the place of the reply."""

    text: str
    help: str | None = None
    risk: Literal["none", "concern", "crisis"] = "crisis"
    categories: list[str] = []


class Done(BaseModel):
    """Event ``done``: the reply as it is kept."""

    message: Message


class ChatEvents(BaseModel):
    """Events of a stream by name, for the description: ``reading`` carries a Reading, ``plan`` a Plan."""

    accepted: Accepted | None = None
    reading: Reading | None = None
    plan: Plan | None = None
    delta: Delta | None = None
    crisis: CrisisNote | None = None
    done: Done | None = None
    error: ErrorDetail | None = None
