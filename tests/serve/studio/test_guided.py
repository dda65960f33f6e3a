"""Exercises and questionnaires over HTTP: interrupted and gone on with, exported, scored, with help where it is due."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from thymos.respond.exercises import exercises
from thymos.respond.questionnaires import questionnaires

Make = Callable[..., TestClient]


def begin(client: TestClient, slug: str) -> dict[str, Any]:
    """Begin an exercise."""
    made = client.post("/api/v1/exercise-runs", json={"exercise": slug})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def some_answer(step: dict[str, Any], text: str = "a walk by the river") -> Any:
    """An answer that fits a step."""
    if not step["asks"]:
        return None
    return {
        "text": text,
        "scale": step["low"],
        "choice": (step["values"] or [None])[0],
        "choices": step["values"][: step["least"] or 1],
        "list": [text] * (step["least"] or 1),
    }[step["kind"]]


def answer(client: TestClient, run: dict[str, Any], value: Any) -> Any:
    """Answer the current step."""
    body = {"step": run["current"]["id"], "answer": value}
    return client.post(f"/api/v1/exercise-runs/{run['id']}/answers", json=body)


def test_the_catalog(client: TestClient) -> None:
    found = client.get("/api/v1/exercises").json()["items"]
    assert [row["slug"] for row in found] == list(exercises())
    assert all(row["title"] and row["summary"] and row["minutes"] and row["steps"] for row in found)


@pytest.mark.parametrize("slug", sorted(exercises()))
def test_every_exercise_can_be_gone_through(client: TestClient, slug: str) -> None:
    run = begin(client, slug)
    steps = 0
    while run["current"] is not None:
        run = answer(client, run, some_answer(run["current"])).json()
        steps += 1
        assert steps < 100
        assert run["done"] <= run["steps"]
    assert (run["status"], run["current"], len(run["answers"])) == ("finished", None, steps)
    refused = client.post(f"/api/v1/exercise-runs/{run['id']}/answers", json={"step": "x", "answer": "y"})
    assert refused.status_code == 409
    markdown = client.get(f"/api/v1/exercise-runs/{run['id']}/export")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.text.startswith(f"# {run['title']}")
    exported = client.get(f"/api/v1/exercise-runs/{run['id']}/export?format=json").json()
    assert len(exported["given"]) == steps
    assert client.get(f"/api/v1/exercise-runs/{run['id']}/export?format=pdf").status_code == 422


def test_an_exercise_is_resumed_where_it_was_interrupted(make_client: Make, tmp_path: Path) -> None:
    client = make_client()
    run = begin(client, "thought_record")
    for _ in range(3):
        run = answer(client, run, some_answer(run["current"])).json()
    client.app.state.studio.close()  # type: ignore[attr-defined]
    again = make_client()
    listed = again.get("/api/v1/exercise-runs").json()["items"]
    assert [(row["id"], row["status"], row["done"]) for row in listed] == [(run["id"], "open", 3)]
    assert again.get(f"/api/v1/exercise-runs/{run['id']}").json() == run
    back = again.post(f"/api/v1/exercise-runs/{run['id']}/back").json()
    assert back["done"] == 2
    assert back["current"]["id"] == run["answers"][2]["step"]
    assert again.delete(f"/api/v1/exercise-runs/{run['id']}").status_code == 204
    assert again.get(f"/api/v1/exercise-runs/{run['id']}").status_code == 404


def test_an_answer_counts_once_and_for_its_step(client: TestClient) -> None:
    run = begin(client, "gratitude")
    while not run["current"]["asks"]:
        run = answer(client, run, None).json()
    body = {"step": run["current"]["id"], "answer": some_answer(run["current"])}
    path = f"/api/v1/exercise-runs/{run['id']}/answers"
    first = client.post(path, json=body)
    assert first.status_code == 200
    second = client.post(path, json=body)
    assert (second.status_code, second.json()["error"]["code"]) == (409, "conflict")
    assert client.get(f"/api/v1/exercise-runs/{run['id']}").json()["answers"] == first.json()["answers"]


def test_answers_that_do_not_fit_change_nothing(client: TestClient) -> None:
    run = begin(client, "thought_record")
    while run["current"]["kind"] != "scale":
        run = answer(client, run, some_answer(run["current"])).json()
    for wrong in ("many", 10_000, [], None, ["a"]):
        refused = answer(client, run, wrong)
        assert refused.status_code == 400, wrong
    too_long = answer(client, run, "x" * 20_001)
    assert too_long.status_code == 422
    assert client.get(f"/api/v1/exercise-runs/{run['id']}").json() == run


def test_help_takes_the_place_of_the_next_step_in_a_crisis(client: TestClient) -> None:
    run = begin(client, "expressive_writing")
    while run["current"]["kind"] != "text":
        run = answer(client, run, some_answer(run["current"])).json()
    step = run["current"]["id"]
    told = answer(client, run, "I want to kill myself tonight.").json()
    assert told["risk"] == "crisis"
    assert "findahelpline.com" in told["interruption"]["help"]
    assert not told["interruption"]["may_go_on"]
    assert told["current"]["id"] == step  # nothing is asked on
    assert told["current"]["draft"] == "I want to kill myself tonight."  # and nothing is lost
    assert client.get(f"/api/v1/exercise-runs/{run['id']}").json() == told
    assert client.post(f"/api/v1/exercise-runs/{run['id']}/go-on").status_code == 400
    studio = client.app.state.studio  # type: ignore[attr-defined]
    studio.store.core.writer.run(lambda connection: None)
    (event,) = studio.store.for_user(studio.identity.local().id).audit.newest(5)[0]
    assert (event["kind"], event["risk"]) == ("message", "crisis")
    assert "tonight" not in json.dumps(event, default=str)
    later = answer(client, told, "I feel better today.").json()
    assert (later["interruption"], later["answers"][-1]["answer"]) == (None, "I feel better today.")


def test_an_answer_with_a_hard_tone_can_be_gone_on_with(
    client: TestClient, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hinting:
        def check_message(self, *_: Any) -> Any:
            return type("Check", (), {"risk": "crisis", "categories": ("hinted",), "help": "call 112"})()

    monkeypatch.setattr(parts, "guard", lambda settings: Hinting())
    run = begin(client, "expressive_writing")
    while run["current"]["kind"] != "text":
        run = answer(client, run, some_answer(run["current"])).json()
    told = answer(client, run, "Everything was too much.").json()
    assert told["interruption"] == {"step": run["current"]["id"], "help": "call 112", "may_go_on": True}
    on = client.post(f"/api/v1/exercise-runs/{run['id']}/go-on").json()
    assert on["answers"][-1]["answer"] == "Everything was too much."
    assert on["interruption"] is None
    assert client.post(f"/api/v1/exercise-runs/{run['id']}/go-on").status_code == 400


def test_exercises_come_in_the_language_of_the_user(client: TestClient) -> None:
    client.patch("/api/v1/me/settings", json={"language": "de"})
    found = {row["slug"]: row["language"] for row in client.get("/api/v1/exercises").json()["items"]}
    assert found["gratitude"] == "de"
    assert set(found) == set(exercises())
    assert begin(client, "gratitude")["title"] == exercises("de")["gratitude"].title


def test_unknown_exercises(client: TestClient) -> None:
    assert client.post("/api/v1/exercise-runs", json={"exercise": "juggling"}).status_code == 404


# --- questionnaires ---


def all_answers(slug: str, value: int) -> dict[str, int]:
    """The same answer to every item."""
    return dict.fromkeys(questionnaires()[slug].items, value)


def test_instruments(client: TestClient) -> None:
    found = {row["slug"]: row for row in client.get("/api/v1/questionnaires").json()["items"]}
    assert set(found) == set(questionnaires())
    assert found["phq9"]["available"]
    assert all(item["text"] and len(item["choices"]) >= 4 for item in found["phq9"]["items"])
    assert [item["counts"] for item in found["phq9"]["items"]].count(True) == 9
    assert (found["phq9"]["low"], found["phq9"]["high"]) == (0, 27)
    assert not found["panas"]["available"]
    assert all("not a diagnosis" in row["note"] for row in found.values())


def test_a_questionnaire_is_scored_and_kept(client: TestClient) -> None:
    answers = all_answers("gad7", 1)
    made = client.post("/api/v1/questionnaires/gad7/results", json={"answers": answers})
    assert made.status_code == 201, made.text
    result = made.json()
    assert (result["total"], result["answers"], result["urgent"], result["help"]) == (7, answers, False, None)
    assert result["band"]
    assert client.get("/api/v1/questionnaire-results").json()["items"] == [result]
    assert client.delete(f"/api/v1/questionnaire-results/{result['id']}").status_code == 204
    assert client.get("/api/v1/questionnaire-results").json()["items"] == []


def test_an_urgent_answer_brings_help_each_time_it_is_shown(client: TestClient) -> None:
    (urgent,) = questionnaires()["phq9"].urgent
    client.patch("/api/v1/me/settings", json={"region": "DE", "language": "de"})
    half = {"item_1": 0, urgent: 1}  # help must come also where the rest was left out
    made = client.post("/api/v1/questionnaires/phq9/results", json={"answers": half})
    for shown in (made.json(), client.get("/api/v1/questionnaire-results").json()["items"][0]):
        assert shown["urgent"]
        assert (shown["total"], len(shown["missing"])) == (None, 7)
        assert "0800 111 0 111" in shown["help"]


@pytest.mark.parametrize(
    ("slug", "answers", "status"),
    [("nothing", {}, 404), ("gad7", {}, 400), ("gad7", {"x": 1}, 400), ("gad7", {"1": "a"}, 422), ("panas", {}, 409)],
)
def test_answers_that_cannot_be_scored(client: TestClient, slug: str, answers: dict[str, Any], status: int) -> None:
    refused = client.post(f"/api/v1/questionnaires/{slug}/results", json={"answers": answers})
    assert refused.status_code == status, refused.text
    assert client.get("/api/v1/questionnaire-results").json()["items"] == []


def test_own_copies_of_items(make_client: Make, tmp_path: Path) -> None:
    panas = questionnaires()["panas"]
    (tmp_path / "panas.yaml").write_text(yaml.safe_dump({name: f"feeling {name}" for name in panas.asked}))
    client = make_client(items=tmp_path)
    found = {row["slug"]: row for row in client.get("/api/v1/questionnaires").json()["items"]}
    assert found["panas"]["available"]
    value = min(panas.options)
    made = client.post("/api/v1/questionnaires/panas/results", json={"answers": all_answers("panas", value)})
    assert made.status_code == 201
    assert set(made.json()["subscales"]) == set(panas.subscales)
    (tmp_path / "panas.yaml").write_text("x: y")
    assert client.get("/api/v1/questionnaires").status_code == 400
