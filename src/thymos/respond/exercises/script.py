"""Guided exercises as scripts: what a script may hold. Everything is checked when it is read; nothing in it is run.

Steps go forward only and a condition looks only at steps before it, so every exercise ends. ``docs/how-to/
write-an-exercise.md`` explains scripts to writers; ``reading.py`` reads them.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, computed_field, model_validator

from thymos.files import canonical_json, text_sha256
from thymos.respond.exercises.conditions import Name
from thymos.respond.exercises.steps import Choices, Choosing, ListOfTexts, Part, Prose, Scale, ScriptStep, Words


class Exercise(Part):
    """A guided exercise.

    Args:
        slug: its name in files, commands and addresses.
        version: counts up with every change of the script.
        language: two letters.
        title: shown to people.
        summary: what it is for, in plain words.
        minutes: that it takes.
        cautions: when not to do it, and what to mind.
        sources: where the technique was described; the words of the script are ours.
        steps: in order.
    """

    slug: Name
    version: Annotated[int, Field(strict=True, ge=1)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    title: Words
    summary: Prose
    minutes: Annotated[int, Field(strict=True, ge=1, le=120)]
    cautions: Annotated[tuple[Prose, ...], Field(min_length=1)]
    sources: Annotated[tuple[Prose, ...], Field(min_length=1)]
    steps: Annotated[tuple[ScriptStep, ...], Field(min_length=1, max_length=80)]

    @model_validator(mode="after")
    def _refers_back(self) -> "Exercise":
        before: dict[str, Any] = {}
        for step in self.steps:
            if step.id in before:
                raise ValueError(f"two steps are called {step.id!r}")
            for name, why in _spoken_of(step):
                if name not in before:
                    raise ValueError(f"step {step.id!r} {why} {name!r}, which does not come before it")
                if not before[name].asks:
                    raise ValueError(f"step {step.id!r} {why} {name!r}, which asks for nothing")
            _check_quotes(step, before)
            _check_condition(step, before)
            before[step.id] = step
        return self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def caution(self) -> str:
        """The cautions as one text."""
        return "\n".join(self.cautions)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def source(self) -> str:
        """The sources as one text."""
        return " ".join(self.sources)

    @property
    def sha256(self) -> str:
        """Changes with every word of the script; 64 hex digits."""
        return text_sha256(canonical_json(self.as_values()))

    def as_values(self) -> dict[str, Any]:
        """The script as plain values, as ``model_validate`` takes them; defaults are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"caution", "source"})


class Step(Part):
    """A step as it is asked, with earlier answers filled in; the fields are the same for every kind.

    Args:
        id: of the step.
        kind: say, pause, breathing, text, list, scale, choice, choices. A ``summary`` is shown like ``say``.
        asks: whether there is something to answer; where not, the answer is None.
        prompt: what is said or asked.
        help: a further line.
        optional: may be left out (None).
        options: what can be chosen, in words; ``values`` are the same as they are kept, ``option_help`` explains them.
        low, high, step, low_label, high_label, unit: of a scale.
        least, most: how many choices or entries.
        longest: letters of a text, or of an entry.
        rows: of the field.
        seconds: of a pause, of all rounds of breathing, or how long to write.
        pattern: seconds of breathing in, holding, breathing out, and holding again; 0 = left out.
        rounds: of breathing.
        closing: it is a summary.
        draft: an answer given here before going back, else None.
    """

    id: str
    kind: Literal["say", "text", "scale", "choice", "choices", "list", "pause", "breathing"]
    asks: bool
    prompt: str
    help: str = ""
    optional: bool = False
    options: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    option_help: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    low_label: str = ""
    high_label: str = ""
    unit: str = ""
    least: int | None = None
    most: int | None = None
    longest: int | None = None
    rows: int | None = None
    seconds: float | None = None
    pattern: tuple[float, ...] = ()
    rounds: int | None = None
    closing: bool = False
    draft: str | int | float | list[str] | None = None


def _spoken_of(step: Any) -> Iterator[tuple[str, str]]:
    for quote in step.quotes():
        yield from ((name, "quotes") for name in (quote.step, quote.other) if name)
    for test in step.when.tested() if step.when else ():
        yield from ((name, "depends on") for name in (test.answer, test.minus) if name)


def _check_quotes(step: Any, before: dict[str, Any]) -> None:
    for quote in step.quotes():
        if quote.form == "change" and not all(isinstance(before[name], Scale) for name in (quote.step, quote.other)):
            raise ValueError(f"step {step.id!r} quotes a change of {quote.step!r}, but both must be numbers")


def _check_condition(step: Any, before: dict[str, Any]) -> None:
    """A condition that could never hold, or was meant otherwise, is a mistake of the writer."""
    for test in step.when.tested() if step.when else ():
        asked = before[test.answer]
        wanted = {test.equals} if test.equals is not None else set(test.one_of or ())
        if wanted:
            known = {one.value for one in asked.choices} if isinstance(asked, Choosing) else set()
            if wanted - known:
                raise ValueError(
                    f"step {step.id!r} depends on {sorted(wanted - known)[0]!r}, no choice of {test.answer!r}"
                )
        measured = test.at_least is not None or test.at_most is not None
        countable = (Scale,) if test.minus else (Scale, ListOfTexts, Choices)
        if measured and not all(isinstance(before[name], countable) for name in (test.answer, test.minus) if name):
            raise ValueError(f"step {step.id!r} depends on a number, but {test.answer!r} gives none")
