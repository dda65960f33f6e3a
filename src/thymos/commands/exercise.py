"""``thymos exercise`` and ``thymos questionnaire``: guided exercises and scored questionnaires in the terminal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from thymos.errors import BadInput
from thymos.files import write_atomically

if TYPE_CHECKING:
    from thymos.respond.exercises import Answer, ExerciseRun, Step
    from thymos.respond.guard import Guard

RegionOption = Annotated[str, typer.Option("--region", help="Country whose help lines are named, e.g. DE.")]
ItemsOption = Annotated[
    Path | None, typer.Option("--items", help="Your own copy of the item texts (YAML), where they cannot ship.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    exercise = typer.Typer(no_args_is_help=True, help="Guided exercises that can be stopped and gone on with.")
    for name, function in (("list", list_exercises), ("do", do), ("export", export)):
        exercise.command(name)(function)
    app.add_typer(exercise, name="exercise")
    questionnaire = typer.Typer(no_args_is_help=True, help="Questionnaires: information, never a diagnosis.")
    for name, function in (("list", list_questionnaires), ("fill", fill), ("score", score)):
        questionnaire.command(name)(function)
    app.add_typer(questionnaire, name="questionnaire")


def list_exercises() -> None:
    """What can be done."""
    from thymos.respond.exercises import exercises

    table = Table("name", "title", "minutes", "what it is")
    for slug, one in exercises().items():
        table.add_row(slug, one.title, str(one.minutes), one.summary)
    Console(emoji=False).print(table)


def do(
    name: Annotated[str, typer.Argument(help="See `thymos exercise list`; or a script of your own (.yaml).")],
    save: Annotated[Path, typer.Option("--save", help="Kept here after every answer; an earlier one goes on.")] = Path(
        "exercise.json"
    ),
    region: RegionOption = "US",
) -> None:
    """Do an exercise. Ctrl-C stops; the same command goes on where it was.

    Examples:

        thymos exercise do thought_record --save today.json

        thymos exercise export today.json
    """
    from thymos.respond.exercises import ExerciseRun, find_exercise, read_exercise, texts_of
    from thymos.respond.guard import Guard

    console = Console(emoji=False, highlight=False)
    script = read_exercise(name) if name.endswith((".yaml", ".yml")) else find_exercise(name)
    run = read_run(save) if save.exists() else ExerciseRun.start(script)
    if run.exercise.slug != script.slug:
        raise BadInput(f"this file holds {run.exercise.slug}", where=save, mend="choose another file with --save")
    guard = Guard(region=region)
    console.print(f"[bold]{script.title}[/]: {script.summary}")
    if script.caution:
        console.print(script.caution, style="yellow", markup=False)
    console.print(f"kept in {save}; Ctrl-C stops, the same command goes on", style="dim", markup=False)
    while (step := run.prompt()) is not None:
        answer = ask(step, console)
        try:
            run = run.answer(answer)
        except BadInput as error:
            console.print(str(error), style="red", markup=False)
            continue
        write_atomically(save, run.to_json() + "\n")
        if crisis(guard, texts_of(answer), console):
            return
    if run.summary():
        console.print(run.summary(), style="bold", markup=False)


def crisis(guard: "Guard", text: str, console: Console) -> bool:
    """Show help where an answer sounds dangerous; the state is kept already."""
    if not text:
        return False
    found = guard.check_message(text)
    if found.risk != "crisis":
        return False
    console.print(found.help or "", style="yellow", markup=False)
    console.print("The exercise is kept; the same command goes on with it.", style="dim")
    return True


def ask(step: "Step", console: Console) -> "Answer":
    """One answer from the keyboard."""
    console.print()
    console.print(step.prompt, markup=False)
    if step.help:
        console.print(step.help, style="dim", markup=False)
    if step.kind == "pause":
        console.input(f"(about {step.seconds:g} seconds; Enter goes on) ")
        return None
    if step.kind == "breathing":
        parts = zip(("in", "hold", "out", "hold"), step.pattern, strict=True)
        told = ", ".join(f"{name} {seconds:g} s" for name, seconds in parts if seconds)
        console.input(f"({told}; {step.rounds} rounds; Enter goes on) ")
        return None
    if step.kind == "say":
        console.input("(Enter goes on) ")
        return None
    if step.kind in ("choice", "choices"):
        for number, option in enumerate(step.options, start=1):
            console.print(f"  {number} {option}", markup=False)
        given = console.input("number, or several with commas: " if step.kind == "choices" else "number: ")
        places = [part.strip() for part in given.split(",") if part.strip()]
        known = {str(number): option for number, option in enumerate(step.options, start=1)}
        chosen = [known.get(one, one) for one in places]
        return chosen if step.kind == "choices" else (chosen[0] if chosen else None)
    if step.kind == "list":
        console.print(f"(one a line, at most {step.most}; an empty line ends)", style="dim")
        lines: list[str] = []
        while len(lines) < step.most and (line := console.input("- ").strip()):
            lines.append(line)
        return lines
    if step.kind == "scale":
        console.print(f"({step.low:g} {step.low_label} ... {step.high:g} {step.high_label})", style="dim", markup=False)
        given = console.input("> ").strip()
        try:
            return float(given)
        except ValueError:
            return given or None
    return console.input("> ").strip() or None


def export(
    path: Annotated[Path, typer.Argument(help="A kept exercise.")],
    out: Annotated[Path | None, typer.Option("--out", help="A .md or .json file; left out: printed.")] = None,
) -> None:
    """What was asked and answered, as Markdown or JSON."""
    run = read_run(path)
    form = "json" if out is not None and out.suffix.lower() == ".json" else "md"
    text = run.export("json" if form == "json" else "md")
    if out is None:
        print(text)
        return
    write_atomically(out, text + "\n")


def read_run(path: Path) -> "ExerciseRun":
    """A kept exercise; BadInput for another file."""
    from thymos.respond.exercises import ExerciseRun

    try:
        return ExerciseRun.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"it cannot be read ({type(error).__name__})", where=path) from None
    except BadInput as error:
        raise BadInput(str(error), where=path, mend="choose another file") from None


def list_questionnaires() -> None:
    """Instruments, where they come from, and whether their items ship."""
    from thymos.respond.questionnaires import questionnaires

    table = Table("name", "title", "items", "items ship", "licence")
    for slug, one in questionnaires().items():
        table.add_row(slug, one.title, str(len(one.items)), "yes" if one.has_texts else "no", one.licence)
    Console(emoji=False).print(table)


def fill(
    name: Annotated[str, typer.Argument(help="See `thymos questionnaire list`.")],
    items: ItemsOption = None,
    region: RegionOption = "US",
) -> None:
    """Answer a questionnaire and see its score.

    Examples:

        thymos questionnaire fill phq9
    """
    from thymos.respond.questionnaires import check_texts, find_questionnaire, with_texts

    one = find_questionnaire(name)
    if items is not None:
        one = with_texts(one, items)
    check_texts(one)
    console = Console(emoji=False, highlight=False)
    console.print(f"{one.instructions} ({one.period})", markup=False)
    console.print(", ".join(f"{value} {word}" for value, word in one.options.items()), style="dim", markup=False)
    answers: dict[str, int | None] = {}
    for number, item in enumerate(one.items, start=1):
        while item not in answers:
            given = console.input(f"{number}. {one.texts[item]}: ").strip()
            if given.isdigit() and int(given) in one.options:
                answers[item] = int(given)
            elif not given and one.missing:
                answers[item] = None
    told_score(one.score(answers), region, console)


def score(
    name: Annotated[str, typer.Argument(help="See `thymos questionnaire list`.")],
    answers: Annotated[str, typer.Argument(help="Numbers with commas, in the order of the items; - = left out.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    region: RegionOption = "US",
) -> None:
    """Score answers that were given elsewhere.

    Examples:

        thymos questionnaire score gad7 1,0,2,1,0,1,0
    """
    from thymos.respond.questionnaires import find_questionnaire

    one = find_questionnaire(name)
    parts = [part.strip() for part in answers.split(",")]
    if len(parts) != len(one.items):
        raise BadInput(f"{len(parts)} answers for {len(one.items)} items", where=name)
    try:
        given = {item: None if part in ("", "-") else int(part) for item, part in zip(one.items, parts, strict=True)}
    except ValueError:
        raise BadInput("an answer is no number", where=name, mend="use numbers with commas") from None
    result = one.score(given)
    if as_json:
        print(json.dumps(vars(result)))
        return
    told_score(result, region, Console(emoji=False, highlight=False))


def told_score(result: Any, region: str, console: Console) -> None:
    """A score with what it is, and help where an answer asks for it."""
    from thymos.respond.guard import Guard

    if result.total is not None:
        console.print(f"total {result.total:g}{f': {result.band}' if result.band else ''}", style="bold", markup=False)
    for name, value in result.subscales.items():
        console.print(f"{name.replace('_', ' ')}: {value:g}", markup=False)
    console.print(result.note, style="dim", markup=False)
    if result.urgent:
        found = Guard(region=region, classifier=None).check_message("I have thoughts of hurting myself")
        console.print(found.help or "", style="yellow", markup=False)
