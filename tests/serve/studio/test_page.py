"""The page: files of the bundle with their types and caching, the first page for addresses that it knows itself."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

Make = Callable[..., TestClient]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A small bundle, and a file beside it that must not be served."""
    folder = tmp_path / "static"
    for name, text in (
        ("index.html", '<meta name="csp-nonce" content="__CSP_NONCE__"><script src="/assets/a-1.js"></script>'),
        ("assets/a-1.js", "console.log(1)"),
        ("assets/a-1.css", "body{}"),
        ("icon.svg", "<svg/>"),
        ("app.webmanifest", "{}"),
        (".hidden", "secret-file"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "secret.txt").write_text("secret-file")
    return folder


@pytest.fixture
def page(make_client: Make, bundle: Path) -> TestClient:
    """A studio with this bundle."""
    return make_client(static=bundle)


def test_the_first_page_has_a_fresh_nonce(page: TestClient) -> None:
    nonces = set()
    for path in ("/", "/talk", "/practice/abc", "/index.html"):
        answer = page.get(path)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        nonce = re.search(r'content="([^"]+)"', answer.text)
        assert nonce is not None
        assert f"style-src 'self' 'nonce-{nonce[1]}'" in answer.headers["content-security-policy"]
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        nonces.add(nonce[1])
    assert len(nonces) == 4


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/assets/a-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/a-1.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/icon.svg", "image/svg+xml", "no-cache"),
        ("/app.webmanifest", "application/manifest+json", "no-cache"),
    ],
)
def test_files(page: TestClient, path: str, kind: str, caching: str) -> None:
    answer = page.get(path)
    assert (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"]) == (200, kind, caching)
    again = page.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/.hidden",
        "/assets/../../secret.txt",
        "//etc/passwd",
        "/nothing.js",
        "/assets/none.css",
    ],
)
def test_nothing_else_is_served(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert "secret-file" not in answer.text
    assert "root:" not in answer.text
    assert answer.status_code in (200, 404)
    assert answer.status_code == 404 or "csp-nonce" in answer.text


def test_unknown_addresses_of_the_interface_are_no_pages(page: TestClient) -> None:
    for path in ("/api/v1/nothing", "/api", "/v1/nothing", "/v1"):
        answer = page.get(path)
        assert (answer.status_code, "error" in answer.json()) == (404, True)
    assert page.post("/", json={}).status_code == 405


def test_without_a_bundle_the_page_says_so(make_client: Make, tmp_path: Path) -> None:
    answer = make_client(static=tmp_path / "none").get("/")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
