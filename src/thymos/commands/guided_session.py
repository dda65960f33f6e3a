"""A guided exercise in the terminal, kept in a file after every answer."""

import locale
import os
import re
import tempfile
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from thymos.commands.guided_asking import GoBack, Leave, Terminal
from thymos.errors import BadInput, ThymosError

if TYPE_CHECKING:
    from thymos.respond.exercises import ExerciseRun
    from thymos.respond.guard import Guard

WIDTH = 88
INTERRUPTED = 130  # exit status of a program that Ctrl-C ended; ``thymos.cli`` then says that it can be gone on
PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}
LanguageOption = Annotated[str, typer.Option("--language", help="Of exercises and of help: en, de ...")]
RegionOption = Annotated[str, typer.Option("--region", help="Country whose help lines are named, e.g. DE.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def own_folder(*parts: str) -> Path:
    """Where exercises and questionnaires are kept unless a file is named: the user's data folder, closed to others."""
    base = os.environ.get("THYMOS_OWN") or platformdirs.user_data_dir("thymos", appauthor=False)
    folder = Path(base).joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_file(kind: str, slug: str) -> Path:
    """A file that is not there yet, named by what is kept and when."""
    stem = f"{re.sub('[^a-z0-9_]', '', slug)}-{datetime.now():%Y-%m-%d-%H%M%S}"
    folder = own_folder(kind)
    path = folder / f"{stem}.json"
    number = 2
    while path.exists():
        path, number = folder / f"{stem}-{number}.json", number + 1
    return path


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, whole or not at all.

    ``thymos.files.write_atomically`` gives files to everybody to read, which is right for results and wrong here.
    """
    if path.is_dir():
        raise BadInput("this is a folder, a file is needed", where=path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    except OSError as error:
        raise BadInput(f"nothing can be kept here ({error.strerror})", where=path, mend="pass another --save") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def run_session(console: Console, run: "ExerciseRun", path: Path, *, waits: bool) -> "ExerciseRun":
    """Go through an exercise from where it stands to its end, a stop, or an answer that asks for help.

    Args:
        console: prints and reads.
        run: with its guard.
        path: where every state is kept.
        waits: whether pauses and breathing are timed.

    Returns:
        The run as it was kept last.

    Raises:
        Exit: Ctrl-C; everything is kept.
    """
    terminal = Terminal(console, waits)
    write_private(path, run.to_json())
    try:
        while (step := run.prompt()) is not None:
            done, steps = run.progress()
            console.print(f"\n[dim]{done + 1}/{steps}[/]", highlight=False)
            terminal.say(step.prompt, style="bold" if step.asks else "")
            if step.help:
                terminal.say(step.help, style="dim")
            try:
                value = terminal.answer(step)
                with console.status("") if step.kind in ("text", "list") else nullcontext():
                    following = run.answer(value)
            except GoBack:
                following = run.back()
            except ThymosError as error:
                console.print(f"[red]{escape(str(error))}[/]", highlight=False)
                continue
            run = following
            write_private(path, run.to_json())
            if run.interruption is not None:
                show_help(console, run.interruption.help)
                if not run.interruption.hinted:
                    _stopped(console, path)
                    return run
                try:
                    terminal.line("If you are safe: Enter goes on with what you wrote, /back changes it, /quit stops. ")
                except GoBack:
                    continue
                run = run.go_on()
                write_private(path, run.to_json())
            if run.notice:
                terminal.say(run.notice, style="yellow")
    except Leave:
        console.print()
        _stopped(console, path)
        return run
    except KeyboardInterrupt:
        write_private(path, run.to_json())  # it may have come while the last answer was being written
        console.print()
        _stopped(console, path)
        raise typer.Exit(INTERRUPTED) from None
    console.print("\n[green]finished[/]")
    console.print(f"kept in {path}\nto read or print it: thymos exercise export {path}", **PLAIN)
    return run


def show_help(console: Console, text: str) -> None:
    """Help lines, where they cannot be overlooked."""
    console.print(Panel(escape(text), title="please read", border_style="yellow", width=WIDTH), highlight=False)


def _stopped(console: Console, path: Path) -> None:
    console.print(f"stopped; your answers are kept in {path}\nto go on: thymos exercise resume {path}", **PLAIN)


def machine_region() -> str:
    """The country of this machine's locale, or "INT": help lines of another country help nobody."""
    from thymos.respond.guard import regions

    country = (locale.getlocale()[0] or "").partition("_")[2]
    return country if country in regions() else "INT"


def make_guard(region: str, language: str) -> "Guard":
    """The guard that reads free texts."""
    from thymos.respond.guard import Guard

    return Guard(region=region or machine_region(), language=language)


def help_of(region: str, language: str) -> str:
    """What is shown with an urgent answer."""
    from thymos.respond.guard import crisis_text

    return crisis_text(region or machine_region(), language, ())
