"""Rating a bank of prompts on a scale from 1 to 10: sessions that can be interrupted, and levels from the ratings.

Each rater sees the prompts in an order of their own. Every rating is on disk before the next prompt is shown. Ratings
stand in a CSV file with the columns item, rater, value, text_sha256; the hash says which text was rated, so that a
prompt that was reworded later is not taken for the one that was rated.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.assess.stress.stress_prompts import prompts_of
from thymos.errors import BadInput
from thymos.files import read_text, text_sha256, write_atomically
from thymos.measure.rating_consistency import Missing, RatingConsistency, rating_consistency
from thymos.tabular import read_cells, require_columns

LOWEST, HIGHEST = 1, 10
BUNDLED_BANK = "stress"
COLUMNS = ("item", "rater", "value", "text_sha256")
LEVEL_COLUMNS = ("item", "raters", "mean", "standard_deviation", "level")


def read_bank(source: str | Path) -> dict[str, str]:
    """Texts by item id.

    Args:
        source: ``"stress"`` for the bundled stress prompts; else a ``.csv`` or ``.tsv`` with columns ``item`` (or
            ``id``) and ``text``, or a ``.jsonl`` with these fields. Other columns are not shown to raters.

    Raises:
        BadInput: no such file, a missing column, an empty id or text, an id twice.
    """
    if str(source) == BUNDLED_BANK:
        return {prompt.id: prompt.text for prompt in prompts_of("stress")}
    path = Path(source)
    table = _json_lines(path) if path.suffix.lower() in {".jsonl", ".ndjson"} else read_cells(path)
    name = "item" if "item" in table.columns else "id"
    require_columns(table, [name, "text"], where=str(path))
    bank: dict[str, str] = {}
    for line, item, text in zip(table.index, table[name], table["text"], strict=True):
        where = f"{path}, line {line}"
        if not isinstance(item, str) or not isinstance(text, str) or not item.strip() or not text.strip():
            raise BadInput("an id or a text is missing", where=where)
        if item in bank:
            raise BadInput(f"item {item!r} stands twice", where=where)
        bank[item] = text
    return bank


def _json_lines(path: Path) -> pd.DataFrame:
    rows, lines = [], []
    # Not splitlines: it would also cut at U+2028 and U+0085, which JSON leaves inside texts.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"this is not JSON ({error.msg})", where=f"{path}, line {number}") from None
        if not isinstance(row, dict):
            raise BadInput("a JSON object is needed", where=f"{path}, line {number}")
        rows.append(row)
        lines.append(number)
    if not rows:
        raise BadInput("the file is empty", where=path)
    return pd.DataFrame(rows, index=lines)


def rating_order(items: Sequence[str], rater: str, *, seed: int = 0) -> list[str]:
    """The order in which a rater sees the items: random, but the same for the same rater, also after a restart."""
    return sorted(items, key=lambda item: text_sha256(f"{seed}/{rater}/{item}"))


def read_ratings(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Ratings of one or several files, one row a rating: item, rater, value (1 to 10), text_sha256.

    Raises:
        BadInput: a missing file or column, a value that is no whole number from 1 to 10, a rater who rated an item
            twice, or two texts under one item id.
    """
    if not paths:
        raise BadInput("there is no file of ratings")
    parts = []
    seen: dict[tuple[str, str], str] = {}
    texts: dict[str, str] = {}
    for path in paths:
        table = read_cells(path)
        require_columns(table, COLUMNS[:3], where=str(path))
        if "text_sha256" not in table.columns:
            table = table.assign(text_sha256="")
        for line, item, rater, value, sha256 in zip(
            table.index, table["item"], table["rater"], table["value"], table["text_sha256"], strict=True
        ):
            where = f"{path}, line {line}"
            if not item or not rater:
                raise BadInput("the item or the rater is missing", where=where)
            if as_rating(value) is None:
                raise BadInput(f"{value!r} is not a whole number from {LOWEST} to {HIGHEST}", where=where)
            if (item, rater) in seen:
                raise BadInput(f"rater {rater!r} rated {item!r} twice", where=where, mend="keep one of the rows")
            if sha256 and texts.setdefault(item, sha256) != sha256:
                raise BadInput(f"item {item!r} was rated with two different texts", where=where)
            seen[item, rater] = where
        parts.append(table[list(COLUMNS)].assign(value=table["value"].astype(int)))
    return pd.concat(parts, ignore_index=True)


def as_rating(text: str) -> int | None:
    """A typed rating, or None when it is no whole number from 1 to 10.

    Example:
        >>> as_rating(" 7 "), as_rating("11"), as_rating("7.5")
        (7, None, None)
    """
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if LOWEST <= int(text) <= HIGHEST else None


@dataclass
class RatingSession:
    """One rater at work on a bank; opening it again goes on where it stopped.

    Args:
        bank: texts by item id.
        rater: the rater's id.
        path: the CSV file; it may hold the ratings of others, which are kept.
        seed: of the orders.

    Raises:
        BadInput: an empty bank or rater, a broken file, or a file that rates another text under one of the ids.
    """

    bank: Mapping[str, str]
    rater: str
    path: Path
    seed: int = 0
    order: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.path = Path(self.path)
        if not self.bank:
            raise BadInput("there is nothing to rate", where="bank")
        if not self.rater.strip():
            raise BadInput("the rater has no id", mend="pass --rater")
        self.order = rating_order(list(self.bank), self.rater, seed=self.seed)
        self._read()

    def ratings(self) -> dict[str, int]:
        """This rater's ratings so far, in the order of the session."""
        table = self._read()
        own = table[table["rater"] == self.rater]
        given = dict(zip(own["item"], own["value"].astype(int), strict=True))
        return {item: int(given[item]) for item in self.order if item in given}

    def next_item(self) -> str | None:
        """The first item of the order that has no rating, or None when all are rated."""
        done = self.ratings()
        return next((item for item in self.order if item not in done), None)

    def rate(self, item: str, value: int) -> None:
        """Write a rating to the file, in place of an earlier one of the same item; on disk when this returns."""
        if item not in self.bank:
            raise BadInput(f"there is no item {item!r} in the bank")
        if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= HIGHEST:
            raise BadInput(f"{value!r} is not a whole number from {LOWEST} to {HIGHEST}", where=f"item {item!r}")
        row = {"item": item, "rater": self.rater, "value": value, "text_sha256": text_sha256(self.bank[item])}
        self._write(pd.concat([self._without(item), pd.DataFrame([row])], ignore_index=True))

    def take_back(self) -> str | None:
        """Remove the rating that stands last in this rater's order and return its item; None where there is none."""
        done = list(self.ratings())
        if not done:
            return None
        self._write(self._without(done[-1]))
        return done[-1]

    def _without(self, item: str) -> pd.DataFrame:
        # Read again each time: another rater may have written to the same file since.
        table = self._read()
        return table[~((table["item"] == item) & (table["rater"] == self.rater))]

    def _read(self) -> pd.DataFrame:
        if not self.path.exists() or not read_text(self.path).strip().removeprefix(",".join(COLUMNS)).strip():
            return pd.DataFrame(columns=list(COLUMNS))
        table = read_ratings([self.path])
        for item, sha256 in zip(table["item"], table["text_sha256"], strict=True):
            if sha256 and item in self.bank and sha256 != text_sha256(self.bank[item]):
                raise BadInput(
                    f"item {item!r} was rated with another text",
                    where=self.path,
                    mend="start a new file for the changed bank",
                )
        return table

    def _write(self, table: pd.DataFrame) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(table[list(COLUMNS)].itertuples(index=False))
        write_atomically(self.path, text.getvalue())


@dataclass(frozen=True)
class RatingSummary:
    """What ratings say about a bank.

    Args:
        consistency: reliability figures over the items that every rater rated.
        levels: one row an item: item, raters, mean, standard_deviation (over raters), level (the rounded mean).
    """

    consistency: RatingConsistency
    levels: pd.DataFrame


def summarize_ratings(ratings: pd.DataFrame, *, missing: Missing = "error") -> RatingSummary:
    """Reliability and levels from ratings as ``read_ratings`` gives them.

    Args:
        ratings: columns item, rater, value.
        missing: ``"error"``, or ``"listwise"`` = leave out items that some rater has not rated, from the levels, too.

    Raises:
        BadInput: one rater, a gap, or ratings that do not differ between items.
    """
    require_columns(ratings, COLUMNS[:3], where="ratings")
    table = ratings.pivot(index="item", columns="rater", values="value")
    consistency = rating_consistency(table, missing=missing)
    complete = table.dropna()
    means = complete.mean(axis=1)
    levels = pd.DataFrame(
        {
            "item": complete.index,
            "raters": table.shape[1],
            "mean": means.to_numpy(),
            "standard_deviation": complete.std(axis=1, ddof=1).to_numpy(),
            "level": [rounded_level(mean) for mean in means],
        }
    )
    return RatingSummary(consistency, levels.sort_values(["mean", "item"], ignore_index=True))


def rounded_level(mean: float) -> int:
    """The level of a mean rating: the nearest whole number, halves upward. [inferred]: the paper says "rounded".

    Example:
        >>> rounded_level(4.5), rounded_level(5.5), rounded_level(5.49)
        (5, 6, 5)
    """
    return int(np.floor(mean + 0.5))


def write_levels(levels: pd.DataFrame, path: str | Path) -> Path:
    """Write a levels file, as ``thymos.assess.stress.stress_prompts.read_levels`` reads it."""
    require_columns(levels, LEVEL_COLUMNS, where="levels")
    return write_atomically(path, levels[list(LEVEL_COLUMNS)].to_csv(index=False, float_format="%.6g"))
