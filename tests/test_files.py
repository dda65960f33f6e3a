"""Hashes, whole-or-not-there writes, and errors that name the line."""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.files import (
    cache_folder,
    canonical_json,
    data_root,
    file_sha256,
    files_sha256,
    read_text,
    require_file,
    require_folder,
    text_sha256,
    write_atomically,
)


def only(folder: Path) -> list[str]:
    """Names of the files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


class TestWriteAtomically:
    @given(content=st.one_of(st.text(), st.binary()))
    def test_what_is_written_is_read(self, tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
        path = tmp_path_factory.mktemp("write") / "file"
        data = content.encode("utf-8") if isinstance(content, str) else content
        assert write_atomically(path, content) == path
        assert path.read_bytes() == data
        assert only(path.parent) == ["file"]

    def test_folders_are_made(self, tmp_path: Path) -> None:
        assert write_atomically(tmp_path / "a" / "b" / "c.txt", "x").read_text() == "x"

    def test_readable_by_others(self, tmp_path: Path) -> None:
        assert write_atomically(tmp_path / "file", "x").stat().st_mode & 0o777 == 0o644

    @pytest.mark.parametrize("call", ["replace", "fsync"])
    @pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
    def test_a_fault_leaves_the_old_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, fault: BaseException
    ) -> None:
        path = write_atomically(tmp_path / "file", "old")

        def fail(*arguments: object) -> None:
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(type(fault)):
                write_atomically(path, "new and longer")
        assert path.read_text() == "old"
        assert only(tmp_path) == ["file"], "no temporary file is left"

    @pytest.mark.parametrize("call", ["replace", "fsync"])
    def test_a_fault_on_the_first_write_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        def fail(*arguments: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(OSError, match="No space"):
                write_atomically(tmp_path / "file", "new")
        assert only(tmp_path) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
    def test_a_disk_that_takes_only_half_of_it(self, tmp_path: Path) -> None:
        """A real fault: the process may write 1,000 bytes a file and tries 100,000."""
        path = write_atomically(tmp_path / "file", "old")
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "from thymos.files import write_atomically;"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); write_atomically(sys.argv[1], 'x' * 100_000)"
        )
        done = subprocess.run(
            [sys.executable, "-B", "-c", code, str(path)], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 1
        assert "File too large" in done.stderr
        assert path.read_text() == "old"
        assert only(tmp_path) == ["file"]


class TestHashes:
    @given(data=st.binary(max_size=5000))
    def test_file_hash_is_sha256(self, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
        path = tmp_path_factory.mktemp("hash") / "file"
        path.write_bytes(data)
        assert file_sha256(path) == hashlib.sha256(data).hexdigest()

    def test_text_hash_is_of_its_utf8_bytes(self) -> None:
        assert text_sha256("θυμός") == hashlib.sha256("θυμός".encode()).hexdigest()

    def test_hash_of_files_knows_names_and_contents_but_not_order(self, tmp_path: Path) -> None:
        first, second = tmp_path / "a", tmp_path / "sub" / "b"
        second.parent.mkdir()
        first.write_text("1")
        second.write_text("2")
        one = files_sha256(tmp_path, [first, second])
        assert files_sha256(tmp_path, [second, first]) == one
        second.write_text("3")
        changed = files_sha256(tmp_path, [first, second])
        assert changed != one
        first.rename(tmp_path / "c")
        assert files_sha256(tmp_path, [tmp_path / "c", second]) != changed

    @given(value=st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none(), st.booleans())))
    def test_canonical_json_forgets_the_order_of_keys(self, value: dict[str, object]) -> None:
        assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)

    def test_canonical_json_refuses_nan(self) -> None:
        with pytest.raises(ValueError, match="JSON compliant"):
            canonical_json(float("nan"))


class TestReading:
    def test_wrong_encoding_names_the_line(self, tmp_path: Path) -> None:
        path = tmp_path / "votes.csv"
        path.write_bytes(b"item,label\na,caf\xe9\n")
        with pytest.raises(BadInput, match=r"votes\.csv, line 2: byte 0xe9 is not valid utf-8; save"):
            read_text(path)
        assert read_text(path, encoding="latin-1").endswith("café\n")

    def test_missing_file_and_folder(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="no such file; look again"):
            require_file(tmp_path / "absent", mend="look again")
        with pytest.raises(BadInput, match="a folder, a file is needed"):
            require_file(tmp_path)
        with pytest.raises(BadInput, match="no such folder"):
            require_folder(tmp_path / "absent")
        file = tmp_path / "file"
        file.write_text("")
        with pytest.raises(BadInput, match="no such folder"):
            require_folder(file)
        assert require_file(file) == file
        assert require_folder(tmp_path) == tmp_path


class TestPlaces:
    def test_data_root_follows_the_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THYMOS_DATA", str(tmp_path))
        assert data_root() == tmp_path
        monkeypatch.setenv("THYMOS_DATA", str(tmp_path / "absent"))
        with pytest.raises(BadInput, match="THYMOS_DATA"):
            data_root()

    def test_data_root_beside_the_working_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("THYMOS_DATA", raising=False)
        (tmp_path / "shared" / "data").mkdir(parents=True)
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        assert data_root() == tmp_path / "shared" / "data"

    def test_cache_folder_is_made_where_the_variable_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
        assert cache_folder("models", "one") == tmp_path / "cache" / "models" / "one"
        assert (tmp_path / "cache" / "models" / "one").is_dir()
