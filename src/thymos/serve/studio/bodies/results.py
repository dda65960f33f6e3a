"""Report cards and studies."""

from typing import Any

from pydantic import BaseModel, Field


class AssessmentInfo(BaseModel):
    """A report card in the folder."""

    id: str
    models: list[str]
    suite: str
    date: str
    comparison: bool = False
    headline: list[dict[str, Any]] = Field([], description="First score of each section.")


class Assessment(AssessmentInfo):
    """The card as `thymos assess` wrote it; of a comparison one card a model and their differences."""

    card: dict[str, Any]


class Assessments(BaseModel):
    """What the folder holds, and which folder it is."""

    folder: str
    items: list[AssessmentInfo]
    note: str = Field("", description="Why the list is empty, or which files could not be used.")


class StudyInfo(BaseModel):
    """A study's committed result."""

    slug: str
    title: str
    card: int
    date: str
    simulated: bool
    verdicts: dict[str, int]
    rows: int


class Study(StudyInfo):
    """The result as `thymos run --publish` wrote it."""

    result: dict[str, Any]


class Studies(BaseModel):
    """What the folder holds."""

    folder: str
    items: list[StudyInfo]
    note: str = ""
