"""``thymos trial``: check a plan, randomize, simulate, power, and the analysis that was registered."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from thymos.commands.bars import Bars
from thymos.errors import BadInput
from thymos.files import write_atomically

PlanArgument = Annotated[Path, typer.Argument(help="The plan (YAML); see docs/how-to/run-a-trial.md.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")]
EffectOption = Annotated[list[str], typer.Option("--effect", help="ARM=SIZE in standard deviations; repeat it.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=True, help="Controlled trials; the statistics are validated on simulated ones.")
    for function in (check, randomize, simulate, power, analyze):
        group.command(function.__name__)(function)
    app.add_typer(group, name="trial")


def check(plan: PlanArgument) -> None:
    """Whether a plan can be run, and its hash.

    Examples:

        thymos trial check plan.yaml
    """
    from thymos.respond.trial import read_plan

    found = read_plan(plan)
    console = Console(emoji=False, highlight=False)
    console.print(
        f"{found.title}: {len(found.arms)} arms, {found.sample_size} {found.participants} participants", markup=False
    )
    console.print(f"primary: {found.primary.title}, {found.times[0]} to {found.times[-1]}", markup=False)
    console.print(f"hash {found.hash}", soft_wrap=True)


def randomize(
    plan: PlanArgument,
    count: Annotated[int, typer.Option("--count", min=1, help="How many places a stratum.")] = 40,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option("--out", help="A .csv file; left out: printed.")] = None,
) -> None:
    """The concealed list of arms, by stratum. Keep it and the seed from whoever enrolls people.

    Examples:

        thymos trial randomize plan.yaml --count 60 --seed 4821 --out list.csv
    """
    from itertools import product

    from thymos.respond.trial import Randomizer, read_plan

    found = read_plan(plan)
    randomizer, rows = Randomizer(found, seed), []
    for values in product(*found.strata.values()):
        stratum = dict(zip(found.strata, values, strict=True))
        rows += [stratum | {"place": place, "arm": arm} for place, arm in enumerate(randomizer.arms(count, stratum))]
    table = pd.DataFrame(rows).to_csv(index=False)
    if out is None:
        print(table, end="")
    else:
        write_atomically(out, table)


def simulate(
    plan: PlanArgument,
    out: Annotated[Path, typer.Option("--out", help="A .csv file.")],
    effect: EffectOption = [],  # noqa: B006
    dropout: Annotated[float, typer.Option("--dropout", help="Share without the last time.")] = 0.0,
    seed: SeedOption = 0,
) -> None:
    """Data of a trial with known effects; nothing follows for people.

    Examples:

        thymos trial simulate plan.yaml --effect both=-0.5 --dropout 0.2 --out simulated.csv
    """
    from thymos.respond.trial import read_plan, simulate_trial

    data = simulate_trial(read_plan(plan), effects_of(effect), seed=seed, dropout=dropout)
    write_atomically(out, data.to_csv(index=False))


def power(
    plan: PlanArgument,
    effect: EffectOption,
    arm: Annotated[str, typer.Option("--arm", help="Compared with the control.")],
    trials: Annotated[int, typer.Option("--trials", min=10)] = 500,
    n: Annotated[int | None, typer.Option("--participants", min=4, help="Default: the plan's.")] = None,
    dropout: Annotated[float, typer.Option("--dropout")] = 0.0,
    seed: SeedOption = 0,
) -> None:
    """How often the primary comparison would find an effect, by simulation.

    Examples:

        thymos trial power plan.yaml --arm both --effect both=-0.4 --participants 150
    """
    from thymos.respond.trial import power_by_simulation, read_plan

    with Bars(Console(stderr=True, emoji=False)) as bars:
        found = power_by_simulation(
            read_plan(plan), effects_of(effect), arm=arm, trials=trials, n=n, dropout=dropout, seed=seed,
            progress=bars.progress("trials"),
        )  # fmt: skip
    Console(emoji=False, highlight=False).print(
        f"power {found.power:.3f} [{found.low:.3f}, {found.high:.3f}] over {found.trials} simulated trials"
    )


def analyze(
    plan: PlanArgument,
    data: Annotated[Path, typer.Argument(help="A .csv: participant, arm, time, outcomes, strata, completed.")],
    plan_hash: Annotated[str, typer.Option("--plan-hash", help="Under which the data were gathered.")] = "",
    amended: Annotated[str, typer.Option("--amended", help="Why the plan differs from that hash.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="The effects as .csv.")] = None,
) -> None:
    """The registered analysis: flow, missing values, effects by intention to treat and per protocol.

    Examples:

        thymos trial analyze plan.yaml data.csv --plan-hash 3f2c...
    """
    from thymos.respond.trial import analyze_trial, read_plan

    try:
        table = pd.read_csv(data)
    except (OSError, ValueError) as error:
        raise BadInput(f"the data cannot be read ({type(error).__name__})", where=data) from None
    if "completed" in table:
        table["completed"] = table["completed"].astype(str).str.lower().isin(["true", "1", "yes"])
    found = analyze_trial(read_plan(plan), table, plan_hash=plan_hash, amended=amended)
    console = Console(emoji=False, highlight=False)
    for note in found.notes:
        console.print(note, style="yellow", markup=False)
    for title, frame in (
        ("participants", found.flow),
        ("missing, share", found.missing),
        ("over all arms", found.tests),
    ):
        console.print(f"\n{title}\n{frame.round(3).to_string()}", markup=False)
    shown = Table(
        "outcome", "arm", "analysis", "difference [95 %]", "p", "p, Holm", "d [95 %]", "n", title="against the control"
    )
    for one in found.effects:
        d = "" if one.d != one.d else f"{one.d:.2f} [{one.d_low:.2f}, {one.d_high:.2f}]"
        shown.add_row(
            one.outcome, one.arm, one.analysis, f"{one.estimate:.2f} [{one.low:.2f}, {one.high:.2f}]", f"{one.p:.4f}",
            f"{one.p_holm:.4f}", d, str(one.n),
        )  # fmt: skip
    console.print(shown)
    if out is not None:
        write_atomically(out, found.table().to_csv(index=False))


def effects_of(given: list[str]) -> dict[str, float]:
    """``ARM=SIZE`` as a table.

    Raises:
        BadInput: another form.
    """
    found = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise BadInput(f"{one!r} is no effect", where="--effect", mend="write ARM=SIZE, e.g. both=-0.4") from None
    return found
