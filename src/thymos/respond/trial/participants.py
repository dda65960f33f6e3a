"""Where everybody is in a trial, and the data of its analysis, told from the log alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from thymos.respond.trial.event_log import TrialEvent
from thymos.respond.trial.plan import TrialPlan


@dataclass
class Participant:
    """One participant.

    Args:
        code: no name.
        state: ``"consented"``, ``"randomized"``, ``"withdrew"`` or ``"finished"``.
        arm: "" before randomization.
        strata: values by name.
        values: measures by (outcome, time).
        uses: how often the participant used what the arm offers.
        safety: how many safety events there were.
        deleted: the participant wished the data to be deleted.
    """

    code: str
    state: str = "consented"
    arm: str = ""
    strata: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    uses: int = 0
    safety: int = 0
    deleted: bool = False


def participants_of(events: Iterable[TrialEvent]) -> dict[str, Participant]:
    """Everybody by code, in the order in which they came."""
    found: dict[str, Participant] = {}
    for event in events:
        one = found.setdefault(event.participant, Participant(event.participant))
        if event.kind in ("consented", "randomized", "withdrew", "finished"):
            one.state = event.kind
        if event.kind == "randomized":
            one.arm, one.strata = event.values["arm"], dict(event.values.get("strata", {}))
        elif event.kind == "measured" and not event.erased:
            one.values[event.values["outcome"], event.values["occasion"]] = float(event.values["value"])
        elif event.kind == "used":
            one.uses += 1
        elif event.kind == "safety":
            one.safety += 1
        elif event.kind == "deleted":
            one.deleted, one.values, one.uses = True, {}, 0
    return found


def completed(plan: TrialPlan, one: Participant) -> bool:
    """Whether a participant counts per protocol: stayed, gave the primary outcome at all times, used enough."""
    if one.state == "withdrew" or one.deleted:
        return False
    measured = all((plan.primary.name, time) in one.values for time in plan.times)
    return measured and (not plan.arm(one.arm).uses or one.uses >= plan.analysis.minimum_uses)


def trial_data(plan: TrialPlan, events: Iterable[TrialEvent]) -> pd.DataFrame:
    """The data as ``analyze_trial`` takes them: everybody who was randomized and did not wish to be deleted."""
    names = [one.name for one in plan.outcomes]
    rows = [
        {"participant": one.code, "arm": one.arm, **one.strata, "time": time, "completed": completed(plan, one)}
        | {name: one.values.get((name, time), math.nan) for name in names}
        | {"plan": plan.hash}
        for one in participants_of(events).values()
        if one.arm and not one.deleted
        for time in plan.times
    ]
    return pd.DataFrame(rows, columns=["participant", "arm", *plan.strata, "time", "completed", *names, "plan"])
