"""Practised conversations over HTTP: feedback on drafts and a partner that answers."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from thymos.respond.coach.seed_set import SKILLS

BODY = {
    "situation": "My neighbor plays music at night.",
    "partner": "my neighbor",
    "difficulty": "hard",
    "skills": ["assert"],
    "emotions": ["annoyed"],
}


def make(client: TestClient, **changes: Any) -> dict[str, Any]:
    """A practice."""
    made = client.post("/api/v1/practices", json=BODY | changes)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def test_skills(client: TestClient) -> None:
    found = client.get("/api/v1/practice-skills").json()["items"]
    assert [row["slug"] for row in found] == list(SKILLS)
    assert all(
        row["title"] and row["description"] and set(row["levels"]) == {"none", "weak", "strong"} for row in found
    )


def test_a_practice_with_feedback_and_partner(
    client: TestClient, events: Callable[[str], list[tuple[str, Any]]]
) -> None:
    made = make(client)
    assert {name: made[name] for name in BODY} == BODY
    assert made["next_skill"] == {"skill": "describe", "why": "it comes first"}
    key = made["id"]
    rated = client.post(f"/api/v1/practices/{key}/feedback", json={"text": "Please.", "skill": "express"})
    assert rated.status_code == 201
    feedback = rated.json()
    assert (feedback["rating"], feedback["skill"], feedback["rewrite"]) == ("weak", "express", "[what]")
    assert feedback["examples"][0]["better"] == {
        "text": "Please stop.",
        "rating": "strong",
        "reason": "it asks",
        "context": "",
    }
    proposed = client.post(f"/api/v1/practices/{key}/feedback", json={"text": "Please."}).json()
    assert proposed["skill"] == "assert"  # the one that the user wants to practise
    said = client.post(
        f"/api/v1/practices/{key}/messages", json={"content": "Please stop.", "client_id": "client-0001"}
    )
    assert [name for name, _ in events(said.text)][-1] == "done"
    found = client.get(f"/api/v1/practices/{key}").json()
    assert [row["content"] for row in found["messages"]] == ["Please stop.", "re Please stop."]
    assert [row["id"] for row in found["feedback"]] == [feedback["id"], proposed["id"]]
    assert [row["id"] for row in client.get("/api/v1/practices").json()["items"]] == [key]
    assert client.get("/api/v1/chats").json()["items"] == []  # a practice is no chat
    assert client.delete(f"/api/v1/practices/{key}").status_code == 204
    assert client.get(f"/api/v1/practices/{key}").status_code == 404


def test_all_skills_where_none_is_named(client: TestClient) -> None:
    assert make(client, skills=[])["skills"] == list(SKILLS)


@pytest.mark.parametrize(
    "changes",
    [
        {"difficulty": "brutal"},
        {"skills": ["flying"]},
        {"situation": " "},
        {"partner": ""},
        {"emotions": ["x" * 41]},
        {"more": 1},
    ],
)
def test_other_practices_are_refused(client: TestClient, changes: dict[str, Any]) -> None:
    assert client.post("/api/v1/practices", json=BODY | changes).status_code == 422


def test_drafts_that_cannot_be_rated(client: TestClient, parts: Any) -> None:
    key = make(client)["id"]
    for body in (
        {"text": " "},
        {"text": "x" * 4001},
        {"text": "hi", "skill": "flying"},
        {"text": "hi", "skill": "a b"},
    ):
        assert client.post(f"/api/v1/practices/{key}/feedback", json=body).status_code == 422
    assert client.get(f"/api/v1/practices/{key}").json()["feedback"] == []


def test_feedback_that_fails_is_told_and_not_kept(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, parts: Any
) -> None:
    key = make(client)["id"]

    def broken(*_: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(type(parts.coach(None)), "feedback", broken)
    refused = client.post(f"/api/v1/practices/{key}/feedback", json={"text": "Please.", "skill": "assert"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (500, "failed")
    assert client.get(f"/api/v1/practices/{key}").json()["feedback"] == []
