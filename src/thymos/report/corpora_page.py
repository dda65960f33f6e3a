"""The generated page of the corpora: their cards, one after another."""

from collections.abc import Mapping

from thymos.corpora.card import Card
from thymos.corpora.corpus import Reader
from thymos.report.markdown import GENERATED, code, table, text

OPENING = """\
thymos reads these corpora from your own copy; nothing of them is part of it. `thymos data show CORPUS` counts what is
in a copy, `thymos data check` compares the counts with the published ones, and `thymos data card CORPUS` prints the
card below.

In every card: *prohibited use* is the corpus' own; on top of it thymos refuses emotion inference for hiring,
schooling and policing."""


def corpora_page(readers: Mapping[str, Reader]) -> str:
    """All cards as one Markdown page."""
    cards = [readers[slug].card for slug in sorted(readers)]
    rows = [
        [
            f"[{text(card.slug)}](#{card.slug})",
            text(card.title) + (" (test set)" if card.test_only else ""),
            text(", ".join(card.languages)),
            text(", ".join(card.modality)),
            text(card.licence),
            "yes" if card.redistribution else "no",
        ]
        for card in cards
    ]
    overview = table(["Corpus", "Title", "Languages", "Modality", "Licence", "May be passed on"], rows)
    return "\n\n".join(["# Corpora", GENERATED, OPENING, overview.strip(), *map(_card, cards)]) + "\n"


def _card(card: Card) -> str:
    lines = [
        f"## {card.slug}",
        f"{text(card.title)}. {text(card.description)}",
        f"- Source: {text(card.source)}\n"
        f"- Citation: {text(card.citation)}\n"
        f"- Licence: {text(card.licence)}; may {'' if card.redistribution else 'not '}be passed on\n"
        f"- Consent basis: {text(card.consent_basis)}\n"
        f"- Intended use: {text(card.intended_use)}\n"
        f"- Prohibited use: {text(card.prohibited_use)}"
        + ("\n- A test set: training on it is refused" if card.test_only else "")
        + f"\n- Folder: {code(f'$THYMOS_DATA/{card.slug}/')}",
    ]
    if card.known_traps:
        lines.append("Known traps:\n\n" + "\n".join(f"- {text(trap)}" for trap in card.known_traps))
    return "\n\n".join(lines)
