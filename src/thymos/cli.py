"""The command line: ``thymos``."""

import os
import sys
from importlib import import_module

import typer
from rich.console import Console
from rich.markup import escape

from thymos import __version__
from thymos.errors import ThymosError

app = typer.Typer(
    name="thymos",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Affective computing you can trust: every rater kept, every score with its floor, ceiling, interval and "
    "split guarantee, every published claim with a verdict.",
)

INTERRUPTED = 130  # exit status of a program that Ctrl-C ended, by the habit of shells
# Heavy libraries load only for the command that needs them: each command module imports its own.
COMMAND_MODULES = (
    "studies",
    "score",
    "data",
    "tour",
    "docs",
    "rate",
    "serve",
    "assess",
    "scan",
    "judge",
    "analyze",
    "train",
    "companion",
    "exercise",
    "coach",
    "trial",
    "studio",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"thymos {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Run ``thymos COMMAND --help`` for the options and examples of a command."""


def _mount() -> None:
    for name in COMMAND_MODULES:
        import_module(f"thymos.commands.{name}").register(app)


def main() -> None:
    """Entry point: errors that thymos raises on purpose are one line, Ctrl-C keeps what is finished."""
    # Without emoji: ":x:" in a path or a model name is no picture.
    console = Console(stderr=True, emoji=False)
    # Torch's threads wait for each other by spinning. On a machine that does other work, too, they then take the
    # processor from the thread they wait for: generation fell to a tenth. Sleep after a short spin instead.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    _mount()
    try:
        status = app(standalone_mode=False)
    except ThymosError as error:
        console.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except Exception as error:  # usage errors of the command line
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            sys.exit(error.exit_code)
        raise
    # Outside standalone mode, typer.Exit(1) comes back as a return value, and so does Ctrl-C.
    if status == INTERRUPTED:
        console.print("stopped; finished work is kept, the same command goes on from here")
    if isinstance(status, int) and status:
        sys.exit(status)


if __name__ == "__main__":
    main()
