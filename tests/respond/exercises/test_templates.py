"""Quotations: found, refused, filled in once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.respond.exercises.templates import Quote, fill, find_quotes


def test_quotations_are_found_in_order() -> None:
    text = "{{a}} and {{ b_2 | list }}, {{after|change:before}}; {single} {braces}"
    assert find_quotes(text) == [Quote("a"), Quote("b_2", "list"), Quote("after", "change", "before")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{}}", "no quotation"),
        ("{{a", "no quotation"),
        ("a}}", "no quotation"),
        ("{{A}}", "no quotation"),
        ("{{a.__class__}}", "no quotation"),
        ("{{a()}}", "no quotation"),
        ("{{a|b|c}}", "no quotation"),
        ("{{ config['x'] }}", "no quotation"),
        ("{% for x in y %}{{x.y}}{% endfor %}", "no quotation"),
        ("{{a|upper}}", "unknown form 'upper'"),
        ("{{a|change}}", "names two steps"),
        ("{{a|list:b}}", "only a change does"),
    ],
)
def test_what_is_no_quotation_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_quotes(text)


@given(answer=st.text())
def test_what_is_put_in_is_never_read_again(answer: str) -> None:
    assert fill("<{{a}}> {{b}}", lambda quote: answer if quote.step == "a" else "B") == f"<{answer}> B"


@given(text=st.text(st.sampled_from("{}ab|: _")))
def test_any_text_is_either_refused_or_filled(text: str) -> None:
    try:
        quotes = find_quotes(text)
    except ValueError:
        return
    asked: list[Quote] = []
    fill(text, lambda quote: asked.append(quote) or "")  # type: ignore[func-returns-value]
    assert asked == quotes
