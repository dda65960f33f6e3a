"""A study small enough to be killed and started again in a test; every piece of work leaves a line in a log.

Run as a script (``small_study.py OUTPUT LOG PAUSE``) it is the process that the tests kill.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.corpora.card import Card
from thymos.corpora.corpus import Corpus
from thymos.studies.contract import Arm, Claim, Context, Finding, Results, Row, RowKind, Settings, Study, Verdict

STEPS = 6


def corpus() -> Corpus:
    """Ten generated items."""
    card = Card(
        slug="ten_items",
        title="Ten items",
        description="generated for tests",
        source="tests",
        citation="none",
        licence="Apache-2.0",
        redistribution=True,
        consent_basis="no people",
        intended_use="tests",
        prohibited_use="anything else",
        languages=("en",),
    )
    items = pd.DataFrame({"value": range(10)}, index=pd.Index([f"i{k}" for k in range(10)], name="item"))
    return Corpus("ten_items", items, None, {}, card, "ab" * 32, simulated=True)


def small_study(log: Path, pause: float = 0.0) -> Study:
    """Three arms: a floor with a table, a system of several steps, an arm that uses what the others kept."""

    def note(what: str) -> None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
        time.sleep(pause)

    def row(system: str, kind: RowKind, value: float) -> Row:
        return Row(system, kind, "accuracy", "test", value, 10, "no split", low=value - 0.1, high=value + 0.1)

    def floor(ctx: Context) -> list[Row]:
        def draw() -> pd.DataFrame:
            note("table draws")
            return pd.DataFrame({"draw": np.random.default_rng(ctx.settings.seed).random(50)})

        table = ctx.table("draws", draw)
        return [row("guess", RowKind.FLOOR, float(table["draw"].mean()))]

    def system(ctx: Context) -> list[Row]:
        values = []
        for step in range(STEPS):

            def compute(step: int = step) -> dict[str, float]:
                note(f"step {step}")
                return {"value": float(np.random.default_rng((ctx.settings.seed, step)).random())}

            values.append(ctx.step(f"part {step}", compute)["value"])
        return [row("parts", RowKind.SYSTEM, float(np.mean(values)))]

    def ceiling(ctx: Context) -> list[Row]:
        note("ceiling")
        return [row("one rater", RowKind.CEILING, 1.0 + len(ctx.corpus("ten_items").items) / 1000)]

    def above(results: Results) -> Finding:
        gain = results.value(system="parts") - results.value(kind="floor")
        return Finding(Verdict.HOLDS if gain > 0 else Verdict.NOT_SHOWN, f"gain {gain!r}")

    return Study(
        slug="small_study",
        card=0,
        title="Small",
        question="Does it go on?",
        corpora=(),
        bundled=(corpus,),
        arms=(
            Arm("guess", RowKind.FLOOR, floor, "a mean of random numbers"),
            Arm("parts", RowKind.SYSTEM, system, "work in steps"),
            Arm("one rater", RowKind.CEILING, ceiling, "a constant"),
        ),
        claims=(Claim("The parts are above the floor", above),),
        paper="none",
        simulated=True,
    )


if __name__ == "__main__":
    from thymos.studies import runner

    # The package may be edited while the tests run; a change of code is a new run, and is tested elsewhere.
    runner.code_sha256 = lambda: "0" * 64
    runner.run_study(small_study(Path(sys.argv[2]), float(sys.argv[3])), Settings(output=Path(sys.argv[1])))
