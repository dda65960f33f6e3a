"""Every committed result fits the schema, belongs to a study and to a commit, and keeps simulated data apart."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from thymos.report.comparison import headline
from thymos.studies.contract import Row, read_published
from thymos.studies.publishing import results_schema
from thymos.studies.registry import studies
from thymos.studies.runner import PUBLISHED_FOLDER

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "docs" / "results").glob("*.json"))

pytestmark = pytest.mark.skipif(not PATHS, reason="no result is committed yet")


def load(path: Path) -> dict[str, Any]:
    """A committed result."""
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """Run git in the checkout."""
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestEveryCommittedResult:
    def test_fits_the_schema(self, path: Path) -> None:
        jsonschema.validate(load(path), results_schema(), cls=jsonschema.Draft202012Validator)

    def test_belongs_to_its_study(self, path: Path) -> None:
        result = load(path)
        study = studies()[result["study"]]
        assert path.stem == result["study"]
        assert result["card"] == study.card
        assert [claim["text"] for claim in result["claims"]] == [claim.text for claim in study.claims], "run it again"
        used = {entry["corpus"] for entry in result["data"]}
        needed = {*study.corpora, *(build().slug for build in study.bundled)}
        assert needed <= used <= needed | set(study.optional)

    def test_names_a_commit_that_exists(self, path: Path) -> None:
        if (
            git("rev-parse", "--is-inside-work-tree").returncode
            or git("rev-parse", "--is-shallow-repository").stdout == "true\n"
        ):
            pytest.skip("not a whole checkout")
        commit = load(path)["commit"]
        assert git("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0, commit
        assert git("merge-base", "--is-ancestor", commit, "HEAD").returncode == 0, f"{commit} is not in this history"

    def test_was_published_and_not_written(self, path: Path) -> None:
        result = load(path)
        assert result["command"].startswith(f"thymos run {result['study']}")
        assert result["command"].endswith("--publish")
        assert "--quick" not in result["command"]
        assert json.dumps(result, ensure_ascii=False, indent=1) + "\n" == path.read_text(encoding="utf-8")

    def test_simulated_data_never_stands_beside_published_numbers(self, path: Path) -> None:
        result = load(path)
        if any(entry["simulated"] for entry in result["data"]):
            assert not [row for row in result["rows"] if row["kind"] == "published"]

    def test_published_rows_are_those_of_the_source(self, path: Path) -> None:
        result = load(path)
        told = [row for row in result["rows"] if row["kind"] == "published"]
        assert told == [row.to_dict() for row in read_published(PUBLISHED_FOLDER / f"{result['study']}.csv")]

    def test_rows_are_legal_and_told_once(self, path: Path) -> None:
        rows = [Row.from_dict(row) for row in load(path)["rows"]]
        keys = [(row.kind, row.system, row.metric, row.subset, row.split) for row in rows]
        doubled = {key for key in keys if keys.count(key) > 1}
        assert not doubled
        for row in rows:
            if row.value is not None and row.low is not None and row.high is not None:
                assert row.low <= row.value <= row.high, row
            if row.metric.endswith(("_rate", "_f1", "accuracy", "uar")) and row.value is not None:
                assert 0 <= row.value <= 1, row

    def test_names_no_path_or_machine(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'"(/|~/|[A-Z]:\\\\)[\w.]+/', text)
        assert not re.search(r"/(home|root|tmp|work|opt|Users)/", text)

    def test_has_a_first_line(self, path: Path) -> None:
        result = load(path)
        line = headline(result, studies()[result["study"]].headline)
        assert line
        assert "Quick run" not in line
