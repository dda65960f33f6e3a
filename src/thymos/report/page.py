"""The HTML report: one file that needs no other, over any number of finished runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from thymos import __version__
from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.report.interval_plot import STYLE, legend
from thymos.report.view import VERDICT_CLASS, VERDICT_MARK, StudyView, study_view
from thymos.studies.contract import Results, Study
from thymos.studies.registry import studies
from thymos.studies.runner import load_results


def environment() -> jinja2.Environment:
    """Templates of the report: everything is escaped, a missing value is an error and not a gap in a page."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("thymos.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_report(folders: Mapping[str, Path], html: str | Path, *, known: Mapping[str, Study] | None = None) -> Path:
    """Write the report over finished runs.

    Args:
        folders: study slug to the folder of a finished run, or to a committed ``docs/results/*.json`` (which has
            no tables, so the study's own plots are left out).
        html: the file to write.
        known: studies by slug; default: all that are installed. A result without its study is shown all the same.

    Returns:
        The path that was written.

    Raises:
        BadInput: no run, a folder without a finished run, a file that is not a result.
    """
    if not folders:
        raise BadInput("there is no finished run to report", mend="thymos run STUDY first")
    known = studies() if known is None else known
    views = []
    for slug in sorted(folders):
        result, results = read_result(folders[slug])
        views.append(study_view(result, known.get(slug), results))
    return write_atomically(html, render_page(views))


def read_result(path: Path) -> tuple[dict[str, Any], Results | None]:
    """A result from a run's folder, with its tables, or from a committed result file, without."""
    path = Path(path)
    if path.is_dir():
        return load_results(path)
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        result["study"], result["rows"], result["claims"], result["data"]
    except OSError:
        raise BadInput("there is no such run or result", where=path) from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"not a result ({type(error).__name__}: {error})", where=path) from None
    return result, None


def render_page(views: list[StudyView]) -> str:
    """The page's text."""
    return (
        environment()
        .get_template("report.html")
        .render(
            views=views,
            version=__version__,
            plot_style=STYLE,
            legend=legend(),
            verdict_mark=VERDICT_MARK,
            verdict_class=VERDICT_CLASS,
        )
    )
