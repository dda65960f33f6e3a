"""Who was there at each step (CONSORT), and how much is missing."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from thymos.respond.trial.data import OutcomeTable
from thymos.respond.trial.event_log import TrialEvent
from thymos.respond.trial.participants import participants_of
from thymos.respond.trial.plan import TrialPlan


@dataclass(frozen=True)
class ArmFlow:
    """One arm's way through the trial.

    Args:
        arm: which.
        randomized: people who got it.
        withdrew: of them, who left; None where the data do not tell.
        deleted: of those, who had their data deleted.
        measured: people with the primary outcome, by time.
        analyzed: people in the intention-to-treat analysis: everybody whose data were not deleted.
        complete: people with first and last time.
        per_protocol: of those, who did as planned; None where the data do not tell.
    """

    arm: str
    randomized: int
    withdrew: int | None
    deleted: int
    measured: dict[str, int]
    analyzed: int
    complete: int
    per_protocol: int | None


@dataclass(frozen=True)
class Flow:
    """All arms, and how many agreed and were never randomized (None where the data do not tell)."""

    arms: tuple[ArmFlow, ...]
    consented: int | None = None

    def table(self) -> pd.DataFrame:
        """One row an arm, as numbers; what the data do not tell is left out."""
        rows = {}
        for one in self.arms:
            row: dict[str, int | None] = {"randomized": one.randomized, "withdrew": one.withdrew}
            row |= {"data deleted": one.deleted if one.withdrew is not None else None}
            row |= {f"measured at {time}": count for time, count in one.measured.items()}
            row |= {
                "intention to treat": one.analyzed,
                "complete cases": one.complete,
                "per protocol": one.per_protocol,
            }
            rows[one.arm] = row
        return pd.DataFrame(rows).T.dropna(axis=1, how="all").astype(int)


def flow_of(plan: TrialPlan, table: OutcomeTable, events: Iterable[TrialEvent] | None = None) -> Flow:
    """The flow from the primary outcome's table; with the log also who left and who had data deleted."""
    people = None if events is None else participants_of(events)
    arms = []
    for place, arm in enumerate(plan.arms):
        own = table.only(table.arms == place)
        known = [] if people is None else [one for one in people.values() if one.arm == arm.name]
        deleted = sum(one.deleted for one in known)
        complete = own.complete
        arms.append(
            ArmFlow(
                arm.name,
                len(own) + deleted,
                None if people is None else sum(one.state == "withdrew" or one.deleted for one in known),
                deleted,
                {time: int((own.values[:, at] == own.values[:, at]).sum()) for at, time in enumerate(plan.times)},
                len(own),
                int(complete.sum()),
                None if own.completed is None else int((own.completed & complete).sum()),
            )
        )
    return Flow(tuple(arms), None if people is None else len(people))


def missing_shares(plan: TrialPlan, tables: dict[str, OutcomeTable]) -> pd.DataFrame:
    """Share of analyzed people without a value: one row an outcome and time, one column an arm."""
    rows = {}
    for outcome in plan.outcomes:
        table = tables[outcome.name]
        for at, time in enumerate(plan.times):
            gone = table.values[:, at] != table.values[:, at]
            rows[(outcome.name, time)] = {
                arm.name: float(gone[table.arms == place].mean()) for place, arm in enumerate(plan.arms)
            }
    return pd.DataFrame(rows).T
