"""A suggestion for the emotion of a speaker's next turn, without any training.

The speaker's last point of valence, arousal and dominance moves toward the partner's, by an amount that the speaker's
temperament gives, and the nearest emotion is named [inferred]::

    next = last + rate * (1 + temperament) / 2 * (partner - last)        each axis by itself

The temperament is Mehrabian's, from five traits (``thymos.respond.emotion_transition``); ``(1 + temperament) / 2`` is
kept in 0..1. A rate of 0 says the last emotion again.

It is a suggestion and not a forecast: on PELD nothing beats saying the last emotion again (macro F1 .320), neither this
rule nor the trained model, see docs/studies/personality_emotion_transition.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput
from thymos.respond.emotion_transition import SCHEME, TRAITS, anchors, temperament

Floats = npt.NDArray[np.float64]
RATE = 0.5
MIDDLE = dict.fromkeys(TRAITS, 0.5)
HONEST = (
    "A suggestion, not a forecast: on PELD (triples of a TV series) nothing beats saying the last emotion again, macro "
    "F1 .320 of 1."
)


@dataclass(frozen=True)
class Suggestion:
    """What may come next.

    Args:
        emotion: the nearest one, of seven.
        point: where the next emotion lies: valence, arousal, dominance.
        last: the speaker's last emotion.
        partner: the partner's last emotion.
    """

    emotion: str
    point: tuple[float, float, float]
    last: str
    partner: str


def suggest_next(
    last_own: str | Sequence[float],
    partner: str | Sequence[float],
    personality: Mapping[str, float] | None = None,
    *,
    rate: float = RATE,
) -> Suggestion:
    """Where a speaker's emotion may go.

    Args:
        last_own: the speaker's last emotion (of seven) or point of valence, arousal and dominance, each -1..1.
        partner: the other speaker's.
        personality: the five traits in 0..1, by name; None = the middle of each.
        rate: 0 = the last emotion again, 1 = all the way that the temperament allows.

    Raises:
        BadInput: an unknown emotion, a point that is none, a personality that is not whole, a rate outside 0..1.

    Example:
        >>> suggest_next("neutral", "anger").emotion, suggest_next("sadness", "joy", rate=1.0).emotion
        ('neutral', 'surprise')
    """
    if not 0 <= rate <= 1:
        raise BadInput(f"a rate of {rate:g} cannot be", mend="use 0 to 1")
    last, other = _point(last_own), _point(partner)
    landed = moved(last[None], other[None], amounts(personality)[None], rate)[0]
    point = (float(landed[0]), float(landed[1]), float(landed[2]))
    return Suggestion(nearest(landed[None])[0], point, _name(last_own, last), _name(partner, other))


def amounts(personality: Mapping[str, float] | None) -> Floats:
    """How far a temperament goes along each axis, 0..1, shape (3,)."""
    return temperament_amounts(np.array(list(checked_personality(personality).values())))


def temperament_amounts(traits: npt.ArrayLike) -> Floats:
    """``(1 + temperament) / 2``, kept in 0..1; traits of shape (..., 5)."""
    found: Floats = np.clip((1 + temperament(traits)) / 2, 0, 1)
    return found


def moved(last: Floats, partner: Floats, amount: Floats, rate: float) -> Floats:
    """The rule for many rows, each array of shape (n, 3)."""
    landed: Floats = last + rate * amount * (partner - last)
    return landed


def nearest(points: Floats) -> list[str]:
    """The emotion whose point is nearest, of seven."""
    names = list(get_scheme(SCHEME).labels)
    distances = np.linalg.norm(points[:, None, :] - anchors(names)[None], axis=2)
    return [names[code] for code in distances.argmin(axis=1)]


def checked_personality(personality: Mapping[str, float] | None) -> dict[str, float]:
    """All five traits in their order; BadInput where one is missing or outside 0..1."""
    values = MIDDLE if personality is None else personality
    missing = [name for name in TRAITS if name not in values]
    if missing:
        raise BadInput(f"the personality has no {missing[0]}", mend=f"give {', '.join(TRAITS)}")
    found = {name: float(values[name]) for name in TRAITS}
    temperament(list(found.values()))
    return found


def personality_of(word: str) -> dict[str, float] | None:
    """A personality from ``"0.6,0.5,0.4,0.7,0.3"``: openness, conscientiousness, extraversion, agreeableness,
    neuroticism; None for an empty word.

    Raises:
        BadInput: not five numbers in 0..1.
    """
    if not word.strip():
        return None
    try:
        values = [float(part) for part in word.split(",")]
    except ValueError:
        values = []
    if len(values) != len(TRAITS):
        raise BadInput(
            f"{word!r} is no personality", where="--personality", mend=f"five numbers in 0..1: {', '.join(TRAITS)}"
        )
    return checked_personality(dict(zip(TRAITS, values, strict=True)))


def _point(given: str | Sequence[float]) -> Floats:
    if isinstance(given, str):
        return anchors([given])[0]
    point = np.asarray(given, dtype=float)
    if point.shape != (3,) or not np.isfinite(point).all() or np.abs(point).max() > 1:
        raise BadInput("a point is valence, arousal and dominance, each -1..1", where="emotion")
    return point


def _name(given: str | Sequence[float], point: Floats) -> str:
    return given if isinstance(given, str) else nearest(point[None])[0]
