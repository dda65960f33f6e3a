"""From frames to a recording: cutting windows, and one score from the scores of frames."""

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
RULES = ("vote", "mean_probability", "mean_logit")


def windows(length: int, size: int, hop: int) -> list[tuple[int, int]]:
    """First and past-the-last frame of each window; the last window ends at the end.

    Args:
        length: frames of the recording, at least 1.
        size: frames of a window.
        hop: frames from one start to the next.

    Example:
        >>> windows(10, 4, 3)
        [(0, 4), (3, 7), (6, 10)]
        >>> windows(9, 4, 3)
        [(0, 4), (3, 7), (5, 9)]
        >>> windows(3, 4, 3)
        [(0, 3)]
    """
    if min(length, size, hop) < 1:
        raise BadInput(f"length {length}, size {size} and hop {hop} must be at least 1", where="windows")
    if length <= size:
        return [(0, length)]
    starts = list(range(0, length - size + 1, hop))
    if starts[-1] + size < length:
        starts.append(length - size)
    return [(start, start + size) for start in starts]


def recording_probability(logits: npt.ArrayLike, rule: str = "mean_probability") -> float:
    """Probability of class 1 of a recording from the class scores of its frames, 0 to 1.

    Args:
        logits: (frames, 2).
        rule: ``"vote"`` (share of frames whose class 1 is at least as strong), ``"mean_probability"`` or
            ``"mean_logit"`` (the softmax of the mean scores).

    Raises:
        BadInput: no frame, another number of classes, an unknown rule.

    Example:
        >>> recording_probability([[0.0, 1.0], [0.0, 1.0], [9.0, 0.0]], "vote").__round__(3)
        0.667
    """
    scores = np.asarray(logits, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[1] != 2 or len(scores) == 0:
        raise BadInput(f"scores of shape {scores.shape} are not frames x 2", where="recording_probability")
    margins = scores[:, 1] - scores[:, 0]
    if rule == "vote":
        return float((margins >= 0).mean())
    if rule == "mean_probability":
        return float(_logistic(margins).mean())
    if rule == "mean_logit":
        return float(_logistic(margins.mean()))
    raise BadInput(f"there is no rule {rule!r}", mend=f"use one of {', '.join(RULES)}")


def _logistic(values: "Floats | np.float64") -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(values))))
