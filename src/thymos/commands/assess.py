"""``thymos assess``: the report card of a language model, or of two side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from thymos.commands.bars import Bars
from thymos.errors import BadInput

if TYPE_CHECKING:
    from thymos.assess.cards.assessment import Finished

PAGE_FILE = "report_card.html"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("assess")(assess)


def assess(
    model: Annotated[
        str, typer.Option(help="Language model: embedded, a folder, hf:ORG/NAME or openai:NAME@URL.")
    ] = "embedded",
    suite: Annotated[str, typer.Option(help="quick (minutes, samples) or full (hours, all items).")] = "quick",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the card and the logs (default: assessments/MODEL-SUITE).")
    ] = None,
    compare: Annotated[str | None, typer.Option("--compare", help="A second model, asked the same items.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with the corpora (default: THYMOS_DATA, then ../shared/data).")
    ] = None,
    use: Annotated[
        str, typer.Option("--use", help="What the card is for; hiring, schooling and policing are refused.")
    ] = "",
    section: Annotated[
        list[str] | None, typer.Option("--section", help="Only this section and the safety sections (repeatable).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 0,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap samples of every interval.")] = 10_000,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests that an endpoint gets at once.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Assess a language model: emotional intelligence, support strategies, boundary handling, over-refusal and
    sensitivity to emotional wording.

    No intelligence score without the safety scores beside it. Every score has its floor, its interval and the share
    of replies that could be read. Sections whose data is not here are skipped with the reason; layered items,
    boundaries and wording need no data.

    An interrupted run loses nothing: the same command asks only what is missing. Inspect logs, report_card.json and
    report_card.html are in the folder.

    Examples:

        thymos assess

        thymos assess --model ./my-model --suite full --out cards/mine

        thymos assess --model openai:llama3@http://localhost:11434/v1 --compare embedded

        thymos assess --section emobench --section sensitivity --json
    """
    # Refused before torch and the model load.
    if use:
        from thymos.corpora.card import check_intended_use

        check_intended_use(use)
    from thymos.assess.cards.assessment import CARD_FILE, Wishes, chosen_plans
    from thymos.assess.cards.assessment import assess as run
    from thymos.assess.cards.assessment_context import check_suite
    from thymos.assess.cards.report_card import CardComparison
    from thymos.language.load import load_language_model
    from thymos.report.assessment import print_card, print_comparison, write_page
    from thymos.studies.runner import machine, package_versions

    check_suite(suite)
    chosen_plans(tuple(section or ()))
    if compare == model:
        raise BadInput("both models are the same", where="--compare", mend="name another model")
    errors = Console(stderr=True)
    specs = [model] if compare is None else [model, compare]
    with errors.status("loading"):
        models = [load_language_model(spec, concurrency=concurrency) for spec in specs]
    folder = out or Path("assessments") / "-".join([*(file_name(spec) for spec in specs), suite])
    about = {"machine": machine(), "versions": package_versions()}
    wishes = Wishes(suite, folder, data, seed, resamples, use, about, tuple(section or ()))
    with Bars(errors) as bars:
        result = run(models, wishes, progress=bars.progress, tell=lambda finished: bars.say(told(finished)))
    page = write_page(result, folder / PAGE_FILE)
    if as_json:
        print(json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False))
        return
    console = Console()
    if isinstance(result, CardComparison):
        print_comparison(result, console)
    else:
        print_card(result, console)
    console.print(f"JSON: {folder / CARD_FILE}", highlight=False, soft_wrap=True)
    console.print(f"HTML: {page}", highlight=False, soft_wrap=True)


def file_name(spec: str) -> str:
    """A model's spec as part of a folder's name.

    Example:
        >>> file_name("openai:llama3@http://localhost:11434/v1")
        'llama3'
    """
    name = spec.removeprefix("openai:").removeprefix("hf:").partition("@http")[0].rstrip("/").rpartition("/")[2]
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name) or "model"


def told(finished: "Finished") -> str:
    """The line that stays when a section is done: what was asked and what was reused."""
    section = finished.section
    if section.skipped:
        text = f"skipped: {section.skipped}"
    else:
        text = f"{finished.asked:,} asked, {finished.reused:,} reused, {section.seconds:.0f} s"
    return f"{finished.model} · {section.title}: {text}"
