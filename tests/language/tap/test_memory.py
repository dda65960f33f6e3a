"""Free memory and disk, from files of the system with known content."""

from pathlib import Path

import pytest

from thymos.errors import BadInput
from thymos.language.tap import memory


def test_machine_memory_is_what_the_table_says(tmp_path: Path) -> None:
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:  2048 kB\nMemFree:  10 kB\nMemAvailable:  1000 kB\n")
    assert memory.machine_memory(table) == 1_024_000


def test_without_a_table_the_pages_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {"SC_AVPHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(memory.os, "sysconf", pages.__getitem__)
    assert memory.machine_memory(tmp_path / "none") == 40_960
    (tmp_path / "odd").write_text("MemAvailable: much kB\n")
    assert memory.machine_memory(tmp_path / "odd") == 40_960
    monkeypatch.delattr(memory.os, "sysconf")
    assert memory.machine_memory(tmp_path / "none") is None


@pytest.mark.parametrize(("limit", "expected"), [("1000\n", 700), ("max\n", None), ("100\n", 0), ("odd\n", None)])
def test_a_container_leaves_what_is_not_used_or_only_cached(tmp_path: Path, limit: str, expected: int | None) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text("500\n")
    (tmp_path / "memory.stat").write_text("anon 300\ninactive_file 200\n")
    assert memory.container_memory(tmp_path) == expected
    assert memory.container_memory(tmp_path / "none") is None


def test_the_smaller_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine_memory", lambda: 100)
    monkeypatch.setattr(memory, "container_memory", lambda: 50)
    assert memory.available_memory() == 50
    monkeypatch.setattr(memory, "container_memory", lambda: None)
    assert memory.available_memory() == 100
    monkeypatch.setattr(memory, "machine_memory", lambda: None)
    assert memory.available_memory() is None
    memory.require_memory(1 << 60, what="anything", mend="")  # a system that does not say is believed


def test_a_tenth_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    memory.require_memory(900, what="the states", mend="use less")
    with pytest.raises(BadInput, match="tap: the states need 901 bytes of memory, 1000 bytes are free; use less"):
        memory.require_memory(901, what="the states", mend="use less")


def test_disk_is_asked_where_the_folder_will_be(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    memory.require_disk(1, folder, what="the states")
    with pytest.raises(BadInput, match=r"yet: the states need 1024.0 TiB on disk, .* are free; use another folder"):
        memory.require_disk(1 << 50, folder, what="the states")


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (3_000_000, "2.9 MiB"), (1 << 50, "1024.0 TiB")],
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert memory.size(count) == words
