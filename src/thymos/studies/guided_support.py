"""Can the trial module be trusted? Simulated trials of exercises and a companion with known effects (card 35).

The paper's trial compared a control, guided exercises, and exercises with an open companion. Its data are not public,
so its outcomes cannot be looked at again. What can be tested is the analysis that such a trial would get here: do its
intervals hold the truth, does it cry wolf, what does dropout do to it. Nothing here says what helps people.
"""

from collections.abc import Callable, Sequence

from thymos.studies._guided_claims import CLAIMS, PLOTS
from thymos.studies._guided_extras import balance_rows, efficiency_rows, outcome_rows, power_rows, size_rows
from thymos.studies._guided_rows import BIAS, COVERAGE, ERROR, POWER, TYPE_I, slow_rows, system_rows
from thymos.studies._guided_trials import (
    CARRIED,
    CHANGE,
    COMPLETE,
    INTENTION,
    LAST,
    MATCHED,
    MIXED,
    trials_corpus,
)
from thymos.studies.contract import Arm, Context, Row, RowKind, Study


def fast(system: str, kind: RowKind) -> Callable[[Context], Sequence[Row]]:
    """An arm over all cells."""
    return lambda ctx: system_rows(ctx, system, kind)


def slow(system: str, kind: RowKind) -> Callable[[Context], Sequence[Row]]:
    """An arm over fewer trials."""
    return lambda ctx: slow_rows(ctx, system, kind)


STUDY = Study(
    slug="guided_support",
    card=35,
    title="Trials of exercises and a companion: can the analysis be trusted?",
    question="In simulated trials with known effects and dropout, do the registered analyses find what is true as "
    "often as they say?",
    paper="Emohaa: a chatbot for mental health support, arXiv 2209.10183; Front. Digit. Health 5:1133987, 2023",
    corpora=(),
    bundled=(trials_corpus,),
    simulated=True,
    headline=(ERROR, COVERAGE, TYPE_I, BIAS, POWER),
    arms=(
        Arm("last scores", RowKind.FLOOR, fast(LAST, RowKind.FLOOR), "The last time of who stayed, no baseline."),
        Arm("carried forward", RowKind.BASELINE, fast(CARRIED, RowKind.BASELINE), "Gaps get the value before."),
        Arm("change scores", RowKind.BASELINE, fast(CHANGE, RowKind.BASELINE), "Changes of who stayed."),
        Arm("complete cases", RowKind.ABLATION, fast(COMPLETE, RowKind.ABLATION), "ANCOVA without imputation."),
        Arm("intention to treat", RowKind.SYSTEM, fast(INTENTION, RowKind.SYSTEM), "The registered primary analysis."),
        Arm("mixed model", RowKind.SYSTEM, slow(MIXED, RowKind.SYSTEM), "All times at once."),
        Arm("statsmodels", RowKind.BASELINE, slow(MATCHED, RowKind.BASELINE), "Imputed by predictive mean matching."),
        Arm("effect sizes", RowKind.SYSTEM, size_rows, "Intervals of Cohen's d and partial eta squared."),
        Arm("outcomes", RowKind.SYSTEM, outcome_rows, "Errors over three outcomes, with and without Holm."),
        Arm("precision", RowKind.ABLATION, efficiency_rows, "ANCOVA against change scores."),
        Arm("power", RowKind.SYSTEM, power_rows, "Simulation against formula."),
        Arm("balance", RowKind.SYSTEM, balance_rows, "Arms within a stratum, by allocation."),
    ),
    claims=CLAIMS,
    plots=PLOTS,
    decisions=(
        "Three arms as in the paper, 150 participants (134 completed there), three times, strata by sex.",
        "Normal values, correlation of neighboring times .7; effects of -.4 and -.6 are ours and no finding.",
        "Rows are the comparison of the full offer with the control on the primary outcome, in standard deviations.",
        "Uneven dropout: 10 % of the control, 25 % and 40 % of the offers; by reason with 1.5 log odds a deviation.",
        "Intervals are over simulated trials; a share is nominal within what chance gives in 99 of 100 studies.",
        "The mixed model and statsmodels' imputation are slow and see fewer trials.",
    ),
)
