"""Every rater's vote, kept: one tidy table of ratings, with the usual summaries as views of it.

The table has the columns item, start, end, rater, scheme, label, value. ``label`` names the class that was chosen
(nominal schemes) or the axis that was rated (numeric schemes); ``value`` is 1.0 for a chosen class and the rated
number otherwise. One column for both would force numbers and words into one object column, which makes ten million
rows slow and large; the six-column form (item, start, end, rater, scheme, value) is accepted and returned by
``from_table`` and ``six_columns``.

The unit of every view is the item, or the stretch of an item where ratings have times: its rows are then named by
item, start and end.

A rater id that starts with ``?`` is a slot, not a person: corpora that publish vote counts without identities fill
slots ``?0``, ``?1`` ... so that every vote is kept, and nothing that follows a person across items may use them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect import aggregation, agreement, construction, policies, rating_table
from thymos.affect.construction import ANONYMOUS as ANONYMOUS
from thymos.affect.construction import anonymous_rater as anonymous_rater
from thymos.affect.rating_table import COLUMNS as COLUMNS
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput

if TYPE_CHECKING:
    from thymos.affect.maps import LabelMap

MOST_CELLS = 200_000_000
"""Largest table of items x raters that ``ratings`` builds (object cells of eight bytes: 1.6 GB)."""

Exclude = bool | Literal["winners"]


class Annotations:
    """Ratings of items by raters, validated once and never changed.

    Args:
        table: one row a rating with the columns item, rater, label, value and, optionally, scheme (needed with
            several schemes), start and end (seconds; NaN = the whole item).
        schemes: the schemes that the table uses; one or several.
        where: the file or corpus, named in errors.

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
        self.where = where or "annotations"
        self.schemes: dict[str, Scheme] = rating_table.schemes_by_name(schemes, self.where)
        self._table = rating_table.validated(table, self.schemes, self.where)

    @classmethod
    def _of_valid(cls, table: pd.DataFrame, schemes: Iterable[Scheme], where: str) -> "Annotations":
        """Wrap rows of a table that was validated before."""
        if len(table) == 0:
            raise BadInput("there is no rating", where=where)
        made = cls.__new__(cls)
        made.where = where
        made.schemes = {scheme.name: scheme for scheme in schemes}
        made._table = table
        return made

    # -- construction ---------------------------------------------------------------------------------------------

    @classmethod
    def from_table(cls, table: pd.DataFrame, schemes: Scheme | Sequence[Scheme], *, where: str = "") -> "Annotations":
        """Build from the six-column form, where ``value`` holds a label for nominal schemes.

        A numeric scheme of one axis needs no ``label`` column; one of several axes does. A column ``label`` that is
        already there is taken as it is, also for nominal schemes.

        Example:
            >>> mood = Scheme("mood", "categorical", ("good", "bad"), "felt")
            >>> Annotations.from_table(pd.DataFrame({"item": ["a"], "rater": ["x"], "value": ["bad"]}), mood)
            Annotations(1 rating, 1 item, 1 rater, scheme mood)
        """
        where = where or "annotations"
        chosen = rating_table.schemes_by_name(schemes, where)
        return cls(construction.from_six_columns(table, chosen, where), list(chosen.values()), where=where)

    @classmethod
    def from_counts(
        cls, counts: pd.DataFrame, scheme: Scheme, *, rater: str | None = None, where: str = ""
    ) -> "Annotations":
        """Build from vote counts without identities: one row an item, one column a label, whole numbers.

        Args:
            counts: index = item ids; a column a label of ``scheme`` (labels without a column have no votes). Items
                without a vote are left out.
            scheme: a nominal scheme.
            rater: when every count is 0 or 1 and all come from one source (a gold label), its name.
            where: named in errors.

        Raises:
            BadInput: a numeric scheme, an unknown label, an item twice, a count that is not a whole number, no vote,
                several votes of the one named rater.

        Example:
            >>> mood = Scheme("mood", "categorical", ("good", "bad"), "felt")
            >>> Annotations.from_counts(pd.DataFrame({"good": [2, 0], "bad": [1, 3]}, index=["a", "b"]), mood)
            Annotations(6 ratings, 2 items, 3 anonymous raters, scheme mood)
        """
        where = where or "vote counts"
        return cls._of_valid(construction.from_counts(counts, scheme, rater, where), [scheme], where)

    @classmethod
    def from_wide(
        cls, ratings: pd.DataFrame, scheme: Scheme, *, label: str | None = None, where: str = ""
    ) -> "Annotations":
        """Build from one row an item and one column a rater: the inverse of ``ratings``.

        Args:
            ratings: index = item ids; cells are labels (categorical) or numbers; an empty cell is no rating.
            scheme: a categorical or numeric scheme.
            label: the axis, for numeric schemes of several.
            where: named in errors.

        Example:
            >>> mood = Scheme("mood", "categorical", ("good", "bad"), "felt")
            >>> wide = pd.DataFrame({"x": ["good", "bad"], "y": ["bad", None]}, index=["a", "b"])
            >>> len(Annotations.from_wide(wide, mood))
            3
        """
        where = where or "ratings"
        return cls(construction.from_wide(ratings, scheme, label, where), scheme, where=where)

    @classmethod
    def concat(cls, parts: Sequence["Annotations"], *, where: str = "") -> "Annotations":
        """All ratings of several annotations; schemes of the same name must be equal.

        Raises:
            BadInput: nothing to join, two different schemes under one name, a rating that stands in two parts.
        """
        if not parts:
            raise BadInput("there are no annotations to join")
        where = where or ", ".join(dict.fromkeys(part.where for part in parts))
        schemes = rating_table.schemes_by_name([s for part in parts for s in part.schemes.values()], where)
        columns = {
            column: pd.api.types.union_categoricals([part._table[column].array for part in parts])
            if column in rating_table.NAMES
            else np.concatenate([part._table[column].to_numpy() for part in parts])
            for column in COLUMNS
        }
        return cls(pd.DataFrame(columns, copy=False), list(schemes.values()), where=where)

    # -- the table ------------------------------------------------------------------------------------------------

    @property
    def table(self) -> pd.DataFrame:
        """The ratings: item, start, end, rater, scheme, label, value. Shared with this object: do not edit in place."""
        return self._table

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table with plain strings in place of categories, to be edited freely."""
        return self._table.astype(dict.fromkeys(rating_table.NAMES, object)).copy()

    def six_columns(self) -> pd.DataFrame:
        """item, start, end, rater, scheme, value, where value is the label for nominal schemes, else the number.

        A column label is added when a numeric scheme has several axes.
        """
        table = self._table
        nominal = table["scheme"].map({name: s.is_nominal for name, s in self.schemes.items()}).to_numpy(dtype=bool)
        value = table["value"].astype(object).to_numpy().copy()
        value[nominal] = table["label"].astype(object).to_numpy()[nominal]
        wanted = table[["item", "start", "end", "rater", "scheme"]].assign(value=value)
        several = any(not s.is_nominal and len(s.labels) > 1 for s in self.schemes.values())
        return wanted.assign(label=table["label"]) if several else wanted

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        raters = "rater" if self.raters_identified else "anonymous rater"
        counts = [(len(self), "rating"), (len(self.items), "item"), (len(self.raters), raters)]
        parts = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts]
        return (
            f"Annotations({', '.join(parts)}, scheme{'' if len(self.schemes) == 1 else 's'} {', '.join(self.schemes)})"
        )

    def equals(self, other: "Annotations") -> bool:
        """Whether both hold the same ratings under the same schemes, in whatever order of rows."""
        if self.schemes != other.schemes or len(self) != len(other):
            return False
        mine, theirs = (each.to_frame().sort_values(list(COLUMNS), ignore_index=True) for each in (self, other))
        return mine.equals(theirs)

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

    @cached_property
    def timed(self) -> bool:
        """True when at least one rating is about a stretch of its item."""
        return rating_table.has_times(self._table)

    def scheme(self, name: str | None = None) -> Scheme:
        """The scheme of that name, or the only one."""
        if name is None:
            if len(self.schemes) != 1:
                raise BadInput(
                    f"there are several schemes: {', '.join(self.schemes)}", where=self.where, mend="name one"
                )
            return next(iter(self.schemes.values()))
        return rating_table.known_scheme(self.schemes, name, self.where)

    def select(
        self,
        *,
        items: Iterable[str] | None = None,
        raters: Iterable[str] | None = None,
        scheme: str | None = None,
    ) -> "Annotations":
        """The part with these items, raters and scheme. Items without a rating are dropped silently."""
        keep = np.ones(len(self._table), dtype=bool)
        for column, wanted in (("item", items), ("rater", raters), ("scheme", None if scheme is None else [scheme])):
            if wanted is not None:
                keep &= self._table[column].isin(list(wanted)).to_numpy()
        schemes = list(self.schemes.values()) if scheme is None else [self.scheme(scheme)]
        return Annotations._of_valid(rating_table.take_rows(self._table, keep), schemes, self.where)

    def rename(
        self, *, items: Mapping[str, str] | None = None, raters: Mapping[str, str] | None = None
    ) -> "Annotations":
        """The same ratings under other ids; ids that are not named stay. Two ids may become one."""
        table = self._table
        for column, names in (("item", items), ("rater", raters)):
            if names is not None:
                old = table[column].cat.categories
                unknown = [name for name in names if name not in old]
                if unknown:
                    raise BadInput(f"there is no {column} {unknown[0]!r} to rename", where=self.where)
                new = np.array([names.get(name, name) for name in old], dtype=object)
                table = table.assign(**{column: new[table[column].cat.codes.to_numpy()]})
        return Annotations(table, list(self.schemes.values()), where=self.where)

    def map(self, label_map: "LabelMap") -> "Annotations":
        """The ratings with the labels of one scheme translated; see ``thymos.affect.maps.LabelMap.apply``."""
        return label_map.apply(self)

    # -- views ----------------------------------------------------------------------------------------------------

    def votes(self, scheme: str | None = None, *, exclude: bool = True) -> pd.DataFrame:
        """Votes a class: one row an item, one column a class.

        Args:
            scheme: which scheme; optional when there is one.
            exclude: leave out the scheme's excluded labels (unknown, not a face). Items whose votes all fall on
                excluded labels keep a row of zeros.
        """
        chosen = self.scheme(scheme)
        self._nominal(chosen)
        units, labels, _ = self._codes_of(chosen)
        counts = aggregation.count_matrix(units, labels, len(self._units[1]), len(chosen.labels))
        used = counts.any(axis=1)
        frame = pd.DataFrame(counts[used], index=self._units[1][used], columns=list(chosen.labels))
        return frame[list(chosen.classes)] if exclude else frame

    def distribution(
        self,
        rule: str = "all_inclusive",
        smoothing: float = 0.0,
        *,
        scheme: str | None = None,
        exclude: Exclude = True,
    ) -> pd.DataFrame:
        """Soft labels: the share of votes a class, one row an item, rows sum to 1.

        Args:
            rule: which items are kept: "all_inclusive" (all), "plurality" (a unique mode), "majority" (> 50 %).
            smoothing: epsilon of y = p (1 - eps) + (1 - p) eps / (K - 1), 0..1.
            scheme: which scheme; optional when there is one.
            exclude: True = votes for the scheme's excluded labels are not counted; False = they are classes like any
                other; "winners" = they count when the rule is applied, items that they win are dropped, and the
                shares are taken over the other votes.
        """
        votes, kept = self._kept(rule, scheme, exclude)
        shares = aggregation.distribution(votes.to_numpy()[kept], smoothing=smoothing)
        return pd.DataFrame(shares, index=votes.index[kept], columns=votes.columns)

    def majority(self, scheme: str | None = None, *, exclude: Exclude = True) -> pd.Series:
        """The class with more than half of the votes; items without one are dropped. ``exclude`` as above."""
        return self._mode("majority", scheme, exclude)

    def plurality(self, scheme: str | None = None, *, exclude: Exclude = True) -> pd.Series:
        """The class with the most votes; items with a tie at the top are dropped. ``exclude`` as above."""
        return self._mode("plurality", scheme, exclude)

    def multilabel(self, scheme: str | None = None, *, exclude: bool = True) -> pd.DataFrame:
        """Labels whose share of the votes is greater than 1/K, strictly: one row an item, booleans."""
        votes = self.votes(scheme, exclude=exclude)
        return pd.DataFrame(aggregation.multilabel(votes.to_numpy()), index=votes.index, columns=votes.columns)

    def clean(self, policy: str, scheme: str | None = None) -> pd.DataFrame:
        """Soft labels under a cleaning policy of the FER+ authors; dropped items are left out.

        Args:
            policy: "majority", "probability", "multi_target" or "arg_max"; see ``thymos.affect.policies``.
            scheme: which scheme; optional when there is one.
        """
        votes = self.votes(scheme, exclude=False)
        chosen = self.scheme(scheme)
        excluded = np.array([label in chosen.exclude for label in chosen.labels])
        shares = policies.apply_policy(votes.to_numpy(), excluded, policy)
        kept = ~np.isnan(shares).any(axis=1)
        return pd.DataFrame(shares[kept], index=votes.index[kept], columns=list(chosen.classes))

    def dawid_skene(self, scheme: str | None = None, *, iterations: int = 100) -> pd.DataFrame:
        """Class probabilities that weigh each rater by an estimated confusion matrix (Dawid and Skene, 1979).

        Raises:
            BadInput: anonymous raters, whose errors cannot be estimated; a scheme that is not categorical.
        """
        chosen = self.scheme(scheme)
        if chosen.kind is not Kind.CATEGORICAL:
            raise BadInput(f"Dawid-Skene needs one label a rating, scheme {chosen.name!r} is {chosen.kind}")
        self._identified("Dawid-Skene")
        units, labels, rows = self._codes_of(chosen)
        raters = self._table["rater"].cat.codes.to_numpy()[rows]
        index, classes = self._units[1], list(chosen.labels)
        found = aggregation.dawid_skene(units, raters, labels, len(index), len(classes), iterations=iterations)
        return pd.DataFrame(found, index=index, columns=classes).dropna(how="all")

    def mean(self, scheme: str | None = None, *, weights: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Mean rating an item and axis, for numeric schemes: one row an item, one column a label or axis.

        Args:
            scheme: which scheme; optional when there is one.
            weights: a weight a rater, from 0 up; None = all the same. A cell without weight is NaN.
        """
        chosen = self.scheme(scheme)
        if chosen.is_nominal:
            raise BadInput(f"scheme {chosen.name!r} has labels, not numbers", where=self.where)
        units, labels, rows = self._codes_of(chosen)
        weight = None
        if weights is not None:
            self._identified("a weighted mean")
            by_rater = aggregation.rater_weights(self._table["rater"].cat.categories, weights)
            weight = by_rater[self._table["rater"].cat.codes.to_numpy()[rows]]
        index, values = self._units[1], self._table["value"].to_numpy()[rows]
        means = aggregation.weighted_mean(units, labels, values, weight, len(index), len(chosen.labels))
        rated = np.bincount(units, minlength=len(index)) > 0
        return pd.DataFrame(means[rated], index=index[rated], columns=list(chosen.labels))

    def ratings(self, scheme: str | None = None, label: str | None = None) -> pd.DataFrame:
        """One row an item, one column a rater: labels (nominal) or numbers (numeric); a missing rating is NaN.

        Args:
            scheme: which scheme; optional when there is one.
            label: the axis, for numeric schemes of several; for multilabel schemes the label whose choice (1.0)
                or not (0.0) is wanted.
        """
        chosen = self.scheme(scheme)
        wanted = None if chosen.kind is Kind.CATEGORICAL else self._axis(chosen, label)
        units, labels, rows = self._codes_of(chosen)
        index, names = self._units[1], self._table["rater"].cat.categories
        if len(index) * len(names) > MOST_CELLS:
            raise BadInput(
                f"a table of {len(index)} items and {len(names)} raters is too large",
                where=self.where,
                mend="select items or raters first",
            )
        raters = self._table["rater"].cat.codes.to_numpy()[rows]
        values = self._table["value"].to_numpy()[rows]
        if wanted is not None and not chosen.is_nominal:  # the other axes leave no empty rows or columns behind
            mine = labels == wanted
            units, raters, values = units[mine], raters[mine], values[mine]
        cells = np.full((len(index), len(names)), np.nan, dtype=float if wanted is not None else object)
        if wanted is None:
            cells[units, raters] = np.array(chosen.labels, dtype=object)[labels]
        elif chosen.is_nominal:
            cells[units, raters] = 0.0
            cells[units[labels == wanted], raters[labels == wanted]] = 1.0
        else:
            cells[units, raters] = values
        rated_units = np.bincount(units, minlength=len(index)) > 0
        rated_by = np.bincount(raters, minlength=len(names)) > 0
        return pd.DataFrame(cells, index=index, columns=list(names)).loc[rated_units, rated_by]

    def agreement(
        self, measure: str = "krippendorff_nominal", *, scheme: str | None = None, label: str | None = None
    ) -> float:
        """Agreement between the raters; see ``thymos.affect.agreement.MEASURES`` for the names.

        Raises:
            BadInput: a measure that follows raters across items on anonymous raters; see also ``agreement``.
        """
        chosen = self.scheme(scheme)
        if measure in agreement.FOLLOW_RATERS:
            self._identified(measure)
        if chosen.kind is Kind.CATEGORICAL and measure in ("krippendorff_nominal", "fleiss_kappa"):
            votes = self.votes(scheme, exclude=False).to_numpy()
            if measure == "fleiss_kappa":
                return agreement.fleiss_kappa_from_counts(votes)
            return agreement.krippendorff_from_counts(votes, level="nominal")
        if not chosen.is_nominal and measure in ("krippendorff_ordinal", "krippendorff_interval"):
            units, labels, rows = self._codes_of(chosen)
            mine = labels == self._axis(chosen, label)
            values = self._table["value"].to_numpy()[rows]
            return agreement.krippendorff_from_ratings(
                units[mine], values[mine], "ordinal" if measure == "krippendorff_ordinal" else "interval"
            )
        ratings = self.ratings(scheme, label)
        return agreement.agreement(
            ratings, measure, categories=chosen.labels if chosen.kind is Kind.CATEGORICAL else None
        )

    # -- inside ---------------------------------------------------------------------------------------------------

    @cached_property
    def _units(self) -> tuple[npt.NDArray[np.int32], pd.Index]:
        """Unit code a row, and the units: items, or stretches of items where ratings have times."""
        items = self._table["item"].cat
        if not self.timed:
            return items.codes.to_numpy(), pd.Index(items.categories, name="item")
        key = items.codes.to_numpy().astype(np.int64)
        for column in rating_table.TIMES:  # numbered one column after the other: tuples of ten million rows are slow
            place, values = pd.factorize(self._table[column].to_numpy(), use_na_sentinel=False)
            key, _ = pd.factorize(key * len(values) + place)
        first = np.full(int(key.max()) + 1, -1)
        first[key[::-1]] = np.arange(len(key))[::-1]
        units = self._table.iloc[first][["item", *rating_table.TIMES]].astype({"item": object})
        return key, pd.MultiIndex.from_frame(units)

    def _codes_of(self, scheme: Scheme) -> tuple[npt.NDArray, npt.NDArray[np.intp], npt.NDArray[np.bool_] | slice]:
        """Unit and label codes of a scheme's ratings, and which rows of the table these are."""
        rows: npt.NDArray[np.bool_] | slice = slice(None)
        if len(self.schemes) > 1:
            rows = (self._table["scheme"] == scheme.name).to_numpy()
        labels = self._table["label"].cat
        place = np.array([scheme.labels.index(x) if x in scheme.labels else -1 for x in labels.categories])
        place = place.astype(np.min_scalar_type(-len(scheme.labels)))
        return self._units[0][rows], place[labels.codes.to_numpy()[rows]], rows

    def _axis(self, scheme: Scheme, label: str | None) -> int:
        """Position of the wanted label or axis; only a numeric scheme of one axis needs no name."""
        if label is not None:
            return scheme.index(label)
        if scheme.is_nominal or len(scheme.labels) > 1:
            problem = "is multilabel" if scheme.is_nominal else "has several axes"
            raise BadInput(f"scheme {scheme.name!r} {problem}", where=self.where, mend="name one label")
        return 0

    def _kept(self, rule: str, scheme: str | None, exclude: Exclude) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
        if exclude != "winners":
            votes = self.votes(scheme, exclude=bool(exclude))
            return votes, aggregation.kept_by(votes.to_numpy(), rule)
        votes, chosen = self.votes(scheme, exclude=False), self.scheme(scheme)
        excluded = np.array([label in chosen.exclude for label in chosen.labels])
        kept = aggregation.kept_by(votes.to_numpy(), rule, excluded=excluded)
        return votes[list(chosen.classes)], kept

    def _mode(self, rule: str, scheme: str | None, exclude: Exclude) -> pd.Series:
        votes, kept = self._kept(rule, scheme, exclude)
        top = votes.to_numpy()[kept].argmax(axis=1)
        return pd.Series(np.asarray(votes.columns, dtype=object)[top], index=votes.index[kept], name=rule)

    def _nominal(self, scheme: Scheme) -> None:
        if not scheme.is_nominal:
            raise BadInput(f"scheme {scheme.name!r} is {scheme.kind}: it has numbers, not votes", where=self.where)

    def _identified(self, what: str) -> None:
        if not self.raters_identified:
            raise BadInput(
                f"{what} follows raters across items, and these raters are anonymous slots",
                where=self.where,
                mend="use a measure or rule that needs no identities, such as krippendorff_nominal or majority",
            )
