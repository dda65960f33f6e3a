"""A trial kept in files: who agreed, who got which arm, what was measured, who left. The log is the whole record."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from thymos.errors import BadInput
from thymos.files import read_text
from thymos.respond.trial.event_log import EventLog
from thymos.respond.trial.participants import Participant, participants_of, trial_data
from thymos.respond.trial.plan import TrialPlan
from thymos.respond.trial.randomization import Randomizer
from thymos.respond.trial.screens import debrief_screen


class TrialBook:
    """The book of one trial with people.

    Args:
        plan: of the trial.
        path: of the log; beside it stands the file with the seed, which nobody who enrolls people should read.

    Raises:
        BadInput: a plan for simulated participants, or a log that was changed or belongs to another plan.
    """

    def __init__(self, plan: TrialPlan, path: str | Path) -> None:
        if plan.participants != "human":
            raise BadInput(
                "the plan is for simulated participants", where=plan.name, mend="simulate it, or plan one with people"
            )
        self.plan, self.log = plan, EventLog(path, plan.hash)
        with self.log.holding():
            self._randomizer = Randomizer(plan, seed_beside(Path(path)))

    @property
    def participants(self) -> dict[str, Participant]:
        """Everybody by code, told from the log."""
        return participants_of(self.log.events)

    def find(self, code: str) -> Participant:
        """One participant; BadInput where there is none of that code."""
        known = self.participants
        if code not in known:
            raise BadInput(f"there is no participant {code!r}", where=self.plan.name)
        return known[code]

    def checked_strata(self, strata: Mapping[str, str]) -> None:
        """Nothing; BadInput for strata that the plan does not have."""
        self._randomizer.key(strata)

    def enroll(self, code: str, strata: Mapping[str, str] | None = None) -> Participant:
        """Note that somebody agreed, and give an arm. The same code again changes nothing.

        Raises:
            BadInput: the person left, or strata that the plan does not have.
        """
        with self.log.holding():
            known = self.participants
            if code in known and known[code].arm:
                if known[code].state == "withdrew" or known[code].deleted:
                    raise BadInput(f"{code!r} left the trial", where=self.plan.name)
                return known[code]
            own = dict(strata or {})
            place = sum(1 for one in known.values() if one.arm and one.strata == own)
            arm = self._randomizer.arm(place, own)
            if code not in known:  # a crash may have come between the two lines
                self.log.add("consented", code)
            self.log.add("randomized", code, arm=arm, strata=own)
            return self.find(code)

    def measure(self, code: str, outcome: str, time: str, value: float) -> None:
        """Note a measure, once an occasion.

        Raises:
            BadInput: no such participant, outcome or time, a value out of range or given already, or the person left.
        """
        found = next((one for one in self.plan.outcomes if one.name == outcome), None)
        if found is None or time not in self.plan.times:
            raise BadInput(f"there is no {outcome!r} at {time!r}", where=self.plan.name)
        if not found.low <= value <= found.high:
            raise BadInput(f"{outcome} is outside {found.low:g} to {found.high:g}", where=code)
        with self.log.holding():
            if (outcome, time) in self.active(code).values:
                raise BadInput(f"{outcome} at {time} was given already", where=code)
            self.log.add("measured", code, outcome=outcome, occasion=time, value=float(value))

    def used(self, code: str, part: str) -> None:
        """Note that a participant used a part of the arm's offer.

        Raises:
            BadInput: the arm does not offer it.
        """
        arm = self.plan.arm(self.active(code).arm)
        if part not in arm.uses:
            raise BadInput(f"the arm does not offer {part!r}", where=code, mend="note what happened as a safety event")
        self.log.add("used", code, part=part)

    def active(self, code: str) -> Participant:
        """A participant who has an arm and did not leave."""
        one = self.find(code)
        if not one.arm or one.state == "withdrew" or one.deleted:
            raise BadInput(f"{code!r} takes no part (any more)", where=self.plan.name)
        return one

    def withdraw(self, code: str, *, delete: bool) -> int:
        """Note that somebody left.

        Args:
            code: who.
            delete: the person wishes that what was given is deleted.

        Returns:
            How many events were emptied.
        """
        if self.find(code).state != "withdrew":
            self.log.add("withdrew", code)
        return self.log.erase(code) if delete and not self.find(code).deleted else 0

    def debrief(self, code: str) -> str:
        """The text at the end, after the last measure or after leaving.

        Raises:
            BadInput: measures are missing.
        """
        one = self.find(code)
        if one.state in ("consented", "randomized") and not one.deleted:
            missing = [
                (o.name, t) for o in self.plan.outcomes for t in self.plan.times if (o.name, t) not in one.values
            ]
            if missing:
                raise BadInput(
                    f"{missing[0][0]} at {missing[0][1]} is missing",
                    where=code,
                    mend="measure it, or note that they left",
                )
            self.log.add("finished", code)
        return debrief_screen(self.plan, one.arm)

    def data(self) -> pd.DataFrame:
        """The data as ``analyze_trial`` takes them."""
        return trial_data(self.plan, self.log.events)


def seed_beside(log: Path) -> int:
    """The seed of a log's trial; made and kept for its owner's eyes at the first call.

    Raises:
        BadInput: the seed of a trial that was begun is gone or spoiled.
    """
    path = log.with_name(f"{log.name}.seed")
    if not path.exists():
        if log.exists() and log.stat().st_size:
            raise BadInput("the file with the seed is gone", where=path, mend="restore it from a copy")
        part = path.with_name(f".{path.name}.partial")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(f"{secrets.randbits(62)}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    try:
        return int(read_text(path))
    except ValueError:
        raise BadInput("this is no seed", where=path, mend="restore it from a copy") from None
