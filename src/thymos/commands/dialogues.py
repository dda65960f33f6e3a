"""The part of ``thymos analyze`` that reads dialogues: printing, files, JSON."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos.commands.bars import Bars
from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.perceive.kept_reading import KeptTextReader
from thymos.perceive.text_reading import TextReader
from thymos.respond.conversation import NextWishes, ReadDialogue, ReadDialogues, analyze_dialogues
from thymos.respond.next_emotion import HONEST

if TYPE_CHECKING:
    from thymos.perceive.dialogue.reading import Reading

PRINTED_TURNS = 40
PRINTED_LABELS = 2
TEXT_LETTERS = 60
TABLES = (".csv", ".parquet")


def run_dialogues(
    paths: list[Path], wishes: NextWishes, *, causes: int, use: str, out: Path | None, plot: Path | None, as_json: bool
) -> bool:
    """Analyze, write and print; True where some file could not be used.

    Raises:
        BadInput: an ending of ``out`` or ``plot`` that dialogues are not written as.
    """
    if out is not None and out.suffix.lower() not in TABLES:
        raise BadInput("dialogues are written as .csv or .parquet", where=out, mend="choose another ending")
    if plot is not None and plot.suffix.lower() != ".html":
        raise BadInput("dialogues are drawn as a page", where=plot, mend="let the name end in .html")
    errors, console = Console(stderr=True, emoji=False), Console(emoji=False)
    # What is judged stays beside the table until it is written: a stopped run goes on from there.
    parts = None if out is None else out.with_name(f".{out.name}.parts")
    reader = None if parts is None else KeptTextReader(TextReader(), parts / "judged.sqlite")
    with Bars(errors) as bars:
        found = analyze_dialogues(
            paths, wishes=wishes, causes=causes, reader=reader, use=use, progress=bars.progress("turns")
        )
    written = _write(found, out, plot) if found.dialogues else []
    if reader is not None and parts is not None:
        reader.close()
        shutil.rmtree(parts, ignore_errors=True)
    if as_json:
        print(json.dumps(json_of(found), ensure_ascii=False, indent=1))
    elif out is None:
        for dialogue in found.dialogues:
            _print(dialogue, console, several=len(found.dialogues) > 1)
        if found.dialogues:
            console.print(HONEST, style="dim", highlight=False)
    for path in written:
        Console(stderr=as_json, emoji=False).print(f"written: {path}", highlight=False, soft_wrap=True, markup=False)
    for reason, number in found.left_out.items():
        errors.print(f"left out: {number} {reason}", highlight=False, markup=False)
    for one in found.failures:
        errors.print(f"[red]not used:[/] {escape(one.reason)}", highlight=False, soft_wrap=True)
    return bool(found.failures)


def _write(found: ReadDialogues, out: Path | None, plot: Path | None) -> list[Path]:
    written = []
    if out is not None:
        table = found.table
        content: Any = (
            table.to_parquet(index=False)
            if out.suffix.lower() == ".parquet"
            else table.to_csv(index=False, float_format="%.4f")
        )
        written.append(write_atomically(out, content))
    if plot is not None:
        from thymos.report.dialogue_page import write_dialogue_page

        written.append(write_dialogue_page(found, plot))
    return written


def json_of(found: ReadDialogues) -> dict[str, Any]:
    """Everything that was found, for ``--json``."""
    table = found.table
    rows = json.loads(table.to_json(orient="records", double_precision=4)) if len(table) else []
    nexts = [
        {"file": dialogue.file, "dialogue": dialogue.name, **asdict(one)}
        for dialogue in found.dialogues
        for one in dialogue.nexts
    ]
    failures = [asdict(one) for one in found.failures]
    return {"use": found.use, "turns": rows, "next": nexts, "left_out": found.left_out, "failures": failures}


def _print(dialogue: ReadDialogue, console: Console, *, several: bool) -> None:
    if several:
        console.print(f"{Path(dialogue.file).name}: {dialogue.name}", style="bold", highlight=False, markup=False)
    shown = Table(box=None, pad_edge=False)
    for name in ("turn", "speaker", "text", "emotion", "valence", "shift", "cause words"):
        right = name in ("turn", "valence", "shift")
        shown.add_column(name, justify="right" if right else "left", overflow="fold")
    for one in dialogue.readings[:PRINTED_TURNS]:
        shown.add_row(*map(escape, _cells(one)))
    console.print(shown)
    if len(dialogue.readings) > PRINTED_TURNS:
        more = len(dialogue.readings) - PRINTED_TURNS
        console.print(f"... {more} more turns; write all of them with --out or --plot", style="dim")
    for suggested in dialogue.nexts:
        told = suggested.emotion or f"nothing ({suggested.reason})"
        who = suggested.speaker or "the others"
        console.print(f"suggested next for {who}: {told}", highlight=False, markup=False, soft_wrap=True)


def _cells(one: "Reading") -> tuple[str, ...]:
    text = " ".join(one.utterance.text.split())
    text = text if len(text) <= TEXT_LETTERS else f"{text[: TEXT_LETTERS - 1]}…"
    who = one.utterance.speaker.name
    if one.point is None:
        return str(one.turn + 1), who, text, f"({one.quality})", "", "", ""
    own = one.own_shift
    shift = f"{own.distance:.2f}{' !' if own.marked else ''}" if own is not None else ""
    causes = ", ".join(f"{word.word}" if word.place == "own" else f"[{word.word}]" for word in one.causes)
    return str(one.turn + 1), who, text, told_emotion(one), f"{one.point[0]:+.2f}", shift, causes


def told_emotion(one: "Reading") -> str:
    """The labels that reach their thresholds, or the most probable one with a question mark."""
    return ", ".join(one.labels[:PRINTED_LABELS]) or f"{one.best}?"
