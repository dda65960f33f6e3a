"""Running a study so that it can be killed at any moment and loses nothing.

A run lives in ``runs/<study>/<id>/``. The id is a hash of the study, the settings that matter, the data and the
code, so a second start of the same run finds its own finished arms, steps and tables and does not redo them; a
change of data or code starts a new run. Everything is written to a temporary name and renamed.
"""

import datetime
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import thymos
from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import corpus_folder, get_reader
from thymos.errors import BadInput
from thymos.files import canonical_json, files_sha256, text_sha256, write_atomically
from thymos.studies.contract import Results, Row, Settings, Study, judge, read_published

PUBLISHED_FOLDER = Path(__file__).parent / "published"
# Rooms whose code cannot change a result: a new plot must not throw away a long run.
PRESENTATION = ("report", "serve", "commands", "cli.py")
VERSIONS = ("thymos", "torch", "transformers", "scikit-learn", "scipy", "numpy", "pandas", "statsmodels")


@cache
def code_sha256() -> str:
    """One hash over the package's code and data, without the rooms that only present results."""
    root = Path(thymos.__file__).parent
    paths = [
        path
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.relative_to(root).parts[0] not in PRESENTATION
    ]
    return files_sha256(root, paths)


def machine() -> str:
    """Cores, memory and accelerator in words; no host name, no path."""
    cores = os.cpu_count() or 1
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        size = f", {memory:.0f} GiB"
    except (ValueError, OSError, AttributeError):
        size = ""
    import torch

    accelerator = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no accelerator"
    return f"{cores} cores{size}, {accelerator}, {platform.machine()}"


def package_versions() -> dict[str, str]:
    """Versions of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def safe_name(name: str) -> str:
    """A file name for an arm or a step: readable, with a short hash so that two names never collide."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60]
    return f"{readable}-{text_sha256(name)[:8]}"


@dataclass
class RunContext:
    """The Context that arms get; see ``thymos.studies.contract.Context``."""

    settings: Settings
    folder: Path
    study: Study
    console: Console
    corpora: dict[str, Corpus] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def resamples(self) -> int:
        """Bootstrap resamples: 10,000, or 1,000 in a quick run."""
        return 1_000 if self.settings.quick else 10_000

    def corpus(self, slug: str) -> Corpus:
        """The corpus, read once a run."""
        if slug not in self.corpora:
            self.corpora[slug] = get_reader(slug).read(corpus_folder(slug, self.settings.data))
        return self.corpora[slug]

    def step(self, name: str, compute: Callable[[], Any]) -> Any:
        """Run once a run; the JSON-able result is kept."""
        path = self.folder / "steps" / f"{safe_name(name)}.json"
        if path.is_file():
            return json.loads(path.read_text(encoding="utf-8"))["result"]
        text = json.dumps({"step": name, "result": compute()}, ensure_ascii=False)
        write_atomically(path, text)
        # Read back, so that a first run and a resumed run see the very same value (tuples become lists, say).
        return json.loads(text)["result"]

    def table(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Run once a run; the table is kept as Parquet."""
        path = self.folder / "tables" / f"{name}.parquet"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, compute().to_parquet())
        self.tables[name] = pd.read_parquet(path)
        return self.tables[name]

    def track(self, things: Iterable[Any], description: str, total: int | None = None) -> Iterator[Any]:
        """Iterate with a progress bar."""
        with self._bar() as bar:
            yield from bar.track(things, total=total, description=description)

    def progress(self, description: str) -> Callable[[int, int], None]:
        """A progress bar that is told (units done, units in all); it closes itself when all are done."""
        bar = self._bar()
        task = bar.add_task(description, total=None)
        bar.start()

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if done >= total:
                bar.stop()

        return report

    def _bar(self) -> Progress:
        return Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )


def run_study(study: Study, settings: Settings, *, console: Console | None = None) -> dict[str, Any]:
    """Run a study, or what is left of it, and return its result as in ``results.schema.json``.

    The result also holds ``run`` (folder), ``settings``, ``versions``, ``left_out`` (arms without their needs).
    It is written to ``result.json`` with ``rows.parquet`` beside it.

    Raises:
        Unavailable: a corpus is not there.
        BadInput: a corpus or a setting is wrong.
    """
    console = console or Console(stderr=True)
    context = RunContext(settings, Path(), study, console)
    for slug in study.corpora:
        context.corpus(slug)
    for build in study.bundled:
        corpus = build()
        context.corpora[corpus.slug] = corpus
    identity = {
        "study": study.slug,
        "settings": settings.identity(),
        "data": {slug: corpus.sha256 for slug, corpus in context.corpora.items()},
        "code": code_sha256(),
    }
    folder = Path(settings.output) / study.slug / text_sha256(canonical_json(identity))[:12]
    (folder / "arms").mkdir(parents=True, exist_ok=True)
    context.folder = folder
    write_atomically(folder / "identity.json", json.dumps(identity, indent=1))

    rows: list[Row] = []
    left_out: list[dict[str, str]] = []
    seconds = 0.0
    for arm in study.arms:
        reason = arm.needs(settings) or ("" if arm.quick or not settings.quick else "left out of quick runs")
        if reason:
            left_out.append({"arm": arm.name, "reason": reason})
            console.print(f"  [yellow]-[/] {arm.name}: {reason}", highlight=False)
            continue
        path = folder / "arms" / f"{safe_name(arm.name)}.json"
        if path.is_file():
            kept = json.loads(path.read_text(encoding="utf-8"))
            console.print(f"  [green]=[/] {arm.name} (kept from an earlier start)", highlight=False)
        else:
            started = time.perf_counter()
            produced = [row.to_dict() for row in arm.run(context)]
            kept = {"arm": arm.name, "seconds": time.perf_counter() - started, "rows": produced}
            write_atomically(path, json.dumps(kept, ensure_ascii=False, indent=1))
            console.print(f"  [green]+[/] {arm.name} ({kept['seconds']:.1f} s)", highlight=False)
        rows += [Row.from_dict(row) for row in kept["rows"]]
        seconds += kept["seconds"]
    if not rows:
        raise BadInput("no arm could be run", where=f"study {study.slug}")
    for path in sorted((folder / "tables").glob("*.parquet")):
        context.tables.setdefault(path.stem, pd.read_parquet(path))
    measured = Results(tuple(rows), context.tables)
    published = [] if study.simulated else read_published(PUBLISHED_FOLDER / f"{study.slug}.csv")
    results = Results(tuple(rows + published), context.tables)
    result = {
        "study": study.slug,
        "card": study.card,
        "commit": "",
        "command": command_line(study, settings),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "seconds": round(seconds, 1),
        "data": data_entries(context),
        "rows": [row.to_dict() for row in results.rows],
        "claims": judge(study.claims, results),
        "run": str(folder),
        "code": identity["code"],
        "settings": settings.identity(),
        "versions": package_versions(),
        "left_out": left_out,
    }
    write_atomically(folder / "rows.parquet", measured.frame().to_parquet())
    write_atomically(folder / "result.json", json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    return result


def data_entries(context: RunContext) -> list[dict[str, Any]]:
    """The ``data`` part of a result: each corpus with hash and size."""
    return [
        {"corpus": slug, "sha256": corpus.sha256, "items": len(corpus.items), "simulated": corpus.simulated}
        for slug, corpus in context.corpora.items()
    ]


def command_line(study: Study, settings: Settings) -> str:
    """The command that repeats the run."""
    words = ["thymos", "run", study.slug]
    if settings.quick:
        words.append("--quick")
    if settings.seed:
        words += ["--seed", str(settings.seed)]
    if settings.model != "embedded":
        words += ["--model", settings.model]
    if settings.encoder:
        words += ["--encoder", settings.encoder]
    return " ".join(words)


def load_results(folder: Path) -> tuple[dict[str, Any], Results]:
    """A finished run from its folder."""
    path = folder / "result.json"
    if not path.is_file():
        raise BadInput("there is no finished run", where=folder, mend="start it again: it goes on where it stopped")
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"not a result ({error})", where=path) from None
    tables = {file.stem: pd.read_parquet(file) for file in sorted((folder / "tables").glob("*.parquet"))}
    return result, Results(tuple(Row.from_dict(row) for row in result["rows"]), tables)


def latest_runs(output: Path) -> dict[str, Path]:
    """The newest finished run of each study under ``runs/``."""
    newest: dict[str, Path] = {}
    for path in sorted(output.glob("*/*/result.json"), key=lambda file: file.stat().st_mtime):
        newest[path.parent.parent.name] = path.parent
    return newest


__all__ = ["RunContext", "code_sha256", "latest_runs", "load_results", "run_study"]
