"""Answers that are four intensities from 0 to 10: reading, grading and floors, as EQ-Bench version 2 asks them.

Reading is strict and blind to the reference: exactly one number from 0 to 10 for each of the named emotions, written
as "Emotion: number"; text before and after does no harm, anything less is not an answer. Grading follows the public
formula of version 2 (EQ-bench/EQ-Bench, ``lib/scoring.py``): the difference d to each reference intensity counts
6.5 / (1 + exp(-1.2 (d - 4))) up to 5 and d above, and the score is 10 - 0.7477 * (sum of the four). The constant was
chosen so that random answers score about 0; a bad answer therefore scores below 0, and only
:func:`full_scale_score` keeps that. ``grade_intensities`` cuts at 0, for tables whose scores lie in [0, 1].

The release's own script takes the better of a first and a revised answer and averages over readable answers only. We
ask once, count what cannot be read as not answered, and report the share of readable answers beside the score.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.errors import BadInput

SCORING = "intensities"
LOWEST, HIGHEST = 0, 10
EMOTIONS = 4
SMALL_DIFFERENCE = 5.0
STEEPEST, STEEPNESS, CEILING = 4.0, 1.2, 6.5
"""Small differences count along an S-curve: its middle, its slope, its upper end. [repo]"""
ADJUSTMENT = 0.7477
"""Scales the sum of differences so that random answers score about 0. [repo]"""
SCALE = tuple(str(number) for number in range(LOWEST, HIGHEST + 1))
SEPARATOR = "; "


def intensity_text(intensities: Mapping[str, float]) -> str:
    """The canonical text of an answer.

    Example:
        >>> intensity_text({"Pride": 7.0, "Envy": 0.5})
        'Pride: 7; Envy: 0.5'
    """
    return SEPARATOR.join(f"{name}: {value:g}" for name, value in intensities.items())


def parse_intensities(text: str, emotions: Sequence[str]) -> dict[str, float] | None:
    """Read one number from 0 to 10 for each emotion, or nothing.

    Args:
        text: a reply.
        emotions: the emotions that were asked about; upper and lower case do not matter.

    Returns:
        Emotion to number in the given order; None where a number is missing, is outside 0..10 or contradicts another
        one for the same emotion. "7/10" is read as 7, "7,5" as 7.5; ranges ("7-8") and number words are not read.

    Example:
        >>> parse_intensities("Pride: 7; Envy: 0", ["Pride", "Envy"])
        {'Pride': 7.0, 'Envy': 0.0}
        >>> parse_intensities("Pride: 7", ["Pride", "Envy"]) is None
        True
    """
    found: dict[str, float] = {}
    for emotion in emotions:
        # A word sign before the name would make it another name; emphasis marks may stand around name and number.
        name = rf"(?<![^\W_]){re.escape(emotion)}[*_]*\s*[:=][\s*_]*"
        number = r"([-+]?\d+(?:[.,]\d+)?)(?:\s*/\s*10(?!\d))?(?![\d%/]|[.,]\d|\s*[-–]\s*\d)"
        numbers = {float(hit.replace(",", ".")) for hit in re.findall(name + number, text, flags=re.IGNORECASE)}
        mentions = len(re.findall(name, text, flags=re.IGNORECASE))
        readable = len(re.findall(name + number, text, flags=re.IGNORECASE))
        if len(numbers) != 1 or mentions != readable:
            return None
        value = numbers.pop()
        if not LOWEST <= value <= HIGHEST:
            return None
        found[emotion] = value
    return found


def full_scale_score(given: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """The score of one question by the public formula of EQ-Bench version 2, divided by 10.

    Args:
        given: emotion to intensity, 0..10.
        reference: the same emotions with the reference's intensities.

    Returns:
        1 for the reference itself, about 0 for random numbers, as low as -2 for the worst.

    Raises:
        BadInput: other emotions than the reference's.

    Example:
        >>> full_scale_score({"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1, "b": 2, "c": 3, "d": 4})
        1.0
    """
    if set(given) != set(reference):
        raise BadInput(f"emotions {sorted(given)} are not the reference's {sorted(reference)}", where="intensities")
    return 1 - ADJUSTMENT * sum(_penalty(abs(given[name] - reference[name])) for name in reference) / 10


def _penalty(difference: float) -> float:
    if difference == 0:
        return 0.0
    if difference > SMALL_DIFFERENCE:
        return difference
    return CEILING / (1 + math.exp(-STEEPNESS * (difference - STEEPEST)))


def grade_intensities(given: Mapping[str, float] | None, reference: Mapping[str, float]) -> float:
    """:func:`full_scale_score` cut at 0, in [0, 1]; 0 for an answer that could not be read.

    Cutting makes poor models look better than the published scale does: compare such scores with floors that were cut
    in the same way, never with published ones.
    """
    return 0.0 if given is None else max(0.0, full_scale_score(given, reference))


class IntensityScore(NamedTuple):
    """A score on the published scale.

    Args:
        value: mean over readable answers, 100 for the reference and about 0 for random answers.
        with_unread: the same with 0 for each answer that could not be read.
        read: share of readable answers.
        n: number of questions.
    """

    value: float
    with_unread: float
    read: float
    n: int


def published_scale(
    given: Sequence[Mapping[str, float] | None], references: Sequence[Mapping[str, float]]
) -> IntensityScore:
    """The score of a set of answers on the scale of the release, not cut at 0."""
    if not references or len(given) != len(references):
        raise BadInput(f"{len(given)} answers to {len(references)} questions", where="intensities")
    scores = [
        100 * full_scale_score(own, reference)
        for own, reference in zip(given, references, strict=True)
        if own is not None
    ]
    n = len(references)
    mean = float(np.mean(scores)) if scores else math.nan
    return IntensityScore(mean, float(sum(scores)) / n, len(scores) / n, n)


# -- benchmark items ----------------------------------------------------------------------------------------------


def item_emotions(item: BenchmarkItem) -> tuple[str, ...]:
    """The emotions that an item asks about: from its tag, so that reading never sees the reference."""
    emotions = tuple(name for name in item.tags.get("emotions", "").split(SEPARATOR) if name)
    if not emotions:
        raise BadInput("the item names no emotions", where=f"item {item.id}", mend="set the tag 'emotions'")
    return emotions


def parse_intensity_reply(item: BenchmarkItem, text: str) -> str | None:
    """The canonical text of a reply to an item, or None: what ``answers.parse`` is for other items."""
    found = parse_intensities(text, item_emotions(item))
    return None if found is None else intensity_text(found)


def grade_intensity_text(answer: str, accepted: Sequence[str]) -> float:
    """Grade a canonical answer against canonical references, the best of them; a scoring like those in ``answers``."""
    return max(grade_intensities(read_intensity_text(answer), read_intensity_text(right)) for right in accepted)


def read_intensity_text(text: str) -> dict[str, float]:
    """The inverse of :func:`intensity_text`.

    Raises:
        BadInput: the text is not of that form.
    """
    pairs = [part.rpartition(":") for part in text.split(SEPARATOR)]
    try:
        return {name.strip(): float(value) for name, _, value in pairs}
    except ValueError:
        raise BadInput(f"{text!r} is not 'Emotion: number; ...'", where="intensities") from None


def intensity_items(item: BenchmarkItem) -> list[BenchmarkItem]:
    """One item an emotion whose options are 0 to 10, for models that score options better than they write lists.

    Read the result with :func:`expected_intensity`; the score of such an item (the most probable number is the
    reference) is no score of EQ-Bench.

    Returns:
        Items with ids ``<id>#<emotion>``, the cluster of the original, and tags ``original`` and ``emotion``.
    """
    emotions = item_emotions(item)
    reference = read_intensity_text(item.answers[0])
    if set(reference) != set(emotions):
        raise BadInput("the reference has other emotions than the question", where=f"item {item.id}")
    instruction = ONE_EMOTION.get(item.language, ONE_EMOTION["en"])
    dialogue = item.input.rsplit("\n", 1)[0]  # the last line lists all four emotions
    return [
        BenchmarkItem(
            id=f"{item.id}#{emotion}",
            suite=item.suite,
            task=f"{item.task}_{SCORING}",
            instruction=instruction,
            input=f"{dialogue}\n{emotion} (0-10)",
            answers=(str(round(reference[emotion])),),
            options=SCALE,
            cluster=item.cluster,
            language=item.language,
            tags={**item.tags, "original": item.id, "emotion": emotion},
        )
        for emotion in emotions
    ]


ONE_EMOTION = {
    "en": "Read the dialogue. Rate how strongly the person feels the emotion, from 0 (not at all) to 10. "
    "Answer with one number.",
    "de": "Lies den Dialog. Bewerte, wie stark die Person das Gefühl empfindet, von 0 (gar nicht) bis 10. "
    "Antworte mit einer Zahl.",
}


def expected_intensity(option_scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The mean of 0 to 10 under a model's own probabilities.

    Args:
        option_scores: log-likelihoods of the texts "0" ... "10", nats, shape (..., 11).

    Returns:
        Expected intensities, shape (...).

    "10" starts like "1": where a tokenizer writes digits one by one, what follows "1" is open, and the likelihood of
    "1" includes that of "10". It is taken off, so that no probability counts twice.

    Example:
        >>> sure_of_seven = np.where(np.arange(11) == 7, 0.0, -50.0)
        >>> round(float(expected_intensity(sure_of_seven)), 6)
        7.0
    """
    scores = np.asarray(option_scores, dtype=float)
    if scores.shape[-1:] != (len(SCALE),) or np.isnan(scores).any():
        raise BadInput(f"{len(SCALE)} log-likelihoods a row are needed", where="expected_intensity")
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    inside = weights[..., 10] <= weights[..., 1]
    weights[..., 1] = np.where(inside, weights[..., 1] - weights[..., 10], weights[..., 1])
    return np.asarray((weights * np.arange(len(SCALE))).sum(axis=-1) / weights.sum(axis=-1))


# -- floors -------------------------------------------------------------------------------------------------------


def constant_floor(references: Sequence[Mapping[str, float]], value: float = 5.0) -> list[dict[str, float]]:
    """The same intensity for every emotion of every question."""
    return [dict.fromkeys(reference, value) for reference in references]


def mean_reference_floor(
    references: Sequence[Mapping[str, float]], clusters: Sequence[str] | None = None
) -> list[dict[str, float]]:
    """For every emotion of a question the mean reference intensity of the questions of other clusters.

    A floor that has seen the scale but not the question. Emotions have no order within a question, so all four get
    the same number.

    Args:
        references: emotion to intensity, one a question.
        clusters: what is left out together (the dialogue); default: each question alone.

    Raises:
        BadInput: one cluster only, so that nothing is left to average.
    """
    groups = [str(place) for place in range(len(references))] if clusters is None else list(clusters)
    if len(groups) != len(references) or len(set(groups)) < 2:
        raise BadInput("questions of at least two clusters are needed", where="mean_reference_floor")
    sums = [sum(reference.values()) for reference in references]
    sizes = [len(reference) for reference in references]
    floor = []
    for reference, group in zip(references, groups, strict=True):
        others = [place for place, other in enumerate(groups) if other != group]
        mean = sum(sums[place] for place in others) / sum(sizes[place] for place in others)
        floor.append(dict.fromkeys(reference, mean))
    return floor
