"""Releases with invented content say so in a file, so that no number on them can pass for a real one."""

from pathlib import Path

MARK = "SIMULATED.txt"
NOTICE = "Invented content in an official file layout, written by thymos.testing: for tests only.\n"


def is_simulated(folder: str | Path) -> bool:
    """True where a folder holds a format twin: its corpus is stamped as simulated.

    Example:
        >>> is_simulated("/no/such/folder")
        False
    """
    return (Path(folder) / MARK).is_file()
