"""Keeping finished steps in a folder: whole or not at all, once, and errors that name the file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.assess.scanning.keeper import FolderKeeper, Keeper, arrays
from thymos.errors import BadInput
from thymos.studies.runner import RunContext


@pytest.fixture
def keeper(tmp_path: Path) -> FolderKeeper:
    return FolderKeeper(tmp_path / "kept", lambda title: lambda done, total: None)


def killed() -> Any:
    raise KeyboardInterrupt


def files(keeper: FolderKeeper) -> list[str]:
    return sorted(str(path.relative_to(keeper.folder)) for path in keeper.folder.rglob("*") if path.is_file())


STEPS: dict[str, tuple[Callable[[Keeper, Callable[[], Any]], Any], Any, Callable[[Any], Any]]] = {
    "step": (lambda keeper, compute: keeper.step("one", compute), {"a": [1, 2.5]}, lambda found: found),
    "table": (
        lambda keeper, compute: keeper.table("one", compute),
        pd.DataFrame({"a": [1, 2], "b": ["x", "ü"]}),
        lambda found: found.to_dict("list"),
    ),
    "arrays": (
        lambda keeper, compute: arrays(keeper, "one", compute),
        {"a": np.arange(6.0).reshape(2, 3).T, "b": np.array([1, 2])},
        lambda found: {name: values.tolist() for name, values in found.items()},
    ),
}


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_is_computed_once(keeper: FolderKeeper, kind: str) -> None:
    keep, value, plain = STEPS[kind]
    calls = []

    def compute() -> Any:
        calls.append(kind)
        return value

    first = keep(keeper, compute)
    assert plain(first) == plain(value)
    assert plain(keep(keeper, compute)) == plain(value)
    other = FolderKeeper(keeper.folder, keeper.progress)
    assert plain(keep(other, killed)) == plain(value), "another start finds it"
    assert calls == [kind]


@pytest.mark.parametrize("kind", STEPS)
def test_a_killed_step_leaves_nothing_and_the_next_start_computes_it(keeper: FolderKeeper, kind: str) -> None:
    keep, value, plain = STEPS[kind]
    keeper.step("before", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        keep(keeper, killed)
    assert files(keeper) == ["steps/before.json"]
    assert plain(keep(keeper, lambda: value)) == plain(value)
    assert len(files(keeper)) == 2, "no temporary file stays"


def test_what_cannot_be_written_leaves_nothing(keeper: FolderKeeper) -> None:
    with pytest.raises(TypeError):
        keeper.step("one", lambda: {1, 2})
    assert files(keeper) == []


@pytest.mark.parametrize("content", [b"", b"no arrays", b'\x08\x00\x00\x00\x00\x00\x00\x00{"a": 1}'])
def test_damaged_arrays_are_one_clear_error(keeper: FolderKeeper, content: bytes) -> None:
    arrays(keeper, "one", lambda: {"a": np.ones(3)})
    path = keeper.folder / "arrays" / "one.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"one\.safetensors: the kept arrays cannot be read .*remove the file"):
        arrays(keeper, "one", killed)
    path.unlink()
    assert arrays(keeper, "one", lambda: {"a": np.zeros(2)})["a"].tolist() == [0, 0]


def test_damaged_steps_and_tables_are_one_clear_error(keeper: FolderKeeper) -> None:
    keeper.step("one", lambda: [1, 2])
    keeper.table("one", lambda: pd.DataFrame({"a": [1]}))
    for path in (keeper.folder / "steps" / "one.json", keeper.folder / "tables" / "one.parquet"):
        path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(BadInput, match=r"one\.json: the kept step cannot be read .*remove the file"):
        keeper.step("one", killed)
    with pytest.raises(BadInput, match=r"one\.parquet: the kept table cannot be read .*remove the file"):
        keeper.table("one", killed)


def test_cut_off_arrays_are_the_same_error(keeper: FolderKeeper) -> None:
    arrays(keeper, "one", lambda: {"a": np.ones(300)})
    path = keeper.folder / "arrays" / "one.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(BadInput, match="cannot be read"):
        arrays(keeper, "one", killed)


def test_the_first_and_the_next_start_see_the_same_value(keeper: FolderKeeper) -> None:
    first = keeper.step("one", lambda: {"a": (1, 2), 3: None})
    assert first == keeper.step("one", killed) == {"a": [1, 2], "3": None}


def test_arrays_keep_type_and_shape(keeper: FolderKeeper) -> None:
    wanted = {"a": np.ones((2, 0, 3), dtype="f4"), "b": np.arange(4)[::-2], "c": np.array([True])}
    for _ in range(2):
        found = arrays(keeper, "one", lambda: wanted)
        assert {name: (value.dtype, value.shape) for name, value in found.items()} == {
            name: (value.dtype, value.shape) for name, value in wanted.items()
        }
        np.testing.assert_array_equal(found["b"], wanted["b"])


def test_resamples_and_progress_are_those_it_was_made_with(tmp_path: Path) -> None:
    told: list[Any] = []
    keeper = FolderKeeper(tmp_path, lambda title: lambda done, total: told.append((title, done, total)), resamples=7)
    keeper.progress("work")(1, 2)
    assert told == [("work", 1, 2)]
    assert keeper.resamples == 7
    assert FolderKeeper(tmp_path, keeper.progress).resamples == 10_000


def test_a_studys_context_has_what_a_keeper_needs() -> None:
    for name in ("step", "table", "progress", "resamples"):
        assert hasattr(RunContext, name)
    assert "folder" in RunContext.__dataclass_fields__
