"""``thymos questionnaire``: fill and score questionnaires; a result is information, never a diagnosis."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from thymos.commands.guided_asking import GoBack, Leave, Terminal
from thymos.commands.guided_session import (
    INTERRUPTED,
    PLAIN,
    WIDTH,
    JsonOption,
    LanguageOption,
    RegionOption,
    help_of,
    new_file,
    own_folder,
    show_help,
    write_private,
)
from thymos.errors import BadInput, ThymosError
from thymos.files import read_text

if TYPE_CHECKING:
    from thymos.respond.questionnaires import Filling, Questionnaire, Scored

app = typer.Typer(no_args_is_help=True, help="Questionnaires with published scoring; information, no diagnosis.")
ONE_SITTING = timedelta(days=1)
ItemsOption = Annotated[
    Path | None, typer.Option("--items", help="Your own copy of the items, where they do not come with thymos.")
]


@app.command("list")
def list_questionnaires(as_json: JsonOption = False) -> None:
    """List the questionnaires, and whether their items come with thymos.

    Example:

        thymos questionnaire list
    """
    from thymos.respond.questionnaires import questionnaires

    known = questionnaires().values()
    if as_json:
        names = ("slug", "title", "about", "period", "has_texts", "sources", "licence")
        print(json.dumps([{name: getattr(one, name) for name in names} for one in known], ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("name", "title", "items", "about", "period", "items here", "scoring"):
        table.add_column(name)
    for one in known:
        here = "yes" if one.has_texts else "no: your own copy (--items)"
        table.add_row(one.slug, one.title, str(len(one.items)), one.about, one.period, here, one.sources[0])
    Console(emoji=False).print(table)


@app.command("fill")
def fill_questionnaire(
    name: Annotated[str, typer.Argument(help="A name of the list.")],
    items: ItemsOption = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Keep it here; what is in it goes on. Default: your data folder.")
    ] = None,
    language: LanguageOption = "en",
    region: RegionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Fill a questionnaire item by item and see the result: information, never a diagnosis.

    It is kept after every answer. Ctrl-C stops, and the same command goes on; without --save only within a day, because
    answers are about a certain time.

    Examples:

        thymos questionnaire fill phq9

        thymos questionnaire fill panas --items my_panas.txt --save today.json
    """
    from thymos.respond.questionnaires import Filling, check_texts, find_questionnaire, with_texts

    questionnaire = find_questionnaire(name)
    if items is not None:
        questionnaire = with_texts(questionnaire, items)
    check_texts(questionnaire)
    filling = Filling(questionnaire)
    path = save or begun_today(questionnaire) or new_file("questionnaires", questionnaire.slug)
    if path.exists():
        filling = Filling.from_json(read_text(path), questionnaire, path)
        if filling.finished:
            raise BadInput(
                "this one is filled", where=path, mend=f"see it with: thymos questionnaire score {name} {path}"
            )
    console = Console(emoji=False, stderr=as_json)
    help_text = help_of(region, language)
    own = "" if items is None else f" --items {items}"
    go_on = f"thymos questionnaire fill {name}{own} --save {path}"
    filled = ask_items(console, filling, path, help_text, go_on)
    if filled is None:
        return
    show_scored(console, questionnaire, filled.score(), help_text, as_json)
    console.print(f"kept in {path}", style="dim", **PLAIN)


def begun_today(questionnaire: "Questionnaire") -> Path | None:
    """A file of the user's folder in which it was begun within a day and not finished."""
    from thymos.respond.questionnaires import Filling

    for path in sorted(own_folder("questionnaires").glob(f"{questionnaire.slug}-*.json"), reverse=True):
        try:
            filling = Filling.from_json(read_text(path), questionnaire, path)
        except ThymosError:
            continue
        if not filling.finished and datetime.now(UTC) - datetime.fromisoformat(filling.started) < ONE_SITTING:
            return path
    return None


def ask_items(console: Console, filling: "Filling", path: Path, help_text: str, go_on: str) -> "Filling | None":
    """Ask for the items that are left; None when the person stops. Help is shown right after an urgent answer."""
    questionnaire, terminal = filling.questionnaire, Terminal(console, waits=False)
    console.print(Panel(escape(questionnaire.instructions), title=escape(questionnaire.title), width=WIDTH))
    if filling.urgent:
        show_help(console, help_text)
    write_private(path, filling.to_json())
    try:
        while (item := filling.item()) is not None:
            options = questionnaire.options_of(item)
            console.print(f"\n[dim]{len(filling.answers) + 1}/{len(questionnaire.asked)}[/]", highlight=False)
            terminal.say(questionnaire.texts[item], style="bold")
            for value, label in options.items():
                terminal.say(f"  {value}  {'' if label == str(value) else label}".rstrip())
            extra = item in questionnaire.extra
            try:
                typed = terminal.line(
                    f"({min(options)} to {max(options)}{', Enter leaves it out' if extra else ''}) > "
                )
                following = filling.answer(_value(typed.strip(), extra))
            except GoBack:
                following = filling.back()
            except ThymosError as error:
                console.print(f"[red]{escape(str(error))}[/]", highlight=False)
                continue
            alarmed = following.urgent and not filling.urgent
            filling = following
            write_private(path, filling.to_json())
            if alarmed:
                show_help(console, help_text)
                terminal.say("You can go on, or stop here with /quit.", style="dim")
    except (Leave, KeyboardInterrupt) as stop:
        write_private(path, filling.to_json())  # Ctrl-C may have come while the last answer was being written
        console.print(f"\nstopped; your answers are kept in {path}\nto go on: {go_on}", **PLAIN)
        if isinstance(stop, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from None
        return None
    return filling


def _value(typed: str, extra: bool) -> int | None:
    if not typed and extra:
        return None
    try:
        return int(typed)
    except ValueError:
        raise BadInput(f"{typed!r:.40} is no answer", mend="type one of the numbers") from None


@app.command("score")
def score_questionnaire(
    name: Annotated[str, typer.Argument(help="A name of the list.")],
    answers: Annotated[
        str, typer.Argument(help="Numbers with commas, in order; a kept questionnaire or JSON by item; or a CSV table.")
    ],
    language: LanguageOption = "en",
    region: RegionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Score answers, or a table of them; no items are needed for that.

    Examples:

        thymos questionnaire score gad7 1,0,2,1,0,1,0

        thymos questionnaire score isi answers.csv > scores.csv
    """
    from thymos.respond.questionnaires import find_questionnaire, score_table

    questionnaire = find_questionnaire(name)
    if answers.lower().endswith(".csv"):
        rows = score_table(questionnaire, answers)
        print(json.dumps(rows, ensure_ascii=False) if as_json else as_csv(rows), end="\n" if as_json else "")
        return
    scored = questionnaire.score(read_answers(questionnaire, answers))
    console = Console(emoji=False, stderr=as_json)
    show_scored(console, questionnaire, scored, help_of(region, language), as_json)


def read_answers(questionnaire: "Questionnaire", given: str) -> dict[str, int | None]:
    """Answers by item from the command line or a JSON file.

    Raises:
        BadInput: too few or too many numbers, something that is no number, no such file.
    """
    if given.lower().endswith(".json"):
        try:
            values = json.loads(read_text(given))
        except (ValueError, RecursionError):
            raise BadInput("this is not JSON", where=given) from None
        if isinstance(values, dict) and "questionnaire" in values:
            if values["questionnaire"] != questionnaire.slug:
                raise BadInput(f"these are answers to {values['questionnaire']!r:.60}", where=given)
            values = values.get("answers")
        if not isinstance(values, dict):
            raise BadInput("a table from item to number is needed", where=given)
        return values
    parts = [part.strip() for part in given.split(",")]
    if len(parts) not in (len(questionnaire.items), len(questionnaire.asked)):
        raise BadInput(
            f"{len(parts)} answers; {questionnaire.title} has {len(questionnaire.items)} items", mend="give all"
        )
    return {
        item: None if part in ("", "-") else _value(part, False)
        for item, part in zip(questionnaire.asked, parts, strict=False)
    }


def show_scored(
    console: Console, questionnaire: "Questionnaire", scored: "Scored", help_text: str, as_json: bool
) -> None:
    """Print a result; help comes first where an answer asks for it."""
    if scored.urgent:
        show_help(console, help_text)
    if as_json:
        print(json.dumps(scored.as_values() | {"help": help_text if scored.urgent else None}, ensure_ascii=False))
        return
    low, high = questionnaire.limits
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in scored.subscales.items()]
    if scored.total is not None:
        lines.insert(0, f"sum: {scored.total} ({low} to {high})")
    if scored.band:
        lines.append(f"range in the publication ({questionnaire.band_of}): {scored.band}")
    text = "\n".join(lines) + f"\n\n{scored.note}\n\n{questionnaire.source}"
    console.print(Panel(escape(text.strip()), title=escape(questionnaire.title), width=WIDTH), highlight=False)


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV; what is missing stays empty."""
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
