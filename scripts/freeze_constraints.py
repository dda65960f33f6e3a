"""Write constraints.txt: the exact version of every package that thymos and its tests need, and of nothing else.

Run by ``make constraints`` with the virtual environment's Python. It walks from thymos' own requirements to theirs,
so packages that merely lie in the environment (embedded models, editors' tools) do not end up in the file.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADER = """\
# Exact versions of everything that thymos and its tests need. Written by `make constraints`; not edited by hand.
# torch stays at one version: packages that replace its CPU build (torchvision, torchaudio, timm) are never used.
"""
# Build tools that an environment brings itself; pip and setuptools are not for us to pin.
NOT_PINNED = frozenset({"thymos", "pip", "setuptools", "wheel"})


def requirements_of(name: str, extras: frozenset[str]) -> list[Requirement]:
    """What an installed distribution requires in this environment, with the given extras."""
    found = []
    for text in metadata.requires(name) or []:
        requirement = Requirement(text)
        environments = [{"extra": extra} for extra in ("", *sorted(extras))]
        if requirement.marker is None or any(requirement.marker.evaluate(each) for each in environments):
            found.append(requirement)
    return found


def closure(root: str, extras: frozenset[str]) -> dict[str, str]:
    """Canonical name to version of everything that ``root`` needs, directly or not."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root, extras)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            raise SystemExit(f"{name} is required and not installed: pip install -e '.[dev]' first") from None
        versions[canonicalize_name(name)] = re.sub(r"\+.*", "", version)  # 2.13.0+cpu is a build of 2.13.0
        waiting += [(need.name, frozenset(need.extras)) for need in requirements_of(name, wanted)]
    return {name: version for name, version in versions.items() if name not in NOT_PINNED}


def main() -> int:
    """Write the file beside pyproject.toml, or with --check only say whether it is up to date."""
    path = Path(__file__).resolve().parents[1] / "constraints.txt"
    pinned = closure("thymos", frozenset({"dev", "audformat"}))
    text = HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pinned.items()))
    if "--check" in sys.argv[1:]:
        stale = not path.is_file() or path.read_text(encoding="utf-8") != text
        print("constraints.txt is stale: make constraints" if stale else "constraints.txt is up to date")
        return int(stale)
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: {len(pinned)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
