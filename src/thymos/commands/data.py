"""``thymos data list | check | card | show | convokit``: corpora from the command line."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos.errors import BadInput, Unavailable

app = typer.Typer(
    no_args_is_help=True,
    help="The corpora that thymos reads: which are here, what is in them, and whether their counts are the published "
    "ones.",
)

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder with the corpora (default: THYMOS_DATA, then ../shared/data).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SlugArgument = Annotated[str, typer.Argument(help="Short name of the corpus; see `thymos data list`.")]
VERDICT_STYLE = {"agrees": "green", "differs": "yellow", "not in this copy": "dim"}


def register(parent: typer.Typer) -> None:
    """Add the commands under ``data``."""
    parent.add_typer(app, name="data")


@app.command("list")
def list_corpora(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the corpora that thymos reads and say which of them are under the data folder.

    Example:

        thymos data list --data ~/corpora
    """
    from thymos.corpora.registry import readers

    rows: list[dict[str, Any]] = []
    for slug, reader in readers().items():
        card = reader.card
        folder = _folder(slug, data)
        rows.append(
            {
                "slug": slug,
                "title": card.title,
                "languages": list(card.languages),
                "modality": list(card.modality),
                "licence": card.licence,
                "redistribution": card.redistribution,
                "test_only": card.test_only,
                "folder": None if folder is None else str(folder),
            }
        )
    if as_json:
        _print_json(rows)
        return
    table = Table("corpus", "here", "language", "modality", "licence", title="Corpora (thymos data show CORPUS)")
    table.columns[0].no_wrap = True
    for row in rows:
        name = f"{row['slug']} [red](test set)[/]" if row["test_only"] else str(row["slug"])
        here = "[green]yes[/]" if row["folder"] else "[dim]no[/]"
        table.add_row(name, here, _words(row["languages"]), _words(row["modality"]), escape(str(row["licence"])))
    console = Console()
    console.print(table)
    if not any(row["folder"] for row in rows):
        console.print("None of them is here: pass --data DIR or set THYMOS_DATA to a folder that holds CORPUS/.")


@app.command("check")
def check(
    slug: Annotated[str | None, typer.Argument(help="Short name of the corpus; default: every one found.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the counts of a corpus with the published ones and name every difference.

    The exit status is 1 where a count differs and no reason is known, 2 where a corpus cannot be read.

    Examples:

        thymos data check

        thymos data check meld --data ~/corpora
    """
    from thymos.corpora.registry import corpus_folder, get_reader, readers

    slugs = [slug] if slug else [name for name in readers() if _folder(name, data) is not None]
    if not slugs:
        raise Unavailable("no corpus found: pass --data DIR or set THYMOS_DATA to a folder that holds CORPUS/")
    rows: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for name in slugs:
        reader = get_reader(name)
        try:
            corpus = reader.read(corpus_folder(name, data))
        except BadInput as error:
            errors[name] = str(error)
            continue
        rows += [
            {"corpus": name, "what": c.what, "published": c.published, "found": c.found, "verdict": c.verdict,
             "note": "" if c.agrees else c.note}
            for c in reader.check(corpus)
        ]  # fmt: skip
    if as_json:
        _print_json({"counts": rows, "errors": errors})
    else:
        _print_checks(rows, errors, whole=slug is not None)
    if errors:
        raise typer.Exit(2)
    if any(row["verdict"] == "differs" and not row["note"] for row in rows):
        raise typer.Exit(1)


@app.command("card")
def card(slug: SlugArgument, as_json: JsonOption = False) -> None:
    """Print the card of a corpus: source, licence, consent, intended and prohibited use, known traps.

    Example:

        thymos data card goemotions
    """
    from thymos.corpora.registry import get_reader

    values = get_reader(slug).card.model_dump(mode="json")
    if as_json:
        _print_json(values)
        return
    table = Table(show_header=False, title=escape(values["title"]), box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        if name == "title":
            continue
        text = "\n".join(f"- {trap}" for trap in value) if name == "known_traps" else _words(value)
        table.add_row(name.replace("_", " "), escape(text))
    Console().print(table)


@app.command("show")
def show(slug: SlugArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what is in a corpus: size, splits and what they keep apart, schemes, raters, labels, groups, first fields.

    Example:

        thymos data show meld --json
    """
    from thymos.corpora.describe import describe
    from thymos.corpora.registry import load_corpus

    about = describe(load_corpus(slug, data))
    if as_json:
        _print_json(about)
        return
    console = Console()
    stamp = "  [red]simulated[/]" if about["simulated"] else ""
    console.print(f"[bold]{escape(about['title'])}[/] ({slug}): {about['items']:,} items{stamp}")
    console.print(f"sha256 {about['sha256'][:16]}…  columns: {', '.join(about['columns'])}", highlight=False)
    if about["groups"]:
        console.print("groups: " + ", ".join(f"{name} ({count:,})" for name, count in about["groups"].items()))
    for split in about["splits"]:
        console.print(_split_line(split), highlight=False)
    for scheme in about["schemes"]:
        console.print(_scheme_line(scheme), highlight=False)
        console.print(_scheme_table(scheme))
    for name, table in about["tables"].items():
        console.print(f"table {name}: {table['rows']:,} rows; {', '.join(table['columns'])}", highlight=False)
    console.print(_example_table(about["examples"]))


@app.command("convokit")
def convokit(
    slug: SlugArgument,
    folder: Annotated[Path, typer.Argument(help="Folder to write; it is created and must be empty or not there.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the dialogues of a corpus as a ConvoKit folder: utterances, speakers, conversations, their labels.

    The folder is there when everything is written, never half of it. The corpus' licence goes with it: its texts may
    not be passed on where the card says so.

    Example:

        thymos data convokit meld friends-convokit
    """
    from thymos.corpora.convokit import write_convokit
    from thymos.corpora.dialogue import dialogues_of
    from thymos.corpora.registry import load_corpus

    corpus = load_corpus(slug, data)
    dialogues = dialogues_of(corpus)
    about = corpus.card.model_dump(mode="json", include={"slug", "title", "source", "citation", "licence"})
    write_convokit(
        dialogues, folder, meta={**about, "redistribution": corpus.card.redistribution, "sha256": corpus.sha256}
    )
    speakers = {one.speaker.name for dialogue in dialogues for one in dialogue}
    written = {"folder": str(folder), "conversations": len(dialogues), "utterances": sum(map(len, dialogues)),
               "speakers": len(speakers), **about, "redistribution": corpus.card.redistribution}  # fmt: skip
    if as_json:
        _print_json(written)
        return
    console = Console(emoji=False)
    counts = ", ".join(f"{written[what]:,} {what}" for what in ("conversations", "utterances", "speakers"))
    console.print(f"written: {folder} ({counts})", highlight=False, soft_wrap=True, markup=False)
    keep = "" if corpus.card.redistribution else "; not to be passed on"
    console.print(f"licence: {corpus.card.licence}{keep}", highlight=False, soft_wrap=True, markup=False)


# -- rendering --------------------------------------------------------------------------------------------------------


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _folder(slug: str, data: Path | None) -> Path | None:
    from thymos.corpora.registry import corpus_folder

    try:
        return corpus_folder(slug, data)
    except Unavailable:
        return None


def _print_checks(rows: list[dict[str, Any]], errors: dict[str, str], *, whole: bool) -> None:
    """One corpus: every count. Several: a line a corpus. Then every difference with its reason."""
    console = Console()
    if rows:
        console.print(_count_table(rows) if whole else _summary_table(rows))
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row["verdict"] != "agrees":
            found = "" if row["found"] is None else f" {row['found']:,} for {row['published']:,}"
            reasons.setdefault((row["corpus"], row["verdict"], row["note"]), []).append(row["what"] + found)
    for (corpus, verdict, note), counts in reasons.items():
        why = f" ({escape(note)})" if note else " [red](no reason known)[/]" if verdict == "differs" else ""
        style = VERDICT_STYLE[verdict]
        console.print(f"[bold]{corpus}[/] [{style}]{verdict}[/]: {escape('; '.join(counts))}{why}", highlight=False)
    for corpus, error in errors.items():
        console.print(f"[bold]{corpus}[/] [red]cannot be read[/]: {escape(error)}", soft_wrap=True, highlight=False)


def _count_table(rows: list[dict[str, Any]]) -> Table:
    table = Table("count of", "published", "found", "verdict", title=f"Published counts of {rows[0]['corpus']}")
    for column in (1, 2):
        table.columns[column].justify = "right"
    for row in rows:
        found = "-" if row["found"] is None else f"{row['found']:,}"
        style = VERDICT_STYLE[row["verdict"]]
        table.add_row(escape(row["what"]), f"{row['published']:,}", found, f"[{style}]{row['verdict']}[/]")
    return table


def _summary_table(rows: list[dict[str, Any]]) -> Table:
    table = Table("corpus", *VERDICT_STYLE, title="Published counts (thymos data check CORPUS shows each)")
    table.columns[0].no_wrap = True
    for corpus in dict.fromkeys(row["corpus"] for row in rows):
        own = [row["verdict"] for row in rows if row["corpus"] == corpus]
        counts = {verdict: own.count(verdict) for verdict in VERDICT_STYLE}
        table.add_row(corpus, *(f"[{VERDICT_STYLE[v]}]{n}[/]" if n else "" for v, n in counts.items()))
    return table


def _split_line(split: dict[str, Any]) -> str:
    parts = [f"{part} {count:,}" for part, count in split["parts"].items()]
    parts += [f"in no part {split['unassigned']:,}"] if split["unassigned"] else []
    doubled = split["texts_in_several_parts"]
    warning = f"; [yellow]{doubled:,} texts stand in several parts[/]" if doubled else ""
    return (
        f"[bold]split {escape(split['name'])}[/] ({split['hash'][:12]}): {', '.join(parts)}; "
        f"{escape(split['guarantee'])}{warning}"
    )


def _scheme_table(scheme: dict[str, Any]) -> Table:
    if scheme["range"]:
        table = Table("axis", "mean", "sd")
        for label, values in scheme["labels"].items():
            table.add_row(escape(label), f"{values['mean']:.2f}", f"{values['sd']:.2f}")
        return table
    table = Table("label", "share of ratings")
    for label, share in sorted(scheme["labels"].items(), key=lambda pair: -pair[1]):
        table.add_row(escape(label), f"{share:6.1%}")
    return table


def _scheme_line(scheme: dict[str, Any]) -> str:
    raters = "1 rater" if scheme["raters"] == 1 else f"{scheme['raters']:,} raters"
    who = "identified" if scheme["raters_identified"] else "anonymous slots"
    scale = f", range {scheme['range'][0]:g}..{scheme['range'][1]:g}" if scheme["range"] else ""
    return (
        f"[bold]scheme {escape(scheme['name'])}[/]: {scheme['kind']}, {scheme['construct']}{scale}; "
        f"{scheme['ratings']:,} ratings of {scheme['items']:,} items by {raters} ({who})"
    )


def _example_table(examples: list[dict[str, str]]) -> Table:
    table = Table("field", *(f"item {number}" for number in range(1, len(examples) + 1)), title="First fields (cut)")
    for name in examples[0]:
        table.add_row(escape(name), *(escape(example[name]) for example in examples))
    return table
