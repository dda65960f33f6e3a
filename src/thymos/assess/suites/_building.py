"""What several suites need to build items: options in a drawn order, instructions that name their labels."""

import re
from collections.abc import Iterable, Sequence

from thymos.files import text_sha256

PLAIN_NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?|-?\.\d+", re.ASCII)


def drawn_order(options: Iterable[str], key: str) -> tuple[str, ...]:
    """Each option once, ordered by a hash of key and option: where the right one stands tells nothing.

    Example:
        >>> sorted(drawn_order(["tea", "ice", "tea"], "item 1"))
        ['ice', 'tea']
    """
    return tuple(sorted(dict.fromkeys(options), key=lambda option: text_sha256(f"{key}/{option}")))


def fewer_options(
    options: Sequence[str], answers: Sequence[str], limit: int, key: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """At most ``limit`` options and the right ones among them: all right ones stay, drawn others fill up.

    Args:
        options: all options, right ones included.
        answers: the right ones.
        limit: at least one more than there are answers, else the last answers are left out.
        key: of the draw and of the order.

    Returns:
        Options in a drawn order, and the answers among them.
    """
    right = list(dict.fromkeys(answers))[: limit - 1]
    wrong = [option for option in drawn_order(options, key) if option not in answers]
    return drawn_order([*right, *wrong[: limit - len(right)]], key), tuple(right)


def with_labels(instruction: str, labels: Sequence[str]) -> str:
    """The instruction, with the labels named at its end unless it names all of them already.

    Example:
        >>> with_labels("Do they agree?", ["yes", "no"])
        'Do they agree? Answer "yes" or "no".'
        >>> with_labels("Answer yes or no.", ["yes", "no"])
        'Answer yes or no.'
    """
    if all(re.search(rf"(?<![\w-]){re.escape(label)}(?![\w-])", instruction) for label in labels):
        return instruction
    quoted = [f'"{label}"' for label in labels]
    return f"{instruction} Answer {', '.join(quoted[:-1])} or {quoted[-1]}."


def by_letter(instruction: str) -> str:
    """The instruction of lettered options, with the request for a letter."""
    return f"{instruction} Answer with the letter."


def plain_digits(text: str) -> str | None:
    """A number in digits without thousands commas ("1,080" becomes "1080", ".5" "0.5"), None for any other text.

    Fractions, powers and lists ("1/2", "4.5e33", "35,36") are other texts: reading one number out of them would
    accept wrong answers.
    """
    if not PLAIN_NUMBER.fullmatch(text.strip()):
        return None
    bare = text.strip().replace(",", "")
    return bare.replace(".", "0.", 1) if bare.lstrip("-").startswith(".") else bare
