"""Claims of ``media_recognizers``."""

import math

from thymos.perceive.physiology.training import FLOORS as WRIST_FLOORS
from thymos.perceive.physiology.training import TIME
from thymos.perceive.scene.training import AXES, FLOORS, REGRESSOR
from thymos.studies._media_others import FACE, WRIST
from thymos.studies._media_voices import CROSSED, MAJORITY, SPEECH
from thymos.studies.contract import Finding, Results, Row, Verdict, holds_if

CALIBRATED = 0.05
ALIKE = 0.05  # average recall; a difference that is surely smaller does not matter


def _told(row: Row) -> str:
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


def unknown_voices(results: Results) -> Finding:
    """Far above chance on speakers that were not trained on."""
    row = results.one(system=SPEECH, metric="uar", subset="ravdess")
    floor = results.value(system=MAJORITY, metric="uar", subset="ravdess")
    return holds_if((row.low or 0) > floor, f"ravdess: {_told(row)}, chance {floor:.3f}")


def other_corpus(results: Results) -> Finding:
    """Acted speech of one corpus flatters: in the other corpus the recall of the same classes is lower."""
    lost, words = [], []
    for train, test in CROSSED:
        crossed = results.one(system=SPEECH, metric="uar", subset=f"{test} from {train}")
        own = results.one(system=SPEECH, metric="uar", subset=test)
        words.append(f"{test}: {_told(own)} inside, {_told(crossed)} from {train}")
        lost.append((crossed.high or 1) < (own.low or 0))
    evidence = "; ".join(words) + "; ravdess has eight classes inside and four across"
    return holds_if(lost[0], evidence)


def women_and_men(results: Results) -> Finding:
    """Contradicted when the difference is told apart from 0; holds only when it surely is small."""
    women, men = (results.one(system=SPEECH, metric="uar", subset=f"ravdess/{sex}") for sex in ("female", "male"))
    difference = (women.value or 0) - (men.value or 0)
    # Different people, so the two intervals are independent and their half-widths add up in squares.
    halves = [((row.high or 0) - (row.low or 0)) / 2 for row in (women, men)]
    reach = math.hypot(*halves)
    evidence = (
        f"women {_told(women)}, men {_told(men)}, difference {difference:+.3f} "
        f"[{difference - reach:+.3f}, {difference + reach:+.3f}]"
    )
    if abs(difference) > reach:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(abs(difference) + reach <= ALIKE, evidence)


def calibrated(results: Results) -> Finding:
    """Every expected calibration error is at most .05."""
    systems = ((SPEECH, "ravdess"), (FACE, "ferplus test"), (WRIST, "stress_predict"))
    errors = {name: results.value(system=name, metric="ece", subset=subset) for name, subset in systems}
    evidence = ", ".join(f"{name} {value:.3f}" for name, value in errors.items())
    return holds_if(max(errors.values()) <= CALIBRATED, evidence, otherwise=Verdict.CONTRADICTED)


def faces_above_baseline(results: Results) -> Finding:
    """At least the accuracy and macro F1 that were measured with nothing tuned."""
    accuracy = results.one(system=FACE, metric="accuracy", subset="ferplus test")
    macro = results.one(system=FACE, metric="macro_f1", subset="ferplus test")
    evidence = f"accuracy {_told(accuracy)}, macro F1 {_told(macro)}"
    return holds_if((accuracy.value or 0) > 0.835 and (macro.value or 0) > 0.589, evidence)


def scenes_above_look(results: Results) -> Finding:
    """Layout and texture add to brightness and color, for valence and for arousal."""
    words, above = [], []
    for axis in AXES:
        ours = results.one(system=REGRESSOR, metric="pearson", subset=f"oasis/{axis}")
        look = results.one(system=FLOORS[1], metric="pearson", subset=f"oasis/{axis}")
        words.append(f"{axis} {_told(ours)} against {_told(look)}")
        above.append((ours.low or 0) > (look.value or 0))
    return holds_if(all(above), "; ".join(words))


def wrists_above_time(results: Results) -> Finding:
    """The body says more about the block than the minute of the session does."""
    ours = results.one(system=WRIST, metric="uar", subset="stress_predict")
    minute = results.one(system=TIME, metric="uar", subset="stress_predict")
    evidence = f"balanced accuracy {_told(ours)}, {TIME} {_told(minute)}"
    worse = (ours.high or 1) < (minute.low or 0)
    return holds_if(
        (ours.low or 0) > (minute.high or 1),
        evidence,
        otherwise=Verdict.CONTRADICTED if worse else Verdict.NOT_SHOWN,
    )


def wrists_above_threshold(results: Results) -> Finding:
    """Better than the best threshold of the heart rate relative to the person."""
    ours = results.one(system=WRIST, metric="uar", subset="stress_predict")
    best = max((results.one(system=name, metric="uar", subset="stress_predict") for name in WRIST_FLOORS[:-1]),
               key=lambda row: row.value or 0)  # fmt: skip
    evidence = f"balanced accuracy {_told(ours)}, {best.system} {_told(best)}"
    return holds_if((ours.low or 0) > (best.value or 0), evidence)
