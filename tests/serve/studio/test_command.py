"""``thymos studio`` as a process: starts fast, says where it is, stops cleanly; and its options."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from thymos.commands import studio as command
from thymos.errors import BadInput

RUN = "import typer; from thymos.commands.studio import studio; typer.run(studio)"


def read(url: str) -> Any:
    """A JSON answer."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def test_it_starts_answers_and_stops(tmp_path: Path, tiny_llama: Path) -> None:
    arguments = ["--port", "0", "--no-browser", "--model", str(tiny_llama), "--database", f"sqlite:///{tmp_path}/a.db"]
    environment = os.environ | {"THYMOS_CACHE": str(tmp_path / "cache"), "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments, "--key-file", str(tmp_path / "key")],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stderr is not None
            told = ""
            for line in process.stderr:
                told += line
                if found := re.search(r"studio at (http://127\.0\.0\.1:\d+)", told):
                    break
            assert found, told
            assert "a key was made" in told
            health = read(f"{found[1]}/api/v1/health")  # at once: the address is told when it answers
            # The page is there before the models are.
            assert health["status"] in ("loading", "ok", "failed")
            me = read(f"{found[1]}/api/v1/me")
            assert (me["encrypted"], me["user"]["name"]) == (True, "local")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            assert "stopped" in process.stderr.read()
        finally:
            process.kill()
    assert (tmp_path / "a.db").is_file()


def runner(*arguments: str) -> Any:
    """Run the command in this process, for what it refuses before it starts."""
    app = typer.Typer()
    command.register(app)
    return CliRunner().invoke(app, list(arguments))


def test_what_it_refuses(tmp_path: Path) -> None:
    for arguments, told in (
        (("--host", "0.0.0.0"), "add --accounts"),
        (("--reseal",), "there is no key"),
        (("--database", "mysql://x"), "mysql is not supported"),
    ):
        result = runner(*arguments, "--no-browser", "--port", "0")
        assert isinstance(result.exception, BadInput), result.output
        assert told in str(result.exception)


def test_keys_come_from_a_file_or_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(stderr=True)
    monkeypatch.delenv("THYMOS_KEY", raising=False)
    assert not command.read_sealer(None, console).on
    monkeypatch.setenv("THYMOS_KEY", base64.b64encode(bytes(32)).decode())
    assert command.read_sealer(None, console).keys == (bytes(32),)
    assert command.read_sealer(tmp_path / "key", console).keys != (bytes(32),)  # the file counts where both are there
    monkeypatch.setenv("THYMOS_KEY", "planted-secret")
    with pytest.raises(BadInput) as error:
        command.read_sealer(None, console)
    assert "planted" not in str(error.value)
