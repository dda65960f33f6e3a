"""How much memory and disk there is, asked before the work and not after it."""

import os
import shutil
from pathlib import Path

from thymos.errors import BadInput

SPARED = 0.1
"""Share of the free memory that is left to others."""


def available_memory() -> int | None:
    """Bytes of memory that can be had without swapping, or None where the system does not say."""
    known = [free for free in (machine_memory(), container_memory()) if free is not None]
    return min(known, default=None)


def machine_memory(table: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that the machine has free, or None where it does not say."""
    try:
        for line in table.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def container_memory(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that a container's limit leaves, or None where there is no limit."""
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        # Of what counts as used, the page cache goes when memory is needed.
        details = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return None if limit == "max" else max(0, int(limit) - used + int(details.get("inactive_file", 0)))
    except (OSError, ValueError):
        return None


def require_memory(needed: int, *, what: str, mend: str) -> None:
    """Raise BadInput when ``needed`` bytes are more than there is."""
    free = available_memory()
    if free is not None and needed > free * (1 - SPARED):
        raise BadInput(f"{what} need {size(needed)} of memory, {size(free)} are free", where="tap", mend=mend)


def require_disk(needed: int, folder: Path, *, what: str) -> None:
    """Raise BadInput when ``needed`` bytes are more than the folder's disk has left."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free * (1 - SPARED):
        raise BadInput(
            f"{what} need {size(needed)} on disk, {size(free)} are free", where=folder, mend="use another folder"
        )


def size(count: int) -> str:
    """Bytes in words.

    Example:
        >>> size(3_000_000)
        '2.9 MiB'
    """
    value, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if unit != "bytes" else f"{count} bytes"
