"""A run can be killed at any moment: nothing finished is done again, and the result is the same."""

import json
import os
import random
import runpy
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.errors import BadInput, Unavailable
from thymos.studies import runner
from thymos.studies.contract import Arm, Claim, Finding, Row, RowKind, Settings, Study, Verdict
from thymos.studies.runner import latest_runs, load_results, run_study, safe_name

PIECES = ["table draws", *(f"step {step}" for step in range(6)), "ceiling"]


def lines(log: Path) -> list[str]:
    """What was done so far."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def the_folder(output: Path) -> Path:
    """The only run under ``output``."""
    (folder,) = (output / "small_study").iterdir()
    return folder


def kept(output: Path) -> set[str]:
    """The pieces of work whose result lies on the disk."""
    if not (output / "small_study").exists():
        return set()
    folder = the_folder(output)
    found = {json.loads(path.read_text())["step"].replace("part", "step") for path in folder.glob("steps/*.json")}
    found |= {f"table {path.stem}" for path in folder.glob("tables/*.parquet")}
    if (folder / "arms" / f"{safe_name('one rater')}.json").exists():
        found.add("ceiling")
    return found


def start(script: Path, output: Path, log: Path, pause: float) -> subprocess.Popen[bytes]:
    """The small study in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(script), str(output), str(log), str(pause)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def comparable(result: dict[str, Any]) -> str:
    """The part of a result that must not depend on when it was interrupted."""
    return json.dumps({name: result[name] for name in ("rows", "claims", "data", "settings", "left_out")})


def test_killed_at_random_moments_goes_on_and_ends_with_the_same_result(tmp_path: Path, small_study_path: Path) -> None:
    whole, whole_log = tmp_path / "whole", tmp_path / "whole.log"
    assert start(small_study_path, whole, whole_log, 0.0).wait(timeout=120) == 0
    assert lines(whole_log) == PIECES

    seed = int.from_bytes(os.urandom(4), "big")
    chance = random.Random(seed)
    output, log = tmp_path / "killed", tmp_path / "killed.log"
    for round_number in range(3):
        already = kept(output)
        before = lines(log)
        process = start(small_study_path, output, log, 0.15)
        wanted = len(before) + chance.randint(1, 3)
        deadline = time.monotonic() + 90
        while len(lines(log)) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        again = [piece for piece in lines(log)[len(before) :] if piece in already]
        assert again == [], f"round {round_number}, seed {seed}: kept work was done again"

    already, before = kept(output), lines(log)
    assert start(small_study_path, output, log, 0.0).wait(timeout=120) == 0
    last = lines(log)[len(before) :]
    assert last == [piece for piece in PIECES if piece not in already], f"seed {seed}"
    # A piece can start once in each round at most, and only while its result is not there.
    assert all(lines(log).count(piece) <= 4 for piece in PIECES)
    first, _ = load_results(the_folder(whole))
    second, _ = load_results(the_folder(output))
    assert comparable(second) == comparable(first), f"seed {seed}"


def test_interrupted_between_steps_keeps_the_steps(tmp_path: Path, small_study: Any, quiet: Any) -> None:
    log = tmp_path / "log"
    study = small_study(log)
    settings = Settings(output=tmp_path / "runs")
    real = runner.write_atomically
    calls = {"left": 8}

    def stop_later(path: Path, content: str | bytes) -> Path:
        calls["left"] -= 1
        if calls["left"] < 0:
            raise KeyboardInterrupt
        return real(path, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "write_atomically", stop_later)
        with pytest.raises(KeyboardInterrupt):
            run_study(study, settings, console=quiet)
    done = kept(settings.output)
    assert done
    assert "ceiling" not in done
    already = lines(log)
    run_study(study, settings, console=quiet)
    assert not [piece for piece in lines(log)[len(already) :] if piece in done]


def test_second_start_does_nothing_again(tmp_path: Path, small_study: Any, quiet: Any) -> None:
    study = small_study(tmp_path / "log")
    settings = Settings(output=tmp_path / "runs")
    first = run_study(study, settings, console=quiet)
    second = run_study(study, settings, console=quiet)
    assert lines(tmp_path / "log") == PIECES
    assert comparable(first) == comparable(second)
    assert first["run"] == second["run"]
    assert first["seconds"] == second["seconds"], "time is that of the work, not of the second start"


@pytest.mark.parametrize("change", [{"seed": 1}, {"quick": True}, {"model": "folder"}, {"encoder": "x"}])
def test_other_settings_are_another_run(tmp_path: Path, small_study: Any, quiet: Any, change: dict[str, Any]) -> None:
    study = small_study(tmp_path / "log")
    first = run_study(study, Settings(output=tmp_path / "runs"), console=quiet)
    second = run_study(study, Settings(output=tmp_path / "runs", **change), console=quiet)
    assert first["run"] != second["run"]
    assert len(lines(tmp_path / "log")) == 2 * len(PIECES)


def test_other_code_or_data_is_another_run(
    tmp_path: Path, small_study: Any, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small_study(tmp_path / "log")
    settings = Settings(output=tmp_path / "runs")
    runs = {run_study(study, settings, console=quiet)["run"]}
    monkeypatch.setattr(runner, "code_sha256", lambda: "0" * 64)
    runs.add(run_study(study, settings, console=quiet)["run"])
    other = replace(study, bundled=(lambda: replace(study.bundled[0](), sha256="cd" * 32),))
    runs.add(run_study(other, settings, console=quiet)["run"])
    assert len(runs) == 3


def test_where_the_data_lie_does_not_change_the_run(tmp_path: Path, small_study: Any, quiet: Any) -> None:
    study = small_study(tmp_path / "log")
    first = run_study(study, Settings(output=tmp_path / "runs"), console=quiet)
    second = run_study(study, Settings(output=tmp_path / "runs", data=tmp_path), console=quiet)
    assert first["run"] == second["run"]


def one_arm(run: Any, **changes: Any) -> Study:
    """A study with a floor and one arm under test."""
    floor = Arm("floor", RowKind.FLOOR, lambda ctx: [Row("f", RowKind.FLOOR, "accuracy", "all", 0.5, 4, "no split")])
    base = runpy.run_path(str(Path(__file__).with_name("small_study.py")))["small_study"](Path("unused"))
    study: Study = replace(
        base,
        arms=(floor, Arm("under test", RowKind.SYSTEM, run, **changes)),
        claims=(Claim("c", lambda results: Finding(Verdict.HOLDS, "e")),),
    )
    return study


def test_an_arm_that_fails_leaves_no_result_and_keeps_the_others(tmp_path: Path, quiet: Any) -> None:
    def broken(ctx: Any) -> list[Row]:
        raise BadInput("the arm is broken")

    settings = Settings(output=tmp_path)
    with pytest.raises(BadInput, match="broken"):
        run_study(one_arm(broken), settings, console=quiet)
    folder = the_folder(tmp_path)
    assert [path.name for path in (folder / "arms").iterdir()] == [f"{safe_name('floor')}.json"]
    assert not (folder / "result.json").exists()
    assert latest_runs(tmp_path) == {}


def test_left_out_arms_are_named_with_the_reason(tmp_path: Path, quiet: Any) -> None:
    def never(ctx: Any) -> list[Row]:
        raise AssertionError("an arm whose needs are not met must not run")

    study = one_arm(never, needs=lambda settings: "no encoder was given")
    result = run_study(study, Settings(output=tmp_path), console=quiet)
    assert result["left_out"] == [{"arm": "under test", "reason": "no encoder was given"}]
    slow = one_arm(never, quick=False)
    result = run_study(slow, Settings(output=tmp_path, quick=True), console=quiet)
    assert result["left_out"][0]["reason"] == "left out of quick runs"


def test_a_step_gives_the_same_value_first_and_again(tmp_path: Path, quiet: Any) -> None:
    seen: list[Any] = []

    def arm(ctx: Any) -> list[Row]:
        for _ in range(2):
            seen.append(ctx.step("pair", lambda: {"pair": (1, 2), 3: float("inf")}))
        return [Row("s", RowKind.SYSTEM, "accuracy", "all", 0.5, 4, "no split")]

    run_study(one_arm(arm), Settings(output=tmp_path), console=quiet)
    assert seen[0] == seen[1] == {"pair": [1, 2], "3": float("inf")}


def test_tables_are_there_for_claims_after_a_restart(tmp_path: Path, quiet: Any) -> None:
    def arm(ctx: Any) -> list[Row]:
        ctx.table("kept", lambda: pd.DataFrame({"x": np.arange(3)}, index=["a", "b", "c"]))
        return [Row("s", RowKind.SYSTEM, "accuracy", "all", 0.5, 4, "no split")]

    def check(results: Any) -> Finding:
        return Finding(
            Verdict.HOLDS, f"sum {results.tables['kept']['x'].sum()} at {list(results.tables['kept'].index)}"
        )

    study = replace(one_arm(arm), claims=(Claim("c", check),))
    for _ in range(2):
        result = run_study(study, Settings(output=tmp_path), console=quiet)
        assert result["claims"][0]["evidence"] == "sum 3 at ['a', 'b', 'c']"


def test_a_corpus_that_is_not_there_is_one_clear_error(tmp_path: Path, quiet: Any) -> None:
    study = replace(one_arm(lambda ctx: []), corpora=("cremad_votes",), bundled=())
    with pytest.raises(Unavailable, match="cremad_votes"):
        run_study(study, Settings(output=tmp_path, data=tmp_path), console=quiet)
    assert not (tmp_path / "small_study").exists(), "nothing is left behind by a run that could not start"


def test_nothing_but_left_out_arms_is_an_error(tmp_path: Path, quiet: Any) -> None:
    study = one_arm(lambda ctx: [])
    study = replace(study, arms=tuple(replace(arm, needs=lambda settings: "absent") for arm in study.arms))
    with pytest.raises(BadInput, match="no arm could be run"):
        run_study(study, Settings(output=tmp_path), console=quiet)


def test_progress_and_track_pass_everything_on(tmp_path: Path, quiet: Any) -> None:
    def arm(ctx: Any) -> list[Row]:
        seen = list(ctx.track(range(5), "things"))
        report = ctx.progress("work")
        for finished in (1, 2, 3):
            report(finished, 3)
        return [Row("s", RowKind.SYSTEM, "accuracy", "all", float(sum(seen)), 4, "no split")]

    result = run_study(one_arm(arm), Settings(output=tmp_path), console=quiet)
    assert result["rows"][1]["value"] == 10.0


def test_resamples_depend_on_quick(tmp_path: Path, quiet: Any) -> None:
    def arm(ctx: Any) -> list[Row]:
        return [Row("s", RowKind.SYSTEM, "accuracy", "all", float(ctx.resamples), 4, "no split")]

    full = run_study(one_arm(arm), Settings(output=tmp_path), console=quiet)
    quick = run_study(one_arm(arm), Settings(output=tmp_path, quick=True), console=quiet)
    assert (full["rows"][1]["value"], quick["rows"][1]["value"]) == (10_000.0, 1_000.0)


def test_latest_run_is_the_newest_finished_one(tmp_path: Path, small_study: Any, quiet: Any) -> None:
    study = small_study(tmp_path / "log")
    run_study(study, Settings(output=tmp_path / "runs"), console=quiet)
    newest = run_study(study, Settings(output=tmp_path / "runs", seed=3), console=quiet)
    unfinished = tmp_path / "runs" / "small_study" / "0123456789ab"
    (unfinished / "arms").mkdir(parents=True)
    assert latest_runs(tmp_path / "runs") == {"small_study": Path(newest["run"])}
    with pytest.raises(BadInput, match="no finished run"):
        load_results(unfinished)


def test_a_broken_result_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"study": "x", "rows"', encoding="utf-8")
    with pytest.raises(BadInput, match="not a result"):
        load_results(tmp_path)


def test_a_loaded_run_is_the_run(tmp_path: Path, small_study: Any, quiet: Any) -> None:
    result = run_study(small_study(tmp_path / "log"), Settings(output=tmp_path / "runs"), console=quiet)
    again, results = load_results(Path(result["run"]))
    assert again == result
    assert [row.to_dict() for row in results.rows] == result["rows"]
    assert list(results.tables) == ["draws"]
    rows = pd.read_parquet(Path(result["run"]) / "rows.parquet")
    assert list(rows["system"]) == [row["system"] for row in result["rows"]]


def test_result_names_no_path_or_host_of_the_machine(tmp_path: Path, small_study: Any, quiet: Any) -> None:
    import socket

    result = run_study(small_study(tmp_path / "log"), Settings(output=tmp_path / "runs"), console=quiet)
    assert socket.gethostname() not in result["machine"]
    assert "/" not in result["machine"]
    assert result["command"] == "thymos run small_study"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(quick=True, seed=3), "thymos run small_study --quick --seed 3"),
        (Settings(model="hf:a/b", encoder="folder"), "thymos run small_study --model hf:a/b --encoder folder"),
    ],
)
def test_command_repeats_the_run(small_study: Any, tmp_path: Path, settings: Settings, words: str) -> None:
    assert runner.command_line(small_study(tmp_path), settings) == words


def test_names_of_arms_never_collide() -> None:
    names = ["TF-IDF + linear", "TF-IDF  linear", "tf idf linear", "Ω", "ω", "a" * 80, "a" * 81]
    files = [safe_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all(len(name) < 80 and "/" not in name for name in files)
