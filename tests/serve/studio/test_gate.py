"""What every request passes first: names, origins, sizes, headers; and what errors tell."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from thymos.serve.studio.gate import Bucket, content_security_policy, foreign, host_name
from thymos.serve.studio.options import Limits

Make = Callable[..., TestClient]
HOME = "127.0.0.1:8765"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", "", "[", "10.0.0.1"])
def test_other_names_are_refused_on_this_machine(client: TestClient, host: str) -> None:
    """DNS rebinding: a page of evil.example whose name suddenly points here."""
    for path in ("/api/v1/me", "/"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "local" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1", "[::1]:8765", "LOCALHOST"])
def test_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 200


def test_named_hosts(make_client: Make) -> None:
    client = make_client(accounts=True, allowed_hosts=("talk.example.org",))
    assert client.get("/api/v1/health", headers={"Host": "talk.example.org"}).status_code == 200
    assert client.get("/api/v1/health").status_code == 421


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Origin": "http://127.0.0.1:8765"}, False),
        ({"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({}, False),  # no browser: a browser always tells
        ({"Origin": "http://127.0.0.1:3000"}, True),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://["}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
    ],
)
def test_requests_of_other_pages_are_refused(client: TestClient, headers: dict[str, str], refused: bool) -> None:
    answer = client.post("/api/v1/chats", json={}, headers=headers)
    assert answer.status_code == (403 if refused else 201)
    assert len(client.get("/api/v1/chats").json()["items"]) == (0 if refused else 1)
    assert client.get("/api/v1/me", headers=headers).status_code == (403 if refused else 200)


def test_with_accounts_a_change_must_tell_where_it_comes_from(sign_up: Callable[[str], TestClient]) -> None:
    ann = sign_up("ann")
    del ann.headers["Origin"]
    assert ann.get("/api/v1/chats").status_code == 200
    answer = ann.post("/api/v1/chats", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_foreign_compares_whole_hosts() -> None:
    for origin in ("http://127.0.0.1:8765.evil.example", "http://evil.example/127.0.0.1:8765", "http://127.0.0.1"):
        assert foreign(Headers({"origin": origin}), HOME, strict=False)
    assert not foreign(Headers({"origin": f"http://{HOME}"}), HOME, strict=True)
    assert host_name("a.b:1") == "a.b"


def test_large_bodies_are_refused_however_they_come(make_client: Make) -> None:
    client = make_client(limits=Limits(body_bytes=10_000, upload_bytes=20_000))
    told = client.post("/api/v1/chats", content=b"x" * 10_001, headers={"Content-Type": "application/json"})
    assert told.status_code == 413

    def pieces() -> Any:
        for _ in range(12):
            yield b" " * 1000

    # Without a length; TestClient sends chunks.
    streamed = client.post("/api/v1/chats", content=pieces(), headers={"Content-Type": "application/json"})
    assert (streamed.status_code, streamed.json()["error"]["code"]) == (413, "too_large")
    upload = client.post("/api/v1/analyses", files={"file": ("a.txt", b"word " * 20_000)})
    assert upload.status_code == 413


def test_every_answer_keeps_others_out(client: TestClient) -> None:
    for path in ("/api/v1/me", "/", "/api/v1/chats/nothing", "/nothing.js", "/v1/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "access-control-allow-origin" not in headers
        for source in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
            assert source not in policy
    assert client.get("/api/v1/me").headers["cache-control"] == "no-store"
    assert "script-src 'self'" in content_security_policy("abc")


def test_unexpected_errors_tell_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("planted-secret in a message")

    monkeypatch.setattr("thymos.serve.studio.store.talks.Talks.newest", broken)
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/api/v1/chats")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "failed")
    assert "planted" not in answer.text
    assert "chats failed: RuntimeError" in caplog.text
    assert "planted" not in caplog.text


def test_invalid_values_are_not_repeated(client: TestClient) -> None:
    answer = client.patch("/api/v1/me/settings", json={"theme": "planted-secret"})
    assert answer.status_code == 422
    assert "planted" not in answer.text
    assert answer.json()["error"]["message"].startswith("theme: ")
    assert (
        client.post("/api/v1/chats", content=b"{planted", headers={"Content-Type": "application/json"}).status_code
        == 422
    )


def test_there_are_no_pages_of_documentation_from_elsewhere(client: TestClient) -> None:
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "thymos studio"
    for path in ("/docs", "/redoc"):
        assert "cdn" not in client.get(path).text


def test_buckets_refill(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("thymos.serve.studio.gate.time.monotonic", lambda: clock[0])
    bucket = Bucket(2, 60)
    assert [bucket.take("a") for _ in range(3)] == [0.0, 0.0, 30.0]
    clock[0] = 30.0
    assert bucket.take("a") == 0.0
    assert bucket.take("a") > 0
    clock[0] = 1000.0
    assert [bucket.take("a") == 0 for _ in range(3)] == [True, True, False]  # never more than it holds
    monkeypatch.setattr("thymos.serve.studio.gate.ADDRESSES_KEPT", 3)
    for name in "bcdef":
        bucket.take(name)
    assert len(bucket._left) == 3
