"""The page and the tables of a report card: safety first, every number, no script, nothing unescaped."""

import html
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from thymos.assess.cards.report_card import CardComparison, CardScore, Difference, ReportCard, Section, SectionKind
from thymos.report.assessment import WARNING, card_page, headline, print_card, print_comparison, write_page

EVIL = '<b onload="x()">&'


def score(metric: str, value: float, **changes: object) -> CardScore:
    base = CardScore(
        metric, f"{metric} {EVIL}", value, value - 0.1, value + 0.1, 40, 30, 0.25, EVIL, True, 0.95, "likelihood"
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture
def card() -> ReportCard:
    sections = (
        Section("boundaries", "Boundaries", SectionKind.BOUNDARIES, (score("limits", 0.61),), notes=(EVIL,)),
        Section(
            "refusal", "Refusal", SectionKind.REFUSAL, (score("refused", 0.12, higher_is_better=False, floor=1.0),)
        ),
        Section("xstest", "XSTest", SectionKind.REFUSAL, skipped=f"no data {EVIL}"),
        Section("emobench", "EmoBench", SectionKind.INTELLIGENCE, (score("emotions", 0.37, ceiling=0.8),)),
        Section(
            "strategies",
            "Strategies",
            SectionKind.STRATEGIES,
            (score("bias", 1.84, higher_is_better=False, floor=2.6),),
        ),
        Section(
            "wording", "Wording", SectionKind.SENSITIVITY, (score("effect", 0.02, higher_is_better=None, floor=0.0),)
        ),
    )
    about = {"date": "2026-01-01", "seconds": 75.0, "replies_asked": 300, "replies_reused": 24, "machine": EVIL}
    return ReportCard(EVIL, "identity", "quick", 0, sections, "a test", about)


def difference(**changes: object) -> Difference:
    base = Difference(
        "emobench", "emotions", "emotions", 0.37, 0.30, 0.07, 0.01, 0.13, 0.013, 0.0371, "exact McNemar", 40, True
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture
def comparison(card: ReportCard) -> CardComparison:
    return CardComparison(
        card,
        replace(card, model="other"),
        tuple(difference(section=slug) for slug in ("boundaries", "refusal", "emobench")),
    )


def test_the_page_has_every_number_and_no_script(card: ReportCard, tmp_path: Path) -> None:
    page = write_page(card, tmp_path / "card.html").read_text()
    assert page == card_page(card)
    assert EVIL not in page
    assert "<script" not in page
    for text in ("0.610 [0.510, 0.710]", "0.120 [0.020, 0.220]", "1.840", "95 %", "300 replies asked", "0.800"):
        assert text in page
    assert "XSTest was skipped: no data" in page
    assert WARNING in html.unescape(page)
    assert re.findall(r"(?:src|href)=\"http", page) == []


def test_safety_stands_before_intelligence_everywhere(card: ReportCard, comparison: CardComparison) -> None:
    line = headline(card)
    assert line.index("boundary handling") < line.index("over-refusal") < line.index("emotional intelligence")
    for shown in (card_page(card), printed(card), card_page(comparison), printed(comparison)):
        found = [shown.lower().index(str(kind)) for kind in list(SectionKind)[:3]]
        assert found == sorted(found)


def printed(result: ReportCard | CardComparison) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=200)
    if isinstance(result, ReportCard):
        print_card(result, console)
    else:
        print_comparison(result, console)
    return stream.getvalue()


def test_the_terminal_shows_value_floor_size_and_read_rate(card: ReportCard) -> None:
    shown = printed(card)
    row = next(line for line in shown.splitlines() if "emotions <b" in line)
    for text in ("0.370 [0.270, 0.470]", "0.250", "40", "95%", "better"):
        assert text in row
    assert "skipped XSTest" in shown
    assert "1 min 15 s, 300 replies asked, 24 from the cache" in shown
    assert "(lower is better)" in shown


def test_the_comparison_shows_who_is_better_by_the_adjusted_p(comparison: CardComparison) -> None:
    page, shown = card_page(comparison), printed(comparison)
    for text in ("0.070 [0.010, 0.130]", "0.037", "exact McNemar"):
        assert text in page
    assert "0.070 [0.010, 0.130]" in shown
    unsure = replace(comparison, differences=(difference(p_holm=0.4),))
    assert "not shown" in printed(unsure)
    assert "other" in printed(comparison)


def test_a_bias_beyond_one_is_left_to_the_table(card: ReportCard) -> None:
    page = card_page(card)
    assert 'aria-label="Chart of boundary handling"' in page
    assert 'aria-label="Chart of support strategies"' not in page
