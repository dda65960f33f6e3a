"""Every benchmark in one run, and one table at the end: what was measured, beside what, and whether the bar holds.

Run with ``make bench``. Exit status 1 where a bar is missed; a benchmark whose data or model is not on this machine is
skipped and says so. The numbers of one run belong to one machine: compare the ratios, not the seconds.
"""

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """One line of the table; ``holds`` is None where a benchmark has no bar."""

    what: str
    ours: str
    peer: str
    result: str
    bar: str
    holds: bool | None


def aggregation(found: dict[str, Any]) -> list[Line]:
    """Ten million ratings: seconds and memory, no peer."""
    seconds = {name: found[f"{name}_seconds"] for name in ("build", "distribution", "plurality", "alpha")}
    parts = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
    what = f"aggregation of {found['ratings']:,} ratings"
    return [Line(what, f"{sum(seconds.values()):.1f} s", "", f"{parts}; peak {found['peak_gb']:.1f} GB", "none", None)]


def bootstrap(found: dict[str, Any]) -> list[Line]:
    """Clustered bootstrap against scipy; cases without a bar are named so."""
    lines = []
    for row in found["rows"]:
        bar = None if "no bar" in row["case"] else float(found["bar"])
        holds = row["same_interval"] and (bar is None or row["ratio"] >= bar)
        same = f"limits {row['apart_in_standard_errors']:.3f} SE apart"
        lines.append(
            Line(
                f"bootstrap, {row['case'].replace(' (no bar)', '')}",
                f"{row['seconds']:.3f} s",
                f"scipy {row['scipy_seconds']:.2f} s",
                f"{row['ratio']:.1f}x, {same}",
                "same interval" if bar is None else f"{bar:.0f}x, same interval",
                holds,
            )
        )
    return lines


def krippendorff_alpha(found: dict[str, Any]) -> list[Line]:
    """Alpha against the krippendorff package."""
    return [
        Line(
            f"krippendorff alpha, {level}",
            f"{found[level]['seconds'] * 1000:.2f} ms",
            f"krippendorff {found[level]['package_seconds'] * 1000:.2f} ms",
            f"{found[level]['times_faster']:.1f}x, difference {found[level]['difference']:.1e}",
            "1x, equal to 1e-9",
            bool(found[level]["equal"] and found[level]["times_faster"] >= 1),
        )
        for level in ("nominal", "ordinal", "interval")
    ]


def score_options(found: dict[str, Any]) -> list[Line]:
    """Options that share a prefix against the naive loop."""
    return [
        Line(
            f"score {found['options']} options after {found['prefix_tokens']} tokens",
            f"{found['thymos_seconds']:.2f} s",
            f"naive loop {found['naive_seconds']:.2f} s",
            f"{found['ratio']:.1f}x, difference {found['max_abs_difference']:.1e}",
            "4x, equal to 1e-4",
            bool(found["passed"]),
        )
    ]


def harness_options(found: dict[str, Any]) -> list[Line]:
    """Options of whole items against lm-evaluation-harness."""
    peer = found["harness_seconds"][str(found["harness_batch_size"])]
    return [
        Line(
            f"score {found['options']} options of {found['items']} items",
            f"{found['items'] / found['thymos_seconds']:.1f} items/s",
            f"lm-eval {found['items'] / peer:.1f} items/s (batch size {found['harness_batch_size']})",
            f"{found['ratio']:.1f}x, difference {found['max_abs_difference']:.1e}",
            "3x, equal to 1e-3",
            bool(found["passed"]),
        )
    ]


def generate(found: dict[str, Any]) -> list[Line]:
    """Greedy generation against plain transformers."""
    return [
        Line(
            f"generate {found['tokens']} tokens, batch size {found['batch_size']}",
            f"{found['tokens'] / found['thymos_seconds']:.0f} tokens/s",
            f"transformers {found['tokens'] / found['plain_seconds']:.0f} tokens/s",
            f"{found['ratio']:.1f}x, {found['equal_replies']:.0%} equal replies",
            "1x, 95 % equal",
            bool(found["passed"]),
        )
    ]


def head_importance(found: dict[str, Any]) -> list[Line]:
    """Attention heads' importance from one pass against one run a head."""
    return [
        Line(
            f"importance of {found['heads']} heads, {found['prompts']} prompts",
            f"{found['thymos_seconds']:.2f} s",
            f"one run a head {found['one_run_a_head_seconds']:.1f} s",
            f"{found['ratio']:.0f}x, difference {found['max_abs_difference']:.1e}",
            "50x, equal to 1e-4",
            bool(found["passed"]),
        )
    ]


def speech_features(found: dict[str, Any]) -> list[Line]:
    """Features of an hour of speech against opensmile, and memory that does not grow with the length."""
    hour = {row["system"]: row for row in found["rows"]}  # the last row of a system is its longest file
    ours, peer = hour["thymos"], hour.get("opensmile")
    speed = f"real-time factor {ours['real_time_factor']:.4f}"
    lines = [
        Line(
            f"speech features, {ours['minutes']} min",
            f"{ours['seconds']:.1f} s",
            "" if peer is None else f"opensmile {peer['seconds']:.1f} s",
            speed if peer is None else f"{found['ratio']:.1f}x, {speed}",
            "none" if peer is None else "1x",
            None if peer is None else found["ratio"] >= 1,
        )
    ]
    grown = f"{found['growth_mb']:+.0f} MB from {found['rows'][0]['minutes']} to {ours['minutes']} min"
    beside = "" if peer is None else f"opensmile {peer['peak_mb']:.0f} MB ({found['peer_growth_mb']:+.0f} MB)"
    return [
        *lines,
        Line("speech features, memory", f"{ours['peak_mb']:.0f} MB", beside, grown, "+30 MB", found["flat"]),
    ]


def faces(found: dict[str, Any]) -> list[Line]:
    """Faces of ten minutes of video against a plain OpenCV loop, and memory that does not grow with the length."""
    longest = {row["system"]: row for row in found["rows"]}  # the last row of a system is its longest file
    ours, peer = longest["thymos"], longest["plain loop"]
    return [
        Line(
            f"faces of {ours['minutes']} minutes of video",
            f"{ours['faces_a_second']:.1f} faces a second",
            f"plain OpenCV loop {peer['faces_a_second']:.1f}",
            f"{found['ratio']:.1f}x; {found['growth_mb']:+.0f} MB against one minute",
            "1x, memory flat",
            found["ratio"] >= 1 and found["flat"],
        )
    ]


def text_recognizer(found: dict[str, Any]) -> list[Line]:
    """The recognizer of emotions in texts against the plain pipeline."""
    ours, plain = found["rows"]["thymos"], found["rows"]["pipeline"]
    return [
        Line(
            f"{found['texts']:,} utterances",
            f"{found['texts'] / ours['seconds']:.0f} a second, peak {ours['peak_mb']:.0f} MB",
            f"transformers pipeline {found['texts'] / plain['seconds']:.0f}, peak {plain['peak_mb']:.0f} MB",
            f"{found['ratio']:.1f}x; {found['batched_ratio']:.1f}x where the pipeline gets batches of 32",
            "3x",
            found["ratio"] >= 3,
        )
    ]


def studio_load(found: dict[str, Any]) -> list[Line]:
    """Fifty chats at once against the studio; what the server adds to a reply."""
    return [
        Line(
            f"{found['chats']} chats for {found['seconds']:.0f} s, {row['database']}",
            f"p95 {row['overhead_p95_ms']:.0f} ms",
            "",
            f"{row['messages']:,} messages, none lost; p50 {row['overhead_p50_ms']:.0f} ms",
            f"p95 < {found['bar_ms']:.0f} ms",
            row["overhead_p95_ms"] < found["bar_ms"],
        )
        for row in found["rows"]
    ]


def companion_first_token(found: dict[str, Any]) -> list[Line]:
    """How long the companion lets a person wait."""
    return [
        Line(
            f"companion, {kind}, talk of {found['tokens']} tokens",
            f"first token {row['first_token_median']:.2f} s",
            "",
            f"worst {row['first_token_worst']:.2f} s; first sentence {row['first_sentence_median']:.2f} s",
            f"{found['bar_seconds']:.0f} s",
            row["first_token_worst"] <= found["bar_seconds"],
        )
        for kind, row in found["rows"].items()
    ]


BENCHMARKS: dict[str, Callable[[dict[str, Any]], list[Line]]] = {
    "bootstrap": bootstrap,
    "krippendorff_alpha": krippendorff_alpha,
    "score_options": score_options,
    "harness_options": harness_options,
    "generate": generate,
    "head_importance": head_importance,
    "aggregation": aggregation,
    "speech_features": speech_features,
    "faces": faces,
    "text_recognizer": text_recognizer,
    "studio_load": studio_load,
    "companion_first_token": companion_first_token,
}


def lines_of(name: str, found: dict[str, Any]) -> list[Line]:
    """The lines of one benchmark, or one that says why it was skipped."""
    if "skipped" in found:
        return [Line(name, "", "", f"skipped: {found['skipped']}", "", None)]
    return BENCHMARKS[name](found)


def table_of(lines: list[Line]) -> Table:
    """All lines as a terminal table."""
    table = Table(title="Benchmarks, all in this run", title_justify="left")
    for name in ("what", "thymos", "beside", "result", "bar", "holds"):
        table.add_column(name, overflow="fold")
    for line in lines:
        holds = "" if line.holds is None else ("yes" if line.holds else "[red]NO[/]")
        table.add_row(line.what, line.ours, line.peer, line.result, line.bar, holds)
    return table


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; with ``--json FILE`` the numbers are kept."""
    # The benchmarks lie beside this file and are also run one by one, so they are modules and not a package.
    sys.path.insert(0, str(Path(__file__).parent))
    json_file = Path(arguments[arguments.index("--json") + 1]) if "--json" in arguments else None
    names = [name for name in arguments if name in BENCHMARKS] or list(BENCHMARKS)
    found = {}
    for name in names:
        print(f"--- {name}", flush=True)
        found[name] = importlib.import_module(name).main()
    lines = [line for name in names for line in lines_of(name, found[name])]
    console = Console()
    (console if console.is_terminal else Console(width=150)).print(table_of(lines))
    if json_file is not None:
        json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(line.holds is False for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
