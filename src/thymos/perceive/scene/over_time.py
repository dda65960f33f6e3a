"""Valence and arousal that a picture, or the pictures of a video, may evoke in an average viewer."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thymos.media.pictures import Picture, read_picture
from thymos.media.video import BrokenVideo, video_frames
from thymos.perceive.analysis.kinds import FileKind, kind_of
from thymos.perceive.scene.features import blocks_of, features_table
from thymos.perceive.scene.regressor import SceneRegressor
from thymos.perceive.shipped import shipped_recognizer

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes

SCENES_PER_SECOND = 1.0  # a scene changes slowly, and its features cost more than a face
LOWEST, HIGHEST = 1.0, 7.0  # the scale of the norms that the regressor was trained on
UNIFORM = 4.0  # standard deviation of the gray levels below which there is nothing to see
TOO_SMALL = 32  # pixels


def over_time(path: Path, wishes: "Wishes") -> Iterator[dict[str, Any]]:
    """Rows of the table over time: one for a picture, one a second of a video."""
    if kind_of(path) is FileKind.PICTURE:
        yield {"start": 0.0, "end": 0.0, **judged(read_picture(path))}
        return
    rate = min(wishes.frames_per_second, SCENES_PER_SECOND)
    end = 0.0
    try:
        for frame in video_frames(path, rate=rate):
            end = frame.seconds + 1 / rate
            yield {"start": frame.seconds, "end": end, **judged(frame.picture)}
    except BrokenVideo as error:
        if end == 0.0:
            raise
        yield {"start": error.seconds, "end": error.promised, "quality": "the pictures break off"}


def judged(picture: Picture) -> dict[str, Any]:
    """Valence and arousal (-1..1) of one picture, or why it cannot be judged.

    Confidence is 1 minus the standard error of the prediction as a share of half the scale, the worse of both axes.
    """
    if min(picture.shape[:2]) < TOO_SMALL:
        return {"quality": f"smaller than {TOO_SMALL} pixels"}
    if float(picture.std()) < UNIFORM:
        return {"quality": "nothing to see: one shade"}
    recognizer = shipped_recognizer("scene")
    assert isinstance(recognizer, SceneRegressor)
    blocks = list(dict.fromkeys(blocks_of(map(str, recognizer.feature_names_in_))))
    found = recognizer.predict(features_table([("picture", picture)], blocks)).iloc[0]
    half = (HIGHEST - LOWEST) / 2
    plane = {str(name): _centered(value) for name, value in found.items() if name in ("valence", "arousal")}
    return {**plane, "confidence": max(0.0, 1 - float(recognizer.residual_sd_.max()) / half)}


def _centered(value: float) -> float:
    """1..7 as -1..1."""
    return min(1.0, max(-1.0, 2 * (float(value) - LOWEST) / (HIGHEST - LOWEST) - 1))
