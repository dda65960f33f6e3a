"""``thymos rate``: rate a bank of prompts in the terminal, and turn ratings into reliability figures and levels."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from thymos.errors import BadInput

QUESTION = "How stressful is this situation for the one who is addressed? 1 = not at all, 10 = as much as can be"


def register(parent: typer.Typer) -> None:
    """Add the command."""
    parent.command("rate")(rate)


def rate(
    bank: Annotated[
        str | None,
        typer.Argument(help="'stress' for the bundled prompts, or a CSV or JSONL file with ids and texts."),
    ] = None,
    rater: Annotated[str, typer.Option("--rater", help="Your id; it fixes the order of the prompts.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="CSV file for the ratings.")] = None,
    question: Annotated[str, typer.Option("--question", help="What is asked above each prompt.")] = QUESTION,
    summary: Annotated[
        list[Path] | None, typer.Option("--summary", help="Summarize this file of ratings; may be repeated.")
    ] = None,
    levels: Annotated[Path | None, typer.Option("--levels", help="With --summary: write the levels here.")] = None,
    leave_out_gaps: Annotated[
        bool, typer.Option("--leave-out-gaps", help="With --summary: leave out prompts that a rater has not rated.")
    ] = False,
) -> None:
    """Rate prompts from 1 to 10, or summarize ratings.

    Each rater sees the prompts in a random order of their own. Every rating is saved at once: stop with q or Ctrl-C
    and start the same command again to go on. A summary shows Cronbach's alpha, ICC(2,1) and ICC(2,k) with 95 %
    intervals, Friedman's test, and how many prompts fall on each level (the rounded mean).

    Examples:

        thymos rate stress --rater anna --out ratings.csv

        thymos rate --summary ratings.csv --levels levels.csv
    """
    console = Console()
    if summary:
        if bank is not None or rater or out is not None:
            raise BadInput("rating and summarizing are two commands", mend="pass either BANK or --summary")
        _summarize(console, summary, levels, leave_out_gaps)
        return
    if levels is not None or leave_out_gaps:
        raise BadInput("--levels and --leave-out-gaps belong to a summary", mend="pass --summary RATINGS")
    if bank is None:
        raise BadInput("there is nothing to rate", mend="pass a bank ('stress' or a file), or --summary RATINGS")
    if not rater.strip() or out is None:
        raise BadInput("rating needs an id and a file", mend="pass --rater ID --out ratings.csv")
    _session(console, bank, rater.strip(), out, question)


def _session(console: Console, bank: str, rater: str, out: Path, question: str) -> None:
    from thymos.assess.stress.prompt_ratings import RatingSession, as_rating, read_bank

    session = RatingSession(read_bank(bank), rater, out)
    total = len(session.bank)
    done = len(session.ratings())
    if done:
        console.print(f"{done} of {total} prompts are rated; going on")
    console.print(f"{escape(question)}\n[dim]a number from 1 to 10, b = back to the last one, q = stop[/]")
    while (item := session.next_item()) is not None:
        position = len(session.ratings()) + 1
        console.print(Panel(escape(session.bank[item]), title=f"{position} of {total}", width=88))
        try:
            typed = console.input("> ").strip().lower()
        except EOFError:
            typed = "q"
        if typed == "q":
            console.print(f"stopped at {position - 1} of {total}; the same command goes on from here")
            return
        if typed == "b":
            if session.take_back() is None:
                console.print("this is the first one")
            continue
        value = as_rating(typed)
        if value is None:
            console.print("a whole number from 1 to 10 is needed (or b, q)")
            continue
        session.rate(item, value)
    console.print(f"all {total} prompts are rated: {escape(str(out))}")


def _summarize(console: Console, paths: list[Path], levels: Path | None, leave_out_gaps: bool) -> None:
    from thymos.assess.stress.prompt_ratings import LOWEST, read_ratings, summarize_ratings, write_levels

    found = summarize_ratings(read_ratings(paths), missing="listwise" if leave_out_gaps else "error")
    figures = found.consistency
    table = Table("figure", "value", "95 % interval", title=f"{figures.items} prompts, {figures.raters} raters")
    table.add_row("Cronbach's alpha", f"{figures.cronbach_alpha:.4f}", "")
    for name, coefficient in (("ICC(2,1), one rater", figures.icc_2_1), ("ICC(2,k), their mean", figures.icc_2_k)):
        table.add_row(name, f"{coefficient.value:.4f}", f"{coefficient.low:.4f} to {coefficient.high:.4f}")
    test = figures.friedman
    table.add_row("Friedman: do the prompts differ?", f"chi2({test.df}) = {test.chi2:.2f}", _p(test.p))
    table.add_row("Kendall's W", f"{test.kendall_w:.4f}", "")
    console.print(table)
    if figures.dropped:
        console.print(f"{figures.dropped} prompts were left out: a rater has not rated them")
    counts = found.levels["level"].value_counts()
    shown = Table("level", "prompts", "mean", "standard deviation over raters", title="Levels (rounded means)")
    for level in range(LOWEST, LOWEST + 10):
        part = found.levels[found.levels["level"] == level]
        cells: list[Any] = [f"{part['mean'].mean():.2f}", f"{part['standard_deviation'].mean():.2f}"]
        shown.add_row(str(level), str(counts.get(level, 0)), *(cells if len(part) else ["", ""]))
    console.print(shown)
    if levels is not None:
        write_levels(found.levels, levels)
        console.print(
            f"levels: {escape(str(levels))} (THYMOS_STRESS_LEVELS={escape(str(levels))} uses them in stress_levels)",
            soft_wrap=True,
        )


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
