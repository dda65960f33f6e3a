"""Claims of the study of hybrid empathy as predicates over its rows."""

from collections.abc import Callable

from thymos.studies import _empathy_causes as causes
from thymos.studies import _empathy_replies as replies
from thymos.studies._empathy_small import ATTENTION
from thymos.studies.contract import Finding, Results, Row, Verdict

WHOLE, DRAWN = "test", "drawn test dialogues"
DIFFERENCE = "accuracy_difference"
POOL = "all small models pooled"
PLAIN_FINE_TUNE, AIM = 0.516, 0.55


def verdict_of(row: Row) -> Verdict:
    """By the interval of a difference."""
    low, high = row.low or 0.0, row.high or 0.0
    return Verdict.HOLDS if low > 0 else Verdict.CONTRADICTED if high < 0 else Verdict.NOT_SHOWN


def told(row: Row) -> str:
    """A row as words."""
    return f"{row.system}: {row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def gain(first: str, second: str) -> Callable[[Results], Finding]:
    """A predicate: one way is more accurate than another."""

    def check(results: Results) -> Finding:
        row = results.one(system=f"{first} minus {second}", metric=DIFFERENCE)
        return Finding(verdict_of(row), f"{told(row)}; n {row.n}")

    return check


def _above_chance(results: Results, subset: str) -> Finding:
    own = results.one(system=ATTENTION.name, metric=causes.AREA, subset=subset)
    rare = results.one(system=causes.RARE, metric=causes.AREA, subset=subset)
    evidence = f"area {own.value:.3f} [{own.low:.3f}, {own.high:.3f}]; rare words {rare.value:.3f}; chance .5"
    if (own.high or 1) < 0.5:
        return Finding(Verdict.CONTRADICTED, evidence)
    above = (own.low or 0) > 0.5 and (own.low or 0) > (rare.high or 0)
    return Finding(Verdict.HOLDS if above else Verdict.NOT_SHOWN, evidence)


def in_causes(results: Results) -> Finding:
    """The area of the attention encoder is above one half and above that of rare words."""
    return _above_chance(results, "RECCON test")


def in_situations(results: Results) -> Finding:
    """The same for the situations of EmoCause, where they are at hand."""
    if not results.find(metric=causes.AREA, subset="EmoCause test"):
        return Finding(Verdict.NOT_TESTABLE, "needs EmoCause: put valid.json and test.json into a folder emocause")
    return _above_chance(results, "EmoCause test")


def _reply_row(results: Results, name: str) -> Row:
    return results.one(system=name, metric=replies.DIFFERENCE, subset="replies of EmpatheticDialogues test")


def hints_help(results: Results) -> Finding:
    """Emotion and cause words together make replies more probable."""
    row = _reply_row(results, replies.BOTH)
    return Finding(verdict_of(row), f"{told(row)} nats a token")


def hints_beat_chance(results: Results) -> Finding:
    """The hints' interval lies above the values of both random controls."""
    row = _reply_row(results, replies.BOTH)
    others = [_reply_row(results, name) for name in (replies.RANDOM_EMOTION, replies.RANDOM_WORDS)]
    evidence = "; ".join(told(one) for one in (row, *others))
    best = max(one.value or 0.0 for one in others)
    if (row.low or 0) > max(one.high or 0.0 for one in others):
        return Finding(Verdict.HOLDS, evidence)
    return Finding(Verdict.CONTRADICTED if (row.high or 0) < best else Verdict.NOT_SHOWN, evidence)


def _best(results: Results) -> Row:
    """The better of the attention encoder and the pool on all speaker turns."""
    rows = [results.one(system=name, metric="accuracy", subset=WHOLE) for name in (ATTENTION.name, POOL)]
    return max(rows, key=lambda row: row.value or 0.0)


def reaches(bar: float) -> Callable[[Results], Finding]:
    """A predicate: the best of what was trained is above a bar."""

    def check(results: Results) -> Finding:
        best = _best(results)
        evidence = f"{best.system}: {best.value:.3f} [{best.low:.3f}, {best.high:.3f}]; bar {bar:.3f}"
        if (best.low or 0) > bar:
            return Finding(Verdict.HOLDS, evidence)
        return Finding(Verdict.CONTRADICTED if (best.high or 1) < bar else Verdict.NOT_SHOWN, evidence)

    return check
