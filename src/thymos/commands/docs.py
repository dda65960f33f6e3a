"""``thymos docs``: the generated pages and tables of a checkout, written or checked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from thymos.errors import BadInput
from thymos.files import read_text, write_atomically

# Folders in which every file of these endings is generated, so a left-over one is stale.
GENERATED_FOLDERS = {"docs/studies": ".md", "docs/studies/charts": ".svg"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    def docs(
        check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a page is stale.")] = False,
        root: Annotated[Path, typer.Option("--root", help="The checkout.")] = Path(),
    ) -> None:
        """Write the pages that are generated from studies, results, cards and commands (for a checkout of thymos).

        Example:

            thymos docs --check
        """
        console = Console(stderr=True)
        if not (root / "docs").is_dir() or not (root / "README.md").is_file():
            raise BadInput("this is not a checkout of thymos", where=root.resolve(), mend="run it in the checkout")
        stale = stale_files(root, generated_files(app, root))
        if check and stale:
            console.print(f"stale: {', '.join(sorted(stale))}; run: make docs", highlight=False, soft_wrap=True)
            raise typer.Exit(1)
        for name, content in stale.items():
            if content is None:
                (root / name).unlink()
            else:
                write_atomically(root / name, content)
        console.print(f"{len(stale)} pages written" if stale else "all pages are up to date", highlight=False)

    app.command("docs", hidden=True)(docs)


def generated_files(app: typer.Typer, root: Path) -> dict[str, str]:
    """Path under the checkout to content, for everything that is generated."""
    from thymos.corpora.registry import readers
    from thymos.report.command_reference import command_reference
    from thymos.report.corpora_page import corpora_page
    from thymos.report.markdown import between
    from thymos.report.study_page import GUARD, guard_table, index_page, overview_table, study_page
    from thymos.studies.registry import studies

    results = committed_results(root)
    known = studies()
    files = {"docs/cli.md": command_reference(app), "docs/corpora.md": corpora_page(readers())}
    for slug, study in known.items():
        for name, content in study_page(study, results.get(slug)).items():
            files[f"docs/studies/{name}"] = content
    files["docs/studies/README.md"] = index_page(known, results)
    block = overview_table(known, results, link="docs/studies/{slug}.md")
    page = between(read_text(root / "README.md"), "results", block, where="README.md")
    files["README.md"] = between(page, "guard", guard_table(results.get(GUARD)), where="README.md")
    return files


def committed_results(root: Path) -> dict[str, Mapping[str, Any]]:
    """The results under ``docs/results`` by study."""
    found = {}
    for path in sorted((root / "docs" / "results").glob("*.json")):
        try:
            found[path.stem] = json.loads(read_text(path))
        except ValueError as error:
            raise BadInput(f"not a result ({error})", where=path) from None
    return found


def stale_files(root: Path, files: Mapping[str, str]) -> dict[str, str | None]:
    """What differs from the checkout: path to new content, or to None where the file has no place any more."""
    stale: dict[str, str | None] = {
        name: content
        for name, content in files.items()
        if not (root / name).is_file() or (root / name).read_bytes() != content.encode("utf-8")
    }
    for folder, ending in GENERATED_FOLDERS.items():
        for path in sorted((root / folder).glob(f"*{ending}")):
            name = path.relative_to(root).as_posix()
            if name not in files:
                stale[name] = None
    return stale
