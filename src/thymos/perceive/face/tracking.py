"""Which face of one picture is which face of the next: by overlap, so that a face keeps its name."""

from collections.abc import Sequence
from dataclasses import dataclass

from thymos.errors import BadInput
from thymos.perceive.face.detection import FaceBox, overlap


@dataclass
class _Track:
    name: str
    box: FaceBox
    seen: float


class FaceTracker:
    """Names the faces of a video, picture after picture: "face 1", "face 2" in order of appearance.

    A face that was not seen for longer than ``patience`` gets a new name when it comes back: nobody is recognized, a
    name is only a place that moves.

    Args:
        least: smallest intersection over union of the boxes of one face in two pictures.
        patience: seconds that a face may be missing.
    """

    def __init__(self, *, least: float = 0.3, patience: float = 1.0) -> None:
        if not 0 < least < 1 or patience < 0:
            raise BadInput(f"least {least}, patience {patience}", where="FaceTracker", mend="use e.g. 0.3 and 1.0")
        self.least, self.patience = least, patience
        self._tracks: list[_Track] = []
        self._named = 0

    def update(self, seconds: float, boxes: Sequence[FaceBox]) -> list[str]:
        """The name of each face of the next picture.

        Args:
            seconds: time of the picture; it may not run backwards.
            boxes: as from a detector.
        """
        self._tracks = [track for track in self._tracks if seconds - track.seen <= self.patience]
        # The best pair first; each face and each name is used once.
        pairs = sorted(
            ((overlap(track.box, box), -number, track) for track in self._tracks for number, box in enumerate(boxes)),
            key=lambda pair: pair[:2],
            reverse=True,
        )
        names: dict[int, str] = {}
        used: set[str] = set()
        for share, negative, track in pairs:
            number = -negative
            if share >= self.least and number not in names and track.name not in used:
                names[number] = track.name
                used.add(track.name)
                track.box, track.seen = boxes[number], seconds
        for number, box in enumerate(boxes):
            if number not in names:
                self._named += 1
                names[number] = f"face {self._named}"
                self._tracks.append(_Track(names[number], box, seconds))
        return [names[number] for number in range(len(boxes))]
