"""Trial data: what belongs to the plan and what does not, and the arrays that the analyses work on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.respond.trial.plan import Outcome, TrialPlan

Floats = npt.NDArray[np.float64]
KEY = ("participant", "arm", "time")
WHERE = "trial data"
YES, NO = ("true", "1", "yes", "1.0"), ("false", "0", "no", "0.0")


@dataclass(frozen=True)
class OutcomeTable:
    """One outcome of everybody, as arrays; participants are rows.

    Args:
        values: (participants, times), NaN where missing.
        arms: (participants,) place of the arm in the plan, 0 for the control.
        strata: (participants, columns) 0 or 1, a column a value but the first of each stratum.
        completed: (participants,) who did as planned; None where nobody knows.
        arm_count: arms in the plan.
    """

    values: Floats
    arms: npt.NDArray[np.int64]
    strata: Floats
    completed: npt.NDArray[np.bool_] | None
    arm_count: int

    def __len__(self) -> int:
        return len(self.arms)

    @property
    def base(self) -> Floats:
        """The first time."""
        return self.values[:, 0]

    @property
    def last(self) -> Floats:
        """The last time."""
        return self.values[:, -1]

    @cached_property
    def design(self) -> Floats:
        """(participants, columns): intercept, arms against the control, strata."""
        dummies = self.arms[:, None] == np.arange(1, self.arm_count)[None, :]
        return np.column_stack([np.ones(len(self)), dummies.astype(float), self.strata])

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Who has the first and the last time."""
        return np.isfinite(self.base) & np.isfinite(self.last)

    def only(self, rows: npt.NDArray[np.bool_]) -> "OutcomeTable":
        """Some of the participants."""
        done = None if self.completed is None else self.completed[rows]
        return OutcomeTable(self.values[rows], self.arms[rows], self.strata[rows], done, self.arm_count)

    def filled(self, values: Floats) -> "OutcomeTable":
        """The same participants with other values."""
        return OutcomeTable(values, self.arms, self.strata, self.completed, self.arm_count)


def checked_data(plan: TrialPlan, data: pd.DataFrame) -> pd.DataFrame:
    """The data with numbers as numbers.

    Raises:
        BadInput: a missing column, an unknown arm, time or stratum, a participant without a code, twice at one time, in
            two arms or strata, a value that is no number or out of range, an arm without participants, an outcome that
            never varies.
    """
    wanted = [*KEY, *(outcome.name for outcome in plan.outcomes), *plan.strata]
    absent = [name for name in wanted if name not in data.columns]
    if absent:
        raise BadInput(f"there is no column {absent[0]!r}", where=WHERE, mend=f"columns: {', '.join(wanted)}")
    if not len(data):
        raise BadInput("there are no data", where=WHERE)
    found = data.reset_index(drop=True)
    codes = found["participant"]
    nameless = codes.isna() | (codes.astype(str).str.strip() == "")
    if nameless.any():
        raise BadInput(f"row {nameless.idxmax() + 1} has no participant", where=WHERE)
    known = {"arm": [arm.name for arm in plan.arms], "time": list(plan.times)} | {
        name: list(values) for name, values in plan.strata.items()
    }
    for name, values in known.items():
        odd = ~found[name].isin(values)
        if odd.any():
            row = int(odd.idxmax())
            raise BadInput(f"row {row + 1}: {name} {found[name][row]!r} is not in the plan", where=WHERE)
    twice = found.duplicated(["participant", "time"])
    if twice.any():
        row = found[twice].iloc[0]
        raise BadInput(f"participant {row['participant']} is there twice at {row['time']}", where=WHERE)
    for name in ("arm", *plan.strata):
        counts = found.groupby("participant")[name].nunique()
        if (counts > 1).any():
            what = "two arms" if name == "arm" else f"two values of {name}"
            raise BadInput(f"participant {counts[counts > 1].index[0]} is in {what}", where=WHERE)
    empty = [arm.name for arm in plan.arms if not (found["arm"] == arm.name).any()]
    if empty:
        raise BadInput(f"arm {empty[0]!r} has no participants", where=WHERE)
    for outcome in plan.outcomes:
        found[outcome.name] = checked_values(found[outcome.name], outcome)
    if "completed" in found:
        found["completed"] = checked_flags(found["completed"])
    return found


def checked_values(given: pd.Series, outcome: Outcome) -> pd.Series:
    """Numbers of an outcome; BadInput where one is none or out of range, or where nothing varies."""
    values = pd.to_numeric(given, errors="coerce").astype(float)
    lost = values.isna() & given.notna()
    if lost.any():
        raise BadInput(f"row {lost.idxmax() + 1}: {outcome.name} {given[lost.idxmax()]!r} is no number", where=WHERE)
    outside = (values < outcome.low) | (values > outcome.high)
    if outside.any():
        raise BadInput(
            f"row {outside.idxmax() + 1}: {outcome.name} {values[outside.idxmax()]:g} is outside "
            f"{outcome.low:g} to {outcome.high:g}",
            where=WHERE,
        )
    if values.nunique() < 2:
        raise BadInput(f"{outcome.name} never varies", where=WHERE, mend="it cannot tell arms apart")
    return values


def checked_flags(given: pd.Series) -> pd.Series:
    """Truth values of the column completed, which files hold as words or numbers; an empty cell counts as false."""
    words = given.map(lambda value: "false" if pd.isna(value) else str(value).strip().lower())
    odd = ~words.isin(YES + NO)
    if odd.any():
        row = int(odd.idxmax())
        raise BadInput(f"row {row + 1}: completed is {given[row]!r}", where=WHERE, mend="write true or false")
    return words.isin(YES)


def outcome_table(plan: TrialPlan, data: pd.DataFrame, outcome: Outcome) -> OutcomeTable:
    """One outcome of checked data as arrays.

    Raises:
        BadInput: an arm in which fewer than two people have the first or the last time.
    """
    wide = data.pivot(index="participant", columns="time", values=outcome.name).reindex(columns=list(plan.times))
    names = ["arm", *plan.strata, *(["completed"] if "completed" in data else [])]
    first = data.groupby("participant")[names].first().reindex(wide.index)
    places = {arm.name: place for place, arm in enumerate(plan.arms)}
    columns = [
        (first[name] == value).to_numpy(dtype=float) for name, values in plan.strata.items() for value in values[1:]
    ]
    table = OutcomeTable(
        wide.to_numpy(dtype=float),
        first["arm"].map(places).to_numpy(dtype=np.int64),
        np.column_stack(columns) if columns else np.empty((len(wide), 0)),
        first["completed"].to_numpy(dtype=bool) if "completed" in first else None,
        len(plan.arms),
    )
    for time, column in ((plan.times[0], table.base), (plan.times[-1], table.last)):
        for place, arm in enumerate(plan.arms):
            if np.isfinite(column[table.arms == place]).sum() < 2:
                raise BadInput(
                    f"arm {arm.name!r} has fewer than two values of {outcome.name} at {time}",
                    where=WHERE,
                    mend="nothing can be compared or imputed",
                )
    return table
