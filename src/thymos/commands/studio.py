"""``thymos studio``: the web app on this machine."""

import contextlib
import os
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from thymos.errors import BadInput

if TYPE_CHECKING:
    from thymos.language.model import LanguageModel
    from thymos.serve.studio.store import Sealer
    from thymos.serve.studio.studio import Studio

ENDPOINT_WORKERS = 8  # replies that an endpoint makes at once


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("studio")(studio)


def studio(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one and prints it.")] = 8765,
    model: Annotated[str, typer.Option(help="embedded, a model folder, hf:ORG/NAME or openai:NAME@URL.")] = "embedded",
    database: Annotated[
        str, typer.Option(help="sqlite:////FILE or postgresql://USER@HOST/NAME (default: a file in the user's data).")
    ] = "",
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            help="Encrypt texts under this key; a file that is not there is made. THYMOS_KEY does the same.",
        ),
    ] = None,
    reseal: Annotated[
        bool, typer.Option("--reseal", help="Encrypt all texts under the first key of the file, then start.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine need --accounts.")
    ] = "127.0.0.1",
    accounts: Annotated[bool, typer.Option("--accounts", help="People sign in, each with data of their own.")] = False,
    registration: Annotated[
        bool, typer.Option("--registration/--no-registration", help="Whether new accounts can be made.")
    ] = True,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Name under which it may be asked (repeatable).")
    ] = None,
    behind_tls: Annotated[
        bool, typer.Option("--behind-tls", help="A proxy on this machine adds HTTPS: cookies are sent over it only.")
    ] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    trial: Annotated[Path | None, typer.Option("--trial", help="Plan of a trial (YAML).")] = None,
    trial_data: Annotated[
        Path | None, typer.Option("--trial-data", help="Write the trial's data here (.csv) and stop.")
    ] = None,
    items: Annotated[
        Path | None, typer.Option("--items", help="Folder with your own copies of questionnaires' items, SLUG.yaml.")
    ] = None,
    assessments: Annotated[
        Path, typer.Option("--assessments", help="Folder with report cards of `thymos assess`.")
    ] = Path("assessments"),
    results: Annotated[
        Path | None, typer.Option("--results", help="Folder with results of studies (default: docs/results).")
    ] = None,
) -> None:
    """The studio: analyze, talk, practise, exercises, report cards and studies in the browser.

    Everything stays on this machine: no telemetry, no fonts or scripts from elsewhere. It is a program and no
    therapist; where a message sounds like danger, it names help lines instead of answering.

    The page opens at once, models load meanwhile. What is written is kept in a database until it is deleted; with
    --key-file texts are encrypted in it. Ctrl-C stops it.

    Examples:

        thymos studio

        thymos studio --model openai:llama3@http://localhost:11434/v1 --key-file ~/thymos.key

        thymos studio --host 0.0.0.0 --accounts --behind-tls --allow-host talk.example.org

        thymos studio --database postgresql://me@localhost/studio --accounts --trial plan.yaml
    """
    from thymos.commands.serve import listen
    from thymos.serve.studio.app import create_studio
    from thymos.serve.studio.options import StudioOptions
    from thymos.serve.studio.parts import LoadedParts
    from thymos.serve.studio.running import studio_server

    console = Console(stderr=True, emoji=False)
    options = StudioOptions(
        database=database,
        host=host,
        accounts=accounts,
        registration=registration,
        allowed_hosts=tuple(allow_host or ()),
        tls=behind_tls,
        assessments=assessments,
        results=results,
        items=items,
        trial=trial,
    )
    sealer = read_sealer(key_file, console)
    if trial_data is not None and trial is None:
        raise BadInput("there is no trial", where="--trial-data", mend="name its plan with --trial")
    if reseal and not sealer.on:
        raise BadInput("there is no key", where="--reseal", mend="name one with --key-file")
    with listen(host, port) as listener:
        workers = ENDPOINT_WORKERS if model.startswith("openai:") else 1
        app = create_studio(options, LoadedParts(lambda: loaded_model(model), workers), sealer=sealer)
        kept = app.state.studio.store
        if kept.interrupted:
            console.print(f"{kept.interrupted} replies were interrupted last time and are marked so", style="yellow")
        if reseal:
            console.print(f"{kept.reseal():,} texts were sealed anew")
        if trial_data is not None:
            write_trial_data(app.state.studio, trial_data, console)
            app.state.studio.close()
            return
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"

        def tell() -> None:
            console.print(f"studio at {address} (Ctrl-C stops it)", highlight=False, soft_wrap=True)
            if browser:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        console.print(
            f"kept in {kept.core.engine.url.render_as_string()}", style="dim", highlight=False, soft_wrap=True
        )
        if accounts and not behind_tls and host not in ("127.0.0.1", "localhost", "::1"):
            console.print(
                "without HTTPS, others on the way can read passwords: use a proxy and --behind-tls", style="red"
            )
        server = studio_server(app, options, tell)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has stopped everything in good order by then
            server.run(sockets=[listener])
        console.print("stopped")


def loaded_model(spec: str) -> "LanguageModel":
    """The language model of a spec, without a cache of replies: what people write is kept in one place only."""
    from thymos.language.load import load_language_model

    return load_language_model(spec, cache=None)


def write_trial_data(studio: "Studio", path: Path, console: Console) -> None:
    """The data of a trial, one row a participant and occasion; codes instead of names."""
    from thymos.files import write_atomically

    assert studio.trial is not None
    table = studio.trial.table()
    write_atomically(path, table.to_csv(index=False))
    console.print(f"{table['participant'].nunique()} participants: {path}", highlight=False, soft_wrap=True)


def read_sealer(key_file: Path | None, console: Console) -> "Sealer":
    """Keys from a file or from THYMOS_KEY; none means plain texts.

    Raises:
        BadInput: a key that is none.
    """
    from thymos.serve.studio.store.sealing import KEY_VARIABLE, Sealer, parse_key, read_key_file

    if key_file is not None:
        made = not key_file.expanduser().exists()
        sealer = Sealer(read_key_file(key_file))
        if made:
            console.print(f"a key was made: {key_file}. Without it nobody can read the texts, so keep a copy.")
        return sealer
    text = os.environ.get(KEY_VARIABLE, "")
    return Sealer((parse_key(text),) if text else ())
