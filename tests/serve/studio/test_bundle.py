"""The bundle that ships is the one that its sources make; needs no Node."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from thymos.serve.studio.reading import label_places

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "src" / "thymos" / "serve" / "studio" / "static"
MOST_BYTES = 1_600_000  # of the whole bundle; it grows by accident only
NOWHERE_ELSE = re.compile(
    rb"""(?:src|href)=["'](?:https?:)?//|@import\s+["'(]*(?:https?:)?//|url\(["']?(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def builder() -> Any:
    """The script that builds, as a module."""
    spec = importlib.util.spec_from_file_location("build_frontend", ROOT / "scripts" / "build_frontend.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bundle_is_built_from_these_sources(builder: Any) -> None:
    kept = (STATIC / builder.BUILT_FROM).read_text(encoding="utf-8").strip()
    assert builder.sources_sha256(builder.FRONTEND) == kept, (
        "frontend/ was changed: run python scripts/build_frontend.py and commit src/thymos/serve/studio/static"
    )


def test_the_hash_sees_every_change_of_a_source(builder: Any, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.ts").write_text("one\n")
    first = builder.sources_sha256(tmp_path)
    (tmp_path / "src" / "a.ts").write_bytes(b"one\r\n")
    (tmp_path / "src" / "a.test.ts").write_text("a test is not in the bundle")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "b.js").write_text("nor is this a source")
    assert builder.sources_sha256(tmp_path) == first
    (tmp_path / "src" / "a.ts").rename(tmp_path / "src" / "b.ts")
    second = builder.sources_sha256(tmp_path)
    (tmp_path / "src" / "b.ts").write_text("two\n")
    assert len({first, second, builder.sources_sha256(tmp_path)}) == 3


def test_places_of_labels_are_those_of_the_schemes(builder: Any) -> None:
    kept = json.loads(builder.PLACES.read_text(encoding="utf-8"))
    assert {name: tuple(place) for name, place in kept.items()} == label_places()


def test_the_page_is_whole_and_takes_nothing_from_elsewhere() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert 'content="__CSP_NONCE__"' in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    named = set(re.findall(r'(?:src|href)="/([^"]+)"', page))
    assert any(name.endswith(".js") for name in named)
    for name in named:
        assert (STATIC / name).is_file(), name
    for path in STATIC.rglob("*"):
        if path.suffix in (".html", ".css"):
            assert not NOWHERE_ELSE.search(path.read_bytes()), path.name
        if path.suffix == ".js":
            text = path.read_text(encoding="utf-8")
            assert "eval(" not in text, path.name
            assert "new Function(" not in text, path.name
            for other in re.findall(r"""(?:from|import)\s*\(?["']\./([^"']+\.js)["']""", text):
                assert (path.parent / other).is_file(), f"{path.name} needs {other}"


def test_the_bundle_is_small_and_names_the_licenses() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    licenses = (STATIC / "THIRD_PARTY_LICENSES.txt").read_text(encoding="utf-8")
    for package in ("react ", "react-dom ", "@mantine/core ", "wouter ", "@tabler/icons-react ", "source-sans-3 "):
        assert package in licenses
    assert "SIL Open Font License" in licenses or "SIL OPEN FONT LICENSE" in licenses


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    assert not any("resolved" in package for package in lock["packages"].values())
    own = [name for name in lock["packages"] if name and "/node_modules/" not in name[13:]]
    assert all("integrity" in lock["packages"][name] for name in own)
