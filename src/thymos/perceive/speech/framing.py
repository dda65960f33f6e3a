"""Overlapping frames of a signal that comes in blocks: the same frames wherever the blocks are cut."""

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

Samples = npt.NDArray[np.float32]


class Framer:
    """Frames centered on every ``hop``-th sample; zeros are assumed before the start and after the end.

    A signal of n samples gives ceil(n / hop) frames: frame i covers ``width`` samples around sample i * hop, so frames
    of different widths with one hop lie on one time axis.

    Args:
        width: samples a frame.
        hop: samples between the centers of two frames, at most ``width``.

    Example:
        >>> framer = Framer(400, 160)
        >>> sum(len(framer.push(np.zeros(1000, dtype=np.float32))) for _ in range(16)) + len(framer.finish())
        100
    """

    def __init__(self, width: int, hop: int) -> None:
        if not 1 <= hop <= width:
            raise BadInput(f"frames of {width} samples every {hop}", where="hop", mend="use 1 to the width of a frame")
        self.width, self.hop = width, hop
        self.buffer: Samples = np.zeros(width // 2, dtype=np.float32)  # begins where the next frame begins
        self.taken = 0  # samples of the signal so far
        self.given = 0  # frames so far

    def push(self, block: Samples) -> Samples:
        """The frames that are complete with this block, shape (frames, width)."""
        self.taken += len(block)
        self.buffer = np.concatenate([self.buffer, block])
        return self._frames((len(self.buffer) - self.width) // self.hop + 1)

    def finish(self) -> Samples:
        """The last frames, whose right side is filled with zeros."""
        missing = -(-self.taken // self.hop) - self.given
        needed = (missing - 1) * self.hop + self.width - len(self.buffer)
        if needed > 0:
            self.buffer = np.concatenate([self.buffer, np.zeros(needed, dtype=np.float32)])
        return self._frames(missing)

    def _frames(self, count: int) -> Samples:
        # More frames than the signal has can fit into the buffer where the hop is wider than half a frame.
        count = min(count, -(-self.taken // self.hop) - self.given)
        if count <= 0:
            return np.zeros((0, self.width), dtype=np.float32)
        views = np.lib.stride_tricks.sliding_window_view(self.buffer, self.width)
        frames = np.array(views[: count * self.hop : self.hop][:count])
        self.buffer = self.buffer[count * self.hop :]
        self.given += count
        return frames
