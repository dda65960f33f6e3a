"""``thymos scan``: where emotion is in a language model, what writes it, how far it can be set, and at what cost."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from thymos.commands.bars import Bars
from thymos.errors import BadInput

if TYPE_CHECKING:
    from thymos.assess.scanning.pipeline import ModelScan

PAGE_FILE, SUMMARY_FILE = "scan.html", "scan.json"
SIZES = ("quick", "default", "full")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scan")(scan)


def scan(
    model: Annotated[str, typer.Argument(help="Local language model: smollm2 (embedded), a folder or hf:ORG/NAME.")],
    size: Annotated[str, typer.Option(help="quick (a try), default (minutes for a small model) or full (the study's).")]
    = "default",
    out: Annotated[Path, typer.Option("--out", help="Where scans are kept, a folder each.")] = Path("scans"),
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with the corpora; with sev in it, the judge is trained on it.")
    ] = None,
    use: Annotated[
        str, typer.Option("--use", help="What the scan is for; hiring, schooling and policing are refused.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 0,
    strength: Annotated[float, typer.Option(min=0.0, help="Length of exported vectors, 0 = as chosen for steering.")]
    = 0.0,
    dtype: Annotated[str, typer.Option(help="float32, bfloat16 or float16.")] = "float32",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:  # fmt: skip
    """Scan a language model for emotion and write one HTML report.

    Where emotions separate, by layer, with controls; which heads and neurons write them; how much a circuit carries;
    how far prompting, steering and circuit modulation reach on new scenarios, and what they cost; the axis of stress.
    Control vectors are exported as safetensors and in the GGUF form that llama.cpp reads.

    An interrupted scan loses nothing: the same command goes on where it stopped.

    Examples:

        thymos scan smollm2

        thymos scan ./my-llama --size full --out scans

        thymos scan hf:Qwen/Qwen2.5-0.5B-Instruct --dtype bfloat16 --json
    """
    if use:
        from thymos.corpora.card import check_intended_use

        check_intended_use(use)
    if size not in SIZES:
        raise BadInput(f"there is no size {size!r}", where="--size", mend=f"use {', '.join(SIZES)}")
    if model.startswith("openai:"):
        raise BadInput("an endpoint cannot be scanned: nobody can look inside", where=model, mend="use a local model")
    from thymos.assess.expression.judge_training import load_judge
    from thymos.assess.scanning.keeper import FolderKeeper
    from thymos.assess.scanning.pipeline import ModelScan
    from thymos.assess.scanning.sizes import DEFAULT, QUICK, ScanSizes
    from thymos.files import canonical_json, text_sha256
    from thymos.language.load import load_language_model
    from thymos.studies.runner import code_sha256

    errors = Console(stderr=True)
    with errors.status("loading the model"):
        loaded = load_language_model(model, dtype=dtype)
    with errors.status("loading the judge"):
        judge = load_judge(data)
    sizes = {"quick": QUICK, "default": DEFAULT, "full": ScanSizes()}[size]
    identity = [loaded.identity, vars(sizes), seed, code_sha256(), judge.name]
    folder = out / f"{loaded.name.replace('/', '-')}-{text_sha256(canonical_json(identity))[:12]}"
    with Bars(errors) as bars:
        keeper = FolderKeeper(folder, bars.progress, resamples=1_000 if size == "quick" else 10_000)
        found = ModelScan(loaded, keeper, sizes, judge, seed=seed)
        seconds = run_parts(found, bars)
    exports = export_vectors(found, folder, strength)
    about = facts(found, size, seconds)
    from thymos.report.scan_page import write_scan_page

    page = write_scan_page(found, folder / PAGE_FILE, exports=exports, about=about)
    summary = write_summary(found, folder / SUMMARY_FILE, about)
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, indent=1))
        return
    console = Console()
    print_summary(found, console)
    for name in exports:
        console.print(f"vectors: {folder / name}", highlight=False, soft_wrap=True)
    console.print(f"HTML: {page}", highlight=False, soft_wrap=True)


def run_parts(found: "ModelScan", bars: Bars) -> dict[str, float]:
    """Compute every part in order, and say after each what it took; seconds of this start by part."""
    parts: dict[str, Callable[[], Any]] = {"directions and layers": lambda: found.layers}
    if found.has_circuits:
        parts |= {
            "heads and neurons": lambda: found.components,
            "sublayers": lambda: found.sublayers,
            "circuit curves": lambda: found.curves,
        }
    else:
        bars.say("circuits: left out, attention of this model slides through a window")
    parts |= {
        "strengths": lambda: found.development,
        "replies under control": lambda: found.expression,
        "side effects": lambda: found.costs,
        "stress axis": lambda: (found.stress, found.stress_heatmaps),
    }
    seconds = {}
    for name, compute in parts.items():
        started = time.perf_counter()
        compute()
        seconds[name] = round(time.perf_counter() - started, 1)
        bars.say(f"{name}: {seconds[name]:.0f} s")
    return seconds


def export_vectors(found: "ModelScan", folder: Path, strength: float) -> list[str]:
    """Write the directions and, for every emotion, control vectors of the steered layers; names of the files."""
    from thymos.interpret.control import Steering
    from thymos.interpret.export import control_vectors, export_gguf, export_safetensors

    hint = str(found.tap.model.model.config.get_text_config().model_type).removesuffix("_text")
    chosen = strength or found.choices["steering"].strength
    names = [str(export_safetensors(found.directions, folder / "directions.safetensors").relative_to(folder))]
    for emotion in found.emotions:
        layers = [layer for layer in Steering(found.directions, emotion).chosen_layers() if layer > 0]
        vectors = control_vectors(found.directions, emotion, strength=chosen, layers=layers)
        about = {"model": found.tap.model.name, "emotion": emotion, "strength": f"{chosen:g}"}
        path = export_gguf(vectors, folder / f"control-{emotion}.gguf", hint, about)
        names.append(str(path.relative_to(folder)))
    return names


def facts(found: "ModelScan", size: str, seconds: dict[str, float]) -> dict[str, Any]:
    """What the foot of the page says."""
    from thymos.studies.runner import machine

    return {
        "model": found.tap.model.name,
        "identity": found.tap.model.identity,
        "size": size,
        "seed": found.seed,
        "judge": found.judge.name,
        "machine": machine(),
        "seconds of the last start": f"{sum(seconds.values()):.0f}",
        "circuit": f"{found.budget[0]:g} heads and {found.budget[1]:g} neurons a layer"
        if found.has_circuits
        else "none",
    }


def write_summary(found: "ModelScan", path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Every table of the scan without the replies, as JSON; written whole or not at all."""
    from thymos.files import write_atomically

    replies = found.expression.groupby(["system", "emotion"], sort=False)[["hit", "repetition"]].mean().reset_index()
    tables = {"layers": found.layers, "expression": replies, "stress": found.stress}
    tables["costs"] = found.costs.groupby(["system", "emotion", "measure"], sort=False)["value"].mean().reset_index()
    if found.has_circuits:
        tables["curves"] = found.curves
    choices = {method: vars(choice) for method, choice in found.choices.items()}
    summary = {"about": about, "choices": choices} | {
        name: json.loads(table.to_json(orient="records", double_precision=6)) for name, table in tables.items()
    }
    write_atomically(path, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    return summary


def print_summary(found: "ModelScan", console: Console) -> None:
    """The leads of the report's parts, and one table of methods."""
    from rich.table import Table

    from thymos.report.scan_page import control, separation, stress

    for part in (separation(found), stress(found)):
        console.print(f"[bold]{escape(part.title)}[/]: {escape(part.lead)}", highlight=False)
    part = control(found)
    table = Table(title=part.title, title_justify="left", title_style="bold")
    for column in part.columns:
        table.add_column(column)
    for row in part.rows:
        table.add_row(*map(escape, row))
    console.print(table)
