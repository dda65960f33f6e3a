"""Can a listener's own continuous feeling be predicted, with and without knowing the listener? (card 03)

OMG-Empathy is the user's to bring: its arms (third persons as predictors, transcripts) run where it is at hand. The
two-track protocol runs here on the traces of 32 people who watched eight videos (CEAP-360VR): a viewer's valence and
arousal from the traces of other viewers of the video, from its brightness, from time alone; personalized systems also
know the person's other videos. Everything that shapes a prediction is fitted on training people only.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.measure.resampling import bootstrap_interval
from thymos.perceive.traces.grid import Floats
from thymos.perceive.traces.tracks import GENERALIZED, PERSONALIZED, file_scores, track_score
from thymos.perceive.traces.viewers import others_mean
from thymos.studies._listener_claims import CLAIMS, PLOTS
from thymos.studies._listener_data import AXES, CORPUS, Viewers, flat, keep_table, viewers
from thymos.studies._listener_dyads import DYADS, third_persons, transcripts, without_dyads
from thymos.studies._listener_systems import (
    CONSTANT,
    GENERALIZED_SYSTEMS,
    LIGHT,
    ONE_VIEWER,
    OTHERS,
    OWN,
    PERSONAL,
    PERSONAL_SHAPED,
    PERSONALIZED_SYSTEMS,
    REST,
    SHAPED,
    TIME,
    TRAINING_MEAN,
    one_other_viewer,
    predictions,
)
from thymos.studies.contract import Arm, Context, Row, RowKind, Study

KINDS = {
    CONSTANT: RowKind.FLOOR,
    TRAINING_MEAN: RowKind.FLOOR,
    TIME: RowKind.FLOOR,
    LIGHT: RowKind.BASELINE,
    OWN: RowKind.BASELINE,
    OTHERS: RowKind.BASELINE,
    SHAPED: RowKind.SYSTEM,
    PERSONAL: RowKind.ABLATION,
    PERSONAL_SHAPED: RowKind.SYSTEM,
}
APART = "participant-independent"
KNOWN_PERSON = "video held out of the person's own traces; person known"
NEW_VIDEO = f"{APART}, video-independent"
SPLITS = {
    **dict.fromkeys(GENERALIZED_SYSTEMS, ("participants", f"{APART}, not video-independent")),
    **dict.fromkeys((TIME, LIGHT), ("participants, and videos", NEW_VIDEO)),
    **dict.fromkeys(PERSONALIZED_SYSTEMS, ("participants, then own videos", KNOWN_PERSON)),
}
GAINS = ((SHAPED, TIME), (SHAPED, OTHERS), (PERSONAL, OTHERS), (PERSONAL_SHAPED, SHAPED), (LIGHT, TIME))


def guesses(ctx: Context, found: Viewers, axis: str) -> dict[str, Floats]:
    """Predictions of every system, kept as a table of the run; shapes (people, videos, times)."""
    table = ctx.table(f"predictions_{axis}", lambda: keep_table(predictions(found, axis)))
    return {name: table[name].to_numpy().reshape(found.traces[axis].shape) for name in table.columns}


def scores_of(found: Viewers, axis: str, guess: Floats) -> Floats:
    """CCC of every file, people outermost."""
    return file_scores(flat(found.traces[axis]), flat(guess))


def track_rows(
    ctx: Context,
    scores: Floats,
    files: tuple[Iterable[Any], Iterable[Any]],
    system: str,
    kind: RowKind,
    subset: str,
    split: tuple[str, str],
    note: str = "",
) -> list[Row]:
    """A system on both tracks, with intervals over persons."""
    rows = []
    for track in (PERSONALIZED, GENERALIZED):
        interval = track_score(scores, *files, track, resamples=ctx.resamples)
        rows.append(
            Row.of_interval(interval, system=system, kind=kind, metric=track, subset=subset, split=split[0],
                            guarantee=split[1], seeds=(ctx.settings.seed,), note=note)
        )  # fmt: skip
    return rows


def _rows(ctx: Context, systems: Iterable[str]) -> list[Row]:
    found = viewers(ctx)
    rows = []
    for axis in AXES:
        guess = guesses(ctx, found, axis)
        for system in (name for name in systems if name in guess):
            scores, split = scores_of(found, axis, guess[system]), SPLITS[system]
            rows += track_rows(ctx, scores, found.files, system, KINDS[system], axis, split)
    return rows


def floors(ctx: Context) -> list[Row]:
    """Constants, and the mean course over other videos."""
    return _rows(ctx, (CONSTANT, TRAINING_MEAN, TIME))


def generalized(ctx: Context) -> list[Row]:
    """Nothing of the person is known."""
    return _rows(ctx, (LIGHT, OTHERS, SHAPED))


def personalized(ctx: Context) -> list[Row]:
    """The person's other videos are known."""
    return _rows(ctx, PERSONALIZED_SYSTEMS)


def gains(ctx: Context) -> list[Row]:
    """Differences of CCC a file, paired, with intervals over persons."""
    found = viewers(ctx)
    people, _ = found.files
    rows = []
    for axis in AXES:
        guess = guesses(ctx, found, axis)
        for better, plain in GAINS:
            if better not in guess:
                continue
            difference = scores_of(found, axis, guess[better]) - scores_of(found, axis, guess[plain])
            interval = bootstrap_interval("mean", (difference,), people, resamples=ctx.resamples)
            split = SPLITS[better]
            rows.append(
                Row.of_interval(interval, system=f"{better} over {plain}", kind=RowKind.ABLATION, metric="ccc_gain",
                                subset=axis, split=split[0], guarantee=split[1], note="paired by file")
            )  # fmt: skip
    return rows


def ceilings(ctx: Context) -> list[Row]:
    """How far viewers agree: one viewer as the predictor of another, and one viewer against the mean of the rest."""
    found = viewers(ctx)
    rows = []
    for axis in AXES:
        traces = found.traces[axis]
        alone = one_other_viewer(traces, lambda gold, guess: file_scores(list(gold), list(guess))).ravel()
        split = ("all", "no split")
        note = (
            "people report what they felt themselves: no observer of others; as traced, while shaped systems have "
            "their variance matched, which raises CCC"
        )
        rows += track_rows(ctx, alone, found.files, ONE_VIEWER, RowKind.CEILING, axis, split, note)
        rest = scores_of(found, axis, others_mean(traces))
        rows += track_rows(ctx, rest, found.files, REST, RowKind.CEILING, axis, split, note)
    return rows


def one_story(ctx: Context) -> list[Row]:
    """Both tracks on a single video: the same number, by construction."""
    found = viewers(ctx)
    axis, video = AXES[0], found.videos[0]
    people, videos = found.files
    chosen: npt.NDArray[np.bool_] = np.asarray(videos == video)
    scores = scores_of(found, axis, guesses(ctx, found, axis)[OTHERS])[chosen]
    files = people[chosen], videos[chosen]
    return track_rows(ctx, scores, files, OTHERS, RowKind.CONTROL, f"{axis}, one video", SPLITS[OTHERS])


STUDY = Study(
    slug="listener_empathy",
    card=3,
    title="Continuous feeling of a listener or viewer, with and without knowing the person",
    question="How much of a person's own continuous valence can be predicted from what others felt, from the stimulus "
    "and from time alone, and does knowing the person help?",
    paper="The OMG-Empathy dataset: evaluating the impact of affective behavior in storytelling, arXiv 1908.11706, "
    "ACII 2019",
    corpora=(CORPUS,),
    optional=(DYADS,),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "Constants, and the mean course over other videos."),
        Arm("other viewers", RowKind.CEILING, ceilings, "How far viewers of a video agree."),
        Arm("generalized", RowKind.SYSTEM, generalized, "Brightness, other viewers; shaped on training people."),
        Arm("personalized", RowKind.SYSTEM, personalized, "The person's other videos are known."),
        Arm("gains", RowKind.ABLATION, gains, "Paired differences a file."),
        Arm("one story", RowKind.CONTROL, one_story, "Both tracks on a single video."),
        Arm("third persons", RowKind.CEILING, third_persons, "Who watches the dialogue.", needs=without_dyads),
        Arm("transcripts", RowKind.SYSTEM, transcripts, "What is said, trained on 2, 4, 5, 8.", needs=without_dyads),
    ),
    claims=CLAIMS,
    plots=PLOTS,
    headline=("personalized_ccc", "generalized_ccc", "ccc_gain"),
    decisions=(
        "CCC a file with population moments; a constant side scores 0; means as in the released scripts.",
        (
            "In a complete design (everybody has every video) both tracks are the same mean: the tracks differ by what "
            "a system may learn from, so personalized systems know the person's other videos and generalized ones do "
            "not."
        ),
        "Traces are put on one grid of 2 values a second, linear between samples, the ends held [inferred].",
        (
            "A prediction is smoothed, delayed and matched in variance by what raises the mean CCC of training people, "
            "each predicted by the other training people."
        ),
        (
            "Personal scale: shift and swing by least squares on the person's other videos, pulled toward 'like "
            "everybody'; how strongly is chosen on training people."
        ),
        (
            "CEAP-360VR viewers report their own feeling and nobody watches them: 'one other viewer' stands for the "
            "observer, who exists in OMG-Empathy only."
        ),
        (
            "OMG-Empathy: train on stories 2, 4, 5, 8, score on 1; tests 3, 6, 7 are not touched [inferred split]; 25 "
            "frames a second [inferred]; transcripts are words and marks of the last 10 seconds, ridge regression."
        ),
    ),
)
