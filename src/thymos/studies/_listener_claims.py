"""The claims and plots of ``listener_empathy``."""

from typing import Any

from thymos.perceive.traces.tracks import GENERALIZED, PERSONALIZED
from thymos.studies._listener_data import AXES
from thymos.studies._listener_dyads import ALL, LISTENER, TEXTS, VALID
from thymos.studies._listener_systems import (
    LIGHT,
    ONE_VIEWER,
    OTHERS,
    PERSONAL_SHAPED,
    REST,
    SHAPED,
    TIME,
)
from thymos.studies.contract import Claim, Finding, Plot, Results, Row, RowKind, Verdict, holds_if

PUBLISHED_BASELINE = "authors, listener only"


def bounds(row: Row) -> str:
    """``0.131 [0.100, 0.160]``."""
    return f"{row.value or 0:.3f} [{row.low or 0:.3f}, {row.high or 0:.3f}]"


def gain(results: Results, better: str, plain: str) -> Finding:
    """Holds when both axes gain, contradicted when one loses, else not shown."""
    rows = [results.one(system=f"{better} over {plain}", metric="ccc_gain", subset=axis) for axis in AXES]
    evidence = f"CCC a file gained by '{better}' over '{plain}': "
    evidence += ", ".join(f"{row.subset} {bounds(row)}" for row in rows)
    if any((row.high or 0) < 0 for row in rows):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(all((row.low or 0) > 0 for row in rows), evidence)


def knowing_the_person(results: Results) -> Finding:
    """Personal scale beside the same prediction without it."""
    return gain(results, PERSONAL_SHAPED, SHAPED)


def others_tell(results: Results) -> Finding:
    """Other viewers of the video against time alone."""
    return gain(results, SHAPED, TIME)


def stimulus_tells(results: Results) -> Finding:
    """Brightness of the video against time alone."""
    return gain(results, LIGHT, TIME)


def observers_hardly_agree(results: Results) -> Finding:
    """Third persons of OMG-Empathy against the self-report."""
    rows = results.find(system=LISTENER, metric=PERSONALIZED, subset=ALL)
    if not rows:
        near = results.one(system=ONE_VIEWER, metric=PERSONALIZED, subset=AXES[0])
        rest = results.one(system=REST, metric=PERSONALIZED, subset=AXES[0])
        return Finding(
            Verdict.NOT_TESTABLE,
            "needs OMG-Empathy, which is the user's to bring; viewers of one video agree in valence with CCC "
            f"{bounds(near)} one with another and {bounds(rest)} one with the mean of the rest",
        )
    return holds_if((rows[0].high or 1) < 0.2, f"mean CCC over all files {bounds(rows[0])}")


def text_beats_observer(results: Results) -> Finding:
    """The transcript on the validation story."""
    rows = results.find(system=TEXTS, metric=GENERALIZED, subset=VALID)
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, "needs OMG-Empathy, which is the user's to bring")
    return holds_if((rows[0].low or 0) > 0, f"CCC on story 1 {bounds(rows[0])}")


def tracks_on_one_story(results: Results) -> Finding:
    """Published values of both tracks on one validation story, beside what the protocol gives on one story."""
    ours = [row for row in results.find(system=OTHERS, kind=RowKind.CONTROL) if row.subset.endswith("one video")]
    values = {row.metric: row.value or 0.0 for row in ours}
    published = {
        row.metric: row.value or 0.0 for row in results.find(system=PUBLISHED_BASELINE, kind=RowKind.PUBLISHED)
    }
    if len(values) < 2 or len(published) < 2:
        return Finding(Verdict.NOT_TESTABLE, "the published rows or the control are missing")
    same = abs(values[PERSONALIZED] - values[GENERALIZED]) < 1e-9
    differ = abs(published[PERSONALIZED] - published[GENERALIZED]) > 1e-3
    evidence = (
        f"on one video both tracks are {values[PERSONALIZED]:.4f} and {values[GENERALIZED]:.4f} by the protocol; "
        f"published for one validation story are {published[PERSONALIZED]:.3f} and {published[GENERALIZED]:.3f}, so "
        "one of them is not a mean over that story alone"
    )
    if same and differ:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(same, evidence)


CLAIMS = (
    Claim("Knowing the person helps to predict what the person feels (personalized over generalized)",
          knowing_the_person, "challenge, two tracks"),
    Claim("What others feel at the same stimulus tells more than time alone", others_tell, "this study"),
    Claim("The brightness of the stimulus tells more than time alone", stimulus_tells, "this study"),
    Claim("Outside observers barely agree with the self-report", observers_hardly_agree, "measured on the release"),
    Claim("What is said predicts the listener's valence", text_beats_observer, "arXiv 1812.04891, abstract"),
    Claim("Both published validation values of the authors' baseline are means over the one validation story",
          tracks_on_one_story, "repo"),
)  # fmt: skip


def draw_tracks(results: Results, figure: Any) -> None:
    """Every system on the personalized track, valence and arousal."""
    axes = figure.subplots(1, 2, sharey=True)
    names = list(dict.fromkeys(row.system for row in results.find(metric=PERSONALIZED, subset=AXES[0])))
    for panel, axis in zip(axes, AXES, strict=True):
        for place, name in enumerate(names):
            row = results.one(system=name, metric=PERSONALIZED, subset=axis)
            value = row.value or 0
            reach = [[value - (row.low or 0)], [(row.high or 0) - value]]
            panel.errorbar(value, place, xerr=reach, fmt="o", capsize=2)
        panel.axvline(0, color="gray", linewidth=0.8)
        panel.set_title(axis)
        panel.set_xlabel("mean CCC a file")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()


PLOTS = (Plot("tracks", "Other viewers tell a little of what one viewer feels, time tells nothing", draw_tracks),)
