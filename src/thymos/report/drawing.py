"""What charts drawn as plain SVG share: the frame with its description, and names that can be drawn and read."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from thymos.report.interval_plot import STYLE


@dataclass(frozen=True)
class Drawing:
    """A finished chart: the SVG, for a page or a file, and what stands in it in words."""

    svg: Markup
    description: str


def frame(size: tuple[int, int], title: str, description: str, body: Sequence[str], style: str) -> Markup:
    """An SVG with its title, its text description and, when given, the style of the charts and its own."""
    styled = f"<style>{STYLE}{style}</style>" if style else ""
    return Markup(
        f'<svg class="thymos-plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" role="img" '
        f'aria-label="{escape(description)}">{styled}<title>{text(title)}</title>{"".join(body)}</svg>'
    )


def visible(name: object) -> str:
    """A name that can be drawn: blanks and line ends as signs, what XML forbids as a replacement sign.

    Example:
        >>> visible("\\n"), visible(" "), visible(" the ")
        ('↵', '␣', 'the')
    """
    shown = str(name).replace("\n", "↵").replace("\t", "⇥")
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in shown)
    return shown.strip() or "␣" * len(shown)


def shorten(name: object, letters: int) -> str:
    """A name that can be drawn, cut to some letters; the whole one stands in the tooltip."""
    shown = visible(name)
    return shown if len(shown) <= letters else f"{shown[: letters - 1]}…"


def text(name: object) -> Markup:
    """A name that can be drawn, escaped."""
    return escape(visible(name))


def spread_apart(places: Sequence[float], distance: float, room: tuple[float, float]) -> list[float]:
    """Places moved as little as needed to be ``distance`` apart, in the same order and inside the room.

    Example:
        >>> spread_apart([10.0, 12.0, 40.0], 10, (0, 100))
        [6.0, 16.0, 40.0]
    """
    blocks: list[tuple[float, list[int]]] = []  # (middle of the block, its members in order)
    for index in sorted(range(len(places)), key=lambda index: places[index]):
        middle, members = places[index], [index]
        middle = _inside(middle, 1, distance, room)
        # Blocks that would overlap become one, around the mean of what its members want.
        while blocks and blocks[-1][0] + distance * (len(blocks[-1][1]) + len(members)) / 2 > middle:
            members = blocks.pop()[1] + members
            middle = _inside(sum(places[k] for k in members) / len(members), len(members), distance, room)
        blocks.append((middle, members))
    found = [0.0] * len(places)
    for middle, members in blocks:
        for order, index in enumerate(members):
            found[index] = round(middle + distance * (order - (len(members) - 1) / 2), 1)
    return found


def _inside(middle: float, members: int, distance: float, room: tuple[float, float]) -> float:
    half = distance * (members - 1) / 2
    return max(room[0] + half, min(room[1] - half, middle))
