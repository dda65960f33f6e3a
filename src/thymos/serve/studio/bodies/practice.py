"""Practised conversations and feedback on drafts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from thymos.serve.studio.bodies.common import DRAFT_LETTERS, Body, Slug, Told
from thymos.serve.studio.bodies.talk import Message

Difficulty = Literal["easy", "medium", "hard"]


class SkillInfo(BaseModel):
    """A skill that is rated."""

    slug: str
    title: str
    description: str = Field("", description="What the skill is, in one sentence.")
    levels: dict[str, str] = Field({}, description="None, weak and strong in one sentence each.")
    frame: str = Field("", description="A sentence with gaps in brackets to begin from.")


class NewPractice(Body):
    """A difficult conversation to practise."""

    situation: Annotated[Told, Field(max_length=DRAFT_LETTERS)]
    partner: Annotated[Told, Field(max_length=200)] = "the other person"
    difficulty: Difficulty = "medium"
    skills: list[Slug] = Field(default=[], max_length=12, description="Empty means all.")
    emotions: list[Annotated[Told, Field(max_length=40)]] = Field(default=[], max_length=12)


class Example(BaseModel):
    """A rated example of the seed set."""

    text: str
    rating: str
    reason: str = ""
    context: str = ""


class Contrast(BaseModel):
    """Two examples whose difference shows what makes one strong."""

    worse: Example
    better: Example


class NextSkill(BaseModel):
    """The skill to try next."""

    skill: str
    why: str


class Feedback(BaseModel):
    """How a draft uses a skill."""

    id: str
    text: str = Field(description="The draft.")
    skill: str
    rating: Literal["strong", "weak", "none"]
    probabilities: dict[str, float] = {}
    reasons: list[str] = []
    suggestion: str = ""
    rewrite: str = Field("", description="A better version; gaps in brackets are the user's to fill in.")
    rewritten_by: str = Field("authored", description="authored, or the name of the language model.")
    examples: list[Contrast] = []
    risk: Literal["none", "concern", "crisis"] = "none"
    help: str | None = Field(None, description="Said instead of feedback where the draft speaks of a crisis.")
    created: datetime


class PracticeInfo(BaseModel):
    """A practice."""

    id: str
    situation: str
    partner: str
    difficulty: Difficulty
    skills: list[str]
    emotions: list[str] = []
    created: datetime
    updated: datetime
    last_seq: int
    writing: bool = False


class Practice(PracticeInfo):
    """With everything said and rated so far."""

    messages: list[Message] = []
    feedback: list[Feedback] = []
    next_skill: NextSkill | None = None


class NewDraft(Body):
    """A draft to be rated, before it is sent."""

    text: Annotated[Told, Field(max_length=DRAFT_LETTERS)]
    skill: Slug | None = Field(None, description="Default: the skill that the coach proposes next.")
