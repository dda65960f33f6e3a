"""OpenAI's interface over the companion: keys, streams, errors in OpenAI's form, the same queue, the guard's audit."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openai import OpenAI, OpenAIError

from thymos.language.model import Message
from thymos.respond.companion import Companion, Event
from thymos.serve.studio.problems import NotReady

BODY = {"model": "thymos-companion", "messages": [{"role": "user", "content": "I lost my keys"}]}


@pytest.fixture
def guarded(parts: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The real companion with authored replies, the guard without its classifier, no recognizer; what it saw."""
    seen: list[list[str]] = []

    class Watched(Companion):
        def answer(self, history: Any, settings: Any = None) -> Iterator[Event]:
            seen.append([turn.content for turn in history])
            return super().answer(history, settings)

    monkeypatch.setattr("thymos.respond.companion.companion.shipped_reader", lambda: None)
    monkeypatch.setattr(parts, "companion", lambda settings: Watched(None, parts.guard(settings)))
    return seen


def key_of(client: TestClient) -> dict[str, str]:
    """A header with a fresh key."""
    return {"Authorization": f"Bearer {client.post('/api/v1/me/keys', json={}).json()['secret']}"}


def test_a_key_is_needed_and_counts(client: TestClient, guarded: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer nothing"}, {"Authorization": "Basic abc"}):
        for answer in (
            client.get("/v1/models", headers=headers),
            client.post("/v1/chat/completions", json=BODY, headers=headers),
        ):
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"
    headers = key_of(client)
    assert client.get("/v1/models", headers=headers).json()["data"][0]["id"] == "thymos-companion"
    client.app.state.studio.store.core.writer.run(lambda connection: None)  # type: ignore[attr-defined]
    (key,) = client.get("/api/v1/me/keys").json()["items"]
    assert key["used"] is not None
    client.delete(f"/api/v1/me/keys/{key['id']}")
    assert client.get("/v1/models", headers=headers).status_code == 401


def test_a_reply(client: TestClient, guarded: Any) -> None:
    answer = client.post("/v1/chat/completions", json=BODY, headers=key_of(client))
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"]
    assert guarded == [["I lost my keys"]]
    assert client.get("/api/v1/chats").json()["items"] == []  # what other programs say is not kept


def test_a_crisis_is_answered_with_help_and_audited(client: TestClient, guarded: Any) -> None:
    body = BODY | {"messages": [{"role": "user", "content": "I want to kill myself"}], "stream": True}
    answer = client.post("/v1/chat/completions", json=body, headers=key_of(client))
    pieces = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    told = "".join(piece["choices"][0]["delta"].get("content") or "" for piece in pieces)
    assert "findahelpline.com" in told
    assert answer.text.rstrip().endswith("data: [DONE]")
    studio = client.app.state.studio  # type: ignore[attr-defined]
    studio.store.core.writer.run(lambda connection: None)
    events = studio.store.for_user(studio.identity.local().id).audit.newest(5)[0]
    assert [event["risk"] for event in events] == ["crisis"]


def test_errors_are_in_openai_form(
    client: TestClient, parts: Any, guarded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = key_of(client)
    empty = client.post("/v1/chat/completions", json=BODY | {"messages": []}, headers=headers)
    assert (empty.status_code, empty.json()["error"]["type"]) == (400, "invalid_request_error")
    assert client.get("/v1/nothing", headers=headers).status_code == 404
    from thymos.serve.studio.problems import Refused

    def full(_: str) -> None:
        raise Refused(429, "too many", retry_after=5)

    monkeypatch.setattr(client.app.state.studio.queue, "check_room", full)  # type: ignore[attr-defined]
    refused = client.post("/v1/chat/completions", json=BODY, headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")

    def loading(_: Any) -> Any:
        raise NotReady

    monkeypatch.setattr(parts, "companion", loading)
    refused = client.post("/v1/chat/completions", json=BODY, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "loading")


def test_a_companion_that_fails_is_an_error(client: TestClient, parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        guard = property(lambda self: parts.guard(type("S", (), {"region": "INT", "language": "en"})()))

        def answer(self, *_: Any) -> Any:
            raise RuntimeError("planted")

    monkeypatch.setattr(parts, "companion", lambda settings: Broken())
    answer = client.post("/v1/chat/completions", json=BODY, headers=key_of(client))
    assert answer.status_code == 500
    assert "planted" not in answer.text


def test_the_usual_client_works(served: str, guarded: Any) -> None:
    import httpx

    secret = httpx.post(f"{served}/api/v1/me/keys", json={}).json()["secret"]
    with OpenAI(base_url=f"{served}/v1", api_key=secret) as openai:
        reply = openai.chat.completions.create(model="thymos-companion", messages=BODY["messages"])  # type: ignore[arg-type]
        assert reply.choices[0].message.content
        stream = openai.chat.completions.create(model="thymos-companion", messages=BODY["messages"], stream=True)  # type: ignore[arg-type]
        assert "".join(piece.choices[0].delta.content or "" for piece in stream)
    with OpenAI(base_url=f"{served}/v1", api_key="wrong") as openai, pytest.raises(OpenAIError, match="key is needed"):
        openai.models.list()


def test_replies_wait_in_the_queue_of_the_page(client: TestClient, parts: Any) -> None:
    from thymos.serve.studio.routes.openai import QueuedCompanion

    studio = client.app.state.studio  # type: ignore[attr-defined]
    queued = QueuedCompanion(parts.stub, studio.queue, "ann")
    names = [type(event).__name__ for event in queued.answer([Message("user", "hello")])]
    assert names == ["Read", "Said", "Said", "Finished"]
    half: Callable[[], Any] = queued.answer([Message("user", "hello")]).__next__
    half()  # a client that leaves after the first event
    del half
    studio.queue.wait_for_none("ann")
