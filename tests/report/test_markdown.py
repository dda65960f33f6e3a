"""Markdown whose cells cannot break it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.report.markdown import between, code, folded, table, text


@given(words=st.lists(st.text(), min_size=2, max_size=2))
def test_a_cell_cannot_break_a_table(words: list[str]) -> None:
    made = table(["A", "B"], [[text(words[0]), code(words[1])]])
    assert len(made.splitlines()) == 3
    assert len(re.findall(r"(?<!\\)\|", made.splitlines()[2].replace("\\\\", ""))) == 3


def test_text_is_not_read_as_markup() -> None:
    assert text("a_b *c* <i> [d](e)\n`f` | g") == r"a\_b \*c\* \<i\> \[d\](e) \`f\` \| g"


def test_numbers_are_aligned_right() -> None:
    assert table(["A", "B"], [["1", "2"]], right=["B"]).splitlines() == ["| A | B |", "| --- | ---: |", "| 1 | 2 |"]


def test_folded_block() -> None:
    assert folded("3 rows", "body").startswith("<details>\n<summary>3 rows</summary>\n\nbody")


class TestBetween:
    page = "before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n"

    def test_only_the_block_is_replaced_and_once_is_enough(self) -> None:
        made = between(self.page, "x", "new", where="README.md")
        assert made == "before\n<!-- x: begin -->\nnew\n<!-- x: end -->\nafter\n"
        assert between(made, "x", "new", where="README.md") == made

    @pytest.mark.parametrize(
        "page",
        [
            "",
            "<!-- x: begin -->",
            "<!-- x: end --><!-- x: begin -->",
            "<!-- x: begin --><!-- x: begin --><!-- x: end -->",
        ],
    )
    def test_markers_that_are_not_there_are_an_error(self, page: str) -> None:
        with pytest.raises(BadInput, match=r"README\.md: the markers"):
            between(page, "x", "new", where="README.md")
