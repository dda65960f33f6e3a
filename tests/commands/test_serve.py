"""``thymos serve``: what it says before it serves, and a real server process that answers and ends on Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from thymos.commands.serve import listen, register
from thymos.errors import BadInput
from thymos.language.endpoint import EndpointLanguageModel
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, Message

START = "import typer; from thymos.commands.serve import serve; typer.run(serve)"


def test_help_says_that_nothing_guards_it() -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    shown = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "100"}).output
    assert "NO crisis guard" in shown
    assert "127.0.0.1" in shown


def test_a_port_that_is_taken_is_told_before_the_model_loads() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match=r"cannot listen here .*choose another --port"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_the_default_is_reached_from_this_machine_only() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_real_server_answers_as_in_process_and_ends_on_ctrl_c(tiny_llama: Path) -> None:
    words = [sys.executable, "-c", START, "--model", str(tiny_llama), "--port", "0"]
    environment = os.environ | {"COLUMNS": "300", "OMP_NUM_THREADS": "1"}
    # A session of its own and no ignored SIGINT, as in a terminal.
    process = subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"serving (\S+) at (\S+)", line)
        assert found, line
        assert "without a crisis guard" in process.stderr.readline()
        settings, prompt = GenerationSettings(max_new_tokens=8), [[Message("user", "How are you?")]]
        inside = load_language_model(str(tiny_llama), cache=None).chat(prompt, settings)
        for name in (found[1], str(tiny_llama)):
            assert EndpointLanguageModel(name, found[2]).chat(prompt, settings) == inside
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130, -signal.SIGINT)
    finally:
        process.kill()
        process.wait()
