"""Model folders: paths and hub ids, identities, folders that are whole or not there."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from thymos.errors import Unavailable
from thymos.language import folders
from thymos.language.folders import (
    build_folder,
    choose_device,
    download,
    folder_identity,
    hub_cache_folder,
    named_folder,
    quiet_transformers,
    remembered_sha256,
)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, and no network."""
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return cache


def put_in_hub_cache(cache: Path, hub_id: str, source: Path) -> Path:
    """A snapshot in the layout of the Hugging Face cache."""
    model = cache / f"models--{hub_id.replace('/', '--')}"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc123")
    return Path(shutil.copytree(source, model / "snapshots" / "abc123"))


def test_a_path_means_that_folder(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = named_folder(str(tiny_llama))
    assert found is not None
    assert (found.path, found.name, found.origin) == (tiny_llama, tiny_llama.name, "folder")
    assert found.identity == folder_identity(tiny_llama)
    monkeypatch.chdir(tiny_llama)
    here = named_folder(".")
    assert here is not None
    assert (here.name, here.identity) == (tiny_llama.name, found.identity)


def test_an_id_means_the_hub_cache(hub: Path, tiny_llama: Path) -> None:
    snapshot = put_in_hub_cache(hub, "some-org/tiny", tiny_llama)
    for spec in ("some-org/tiny", "hf:some-org/tiny"):
        found = named_folder(spec)
        assert found is not None
        assert (found.path, found.name, found.origin) == (snapshot, "tiny", "hub")


def test_a_path_wins_over_an_id_unless_it_says_hf(
    hub: Path, tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_hub_cache(hub, "some-org/tiny", tiny_llama)
    shutil.copytree(tiny_llama, tmp_path / "some-org" / "tiny")
    monkeypatch.chdir(tmp_path)
    origins = [found.origin for spec in ("some-org/tiny", "hf:some-org/tiny") if (found := named_folder(spec))]
    assert origins == ["folder", "hub"]


@pytest.mark.parametrize("spec", ["", "word", "/no/where", "./a/b", "~/nothing", "../x", "a/b/c", "org/", "hf:word"])
def test_what_is_neither_path_nor_id(hub: Path, spec: str) -> None:
    assert named_folder(spec) is None


def test_a_snapshot_without_weights_does_not_count(hub: Path, tiny_llama: Path) -> None:
    snapshot = put_in_hub_cache(hub, "some-org/tiny", tiny_llama)
    assert hub_cache_folder("some-org/tiny") == snapshot
    (snapshot / "model.safetensors").unlink()
    assert hub_cache_folder("some-org/tiny") is None
    assert hub_cache_folder("some-org/other") is None


def test_a_model_that_cannot_be_had_is_one_clear_error(hub: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        named_folder("some-org/absent")
    text = str(caught.value)
    assert text.startswith("some-org/absent is not in the local Hugging Face cache and cannot be downloaded (")
    assert text.endswith("check the name and the network, or pass a folder")
    assert "\n" not in text


def test_a_download_takes_no_pickles_and_no_code(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: dict[str, Any] = {}

    def fake(hub_id: str, **options: Any) -> str:
        wanted.update(options)
        return str(tiny_llama)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fake)
    assert download("some-org/tiny") == tiny_llama
    assert not any(pattern.endswith((".py", ".bin", ".pt", ".pkl", "*")) for pattern in wanted["allow_patterns"])
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(Unavailable, match="some-org/old has no safetensors weights"):
        download("some-org/old")


def test_the_identity_changes_with_everything_that_matters(tiny_llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_llama, folder)
    before = folder_identity(folder)
    assert before == folder_identity(tiny_llama), "the place does not matter"
    (folder / "README.md").write_text("words")
    assert folder_identity(folder) == before, "notes do not matter"
    seen = {before}
    for name in ("config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"):
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        seen.add(folder_identity(folder))
        path.write_bytes(content)
    assert len(seen) == 5


def test_hashes_of_large_files_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "SMALL_FILE_BYTES", 4)
    path = tmp_path / "weights"
    path.write_bytes(b"12345678")
    digest = remembered_sha256(path)
    calls: list[Path] = []
    real = folders.file_sha256
    monkeypatch.setattr(folders, "file_sha256", lambda path: (calls.append(path), real(path))[1])
    assert remembered_sha256(path) == digest
    assert calls == []
    path.write_bytes(b"87654321+")
    assert remembered_sha256(path) != digest
    assert calls == [path]


def test_a_folder_is_built_once_also_by_rivals(tmp_path: Path) -> None:
    target = tmp_path / "models" / "m"
    barrier = threading.Barrier(4)

    def build(folder: Path) -> None:
        (folder / "a").write_text("a")
        barrier.wait(10)  # everyone is in the middle of building at the same time
        (folder / "b").write_text("b")

    threads = [threading.Thread(target=build_folder, args=(target, build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.name for path in target.iterdir()) == ["a", "b"]
    assert list(target.parent.iterdir()) == [target], "the rivals' copies are gone"


BUILDER = """
import os, signal, sys
from pathlib import Path
from thymos.language.folders import build_folder
def build(folder):
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
build_folder(Path(sys.argv[1]), build)
"""


def test_kill_9_while_building_leaves_no_half_folder(tmp_path: Path) -> None:
    target = tmp_path / "m"
    assert subprocess.run([sys.executable, "-c", BUILDER, str(target)], check=False).returncode == -9
    assert not target.exists()
    build_folder(target, lambda folder: (folder / "whole").touch())
    assert [path.name for path in target.iterdir()] == ["whole"]


def test_a_rename_that_fails_for_another_reason_is_not_hidden(tmp_path: Path) -> None:
    target = tmp_path / "m"
    target.write_text("a file is in the way")
    with pytest.raises(OSError, match="directory"):
        build_folder(target, lambda folder: (folder / "x").touch())
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_transformers_is_quiet_inside_and_as_before_outside() -> None:
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    with quiet_transformers():
        assert not logging.is_progress_bar_enabled()
        assert logging.get_verbosity() == logging.ERROR
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_the_device_is_chosen_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    assert choose_device("cpu").type == "cpu"
