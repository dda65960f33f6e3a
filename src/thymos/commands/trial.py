"""``thymos trial``: check a plan, simulate and size it, run it with people, and analyze it as registered."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from thymos.commands.bars import Bars
from thymos.commands.trial_people import PEOPLE, PlanArgument, pair_of
from thymos.errors import BadInput
from thymos.files import write_atomically

if TYPE_CHECKING:
    from thymos.respond.trial import TrialResult

SeedOption = Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")]
EffectOption = Annotated[
    list[str], typer.Option("--effect", help="ARM=SIZE or ARM/OUTCOME=SIZE in standard deviations; repeat it.")
]
DropoutOption = Annotated[list[str], typer.Option("--dropout", help="Share without the last time: SHARE or ARM=SHARE.")]
DropOption = Annotated[str, typer.Option("--drop", help="at random, by baseline, by course, by outcome.")]
CorrelationOption = Annotated[float, typer.Option("--correlation", help="Of neighboring times.")]
DataArgument = Annotated[Path, typer.Argument(help="A .csv (see the how-to) or a log (.jsonl).")]
HashOption = Annotated[str, typer.Option("--plan-hash", help="Under which the data were gathered.")]
AmendedOption = Annotated[str, typer.Option("--amended", help="Why the plan differs from that hash.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=True, help="Controlled trials; the statistics are validated on simulated ones.")
    for function in (check, randomize, simulate, power, *PEOPLE, analyze, report):
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
    console.print(
        f"compared: {'; '.join(f'{arm} against {against}' for arm, against in found.contrasts)}", markup=False
    )
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
    dropout: DropoutOption = [],  # noqa: B006
    drop: DropOption = "at random",
    correlation: CorrelationOption = 0.5,
    nonadherence: Annotated[float, typer.Option("--nonadherence", help="Share without effect, not the control.")] = 0.0,
    seed: SeedOption = 0,
) -> None:
    """Data of a trial with known effects; nothing follows for people.

    Examples:

        thymos trial simulate plan.yaml --effect both=-0.5 --dropout 0.2 --out simulated.csv
        thymos trial simulate plan.yaml --effect both/sleep=-0.4 --drop "by course" --dropout both=0.3 --out data.csv
    """
    from thymos.respond.trial import read_plan, simulate_trial

    table = simulate_trial(
        read_plan(plan), effects_of(effect), seed=seed, dropout=dropout_of(dropout), drop=drop,  # type: ignore[arg-type]
        correlation=correlation, nonadherence=nonadherence,
    )  # fmt: skip
    write_atomically(out, table.to_csv(index=False))


def power(
    plan: PlanArgument,
    effect: EffectOption,
    arm: Annotated[str, typer.Option("--arm", help="Whose effect is to be found.")],
    against: Annotated[str, typer.Option("--against", help="Compared with this arm; default: the control.")] = "",
    trials: Annotated[int, typer.Option("--trials", min=10)] = 500,
    n: Annotated[int | None, typer.Option("--participants", min=4, help="Default: the plan's.")] = None,
    dropout: DropoutOption = [],  # noqa: B006
    drop: DropOption = "at random",
    correlation: CorrelationOption = 0.5,
    seed: SeedOption = 0,
) -> None:
    """How often the primary comparison would find an effect, by simulation and by the textbook's formula.

    Examples:

        thymos trial power plan.yaml --arm both --effect both=-0.4 --participants 150
    """
    from thymos.respond.trial import power_by_simulation, read_plan

    with Bars(Console(stderr=True, emoji=False)) as bars:
        found = power_by_simulation(
            read_plan(plan), effects_of(effect), arm=arm, against=against, trials=trials, n=n,
            dropout=dropout_of(dropout), drop=drop, correlation=correlation, seed=seed,  # type: ignore[arg-type]
            progress=bars.progress("trials"),
        )  # fmt: skip
    told = "" if found.formula != found.formula else f"; by formula {found.formula:.3f}"
    Console(emoji=False, highlight=False).print(
        f"power {found.power:.3f} [{found.low:.3f}, {found.high:.3f}] over {found.trials} simulated trials{told}",
        markup=False,
    )


def analyze(
    plan: PlanArgument,
    data: DataArgument,
    plan_hash: HashOption = "",
    amended: AmendedOption = "",
    out: Annotated[Path | None, typer.Option("--out", help="The effects as .csv.")] = None,
) -> None:
    """The registered analysis: flow, missing values, effects by intention to treat and per protocol.

    Examples:

        thymos trial analyze plan.yaml data.csv --plan-hash 3f2c...
    """
    found = result_of(plan, data, plan_hash, amended)
    console = Console(emoji=False, highlight=False)
    for note in found.notes:
        console.print(note, style="yellow", markup=False)
    for title, frame in (
        ("participants", found.flow),
        ("missing, share", found.missing),
        ("over all arms", found.tests),
        ("changes by ranks (Mann-Whitney)", found.ranks.set_index("outcome")),
    ):
        console.print(f"\n{title}\n{frame.round(3).to_string()}", markup=False)
    # One table a comparison: a terminal of 80 columns has no room for its names in every row.
    for (outcome, arm, against), effects in groupby(
        sorted(found.effects, key=lambda one: (one.outcome, one.arm, one.against)),
        key=lambda one: (one.outcome, one.arm, one.against),
    ):
        shown = Table("analysis", "difference [95 %]", "p", "p, Holm", "d [95 %]", "n")
        shown.title, shown.title_justify = f"{outcome}: {arm} against {against}", "left"
        for one in effects:
            d = "" if one.d != one.d else f"{one.d:.2f} [{one.d_low:.2f}, {one.d_high:.2f}]"
            difference = f"{one.estimate:.2f} [{one.low:.2f}, {one.high:.2f}]"
            p, holm = ("" if p != p else "< 0.001" if p < 0.001 else f"{p:.3f}" for p in (one.p, one.p_holm))
            shown.add_row(one.analysis, difference, p, holm, d, str(one.n))
        console.print(shown)
    if out is not None:
        write_atomically(out, found.table().to_csv(index=False))


def report(
    plan: PlanArgument,
    data: DataArgument,
    html: Annotated[Path, typer.Option("--html", help="The page.")],
    flow: Annotated[Path | None, typer.Option("--flow", help="The flow figure alone, .svg or .png.")] = None,
    plan_hash: HashOption = "",
    amended: AmendedOption = "",
) -> None:
    """The registered analysis as one HTML page with the flow of participants.

    Examples:

        thymos trial report plan.yaml data.csv --html trial.html --flow flow.png
    """
    from thymos.report.trial_flow import check_flow_path, write_flow
    from thymos.report.trial_page import write_trial_page

    if flow is not None:
        check_flow_path(flow)
    found = result_of(plan, data, plan_hash, amended)
    print(write_trial_page(found, html))
    if flow is not None:
        print(write_flow(found, flow))


def result_of(plan: Path, data: Path, plan_hash: str, amended: str) -> "TrialResult":
    """The analysis of a data file or of a log.

    Raises:
        BadInput: a file that cannot be read, or data that do not belong to the plan.
    """
    from thymos.respond.trial import EventLog, analyze_trial, read_plan, trial_data

    found = read_plan(plan)
    if data.suffix == ".jsonl":
        if not data.is_file():
            raise BadInput("there is no such log", where=data)
        # A log names its plan by its own hashes, so it is opened with the plan that it was begun with.
        events = EventLog(data, plan_hash or found.hash).events
        table = trial_data(found, events)
        return analyze_trial(found, table, plan_hash=plan_hash, amended=amended, events=events)
    try:
        table = pd.read_csv(
            data, dtype={"participant": str, "arm": str, "time": str} | dict.fromkeys(found.strata, str)
        )
    except (OSError, ValueError) as error:
        raise BadInput(f"the data cannot be read ({type(error).__name__})", where=data) from None
    return analyze_trial(found, table, plan_hash=plan_hash, amended=amended)


def effects_of(given: list[str]) -> dict[str, float | dict[str, float]]:
    """``ARM=SIZE`` and ``ARM/OUTCOME=SIZE`` as a table.

    Raises:
        BadInput: another form, or both forms for one arm.
    """
    found: dict[str, float | dict[str, float]] = {}
    for one in given:
        name, _, value = one.partition("=")
        arm, _, outcome = name.partition("/")
        try:
            size = float(value)
        except ValueError:
            raise BadInput(f"{one!r} is no effect", where="--effect", mend="write ARM=SIZE, e.g. both=-0.4") from None
        known = found.get(arm)
        if (known is not None and not outcome) or isinstance(known, float):
            raise BadInput(f"{arm} has two effects", where="--effect", mend="give one, or one an outcome")
        found[arm] = (known or {}) | {outcome: size} if outcome else size
    return found


def dropout_of(given: list[str]) -> float | dict[str, float]:
    """``SHARE``, or ``ARM=SHARE`` for each arm.

    Raises:
        BadInput: another form.
    """
    try:
        if len(given) == 1 and "=" not in given[0]:
            return float(given[0])
        return {name: float(value) for name, value in (pair_of(one, "--dropout") for one in given)}
    except ValueError:
        raise BadInput(f"{given[0]!r} is no share", where="--dropout", mend="write 0.2 or ARM=0.2") from None
