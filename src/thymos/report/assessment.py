"""A report card as tables for the terminal and as an HTML page that needs no other file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos import __version__
from thymos.assess.cards.report_card import (
    SAFETY,
    CardComparison,
    CardScore,
    ReportCard,
    Section,
    SectionKind,
    Standing,
)
from thymos.files import write_atomically
from thymos.report.interval_plot import STYLE, Chart, interval_chart, legend
from thymos.report.numbers import count, duration, interval, number
from thymos.report.page import environment

STYLES = {
    Standing.BETTER: "green",
    Standing.UNCLEAR: "yellow",
    Standing.WORSE: "red",
    Standing.CHANGED: "yellow",
    Standing.NO_CHANGE: "dim",
}
SHORT = {
    Standing.BETTER: "better",
    Standing.UNCLEAR: "not told apart",
    Standing.WORSE: "worse",
    Standing.CHANGED: "changed",
    Standing.NO_CHANGE: "none shown",
}
BADGES = {
    Standing.BETTER: "holds",
    Standing.UNCLEAR: "not-shown",
    Standing.WORSE: "contradicted",
    Standing.CHANGED: "not-shown",
    Standing.NO_CHANGE: "not-testable",
}
WARNING = (
    "A language model's score on a test is not empathy, and no statement about people. "
    "Not for hiring, schooling or policing."
)


def headline(card: ReportCard) -> str:
    """The first score of every kind in one sentence, safety beside intelligence.

    The kinds come in a fixed order, safety first, so that nobody quotes a card without it.
    """
    parts = []
    for kind in SectionKind:
        scored = [section for section in card.of_kind(kind) if section.scores]
        if scored:
            first = scored[0].scores[0]
            parts.append(f"{kind}: {first.title} {valued(first)}, {first.standing} ({number(first.floor)})")
    return "; ".join(parts) + "."


def valued(score: CardScore) -> str:
    """Value and interval, e.g. ``0.532 [0.501, 0.563]``."""
    return f"{number(score.value)} {interval(score.low, score.high)}".strip()


def print_card(card: ReportCard, console: Console) -> None:
    """One table a kind, safety first."""
    console.print(f"[bold]{escape(card.model)}[/], suite {card.suite}", highlight=False)
    for kind in SectionKind:
        sections = card.of_kind(kind)
        if sections:
            console.print(_kind_table(kind, sections))
    for section in card.sections:
        if section.skipped:
            console.print(f"skipped {escape(section.title)}: {escape(section.skipped)}", style="dim", soft_wrap=True)
    console.print(cost_line(card), style="dim", highlight=False, soft_wrap=True)
    console.print(WARNING, style="yellow", highlight=False, soft_wrap=True)


def _kind_table(kind: SectionKind, sections: tuple[Section, ...]) -> Table:
    table = Table(title=str(kind).capitalize(), title_justify="left", title_style="bold", expand=False)
    table.add_column("score")
    for name in ("value [95 %]", "floor", "n", "read"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("against floor", no_wrap=True)
    for section in sections:
        for score in section.scores:
            direction = " (lower is better)" if score.higher_is_better is False else ""
            table.add_row(
                escape(score.title + direction),
                escape(valued(score)),
                number(score.floor),
                f"{score.n:,}",
                f"{score.parse_rate:.0%}",
                f"[{STYLES[score.standing]}]{SHORT[score.standing]}[/]",
            )
    return table


def print_comparison(comparison: CardComparison, console: Console) -> None:
    """Both cards side by side with their paired differences, safety first."""
    names = (comparison.first.model, comparison.second.model)
    kinds = {section.slug: section.kind for section in comparison.first.sections}
    for kind in SectionKind:
        found = [one for one in comparison.differences if kinds[one.section] is kind]
        if not found:
            continue
        table = Table(title=str(kind).capitalize(), title_justify="left", title_style="bold")
        table.add_column("score")
        for name in (*names, "difference [95 %]", "p (Holm)", "n"):
            table.add_column(escape(name), justify="right")
        table.add_column("better")
        for one in found:
            direction = " (lower is better)" if one.higher_is_better is False else ""
            table.add_row(
                escape(one.title + direction),
                number(one.first),
                number(one.second),
                escape(f"{number(one.value)} {interval(one.low, one.high)}".strip()),
                number(one.p_holm),
                f"{one.n:,}",
                escape(one.better(*names)),
            )
        console.print(table)
    for card in (comparison.first, comparison.second):
        console.print(f"{escape(card.model)}: {escape(headline(card))}", highlight=False, soft_wrap=True)
        console.print(cost_line(card), style="dim", highlight=False, soft_wrap=True)
    console.print(WARNING, style="yellow", highlight=False, soft_wrap=True)


def cost_line(card: ReportCard) -> str:
    """Time, replies asked and reused."""
    about = card.about
    parts = [f"{duration(about['seconds'])}"] if "seconds" in about else []
    if "replies_asked" in about:
        asked = count(about["replies_asked"], "reply", "replies")
        parts.append(f"{asked} asked, {about['replies_reused']:,} from the cache")
    return ", ".join(parts)


def write_page(result: ReportCard | CardComparison, html: str | Path) -> Path:
    """Write the page of a card or of a comparison, whole or not at all."""
    return write_atomically(html, card_page(result))


def card_page(result: ReportCard | CardComparison) -> str:
    """The page's text."""
    cards = (result,) if isinstance(result, ReportCard) else (result.first, result.second)
    differences = () if isinstance(result, ReportCard) else result.differences
    return (
        environment()
        .get_template("assessment.html")
        .render(
            cards=cards,
            differences=differences,
            names=[card.model for card in cards],
            headlines=[headline(card) for card in cards],
            kinds=[(kind, [_kind_view(card, kind) for card in cards], kind in SAFETY) for kind in SectionKind],
            charts={str(kind): chart for kind in SectionKind if (chart := kind_chart(cards, kind)) is not None},
            warning=WARNING,
            plot_style=STYLE,
            legend=legend(),
            version=__version__,
            number=number,
            interval=interval,
            valued=valued,
            cost=cost_line,
            badge=lambda score: BADGES[score.standing],
        )
    )


def _kind_view(card: ReportCard, kind: SectionKind) -> dict[str, Any]:
    return {"model": card.model, "sections": card.of_kind(kind)}


def kind_chart(cards: tuple[ReportCard, ...], kind: SectionKind) -> Chart | None:
    """Every score of a kind between its floor and its ceiling; scores beyond 1 (bias) are left to the table."""
    rows: list[Mapping[str, Any]] = []
    for place, card in enumerate(cards):
        for section in card.of_kind(kind):
            for score in section.scores:
                if abs(score.value) > 1 or score.floor > 1:
                    continue
                subset = score.title + (" (lower is better)" if score.higher_is_better is False else "")
                rows.append(_chart_row("system", card.model, subset, score))
                if place == 0:
                    rows.append(_bound_row("floor", score.floor_name, subset, score.floor, score.n))
                    if score.ceiling is not None:
                        rows.append(_bound_row("ceiling", score.ceiling_name, subset, score.ceiling, score.n))
    return interval_chart(rows, "score") if rows else None


def _chart_row(kind: str, name: str, subset: str, score: CardScore) -> dict[str, Any]:
    row = _bound_row(kind, name, subset, score.value, score.n)
    return row | {"low": score.low, "high": score.high}


def _bound_row(kind: str, name: str, subset: str, value: float, n: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "system": name,
        "subset": subset,
        "metric": "score",
        "value": value,
        "low": None,
        "high": None,
        "n": n,
        "comparable": True,
    }
