"""Stop texts in a reply that comes in pieces: nothing is given that a stop text may still swallow."""

from collections.abc import Iterable, Iterator, Sequence


class StoppedText:
    """A growing text, cut before the first stop text.

    Args:
        stop: texts that end it.

    Attributes:
        stopped: whether a stop text was reached.

    Example:
        >>> text = StoppedText(["END"])
        >>> text.grown("well E"), text.grown("well EN"), text.grown("well END and more"), text.stopped
        ('well ', '', '', True)
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self.stop = tuple(stop)
        self.given = 0
        self.stopped = False

    def grown(self, text: str, *, end: bool = False) -> str:
        """What is new and sure in the whole text so far.

        Args:
            text: all of it.
            end: nothing follows, so nothing has to be held back.
        """
        if self.stopped:
            return ""
        cuts = [place for stop in self.stop if (place := text.find(stop)) >= 0]
        if cuts:
            self.stopped = True
            return self._give(text[: min(cuts)])
        begun = (size for stop in self.stop for size in range(1, len(stop)) if text.endswith(stop[:size]))
        return self._give(text[: len(text) - (0 if end else max(begun, default=0))])

    def _give(self, text: str) -> str:
        piece = text[self.given :]
        self.given = max(self.given, len(text))
        return piece


def stopped_pieces(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """Pieces of a text, cut before the first stop text; what comes after it is not asked for.

    Example:
        >>> list(stopped_pieces(["one E", "ND two"], ["END"]))
        ['one ']
    """
    cut, whole = StoppedText(stop), ""
    for piece in pieces:
        whole += piece
        if sure := cut.grown(whole):
            yield sure
        if cut.stopped:
            return
    if rest := cut.grown(whole, end=True):
        yield rest
