"""What a reader is shown of one result: everything computed here, so that templates only place it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thymos.report.comparison import headline, verdict_counts
from thymos.report.figures import Image, render
from thymos.report.interval_plot import KIND_ORDER, Chart, charted_metrics, interval_chart
from thymos.report.numbers import count, duration, interval, number, words
from thymos.studies.contract import Results, Row, Study

ResultRow = Mapping[str, Any]
# Tables longer than this are folded, so that a page stays readable.
UNFOLDED_ROWS = 40
MAX_CHARTS = 8

VERDICT_MARK = {"holds": "✓", "not shown": "○", "contradicted": "✗", "not testable here": "–"}
VERDICT_CLASS = {
    "holds": "holds",
    "not shown": "not-shown",
    "contradicted": "contradicted",
    "not testable here": "not-testable",
}


@dataclass(frozen=True)
class TableRow:
    """One line of a result table, as text."""

    subset: str
    kind: str
    system: str
    value: str
    interval: str
    n: str
    clusters: str
    published: str
    guarantee: str
    note: str
    metric: str


@dataclass(frozen=True)
class MetricTable:
    """All rows of one metric that may stand beside each other."""

    metric: str
    title: str
    rows: tuple[TableRow, ...]
    chart: Chart | None

    @property
    def folded(self) -> bool:
        """Whether the table starts closed."""
        return len(self.rows) > UNFOLDED_ROWS

    @property
    def has_published(self) -> bool:
        """Whether a published number stands beside one of ours."""
        return any(row.published for row in self.rows)

    @property
    def has_intervals(self) -> bool:
        """Whether a row has an interval."""
        return any(row.interval for row in self.rows)

    @property
    def has_clusters(self) -> bool:
        """Whether an interval is over groups."""
        return any(row.clusters for row in self.rows)

    @property
    def has_notes(self) -> bool:
        """Whether a row has a note."""
        return any(row.note for row in self.rows)


@dataclass(frozen=True)
class StudyView:
    """One study with its result, ready to be placed in a page."""

    slug: str
    card: int
    title: str
    question: str
    paper: str
    headline: str
    verdicts: Mapping[str, int]
    claims: tuple[Mapping[str, str], ...]
    data: tuple[Mapping[str, Any], ...]
    tables: tuple[MetricTable, ...]
    apart: tuple[TableRow, ...]
    decisions: tuple[str, ...]
    left_out: tuple[Mapping[str, str], ...]
    command: str
    commit: str
    date: str
    machine: str
    seconds: str
    versions: Mapping[str, str]
    quick: bool
    simulated: bool
    images: tuple[Image, ...] = field(default_factory=tuple)

    @property
    def data_line(self) -> str:
        """The corpora in one line."""
        return ", ".join(
            f"{entry['corpus']} ({count(entry['items'], 'item')}{', simulated' if entry['simulated'] else ''})"
            for entry in self.data
        )


def study_view(result: Mapping[str, Any], study: Study | None, results: Results | None = None) -> StudyView:
    """A result as a reader is shown it.

    Args:
        result: as in ``results.schema.json``, with or without what a run adds (settings, versions, left-out arms).
        study: the study, for its words and plots; None when it is not installed here.
        results: rows and tables of the run, for the study's own plots; None draws none.
    """
    simulated = any(entry["simulated"] for entry in result["data"])
    first = study.headline if study else ()
    tables, apart = result_tables(result["rows"], simulated=simulated, first=first)
    images = tuple(render(plot, results) for plot in study.plots) if study is not None and results is not None else ()
    return StudyView(
        slug=result["study"],
        card=result["card"],
        title=study.title if study else words(result["study"]).capitalize(),
        question=study.question if study else "",
        paper=study.paper if study else "",
        headline=headline(result, first),
        verdicts=verdict_counts(result["claims"]),
        claims=tuple(result["claims"]),
        data=tuple(result["data"]),
        tables=tables,
        apart=apart,
        decisions=study.decisions if study else (),
        left_out=tuple(result.get("left_out", ())),
        command=result["command"],
        commit=result["commit"],
        date=result["date"],
        machine=result["machine"],
        seconds=duration(result["seconds"]),
        versions=result.get("versions", {}),
        quick=bool(result.get("settings", {}).get("quick")),
        simulated=simulated,
        images=images,
    )


def result_tables(
    rows: Sequence[ResultRow], *, simulated: bool = False, first: Sequence[str] = ()
) -> tuple[tuple[MetricTable, ...], tuple[TableRow, ...]]:
    """Our rows by metric, and apart from them the published rows that are not comparable.

    A published number stands beside ours only where data, split and metric agree: in the line of the same system and
    subset, or in a line of its own. On simulated data none does.
    """
    ours = [row for row in rows if row["kind"] != "published"]
    published = [row for row in rows if row["kind"] == "published"]
    beside = [row for row in published if row.get("comparable") and not simulated]
    apart = [row for row in published if not (row.get("comparable") and not simulated)]
    told = {(row["system"], row["metric"], row["subset"]): row for row in beside}
    own = {(row["system"], row["metric"], row["subset"]) for row in ours}
    lines = [*ours, *(row for key, row in told.items() if key not in own)]
    metrics = list(dict.fromkeys(row["metric"] for row in lines))
    metrics.sort(key=lambda metric: first.index(metric) if metric in first else len(first))
    charted = [metric for metric in metrics if metric in charted_metrics(lines)][:MAX_CHARTS]
    tables = []
    for metric in metrics:
        mine = [row for row in lines if row["metric"] == metric]
        subsets = list(dict.fromkeys(row["subset"] for row in mine))
        mine.sort(key=lambda row: (subsets.index(row["subset"]), KIND_ORDER.index(row["kind"])))
        chart = interval_chart([*ours, *beside], metric) if metric in charted else None
        counted = _is_count(mine)
        texts = tuple(
            _table_row(
                row, told.get((row["system"], metric, row["subset"])) if row["kind"] != "published" else None, counted
            )
            for row in mine
        )
        tables.append(MetricTable(metric, words(metric), texts, chart))
    return tuple(tables), tuple(_table_row(row, None) for row in apart)


def _is_count(rows: Sequence[ResultRow]) -> bool:
    """Whether a metric counts things: whole numbers without interval, not all of them 0 or 1."""
    values = [row["value"] for row in rows if row["value"] is not None]
    whole = all(float(value).is_integer() for value in values) and all(row.get("low") is None for row in rows)
    return whole and any(abs(value) > 1 for value in values)


def _table_row(row: ResultRow, published: ResultRow | None, counted: bool = False) -> TableRow:
    seeds = row.get("seeds") or []
    notes = [row.get("note", "")]
    if len(seeds) > 1:
        notes.append(f"{len(seeds)} seeds")
    if published is not None and published.get("note"):
        notes.append(f"published: {published['note']}")
    beside = ""
    if published is not None:
        beside = f"{number(published['value'])} {interval(published.get('low'), published.get('high'))}".strip()
    clusters = row.get("clusters")
    return TableRow(
        subset=row["subset"],
        kind=row["kind"],
        system=row["system"],
        value=f"{row['value']:,.0f}" if counted and row["value"] is not None else number(row["value"]),
        interval=interval(row.get("low"), row.get("high")),
        n=f"{row['n']:,}" if row["n"] else "–",
        clusters="" if clusters is None else f"{clusters:,}",
        published=beside,
        guarantee=row["guarantee"],
        note="; ".join(filter(None, notes)),
        metric=row["metric"],
    )


def results_of(result: Mapping[str, Any]) -> Results:
    """The rows of a result without its tables, as plots and claims take them."""
    return Results(tuple(Row.from_dict(row) for row in result["rows"]), {})
