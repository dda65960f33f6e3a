"""``thymos judge``: the judge of expressed emotion: hear texts, or train and measure it on your own copy of SEV."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

app = typer.Typer(no_args_is_help=True, help="The judge of expressed emotion: hear texts, train it, measure it.")

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder with the corpora (default: THYMOS_DATA, then ../shared/data).")
]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="judge")


@app.command("texts")
def texts(
    table: Annotated[Path, typer.Argument(help="CSV, TSV or Parquet file with the texts.")],
    column: Annotated[str, typer.Option(help="Its column of texts.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="CSV file for the probabilities (default: print).")] = None,
    use: Annotated[str, typer.Option("--use", help="What it is for; hiring, schooling and policing are refused.")] = "",
    data: DataOption = None,
) -> None:
    """Say which of six emotions each text expresses in its style, or none.

    A classifier trained on replies of one language model: its measured error is printed with the result, and is not
    known for texts of people.

    Example:

        thymos judge texts replies.csv --column reply --out heard.csv
    """
    if use:
        from thymos.corpora.card import check_intended_use

        check_intended_use(use)
    from thymos.assess.expression.judge_training import load_judge
    from thymos.files import write_atomically
    from thymos.tabular import read_cells, require_columns

    cells = read_cells(table)
    require_columns(cells, [column], where=str(table))
    judge = load_judge(data)
    found = judge.probabilities(cells[column].tolist())
    found.insert(0, "expressed", judge.predict(cells[column].tolist()).to_numpy())
    found.index = cells.index.rename("line")
    errors = Console(stderr=True)
    for row in judge.measured_.to_dict("records"):
        if row["metric"] == "match_agreement" and row["subset"] == "steered" and row["kind"] == "system":
            errors.print(
                f"{escape(judge.name)}: agrees with the judge it was trained on in {row['value']:.3f} "
                f"[{row['low']:.3f}, {row['high']:.3f}] of unseen steered replies",
                style="dim",
                highlight=False,
            )
    content = found.to_csv(float_format="%.4f")
    if out is None:
        print(content, end="")
    else:
        Console().print(f"written: {write_atomically(out, content)}", highlight=False, soft_wrap=True)


@app.command("train")
def train(
    out: Annotated[Path, typer.Option("--out", help="Folder of the judge.")],
    recipe: Annotated[str, typer.Option(help="vectors (the one that ships), words or pooled, and their ablations.")]
    = "vectors",
    data: DataOption = None,
) -> None:  # fmt: skip
    """Train a judge on the released replies of the corpus sev and measure it on scenarios that it did not see.

    Example:

        thymos judge train --recipe vectors --out my-judge --data ~/corpora
    """
    from thymos.assess.expression.judge_training import train_judge
    from thymos.corpora.registry import load_corpus

    console = Console()
    with Console(stderr=True).status("training and measuring"):
        judge = train_judge(load_corpus("sev", data), recipe=recipe, folder=out)
    for row in judge.measured_.to_dict("records"):
        if "/" not in str(row["subset"]):
            interval = f"[{row['low']:.3f}, {row['high']:.3f}]"
            console.print(
                f"{row['system']}, {row['metric']}, {row['subset']}: {row['value']:.3f} {interval}",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )
    console.print(f"judge: {out}", highlight=False, soft_wrap=True)
