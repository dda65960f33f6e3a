"""The program as a whole: version, help, errors in one line, exit statuses."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import thymos


def run(*words: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "thymos.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
        env={**os.environ, "COLUMNS": "160", **environment},
    )


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"thymos {thymos.__version__}")


def test_without_words_it_shows_its_commands() -> None:
    done = run()
    for name in ("list", "run", "show", "report", "score", "compare", "data", "tour"):
        assert name in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["run", "tour", "score", "compare", "report", "scan"])
def test_help_has_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"thymos {command}" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "absent_study"), "there is no study 'absent_study'"),
        (("data", "card", "absent_corpus"), "absent_corpus"),
        (("score", "absent.csv", "absent_votes.csv"), "absent"),
        (("report", "--output", "absent"), "there is no finished run"),
        (("scan", "openai:x:latest"), "openai:x:latest: an endpoint cannot be scanned"),
    ],
)
def test_an_error_is_one_line_and_status_2(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    done = run(*words, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize("words", [("run",), ("run", "--absent"), ("absent",), ("score", "one")])
def test_a_wrong_command_line_is_status_2_without_a_trace(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Usage" in done.stderr


def test_a_bad_data_variable_is_one_line(tmp_path: Path) -> None:
    done = run("run", "manipulation_trial", folder=tmp_path, THYMOS_DATA=str(tmp_path / "absent"))
    assert done.returncode == 2
    assert "set THYMOS_DATA to an existing folder or unset it" in done.stderr


def test_brackets_in_an_error_are_kept(tmp_path: Path) -> None:
    done = run("data", "card", "[red]x[/red]", folder=tmp_path)
    assert "[red]x[/red]" in done.stderr


def test_light_commands_do_not_load_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['thymos', '--version']\n"
        "from thymos.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'statsmodels'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip().endswith("[]")


def test_ctrl_c_keeps_finished_work_and_says_so(tmp_path: Path) -> None:
    """A real interrupt during a real study of ours that needs no data: the same words as for every study."""
    code = (
        "import runpy, signal, sys, pathlib\n"
        # A suite that runs in the background hands an ignored interrupt down to its children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from thymos.studies import registry\n"
        f"build = runpy.run_path({str(Path(__file__).parent / 'studies' / 'small_study.py')!r})['small_study']\n"
        "study = build(pathlib.Path('log'), 0.3)\n"
        "registry.studies = lambda: {study.slug: study}\n"
        "sys.argv = ['thymos', 'run', 'small_study']\n"
        "from thymos.cli import main\nmain()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    log = tmp_path / "log"
    while time.monotonic() < deadline and not (log.exists() and "step 2" in log.read_text()):
        time.sleep(0.02)
    process.send_signal(2)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "finished work is kept" in err
    assert "Traceback" not in err
    assert len(list(tmp_path.glob("runs/small_study/*/steps/*.json"))) >= 2
