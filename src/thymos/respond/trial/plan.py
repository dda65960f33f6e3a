"""The plan of a trial: what is compared with whom, measured how, and analyzed in which way, before the first person.

A plan is frozen by its hash: data that were gathered under another plan are not analyzed without saying why. Arms that
are meant to manipulate run with simulated participants only.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thymos.errors import BadInput
from thymos.files import text_sha256

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Part = Literal["companion", "exercises", "practice", "questionnaires"]
# Columns of the data, in wide or long form, that are no outcome and no stratum.
RESERVED = frozenset({"participant", "arm", "time", "value", "completed", "plan"})


class Arm(BaseModel):
    """What one group may use.

    Args:
        name: of the arm.
        uses: parts of the studio; none for a control group.
        share: how many participants it gets against the others.
        manipulative: it is meant to move people against their interest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    uses: tuple[Part, ...] = ()
    share: Annotated[int, Field(ge=1, le=10)] = 1
    manipulative: bool = False


class Outcome(BaseModel):
    """What is measured.

    Args:
        name: a column of the data.
        title: in words.
        low, high: its range.
        questionnaire: of ``thymos.respond.questionnaires``; "" for another measure.
        primary: the outcome that the trial is about; exactly one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    title: Annotated[str, Field(min_length=1)]
    low: float
    high: float
    questionnaire: str = ""
    primary: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "Outcome":
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.questionnaire:
            from thymos.respond.questionnaires import find_questionnaire

            try:
                found = find_questionnaire(self.questionnaire)
            except BadInput as error:
                raise ValueError(str(error)) from None
            if found.no_total:
                raise ValueError(f"{self.questionnaire} has no total; measure one of its parts as a number")
            low, high = found.limits
            if low < self.low or high > self.high:
                raise ValueError(f"{self.questionnaire} gives {low} to {high}, more than {self.low:g} to {self.high:g}")
        return self


class Analysis(BaseModel):
    """What of the analysis is for the trial to choose; the rest is the same for every trial, see ``analysis``.

    Args:
        contrasts: pairs (arm, against) that are compared; none: every arm against the control.
        imputations: completed tables for the intention-to-treat analysis.
        seed: of the imputation.
        minimum_uses: how often a participant must have used what the arm offers to count per protocol.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    contrasts: tuple[tuple[Name, Name], ...] = ()
    imputations: Annotated[int, Field(ge=5, le=500)] = 20
    seed: Annotated[int, Field(ge=0)] = 0
    minimum_uses: Annotated[int, Field(ge=0)] = 0


class TrialPlan(BaseModel):
    """A trial; see the module.

    Args:
        name: short.
        title: for participants.
        question: that it answers.
        participants: ``"simulated"`` or ``"human"``.
        arms: two at least; the first one is the control.
        allocation: ``"simple"`` or ``"block"`` (balanced after every block, within every stratum).
        block_sizes: multiples of the sum of shares, drawn at random.
        strata: values by name.
        outcomes: one of them primary.
        times: first the baseline.
        sample_size: planned.
        alpha: of the primary comparison, two-sided.
        consent, debrief: texts that participants read.
        safety: what stops a person's part or the trial.
        analysis: what the trial chooses of its analysis.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    title: Annotated[str, Field(min_length=1)]
    question: Annotated[str, Field(min_length=1)]
    participants: Literal["simulated", "human"]
    arms: Annotated[tuple[Arm, ...], Field(min_length=2, max_length=10)]
    allocation: Literal["simple", "block"] = "block"
    block_sizes: tuple[int, ...] = ()
    strata: dict[Name, tuple[str, ...]] = {}
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    times: Annotated[tuple[Name, ...], Field(min_length=2)]
    sample_size: Annotated[int, Field(ge=4)]
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    consent: str = ""
    debrief: str = ""
    safety: str = ""
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _fits(self) -> "TrialPlan":
        for what, names in (
            ("arms", [arm.name for arm in self.arms]),
            ("times", list(self.times)),
            ("outcomes", [one.name for one in self.outcomes]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"two {what} have the same name")
        if sum(one.primary for one in self.outcomes) != 1:
            raise ValueError("exactly one outcome must be primary")
        if self.participants == "human":
            if any(arm.manipulative for arm in self.arms):
                raise ValueError("a manipulative arm runs with simulated participants only")
            if not self.consent.strip() or not self.debrief.strip() or not self.safety.strip():
                raise ValueError("a trial with people needs consent, debrief and safety rules")
        columns = [*self.strata, *(one.name for one in self.outcomes)]
        odd = next((name for name in columns if name in RESERVED or columns.count(name) > 1), None)
        if odd is not None:
            raise ValueError(f"{odd!r} cannot name an outcome or a stratum: a column of the data has this name")
        arms = {arm.name for arm in self.arms}
        for pair in self.analysis.contrasts:
            if not set(pair) <= arms or pair[0] == pair[1]:
                raise ValueError(f"contrast {pair[0]}, {pair[1]}: two different arms of the plan are needed")
        total = sum(arm.share for arm in self.arms)
        if any(size < total or size % total for size in self.block_sizes):
            raise ValueError(f"block sizes must be multiples of {total}")
        if any(len(set(values)) < 2 or len(set(values)) < len(values) for values in self.strata.values()):
            raise ValueError("a stratum needs two values at least, all different")
        return self

    @property
    def control(self) -> str:
        """The arm with which the others are compared."""
        return self.arms[0].name

    @property
    def primary(self) -> Outcome:
        """The outcome that the trial is about."""
        return next(one for one in self.outcomes if one.primary)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Sizes of blocks: those of the plan, or two and three times the shares."""
        total = sum(arm.share for arm in self.arms)
        return self.block_sizes or (2 * total, 3 * total)

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Pairs (arm, against) that are compared."""
        return self.analysis.contrasts or tuple((arm.name, self.control) for arm in self.arms[1:])

    @property
    def hash(self) -> str:
        """Changes with everything that is planned."""
        # A plan that chooses nothing of its analysis keeps the hash that it had before there was anything to choose.
        kept = {"analysis"} if self.analysis == Analysis() else set()
        return text_sha256(self.model_dump_json(exclude=kept))

    def arm(self, name: str) -> Arm:
        """The arm of that name; BadInput where there is none."""
        for one in self.arms:
            if one.name == name:
                return one
        raise BadInput(f"there is no arm {name!r}", where=self.name)


def parse_plan(text: str, where: str | Path = "plan") -> TrialPlan:
    """A plan from YAML.

    Raises:
        BadInput: no YAML, or a plan that cannot be.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        raise BadInput("this is no plain YAML", where=where, mend="see docs/how-to/run-a-trial.md") from None
    if not isinstance(content, dict):
        raise BadInput("a plan is a table of names and values", where=where)
    try:
        return TrialPlan.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "plan"
        raise BadInput(f"{place}: {first['msg']}", where=where, mend="mend the plan") from None


def read_plan(path: str | Path) -> TrialPlan:
    """A plan from a file; BadInput where there is none."""
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the plan cannot be read ({type(error).__name__})", where=place) from None
    return parse_plan(text, place)
