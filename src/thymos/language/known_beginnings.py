"""What a model has read lately, so that a talk that goes on is not read again from its beginning."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from thymos.language.prefix_tree import PrefixState

MOST_BYTES = 256_000_000
LEAST_TOKENS = 16  # a shorter beginning is read again sooner than it is copied


class KnownBeginnings:
    """Key-value states of the last conversations, in memory only; the oldest go when there are too many bytes.

    Args:
        most_bytes: of all states together; a state that is larger by itself is not kept.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._states: OrderedDict[tuple[int, ...], PrefixState] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._states)

    def take(self, row: Sequence[int]) -> tuple[PrefixState | None, int]:
        """A state of one's own that has read the beginning of a row, and how many tokens of it; (None, 0) for none.

        The last token of the row is never among them: its logits are needed.
        """
        with self._lock:
            found, length = None, 0
            for tokens in self._states:
                common = common_beginning(tokens, row[:-1])
                if common > length:
                    found, length = tokens, common
            if found is None or length < LEAST_TOKENS:
                return None, 0
            self._states.move_to_end(found)
            return self._states[found].beginning(length), length

    def keep(self, row: Sequence[int], state: PrefixState) -> None:
        """Keep a state that has read a row; whoever gives it does not use it any more."""
        with self._lock:
            self._states.pop(tuple(row), None)
            # A beginning of this row says nothing that the row does not.
            for tokens in [one for one in self._states if len(one) < len(row) and tuple(row[: len(one)]) == one]:
                del self._states[tokens]
            self._states[tuple(row)] = state
            while self._states and sum(one.size_in_bytes for one in self._states.values()) > self.most_bytes:
                self._states.popitem(last=False)


def common_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two rows begin with alike.

    Example:
        >>> common_beginning([1, 2, 3], [1, 2, 4, 5])
        2
    """
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
