"""``thymos list | run | show | report``: studies from the command line."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from thymos.errors import BadInput

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder with the corpora (default: THYMOS_DATA, then ../shared/data).")
]
OutputOption = Annotated[Path, typer.Option("--output", help="Where runs are kept.")]
ROW_STYLE = {"floor": "cyan", "ceiling": "magenta", "control": "dim"}
VERDICT_STYLE = {"holds": "green", "not shown": "yellow", "contradicted": "red", "not testable here": "dim"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(list_studies)
    app.command("run")(run)
    app.command("show")(show)
    app.command("report")(report)


def list_studies(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the studies.

    Example:

        thymos list
    """
    from thymos.studies.registry import studies

    known = studies().values()
    if as_json:
        fields = ("slug", "card", "title", "question", "corpora")
        print(json.dumps([{name: getattr(study, name) for name in fields} for study in known], indent=1))
        return
    table = Table("study", "card", "question", "data", title="Studies (thymos run STUDY)")
    for study in known:
        data = ", ".join(study.corpora) or "ships with thymos"
        table.add_row(study.slug, str(study.card), study.question, data)
    Console().print(table)


def run(
    study: Annotated[str, typer.Argument(help="Slug of the study; see `thymos list`.")],
    data: DataOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smaller run, stamped as such.")] = False,
    seed: Annotated[int, typer.Option(help="Base of all random numbers.")] = 0,
    model: Annotated[
        str, typer.Option(help="Language model: embedded, a folder, hf:ORG/NAME or openai:NAME@URL.")
    ] = "embedded",
    encoder: Annotated[str, typer.Option(help="Hugging Face encoder (folder or id) for studies that fine-tune.")] = "",
    output: OutputOption = Path("runs"),
    publish: Annotated[bool, typer.Option("--publish", help="Write docs/results/STUDY.json (in a checkout).")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Print every metric, not only the headline.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a study; an interrupted run goes on where it stopped.

    Examples:

        thymos run manipulation_trial --data ../shared/data

        thymos run persian_emotion --encoder ./xlm-roberta-large

        thymos run emotional_boundaries --model openai:llama3@http://localhost:11434/v1
    """
    from thymos.studies.contract import Settings
    from thymos.studies.publishing import publish as write_result
    from thymos.studies.registry import get_study
    from thymos.studies.runner import run_study

    chosen = get_study(study)
    settings = Settings(data=data, quick=quick, seed=seed, model=model, encoder=encoder, output=output)
    if publish and quick:
        raise BadInput("a quick run is not published", mend="leave --quick out")
    result = run_study(chosen, settings)
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print_result(result, headline=() if show_all else chosen.headline)
    if publish:
        path = write_result(chosen, result, Path.cwd())
        Console(stderr=True).print(f"published: {path}", highlight=False)


def show(
    study: Annotated[str, typer.Argument(help="Slug of the study.")],
    output: OutputOption = Path("runs"),
    show_all: Annotated[bool, typer.Option("--all", help="Print every metric, not only the headline.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show what a study asks and the result of its newest run.

    Example:

        thymos show oversensitivity
    """
    from thymos.studies.registry import get_study
    from thymos.studies.runner import latest_runs, load_results

    chosen = get_study(study)
    folder = latest_runs(output).get(study)
    if as_json:
        print(json.dumps(load_results(folder)[0] if folder else None, ensure_ascii=False, indent=1))
        return
    console = Console()
    console.print(f"[bold]{chosen.title}[/] (card {chosen.card})\n{chosen.question}\n{chosen.paper}", highlight=False)
    for arm in chosen.arms:
        console.print(f"  {arm.kind.value:9} {escape(arm.name)}: {escape(arm.description)}", highlight=False)
    if folder is None:
        console.print(f"not run yet: thymos run {study}")
        return
    print_result(load_results(folder)[0], console, headline=() if show_all else chosen.headline)


def report(
    output: OutputOption = Path("runs"),
    html: Annotated[Path, typer.Option("--html", help="The file to write.")] = Path("runs/report.html"),
) -> None:
    """Write a static HTML report over the newest run of each study.

    Example:

        thymos report --html report.html
    """
    from thymos.report.page import write_report
    from thymos.studies.runner import latest_runs

    folders = latest_runs(output)
    if not folders:
        raise BadInput("there is no finished run", where=output, mend="thymos run STUDY first")
    path = write_report(folders, html)
    Console().print(f"report: {path.resolve()}", highlight=False, soft_wrap=True)


def print_result(result: dict[str, Any], console: Console | None = None, *, headline: tuple[str, ...] = ()) -> None:
    """The result as terminal tables, one a metric, then the verdicts.

    Args:
        result: as returned by ``run_study``.
        console: where to print.
        headline: metrics to show, in this order; empty shows all.
    """
    console = console or Console()
    if not console.is_terminal:
        console = Console(file=console.file, width=max(console.width, 140))
    simulated = " [red](simulated data)[/]" if any(entry["simulated"] for entry in result["data"]) else ""
    quick = " [yellow](quick run: not for quoting)[/]" if result["settings"]["quick"] else ""
    console.print(f"\n[bold]{result['study']}[/]{quick}{simulated}")
    measured = [row for row in result["rows"] if row["kind"] != "published"]
    published = {_key(row): row for row in result["rows"] if row["kind"] == "published"}
    metrics = list(dict.fromkeys(row["metric"] for row in measured))
    shown = [metric for metric in headline if metric in metrics] or metrics
    for metric in shown:
        rows = [row for row in measured if row["metric"] == metric]
        console.print(_metric_table(metric, rows, published, result["rows"]))
    hidden = [metric for metric in metrics if metric not in shown]
    if hidden:
        console.print(f"also measured (--all, or the report): {', '.join(hidden)}", style="dim", highlight=False)
    for claim in result["claims"]:
        style = VERDICT_STYLE[claim["verdict"]]
        console.print(f"[{style}]{claim['verdict']:>17}[/]  {escape(claim['text'])}", highlight=False)
        console.print(Padding(escape(claim["evidence"]), (0, 0, 0, 19), style="dim"), highlight=False)
    for left in result["left_out"]:
        console.print(f"left out: {escape(left['arm'])} ({escape(left['reason'])})", style="yellow", highlight=False)
    console.print(f"{result['seconds']} s on {result['machine']}; {result['run']}", style="dim", highlight=False)


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["system"], row["metric"], row["subset"]


def _number(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "-"
    interval = "" if row["low"] is None else f" [{_digits(row['low'], 3)}, {_digits(row['high'], 3)}]"
    return f"{_digits(row['value'], 4)}{interval}"


def _digits(value: float, significant: int) -> str:
    """Counts and other large numbers whole, with their thousands; the rest with a few significant digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{significant}g}"


def _metric_table(
    metric: str,
    rows: list[dict[str, Any]],
    published: dict[tuple[str, str, str], dict[str, Any]],
    everything: list[Any],
) -> Table:
    """One metric: ours with interval, the published number beside it where comparable, and the split guarantee."""
    guarantees = sorted({row["guarantee"] for row in rows})
    table = Table(title=f"{metric} ({guarantees[0]})" if len(guarantees) == 1 else metric, title_justify="left")
    table.add_column("kind", no_wrap=True)
    table.add_column("system", overflow="fold")
    table.add_column("subset", overflow="fold")
    table.add_column("value [95 % interval]", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    beside = any(_key(row) in published and published[_key(row)]["comparable"] for row in rows)
    if beside:
        table.add_column("published", justify="right", no_wrap=True)
    if len(guarantees) > 1:
        table.add_column("split guarantee", overflow="fold")
    for row in rows:
        cells = [row["kind"], escape(row["system"]), escape(row["subset"]), escape(_number(row)), str(row["n"])]
        if beside:
            match = published.get(_key(row))
            cells.append(escape(_number(match)) if match and match["comparable"] else "")
        if len(guarantees) > 1:
            cells.append(escape(row["guarantee"]))
        table.add_row(*cells, style=ROW_STYLE.get(row["kind"], ""))
    ours = {_key(row) for row in rows}
    others = [
        row
        for row in everything
        if row["kind"] == "published" and row["metric"] == metric and (_key(row) not in ours or not row["comparable"])
    ]
    if others:
        listed = [f"{row['system']} ({row['subset']}) {_number(row)}: {row['note']}" for row in others[:6]]
        more = f"; and {len(others) - 6} more in the report" if len(others) > 6 else ""
        table.caption = escape("published, not beside ours: " + "; ".join(listed) + more)
        table.caption_justify = "left"
    return table
