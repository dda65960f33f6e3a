"""What a study is: arms that give rows, and claims that are tested on these rows.

One study is one module in ``thymos.studies`` with a ``STUDY``. An arm is a function from a Context to rows; the
runner keeps each finished arm, so an interrupted run goes on where it stopped. A claim is a predicate over the
finished rows: it returns a verdict with its evidence, computed from the data and never written by hand.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.errors import BadInput, ThymosError
from thymos.measure.resampling import Interval
from thymos.measure.score import Score

NO_SPLIT = "no split"


class RowKind(StrEnum):
    """What a row is for; every table shows floors and ceilings beside systems."""

    FLOOR = "floor"
    CEILING = "ceiling"
    BASELINE = "baseline"
    ABLATION = "ablation"
    CONTROL = "control"
    SYSTEM = "system"
    PUBLISHED = "published"


class Verdict(StrEnum):
    """What our data say about a published claim."""

    HOLDS = "holds"
    NOT_SHOWN = "not shown"
    CONTRADICTED = "contradicted"
    NOT_TESTABLE = "not testable here"


@dataclass(frozen=True)
class Row:
    """One number of a result, with its provenance.

    Args:
        system: what was measured, e.g. ``"TF-IDF + linear"``.
        kind: see RowKind.
        metric: snake_case term of the field; rates are fractions.
        subset: the test set or slice, e.g. ``"test"`` or ``"en/pressure"``.
        value: the number, or None where there is none (say why in ``note``).
        low: lower end of the interval, or None.
        high: upper end of the interval, or None.
        n: number of items.
        guarantee: what the split keeps apart, or ``"no split"``.
        split: name of the split.
        clusters: number of independent groups behind the interval.
        seeds: random seeds used; empty where nothing is random.
        comparable: published rows: whether data, split and metric are the same as ours.
        note: anything a reader must know; published rows: the mark of the source and why (not) comparable.
    """

    system: str
    kind: RowKind
    metric: str
    subset: str
    value: float | None
    n: int
    guarantee: str
    low: float | None = None
    high: float | None = None
    split: str = "all"
    clusters: int | None = None
    seeds: tuple[int, ...] = ()
    comparable: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", RowKind(self.kind))
        object.__setattr__(self, "seeds", tuple(int(seed) for seed in self.seeds))
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is not None:
                number = float(number)
                if not math.isfinite(number):
                    raise BadInput(f"{name} is {number}", where=f"row {self.system} / {self.metric} / {self.subset}")
                object.__setattr__(self, name, number)

    @classmethod
    def of(
        cls, score: Score, *, system: str, kind: RowKind | str, subset: str, seeds: Sequence[int] = (), note: str = ""
    ) -> "Row":
        """A row from a Score."""
        return cls(
            system=system,
            kind=RowKind(kind),
            metric=score.metric,
            subset=subset,
            value=score.value,
            low=score.low,
            high=score.high,
            n=score.n,
            clusters=score.clusters,
            split=score.provenance.split,
            guarantee=score.provenance.guarantee,
            seeds=tuple(seeds),
            note=note,
        )

    @classmethod
    def of_interval(
        cls,
        interval: Interval,
        *,
        system: str,
        kind: RowKind | str,
        metric: str,
        subset: str,
        split: str = "all",
        guarantee: str = NO_SPLIT,
        seeds: Sequence[int] = (0,),
        note: str = "",
    ) -> "Row":
        """A row from a bootstrap interval; ``seeds`` are those of training and resampling."""
        return cls(
            system=system,
            kind=RowKind(kind),
            metric=metric,
            subset=subset,
            value=interval.value,
            n=interval.n,
            guarantee=guarantee,
            low=interval.low,
            high=interval.high,
            split=split,
            clusters=interval.clusters,
            seeds=tuple(seeds),
            note=note,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary as in ``results.schema.json``."""
        return {**asdict(self), "kind": self.kind.value, "seeds": list(self.seeds)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Row":
        """The inverse of ``to_dict``."""
        return cls(**{**values, "seeds": tuple(values.get("seeds", ()))})


@dataclass(frozen=True)
class Finding:
    """A verdict and the numbers behind it."""

    verdict: Verdict
    evidence: str


def holds_if(condition: bool, evidence: str, *, otherwise: Verdict = Verdict.NOT_SHOWN) -> Finding:
    """``holds`` when the condition is true, else ``otherwise``."""
    return Finding(Verdict.HOLDS if condition else otherwise, evidence)


@dataclass(frozen=True)
class Claim:
    """A published claim as a predicate over our results.

    Args:
        text: the claim, in the words of the source as far as they are known.
        check: gives the finding from the results; it must be able to come out either way.
        source: where the claim is made and its mark, e.g. ``"abstract"``.
    """

    text: str
    check: "Callable[[Results], Finding]"
    source: str = ""


@dataclass(frozen=True)
class Results:
    """All rows of a run, and the tables that its arms kept."""

    rows: tuple[Row, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def find(
        self,
        *,
        system: str | None = None,
        metric: str | None = None,
        subset: str | None = None,
        kind: str | None = None,
    ) -> list[Row]:
        """The rows that match all given fields, in order; published rows only with ``kind="published"``."""
        return [
            row
            for row in self.rows
            if (kind is not None or row.kind is not RowKind.PUBLISHED)
            and (system is None or row.system == system)
            and (metric is None or row.metric == metric)
            and (subset is None or row.subset == subset)
            and (kind is None or row.kind == kind)
        ]

    def one(self, **wanted: str) -> Row:
        """The only row that matches; BadInput when there is none or more than one."""
        found = self.find(**wanted)
        if len(found) != 1:
            raise BadInput(f"{len(found)} rows match {wanted}, one is needed", where="results")
        return found[0]

    def value(self, **wanted: str) -> float:
        """The value of the only row that matches."""
        row = self.one(**wanted)
        if row.value is None:
            raise BadInput(f"the row {wanted} has no value ({row.note})", where="results")
        return row.value

    def frame(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame([row.to_dict() for row in self.rows])


@dataclass(frozen=True)
class Settings:
    """How a study is run.

    Args:
        data: folder with the corpora; None = THYMOS_DATA or ``../shared/data``.
        quick: a smaller run (fewer items, resamples, seeds), stamped as such and never published.
        seed: base of all random numbers.
        model: language model, as for ``load_language_model``.
        encoder: folder or id of a Hugging Face encoder for studies that fine-tune one; empty = none.
        output: where ``runs/`` is kept.
    """

    data: Path | None = None
    quick: bool = False
    seed: int = 0
    model: str = "embedded"
    encoder: str = ""
    output: Path = Path("runs")

    def identity(self) -> dict[str, Any]:
        """The settings that change results, for the id of a run."""
        return {"quick": self.quick, "seed": self.seed, "model": self.model, "encoder": self.encoder}


class Context(Protocol):
    """What an arm may use; given by the runner."""

    settings: Settings
    folder: Path
    """The run's own folder; Inspect logs go to its ``logs``."""

    def corpus(self, slug: str) -> Corpus:
        """The corpus, read once a run."""
        ...

    def step(self, name: str, compute: Callable[[], Any]) -> Any:
        """Run ``compute`` once a run; its JSON-able result is kept on disk and given back after a restart."""
        ...

    def table(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Like ``step`` for a table; tables are there for claims and plots under their name."""
        ...

    def track(self, things: Iterable[Any], description: str, total: int | None = None) -> Iterable[Any]:
        """Iterate with a progress bar."""
        ...

    def progress(self, description: str) -> "Callable[[int, int], None]":
        """A progress bar for work that reports itself: call the result with (units done, units in all)."""
        ...

    @property
    def resamples(self) -> int:
        """Bootstrap resamples: 10,000, or 1,000 in a quick run."""
        ...


@dataclass(frozen=True)
class Arm:
    """One compared thing: what gives rows.

    Args:
        name: unique in the study.
        kind: the kind of most of its rows.
        run: from a Context to rows.
        description: one sentence for the study's page.
        needs: returns a reason to leave the arm out (no encoder given, no model installed), or an empty string.
        quick: False leaves the arm out of quick runs.
    """

    name: str
    kind: RowKind
    run: Callable[[Context], Sequence[Row]]
    description: str = ""
    needs: Callable[[Settings], str] = lambda settings: ""
    quick: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", RowKind(self.kind))


@dataclass(frozen=True)
class Plot:
    """A figure of the study's page and report.

    Args:
        name: file name without ending.
        title: what the reader should see in it.
        draw: draws into an empty matplotlib figure.
    """

    name: str
    title: str
    draw: Callable[[Results, Any], None]


@dataclass(frozen=True)
class Study:
    """A published system as a runnable, testable study.

    Args:
        slug: snake_case, says what is studied.
        card: number of the paper's card, 1..39; 0 for none.
        title: one line.
        question: what is asked, in one or two sentences.
        corpora: slugs of the corpora it reads from the user's data folder.
        bundled: builders of corpora that ship with thymos (our own prompts and scenarios).
        arms: see Arm; at least one floor.
        claims: see Claim; at least one.
        plots: see Plot.
        paper: citation with arXiv number.
        headline: metrics that the terminal shows first, in this order; empty = all.
        decisions: readings of ours where the paper is silent, each switchable or named.
        simulated: True when the participants are generated; such results never stand beside published numbers.
        optional: slugs of further corpora that single arms use where they are at hand.
    """

    slug: str
    card: int
    title: str
    question: str
    corpora: tuple[str, ...]
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...]
    plots: tuple[Plot, ...] = ()
    bundled: tuple[Callable[[], Corpus], ...] = ()
    paper: str = ""
    headline: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    simulated: bool = False
    optional: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"study {self.slug!r}"
        names = [arm.name for arm in self.arms]
        if len(set(names)) != len(names):
            raise BadInput("two arms have the same name", where=where)
        if not any(arm.kind is RowKind.FLOOR for arm in self.arms):
            raise BadInput("a study needs a floor", where=where)
        if not self.claims:
            raise BadInput("a study needs at least one claim", where=where)
        if not self.corpora and not self.bundled:
            raise BadInput("a study needs data: corpora or bundled", where=where)


def judge(claims: Sequence[Claim], results: Results) -> list[dict[str, str]]:
    """Test each claim; a claim whose rows are missing is not testable here, with the reason."""
    judged = []
    for claim in claims:
        try:
            finding = claim.check(results)
        except ThymosError as error:
            finding = Finding(Verdict.NOT_TESTABLE, f"rows are missing: {error}")
        judged.append({"text": claim.text, "verdict": finding.verdict.value, "evidence": finding.evidence})
    return judged


def read_published(path: Path) -> list[Row]:
    """Published numbers from a CSV file.

    Columns: system, metric, subset, value, low, high, n, comparable (yes/no), mark, note. The mark is that of the
    card (paper, repo, abstract, 2nd ...); ``recalled`` is refused: such a number is never printed as published.
    """
    if not path.is_file():
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = []
    for number, record in enumerate(table.to_dict("records"), start=2):
        where = f"{path.name}, line {number}"
        if record["mark"] in ("recalled", "inferred", ""):
            raise BadInput(f"a number with the mark {record['mark']!r} cannot stand as published", where=where)
        if record["comparable"] not in ("yes", "no"):
            raise BadInput("column 'comparable' must be yes or no", where=where)
        row = Row(
            system=record["system"],
            kind=RowKind.PUBLISHED,
            metric=record["metric"],
            subset=record["subset"],
            value=float(record["value"]),
            low=float(record["low"]) if record["low"] else None,
            high=float(record["high"]) if record["high"] else None,
            n=int(record["n"] or 0),
            guarantee="as published",
            split="published",
            comparable=record["comparable"] == "yes",
            note=f"[{record['mark']}] {record['note']}".strip(),
        )
        rows.append(row)
    return rows


def with_seed_note(row: Row, note: str) -> Row:
    """The row with a note appended."""
    return replace(row, note=f"{row.note}; {note}" if row.note else note)


def rows_to_json(rows: Sequence[Row]) -> str:
    """Rows as JSON text, one a line so that diffs read well."""
    return "[\n" + ",\n".join(json.dumps(row.to_dict(), ensure_ascii=False) for row in rows) + "\n]\n"
