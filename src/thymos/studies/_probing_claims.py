"""The claims of ``emotion_probing`` as predicates over its rows."""

from collections.abc import Callable, Sequence

from thymos.studies._probing_data import CHAT, DEPTHS, RAW, SECOND_VARIABLE, percent
from thymos.studies._probing_fits import MLP, TEST, probe_name
from thymos.studies._probing_malleability import REPLIES, SYSTEM_PROMPTS
from thymos.studies._probing_persistence import CONTRAST, LONG, OFFSET_PROBE, SHORT
from thymos.studies._probing_zero_shot import ZERO_SHOT
from thymos.studies.contract import Finding, Results, Row, Verdict, holds_if

DIFFERENCE = "accuracy_difference"
INNER_MINUS_LAST, INNER_MINUS_FIRST = "best inner depth minus 100 %", "best inner depth minus 0 %"
TEMPLATE_MINUS_RAW = "chat template minus raw text, 100 % depth"
BEST, FINAL = "best probe by development posts", probe_name(MLP, CHAT, 1.0)
MINUS_WORDS, MINUS_MEANS = "minus TF-IDF", "minus mean-pooled embeddings"
LARGER = "larger minus smaller model, 100 % depth"
PAIR, PAIR_EXCESS = "anger/disgust", "anger/disgust minus mean of the other pairs"


def told(row: Row) -> str:
    """Value and interval in words."""
    if row.value is None:
        return f"no value ({row.note})"
    if row.low is None or row.high is None:
        return f"{row.value:+.3f} (no interval)"
    return f"{row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def clear(row: Row) -> int:
    """1 or -1 where the interval lies above or below zero, else 0."""
    if row.low is None or row.high is None:
        return 0
    return int(row.low > 0) - int(row.high < 0)


def all_above(rows: Sequence[Row], evidence: str) -> Finding:
    """Holds where every difference is above zero, contradicted where one is below."""
    if any(clear(row) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all(clear(row) > 0 for row in rows), evidence)


def peaks_inside(results: Results) -> Finding:
    """An inner depth, chosen on development posts, beats both ends on test posts."""
    parts, rows = [], []
    for variant in (CHAT, RAW):
        found = [
            results.one(system=probe_name(MLP, variant), metric=DIFFERENCE, subset=subset)
            for subset in (INNER_MINUS_LAST, INNER_MINUS_FIRST)
        ]
        rows += found if variant is CHAT else []
        parts.append(f"{variant.name}: {found[0].note}, minus 100 % {told(found[0])}, minus 0 % {told(found[1])}")
    return all_above(rows, "; ".join(parts))


def sharpens_with_scale(results: Results) -> Finding:
    """The larger of two models is read better."""
    rows = results.find(metric=DIFFERENCE, subset=LARGER)
    if not rows:
        reason = f"one model size: name a second in {SECOND_VARIABLE}"
        return Finding(Verdict.NOT_TESTABLE, reason)
    return all_above(rows, f"{told(rows[0])}; {rows[0].note}")


def difference_above(system: str, subset: str) -> Callable[[Results], Finding]:
    """One paired difference is above zero."""

    def check(results: Results) -> Finding:
        row = results.one(system=system, metric=DIFFERENCE, subset=subset)
        return all_above([row], f"{subset}: {told(row)}; {row.note}".removesuffix("; "))

    return check


def beats_zero_shot(results: Results) -> Finding:
    """The probe at the final layer beats each way of asking the model itself."""
    rows = [results.one(system=FINAL, metric=DIFFERENCE, subset=f"minus {name}") for name in ZERO_SHOT]
    coverage = results.one(system=ZERO_SHOT[0], metric="coverage_rate", subset=TEST)
    parts = [f"{row.subset} {told(row)}" for row in rows]
    return all_above(rows, f"{FINAL}: {'; '.join(parts)}; coverage of JSON replies {coverage.value:.3f}")


def persists_longest(results: Results) -> Finding:
    """Anger and fear are read better than joy and surprise late in a reply, and fall less on the way."""
    late = results.one(system=OFFSET_PROBE, metric="late_recall_difference", subset=CONTRAST)
    fall = results.one(system=OFFSET_PROBE, metric="persistence_difference", subset=CONTRAST)
    evidence = f"late recall {told(late)}, fall avoided {told(fall)} ({CONTRAST}); {late.note}"
    if late.value is None or fall.value is None:
        return Finding(Verdict.NOT_TESTABLE, evidence)
    curves = []
    for emotion in (*LONG, *SHORT):
        found = [row for row in results.find(system=OFFSET_PROBE, metric="recall") if row.subset.endswith(emotion)]
        values = [f"{row.value:.2f}" for row in found if row.value is not None]
        curves.append(f"{emotion} {' '.join(values)}")
    evidence = f"{evidence}; recall over offsets: {', '.join(curves)}"
    if clear(late) < 0 and clear(fall) < 0:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(clear(late) > 0 and clear(fall) > 0, evidence)


def anger_and_disgust_overlap(results: Results) -> Finding:
    """Anger and disgust are confused more than the other pairs of emotions are on average."""
    share = results.one(metric="pair_confusion", subset=PAIR)
    excess = results.one(metric="pair_confusion", subset=PAIR_EXCESS)
    return all_above([excess], f"{share.value:.3f} of their posts, {told(excess)} over the mean pair; {share.note}")


def prompt_moves_replies(results: Results) -> Finding:
    """Replies follow the user's emotion less under an emotional system prompt than under an empty one."""
    row = results.one(system=REPLIES, metric=DIFFERENCE, subset="emotional minus empty prompt")
    values = {
        prompt: results.value(system=REPLIES, metric="accuracy", subset=f"replies, {prompt} prompt")
        for prompt in SYSTEM_PROMPTS
    }
    listed = ", ".join(f"{prompt} {value:.3f}" for prompt, value in values.items())
    evidence = f"emotional minus empty {told(row)}; accuracy {listed}"
    if clear(row) > 0:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(clear(row) < 0, evidence)


def depth_rows(results: Results, probe: str) -> list[Row]:
    """Accuracy of a probe (``probe_name`` without a depth) at each depth, in order."""
    names = {f"{probe}, {percent(depth)} depth" for depth in DEPTHS}
    rows = [row for row in results.find(metric="accuracy", subset=TEST) if row.system in names]
    return sorted(rows, key=lambda row: depth_of(row.system))


def depth_of(system: str) -> float:
    """The depth in a probe's name.

    Example:
        >>> depth_of("MLP probe, chat template, 75 % depth")
        0.75
    """
    return int(system.rpartition(", ")[2].removesuffix(" % depth")) / 100
