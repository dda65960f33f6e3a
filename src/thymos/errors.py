"""Errors that thymos raises on purpose: one clear sentence each, with the place and the mend."""

from pathlib import Path


class ThymosError(Exception):
    """Base of every error that thymos raises on purpose. The command line prints it without a stack trace."""


class BadInput(ThymosError):
    """Something the user supplied cannot be used.

    Args:
        what: what is wrong, as a sentence without its final stop.
        where: the file, column or row that is meant, e.g. ``"votes.csv, row 12"``.
        mend: what the user can do about it.

    Example:
        >>> str(BadInput("column 'rater' is missing", where="votes.csv", mend="add it or pass --rater"))
        "votes.csv: column 'rater' is missing; add it or pass --rater"
    """

    def __init__(self, what: str, *, where: str | Path = "", mend: str = "") -> None:
        self.what = what
        self.where = str(where)
        self.mend = mend
        text = f"{self.where}: {what}" if self.where else what
        super().__init__(f"{text}; {mend}" if mend else text)


class Unavailable(ThymosError):
    """Something optional that this machine does not have: a data set, an embedded model, a package, an endpoint."""
