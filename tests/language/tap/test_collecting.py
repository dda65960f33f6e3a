"""States on disk: the same as in memory, and nothing lost, mixed up or half-written whatever happens on the way."""

import json
import os
import signal
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.language.model import Message
from thymos.language.tap import Edit, Place, Site, StateStore, Tap, collect
from thymos.language.tap import collecting as module

PLACES = [Place(Site.EMBEDDINGS), Place(Site.HEADS, 1), Place(Site.RESIDUAL, 2)]
LAST = PLACES[-1]
POSITIONS = (-1, 0)
TEXTS = [
    f"I feel {word} about the {thing}" for word in ("happy", "sad", "so") for thing in ("rain", "empty house", "x")
]
TEXTS = [*TEXTS[:7], "Nothing scares him more than an empty house at night."]  # eight, in parts of three


def collected(tap: Tap, folder: Path, texts: Any = TEXTS, **named: Any) -> StateStore:
    return collect(tap, texts, PLACES, folder, POSITIONS, **{"part_prompts": 3, **named})


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to rounding, in units of the largest number."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def same_as_read(tap: Tap, store: StateStore) -> None:
    expected = tap.read(TEXTS, PLACES, POSITIONS)
    for place in PLACES:
        found = store.load(place)
        assert found.dtype == np.float32
        close(found, expected[place])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


WHOLE = ["index.json", *(f"part-{number:05d}.safetensors" for number in range(3))]


def test_states_on_disk_equal_those_in_memory(tap: Tap, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    store = collected(tap, tmp_path / "deep" / "folder", progress=lambda done, every: calls.append((done, every)))
    same_as_read(tap, store)
    assert calls == [(3, 8), (6, 8), (8, 8)]
    assert names(tmp_path / "deep" / "folder") == WHOLE
    opened = StateStore(tmp_path / "deep" / "folder")
    assert (opened.prompts, opened.part_prompts, opened.positions, opened.places) == (8, 3, POSITIONS, PLACES)
    assert [part.shape for part in opened.parts(LAST)] == [(3, 2, 32), (3, 2, 32), (2, 2, 32)]


def test_conversations_and_one_part_for_all(llama: Tap, tmp_path: Path) -> None:
    turns = [[Message("user", text)] for text in TEXTS]
    store = collect(llama, turns, [LAST, LAST], tmp_path / "states")
    assert store.places == [LAST]
    close(store.load(LAST), llama.read(turns, [LAST])[LAST])
    assert names(tmp_path / "states") == WHOLE[:2]


# -- cut off, and taken up again ----------------------------------------------------------------------------------


@pytest.fixture
def passes(llama: Tap, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many prompts were read, part by part."""
    read: list[int] = []
    original = llama.read_rows

    def counting(rows: Any, *args: Any, **named: Any) -> Any:
        read.append(len(rows))
        return original(rows, *args, **named)

    monkeypatch.setattr(llama, "read_rows", counting)
    return read


def test_a_second_call_reads_nothing(llama: Tap, tmp_path: Path, passes: list[int]) -> None:
    collected(llama, tmp_path)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    passes.clear()
    calls: list[int] = []
    same_as_read(llama, collected(llama, tmp_path, progress=lambda done, every: calls.append(done)))
    assert calls == [3, 6, 8]
    assert passes == [8], "only the comparison itself read"
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times


@pytest.mark.parametrize("stop", range(3))
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_collection_goes_on_where_it_stopped(
    llama: Tap,
    tmp_path: Path,
    passes: list[int],
    monkeypatch: pytest.MonkeyPatch,
    stop: int,
    error: type[BaseException],
) -> None:
    written: list[Path] = []

    def failing(path: Path, content: bytes) -> Path:
        if path.name != "index.json":
            if len(written) == stop:
                raise error("cut off")
            written.append(path)
        return write_atomically(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_atomically", failing)
        with pytest.raises(error):
            collected(llama, tmp_path)
    assert names(tmp_path) == WHOLE[: stop + 1]
    with pytest.raises(BadInput, match=r"part-0000\d.safetensors: a part is missing; call collect again: it goes on"):
        StateStore(tmp_path)
    passes.clear()
    same_as_read(llama, collected(llama, tmp_path))
    assert passes == [*[3, 3, 2][stop:], 8]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_kill_while_writing_leaves_no_half_part(llama: Tap, tmp_path: Path, passes: list[int], moment: str) -> None:
    collected(llama, tmp_path)
    index = json.loads((tmp_path / "index.json").read_text())
    path = tmp_path / "part-00001.safetensors"
    states = load_file(path)
    path.unlink()
    child = os.fork()
    if child == 0:  # pragma: no cover: it is killed in the middle of a write
        owner: Any = os if moment == "fsync" else Path
        setattr(owner, moment, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        module.write_part(path, index, {place: states[str(place)] for place in PLACES})
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    (left,) = (name for name in names(tmp_path) if name.endswith(".partial"))
    assert left.startswith(".part-00001")
    passes.clear()
    same_as_read(llama, collected(llama, tmp_path))
    assert passes == [3, 8]
    assert names(tmp_path) == WHOLE, "what the kill left is swept away"


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    states = load_file(path)
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "header":
        path.write_bytes(b"\xff" * 64 + content[64:])
    elif how == "short":
        with_notes(path, {name: values[:1] for name, values in states.items()})
    elif how == "without a place":
        with_notes(path, {name: values for name, values in states.items() if name != str(LAST)})


def with_notes(path: Path, states: dict[str, np.ndarray]) -> None:
    """A part with other states, and the notes of the one that was there."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as part:
        notes = part.metadata()
    save_file({name: np.ascontiguousarray(values) for name, values in states.items()}, path, notes)


@pytest.mark.parametrize("how", ["empty", "cut", "header", "short", "without a place"])
def test_a_damaged_part_is_read_again(llama: Tap, tmp_path: Path, passes: list[int], how: str) -> None:
    collected(llama, tmp_path)
    damaged(tmp_path / "part-00001.safetensors", how)
    with pytest.raises(BadInput, match=r"part-00001.safetensors: the part cannot be used \(.*remove it and collect"):
        StateStore(tmp_path).load(LAST)
    passes.clear()
    same_as_read(llama, collected(llama, tmp_path))
    assert passes == [3, 8]


def test_a_single_wrong_bit_is_found_when_states_are_used(llama: Tap, tmp_path: Path) -> None:
    store = collected(llama, tmp_path)
    path = tmp_path / "part-00002.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    broken = 0
    for place in PLACES:
        try:
            store.load(place)
        except BadInput as error:
            assert "its content is not what was written" in str(error)  # noqa: PT017
            broken += 1
    assert broken == 1


# -- one folder, one collection -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"texts": [*TEXTS[:-1], "something else"]}, "prompts"),
        ({"texts": TEXTS[:-1]}, "prompts, number of prompts"),
        ({"texts": TEXTS[::-1]}, "prompts"),
        ({"part_prompts": 4}, "part_prompts"),
    ],
)
def test_another_collection_in_the_folder_is_refused(
    llama: Tap, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    collected(llama, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(BadInput, match=rf"another collection is here \(other {words}\); use another folder"):
        collected(llama, tmp_path, **changes)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_other_places_positions_models_and_edits_are_other_collections(
    llama: Tap, fresh: Callable[..., Any], tmp_path: Path
) -> None:
    collected(llama, tmp_path)
    with pytest.raises(BadInput, match=r"other places"):
        collect(llama, TEXTS, PLACES[:1], tmp_path, POSITIONS, part_prompts=3)
    with pytest.raises(BadInput, match=r"other positions"):
        collect(llama, TEXTS, PLACES, tmp_path, part_prompts=3)
    with pytest.raises(BadInput, match=r"other model or edits"):
        collected(Tap(fresh("qwen2")), tmp_path)
    with pytest.raises(BadInput, match=r"other model or edits"), llama.editing([Edit.scale(LAST, 2.0)]):
        collected(llama, tmp_path)
    with llama.editing([Edit.scale(LAST, 2.0)]):
        doubled = collected(llama, tmp_path / "doubled").load(LAST)
    close(doubled, 2 * collected(llama, tmp_path).load(LAST))
    with (
        pytest.raises(BadInput, match="an edit of single prompts acts"),
        llama.editing([Edit.add(LAST, 1.0, rows=[0])]),
    ):
        collected(llama, tmp_path / "rows")


def test_parts_of_a_collection_whose_index_is_gone_are_not_taken_for_ours(
    llama: Tap, tmp_path: Path, passes: list[int]
) -> None:
    collected(llama, tmp_path)
    (tmp_path / "index.json").unlink()
    passes.clear()
    with pytest.raises(BadInput, match=r"part-00000.safetensors: this part belongs to another collection; use another"):
        collected(llama, tmp_path, texts=TEXTS[::-1])
    assert passes == []
    assert names(tmp_path) == WHOLE[1:], "no index of the new prompts stands beside the old parts"
    # A part that comes from elsewhere later is refused as well.
    collected(llama, tmp_path / "other", texts=TEXTS[::-1])
    (tmp_path / "part-00001.safetensors").replace(tmp_path / "other" / "part-00001.safetensors")
    with pytest.raises(BadInput, match="its content is not what was written"):
        StateStore(tmp_path / "other").load(LAST)
    with pytest.raises(BadInput, match="this part belongs to another collection"):
        collected(llama, tmp_path / "other", texts=TEXTS[::-1])


def test_the_same_collection_whose_index_is_gone_is_taken_up(llama: Tap, tmp_path: Path, passes: list[int]) -> None:
    collected(llama, tmp_path)
    (tmp_path / "index.json").unlink()
    passes.clear()
    same_as_read(llama, collected(llama, tmp_path))
    assert passes == [8]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"prompts": 3}',
        {"prompts": "eight"},
        {"prompts": 0},
        {"part_prompts": 0},
        {"positions": "last"},
        {"positions": []},
        {"places": [["nose", 1]]},
        {"places": [["head_outputs", None]]},
        {"places": 3},
    ],
)
def test_a_damaged_index_is_one_clear_error(llama: Tap, tmp_path: Path, content: Any) -> None:
    collected(llama, tmp_path)
    path = tmp_path / "index.json"
    if isinstance(content, dict):
        content = json.dumps(json.loads(path.read_text()) | content).encode()
    path.write_bytes(content)
    for call in (lambda: StateStore(tmp_path), lambda: collected(llama, tmp_path)):
        with pytest.raises(
            BadInput, match=r"index.json: the index is damaged \(.*; remove the folder and collect again"
        ):
            call()


# -- limits and errors --------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_prompts(llama: Tap, tmp_path: Path) -> None:
    places = [*llama.architecture.places(Site.NEURONS), *llama.architecture.places(Site.RESIDUAL)]
    peaks = {}
    for count in (32, 256):
        texts = [f"{number} I feel" for number in range(count)]
        tracemalloc.start()
        store = collect(llama, texts, places, tmp_path / str(count), (0, 1, -1, -2) * 4, part_prompts=16)
        for place in places:
            for part in store.parts(place):
                assert len(part) == 16
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    states = 256 * 16 * 3 * (48 + 32) * 4  # bytes of all states: 3.75 MiB
    assert peaks[32] > states / 16, "a part's states must be seen to test anything"
    assert peaks[256] < peaks[32] * 1.3 < states / 2


def test_too_little_memory_for_a_part_or_for_all(
    llama: Tap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: list[int]
) -> None:
    numbers = 2 * (32 + 32 + 32) * 4
    monkeypatch.setattr("thymos.language.tap.memory.available_memory", lambda: 2 * 3 * numbers)
    with pytest.raises(BadInput, match=r"the states of a part need .* of memory, .* are free; lower part_prompts"):
        collected(llama, tmp_path / "large")
    assert passes == []
    store = collected(llama, tmp_path, part_prompts=2)
    monkeypatch.setattr("thymos.language.tap.memory.available_memory", lambda: 8 * 2 * 32 * 4)
    with pytest.raises(
        BadInput, match=r"the states of residual_after_mlp 2 need 2.0 KiB .*; go through parts\(\) inst"
    ):
        store.load(LAST)
    assert sum(map(len, store.parts(LAST))) == 8


def test_disk_is_needed_only_for_what_is_missing(
    llama: Tap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: list[int]
) -> None:
    collected(llama, tmp_path)
    (tmp_path / "part-00002.safetensors").unlink()
    needed: list[int] = []
    monkeypatch.setattr(module, "require_disk", lambda need, *_, **__: needed.append(need))
    collected(llama, tmp_path)
    assert needed == [2 * 2 * 96 * 4], "two prompts, two positions, 96 numbers"
    monkeypatch.undo()
    full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("thymos.language.tap.memory.shutil.disk_usage", lambda _: full)
    collected(llama, tmp_path)
    with pytest.raises(BadInput, match=r"the hidden states need 6.0 KiB on disk, 1000 bytes are free; use another"):
        collected(llama, tmp_path / "new")


def test_calls_that_cannot_be_are_one_clear_error(llama: Tap, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(llama.architecture.base, "forward", lambda **_: pytest.fail("nothing may run"))
    file = tmp_path / "file"
    file.write_text("x")
    for call, message in (
        (lambda: collected(llama, tmp_path / "a", texts=[]), "collect: there is no prompt"),
        (lambda: collected(llama, tmp_path / "a", part_prompts=0), "part_prompts is 0; use 1 or more"),
        (lambda: collect(llama, TEXTS, [], tmp_path / "a"), "there is no place"),
        (lambda: collect(llama, TEXTS, [Place(Site.HEADS, 3)], tmp_path / "a"), "there is no layer 3"),
        (lambda: collect(llama, TEXTS, PLACES, tmp_path / "a", "last"), "numbered positions are needed"),
        (lambda: collect(llama, [*TEXTS, "x"], PLACES, tmp_path / "a", (1,)), "prompt 8: there are 1 tokens"),
        (lambda: collected(llama, tmp_path / "a", texts=["x", 3]), "prompt 1: int is not a text"),
        (lambda: collected(llama, file), "file: the folder cannot be made"),
        (lambda: collected(llama, file / "below"), "below: the folder cannot be made"),
        (lambda: StateStore(tmp_path / "a"), "there are no collected states; call collect first"),
    ):
        with pytest.raises(BadInput, match=message):
            call()
    assert names(tmp_path) == ["file"], "a call that cannot be leaves nothing"


def test_a_place_that_was_not_collected(llama: Tap, tmp_path: Path) -> None:
    store = collected(llama, tmp_path)
    for call in (store.parts, store.load):
        with pytest.raises(BadInput, match="head_outputs 0 was not collected; collect it into another folder"):
            call(Place(Site.HEADS, 0))
