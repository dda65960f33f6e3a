"""Accounts, sessions, settings, keys, export and deletion over HTTP."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from thymos.errors import BadInput
from thymos.serve.studio.identity import COOKIE
from thymos.serve.studio.options import Limits, StudioOptions
from thymos.serve.studio.store.tables import api_keys, sessions, users

Make = Callable[..., TestClient]
PASSWORD = "they like quiet mornings 7"


def column(client: TestClient, what: Any) -> list[Any]:
    """What is stored."""
    engine = client.app.state.studio.store.core.engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        return list(connection.execute(sa.select(what)).scalars())


def test_a_studio_on_this_machine_has_one_user(client: TestClient) -> None:
    me = client.get("/api/v1/me").json()
    assert me["user"]["name"] == "local"
    assert (me["accounts"], me["registration"], me["encrypted"], me["trial"]) == (False, False, False, False)
    assert me["help"]["lines"]
    for path in ("/accounts", "/session"):
        refused = client.post(f"/api/v1{path}", json={"name": "ann", "password": PASSWORD})
        assert refused.status_code == 403
        assert "--accounts" in refused.json()["error"]["message"]
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/me").json() == me


def test_listening_elsewhere_needs_accounts() -> None:
    with pytest.raises(BadInput, match="add --accounts"):
        StudioOptions(host="0.0.0.0")
    assert StudioOptions(host="0.0.0.0", accounts=True).hosts == ()
    assert "127.0.0.1" in StudioOptions().hosts


def test_signing_up_in_and_out(sign_up: Callable[[str], TestClient], make_client: Make) -> None:
    ann = sign_up("Ann")
    assert ann.get("/api/v1/me").json()["user"]["name"] == "Ann"
    cookie = ann.cookies[COOKIE]
    stored = column(ann, users.c.password)
    assert all(one.startswith("$argon2id$") for one in stored)
    assert all(cookie not in digest for digest in column(ann, sessions.c.digest))
    other = make_client(same=True)
    other.headers["Origin"] = str(other.base_url)
    for name, password in (("ann", "wrong password"), ("nobody", PASSWORD)):
        refused = other.post("/api/v1/session", json={"name": name, "password": password})
        assert (refused.status_code, refused.json()["error"]["message"]) == (401, "name or password is wrong")
        assert COOKIE not in other.cookies
    signed = other.post("/api/v1/session", json={"name": "ANN", "password": "they like quiet mornings 7"})
    assert signed.status_code == 200
    assert other.cookies[COOKIE] != cookie
    assert other.delete("/api/v1/session").status_code == 204
    assert other.get("/api/v1/chats").status_code == 401
    other.cookies.set(COOKIE, cookie)
    assert other.get("/api/v1/chats").status_code == 200
    assert ann.delete("/api/v1/session").status_code == 204
    assert other.get("/api/v1/chats").status_code == 401  # the session itself is over, not only the cookie


@pytest.mark.parametrize("tls", [False, True])
def test_the_cookie_is_for_this_page_only(make_client: Make, tls: bool) -> None:
    client = make_client(accounts=True, tls=tls)
    answer = client.post(
        "/api/v1/accounts",
        json={"name": "ann", "password": PASSWORD},
        headers={"Origin": str(client.base_url)},
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert ("secure" in cookie) is tls
    assert ("strict-transport-security" in answer.headers) is tls


def test_real_passwords_are_hashed_as_the_rfc_wants(make_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thymos.serve.studio.identity.PasswordHasher", PasswordHasher)
    client = make_client(accounts=True)
    client.headers["Origin"] = str(client.base_url)
    assert client.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD}).status_code == 201
    (stored,) = column(client, users.c.password)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,")
    assert client.post("/api/v1/session", json={"name": "ann", "password": PASSWORD}).status_code == 200


def test_a_password_is_hashed_anew_where_that_became_cheap(sign_up: Callable[[str], TestClient]) -> None:
    ann = sign_up("ann")
    (before,) = column(ann, users.c.password)
    ann.app.state.studio.identity._hasher = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)  # type: ignore[attr-defined]
    assert ann.post("/api/v1/session", json={"name": "ann", "password": PASSWORD}).status_code == 200
    (after,) = column(ann, users.c.password)
    assert before != after
    assert "t=2" in after


def test_sessions_end(make_client: Make) -> None:
    client = make_client(accounts=True, session_days=0.0)
    client.post(
        "/api/v1/accounts",
        json={"name": "ann", "password": "she likes quiet mornings"},
        headers={"Origin": str(client.base_url)},
    )
    assert client.get("/api/v1/chats").status_code == 401


def test_names_and_passwords(make_client: Make) -> None:
    client = make_client(accounts=True)
    client.headers["Origin"] = str(client.base_url)

    def register(name: str, password: str) -> int:
        return client.post("/api/v1/accounts", json={"name": name, "password": password}).status_code

    assert register("ann", "too short") == 422
    assert register("ann", "aaaaaaaaaaaaaaaa") == 422
    assert register("ann", "my name is ANN, yes") == 422
    assert register("a b", "quiet mornings 7") == 422
    assert register("local", "quiet mornings 7") == 409
    assert register("ann", "quiet mornings 7") == 201
    assert register("Ann", "quiet mornings 7") == 409
    closed = make_client(accounts=True, registration=False, database=f"sqlite:///{_folder(client)}/other.db")
    refused = closed.post(
        "/api/v1/accounts",
        json={"name": "ann", "password": "quiet mornings 7"},
        headers={"Origin": str(closed.base_url)},
    )
    assert refused.status_code == 403


def _folder(client: TestClient) -> Path:
    return Path(client.app.state.studio.store.core.engine.url.database).parent  # type: ignore[attr-defined]


def test_guessing_is_slowed_down(make_client: Make) -> None:
    client = make_client(accounts=True, limits=Limits(tries=3))
    client.headers["Origin"] = str(client.base_url)
    statuses = [
        client.post("/api/v1/session", json={"name": "ann", "password": f"guess {n}"}).status_code for n in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]
    refused = client.post("/api/v1/session", json={"name": "ANN", "password": "guess"})
    assert int(refused.headers["retry-after"]) > 30
    assert client.post("/api/v1/session", json={"name": "bob", "password": "guess"}).status_code == 401


def test_requests_are_limited_where_people_sign_in(make_client: Make) -> None:
    client = make_client(accounts=True, limits=Limits(requests_a_minute=5))
    statuses = [client.get("/api/v1/health").status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    assert client.get("/").status_code == 200  # the page itself is no request of the interface


def test_settings(client: TestClient) -> None:
    first = client.get("/api/v1/me").json()["settings"]
    traits = {"openness": 0.5, "conscientiousness": 0.5, "extraversion": 0.2, "agreeableness": 0.9, "neuroticism": 0.1}
    changed = client.patch("/api/v1/me/settings", json={"theme": "dark", "personality": traits})
    assert changed.json() == first | {"theme": "dark", "personality": traits}
    assert client.patch("/api/v1/me/settings", json={"show_plan": True}).json()["theme"] == "dark"
    assert client.patch("/api/v1/me/settings", json={"personality": None, "theme": None}).json() == first | {
        "theme": "dark",
        "show_plan": True,
    }
    for wrong in (
        {"theme": "pink"},
        {"region": "XX"},
        {"language": "xx"},
        {"name": "x"},
        {"personality": {"openness": 2}},
    ):
        refused = client.patch("/api/v1/me/settings", json=wrong)
        assert refused.status_code == 422, wrong
    assert client.get("/api/v1/me").json()["settings"]["theme"] == "dark"


def test_keys(client: TestClient) -> None:
    made = client.post("/api/v1/me/keys", json={"name": "notebook"}).json()
    assert made["secret"].startswith("thymos-")
    listed = client.get("/api/v1/me/keys")
    assert made["secret"] not in listed.text
    assert [row["name"] for row in listed.json()["items"]] == ["notebook"]
    assert all(made["secret"] not in digest for digest in column(client, api_keys.c.digest))
    assert client.delete(f"/api/v1/me/keys/{made['id']}").status_code == 204
    assert client.get("/api/v1/me/keys").json()["items"] == []
    for number in range(20):
        assert client.post("/api/v1/me/keys", json={"name": f"key {number}"}).status_code == 201
    assert client.post("/api/v1/me/keys", json={}).status_code == 409


def test_export_and_deletion_over_http(sign_up: Callable[[str], TestClient]) -> None:
    ann, bob = sign_up("ann"), sign_up("bob")
    for client, text in ((ann, "planted-ann"), (bob, "planted-bob")):
        chat = client.post("/api/v1/chats", json={}).json()["id"]
        client.post(f"/api/v1/chats/{chat}/messages", json={"content": text, "client_id": "client-0001"})
    answer = ann.get("/api/v1/me/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        texts = [row["content"] for row in json.loads(file.read("data/messages.json"))]
    assert sorted(texts) == ["planted-ann", "re planted-ann"]
    assert ann.delete("/api/v1/me").status_code == 204
    assert ann.get("/api/v1/chats").status_code == 401
    assert len(bob.get("/api/v1/chats").json()["items"]) == 1
    files = [path.read_bytes() for path in _folder(bob).glob("studio.db*")]
    assert not any(b"planted-ann" in content for content in files)
    assert any(b"planted-bob" in content for content in files)


def test_the_local_user_can_begin_anew(client: TestClient) -> None:
    first = client.get("/api/v1/me").json()["user"]["id"]
    client.post("/api/v1/chats", json={"title": "planted"})
    client.patch("/api/v1/me/settings", json={"theme": "dark"})
    assert client.delete("/api/v1/me").status_code == 204
    me = client.get("/api/v1/me").json()
    assert me["user"]["id"] != first
    assert me["settings"]["theme"] == "auto"
    assert client.get("/api/v1/chats").json()["items"] == []
