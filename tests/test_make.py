"""The way in: make targets, pinned constraints and the CI entry, checked without installing anything."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
EMBEDDED = {
    package["distribution"]
    for package in runpy.run_path(str(ROOT / "src" / "thymos" / "language" / "embedded_table.py"))[
        "EMBEDDED_PACKAGES"
    ].values()
}

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


def make(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, env={**kept, **environment}
    )


class TestConstraints:
    def test_every_line_is_one_exact_version(self) -> None:
        for line in PINS:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*", line), line

    def test_torch_is_the_version_that_is_meant_and_no_special_build(self) -> None:
        assert "torch==2.13.0" in PINS

    def test_every_requirement_is_pinned_to_a_version_that_it_allows(self) -> None:
        pins = dict(line.split("==") for line in PINS)
        # Peers of benchmarks and cross-checks, and extras that plain make does not install, are not pinned.
        peers = ("bench", "crosscheck", "whisper", "opensmile")
        groups = {name: group for name, group in PROJECT["optional-dependencies"].items() if name not in peers}
        texts = [*PROJECT["dependencies"], *(text for group in groups.values() for text in group)]
        for text in texts:
            requirement = Requirement(text)
            version = pins.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is not pinned: make constraints"
            assert requirement.specifier.contains(version, prereleases=True), (text, version)

    def test_what_replaces_torch_and_what_is_installed_apart_is_not_in_it(self) -> None:
        names = {line.split("==")[0] for line in PINS}
        assert not names & {"torchvision", "torchaudio", "timm", "facenet-pytorch", "speechbrain"}
        assert not names & {canonicalize_name(name) for name in EMBEDDED}
        assert "thymos" not in names

    def test_sorted_and_each_once(self) -> None:
        names = [line.split("==")[0] for line in PINS]
        assert names == sorted(set(names))

    def test_it_is_what_the_environment_gives(self) -> None:
        script = runpy.run_path(str(ROOT / "scripts" / "freeze_constraints.py"))
        found = script["closure"]("thymos", frozenset({"dev", "audformat"}))
        assert "torch" in found
        assert "+" not in found["torch"]
        assert set(found) >= {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}


@needs_make
class TestMake:
    def test_help_lists_every_target(self) -> None:
        done = make("help")
        for target in ("run", "test", "test-slow", "lint", "bench", "docs", "results", "embedded"):
            assert f"make {target} " in done.stdout, target

    def test_without_words_it_only_helps(self) -> None:
        assert make().stdout == make("help").stdout

    def test_no_python_is_one_clear_message(self) -> None:
        done = make("python", "PYTHON=")
        assert done.returncode != 0
        assert "thymos needs Python 3.11 or newer, and none was found" in done.stdout

    def test_an_old_python_is_named(self, tmp_path: Path) -> None:
        old = tmp_path / "old-python"
        old.write_text('#!/bin/sh\ncase "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac\n')
        old.chmod(0o755)
        done = make("python", f"PYTHON={old}")
        assert done.returncode != 0
        assert "Python 3.9.2" in done.stdout

    def test_this_python_is_taken(self) -> None:
        assert make("python", f"PYTHON={sys.executable}").returncode == 0

    @pytest.mark.parametrize("target", ["run", "test", "test-slow", "lint", "bench", "docs", "results"])
    def test_targets_use_the_environment_only(self, target: str, tmp_path: Path) -> None:
        """No recipe calls a plain python, pip, pytest or thymos: only those of the virtual environment."""
        done = make("-n", target, f"VENV={tmp_path}/venv", f"PYTHON={sys.executable}")
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            assert not re.match(r"\s*(python3?|pip|pytest|thymos|ruff|mypy|coverage)\s", line), line

    def test_a_second_make_has_nothing_to_install(self, tmp_path: Path) -> None:
        venv = tmp_path / "venv"
        venv.mkdir()
        for stamp in (".created", ".installed", ".installed-dev", ".embedded"):
            (venv / stamp).touch()
        done = make("-n", "run", f"VENV={venv}", f"PYTHON={sys.executable}")
        assert "pip install" not in done.stdout
        assert "thymos tour" in done.stdout

    def test_other_constraints_install_again(self, tmp_path: Path) -> None:
        venv = tmp_path / "venv"
        venv.mkdir()
        for stamp in (".created", ".installed", ".installed-dev", ".embedded"):
            (venv / stamp).touch()
            os.utime(venv / stamp, (1_000_000_000, 1_000_000_000))
        done = make("-n", "install", f"VENV={venv}", f"PYTHON={sys.executable}")
        assert "pip install" in done.stdout

    def test_data_is_handed_on(self, tmp_path: Path) -> None:
        done = make("-n", "run", "DATA=/some/folder", f"PYTHON={sys.executable}", f"VENV={tmp_path}/venv")
        assert "tour --data /some/folder" in done.stdout


def test_ci_runs_the_tests_and_stops_at_the_first_fault() -> None:
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in text
    assert text.rstrip().endswith("make test")
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
