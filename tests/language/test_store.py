"""The SQLite store: round trips, damage, other programs' files, several processes, kill -9."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.store import APPLICATION_ID, KEYS_PER_QUERY, SCHEMA_VERSION, Store


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(entries=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.binary()))
def test_what_goes_in_comes_out(tmp_path: Path, entries: dict[str, bytes]) -> None:
    path = tmp_path / "store.sqlite"
    path.unlink(missing_ok=True)
    store = Store(path)
    store.put_many(entries)
    store.close()
    again = Store(path)
    assert again.get_many([*entries, "\x00 not there"]) == entries
    assert len(again) == len(entries)
    again.close()


def test_more_keys_than_one_query_holds(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    entries = {f"k{i}": str(i).encode() for i in range(2 * KEYS_PER_QUERY + 3)}
    store.put_many(entries)
    assert store.get_many(list(entries)) == entries
    assert store.get_many([]) == {}


def test_first_value_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.put_many({"a": b"1"})
    store.put_many({"a": b"2", "b": b"3"})
    assert store.get_many(["a", "b"]) == {"a": b"1", "b": b"3"}


def test_a_failing_transaction_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    with pytest.raises(BadInput, match="NOT NULL"):
        store.put_many({"a": b"1", "b": None})  # type: ignore[dict-item]
    assert len(store) == 0
    store.put_many({"a": b"1"})
    assert len(store) == 1


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look like one" * 9, b"\x00" * 4096])
def test_a_file_that_is_no_database_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"s\.sqlite: the cache cannot be used .*move the file away"):
        Store(path)
    assert path.read_bytes() == content


def test_a_damaged_database_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.put_many({f"k{i}": os.urandom(500) for i in range(200)})
    store.close()
    content = bytearray(path.read_bytes())
    content[5000:60000] = b"\xff" * 55000
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"s\.sqlite: the cache cannot be used .*malformed"):
        Store(path).get_many([f"k{i}" for i in range(200)])
    assert path.stat().st_size == len(content)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(BadInput, match="this database was not made by thymos; name another file"):
        Store(path)
    assert path.read_bytes() == before


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(BadInput, match="the cache has version 2, this thymos reads version 1"):
        Store(path)


def test_a_folder_or_file_in_the_way_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the cache cannot be opened"):
        Store(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="the cache cannot be opened"):
        Store(tmp_path / "file" / "s.sqlite")


CROWD = """
import sys, time
from thymos.language.store import Store
path, name, start = sys.argv[1], sys.argv[2], float(sys.argv[3])
time.sleep(max(0.0, start - time.time()))
store = Store(path)
for number in range(50):
    store.put_many({f"{name}-{number}": name.encode(), f"shared-{number}": b"same"})
"""


def test_processes_may_open_and_write_the_same_new_file_at_once(tmp_path: Path) -> None:
    path, start = str(tmp_path / "s.sqlite"), str(time.time() + 2)
    children = [subprocess.Popen([sys.executable, "-c", CROWD, path, f"p{i}", start]) for i in range(3)]
    assert [child.wait(120) for child in children] == [0, 0, 0]
    assert len(Store(path)) == 3 * 50 + 50


def test_a_file_made_by_another_process_between_two_looks_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    looks = 0

    class Interrupted(sqlite3.Connection):
        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            nonlocal looks
            looks += 1
            if looks == 2:  # the other process makes the file after our first look
                Store(path).close()
            return super().execute(*arguments)

    plain = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return plain(*arguments, **options, factory=Interrupted)

    monkeypatch.setattr(sqlite3, "connect", connect)
    store = Store(path)
    store.put_many({"key": b"value"})
    assert store.get_many(["key"]) == {"key": b"value"}


def test_threads_share_one_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    failures: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for number in range(40):
                store.put_many({f"{name}-{number}": b"x"})
                assert store.get_many([f"{name}-{number}"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(store) == 160


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_its_own_connection(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.put_many({"parent": b"1"})
    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        try:
            store.put_many({"child": b"2"})
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    store.put_many({"later": b"3"})
    assert set(store.get_many(["parent", "child", "later"])) == {"parent", "child", "later"}


WRITER = """
import sys
from thymos.language.store import Store
store = Store(sys.argv[1])
number = 0
while True:
    store.put_many({f"{number}-{part}": b"x" * 1000 for part in range(20)})
    number += 1
    print(number, flush=True)
"""


def test_kill_9_loses_no_finished_transaction_and_leaves_no_half_one(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    finished = 0
    for line in child.stdout:
        finished = int(line)
        if finished >= 30:
            break
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    finished = max([finished, *map(int, rest.split())])
    count = len(Store(path))
    assert count % 20 == 0
    # The child may have committed one more than it could report.
    assert count // 20 in (finished, finished + 1)
