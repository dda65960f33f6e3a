"""``thymos exercise``: guided exercises in the terminal; interrupted, gone on with, exported."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel

from thymos.commands.guided_session import (
    PLAIN,
    WIDTH,
    JsonOption,
    LanguageOption,
    RegionOption,
    make_guard,
    new_file,
    own_folder,
    run_session,
    show_help,
    write_private,
)
from thymos.errors import BadInput, ThymosError
from thymos.files import read_text

if TYPE_CHECKING:
    from thymos.respond.exercises import Exercise, ExerciseRun

app = typer.Typer(no_args_is_help=True, help="Guided exercises: interrupted, gone on with, exported.")
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Time pauses and breathing, or end them by Enter.")]


def register(main: typer.Typer) -> None:
    """Add the commands of this module and of ``questionnaire``."""
    from thymos.commands import questionnaire

    main.add_typer(app, name="exercise")
    main.add_typer(questionnaire.app, name="questionnaire")


@app.command("list")
def list_exercises(language: LanguageOption = "en", as_json: JsonOption = False) -> None:
    """List the exercises, and those that you have begun and not finished.

    Example:

        thymos exercise list
    """
    from thymos.respond.exercises import exercises

    known = exercises(language)
    if as_json:
        names = ("slug", "title", "summary", "minutes", "language", "version", "cautions", "sources")
        print(json.dumps([{name: getattr(one, name) for name in names} for one in known.values()], ensure_ascii=False))
        return
    console = Console(emoji=False)
    for one in known.values():
        console.print(f"[bold]{one.slug}[/]  {escape(one.title)}, {one.minutes} min", highlight=False)
        console.print(Padding(escape(one.summary), (0, 0, 0, 4)), style="dim", highlight=False, width=WIDTH)
    for path, run in begun():
        console.print(f"begun: {run.exercise.title}, {run.started[:16]}; thymos exercise resume {path}", **PLAIN)


def begun() -> "list[tuple[Path, ExerciseRun]]":
    """Exercises in the user's folder that are not finished, the newest first; files that are none are left alone."""
    from thymos.respond.exercises import ExerciseRun

    found = []
    for path in own_folder("exercises").glob("*.json"):
        try:
            run = ExerciseRun.from_json(read_text(path), where=path)
        except ThymosError:
            continue
        if not run.finished:
            found.append((path, run))
    return sorted(found, key=lambda one: one[1].started, reverse=True)


@app.command("do")
def do_exercise(
    name: Annotated[str, typer.Argument(help="A name of the list, or a script of your own (a .yaml file).")],
    save: Annotated[
        Path | None, typer.Option("--save", help="Keep it here; what is in it goes on. Default: your data folder.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Begin anew, also where one was begun and not finished.")] = False,
    language: LanguageOption = "en",
    region: RegionOption = "",
    wait: WaitOption = True,
) -> None:
    """Do an exercise. It is kept after every answer; Ctrl-C stops, and the same command goes on.

    Nothing leaves this machine. It is a program, no therapist; where an answer sounds dangerous, help lines are shown.

    Examples:

        thymos exercise do thought_record

        thymos exercise do paced_breathing --language de --region DE
    """
    from thymos.respond.exercises import ExerciseRun, find_exercise

    script = find_exercise(name, language)
    path = save
    if path is None and not new:
        same = (script.slug, script.language)
        path = next((one for one, run in begun() if (run.exercise.slug, run.exercise.language) == same), None)
    console = Console(emoji=False)
    if path is not None and path.exists():
        if new:
            raise BadInput("there is something in this file", where=path, mend="choose another one, or leave out --new")
        run = unfinished(path)
        if run.exercise.slug != script.slug:
            raise BadInput(f"this file holds {run.exercise.slug}", where=path, mend="choose another one")
        _go_on(console, run, path, region, wait)
        return
    introduce(console, script)
    run = ExerciseRun.start(script, make_guard(region, script.language))
    run_session(console, run, path or new_file("exercises", script.slug), waits=wait and sys.stdin.isatty())


@app.command("resume")
def resume_exercise(
    file: Annotated[Path, typer.Argument(help="Where the exercise is kept.")],
    region: RegionOption = "",
    wait: WaitOption = True,
) -> None:
    """Go on with an exercise where it was stopped.

    Example:

        thymos exercise resume record.json
    """
    _go_on(Console(emoji=False), unfinished(file), file, region, wait)


def unfinished(path: Path) -> "ExerciseRun":
    """The exercise of a file; BadInput where there is none, or it is finished."""
    from thymos.respond.exercises import ExerciseRun

    run = ExerciseRun.from_json(read_text(path), where=path)
    if run.finished:
        raise BadInput("this exercise is finished", where=path, mend=f"read it with: thymos exercise export {path}")
    return run


def _go_on(console: Console, run: "ExerciseRun", path: Path, region: str, wait: bool) -> None:
    done, steps = run.progress()
    begun_at = f"{run.started[:10]} {run.started[11:16]} UTC"
    console.print(f"{run.exercise.title}, begun {begun_at}: {done} of at most {steps} steps done", **PLAIN)
    if run.newer_script():
        console.print("this exercise has other words by now; yours goes on with those that it began with", style="dim")
    if run.interruption is not None:
        show_help(console, run.interruption.help)
    guarded = replace(run, guard=make_guard(region, run.exercise.language))
    run_session(console, guarded, path, waits=wait and sys.stdin.isatty())


@app.command("export")
def export_exercise(
    file: Annotated[Path, typer.Argument(help="Where the exercise is kept.")],
    form: Annotated[str, typer.Option("--format", help="md or json; default: as --out says, else md.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write it here; default: print it.")] = None,
) -> None:
    """Print an exercise with its answers, finished or not, as Markdown or JSON.

    Example:

        thymos exercise export record.json --out record.md
    """
    from thymos.respond.exercises import ExerciseRun

    run = ExerciseRun.from_json(read_text(file), where=file)
    text = run.export(form or ("json" if out is not None and out.suffix.lower() == ".json" else "md"))
    if out is None:
        print(text, end="")
        return
    write_private(out, text)
    Console(stderr=True, emoji=False).print(f"written to {out}", **PLAIN)


def introduce(console: Console, script: "Exercise") -> None:
    """What an exercise is for, what to mind, where it comes from."""
    cautions = "\n".join(f"- {escape(one)}" for one in script.cautions)
    text = f"{escape(script.summary)}\n\n[yellow]{cautions}[/]\n\n[dim]{escape(' '.join(script.sources))}[/]"
    console.print(Panel(text, title=f"{escape(script.title)}, {script.minutes} min", width=WIDTH), highlight=False)
    console.print("/back = one step back, /quit or Ctrl-C = stop; everything is kept", style="dim", **PLAIN)
