"""``thymos analyze``: emotion over time from texts, dialogues, voices, faces, scenes and wristbands."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos.commands.bars import Bars
from thymos.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from thymos.perceive.analysis.run import Analysis

PRINTED_ROWS = 20
PRINTED_LABELS = 3
SOME_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("analyze")(analyze)


def analyze(
    files: Annotated[
        list[Path],
        typer.Argument(help="Texts, dialogues, recordings, pictures, videos, E4 folders, or folders of these."),
    ],
    use: Annotated[
        str,
        typer.Option(
            "--use",
            help="What it is for: needed for voices, faces and bodies; hiring, schooling and policing are refused.",
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Table: .csv, .parquet, .xml (EmotionML), or an audformat folder (default: print)."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="csv, parquet, emotionml, audformat or openface (default: by the ending).")
    ] = "",
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture over time: .png, .svg, or .html.")] = None,
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", help="Only this signal (repeatable): text, speech, face, scene, physiology."),
    ] = None,
    frames: Annotated[float, typer.Option("--frames", help="Pictures of a video that are looked at, a second.")] = 2.0,
    window: Annotated[float, typer.Option("--window", help="Seconds of voice that are judged at once, at most.")] = 4.0,
    dialogue: Annotated[
        bool, typer.Option("--dialogue", help="Read every file as a dialogue, also where it does not look like one.")
    ] = False,
    causes: Annotated[
        int, typer.Option("--causes", min=0, help="Dialogues: cause words a turn, at most; 0 is several times faster.")
    ] = 3,
    personality: Annotated[
        str, typer.Option("--personality", help="Dialogues: o,c,e,a,n in 0..1 of whoever speaks next.")
    ] = "",
    rate: Annotated[
        float, typer.Option("--rate", help="Dialogues: how far the next emotion moves toward the partner's, 0..1.")
    ] = 0.5,
    selector: Annotated[
        Path | None,
        typer.Option("--selector", help="Dialogues: folder of `thymos train next_emotion`, instead of the rule."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Emotion over time as a table and a plot.

    One row is a stretch of time of one signal: a piece of speech, a face in a frame, a window of a wristband. What is
    too poor to judge is marked with the reason, not guessed. Files that cannot be used are listed at the end and the
    exit status is 1; the others are done. An interrupted run with --out goes on where it stopped.

    Dialogues are read turn by turn: emotions with probabilities, shifts, the words that the answer hangs on, and a
    suggestion for each speaker's next emotion (on PELD nothing beats saying the last emotion again, so it is no
    forecast). Dialogues are .jsonl, .srt and .ass files, tables with a column of texts and one of speakers, and .txt
    files that look like a chat: an export of WhatsApp, or lines "Name: text". --dialogue reads any file as one,
    --signal text reads a .txt or .csv file line by line. Beside other files, a dialogue gives its rows to the common
    table.

    How far the recognizers can be trusted on people they have not seen: docs/studies/media_recognizers.md.

    Examples:

        thymos analyze talk.wav --use "research with consenting adults" --plot talk.html

        thymos analyze clips/ --use "own recordings" --signal face --out faces.csv --format openface

        thymos analyze diary.txt --out diary.parquet

        thymos analyze chat.txt --plot chat.html

        thymos analyze talks.csv --dialogue --out turns.csv --personality 0.6,0.5,0.4,0.7,0.3
    """
    if _are_dialogues(files, use, signal, frames, window, forced=dialogue):
        from thymos.commands.dialogues import run_dialogues
        from thymos.perceive.analysis.kinds import expand
        from thymos.respond.conversation import NextWishes
        from thymos.respond.next_emotion import personality_of

        if form:
            raise BadInput("dialogues have no other formats", where="--format", mend="name a .csv or .parquet file")
        next_wishes = NextWishes(personality_of(personality), rate, selector or "")
        if run_dialogues(expand(files), next_wishes, causes=causes, use=use, out=out, plot=plot, as_json=as_json):
            raise typer.Exit(SOME_FAILED)
        return
    from thymos.perceive.analysis.formats import format_of, write_timeline
    from thymos.perceive.analysis.run import Wishes, checked_files
    from thymos.perceive.analysis.run import analyze as run

    wishes = Wishes(use, tuple(signal or ()), frames, window)  # type: ignore[arg-type]
    if out is not None:
        format_of(out, form)
    elif form:
        raise BadInput("a format needs a file", where="--format", mend="name it with --out")
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".html"):
        raise BadInput("the plot must be .png, .svg or .html", where=plot, mend="choose another ending")
    paths = checked_files(files, wishes)
    parts = None if out is None else out.with_name(f".{out.name}.parts")
    errors = Console(stderr=True, emoji=False)
    with Bars(errors) as bars:
        found = run(paths, wishes, parts=parts, progress=bars.progress("files"))
    written = []
    if out is not None and len(found.table):
        written.append(write_timeline(found.table, out, name=form))
    if plot is not None and len(found.table):
        from thymos.report.timeline_page import write_timeline_plot

        written.append(write_timeline_plot(found, plot))
    if parts is not None:
        shutil.rmtree(parts, ignore_errors=True)
    if as_json:
        print(_as_json(found))
    elif out is None:
        _print(found.table, Console(emoji=False))
    for path in written:
        Console(stderr=as_json, emoji=False).print(f"written: {path}", highlight=False, soft_wrap=True, markup=False)
    for one in found.failures:
        errors.print(f"[red]not used:[/] {escape(one.reason)}", highlight=False, soft_wrap=True)
    if found.failures:
        errors.print(f"{found.files} files, {len({one.file for one in found.failures})} of them with errors")
        raise typer.Exit(SOME_FAILED)


def _are_dialogues(
    files: list[Path], use: str, signal: list[str] | None, frames: float, window: float, *, forced: bool
) -> bool:
    """Whether all files are dialogues; checks the purpose and the wishes first.

    Raises:
        BadInput: a refused purpose, an impossible wish, ``--dialogue`` beside a signal that is not text.
    """
    from thymos.perceive.analysis.kinds import expand
    from thymos.perceive.analysis.run import Wishes
    from thymos.perceive.analysis.texts import is_read_as_dialogue
    from thymos.perceive.intended_use import declare_use

    wishes = Wishes(use, tuple(signal or ()), frames, window)  # type: ignore[arg-type]
    declare_use(use, "text")
    if forced and signal:
        raise BadInput("a dialogue has no other signals", where="--dialogue", mend="leave --signal out")
    if forced:
        return True
    if signal and "text" not in signal:
        return False
    return all(path.is_file() and is_read_as_dialogue(path, wishes) for path in expand(files))


def _as_json(found: "Analysis") -> str:
    rows = json.loads(found.table.to_json(orient="records", double_precision=4))
    failures = [asdict(one) for one in found.failures]
    return json.dumps({"use": found.use, "rows": rows, "failures": failures}, ensure_ascii=False, indent=1)


def _print(table: "pd.DataFrame", console: Console) -> None:
    from thymos.perceive.timeline import OK, label_columns

    if len(table) == 0:
        console.print("nothing was found")
        return
    labels = label_columns(table)
    shown = Table(box=None, pad_edge=False)
    for name in ("file", "seconds", "what", "most probable", "valence", "arousal"):
        shown.add_column(name, justify="right" if name in ("valence", "arousal") else "left", overflow="fold")
    for row in table.head(PRINTED_ROWS).to_dict("records"):
        best = sorted((label for label in labels if row[label] == row[label]), key=lambda label: -row[label])
        words = ", ".join(f"{label} {row[label]:.2f}" for label in best[:PRINTED_LABELS])
        numbers = ["" if row[name] != row[name] else f"{row[name]:+.2f}" for name in ("valence", "arousal")]
        what = f"{row['signal']} {row['track']}".strip()
        told = words if row["quality"] == OK else f"({row['quality']})"
        seconds = f"{row['start']:.1f}-{row['end']:.1f}" if row["end"] > row["start"] else ""
        shown.add_row(*map(escape, (Path(row["file"]).name, seconds, what, told, *numbers)))
    console.print(shown)
    if len(table) > PRINTED_ROWS:
        console.print(f"... {len(table) - PRINTED_ROWS} more rows; write all of them with --out", style="dim")
