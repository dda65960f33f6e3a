"""When a step is asked: conditions on earlier answers, as data. There are no expressions, so nothing can run."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Answer = str | int | float | list[str] | None
"""What a person gave: a text, a number, texts or names of choices; None where nothing was asked or it was left out."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e6, le=1e6)]
_TESTS = ("equals", "one_of", "at_least", "at_most", "given")


class Condition(BaseModel):
    """A test of one earlier answer, or ``all``, ``any`` or ``not`` of such tests.

    Args:
        answer: the step whose answer is tested.
        minus: another step; the difference of both numbers is tested.
        equals: the answer is this choice, or this is among the choices.
        one_of: the answer is one of these choices, or one of them is among the choices.
        at_least, at_most: of a number, or of how many choices or entries were given. Both may stand together.
        given: whether there is an answer at all.
        all, any: of several conditions.
        negated: ``not`` in a script.

    An answer that was not given, or not asked for, fails every test but ``given: false``.

    Example:
        >>> low = Condition.model_validate({"answer": "after", "minus": "before", "at_most": -10})
        >>> low.holds({"before": 80, "after": 50}), low.holds({"before": 80})
        (True, False)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    answer: Name | None = None
    minus: Name | None = None
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    given: Annotated[bool, Field(strict=True)] | None = None
    all: Annotated[tuple["Condition", ...], Field(min_length=1)] | None = None
    any: Annotated[tuple["Condition", ...], Field(min_length=1)] | None = None
    negated: "Condition | None" = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_kind(self) -> "Condition":
        groups = [one for one in (self.all, self.any, self.negated) if one is not None]
        tests = [name for name in _TESTS if getattr(self, name) is not None]
        if groups:
            if len(groups) > 1 or self.answer or self.minus or tests:
                raise ValueError("all, any and not stand alone")
            return self
        if self.answer is None or not tests:
            raise ValueError(f"a condition names an answer and one of {', '.join(_TESTS)}")
        if len(tests) > 1 and set(tests) != {"at_least", "at_most"}:
            raise ValueError(f"{' and '.join(tests)} do not stand together; use all")
        if self.minus and not set(tests) <= {"at_least", "at_most"}:
            raise ValueError("a difference is tested by at_least and at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is above at_most")
        return self

    def tested(self) -> "Iterator[Condition]":
        """The tests of single answers in it."""
        inner = (*(self.all or ()), *(self.any or ()), *((self.negated,) if self.negated else ()))
        if not inner:
            yield self
        for one in inner:
            yield from one.tested()

    def holds(self, answers: Mapping[str, Answer]) -> bool:
        """Whether it holds over the answers so far."""
        if self.all is not None:
            return not [one for one in self.all if not one.holds(answers)]
        if self.any is not None:
            return bool([one for one in self.any if one.holds(answers)])
        if self.negated is not None:
            return not self.negated.holds(answers)
        value = answers.get(self.answer or "")
        if self.given is not None:
            return (value is not None) == self.given
        if self.equals is not None or self.one_of is not None:
            wanted = {self.equals} if self.equals is not None else set(self.one_of or ())
            had = set(value) if isinstance(value, list) else {value}
            return bool(wanted & had)
        size = _size(value)
        if self.minus is not None:
            before = _size(answers.get(self.minus))
            size = None if size is None or before is None else size - before
        if size is None:
            return False
        return (self.at_least is None or size >= self.at_least) and (self.at_most is None or size <= self.at_most)


def _size(value: Any) -> float | None:
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int | float) else None
