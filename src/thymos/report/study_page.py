"""The generated page of a study, and the tables over all studies: from the study and its committed result."""

from collections.abc import Mapping
from typing import Any

from thymos.report.interval_plot import interval_chart
from thymos.report.markdown import GENERATED, code, folded, table, text
from thymos.report.numbers import count
from thymos.report.view import UNFOLDED_ROWS, VERDICT_MARK, MetricTable, StudyView, TableRow, study_view
from thymos.studies.contract import Study

# Charts beside a page; the HTML report draws more.
MAX_PAGE_CHARTS = 3


def study_page(study: Study, result: Mapping[str, Any] | None) -> dict[str, str]:
    """The files of a study's page by their path under ``docs/studies``: the page and its charts.

    Args:
        study: the study.
        result: its committed result; None where there is none yet.
    """
    parts = [f"# {text(study.title)}", GENERATED]
    files: dict[str, str] = {}
    if result is None:
        parts += ["**No result is committed yet.**", *_opening(study), _planned_claims(study)]
    else:
        view = study_view(result, study)
        parts += [f"**{text(view.headline)}**", *_opening(study), _claims(view)]
        charts = [each for each in view.tables if each.chart][:MAX_PAGE_CHARTS]
        beside = [row for row in result["rows"] if row["kind"] != "published" or not view.simulated]
        for each in charts:
            files[f"charts/{study.slug}-{each.metric}.svg"] = interval_chart(beside, each.metric, standalone=True).svg
        parts += _results(view, {each.metric for each in charts})
        parts.append(_origin(view))
    parts.append(_arms(study))
    if study.decisions:
        parts.append("## Readings of ours\n\n" + "\n".join(f"- {text(decision)}" for decision in study.decisions))
    return {f"{study.slug}.md": "\n\n".join(part.strip() for part in parts) + "\n", **files}


def _opening(study: Study) -> list[str]:
    lines = [text(study.question)]
    if study.paper:
        lines.append(f"Source: {text(study.paper)}" + (f" (card {study.card})" if study.card else ""))
    data = ", ".join(code(slug) for slug in study.corpora) or "ships with thymos"
    lines.append(f"Data: {data}\n\n```sh\nthymos run {study.slug}\n```")
    return lines


def _planned_claims(study: Study) -> str:
    rows = [[text(claim.text), text(claim.source)] for claim in study.claims]
    return "## Claims to be tested\n\n" + table(["Claim", "Where"], rows)


def _claims(view: StudyView) -> str:
    rows = [
        [f"{VERDICT_MARK[claim['verdict']]} {claim['verdict']}", text(claim["text"]), text(claim["evidence"])]
        for claim in view.claims
    ]
    return "## Claims\n\n" + table(["Verdict", "Claim", "Evidence"], rows)


def _results(view: StudyView, charted: set[str]) -> list[str]:
    opening = (
        "Brackets are 95 % intervals. A published number stands in the line of ours only where data, split and metric "
        "are the same."
    )
    parts = [f"## Results\n\n{opening}"]
    for each in view.tables:
        parts.append(f"### {text(each.title)}")
        if each.metric in charted and each.chart is not None:
            parts.append(f"![{text(each.chart.description)}](charts/{view.slug}-{each.metric}.svg)")
        body = metric_table(each)
        parts.append(folded(count(len(each.rows), "row"), body) if len(each.rows) > UNFOLDED_ROWS else body)
    if view.apart:
        rows = [
            [text(r.system), code(r.metric), text(r.subset), f"{r.value} {r.interval}", text(r.note)]
            for r in view.apart
        ]
        body = table(["System", "Metric", "Subset", "Value", "Why not comparable"], rows, right=["Value"])
        title = "### Published, not comparable with the numbers above"
        parts += [title, folded(count(len(rows), "number"), body) if len(rows) > UNFOLDED_ROWS else body]
    return parts


def metric_table(each: MetricTable) -> str:
    """One metric as a Markdown table; columns that would be empty are left out."""
    columns: list[tuple[str, bool, Any]] = [
        ("Kind", True, lambda row: row.kind),
        ("System", True, lambda row: text(row.system)),
        ("Subset", True, lambda row: text(row.subset)),
        ("Value", True, lambda row: row.value),
        ("95 % interval", each.has_intervals, lambda row: row.interval),
        ("Published", each.has_published, lambda row: row.published),
        ("n", True, lambda row: row.n),
        ("Groups", each.has_clusters, lambda row: row.clusters),
        ("Split guarantee", True, lambda row: text(row.guarantee)),
        ("Note", each.has_notes, lambda row: text(row.note)),
    ]
    kept = [(name, cell) for name, wanted, cell in columns if wanted]
    rows: list[list[str]] = [[cell(row) for _, cell in kept] for row in each.rows]
    return table([name for name, _ in kept], rows, right=["Value", "95 % interval", "Published", "n", "Groups"])


def _origin(view: StudyView) -> str:
    lines = [
        f"- {code(entry['corpus'])}: {count(entry['items'], 'item')}{', **simulated**' if entry['simulated'] else ''}, "
        f"sha256 {code(entry['sha256'])}"
        for entry in view.data
    ]
    lines += [
        f"- {code(view.command)} at commit {code(view.commit)}, {view.date}",
        f"- {view.seconds} on {text(view.machine)}",
        f"- the same as JSON: [{view.slug}.json](../results/{view.slug}.json)",
    ]
    return "## Where the numbers come from\n\n" + "\n".join(lines)


def _arms(study: Study) -> str:
    rows = [[text(arm.name), arm.kind.value, text(arm.description)] for arm in study.arms]
    return "## Arms\n\n" + table(["Arm", "Kind", "What it is"], rows)


def index_page(known: Mapping[str, Study], results: Mapping[str, Mapping[str, Any]]) -> str:
    """``docs/studies/README.md``: every study with its first line."""
    body = overview_table(known, results, link="{slug}.md")
    return f"# Studies\n\n{GENERATED}\n\n{body}"


def overview_table(known: Mapping[str, Study], results: Mapping[str, Mapping[str, Any]], *, link: str) -> str:
    """One line a study: question, first line of the result, verdicts and data."""
    rows = []
    for slug, study in sorted(known.items()):
        name = f"[{text(slug)}]({link.format(slug=slug)})"
        result = results.get(slug)
        if result is None:
            rows.append([name, text(study.question), "no result is committed yet", "", ""])
            continue
        view = study_view(result, study)
        rows.append([name, text(study.question), text(view.headline), _verdicts(view.verdicts), text(view.data_line)])
    return table(["Study", "Question", "Result", "Claims", "Data"], rows)


GUARD = "crisis_guard"
GUARD_COLUMNS = ("miss_rate", "over_trigger_rate")
NO_INTERVAL = "Without an interval: one scenario, or messages all judged alike; so few show nothing about rare errors."


def guard_table(result: Mapping[str, Any] | None) -> str:
    """What the guard misses and where it steps in wrongly, in all, by language and by category."""
    if result is None:
        return "No result is committed yet."
    found: dict[str, dict[str, str]] = {}
    for row in result["rows"]:
        if row["system"] == "both stages" and row["metric"] in GUARD_COLUMNS and not row["subset"].startswith("dev"):
            low, high = row.get("low"), row.get("high")
            # Resamples of messages that were all judged alike are all alike, which is no certainty.
            interval = "" if low is None or low == high else f" [{low:.3f}, {high:.3f}]"
            told = f"{row['value']:.3f}{interval} ({row['n']})"
            found.setdefault(row["subset"], {})[row["metric"]] = text(told)
    rows = [[text(subset), *(cells.get(name, "") for name in GUARD_COLUMNS)] for subset, cells in found.items()]
    shown = table(["Messages", "Missed, of those that need help (n)", "Stepped in, of the harmless (n)"], rows)
    return f"{shown}\n\n{NO_INTERVAL}"


def _verdicts(verdicts: Mapping[str, int]) -> str:
    return "<br>".join(f"{VERDICT_MARK[verdict]} {amount} {verdict}" for verdict, amount in verdicts.items())


__all__ = ["TableRow", "guard_table", "index_page", "metric_table", "overview_table", "study_page"]
