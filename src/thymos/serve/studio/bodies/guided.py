"""Exercises and questionnaires."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from thymos.serve.studio.bodies.common import ANSWER_LETTERS, Body, Slug, Storable


class ExerciseInfo(BaseModel):
    """A guided exercise."""

    slug: str
    title: str
    summary: str
    minutes: int
    steps: int
    language: str = "en"
    caution: str = Field("", description="To be read before one begins.")
    source: str = ""


class Choice(BaseModel):
    """One of several answers."""

    value: str | int | float
    label: str


class Step(BaseModel):
    """What an exercise asks now; what belongs to other kinds is null or empty."""

    id: str
    kind: Literal["say", "text", "scale", "choice", "choices", "list", "pause", "breathing"]
    asks: bool = Field(description="Whether there is something to answer; else send null.")
    prompt: str
    help: str = ""
    optional: bool = Field(False, description="May be left out: send null.")
    options: list[str] = Field([], description="What can be chosen, in words.")
    values: list[str] = Field([], description="The same as it is sent and kept.")
    option_help: list[str] = []
    low: float | None = Field(None, description="Of a scale.")
    high: float | None = None
    step: float | None = None
    low_label: str = ""
    high_label: str = ""
    unit: str = ""
    least: int | None = Field(None, description="Choices or entries.")
    most: int | None = None
    longest: int | None = Field(None, description="Letters of a text, or of an entry.")
    rows: int | None = None
    seconds: float | None = Field(None, description="Of a pause, of all breathing, or how long to write.")
    pattern: list[float] = Field([], description="Seconds of breathing in, holding, breathing out, holding.")
    rounds: int | None = Field(None, description="Of breathing.")
    closing: bool = Field(False, description="It is a summary.")
    draft: str | float | list[str] | None = Field(None, description="An answer that was given here before.")


class Interruption(BaseModel):
    """The guard heard a crisis in an answer: help takes the place of the next step, and the answer is a draft."""

    step: str
    help: str
    may_go_on: bool = Field(description="Only the tone was found and no open words: the person may go on with it.")


class GivenAnswer(BaseModel):
    """An answer that was given."""

    step: str
    prompt: str
    answer: str | float | list[str] | None
    time: str


class NewRun(Body):
    """Start an exercise."""

    exercise: Slug


FiniteNumber = Annotated[float, Field(allow_inf_nan=False)]
LongText = Annotated[Storable, Field(max_length=ANSWER_LETTERS)]


class NewAnswer(Body):
    """The answer to the current step; ``step`` is its id, so that an answer is never counted twice."""

    step: Annotated[Storable, Field(min_length=1, max_length=80)]
    answer: (
        LongText | Annotated[float, Field(allow_inf_nan=False)] | Annotated[list[LongText], Field(max_length=50)] | None
    ) = None


class RunInfo(BaseModel):
    """An exercise that was begun."""

    id: str
    exercise: str
    title: str
    status: Literal["open", "finished"]
    created: datetime
    updated: datetime
    done: int = Field(description="Steps done.")
    steps: int = Field(description="Steps in all, as far as can be told.")


class Run(RunInfo):
    """With its answers and what is asked now."""

    answers: list[GivenAnswer] = []
    current: Step | None = Field(None, description="Null when the exercise is finished.")
    risk: Literal["none", "concern", "crisis"] = Field("none", description="What the guard made of the last answer.")
    interruption: Interruption | None = None
    help: str | None = Field(None, description="A sentence of the guard that can stand beside the next step.")
    summary: str = Field("", description="What came of it, when it is finished.")
    caution: str = ""
    newer_script: bool = Field(False, description="What ships has other words by now; this run goes on with its own.")


class QuestionnaireItem(BaseModel):
    """One question."""

    id: str
    text: str = Field(description="Empty where the items may not be handed on and no own copy was given.")
    choices: list[Choice] = []
    counts: bool = Field(True, description="Whether it is part of the score; others may be left out.")


class Band(BaseModel):
    """A published range of the total and what it is called."""

    low: int
    high: int
    name: str


class QuestionnaireInfo(BaseModel):
    """An instrument: information, never a diagnosis."""

    slug: str
    title: str
    about: str
    instructions: str
    period: str
    items: list[QuestionnaireItem]
    available: bool = Field(description="Whether its items can be shown; else licence says why.")
    low: int | None = Field(description="Of the total; null where there is none.")
    high: int | None
    subscales: list[str] = []
    band_of: str = ""
    bands: list[Band] = []
    reading: str = Field(description="How the numbers are read, with the publication.")
    source: str
    licence: str
    note: str = Field(description="What a score is and is not.")


class NewResult(Body):
    """Answers by item id; null = left out."""

    answers: Annotated[dict[Annotated[Storable, Field(max_length=40)], int | None], Field(max_length=200)]


class Result(BaseModel):
    """A scored questionnaire."""

    id: str
    questionnaire: str
    title: str
    created: datetime
    answers: dict[str, int]
    total: int | None
    subscales: dict[str, int] = {}
    band: str = ""
    note: str = ""
    missing: list[str] = Field([], description="Items without an answer; only where the result is urgent.")
    urgent: bool = Field(False, description="An answer asks for help at once: help is there then.")
    help: str | None = None
