"""Only a whole run of committed code is published."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from thymos.errors import BadInput
from thymos.studies.contract import Settings
from thymos.studies.publishing import SCHEMA_KEYS, publish, results_schema
from thymos.studies.runner import run_study


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, with a name of its own."""
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a file under src."""
    folder = tmp_path / "checkout"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "code.py").write_text("one = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def result(tmp_path: Path, small_study: Any, quiet: Any) -> dict[str, Any]:
    """A finished run."""
    return run_study(small_study(tmp_path / "log"), Settings(output=tmp_path / "runs"), console=quiet)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(results_schema())
    assert set(results_schema()["required"]) == set(SCHEMA_KEYS)


def test_a_run_of_committed_code_is_published(
    tmp_path: Path, small_study: Any, result: dict[str, Any], checkout: Path
) -> None:
    path = publish(small_study(tmp_path), result, checkout)
    assert path == checkout / "docs" / "results" / "small_study.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert tuple(written) == SCHEMA_KEYS
    assert written["commit"] == git(checkout, "rev-parse", "HEAD")
    assert written["command"] == "thymos run small_study --publish"
    assert written["rows"] == result["rows"]
    assert str(tmp_path) not in path.read_text(encoding="utf-8")


def test_the_published_file_fits_the_schema(
    tmp_path: Path, small_study: Any, result: dict[str, Any], checkout: Path
) -> None:
    path = publish(small_study(tmp_path), result, checkout)
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), results_schema())


@pytest.mark.parametrize("change", ["edit", "new file"])
def test_uncommitted_code_is_refused(
    tmp_path: Path, small_study: Any, result: dict[str, Any], checkout: Path, change: str
) -> None:
    name = "code.py" if change == "edit" else "more.py"
    (checkout / "src" / name).write_text("one = 2\n")
    with pytest.raises(BadInput, match="uncommitted changes"):
        publish(small_study(tmp_path), result, checkout)
    assert not (checkout / "docs").exists()


def test_code_that_changed_during_the_run_is_refused(
    tmp_path: Path, small_study: Any, result: dict[str, Any], checkout: Path
) -> None:
    with pytest.raises(BadInput, match="changed since the run began"):
        publish(small_study(tmp_path), {**result, "code": "0" * 64}, checkout)
    assert not (checkout / "docs").exists()


def test_uncommitted_pages_do_not_matter(
    tmp_path: Path, small_study: Any, result: dict[str, Any], checkout: Path
) -> None:
    (checkout / "README.md").write_text("words\n")
    assert publish(small_study(tmp_path), result, checkout).exists()


def test_a_quick_run_is_refused(tmp_path: Path, small_study: Any, quiet: Any, checkout: Path) -> None:
    study = small_study(tmp_path / "log")
    quick = run_study(study, Settings(output=tmp_path / "runs", quick=True), console=quiet)
    with pytest.raises(BadInput, match="quick run is not published"):
        publish(study, quick, checkout)


def test_outside_a_checkout_is_refused(tmp_path: Path, small_study: Any, result: dict[str, Any]) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(BadInput, match="git status failed"):
        publish(small_study(tmp_path), result, bare)
