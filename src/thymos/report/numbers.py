"""How numbers are written for readers: enough digits to compare, never more than the interval supports."""

from typing import Any

# Differences of equal numbers come out like this; no p value of a study here is as small.
ROUNDING_NOISE = 1e-14


def number(value: float | None) -> str:
    """A number in about four significant digits; an en dash where there is none.

    Rates keep three decimals, so that columns of rates line up; very small and very large numbers (p values,
    F statistics) get the form that reads best.

    Example:
        >>> number(0.5), number(25.187), number(2.7e-9), number(None)
        ('0.500', '25.19', '2.7e-09', '–')
    """
    if value is None:
        return "–"
    size = abs(value)
    if size < ROUNDING_NOISE:
        return "0"
    if size < 0.0005:
        return f"{value:.1e}"
    if size < 10:
        return f"{value:.3f}"
    if size < 1000:
        return f"{value:.2f}"
    return f"{value:,.0f}"


def interval(low: float | None, high: float | None) -> str:
    """An interval in brackets, or an empty string where there is none."""
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def valued(row: dict[str, Any]) -> str:
    """Value and interval of a row in one text, e.g. ``0.532 [0.501, 0.563]``."""
    return f"{number(row['value'])} {interval(row.get('low'), row.get('high'))}".strip()


def count(amount: int, one: str, many: str = "") -> str:
    """``3 claims``, ``1 claim``.

    Example:
        >>> count(1, "study", "studies"), count(2, "study", "studies"), count(0, "row")
        ('1 study', '2 studies', '0 rows')
    """
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Seconds for readers.

    Example:
        >>> duration(4.21), duration(75), duration(7260)
        ('4.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def words(name: str) -> str:
    """A snake_case term as words: ``macro_f1`` becomes ``macro f1``."""
    return name.replace("_", " ")
