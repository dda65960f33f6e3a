"""The claims of ``stress_levels`` as predicates over its rows."""

from collections.abc import Callable
from itertools import pairwise

from thymos.studies.contract import Finding, Results, Row, Verdict, holds_if

STRESS, NEUTRAL = "stress prompts", "neutral prompts"
"""Names of the two groups of prompts in rows and tables."""

ALPHA = 0.05


def told(row: Row) -> str:
    """Value and interval in words."""
    if row.value is None:
        return "no value"
    if row.low is None or row.high is None:
        return f"{row.value:+.4f} (no interval)"
    return f"{row.value:+.4f} [{row.low:+.4f}, {row.high:+.4f}]"


def clear(row: Row) -> int:
    """1 or -1 where the interval lies above or below zero, else 0."""
    if row.low is None or row.high is None:
        return 0
    return int(row.low > 0) - int(row.high < 0)


def inverted_u(results: Results) -> Finding:
    """A negative quadratic term, more than shuffled levels give, and a peak inside the levels."""
    bend = results.one(system=STRESS, metric="quadratic_coefficient", subset="all")
    p = results.value(system=STRESS, metric="permutation_p", subset="quadratic")
    peak = results.one(system=STRESS, metric="peak_level", subset="all")
    rise = results.value(system=STRESS, metric="middle_rise", subset="all")
    smallest = results.value(system=STRESS, metric="smallest_detectable_rise", subset="all")
    where = f"peak at level {peak.value:.1f}" if peak.value is not None else "no peak"
    evidence = (
        f"quadratic term {told(bend)}, permutation p {p:.3f}, {where}; the middle is {100 * rise:+.2f} points above "
        f"the ends, the smallest rise that this sample would show is {100 * smallest:.2f} points; "
        f"{bend.note.split('; ')[-1]}"
    )
    inside = peak.value is not None and 2 <= peak.value <= 9
    if clear(bend) > 0 and p < ALPHA:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(clear(bend) < 0 and p < ALPHA and inside, evidence)


def moderate_is_best(results: Results) -> Finding:
    """Moderate stress above calm prompts and above neutral prompts."""
    calm = results.one(system=STRESS, metric="accuracy_difference", subset="moderate minus calm")
    neutral = results.one(system=STRESS, metric="accuracy_difference", subset="moderate minus neutral")
    none = results.one(system=STRESS, metric="accuracy_difference", subset="moderate minus no system prompt")
    evidence = (
        f"moderate minus calm {told(calm)}, minus neutral {told(neutral)}, minus no system prompt {told(none)}; "
        f"{calm.note}"
    )
    if clear(calm) < 0 and clear(neutral) < 0:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(clear(calm) > 0 and clear(neutral) > 0, evidence)


def beyond_length(metric: str) -> Callable[[Results], Finding]:
    """Stress prompts differ from neutral prompts of the same length."""

    def check(results: Results) -> Finding:
        row = results.one(system=STRESS, metric=f"{metric}_difference", subset="all minus neutral")
        other = results.one(system=NEUTRAL, metric=f"{metric}_difference", subset="neutral minus no system prompt")
        evidence = f"stress minus neutral {told(row)}; neutral minus no system prompt {told(other)}; {row.note}"
        return holds_if(clear(row) != 0, evidence)

    return check


def harder_tasks_peak_earlier(results: Results) -> Finding:
    """Over tasks that show an inverted U: the harder ones peak at lower levels."""
    peaks, told_tasks = {}, []
    for row in results.find(system=STRESS, metric="quadratic_coefficient"):
        if row.subset.startswith("all"):
            continue
        if clear(row) < 0:
            peaks[row.subset] = results.value(system=STRESS, metric="peak_level", subset=row.subset)
        told_tasks.append(f"{row.subset} {told(row)}")
    evidence = f"quadratic terms: {', '.join(told_tasks)}"
    if len(peaks) < 2 or "answers" not in results.tables:
        return Finding(
            Verdict.NOT_TESTABLE, f"{len(peaks)} tasks show an inverted U, two are needed to compare peaks; {evidence}"
        )
    table = results.tables["answers"]
    plain = table[table["condition"].str.startswith("neutral")].groupby("task")["score"].mean()
    ordered = sorted(peaks, key=lambda task: float(plain[task]))
    rising = all(peaks[one] < peaks[other] for one, other in pairwise(ordered))
    told_peaks = ", ".join(f"{task}: accuracy {plain[task]:.2f}, peak {peaks[task]:.1f}" for task in ordered)
    return holds_if(rising, f"from hard to easy: {told_peaks}", otherwise=Verdict.CONTRADICTED)


def letters_move(results: Results) -> Finding:
    """Stress changes which letter is chosen, whatever is right."""
    distance = results.value(system=STRESS, metric="letter_shift", subset="all against neutral")
    p = results.value(system=STRESS, metric="letter_shift_p", subset="all against neutral")
    levels = results.value(system=STRESS, metric="letter_shift_p", subset="between levels")
    evidence = (
        f"letter shares differ from those under neutral prompts by {distance:.3f} (total variation, p {p:.4f}); share "
        f"of A between levels p {levels:.4f}"
    )
    return holds_if(p < ALPHA or levels < ALPHA, evidence)


def texts_rise(results: Results) -> Finding:
    """Predicted arousal rises and predicted valence falls with the level; length does neither."""
    arousal = results.one(system="wording", metric="spearman", subset="predicted arousal")
    valence = results.one(system="wording", metric="spearman", subset="predicted valence")
    length = results.one(system="wording", metric="spearman", subset="number of words")
    evidence = f"Spearman with level: arousal {told(arousal)}, valence {told(valence)}, length {told(length)}"
    return holds_if(clear(arousal) > 0 and clear(valence) < 0 and clear(length) == 0, evidence)
