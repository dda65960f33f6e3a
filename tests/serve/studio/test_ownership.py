"""Nobody reaches anything of somebody else: every route of the app is asked, so a new one cannot be forgotten."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from thymos.serve.studio.store import UserStore

# What belongs to nobody: report cards, studies, and the catalogs of exercises and questionnaires.
SHARED = {"slug", "assessment_id"}
# Without a session: whether the studio runs, help lines, and signing in.
PUBLIC = {("GET", "/api/v1/health"), ("GET", "/api/v1/me"), ("POST", "/api/v1/accounts"), ("POST", "/api/v1/session"),
          ("DELETE", "/api/v1/session")}  # fmt: skip
BODIES: dict[str, Any] = {
    "/api/v1/chats/{chat_id}/messages": {"content": "hello", "client_id": "client-0001"},
    "/api/v1/practices/{practice_id}/messages": {"content": "hello", "client_id": "client-0001"},
    "/api/v1/practices/{practice_id}/feedback": {"text": "please", "skill": "assert"},
    "/api/v1/exercise-runs/{run_id}/answers": {"step": "step", "answer": "text"},
}


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of everything in the OpenAPI description."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def parameters(operation: dict[str, Any]) -> list[str]:
    """Names in the path."""
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]


@pytest.fixture
def two(sign_up: Callable[[str], TestClient]) -> tuple[TestClient, TestClient, TestClient]:
    """Somebody with data, somebody else, and nobody."""
    return sign_up("ann"), sign_up("bob"), sign_up.first  # type: ignore[attr-defined]


def snapshot(client: TestClient) -> Any:
    """Everything of a person."""
    from io import BytesIO
    from zipfile import ZipFile

    with ZipFile(BytesIO(client.get("/api/v1/me/export").content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_every_route_with_an_owner_answers_404_to_others(
    two: tuple[TestClient, TestClient, TestClient], fill: Callable[[UserStore, str], dict[str, str]]
) -> None:
    ann, bob, _ = two
    app: FastAPI = ann.app  # type: ignore[assignment]
    store = app.state.studio.store
    ids = fill(store.for_user(ann.get("/api/v1/me").json()["user"]["id"]), "mark-of-ann")
    known = {f"{name}_id": value for name, value in ids.items()}
    before = snapshot(ann)
    asked = 0
    for method, path, operation in operations(app):
        names = set(parameters(operation)) - SHARED
        if not names:
            continue
        assert names <= known.keys(), f"{method} {path}: what is {names - known.keys()}? make one in fill()"
        address = path.format_map(known)
        answer = bob.request(method, address, json=BODIES.get(path) if method in ("POST", "PATCH", "PUT") else None)
        assert answer.status_code == 404, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        assert "mark-of-ann" not in answer.text
        asked += 1
    assert asked >= 8
    for method, path, operation in operations(app):
        if method == "GET" and not parameters(operation):
            assert "mark-of-ann" not in bob.get(path).text, path
            assert "mark-of-ann" not in bob.get(path, params={"before": ids["chat"]}).text, path
    assert snapshot(ann) == before
    assert json.loads(before["data/messages.json"])


def test_every_route_but_the_public_ones_needs_a_session(two: tuple[TestClient, TestClient, TestClient]) -> None:
    ann, _, nobody = two
    nobody.headers["Origin"] = str(nobody.base_url)
    for method, path, operation in operations(ann.app):  # type: ignore[arg-type]
        if (method, path) in PUBLIC:
            continue
        address = path.format_map(dict.fromkeys(parameters(operation), "x"))
        answer = nobody.request(method, address, json=BODIES.get(path, {}) if method in ("POST", "PATCH") else None)
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
    shown = nobody.get("/api/v1/me").json()
    assert shown["user"] is None
    assert shown["help"]["lines"]
    assert shown["disclosure"]


def test_a_key_opens_only_what_it_is_for(two: tuple[TestClient, TestClient, TestClient]) -> None:
    """A key of /v1 is no session: the studio's own routes do not take it."""
    ann, _, nobody = two
    secret = ann.post("/api/v1/me/keys", json={"name": "notebook"}).json()["secret"]
    answer = nobody.get("/api/v1/chats", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401
