"""Every rater's vote, kept: one tidy table of ratings, with the usual summaries as views of it.

The table has the columns item, start, end, rater, scheme, label, value. ``label`` names the class that was chosen
(nominal schemes) or the axis that was rated (numeric schemes); ``value`` is 1.0 for a chosen class and the rated
number otherwise. One column for both would force numbers and words into one object column, which makes ten million
rows slow and large; the six-column form (item, start, end, rater, scheme, value) is accepted and returned by
``from_table`` and ``six_columns``.

A rater id that starts with ``?`` is a slot, not a person: corpora that publish vote counts without identities fill
slots ``?0``, ``?1`` ... so that every vote is kept, and nothing that follows a person across items may use them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect import aggregation, agreement
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput

COLUMNS = ("item", "start", "end", "rater", "scheme", "label", "value")
KEY_COLUMNS = ("item", "rater", "scheme", "label")
ANONYMOUS = "?"


def anonymous_rater(slot: int) -> str:
    """The id of a rater slot whose person is unknown, e.g. ``?3``."""
    return f"{ANONYMOUS}{slot}"


class Annotations:
    """Ratings of items by raters, validated once and never changed.

    Args:
        table: one row a rating with the columns item, rater, label, value and, optionally, scheme (needed with
            several schemes), start and end (seconds; NaN = the whole item).
        schemes: the schemes that the table uses; one or several.

    Raises:
        BadInput: an empty table, a missing column, an unknown label or scheme, a value that is NaN or out of
            range, an end before its start, the same rating twice, two labels of one rater in a categorical scheme.

    Example:
        >>> mood = Scheme("mood", "categorical", ("good", "bad"), "felt")
        >>> votes = pd.DataFrame({"item": ["a", "a", "a"], "rater": ["x", "y", "z"], "label": ["good", "bad", "bad"]})
        >>> Annotations(votes, mood).plurality()["a"]
        'bad'
    """

    def __init__(self, table: pd.DataFrame, schemes: Scheme | Sequence[Scheme], *, where: str = "") -> None:
        chosen = (schemes,) if isinstance(schemes, Scheme) else tuple(schemes)
        self.schemes: dict[str, Scheme] = {scheme.name: scheme for scheme in chosen}
        self.where = where or "annotations"
        self._table = _validated(table, self.schemes, self.where)

    # -- construction ---------------------------------------------------------------------------------------------

    @classmethod
    def from_table(cls, table: pd.DataFrame, schemes: Scheme | Sequence[Scheme], *, where: str = "") -> "Annotations":
        """Build from the six-column form, where ``value`` holds a label for nominal schemes.

        A numeric scheme of one axis needs no ``label`` column; one of several axes does.
        """
        chosen = {s.name: s for s in ((schemes,) if isinstance(schemes, Scheme) else schemes)}
        where = where or "annotations"
        table = _with_scheme(table, chosen, where)
        if "label" in table.columns:
            return cls(table, list(chosen.values()), where=where)
        parts = []
        for name, part in table.groupby("scheme", observed=True, sort=False):
            scheme = _known_scheme(chosen, str(name), where)
            if scheme.is_nominal:
                parts.append(part.assign(label=part["value"], value=1.0))
            elif len(scheme.labels) == 1:
                parts.append(part.assign(label=scheme.labels[0]))
            else:
                raise BadInput(
                    f"scheme {scheme.name!r} has several axes",
                    where=where,
                    mend="add a column 'label' with the axis",
                )
        if not parts:
            raise BadInput("there is no rating", where=where)
        return cls(pd.concat(parts), list(chosen.values()), where=where)

    @classmethod
    def from_counts(
        cls, counts: pd.DataFrame, scheme: Scheme, *, rater: str | None = None, where: str = ""
    ) -> "Annotations":
        """Build from vote counts without identities: one row an item, one column a label, whole numbers.

        Args:
            counts: index = item ids; a column a label of ``scheme`` (labels without a column have no votes).
            scheme: a nominal scheme.
            rater: when every count is 0 or 1 and all come from one source (a gold label), its name.
            where: named in errors.
        """
        where = where or "vote counts"
        unknown = [column for column in counts.columns if column not in scheme.labels]
        if unknown:
            raise BadInput(f"unknown label {unknown[0]!r} as a column", where=where)
        numbers = counts.to_numpy(dtype=float)
        if not np.isfinite(numbers).all() or (numbers < 0).any() or (numbers != np.round(numbers)).any():
            row, column = np.argwhere(~np.isfinite(numbers) | (numbers < 0) | (numbers != np.round(numbers)))[0]
            raise BadInput(
                f"count {numbers[row, column]} of {counts.columns[column]!r} is not a whole number of votes",
                where=f"{where}, item {counts.index[row]!r}",
            )
        votes = numbers.astype(np.int64)
        rows, columns = np.nonzero(votes)
        times = votes[rows, columns]
        rows, columns = np.repeat(rows, times), np.repeat(columns, times)
        if scheme.kind is Kind.MULTILABEL and rater is not None:
            raters = pd.Categorical.from_codes(np.zeros(len(rows), dtype=int), categories=[rater])
        else:
            starts = np.r_[0, np.flatnonzero(np.diff(rows)) + 1] if len(rows) else np.array([], dtype=int)
            lengths = np.diff(np.r_[starts, len(rows)])
            slot = np.arange(len(rows)) - np.repeat(starts, lengths)
            most = int(slot.max()) + 1 if len(slot) else 0
            names = [rater] if rater is not None and most == 1 else [anonymous_rater(k) for k in range(most)]
            raters = pd.Categorical.from_codes(slot, categories=names)
        table = pd.DataFrame(
            {
                "item": pd.Categorical.from_codes(rows, categories=counts.index.astype(str)),
                "rater": raters,
                "label": pd.Categorical.from_codes(columns, categories=list(counts.columns)),
            }
        )
        return cls(table, scheme, where=where)

    # -- the table ------------------------------------------------------------------------------------------------

    @property
    def table(self) -> pd.DataFrame:
        """The ratings: item, start, end, rater, scheme, label, value. A copy-on-write view; do not edit in place."""
        return self._table

    def six_columns(self) -> pd.DataFrame:
        """item, start, end, rater, scheme, value, where value is the label for nominal schemes, else the number."""
        table = self._table
        nominal = table["scheme"].map({name: s.is_nominal for name, s in self.schemes.items()}).to_numpy(dtype=bool)
        value = table["value"].astype(object)
        value[nominal] = table["label"].astype(object)[nominal]
        wanted = table[["item", "start", "end", "rater", "scheme"]].assign(value=value)
        several = any(not s.is_nominal and len(s.labels) > 1 for s in self.schemes.values())
        return wanted.assign(label=table["label"]) if several else wanted

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return (
            f"Annotations({len(self)} ratings, {len(self.items)} items, {len(self.raters)} raters, "
            f"schemes {', '.join(self.schemes)})"
        )

    @property
    def items(self) -> list[str]:
        """Ids of the items that have at least one rating, in the order of the table's first use."""
        return [str(item) for item in self._table["item"].cat.categories]

    @property
    def raters(self) -> list[str]:
        """Rater ids; those that start with ``?`` are slots without a person."""
        return [str(rater) for rater in self._table["rater"].cat.categories]

    @property
    def raters_identified(self) -> bool:
        """True when every rater id is a person (or a named source) and can be followed across items."""
        return not any(rater.startswith(ANONYMOUS) for rater in self.raters)

    def scheme(self, name: str | None = None) -> Scheme:
        """The scheme of that name, or the only one."""
        if name is None:
            if len(self.schemes) != 1:
                raise BadInput(
                    f"there are several schemes: {', '.join(self.schemes)}", where=self.where, mend="name one"
                )
            return next(iter(self.schemes.values()))
        return _known_scheme(self.schemes, name, self.where)

    def select(
        self,
        *,
        items: Iterable[str] | None = None,
        raters: Iterable[str] | None = None,
        scheme: str | None = None,
    ) -> "Annotations":
        """The part with these items, raters and scheme. Items without a rating are dropped silently."""
        keep = np.ones(len(self._table), dtype=bool)
        for column, wanted in (
            ("item", items),
            ("rater", raters),
            ("scheme", None if scheme is None else [scheme]),
        ):
            if wanted is not None:
                keep &= self._table[column].isin(list(wanted)).to_numpy()
        schemes = list(self.schemes.values()) if scheme is None else [self.scheme(scheme)]
        return Annotations(self._table[keep], schemes, where=self.where)

    # -- views ----------------------------------------------------------------------------------------------------

    def votes(self, scheme: str | None = None, *, exclude: bool = True) -> pd.DataFrame:
        """Votes a class: one row an item, one column a class.

        Args:
            scheme: which scheme; optional when there is one.
            exclude: leave out the scheme's excluded labels (unknown, not a face). Items whose votes all fall on
                excluded labels keep a row of zeros.
        """
        chosen = self.scheme(scheme)
        if not chosen.is_nominal:
            raise BadInput(f"scheme {chosen.name!r} is {chosen.kind}: it has numbers, not votes", where=self.where)
        part = self._of(chosen)
        counts = aggregation.count_matrix(
            part["item"].cat.codes.to_numpy(),
            part["label"].map({label: k for k, label in enumerate(chosen.labels)}).to_numpy(dtype=np.int64),
            len(self.items),
            len(chosen.labels),
        )
        frame = pd.DataFrame(counts, index=pd.Index(self.items, name="item"), columns=list(chosen.labels))
        frame = frame[frame.sum(axis=1) > 0]
        return frame[list(chosen.classes)] if exclude else frame

    def distribution(
        self,
        rule: str = "all_inclusive",
        smoothing: float = 0.0,
        *,
        scheme: str | None = None,
        exclude: bool = True,
    ) -> pd.DataFrame:
        """Soft labels: the share of votes a class, one row an item, rows sum to 1.

        Args:
            rule: which items are kept: "all_inclusive" (all), "plurality" (a unique mode), "majority" (> 50 %).
            smoothing: epsilon of y = p (1 - eps) + (1 - p) eps / (K - 1), 0..1.
            scheme: which scheme; optional when there is one.
            exclude: leave out the scheme's excluded labels.
        """
        votes = self.votes(scheme, exclude=exclude)
        shares = aggregation.distribution(votes.to_numpy(), smoothing=smoothing)
        kept = aggregation.kept_by(votes.to_numpy(), rule)
        return pd.DataFrame(shares, index=votes.index, columns=votes.columns)[kept]

    def majority(self, scheme: str | None = None, *, exclude: bool = True) -> pd.Series:
        """The class with more than half of the votes; items without one are dropped."""
        return self._mode("majority", scheme, exclude)

    def plurality(self, scheme: str | None = None, *, exclude: bool = True) -> pd.Series:
        """The class with the most votes; items with a tie at the top are dropped."""
        return self._mode("plurality", scheme, exclude)

    def _mode(self, rule: str, scheme: str | None, exclude: bool) -> pd.Series:
        votes = self.votes(scheme, exclude=exclude)
        kept = aggregation.kept_by(votes.to_numpy(), rule)
        top = votes.to_numpy()[kept].argmax(axis=1)
        return pd.Series(np.asarray(votes.columns, dtype=object)[top], index=votes.index[kept], name=rule)

    def multilabel(self, scheme: str | None = None, *, exclude: bool = True) -> pd.DataFrame:
        """Labels whose share of the votes is greater than 1/K, strictly: one row an item, booleans."""
        votes = self.votes(scheme, exclude=exclude)
        return pd.DataFrame(aggregation.multilabel(votes.to_numpy()), index=votes.index, columns=votes.columns)

    def mean(self, scheme: str | None = None) -> pd.DataFrame:
        """Mean rating an item and axis, for numeric schemes: one row an item, one column a label or axis."""
        chosen = self._numeric(scheme)
        part = self._of(chosen)
        frame = part.groupby(["item", "label"], observed=True)["value"].mean().unstack("label")
        return frame.reindex(columns=list(chosen.labels)).rename_axis(index="item", columns=None)

    def ratings(self, scheme: str | None = None, label: str | None = None) -> pd.DataFrame:
        """One row an item, one column a rater: labels (nominal) or numbers (numeric); a missing rating is NaN.

        Args:
            scheme: which scheme; optional when there is one.
            label: the axis, for numeric schemes of several; for multilabel schemes the label whose choice (1.0)
                or not (0.0) is wanted.
        """
        chosen = self.scheme(scheme)
        part = self._of(chosen)
        if chosen.kind is Kind.MULTILABEL:
            if label is None:
                raise BadInput(f"scheme {chosen.name!r} is multilabel", where=self.where, mend="name one label")
            chosen.index(label)
            part = part.assign(value=(part["label"] == label).astype(float))
            grouped = part.groupby(["item", "rater"], observed=True, sort=False)["value"].max()
            return grouped.unstack("rater").rename_axis(index="item", columns=None)
        if not chosen.is_nominal:
            if label is None and len(chosen.labels) > 1:
                raise BadInput(f"scheme {chosen.name!r} has several axes", where=self.where, mend="name one label")
            part = part[part["label"] == (label or chosen.labels[0])]
        column = "label" if chosen.is_nominal else "value"
        table = part.assign(cell=part[column].astype(object if chosen.is_nominal else float))
        wide = table.pivot_table(index="item", columns="rater", values="cell", aggfunc="first", observed=True)
        return wide.rename_axis(index="item", columns=None)

    def agreement(
        self, measure: str = "krippendorff_nominal", *, scheme: str | None = None, label: str | None = None
    ) -> float:
        """Agreement between the raters; see ``thymos.affect.agreement.MEASURES`` for the names."""
        chosen = self.scheme(scheme)
        if chosen.kind is Kind.CATEGORICAL and measure == "krippendorff_nominal":
            return agreement.krippendorff_from_counts(self.votes(scheme, exclude=False).to_numpy(), level="nominal")
        ratings = self.ratings(scheme, label)
        return agreement.agreement(ratings, measure, categories=chosen.labels if chosen.is_nominal else None)

    def _numeric(self, name: str | None) -> Scheme:
        chosen = self.scheme(name)
        if chosen.is_nominal:
            raise BadInput(f"scheme {chosen.name!r} has labels, not numbers", where=self.where)
        return chosen

    def _of(self, scheme: Scheme) -> pd.DataFrame:
        return self._table if len(self.schemes) == 1 else self._table[self._table["scheme"] == scheme.name]


# -- validation ---------------------------------------------------------------------------------------------------


def _known_scheme(schemes: dict[str, Scheme], name: str, where: str) -> Scheme:
    if name not in schemes:
        raise BadInput(f"unknown scheme {name!r}", where=where, mend=f"known: {', '.join(schemes)}")
    return schemes[name]


def _with_scheme(table: pd.DataFrame, schemes: dict[str, Scheme], where: str) -> pd.DataFrame:
    if "scheme" in table.columns:
        return table
    if len(schemes) != 1:
        raise BadInput("column 'scheme' is missing and there are several schemes", where=where)
    only = next(iter(schemes))
    return table.assign(scheme=pd.Categorical.from_codes(np.zeros(len(table), dtype=np.int8), categories=[only]))


def _row_name(table: pd.DataFrame, position: int, where: str) -> str:
    row = table.iloc[position]
    return f"{where}, row {position + 1} (item {row['item']!r}, rater {row['rater']!r})"


def _validated(table: pd.DataFrame, schemes: dict[str, Scheme], where: str) -> pd.DataFrame:
    if not schemes:
        raise BadInput("annotations need at least one scheme", where=where)
    if len(table) == 0:
        raise BadInput("there is no rating", where=where)
    table = _with_scheme(table, schemes, where)
    missing = [column for column in ("item", "rater", "label") if column not in table.columns]
    if missing:
        raise BadInput(
            f"column {missing[0]!r} is missing",
            where=where,
            mend=f"present: {', '.join(map(str, table.columns))}",
        )
    if "value" not in table.columns:
        if not all(scheme.is_nominal for scheme in schemes.values()):
            raise BadInput("column 'value' is missing", where=where)
        table = table.assign(value=1.0)
    columns: dict[str, Any] = {}
    for column in ("item", "rater", "scheme", "label"):
        series = table[column]
        if series.isna().any():
            position = int(np.flatnonzero(series.isna().to_numpy())[0])
            raise BadInput(f"column {column!r} is empty", where=f"{where}, row {position + 1}")
        columns[column] = _as_category(series)
    for column in ("start", "end"):
        columns[column] = (
            table[column].to_numpy(dtype=float) if column in table.columns else np.full(len(table), np.nan)
        )
    try:
        columns["value"] = pd.to_numeric(table["value"]).to_numpy(dtype=float)
    except (ValueError, TypeError):
        numbers = pd.to_numeric(table["value"], errors="coerce")
        position = int(np.flatnonzero(numbers.isna().to_numpy())[0])
        raise BadInput(
            f"value {table['value'].iloc[position]!r} is not a number", where=f"{where}, row {position + 1}"
        ) from None
    clean = pd.DataFrame(columns)[list(COLUMNS)]
    _check_values(clean, schemes, where)
    _check_times(clean, where)
    _check_doubles(clean, schemes, where)
    return clean


def _as_category(series: pd.Series) -> pd.Categorical:
    """Strings as a categorical, without unused categories, in order of first use or of the given categories."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        category = series.cat.remove_unused_categories()
        if all(isinstance(name, str) for name in category.cat.categories):
            return category.array
        return category.cat.rename_categories([str(name) for name in category.cat.categories]).array
    codes, names = pd.factorize(series)
    return pd.Categorical.from_codes(codes, categories=[str(name) for name in names])


def _check_values(table: pd.DataFrame, schemes: dict[str, Scheme], where: str) -> None:
    for name in table["scheme"].cat.categories:
        scheme = _known_scheme(schemes, name, where)
        positions = np.flatnonzero((table["scheme"] == name).to_numpy()) if len(schemes) > 1 else None
        part = table if positions is None else table.iloc[positions]
        labels = part["label"].cat.remove_unused_categories().cat.categories
        unknown = [label for label in labels if label not in scheme.labels]
        if unknown:
            position = int(np.flatnonzero((part["label"] == unknown[0]).to_numpy())[0])
            raise BadInput(
                f"unknown label {unknown[0]!r} in scheme {name!r}",
                where=_row_name(part, position, where),
                mend=f"legal: {', '.join(scheme.labels)}",
            )
        values = part["value"].to_numpy()
        low, high = scheme.range or (1.0, 1.0)
        bad = ~((values >= low) & (values <= high))  # NaN fails both
        if bad.any():
            position = int(np.flatnonzero(bad)[0])
            allowed = f"outside {low:g}..{high:g}" if scheme.range else "not 1 (a chosen label)"
            problem = "is missing (NaN)" if np.isnan(values[position]) else f"{values[position]:g} is {allowed}"
            raise BadInput(f"value {problem} in scheme {name!r}", where=_row_name(part, position, where))


def _check_times(table: pd.DataFrame, where: str) -> None:
    start, end = table["start"].to_numpy(), table["end"].to_numpy()
    bad = (end < start) | (np.isnan(start) != np.isnan(end))
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise BadInput(
            f"segment {start[position]}..{end[position]} does not end after it starts",
            where=_row_name(table, position, where),
        )


def _check_doubles(table: pd.DataFrame, schemes: dict[str, Scheme], where: str) -> None:
    timed = bool(table["start"].notna().any())
    keys = [table[column].cat.codes.to_numpy().astype(np.int64) for column in KEY_COLUMNS]
    sizes = [len(table[column].cat.categories) for column in KEY_COLUMNS]
    single = np.array([schemes[name].kind is Kind.CATEGORICAL for name in table["scheme"].cat.categories])
    # One rater gives one label in a categorical scheme: leave the label out of the key there.
    keys[3] = np.where(single[keys[2]], 0, keys[3])
    combined = np.zeros(len(table), dtype=np.int64)
    for codes, size in zip(keys, sizes, strict=True):
        combined = combined * size + codes
    frame = pd.Series(combined) if not timed else pd.DataFrame({"k": combined, "s": table["start"], "e": table["end"]})
    doubled = frame.duplicated().to_numpy()
    if doubled.any():
        position = int(np.flatnonzero(doubled)[0])
        raise BadInput(
            "this rater rated this item twice",
            where=_row_name(table, position, where),
            mend="keep one of the rows",
        )
