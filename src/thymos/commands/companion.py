"""``thymos companion``: a talk in the terminal, and the same companion behind OpenAI's HTTP interface."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from thymos.errors import BadInput
from thymos.files import write_atomically

if TYPE_CHECKING:
    from thymos.language.model import Message
    from thymos.respond.companion import Companion

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
KEY = "THYMOS_COMPANION_KEY"
SHOWN_EMOTIONS = 3

ModelOption = Annotated[
    str, typer.Option("--model", help="embedded, a model folder, hf:ORG/NAME, openai:NAME@URL, or none.")
]
RegionOption = Annotated[str, typer.Option("--region", help="Country whose help lines are named, e.g. DE.")]
LanguageOption = Annotated[str, typer.Option("--language", help="Of help and disclosure: en, de, es or fr.")]
PersonalityOption = Annotated[
    str, typer.Option("--personality", help="Five traits in 0..1 that color the replies: o,c,e,a,n.")
]
PlannerOption = Annotated[
    str,
    typer.Option("--planner", help="Who chooses what a reply does: learned (reads English; else the rule) or rule."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=True, help="A support companion that listens first, behind a guard.")
    group.command("chat")(chat)
    group.command("serve")(serve)
    app.add_typer(group, name="companion")


def chat(
    model: ModelOption = "embedded",
    region: RegionOption = "US",
    language: LanguageOption = "en",
    personality: PersonalityOption = "",
    planner: PlannerOption = "learned",
    show_plan: Annotated[bool, typer.Option("--show-plan", help="Tell what is perceived and planned.")] = False,
    save: Annotated[Path | None, typer.Option("--save", help="Keep the talk here; an earlier one goes on.")] = None,
) -> None:
    """Talk in the terminal. An empty line or Ctrl-C ends; what is saved goes on with the same command.

    It is a program, no person and no therapist. Crisis language is answered with help lines, never by the model.

    Examples:

        thymos companion chat --show-plan

        thymos companion chat --region DE --language de --save talk.json
    """
    from thymos.language.model import Message
    from thymos.respond.companion import Crisis, Finished, Planned, Read, Said
    from thymos.respond.guard import disclosure

    console, errors = Console(emoji=False, highlight=False), Console(stderr=True, emoji=False)
    turns = read_talk(save) if save is not None and save.exists() else []
    with errors.status("loading"):
        companion = load_companion(model, region, language, personality, planner)
    console.print(disclosure(language), style="dim")
    for turn in turns:
        console.print(f"{'you' if turn.role == 'user' else 'thymos'}: {turn.content}", style="dim", markup=False)
    while True:
        try:
            text = console.input("[bold]you:[/] ").strip()
        except EOFError:
            text = ""
        if not text:
            return
        turns.append(Message("user", text))
        for event in companion.answer(turns):
            if isinstance(event, Read) and show_plan:
                console.print(told_reading(event), style="dim", markup=False)
            elif isinstance(event, Planned) and show_plan:
                console.print(f"({event.strategy}: {event.why} {event.planner_why})", style="dim", markup=False)
            elif isinstance(event, Said):
                console.print(event.text, end="", markup=False)
            elif isinstance(event, Crisis):
                console.print(f"[yellow]{escape(event.text)}[/]", end="")
            elif isinstance(event, Finished):
                console.print()
                if show_plan and event.problems:
                    console.print(f"({'; '.join(event.problems)})", style="dim", markup=False)
                turns.append(Message("assistant", event.text))
        if save is not None:
            write_talk(save, turns)


def serve(
    model: ModelOption = "embedded",
    region: RegionOption = "US",
    language: LanguageOption = "en",
    personality: PersonalityOption = "",
    planner: PlannerOption = "learned",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one and prints it.")] = 8001,
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine need a key.")] = "127.0.0.1",
) -> None:
    """Serve the guarded companion over OpenAI's HTTP interface.

    Clients send /v1/chat/completions with the model "thymos-companion". Their system messages are read by the guard and
    not obeyed. Elsewhere than on this machine it only listens with a key in THYMOS_COMPANION_KEY.

    Examples:

        thymos companion serve --port 8001

        curl -s http://127.0.0.1:8001/v1/models
    """
    import uvicorn

    from thymos.commands.serve import listen
    from thymos.serve.companion_server import create_companion_app

    console = Console(stderr=True)
    key = os.environ.get(KEY, "")
    if host not in LOCAL_HOSTS and not key:
        raise BadInput("others could talk to it without a key", where=f"--host {host}", mend=f"set {KEY}")
    with listen(host, port) as listener:
        with console.status("loading"):
            app = create_companion_app(load_companion(model, region, language, personality, planner), key)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}/v1"
        console.print(f"companion at {url} (Ctrl-C ends it)", highlight=False, soft_wrap=True, markup=False)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def load_companion(model: str, region: str, language: str, personality: str, planner: str = "learned") -> "Companion":
    """A companion as the options say.

    Raises:
        BadInput, Unavailable: an option that cannot be, a model that is not here.
    """
    from thymos.language.load import load_language_model
    from thymos.respond.companion import Companion, load_planner
    from thymos.respond.guard import Guard
    from thymos.respond.next_emotion import personality_of

    checked_help(region, language)
    chosen = load_planner(planner)
    guard = Guard(region=region, language=language)
    loaded = None if model == "none" else load_language_model(model, cache=None)
    return Companion(loaded, guard, planner=chosen, personality=personality_of(personality))


def checked_help(region: str, language: str) -> None:
    """Refuse a region or language that would silently get other help than was asked for.

    Raises:
        BadInput: no help lines or texts of it.
    """
    from thymos.respond.guard import languages, regions

    if region.upper() not in regions():
        raise BadInput(
            f"there are no help lines of {region!r}", where="--region", mend=f"use one of: {', '.join(regions())}"
        )
    if language.lower()[:2] not in languages():
        raise BadInput(
            f"the guard does not write {language!r}", where="--language", mend=f"use: {', '.join(languages())}"
        )


def told_reading(reading: Any) -> str:
    """What is perceived, in one line."""
    if reading.quality != "ok":
        return f"(not read: {reading.quality})"
    first = sorted(reading.emotions, key=lambda name: -reading.emotions[name])[:SHOWN_EMOTIONS]
    shares = ", ".join(f"{name} {reading.emotions[name]:.0%}" for name in first)
    return f"(perceived: {shares}; valence {reading.valence:+.2f}, arousal {reading.arousal:+.2f})"


def read_talk(path: Path) -> "list[Message]":
    """A kept talk.

    Raises:
        BadInput: another file.
    """
    from thymos.language.model import Message

    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list):
            raise TypeError("no list")
        return [Message(str(row["role"]), str(row["content"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"this is no kept talk ({type(error).__name__})", where=path, mend="choose another file"
        ) from None


def write_talk(path: Path, turns: "list[Message]") -> None:
    """Keep a talk."""
    rows = [{"role": turn.role, "content": turn.content} for turn in turns]
    write_atomically(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
