"""Help lines by region, from a table with sources and dates; see the head of ``data/help_lines.yaml``."""

import datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from thymos.errors import BadInput

INTERNATIONAL = "INT"
CHECKED = ("general", "copies", "operator")
"""How a line was checked: from general knowledge, against copies of public pages, with its operator."""


class HelpLine(NamedTuple):
    """One help line.

    Args:
        name: of the service.
        contact: number, text number or address, as one tells it to a person.
        hours: ``""`` where not known.
        languages: spoken there.
        source: page of the operator.
        how: see ``CHECKED``; lines that are not ``"operator"`` must be verified before deployment.
        checked: when.
    """

    name: str
    contact: str
    hours: str
    languages: str
    source: str
    how: str
    checked: datetime.date


class Region(NamedTuple):
    """The help of one region.

    Args:
        code: ISO 3166 alpha-2, or ``"INT"``.
        country: its name.
        emergency: emergency number or numbers.
        lines: at least one, the most general first.
    """

    code: str
    country: str
    emergency: str
    lines: tuple[HelpLine, ...]


@cache
def region_table() -> dict[str, Region]:
    """All regions by code."""
    content = (files("thymos.respond.guard") / "data" / "help_lines.yaml").read_text(encoding="utf-8")
    return read_regions(content, "help_lines.yaml")


def read_regions(content: str, where: str) -> dict[str, Region]:
    """Regions from YAML.

    Raises:
        BadInput: a missing field, a date that is none, no line, no region ``INT``.
    """
    try:
        found = {
            code: Region(
                code, _text(row["country"]), _text(row["emergency"]), tuple(_line(one) for one in row["lines"])
            )
            for code, row in yaml.safe_load(content)["regions"].items()
        }
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise BadInput(f"this is no table of help lines ({type(error).__name__}: {error})", where=where) from error
    if INTERNATIONAL not in found:
        raise BadInput(f"there is no region {INTERNATIONAL}", where=where)
    for region in found.values():
        if not region.lines:
            raise BadInput("a region without a line", where=f"{where}, {region.code}")
    return found


def _line(row: dict[str, Any]) -> HelpLine:
    line = HelpLine(**row)
    for value in (line.name, line.contact, line.languages):
        _text(value)
    if line.how not in CHECKED or not isinstance(line.checked, datetime.date):
        raise ValueError(f"{line.name}: say how (one of {', '.join(CHECKED)}) and when it was checked")
    if not line.source.startswith("https://"):
        raise ValueError(f"{line.name}: the source must be a page")
    return line


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is no text")
    return value


def regions() -> list[str]:
    """Codes of the regions with lines of their own, sorted, and ``INT`` last."""
    return [*sorted(set(region_table()) - {INTERNATIONAL}), INTERNATIONAL]


def region_of(code: str) -> Region:
    """The region, or the international one where there are no lines for it.

    Raises:
        BadInput: the code is no text.
    """
    if not isinstance(code, str):
        raise BadInput(f"the region is {code!r}", mend="use a code such as 'US', or 'INT'")
    table = region_table()
    return table.get(code.strip().upper(), table[INTERNATIONAL])


def help_lines(region: str) -> tuple[HelpLine, ...]:
    """Help lines of a region; the international ones where it has none.

    Example:
        >>> help_lines("AT")[0].contact
        '142'
        >>> help_lines("XX")[0].contact
        'findahelpline.com'
    """
    return region_of(region).lines
