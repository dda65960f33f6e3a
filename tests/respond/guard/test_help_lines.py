"""The table of help lines: complete, dated, with sources; and what is wrong is named."""

import datetime
import re

import pytest

from thymos.errors import BadInput
from thymos.respond.guard.help_lines import CHECKED, INTERNATIONAL, help_lines, read_regions, region_table, regions


def test_there_are_enough_regions_and_a_fallback() -> None:
    own = set(region_table()) - {INTERNATIONAL}
    assert len(own) >= 25
    assert all(re.fullmatch(r"[A-Z]{2}", code) for code in own)
    assert regions()[-1] == INTERNATIONAL
    assert regions()[:-1] == sorted(own)


def test_every_line_says_where_it_is_from_and_when_it_was_checked() -> None:
    for region in region_table().values():
        assert region.country
        assert region.emergency
        for line in region.lines:
            assert line.how in CHECKED
            assert datetime.date(2026, 1, 1) <= line.checked <= datetime.date.today()
            assert re.fullmatch(r"https://[\w.-]+(?:/[\w./-]*)?", line.source), line
            digits = re.sub(r"\D", "", line.contact)
            assert digits or "." in line.contact, line
            assert len(digits) <= 24


def test_regions_are_found_in_any_case() -> None:
    assert help_lines("de") == help_lines("DE")
    with pytest.raises(BadInput, match="the region is None"):
        help_lines(None)  # type: ignore[arg-type]


LINE = "{name: a, contact: '1', hours: '', languages: en, source: 'https://a.org', how: general, checked: 2026-11-26}"
TABLE = "regions:\n  INT: {{country: Everywhere, emergency: '112', lines: [{line}]}}\n"


def test_a_table_is_read() -> None:
    assert read_regions(TABLE.format(line=LINE), "x")["INT"].lines[0].checked == datetime.date(2026, 11, 26)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("regions: {}", "no region INT"),
        (TABLE.format(line=""), "a region without a line"),
        (TABLE.format(line=LINE.replace("general", "sure")), "say how"),
        (TABLE.format(line=LINE.replace("2026-11-26", "soon")), "say how"),
        (TABLE.format(line=LINE.replace("https", "http")), "must be a page"),
        (TABLE.format(line=LINE.replace("'1'", "''")), "is no text"),
        (TABLE.format(line=LINE.replace("hours: '', ", "")), "no table of help lines"),
        ("regions: [", "no table of help lines"),
        ("lines: []", "no table of help lines"),
    ],
)
def test_tables_that_are_none(content: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_regions(content, "help.yaml")
