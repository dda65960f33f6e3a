"""Texts that quote earlier answers: ``{{step}}`` with a few fixed forms, and nothing that could run.

A quotation names an earlier step; ``{{thought}}`` is its answer in one line, ``{{reasons|list}}`` one line an entry,
``{{letter|lines}}`` as it was written, ``{{after|change:before}}`` two numbers and their difference. What is put in is
never read again, so that braces in an answer stay what they are.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

FORMS = ("line", "list", "lines", "change")
_NAME = r"[a-z][a-z0-9_]{0,39}"
_QUOTE = re.compile(rf"\{{\{{ *({_NAME}) *(?:\| *([a-z]+) *(?:: *({_NAME}) *)?)?\}}\}}")


class Quote(NamedTuple):
    """A quotation.

    Args:
        step: whose answer is quoted.
        form: one of ``FORMS``.
        other: the earlier number of a change; else "".
    """

    step: str
    form: str = "line"
    other: str = ""


def find_quotes(text: str) -> list[Quote]:
    """The quotations of a text, in order.

    Raises:
        ValueError: braces that are no quotation, an unknown form, a change without the number before it.

    Example:
        >>> find_quotes("You wrote: {{thought}} ({{after|change:before}})")
        [Quote(step='thought', form='line', other=''), Quote(step='after', form='change', other='before')]
    """
    rest = _QUOTE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise ValueError("double braces that are no quotation: write {{step}} or {{step|form}}")
    found = [_quote(match) for match in _QUOTE.finditer(text)]
    for one in found:
        if one.form not in FORMS:
            raise ValueError(f"unknown form {one.form!r} of a quotation; known: {', '.join(FORMS)}")
        if (one.form == "change") != bool(one.other):
            raise ValueError("a change names two steps, {{after|change:before}}, and only a change does")
    return found


def fill(text: str, say: Callable[[Quote], str]) -> str:
    """The text with ``say(quotation)`` in place of each quotation; one pass, so what is put in is not read again.

    Example:
        >>> fill("You wrote: {{thought}}", lambda quote: "I {{fail}}")
        'You wrote: I {{fail}}'
    """
    return _QUOTE.sub(lambda match: say(_quote(match)), text)


def _quote(match: re.Match[str]) -> Quote:
    return Quote(match.group(1), match.group(2) or "line", match.group(3) or "")
