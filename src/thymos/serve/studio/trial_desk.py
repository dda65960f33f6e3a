"""A configured trial: who takes part, in which arm, what was measured; and which parts of the studio are open to whom.

The database is the record. A log beside the plan (``thymos.respond.trial.EventLog``) repeats it line by line, chained
by hashes and without names, for whoever runs the trial; lines that a crash kept from it are added at the next start.
"""

import math
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from thymos.errors import BadInput
from thymos.serve.studio.problems import Refused
from thymos.serve.studio.store import Conflict, NotFound, Store, UserStore
from thymos.serve.studio.store.owned import Row
from thymos.serve.studio.store.trials import (
    CONSENTED,
    FINISHED,
    WITHDRAWN,
    Allocation,
    Participant,
    logged_events,
)

if TYPE_CHECKING:
    from thymos.respond.trial import Outcome, TrialPlan

PARTS = ("companion", "exercises", "practice", "questionnaires")
NEW = "new"
MEASURED = "measured"
CODE_LETTERS = 12


def log_path(plan: Path) -> Path:
    """The log beside a plan.

    Example:
        >>> log_path(Path("trials/pilot.yaml")).as_posix()
        'trials/pilot.log.jsonl'
    """
    return plan.with_name(f"{plan.stem}.log.jsonl")


class TrialDesk:
    """A trial with people in the studio.

    Args:
        path: of the plan.
        store: of the studio.

    Raises:
        BadInput: no plan, one for simulated participants or with ``minimum_uses``, another one than the trial was begun
            with, or a log that was changed.
    """

    def __init__(self, path: Path, store: Store) -> None:
        from thymos.respond.trial import EventLog, Randomizer, read_plan

        self.plan: TrialPlan = read_plan(path)
        if self.plan.participants != "human":
            raise BadInput(
                "the plan is for simulated participants", where=path, mend="simulate it, or plan a trial with people"
            )
        if self.plan.analysis.minimum_uses:
            raise BadInput(
                "the studio does not count how often parts are used", where=path, mend="leave out minimum_uses"
            )
        self.store, self.name = store, self.plan.name
        kept = store.note(f"trial {self.name}: plan", self.plan.hash)
        if kept != self.plan.hash:
            raise BadInput(
                "the plan was changed after the trial began",
                where=path,
                mend="restore it, or give the new trial a name",
            )
        # Nobody who enrolls people should see it; it is in the database for who checks the order at the end.
        seed = int(store.note(f"trial {self.name}: seed", str(secrets.randbits(62))))
        self._randomizer = Randomizer(self.plan, seed)
        self._log = EventLog(log_path(path), self.plan.hash)
        self._writing = threading.Lock()
        self.log_new()

    # -- what a person may do ----------------------------------------------------------------------------------------

    def state(self, user: UserStore) -> str:
        """Where a person is: new, consented, withdrawn or finished."""
        part = user.trials.get(self.name)
        return NEW if part is None else part.status

    def uses(self, user: UserStore) -> tuple[str, ...]:
        """The parts that are open to a person: none before consent, those of the arm, all afterwards."""
        part = user.trials.get(self.name)
        if part is None:
            return ()
        if part.status in (WITHDRAWN, FINISHED):
            return PARTS
        return next(arm.uses for arm in self.plan.arms if arm.name == part.arm)

    def consent(self, user: UserStore, strata: Mapping[str, str]) -> Participant:
        """Take part, and be given an arm.

        Raises:
            Refused: answers that the plan does not have.
            Conflict: the person withdrew.
        """
        wanted = dict(strata)
        known = {name: list(values) for name, values in self.plan.strata.items()}
        if set(wanted) != set(known) or any(value not in known[name] for name, value in wanted.items()):
            told = "; ".join(f"{name}: {', '.join(values)}" for name, values in known.items()) or "none"
            raise Refused(422, f"strata: answer each of these and nothing else: {told}")

        def arm_of(before: Sequence[Allocation]) -> str:
            return self._randomizer.arm(sum(one.strata == wanted for one in before), wanted)

        part = user.trials.consent(self.name, wanted, arm_of)
        self.log_new()
        return part

    def measure(
        self,
        user: UserStore,
        name: str,
        occasion: str,
        value: float | None,
        answers: Mapping[str, int | None] | None,
    ) -> bool:
        """Keep a measure; each can be given once an occasion.

        Returns:
            Whether an answer asks for help at once: whoever shows the next page shows help with it.

        Raises:
            NotFound: no such measure or occasion.
            Refused: neither a number nor answers, or a number outside the range.
            BadInput: answers that cannot be scored.
            Conflict: the person takes no part (any more), or the measure was given.
        """
        outcome = next((one for one in self.plan.outcomes if one.name == name), None)
        if outcome is None or occasion not in self.plan.times:
            raise NotFound("measure")
        if self.state(user) != CONSENTED:
            raise Conflict("only participants give measures; consent comes first")
        number, urgent = self._number(outcome, value, answers)

        def same(row: Row) -> bool:
            return bool(row["value"]["outcome"] == name and row["value"]["occasion"] == occasion)

        user.trials.add_event(
            self.name, MEASURED, {"outcome": name, "occasion": occasion, "value": number}, once=same
        )  # fmt: skip
        self.log_new()
        return urgent

    def _number(
        self, outcome: "Outcome", value: float | None, answers: Mapping[str, int | None] | None
    ) -> tuple[float, bool]:
        if (value is None) == (answers is None):
            raise Refused(422, "send either a value or answers")
        urgent = False
        if answers is not None:
            from thymos.respond.questionnaires import find_questionnaire

            if not outcome.questionnaire:
                raise Refused(422, f"{outcome.name} is a number and no questionnaire")
            scored = find_questionnaire(outcome.questionnaire).score(answers)
            value, urgent = scored.total, scored.urgent
        elif outcome.questionnaire:
            raise Refused(422, f"{outcome.name} is given by the answers to {outcome.questionnaire}")
        if value is None or not math.isfinite(value) or not outcome.low <= value <= outcome.high:
            raise Refused(422, f"{outcome.name} is outside {outcome.low:g} to {outcome.high:g}")
        return float(value), urgent

    def given(self, user: UserStore) -> dict[str, list[str]]:
        """Occasions of each measure that was given."""
        found: dict[str, list[str]] = {one.name: [] for one in self.plan.outcomes}
        for row in user.trials.events(self.name, MEASURED):
            found[row["value"]["outcome"]].append(row["value"]["occasion"])
        return found

    def withdraw(self, user: UserStore) -> None:
        """Leave the trial; what was measured stays until the person deletes it."""
        user.trials.set_status(self.name, WITHDRAWN, "withdrew")
        self.log_new()

    def debrief(self, user: UserStore) -> Participant:
        """The person's arm, after the last measure or after leaving.

        Raises:
            NotFound: the person takes no part.
            Conflict: measures are missing.
        """
        part = user.trials.get(self.name)
        if part is None:
            raise NotFound("participant")
        if part.status == CONSENTED:
            if any(len(occasions) < len(self.plan.times) for occasions in self.given(user).values()):
                raise Conflict("the debrief comes after the last measure, or after you withdrew")
            user.trials.set_status(self.name, FINISHED, "finished")
            self.log_new()
        return part

    def erased(self, code: str) -> None:
        """A participant deleted everything; the log says so and forgets what was measured, and keeps only the arm."""
        with self._writing:
            self._log.add("deleted", code)

    def code(self, user: UserStore) -> str | None:
        """A participant's code in the log; None for who takes no part."""
        part = user.trials.get(self.name)
        return None if part is None else part.id[:CODE_LETTERS]

    # -- for whoever runs the trial -----------------------------------------------------------------------------------

    def log_new(self) -> None:
        """Add what is in the database and not in the log yet."""
        with self._writing:
            known = {event.values.get("row") for event in self._log.events}
            for event in logged_events(self.store.core, self.name):
                if event.row not in known:
                    self._log.add(event.kind, event.code[:CODE_LETTERS], row=event.row, **event.value)

    def table(self) -> pd.DataFrame:
        """The data as ``analyze_trial`` takes it: one row a participant and occasion."""
        from thymos.respond.trial import TrialEvent, trial_data

        events = logged_events(self.store.core, self.name)
        return trial_data(
            self.plan,
            [
                TrialEvent(one.kind, one.code[:CODE_LETTERS], one.value, one.created.isoformat(), hash="")
                for one in events
            ],
        )
