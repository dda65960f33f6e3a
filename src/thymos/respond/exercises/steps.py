"""The kinds of steps that a script may hold, and what each of them needs."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thymos.respond.exercises.conditions import Condition, Name, Number
from thymos.respond.exercises.templates import Quote, find_quotes

LONGEST_ANSWER = 20_000
"""Letters of one text; expressive writing fills pages."""
LONGEST_EXERCISE = 900
"""Seconds of one pause or of all rounds of breathing, at most."""

Words = Annotated[str, Field(min_length=1, max_length=200)]
Prose = Annotated[str, Field(min_length=1, max_length=3000)]
Count = Annotated[int, Field(strict=True, ge=0, le=100)]
Seconds = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=LONGEST_EXERCISE)]
Breath = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=12)]


class Part(BaseModel):
    """Part of a script: unknown fields are refused, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseStep(Part):
    """What every step has.

    Args:
        id: name of the step, and of its answer.
        prompt: what is said or asked; may quote earlier answers.
        help: a further line; may quote, too.
        when: asked only where this holds.
    """

    id: Name
    prompt: Prose
    help: Annotated[str, Field(max_length=1500)] = ""
    when: Condition | None = None

    @property
    def asks(self) -> bool:
        """Whether there is something to answer."""
        return True

    def quotes(self) -> list[Quote]:
        """The answers that it quotes."""
        return [*find_quotes(self.prompt), *find_quotes(self.help)]


class Silent(BaseStep):
    """A step that asks for nothing."""

    @property
    def asks(self) -> bool:
        """It asks for nothing."""
        return False


class Say(Silent):
    """Something to read."""

    kind: Literal["say"]


class Summary(Silent):
    """What came of it: shown like ``say``, and part of the export and of ``ExerciseRun.summary``."""

    kind: Literal["summary"]


class Pause(Silent):
    """Time that passes."""

    kind: Literal["pause"]
    seconds: Annotated[Seconds, Field(gt=0)]


class Breathing(Silent):
    """Paced breathing: seconds of each phase of a round; phases of zero seconds are left out."""

    kind: Literal["breathing"]
    inhale: Annotated[Breath, Field(ge=1)]
    hold: Breath = 0
    exhale: Annotated[Breath, Field(ge=1)]
    rest: Breath = 0
    rounds: Annotated[int, Field(strict=True, ge=1, le=60)]

    @model_validator(mode="after")
    def _not_too_long(self) -> "Breathing":
        if self.seconds > LONGEST_EXERCISE:
            raise ValueError(f"{self.rounds} rounds take {self.seconds:g} seconds; at most {LONGEST_EXERCISE}")
        return self

    @property
    def pattern(self) -> tuple[float, float, float, float]:
        """Seconds of breathing in, holding, breathing out, and holding again."""
        return self.inhale, self.hold, self.exhale, self.rest

    @property
    def seconds(self) -> float:
        """Seconds of all rounds."""
        return self.rounds * sum(self.pattern)


class Text(BaseStep):
    """Free text. ``seconds`` is how long to write, a suggestion; ``rows`` how tall the field is."""

    kind: Literal["text"]
    optional: bool = False
    longest: Annotated[int, Field(strict=True, ge=1, le=LONGEST_ANSWER)] = 4000
    rows: Annotated[int, Field(strict=True, ge=1, le=30)] = 3
    seconds: Annotated[Seconds, Field(gt=0)] | None = None


class ListOfTexts(BaseStep):
    """``least`` to ``most`` short texts."""

    kind: Literal["list"]
    optional: bool = False
    least: Annotated[Count, Field(ge=1)] = 1
    most: Annotated[Count, Field(le=30)] = 10
    longest: Annotated[int, Field(strict=True, ge=1, le=2000)] = 500

    @model_validator(mode="after")
    def _in_order(self) -> "ListOfTexts":
        if self.least > self.most:
            raise ValueError("least is above most")
        return self


class Scale(BaseStep):
    """A number from ``low`` to ``high`` in steps of ``step``, with words for both ends, or with a unit."""

    kind: Literal["scale"]
    optional: bool = False
    low: Number = 0
    high: Number = 100
    step: Annotated[Number, Field(gt=0)] = 1
    low_label: Annotated[str, Field(max_length=200)] = ""
    high_label: Annotated[str, Field(max_length=200)] = ""
    unit: Annotated[str, Field(max_length=40)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> "Scale":
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.step > self.high - self.low:
            raise ValueError("the step is wider than the scale")
        return self


class Option(Part):
    """One of the choices: ``value`` is kept, ``label`` is shown, ``help`` explains it."""

    value: Name
    label: Words
    help: Annotated[str, Field(max_length=500)] = ""


class Choosing(BaseStep):
    """A step with choices."""

    optional: bool = False
    choices: Annotated[tuple[Option, ...], Field(min_length=2, max_length=40)]

    @model_validator(mode="after")
    def _told_apart(self) -> "Choosing":
        for what in ("value", "label"):
            names = [getattr(one, what) for one in self.choices]
            doubled = next((name for name in names if names.count(name) > 1), None)
            if doubled is not None:
                raise ValueError(f"two choices have the {what} {doubled!r}")
        for one in self.choices:  # an answer may be either
            if any(one.label == other.value for other in self.choices if other is not one):
                raise ValueError(f"{one.label!r} is the label of one choice and the value of another")
        return self

    def label(self, value: str) -> str:
        """What is shown for a choice."""
        return next(one.label for one in self.choices if one.value == value)


class Choice(Choosing):
    """One of several."""

    kind: Literal["choice"]


class Choices(Choosing):
    """``least`` to ``most`` of several; ``most`` is all of them unless it is given."""

    kind: Literal["choices"]
    least: Annotated[Count, Field(ge=1)] = 1
    most: Annotated[Count, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Choices":
        if not self.least <= (self.most or len(self.choices)) <= len(self.choices):
            raise ValueError("least and most do not fit the number of choices")
        return self


ScriptStep = Annotated[
    Say | Summary | Pause | Breathing | Text | ListOfTexts | Scale | Choice | Choices, Field(discriminator="kind")
]
