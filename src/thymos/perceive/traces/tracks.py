"""The two tracks of OMG-Empathy: a CCC a file, averaged over a person's stories or over a story's persons (card 03).

A file is one person hearing one story. Personalized: mean over the stories of each subject, then over subjects.
Generalized: mean over the subjects of each story, then over stories. CCC uses numpy's population moments, and a file
with a constant side scores 0, as in the released scripts. Where every subject has every story, both means are the same
number by construction: what then differs between the tracks is what a system may learn from.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.inputs import group_codes
from thymos.measure.metric import Additive, rows_of
from thymos.measure.regression import ccc
from thymos.measure.resampling import Interval, bootstrap_interval

Floats = npt.NDArray[np.float64]
PERSONALIZED, GENERALIZED = "personalized_ccc", "generalized_ccc"


def file_scores(gold: Sequence[npt.ArrayLike], predicted: Sequence[npt.ArrayLike]) -> Floats:
    """CCC of every file, 0 where one side is constant.

    Raises:
        BadInput: another number of files or frames.
    """
    if len(gold) != len(predicted):
        raise BadInput(f"{len(gold)} gold traces and {len(predicted)} predictions", mend="pass one prediction a file")
    return np.array([ccc(truth, guess) for truth, guess in zip(gold, predicted, strict=True)])


def mean_ccc(gold: Sequence[Floats], predicted: Sequence[Floats]) -> float:
    """Mean of ``file_scores`` without its checks, for choosing settings thousands of times."""
    total = 0.0
    for truth, guess in zip(gold, predicted, strict=True):
        one, other = truth - truth.mean(), guess - guess.mean()
        spread = one @ one + other @ other + len(one) * (truth.mean() - guess.mean()) ** 2
        total += 2 * float(one @ other) / float(spread) if spread > 1e-12 else 0.0
    return total / len(gold)


def track_score(
    scores: npt.ArrayLike, subjects: Iterable[Any], stories: Iterable[Any], track: str, *, resamples: int = 10_000
) -> Interval:
    """Mean of the files' CCC by one of the tracks, with its interval over subjects.

    Args:
        scores: CCC of every file.
        subjects: who listened; drawn whole for the interval.
        stories: what was told.
        track: ``"personalized_ccc"`` or ``"generalized_ccc"``.
        resamples: bootstrap samples.

    Raises:
        BadInput: an unknown track, lengths that differ, fewer than two subjects.
    """
    subject_codes, subject_names = group_codes(subjects, "subjects")
    story_codes, story_names = group_codes(stories, "stories")
    values = np.asarray(scores, dtype=np.float64)
    if not len(values) == len(subject_codes) == len(story_codes):
        raise BadInput(f"{len(values)} scores, {len(subject_codes)} subjects, {len(story_codes)} stories")
    if track == PERSONALIZED:
        counts = np.bincount(subject_codes)
        means = np.bincount(subject_codes, weights=values) / counts
        # One value a subject: drawing subjects is drawing items; how many stories each has does not matter.
        found = bootstrap_interval("mean", (means,), np.arange(len(subject_names)), resamples=resamples)
        return found._replace(n=len(values))
    if track != GENERALIZED:
        raise BadInput(f"there is no track {track!r}", mend=f"use {PERSONALIZED} or {GENERALIZED}")
    return bootstrap_interval(
        _by_story(values, story_codes, len(story_names)), clusters=subject_codes, resamples=resamples
    )


def _by_story(values: Floats, stories: npt.NDArray[np.int64], count: int) -> Additive:
    """Mean over stories of the mean over files; a story that a resample lost is left out."""
    chosen = np.zeros((len(values), count))
    chosen[np.arange(len(values)), stories] = 1
    table = np.hstack([chosen, chosen * values[:, None]])

    def finish(sums: Floats) -> Floats:
        files, totals = sums[..., :count], sums[..., count:]
        present = files > 0
        means = np.where(present, totals / np.maximum(files, 1), 0.0)
        return np.asarray(means.sum(axis=-1) / np.maximum(present.sum(axis=-1), 1))

    return rows_of(table, finish)
