"""How well do the recognizers that ship read voices, faces, scenes and wrists that they were not trained on?

Voices and wrists: recognizers made as the shipped ones, without the people in question. Faces: the shipped weights on
the official test part, which nothing was trained or chosen on. Scenes: without the theme words in question.
"""

from typing import Any

import numpy as np

from thymos.studies._media_claims import (
    calibrated,
    faces_above_baseline,
    other_corpus,
    scenes_above_look,
    unknown_voices,
    women_and_men,
    wrists_above_threshold,
    wrists_above_time,
)
from thymos.studies._media_others import faces, scenes, wrists
from thymos.studies._media_voices import (
    CROSSED,
    MAJORITY,
    SPEECH,
    VOICES,
    needs_whisper,
    shipped_voices,
    voice_floors,
    whisper_voices,
)
from thymos.studies.contract import Arm, Claim, Plot, Results, RowKind, Study


def draw_voices(results: Results, figure: Any) -> None:
    """Recall inside a corpus and from the other one."""
    axes = figure.subplots()
    subsets = [*VOICES, *(f"{test} from {train}" for train, test in CROSSED)]
    rows = [results.one(system=SPEECH, metric="uar", subset=subset) for subset in subsets]
    values = np.array([row.value or 0 for row in rows])
    spread = np.array(
        [[value - (row.low or value), (row.high or value) - value] for value, row in zip(values, rows, strict=True)]
    )
    axes.errorbar(values, range(len(rows)), xerr=spread.T, fmt="o", label=SPEECH)
    floors = [results.value(system=MAJORITY, metric="uar", subset=subset) for subset in subsets]
    axes.plot(floors, range(len(rows)), "x", color="gray", label="chance")
    axes.set_yticks(range(len(rows)), subsets)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("unweighted average recall")
    axes.legend()


STUDY = Study(
    slug="media_recognizers",
    card=0,
    title="The recognizers that ship: voices, faces, scenes and wrists that were not trained on",
    question="How well do the small recognizers that ship read people, pictures and recordings that they were not "
    "trained on, beside their floors, in another corpus, by group, and are their probabilities honest?",
    corpora=("ravdess", "emodb", "ferplus", "oasis", "stress_predict"),
    headline=("uar", "accuracy", "macro_f1", "pearson", "ccc", "ece"),
    arms=(
        Arm("chance for voices", RowKind.FLOOR, voice_floors, "always one label"),
        Arm("voices", RowKind.SYSTEM, shipped_voices, "acoustic features, speakers apart, then the other corpus"),
        Arm(
            "voices with Whisper",
            RowKind.ABLATION,
            whisper_voices,
            "a frozen encoder (extra whisper), and each speaker's levels known",
            needs=needs_whisper,
            quick=False,
        ),
        Arm("faces", RowKind.SYSTEM, faces, "the shipped weights on the official test part of FER+"),
        Arm("scenes", RowKind.SYSTEM, scenes, "OASIS, ten folds with theme words apart"),
        Arm("wrists", RowKind.SYSTEM, wrists, "Stress-Predict, one person left out at a time"),
    ),
    claims=(
        Claim("In another corpus a recognizer of acted speech loses much of its recall", other_corpus, "ours"),
        Claim("Emotion is recognized in voices that were not trained on", unknown_voices, "ours"),
        Claim("Women's and men's voices are recognized alike", women_and_men, "ours"),
        Claim("Faces are recognized better than by the untuned baseline (.835, .589)", faces_above_baseline, "ours"),
        Claim("Layout and texture tell more of a scene's affect than brightness and color", scenes_above_look, "ours"),
        Claim("A wristband tells stress better than a heart-rate threshold", wrists_above_threshold, "ours"),
        Claim("A wristband tells stress better than the minute of the session", wrists_above_time, "ours"),
        Claim("Probabilities are calibrated (error at most .05)", calibrated, "ours"),
    ),
    plots=(Plot("voices", "Recall of acted speech inside a corpus and from the other one", draw_voices),),
    decisions=(
        "voices and wrists: scores are those of recognizers made as the shipped ones, without the people in question",
        "faces: the shipped weights; the test part was used once; people may stand on both sides: FER+ names nobody",
        "FER+ test labels: majority policy of its authors (more than half of the votes, single votes dropped)",
        "scenes: OASIS without nudity, dead bodies and injury (832 of 900 pictures)",
        "wrists: everybody went through the same blocks in the same order, so the minute of the session is a floor",
    ),
)
