"""Another sampling rate, block by block, with the same numbers as for the whole signal at once."""

from math import gcd

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, upfirdn

from thymos.errors import BadInput

Samples = npt.NDArray[np.float32]
# The low-pass filter of scipy.signal.resample_poly, so that its output is what the blocks are compared with.
FILTER_HALF_CYCLES = 10
KAISER_BETA = 5.0


class Resampler:
    """A polyphase resampler that carries the input which the next outputs still need.

    The outputs of all ``push`` calls and of ``finish``, joined, equal ``scipy.signal.resample_poly`` on the joined
    inputs, whatever the sizes of the blocks.

    Args:
        source: sampling rate of the input in Hz.
        target: sampling rate of the output in Hz.

    Example:
        >>> resampler = Resampler(48000, 16000)
        >>> len(resampler.push(np.zeros(4800, dtype=np.float32))) + len(resampler.finish())
        1600
    """

    def __init__(self, source: int, target: int) -> None:
        if source < 1 or target < 1:
            raise BadInput(f"from {source} Hz to {target} Hz", where="rate", mend="sampling rates are positive")
        common = gcd(source, target)
        self.up, self.down = target // common, source // common
        widest = max(self.up, self.down)
        self.half = FILTER_HALF_CYCLES * widest
        self.filter = (
            firwin(2 * self.half + 1, 1 / widest, window=("kaiser", KAISER_BETA)) * self.up
            if widest > 1
            else np.ones(1)
        )
        self.buffer: Samples = np.zeros(0, dtype=np.float32)
        self.first = 0  # position in the whole input of the buffer's first sample
        self.given = 0  # number of outputs so far

    def push(self, block: Samples) -> Samples:
        """The outputs that are complete with this block."""
        if self.up == self.down:
            return block
        self.buffer = np.concatenate([self.buffer, block])
        # Output n needs the inputs up to (n * down + half) / up.
        complete = ((self.first + len(self.buffer) - 1) * self.up - self.half) // self.down + 1
        return self._outputs(complete)

    def finish(self) -> Samples:
        """The outputs that reach beyond the end; zeros are assumed there."""
        if self.up == self.down:
            return np.zeros(0, dtype=np.float32)
        total = self.first + len(self.buffer)
        return self._outputs(-(-total * self.up // self.down))

    def _outputs(self, until: int) -> Samples:
        """Outputs ``given`` to ``until - 1``; afterwards the inputs that no later output needs are dropped."""
        if until <= self.given:
            return np.zeros(0, dtype=np.float32)
        # upfirdn yields every ``down``-th value of the filtered signal, counted from the buffer's first sample; zeros
        # before the filter shift the count so that it meets the outputs of the whole signal.
        shift = (self.first * self.up - self.half) % self.down
        skipped = (self.given * self.down + self.half - self.first * self.up + shift) // self.down
        taps = np.concatenate([np.zeros(shift), self.filter])
        values = upfirdn(taps, self.buffer.astype(np.float64), self.up, self.down)
        count = until - self.given
        outputs = values[skipped : skipped + count].astype(np.float32)
        self.given = until
        needed = max(self.first, -((self.half - until * self.down) // self.up))
        self.buffer = self.buffer[needed - self.first :]
        self.first = needed
        return outputs
