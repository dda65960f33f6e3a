"""``thymos tour``: every study that can run here, at reduced size, with a report at the end."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos.commands.studies import DataOption, OutputOption, print_result
from thymos.errors import ThymosError, Unavailable
from thymos.files import require_folder

if TYPE_CHECKING:
    from thymos.studies.contract import Settings, Study

LEFT_OUT = "left out"
OUTCOME_STYLE = {"done": "green", "skipped": "yellow", "failed": "red", LEFT_OUT: "dim"}
MINUTES = 6.0
# One or two a pillar, quick ones first; then the others by name; then those that take minutes even so.
FIRST = (
    "manipulation_trial",
    "oversensitivity",
    "deception",
    "reader_emotion",
    "fine_grained_voice",
    "listener_empathy",
    "personality_emotion_transition",
    "affective_feedback",
    "emotion_probing",
)
LAST = ("emotion_recognition_in_conversation", "emotion_circuits")


@dataclass(frozen=True)
class Stop:
    """One study of the tour: done, skipped (something is not on this machine), failed, or left out (time was over)."""

    study: str
    outcome: str
    seconds: float
    line: str
    result: dict[str, Any] | None = None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tour")(tour)


def tour(
    data: DataOption = None,
    output: OutputOption = Path("runs"),
    html: Annotated[Path, typer.Option("--html", help="The report to write.")] = Path("runs/tour.html"),
    model: Annotated[str, typer.Option(help="Language model, as for `thymos run`.")] = "embedded",
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.0, help="No study begins after this time; 0 = all of them.")
    ] = MINUTES,
) -> None:
    """Run studies at reduced size, one or two of each pillar first, print the tables and write a report.

    What is missing on this machine is skipped and named. A study that fails stops nothing; the exit status is then 1.
    Studies that are left out when the time is over are named too; all of them take about an hour on two cores.

    Examples:

        thymos tour --data ../shared/data

        thymos tour --minutes 0
    """
    from thymos.report.page import write_report
    from thymos.studies.contract import Settings
    from thymos.studies.registry import studies

    if data is not None:
        require_folder(data, mend="pass --data DIR")
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, 120))
    settings = Settings(data=data, quick=True, model=model, output=output)
    stops = visit(studies().values(), settings, console, seconds=60 * minutes or math.inf)
    console.print(summary(stops))
    finished = {stop.study: Path(stop.result["run"]) for stop in stops if stop.result is not None}
    if finished:
        path = write_report(finished, html)
        console.print(f"report: {path.resolve()}", highlight=False, soft_wrap=True)
    else:
        console.print("no study could run here: thymos list names the data that each one needs", style="red")
    if not finished or any(stop.outcome == "failed" for stop in stops):
        raise typer.Exit(1)


def visit(known: "Iterable[Study]", settings: "Settings", console: Console, *, seconds: float = math.inf) -> list[Stop]:
    """Run the studies one after another, those of ``FIRST`` before the others; no study's trouble stops the next one.

    Args:
        known: the studies.
        settings: of every run.
        console: where tables go.
        seconds: no study begins after this time.
    """
    from thymos.report.comparison import headline
    from thymos.studies.runner import run_study

    stops = []
    begun = time.perf_counter()
    for study in sorted(known, key=place_of):
        if time.perf_counter() - begun > seconds:
            stops.append(Stop(study.slug, LEFT_OUT, 0.0, f"thymos run {study.slug} --quick"))
            continue
        console.rule(f"{study.slug}: {escape(study.title)}", align="left")
        console.print(study.question, highlight=False, markup=False)
        started = time.perf_counter()
        result = None
        try:
            result = run_study(study, settings)
            outcome, line = "done", headline(result, study.headline)
        except Unavailable as error:
            outcome, line = "skipped", str(error)
        except ThymosError as error:
            outcome, line = "failed", str(error)
        except Exception as error:  # whatever it is, the other studies still run, and the status says so
            outcome, line = "failed", f"{type(error).__name__}: {error} (thymos run {study.slug} --quick shows where)"
        stops.append(Stop(study.slug, outcome, time.perf_counter() - started, line, result))
        if result is not None:
            print_result(result, console, headline=study.headline)
        else:
            console.print(f"{outcome}: {line}", style=OUTCOME_STYLE[outcome], highlight=False, markup=False)
    return stops


def place_of(study: "Study") -> tuple[int, str]:
    """Where a study stands in the tour."""
    if study.slug in LAST:
        return (len(FIRST) + 1 + LAST.index(study.slug), study.slug)
    return (FIRST.index(study.slug) if study.slug in FIRST else len(FIRST), study.slug)


def summary(stops: list[Stop]) -> Table:
    """What was run, how long it took and each study's first line."""
    table = Table(title="Tour", title_justify="left", show_lines=True)
    for name in ("study", "outcome"):
        table.add_column(name, no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("first line", overflow="fold")
    for stop in stops:
        style = OUTCOME_STYLE[stop.outcome]
        table.add_row(stop.study, f"[{style}]{stop.outcome}[/]", f"{stop.seconds:.0f} s", escape(stop.line))
    return table
