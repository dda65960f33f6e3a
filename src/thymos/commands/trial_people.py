"""``thymos trial`` with people, from the terminal: consent, measures, leaving, debrief; the log is the whole record."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from thymos.errors import BadInput
from thymos.files import write_atomically

if TYPE_CHECKING:
    from thymos.respond.trial import TrialBook

PlanArgument = Annotated[Path, typer.Argument(help="The plan (YAML); see docs/how-to/run-a-trial.md.")]
LogArgument = Annotated[Path, typer.Argument(help="The trial's log (.jsonl); made when missing.")]
CodeArgument = Annotated[str, typer.Argument(help="The participant's code, no name.")]


def enroll(
    plan: PlanArgument,
    log: LogArgument,
    code: CodeArgument,
    stratum: Annotated[list[str], typer.Option("--stratum", help="NAME=VALUE; repeat it.")] = [],  # noqa: B006
    agreed: Annotated[bool, typer.Option("--agreed", help="The person read the text and agreed on paper.")] = False,
) -> None:
    """Show the consent text, ask, and give an arm.

    Examples:

        thymos trial enroll plan.yaml trial.jsonl p01 --stratum sex=female
    """
    from thymos.respond.trial import consent_screen
    from thymos.respond.trial.screens import uses_in_words

    book = book_of(plan, log)
    known = code in book.participants and bool(book.participants[code].arm)
    strata = dict(pair_of(one, "--stratum") for one in stratum)
    if not known:
        book.checked_strata(strata)
        if not agreed:
            print(consent_screen(book.plan))
            if not typer.confirm("Do you agree to take part?", default=False):
                print("Nothing was noted.")
                raise typer.Exit(1)
    found = book.enroll(code, strata)
    print(f"{code} may use: {uses_in_words(book.plan.arm(found.arm))}")


def measure(
    plan: PlanArgument,
    log: LogArgument,
    code: CodeArgument,
    outcome: Annotated[str, typer.Argument(help="Of the plan.")],
    time: Annotated[str, typer.Argument(help="Of the plan.")],
    value: Annotated[float, typer.Argument(help="The measure.")],
) -> None:
    """Note a measure, once an occasion.

    Examples:

        thymos trial measure plan.yaml trial.jsonl p01 mood before 12
    """
    book_of(plan, log).measure(code, outcome, time, value)
    print(f"{code}: {outcome} at {time} is {value:g}")


def used(
    plan: PlanArgument,
    log: LogArgument,
    code: CodeArgument,
    part: Annotated[str, typer.Argument(help="companion, exercises, practice or questionnaires.")],
) -> None:
    """Note that a participant used something that the arm offers, for the analysis per protocol.

    Examples:

        thymos trial used plan.yaml trial.jsonl p01 exercises
    """
    book_of(plan, log).used(code, part)
    print(f"{code} used: {part}")


def withdraw(
    plan: PlanArgument,
    log: LogArgument,
    code: CodeArgument,
    delete: Annotated[bool, typer.Option("--delete/--keep", help="What the person wishes for the data given so far.")],
) -> None:
    """Note that a participant left; the data are kept or deleted as the person wishes.

    Examples:

        thymos trial withdraw plan.yaml trial.jsonl p01 --delete
    """
    emptied = book_of(plan, log).withdraw(code, delete=delete)
    print(f"{code} left; {f'{emptied} events were emptied' if delete else 'the data are kept'}")


def debrief(plan: PlanArgument, log: LogArgument, code: CodeArgument) -> None:
    """Show the text at the end, after the last measure or after leaving.

    Examples:

        thymos trial debrief plan.yaml trial.jsonl p01
    """
    print(book_of(plan, log).debrief(code), end="")


def status(plan: PlanArgument, log: LogArgument) -> None:
    """Where everybody is, and the hash to note elsewhere against lines missing at the end.

    Examples:

        thymos trial status plan.yaml trial.jsonl
    """
    book = book_of(plan, log)
    shown = Table("participant", "state", "measures", "used", "safety events", title=book.plan.title)
    for one in book.participants.values():
        state = f"{one.state}, data deleted" if one.deleted else one.state
        shown.add_row(one.code, state, str(len(one.values)), str(one.uses), str(one.safety))
    console = Console(emoji=False, highlight=False)
    console.print(shown)
    console.print(f"{len(book.log.events)} events, last hash {book.log.head}", soft_wrap=True, markup=False)


def data(
    plan: PlanArgument, log: LogArgument, out: Annotated[Path, typer.Option("--out", help="A .csv file.")]
) -> None:
    """The data of a log as the analysis takes them, without who had them deleted.

    Examples:

        thymos trial data plan.yaml trial.jsonl --out data.csv
    """
    write_atomically(out, book_of(plan, log).data().to_csv(index=False))


def book_of(plan: Path, log: Path) -> "TrialBook":
    """The trial's book; BadInput for a plan or log that cannot be."""
    from thymos.respond.trial import TrialBook, read_plan

    return TrialBook(read_plan(plan), log)


def pair_of(given: str, option: str) -> tuple[str, str]:
    """``NAME=VALUE`` as a pair; BadInput for another form."""
    name, sign, value = given.partition("=")
    if not name or not sign:
        raise BadInput(f"{given!r} is no pair", where=option, mend="write NAME=VALUE")
    return name, value


PEOPLE = (enroll, measure, used, withdraw, debrief, status, data)
