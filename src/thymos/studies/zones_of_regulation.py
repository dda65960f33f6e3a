"""Which zone of regulation does a window of 200 ms show, and how much of the score is memory? (card 13)

The pipeline of the published emotion detection study (windows, scaling, support vector machine or perceptron, early and
late fusion, balancing) on windows of acted German speech as a stand-in: angry is red, happy yellow, neutral green, sad
blue; the two signals are spectrum and prosody of one voice, not voice and video. Three protocols stand side by side.
The children's own tables are used where a user has them.
"""

from typing import Any

import numpy as np
import pandas as pd

from thymos.corpora.registry import corpus_folder
from thymos.errors import ThymosError
from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.perceive.zones.balancing import METHODS, NONE, OVERSAMPLING
from thymos.perceive.zones.fusion import early_fusion
from thymos.perceive.zones.window_recognizer import MLP, SVM
from thymos.studies._zones_data import (
    CHILDREN,
    PROTOCOLS,
    SPEECH,
    Windows,
    children_windows,
    folds_of,
    speech_windows,
)
from thymos.studies._zones_models import (
    BEFORE,
    EARLY,
    LATE,
    MAJORITY,
    answers,
    floors,
    held_out,
    signal_probabilities,
)
from thymos.studies.contract import (
    Arm,
    Claim,
    Context,
    Finding,
    Plot,
    Results,
    Row,
    RowKind,
    Settings,
    Study,
    Verdict,
    holds_if,
)

NON_SEQUENTIAL, SEQUENTIAL, APART = PROTOCOLS
WHERE = "acted speech"
BEST_SIGNAL, OTHER_SIGNAL = "spectrum", "prosody"
METRICS = ("uar", "accuracy")  # average recall is the card's balanced accuracy
TRACKS = ("parents", "specialist")


def score_rows(
    ctx: Context, windows: Windows, predicted: "pd.Series[str]", protocol: str, subset: str, **row: Any
) -> list[Row]:
    """Average recall and accuracy over the windows that were answered, clustered by person."""
    gold, people = (series[predicted.index].to_numpy(dtype=object) for series in (windows.zones, windows.people))
    given = predicted.to_numpy(dtype=object)
    return [
        Row.of_interval(
            bootstrap_interval(metric, (gold, given), people, resamples=ctx.resamples),
            metric=metric,
            subset=subset,
            split=protocol,
            guarantee=PROTOCOLS[protocol],
            **row,
        )
        for metric in METRICS
    ]


def system_name(signal: str, model: str = SVM, balancing: str = NONE) -> str:
    """How a system is called in rows."""
    return f"{signal}, {model}, {balancing.replace('_', ' ')}"


def probabilities(ctx: Context, windows: Windows, protocol: str, key: str = "speech") -> dict[str, pd.DataFrame]:
    """Held-out probabilities of every signal and fusion under a protocol, without balancing; kept in the run."""
    names = [*windows.signals, EARLY, LATE]

    def compute() -> pd.DataFrame:
        folds = folds_of(windows, protocol, ctx.settings.seed)
        found = signal_probabilities(windows, folds, quick=ctx.settings.quick)
        parts = [found[name].reindex(windows.zones.index).add_prefix(f"{name}/") for name in names]
        return pd.concat(parts, axis=1)

    table = ctx.table(f"{key}_{protocol.replace(' ', '_').replace('-', '_')}", compute)
    found = {}
    for name in names:
        own = table[[column for column in table.columns if column.startswith(f"{name}/")]].dropna()
        found[name] = own.rename(columns=lambda column: str(column).rpartition("/")[2])
    return found


def compared(windows: Windows, table: "pd.DataFrame | pd.Series[Any]") -> Any:
    """The rows of the windows that every signal has."""
    return table[table.index.isin(windows.common)]


# -- acted speech ---------------------------------------------------------------------------------------------------


def protocols(ctx: Context) -> list[Row]:
    """Every signal and fusion under the three protocols, on the windows that all signals have."""
    windows = speech_windows(ctx)
    rows: list[Row] = []
    for protocol in ctx.track(PROTOCOLS, "protocols"):
        subset = f"{WHERE}, {protocol}"
        for name, given in floors(windows, folds_of(windows, protocol, ctx.settings.seed)).items():
            note = "told the true zone of the window before: what slow zones alone give" if name == BEFORE else ""
            row = {"system": name, "kind": RowKind.FLOOR, "note": note}
            rows += score_rows(ctx, windows, compared(windows, given), protocol, subset, **row)
        found = probabilities(ctx, windows, protocol)
        for name, table in found.items():
            kind = RowKind.SYSTEM if name in (EARLY, LATE) else RowKind.BASELINE
            row = {"system": system_name(name), "kind": kind}
            rows += score_rows(ctx, windows, answers(compared(windows, table)), protocol, subset, **row)
        row = {"system": system_name(LATE), "kind": RowKind.SYSTEM, "note": "also windows that lack a signal"}
        rows += score_rows(ctx, windows, answers(found[LATE]), protocol, f"{subset}, all windows", **row)
    return rows


def leakage(ctx: Context) -> list[Row]:
    """How much a protocol that shares windows or persons adds to the same system on the same windows."""
    windows = speech_windows(ctx)
    rows = []
    for shared in (NON_SEQUENTIAL, SEQUENTIAL):
        for name in (*windows.signals, EARLY, LATE):
            one, other = (
                answers(compared(windows, probabilities(ctx, windows, protocol)[name])) for protocol in (shared, APART)
            )
            rows.append(
                paired_row(
                    ctx, windows, one, other, f"{system_name(name)}: {shared} minus {APART}", RowKind.CONTROL, "uar"
                )
            )
    return rows


def fusion_gains(ctx: Context) -> list[Row]:
    """Fusion against the better single signal, persons apart."""
    windows = speech_windows(ctx)
    found = probabilities(ctx, windows, APART)
    best = answers(compared(windows, found[BEST_SIGNAL]))
    return [
        paired_row(
            ctx,
            windows,
            answers(compared(windows, found[name])),
            best,
            f"{name} minus {BEST_SIGNAL} alone",
            RowKind.ABLATION,
            metric,
        )
        for name in (EARLY, LATE)
        for metric in METRICS
    ]


def balancing(ctx: Context) -> list[Row]:
    """Five ways of balancing and the perceptron on early fusion, persons apart."""
    windows = speech_windows(ctx)
    folds = paired_folds(windows)
    fused = early_fusion(windows.signals)
    given: dict[str, pd.Series[str]] = {}
    rows: list[Row] = []
    methods = (NONE, OVERSAMPLING) if ctx.settings.quick else METHODS
    plans = [(SVM, method) for method in methods] + [(MLP, NONE)]
    for model, method in ctx.track(plans, "balancing"):
        name = system_name(EARLY, model, method)

        def compute(model: str = model, method: str = method) -> pd.DataFrame:
            return held_out(windows, fused, folds, model=model, balancing=method, quick=ctx.settings.quick)

        given[name] = answers(ctx.table(f"balancing_{model}_{method}", compute))
        kind = RowKind.SYSTEM if method == NONE else RowKind.ABLATION
        row = {"system": name, "kind": kind, "note": "five folds of two persons"}
        rows += score_rows(ctx, windows, given[name], APART, f"{WHERE}, {APART}, balancing", **row)
    one, other = given[system_name(EARLY, SVM, OVERSAMPLING)], given[system_name(EARLY)]
    rows += [
        paired_row(ctx, windows, one, other, "over-sampling minus none", RowKind.ABLATION, metric) for metric in METRICS
    ]
    return rows


def paired_folds(windows: Windows) -> "pd.Series[str]":
    """Two persons a fold, to save time where many systems are compared."""
    people = sorted(windows.people.unique())
    return windows.people.map({person: f"pair{number // 2}" for number, person in enumerate(people)})


def paired_row(
    ctx: Context, windows: Windows, one: "pd.Series[str]", other: "pd.Series[str]", system: str, kind: RowKind,
    metric: str, subset: str = WHERE,
) -> Row:  # fmt: skip
    """The difference between two systems on the same windows, clustered by person."""
    gold, people = (series[one.index].to_numpy(dtype=object) for series in (windows.zones, windows.people))
    first, second = (series.to_numpy(dtype=object) for series in (one, other[one.index]))
    found = paired_bootstrap(metric, gold, first, second, people, resamples=ctx.resamples)
    return Row(
        system=system,
        kind=kind,
        metric=f"{metric}_difference",
        subset=subset,
        value=found.value,
        low=found.low,
        high=found.high,
        n=found.n,
        clusters=found.clusters,
        split="paired",
        guarantee="the same windows under both",
        seeds=(0,),
        note=f"p {found.p:.4f}",
    )


# -- children, where a user has the tables ----------------------------------------------------------------------------


def needs_children(settings: Settings) -> str:
    """Why the children's tables cannot be used."""
    try:
        corpus_folder(CHILDREN, settings.data)
    except ThymosError as error:
        return str(error)
    return ""


def children(ctx: Context) -> list[Row]:
    """The same systems on the children's own windows, for each annotation track; intervals over children."""
    rows: list[Row] = []
    for track in TRACKS:
        windows = children_windows(ctx, track)
        for protocol in ctx.track(PROTOCOLS, f"children, {track}"):
            subset = f"children, {track}, {protocol}"
            for name, given in floors(windows, folds_of(windows, protocol, ctx.settings.seed)).items():
                row: dict[str, Any] = {"system": name, "kind": RowKind.FLOOR}
                rows += score_rows(ctx, windows, compared(windows, given), protocol, subset, **row)
            for name, table in probabilities(ctx, windows, protocol, f"children_{track}").items():
                kind = RowKind.SYSTEM if name in (EARLY, LATE) else RowKind.BASELINE
                row = {"system": system_name(name), "kind": kind, "note": "a few children: wide intervals"}
                rows += score_rows(ctx, windows, answers(compared(windows, table)), protocol, subset, **row)
    return rows


# -- claims -----------------------------------------------------------------------------------------------------------


def spelled(row: Row) -> str:
    """A value with its interval."""
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


def fusion_helps(results: Results) -> Finding:
    """Early and late fusion against the better single signal."""
    rows = [results.one(metric="uar_difference", system=f"{name} minus {BEST_SIGNAL} alone") for name in (EARLY, LATE)]
    evidence = "; ".join(f"{row.system}: {spelled(row)}" for row in rows)
    if all((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), f"average recall, {evidence}")


def oversampling_trades(results: Results) -> Finding:
    """Over-sampling raises balanced accuracy and costs accuracy."""
    recall, accuracy = (
        results.one(metric=f"{metric}_difference", system="over-sampling minus none") for metric in METRICS
    )
    evidence = f"over-sampling changes average recall by {spelled(recall)} and accuracy by {spelled(accuracy)}"
    return holds_if((recall.low or 0) > 0 and (accuracy.high or 0) < 0, evidence)


def neighbors_leak(results: Results) -> Finding:
    """Non-sequential splits against persons apart, for early fusion."""
    row = results.one(metric="uar_difference", system=f"{system_name(EARLY)}: {NON_SEQUENTIAL} minus {APART}")
    middle = results.one(metric="uar_difference", system=f"{system_name(EARLY)}: {SEQUENTIAL} minus {APART}")
    evidence = f"average recall rises by {spelled(row)} with random windows and by {spelled(middle)} with known persons"
    return holds_if((row.low or 0) > 0, evidence)


def memory_is_enough(results: Results) -> Finding:
    """The true zone of the window before, against the best system."""
    subset = f"{WHERE}, {NON_SEQUENTIAL}"
    floor = results.one(metric="uar", system=BEFORE, subset=subset)
    system = results.one(metric="uar", system=system_name(EARLY), subset=subset)
    evidence = f"zone of the window before {spelled(floor)}, early fusion {spelled(system)} (random windows)"
    return holds_if((floor.low or 0) > (system.high or 1), evidence)


def published_level(results: Results) -> Finding:
    """The published balanced accuracy on the children."""
    rows = results.find(metric="uar", system=system_name(EARLY), subset=f"children, parents, {SEQUENTIAL}")
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, f"needs the children's tables: put them into a folder {CHILDREN}")
    published = results.one(
        metric="uar", kind="published", system="early fusion, svm, none", subset="children, parents"
    )
    return holds_if((rows[0].low or 0) <= (published.value or 0) <= (rows[0].high or 0), spelled(rows[0]))


# -- plots ------------------------------------------------------------------------------------------------------------


def draw_protocols(results: Results, figure: Any) -> None:
    """Average recall of every system under the three protocols."""
    axes = figure.subplots()
    names = [MAJORITY, *(system_name(name) for name in (OTHER_SIGNAL, BEST_SIGNAL, EARLY, LATE)), BEFORE]
    for shift, protocol in zip((-0.2, 0.0, 0.2), PROTOCOLS, strict=True):
        rows = [results.one(metric="uar", system=name, subset=f"{WHERE}, {protocol}") for name in names]
        values, low, high = (
            np.array([getattr(row, field) for row in rows], dtype=float) for field in ("value", "low", "high")
        )
        places = np.arange(len(names)) + shift
        axes.errorbar(values, places, xerr=[values - low, high - values], fmt="o", capsize=3, label=protocol)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("unweighted average recall over windows")
    axes.legend(fontsize="small")


DECISIONS: tuple[str, ...] = (
    (
        "Acted German speech stands in for the children: angry red, happy yellow, neutral green, sad blue; spectrum "
        "and prosody of one voice stand in for two signals. It is no video, and no number of it compares with theirs."
    ),
    (
        "The release cuts train, dev and test once; here every window is tested once: five random folds, five "
        "stretches of each person's session, or one person at a time. The children's released parts are kept; train "
        "and dev are trained on together, as nothing is selected."
    ),
    (
        "scikit-learn gives up SVC(probability=True): margins of held-out recordings set a temperature and biases "
        "instead [ours]; with balancing, classes count alike there too."
    ),
    "C is 1 and gamma 1 / (features × variance), scikit-learn's defaults [inferred]; nothing was tuned.",
    "A window without a voiced frame has no prosody; systems are compared on windows that have both signals.",
)

STUDY = Study(
    slug="zones_of_regulation",
    card=13,
    title="Zones of regulation from windows of 200 ms, and what neighboring windows give away",
    question="How well do short windows of two signals tell four zones apart when persons, stretches of time or single "
    "windows are held out, and what do fusion and balancing add?",
    paper="Introducing CALMED: multimodal annotated dataset for emotion detection in children with autism, "
    "arXiv 2307.13706",
    corpora=(SPEECH,),
    optional=(CHILDREN,),
    headline=("uar", "uar_difference", "accuracy"),
    arms=(
        Arm("protocols", RowKind.FLOOR, protocols, "floors, signals and fusion under three protocols"),
        Arm("leakage", RowKind.CONTROL, leakage, "what shared windows and persons add"),
        Arm("fusion", RowKind.ABLATION, fusion_gains, "fusion against the better signal, persons apart"),
        Arm("balancing", RowKind.ABLATION, balancing, "five ways of balancing, and a perceptron"),
        Arm("children", RowKind.SYSTEM, children, "the children's own tables", needs=needs_children),
    ),
    claims=(
        Claim("Fusing signals is better than the better single one", fusion_helps, "repository, result tables"),
        Claim("Over-sampling raises balanced accuracy and costs accuracy", oversampling_trades, "repository"),
        Claim("Non-sequential splits flatter: neighboring windows leak", neighbors_leak, "ours"),
        Claim("Knowing the zone of the window before beats every system", memory_is_enough, "ours"),
        Claim("Early fusion reaches .481 balanced accuracy on the children", published_level, "repository"),
    ),
    plots=(Plot("protocols", "The stricter the protocol, the lower the same systems score", draw_protocols),),
    decisions=DECISIONS,
)
