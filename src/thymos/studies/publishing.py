"""Committed results: ``docs/results/<study>.json``, written from a finished run and never by hand."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.studies.contract import Study
from thymos.studies.runner import code_sha256

SCHEMA_PATH = Path(__file__).parent / "results.schema.json"
SCHEMA_KEYS = ("study", "card", "commit", "command", "date", "machine", "seconds", "data", "rows", "claims")


@cache
def results_schema() -> dict[str, Any]:
    """The JSON schema of a committed result."""
    schema: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return schema


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"git {words[0]} failed: {done.stderr.strip()}", where=folder, mend="publish from a checkout")
    return done.stdout.strip()


def publish(study: Study, result: dict[str, Any], checkout: Path) -> Path:
    """Write a result into ``docs/results/`` with the commit that produced it.

    Raises:
        BadInput: a quick run; uncommitted changes under ``src``; code that changed since the run began; not a
            checkout. Simulated data is published with its stamp.
    """
    if result["settings"]["quick"]:
        raise BadInput("a quick run is not published", where=study.slug, mend="run it without --quick")
    # The hash is cached for a run's whole life: ask again, as the files may have changed under a long run.
    if result["code"] != code_sha256.__wrapped__():
        raise BadInput("the code changed since the run began", where=study.slug, mend="run it again")
    if _git(checkout, "status", "--porcelain", "--", "src"):
        raise BadInput(
            "src/ has uncommitted changes, so no commit stands for this result", mend="commit, then run again"
        )
    fitting = {key: result[key] for key in SCHEMA_KEYS}
    fitting["commit"] = _git(checkout, "rev-parse", "HEAD")
    fitting["command"] = f"{result['command']} --publish"
    text = json.dumps(fitting, ensure_ascii=False, indent=1) + "\n"
    return write_atomically(checkout / "docs" / "results" / f"{study.slug}.json", text)
