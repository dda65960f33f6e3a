"""Curriculum by weighted emotional shift (card 06): dialogues whose emotions change little and mildly come first.

Emotions lie on the unit circle of valence and arousal. The similarity of two is the cosine of the angle between them
where their valence has the same sign, 0 where it has not, and 1 / (number of labels) where one of them is neutral. A
shift from one label to another weighs ``k * similarity + b``: changing between near emotions is hard to notice.
"""

from collections.abc import Mapping, Sequence
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

UNIT = pi / 20
# Angles of card 06 [repo]; None is the origin, where neutral lies.
ANGLES: dict[str, float | None] = {
    "joy": 3 * UNIT,
    "happy": 3 * UNIT,
    "excited": 7 * UNIT,
    "surprise": 9 * UNIT,
    "anger": pi - 9 * UNIT,
    "angry": pi - 9 * UNIT,
    "disgust": pi - 3 * UNIT,
    "fear": pi - UNIT,
    "frustrated": pi + UNIT,
    "sadness": pi + 9 * UNIT,
    "sad": pi + 9 * UNIT,
    "neutral": None,
}
K, B = 1.0, 0.4


def similarity(one: str, other: str, angles: Mapping[str, float | None], labels: int) -> float:
    """How near two emotions are, 0..1.

    Args:
        one: a label.
        other: a label.
        angles: of each label on the circle, None at the origin.
        labels: how many labels there are.

    Raises:
        BadInput: a label without angle.
    """
    for label in (one, other):
        if label not in angles:
            raise BadInput(f"label {label!r} has no place on the circle", mend=f"known: {', '.join(angles)}")
    first, second = angles[one], angles[other]
    if first is None or second is None:
        return 1 / labels
    if cos(first) * cos(second) < 0:
        return 0.0
    return max(cos(first) * cos(second) + sin(first) * sin(second), 0.0)


def shift_weight(one: str, other: str, angles: Mapping[str, float | None], labels: int) -> float:
    """What a change from one label to another weighs; 0 without a change."""
    return 0.0 if one == other else K * similarity(one, other, angles, labels) + B


def difficulty(
    labels: Sequence[str], speakers: Sequence[str], *, angles: Mapping[str, float | None] = ANGLES, classes: int = 7
) -> float:
    """How hard a dialogue is: weighted shifts of each speaker and between speakers, for its length.

    ``(same + different + speakers) / (utterances + speakers)``: ``same`` adds the shifts between consecutive
    utterances of each speaker, ``different`` those between neighboring utterances of two speakers.

    Args:
        labels: of the utterances, in order.
        speakers: of the utterances.
        angles: see ``similarity``.
        classes: how many labels the corpus has.
    """
    if len(labels) != len(speakers) or not labels:
        raise BadInput(f"{len(labels)} labels and {len(speakers)} speakers", where="difficulty")
    same = different = 0.0
    last: dict[str, str] = {}
    for place, (label, speaker) in enumerate(zip(labels, speakers, strict=True)):
        if speaker in last:
            same += shift_weight(last[speaker], label, angles, classes)
        last[speaker] = label
        if place and speakers[place - 1] != speaker:
            different += shift_weight(labels[place - 1], label, angles, classes)
    people = len(last)
    return (same + different + people) / (len(labels) + people)


def curriculum_passes(
    dialogues: Sequence[str], difficulties: Mapping[str, float], *, buckets: int = 2, full: int = 2
) -> list[npt.NDArray[np.int64]]:
    """Positions of the utterances of each pass: the easiest bucket, then one more each pass, then all, ``full`` times.

    Args:
        dialogues: of each utterance.
        difficulties: of each dialogue.
        buckets: into how many equal parts the sorted dialogues are cut.
        full: passes over everything after the last bucket came in.
    """
    names = sorted(set(dialogues), key=lambda name: (difficulties[name], name))
    if not 1 <= buckets <= len(names):
        raise BadInput(f"{buckets} buckets for {len(names)} dialogues", where="curriculum")
    bucket_of = {name: place * buckets // len(names) for place, name in enumerate(names)}
    own = np.asarray([bucket_of[name] for name in dialogues])
    growing = [np.flatnonzero(own <= last) for last in range(buckets)]
    return [*growing, *[np.arange(len(own))] * full]
