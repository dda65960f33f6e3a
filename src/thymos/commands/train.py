"""``thymos train``: train and measure a recognizer that ships, on your own copy of its corpus."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from thymos.errors import BadInput

# Where each is trained: a function (data folder, out folder) -> scores by name.
TRAINERS = {
    "text": ("thymos.perceive.text_training", "train_text_recognizer"),
    "emotions": ("thymos.perceive.text_emotions_training", "train_emotions_recognizer"),
    "speech": ("thymos.perceive.speech.training", "train_speech_recognizer"),
    "face": ("thymos.perceive.face.shipping", "train_face_recognizer"),
    "scene": ("thymos.perceive.scene.training", "train_scene_regressor"),
    "physiology": ("thymos.perceive.physiology.training", "train_stress_recognizer"),
    "next_emotion": ("thymos.respond.transition_training", "train_next_emotion"),
    "guard": ("thymos.respond.guard.training", "train_guard"),
    "planner": ("thymos.respond.companion.planner_training", "train_planner"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    signal: Annotated[str, typer.Argument(help=f"Which recognizer: {', '.join(TRAINERS)}.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the recognizer.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with the corpora (default: THYMOS_DATA, then ../shared/data).")
    ] = None,
) -> None:
    """Train a recognizer as the one that ships was trained, measure it on people it has not seen, and save it.

    The folder holds numbers (safetensors), settings (JSON) and a card with the scores; load it with
    thymos.perceive.saving.load_recognizer.

    Examples:

        thymos train physiology --out my-stress --data ~/corpora

        thymos train text --out my-texts
    """
    if signal not in TRAINERS:
        raise BadInput(f"there is no recognizer {signal!r}", mend=f"use one of: {', '.join(TRAINERS)}")
    module, name = TRAINERS[signal]
    function = getattr(importlib.import_module(module), name)
    scores = trained(function, data, out)
    console = Console(emoji=False)
    for metric, value in scores.items():
        console.print(f"{metric}: {value:.3f}", highlight=False)
    console.print(f"written: {out}", highlight=False, soft_wrap=True, markup=False)


def trained(function: Callable[..., dict[str, float]], data: Path | None, out: Path) -> dict[str, float]:
    """Train with a bar where the function reports its steps, else with a sign that something goes on."""
    console = Console(stderr=True, emoji=False)
    if "progress" not in inspect.signature(function).parameters:
        with console.status("training and measuring"):
            return function(data, out)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task("training", total=None)
        return function(data, out, progress=lambda done, steps: bars.update(bar, completed=done, total=steps))
