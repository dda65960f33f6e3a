"""A trial as its participant sees it."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from thymos.serve.studio.bodies.common import Body, Slug, Storable


class MeasureInfo(BaseModel):
    """A measure of the trial."""

    name: str
    title: str
    questionnaire: str | None = Field(None, description="Slug of the questionnaire that gives it, where one does.")
    low: float
    high: float
    given: list[str] = Field([], description="Occasions at which it was given already.")


class Trial(BaseModel):
    """The trial as its participant sees it; the arm is told in the debrief."""

    name: str
    title: str
    question: str
    state: Literal["new", "consented", "withdrawn", "finished"]
    consent: str
    safety: str
    occasions: list[str]
    measures: list[MeasureInfo]
    strata: dict[str, list[str]] = Field({}, description="What is asked with the consent, and the answers to choose.")
    uses: list[str] = Field(description="Parts of the studio that are open now.")
    help: str | None = Field(None, description="Where the answer that was just given asks for help at once.")


class Consent(Body):
    """Consent, with the answers by which randomization is stratified."""

    agreed: Literal[True]
    strata: dict[Slug, Annotated[Storable, Field(max_length=80)]] = Field(default={}, max_length=10)


class NewMeasure(Body):
    """One measure at one occasion: a number, or a questionnaire's answers."""

    measure: Slug
    occasion: Slug
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    answers: Annotated[dict[Annotated[Storable, Field(max_length=40)], int | None], Field(max_length=100)] | None = None


class Debrief(BaseModel):
    """What is told at the end."""

    text: str
    arm: str
