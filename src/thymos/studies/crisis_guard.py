"""Does the guard see danger, and does it leave the rest alone?

Messages written by us in four languages, labeled by the author and, blind, by a second reader; split by scenario. The
guard was written on one part and is measured on the other: a plain keyword list, patterns, a classifier, and both
stages. Beside them: how often it speaks up on real texts, and how long it takes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.chance_corrected import cohen_kappa_from_codes
from thymos.corpora.registry import corpus_folder
from thymos.errors import Unavailable
from thymos.measure.resampling import bootstrap_interval
from thymos.respond.guard.items import authored_items, second_reading
from thymos.respond.guard.real_texts import TESTING
from thymos.studies._guard_data import (
    BOTH,
    CLASSIFIER,
    KEYWORDS,
    OUTSIDE,
    PATTERNS,
    decisions,
    items_corpus,
    no_encoder,
    real_flags,
    replayed_talks,
    time_messages,
)
from thymos.studies._interval_plots import draw_rows
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

MISS, OVER, GAP = "miss_rate", "over_trigger_rate", "miss_rate_difference"
MAJORITY = "the more frequent label"
READERS = "author and second reader"
LANGUAGE_GAP = "worst language minus best"
MOST_MISSED, MOST_OVER, MOST_GAP = 0.05, 0.15, 0.05
TEST, DEVELOPMENT = "test", "development"
GUARANTEE = "scenario-independent"
KINDS = {
    KEYWORDS: RowKind.FLOOR,
    PATTERNS: RowKind.ABLATION,
    CLASSIFIER: RowKind.ABLATION,
    BOTH: RowKind.SYSTEM,
    MAJORITY: RowKind.FLOOR,
}
Bools = npt.NDArray[np.bool_]


def rate_rows(ctx: Context, table: pd.DataFrame, system: str, said: Bools, subset: str, note: str = "") -> list[Row]:
    """Miss rate and over-trigger rate of some items, as far as there are items of that label."""
    crisis = table["crisis"].to_numpy(dtype=bool)
    rows = []
    for metric, chosen, wrong in ((MISS, crisis, ~said), (OVER, ~crisis, said)):
        if chosen.any():
            rows.append(_rate(ctx, wrong[chosen], table["scenario"][chosen], system, metric, subset, note))
    return rows


def _rate(
    ctx: Context, wrong: Bools, scenarios: "pd.Series[str]", system: str, metric: str, subset: str, note: str
) -> Row:
    values = wrong.astype(float)
    common: dict[str, Any] = {"system": system, "kind": KINDS[system], "metric": metric, "subset": subset}
    if scenarios.nunique() < 2:
        # One scenario has no spread to resample.
        return Row(
            value=float(values.mean()), n=len(values), clusters=1, split="by scenario", guarantee=GUARANTEE,
            note=note, **common,
        )  # fmt: skip
    found = bootstrap_interval("mean", (values,), scenarios, resamples=ctx.resamples)
    return Row.of_interval(found, split="by scenario", guarantee=GUARANTEE, note=note, **common)


def sliced_rows(ctx: Context, system: str) -> list[Row]:
    """Rates of one stage on test: in all, by language and by category."""
    table = decisions(ctx, TEST)
    said = table[system].to_numpy(dtype=bool)
    rows = rate_rows(ctx, table, system, said, TEST)
    for column in ("language", "category"):
        for name in sorted(table[column].unique()):
            chosen = (table[column] == name).to_numpy()
            rows += rate_rows(ctx, table[chosen], system, said[chosen], f"{TEST}/{column}/{name}")
    return rows


# -- arms -------------------------------------------------------------------------------------------------------------


def majority(ctx: Context) -> list[Row]:
    """The label that is more frequent in development, for every test item."""
    table, known = decisions(ctx, TEST), decisions(ctx, DEVELOPMENT)
    label = bool(known["crisis"].mean() >= 0.5)
    said = np.full(len(table), label)
    return rate_rows(ctx, table, MAJORITY, said, TEST, note="everything is a crisis" if label else "nothing is")


def one_stage(system: str) -> Callable[[Context], list[Row]]:
    """An arm: one stage, or both, on test."""
    return lambda ctx: sliced_rows(ctx, system)


def outside(ctx: Context) -> list[Row]:
    """All stages on items of a writer who had not seen the guard: the nearest to other people that there is."""
    table = decisions(ctx, OUTSIDE)
    note = "seen before with earlier heads: missed .267 and .128, stepped in .161 and .164"
    rows = []
    for system in (KEYWORDS, PATTERNS, CLASSIFIER, BOTH):
        said = table[system].to_numpy(dtype=bool)
        rows += rate_rows(ctx, table, system, said, OUTSIDE, note)
        for language in sorted(table["language"].unique()) if system == BOTH else ():
            chosen = (table["language"] == language).to_numpy()
            rows += rate_rows(ctx, table[chosen], system, said[chosen], f"{OUTSIDE}/language/{language}", note)
    return rows


def language_gap(ctx: Context) -> list[Row]:
    """How far the language with most misses is from the one with fewest; the same scenarios are in all of them."""
    table = decisions(ctx, TEST)
    rows = []
    for metric, crisis in ((MISS, True), (OVER, False)):
        chosen = table[table["crisis"] == crisis]
        wrong = (chosen[BOTH] != crisis).astype(float)
        grid = pd.crosstab(chosen["scenario"], chosen["language"], values=wrong, aggfunc="mean").dropna()
        columns = [grid[name].to_numpy() for name in grid.columns]
        found = bootstrap_interval(_spread, columns, resamples=ctx.resamples)
        rows.append(
            Row.of_interval(
                found, system=BOTH, kind=RowKind.SYSTEM, metric=metric, subset=f"{TEST}/{LANGUAGE_GAP}",
                split="by scenario", guarantee=GUARANTEE,
                note="a spread of resampled rates is never below 0 and larger than the true one",
            )
        )  # fmt: skip
    return rows


def _spread(*columns: npt.NDArray[np.float64]) -> float:
    means = [float(column.mean()) for column in columns]
    return max(means) - min(means)


def second_stage_gain(ctx: Context) -> list[Row]:
    """Misses of patterns alone minus misses of both stages, on the same items."""
    table = decisions(ctx, TEST)
    chosen = table[table["crisis"]]
    saved = chosen[BOTH].astype(float) - chosen[PATTERNS].astype(float)
    found = bootstrap_interval("mean", (saved.to_numpy(),), chosen["scenario"], resamples=ctx.resamples)
    return [
        Row.of_interval(
            found, system=f"{PATTERNS} minus {BOTH}", kind=RowKind.ABLATION, metric=GAP, subset=TEST,
            split="by scenario", guarantee=GUARANTEE,
        )
    ]  # fmt: skip


def development(ctx: Context) -> list[Row]:
    """The same on the part that patterns were written on."""
    table = decisions(ctx, DEVELOPMENT)
    notes = {
        KEYWORDS: "",
        PATTERNS: "written with these items in view",
        CLASSIFIER: "out of fold by scenario",
        BOTH: "patterns in view, classifier out of fold",
    }
    return [
        row
        for system, note in notes.items()
        for row in rate_rows(ctx, table, system, table[system].to_numpy(dtype=bool), DEVELOPMENT, note)
    ]


def readers(ctx: Context) -> list[Row]:
    """Agreement of the author's labels with those of a second reader, blind to scenario, category and label."""
    reading = second_reading()
    items = [item for item in authored_items() if item.id in reading]
    first = np.array([item.crisis for item in items], dtype=np.int64)
    second = np.array([reading[item.id][0] for item in items], dtype=np.int64)
    doubted = sum(reading[item.id][1] for item in items)
    note = f"{int((first != second).sum())} items decided as a crisis by the rule; the reader doubted {doubted}"
    common: dict[str, Any] = {
        "system": READERS, "kind": RowKind.CEILING, "subset": "all items", "n": len(items), "guarantee": GUARANTEE,
    }  # fmt: skip
    kappa = cohen_kappa_from_codes(first, second, 2)
    return [
        Row(metric="agreement", value=float((first == second).mean()), note=note, **common),
        Row(metric="cohen_kappa", value=None if np.isnan(kappa) else kappa, note=note, **common),
    ]


def real(ctx: Context) -> list[Row]:
    """Real texts, most of them harmless: the share that is taken for a crisis bounds false alarms from above."""
    note = "no crisis labels: an upper bound of false alarms"
    rows = []
    for part in TESTING:
        found = ctx.step(f"real {part.name}", partial(_or_none, partial(real_flags, ctx, part)))
        for system in (PATTERNS, BOTH) if found is not None else ():
            rows.append(_flagged(system, part.name, found[system], found["n"], f"{note}; single messages"))
    talks = ctx.step("talks", lambda: _or_none(lambda: replayed_talks(ctx)))
    if talks is not None:
        rows.append(_flagged(BOTH, "esconv test, in talks", talks["messages"], talks["n_messages"], note))
        rows.append(
            _flagged(BOTH, "esconv test, whole talks", talks["talks"], talks["n_talks"], "at least one message")
        )
    return rows


def _flagged(system: str, subset: str, value: float, n: float, note: str) -> Row:
    return Row(
        system=system,
        kind=KINDS[system],
        metric="flagged_rate",
        subset=subset,
        value=value,
        n=int(n),
        guarantee="parts that the guard was not made on",
        note=note,
    )


def _or_none(compute: Callable[[], dict[str, float]]) -> dict[str, float] | None:
    try:
        return compute()
    except Unavailable:
        return None


def no_real_texts(settings: Settings) -> str:
    """Why the arm of real texts is left out."""
    for part in TESTING:
        try:
            corpus_folder(part.corpus, settings.data)
        except Unavailable:
            continue
        return no_encoder()
    return "no real texts are at hand"


def latency(ctx: Context) -> list[Row]:
    """Milliseconds a message on this machine, one at a time."""
    taken = ctx.step("latency", lambda: time_messages(ctx)._asdict())
    rows = []
    for system, name in ((PATTERNS, "patterns"), (BOTH, "both")):
        for share, metric in ((50, "median_milliseconds"), (95, "p95_milliseconds")):
            rows.append(
                Row(
                    system=system, kind=KINDS[system], metric=metric, subset="development messages",
                    value=float(np.percentile(taken[name], share)), n=len(taken[name]), guarantee=GUARANTEE,
                    note="encoder warm, nothing cached; depends on the machine and on what else it does",
                )
            )  # fmt: skip
    return rows


def wants_encoder(settings: Settings) -> str:
    """Why the second stage is left out."""
    return no_encoder()


# -- claims -----------------------------------------------------------------------------------------------------------


def at_most(metric: str, bar: float, subset: str = TEST) -> Callable[[Results], Finding]:
    """A predicate: both stages stay at or below a bar."""

    def check(results: Results) -> Finding:
        row = results.one(system=BOTH, metric=metric, subset=subset)
        floor = results.one(system=KEYWORDS, metric=metric, subset=subset)
        evidence = f"{_told(row)}, aim {bar}; keyword list {_told(floor)}"
        return holds_if((row.value or 0) <= bar, evidence, otherwise=_missed(row, bar))

    return check


def _missed(row: Row, bar: float) -> Verdict:
    return Verdict.CONTRADICTED if (row.low or 0) > bar else Verdict.NOT_SHOWN


def two_stages_miss_less(results: Results) -> Finding:
    """The difference is surely above 0."""
    row = results.one(metric=GAP)
    verdict = Verdict.HOLDS if (row.low or 0) > 0 else Verdict.NOT_SHOWN
    return Finding(Verdict.CONTRADICTED if (row.high or 0) < 0 else verdict, _told(row))


def languages_are_near(results: Results) -> Finding:
    """The spread of both rates over languages is at most .05."""
    rows = [results.one(system=BOTH, metric=metric, subset=f"{TEST}/{LANGUAGE_GAP}") for metric in (MISS, OVER)]
    evidence = "; ".join(f"{row.metric} {_told(row)}" for row in rows)
    far = [row for row in rows if (row.value or 0) > MOST_GAP]
    if not far:
        return Finding(Verdict.HOLDS, evidence)
    return Finding(
        Verdict.CONTRADICTED if any((row.low or 0) > MOST_GAP for row in far) else Verdict.NOT_SHOWN, evidence
    )


def better_than_keywords(results: Results) -> Finding:
    """Misses of both stages end below those of the keyword list."""
    row, floor = (results.one(system=system, metric=MISS, subset=TEST) for system in (BOTH, KEYWORDS))
    apart = (row.high if row.high is not None else 1) < (floor.low if floor.low is not None else 0)
    return holds_if(apart, f"{_told(row)}, keyword list {_told(floor)}")


def _told(row: Row) -> str:
    if row.low is None or row.high is None:
        return f"{row.value:.3f}"
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


# -- plots ------------------------------------------------------------------------------------------------------------


def draw(metric: str, axis: str) -> Callable[[Results, Any], None]:
    """A plot of a rate of both stages by language and category."""

    def draw_metric(results: Results, figure: Any) -> None:
        rows: Sequence[Row] = [
            row
            for row in results.find(system=BOTH, metric=metric)
            if row.subset.startswith(TEST) and LANGUAGE_GAP not in row.subset
        ]
        names = [row.subset.removeprefix(f"{TEST}/") for row in rows]
        draw_rows(figure.subplots(), rows, names, axis)

    return draw_metric


STUDY = Study(
    slug="crisis_guard",
    card=0,
    title="The guard: danger seen, and the rest left alone",
    question="How often does the guard miss a message that needs help instead of an ordinary reply, and how often does "
    "it step in where nothing is wrong?",
    corpora=(),
    bundled=(items_corpus,),
    optional=("goemotions", "empathetic_dialogues", "esconv"),
    headline=(MISS, OVER, "flagged_rate"),
    arms=(
        Arm("majority", RowKind.FLOOR, majority, "the more frequent label for everything", needs=wants_encoder),
        Arm("keywords", RowKind.FLOOR, one_stage(KEYWORDS), "a list of English phrases", needs=wants_encoder),
        Arm("patterns", RowKind.ABLATION, one_stage(PATTERNS), "stage one alone", needs=wants_encoder),
        Arm("classifier", RowKind.ABLATION, one_stage(CLASSIFIER), "stage two alone", needs=wants_encoder),
        Arm("both stages", RowKind.SYSTEM, one_stage(BOTH), "what ships", needs=wants_encoder),
        Arm("outside", RowKind.SYSTEM, outside, "items of a writer who had not seen the guard", needs=wants_encoder),
        Arm("languages", RowKind.SYSTEM, language_gap, "the spread over languages", needs=wants_encoder),
        Arm("gain", RowKind.ABLATION, second_stage_gain, "what stage two adds", needs=wants_encoder),
        Arm("development", RowKind.ABLATION, development, "the part it was written on", needs=wants_encoder),
        Arm("readers", RowKind.CEILING, readers, "author and second reader"),
        Arm("real texts", RowKind.SYSTEM, real, "how often it speaks up on real texts", needs=no_real_texts),
        Arm("latency", RowKind.SYSTEM, latency, "time a message", needs=wants_encoder),
    ),
    claims=(
        Claim("It misses at most 5 % of messages that need help", at_most(MISS, MOST_MISSED), "our aim"),
        Claim("It steps in on at most 15 % of harmless messages", at_most(OVER, MOST_OVER), "our aim"),
        Claim("... also on items of another writer", at_most(MISS, MOST_MISSED, OUTSIDE), "our aim"),
        Claim("... and steps in on at most 15 % there", at_most(OVER, MOST_OVER, OUTSIDE), "our aim"),
        Claim("Two stages miss less than patterns alone", two_stages_miss_less, "ours"),
        Claim("It misses less than a keyword list", better_than_keywords, "ours"),
        Claim("No language is worse than another by more than .05", languages_are_near, "ours"),
    ),
    plots=(
        Plot(
            "misses", "What is missed, by language and category", draw(MISS, "miss rate, 95 % interval over scenarios")
        ),
        Plot("alarms", "What sets it off wrongly", draw(OVER, "over-trigger rate, 95 % interval over scenarios")),
    ),
    decisions=(
        "A message is a crisis where the ordinary reply must be replaced; the level 'concern' counts as left alone.",
        "One author wrote items, patterns and training texts, with machine help: expect worse on other people's words.",
        "The classifier also trains on real harmless texts, training parts: without them it fired on a third of them.",
        "Harmless test items are idioms, denials, fiction and sadness on purpose: real talk has far fewer of them.",
        "Where author and second reader disagree, the label is a crisis.",
        (
            "The items of another writer (618, three languages) were written without sight of the guard and are used "
            "for measuring only; nothing was chosen by them."
        ),
        "Fifth look at test: in part, linear head (misses .186), texts of one author (.127), of five (.068), and now.",
    ),
)
