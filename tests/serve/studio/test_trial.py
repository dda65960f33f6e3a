"""A trial over HTTP: consent and randomization, what each arm may use, measures, leaving, debrief, log and data."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient

from thymos.errors import BadInput
from thymos.respond.questionnaires import questionnaires
from thymos.respond.trial import Randomizer, imbalance, read_plan
from thymos.serve.studio.trial_desk import TrialDesk, log_path

Make = Callable[..., TestClient]
ORIGIN = {"Origin": "http://127.0.0.1:8765"}
PLAN: dict[str, Any] = {
    "name": "pilot",
    "title": "A pilot",
    "question": "Does talking help?",
    "participants": "human",
    "arms": [{"name": "waiting"}, {"name": "talking", "uses": ["companion", "exercises"]}],
    "block_sizes": [2],
    "strata": {"sex": ["female", "male"]},
    "outcomes": [
        {"name": "mood", "title": "Mood", "low": 0, "high": 10, "primary": True},
        {"name": "worry", "title": "Worry", "low": 0, "high": 21, "questionnaire": "gad7"},
    ],
    "times": ["before", "after"],
    "sample_size": 8,
    "consent": "You may leave at any time.",
    "debrief": "It was about talking.",
    "safety": "A crisis ends your part.",
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan in a file."""
    path = tmp_path / "pilot.yaml"
    path.write_text(yaml.safe_dump(PLAN))
    return path


@pytest.fixture
def join(make_client: Make, plan: Path) -> Callable[[str], TestClient]:
    """Makes accounts in a studio with a trial."""
    first = make_client(accounts=True, trial=plan)

    def one(name: str) -> TestClient:
        client = make_client(same=True)
        client.headers.update(ORIGIN)
        client.post("/api/v1/accounts", json={"name": name, "password": "they like quiet mornings 7"})
        return client

    one.first = first  # type: ignore[attr-defined]
    return one


def consent(client: TestClient, sex: str = "female") -> Any:
    """Take part."""
    return client.post("/api/v1/trial/consent", json={"agreed": True, "strata": {"sex": sex}})


def desk_of(client: TestClient) -> TrialDesk:
    """The desk behind a client."""
    found: TrialDesk = client.app.state.studio.trial  # type: ignore[attr-defined]
    return found


def measure(client: TestClient, name: str, occasion: str, **given: Any) -> Any:
    """Give a measure."""
    return client.post("/api/v1/trial/measures", json={"measure": name, "occasion": occasion, **given})


def worry(value: int) -> dict[str, int]:
    """Answers to GAD-7, all the same."""
    return dict.fromkeys(questionnaires()["gad7"].items, value)


def test_without_a_trial_there_is_none(client: TestClient) -> None:
    assert client.get("/api/v1/trial").status_code == 404
    me = client.get("/api/v1/me").json()
    assert (me["trial"], me["uses"]) == (False, ["companion", "exercises", "practice", "questionnaires"])


def test_nothing_is_open_before_consent(join: Callable[[str], TestClient]) -> None:
    ann = join("ann")
    shown = ann.get("/api/v1/trial").json()
    assert (shown["state"], shown["consent"], shown["uses"]) == ("new", PLAN["consent"], [])
    assert shown["strata"] == PLAN["strata"]
    assert "arm" not in json.dumps(shown)
    for path, body in (("/chats", {}), ("/exercise-runs", {"exercise": "gratitude"})):
        assert ann.post(f"/api/v1{path}", json=body).status_code == 403
    assert ann.get("/api/v1/chats").status_code == 200  # reading what one has is always open
    assert measure(ann, "mood", "before", value=3).status_code == 409
    assert ann.post("/api/v1/trial/withdraw").status_code == 404
    assert ann.get("/api/v1/trial/debrief").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"agreed": False, "strata": {"sex": "female"}},
        {"agreed": True},
        {"agreed": True, "strata": {"sex": "x"}},
        {"agreed": True, "strata": {"sex": "female", "age": "1"}},
    ],
)
def test_consent_must_be_given_and_complete(join: Callable[[str], TestClient], body: dict[str, Any]) -> None:
    ann = join("ann")
    assert ann.post("/api/v1/trial/consent", json=body).status_code == 422
    assert ann.get("/api/v1/trial").json()["state"] == "new"


def test_arms_are_balanced_in_each_stratum_and_decide_what_is_open(join: Callable[[str], TestClient]) -> None:
    people = [
        (join(f"p{number}"), sex) for number, sex in enumerate(["female", "male", "female", "female", "male", "female"])
    ]
    for client, sex in people:
        first = consent(client, sex)
        assert first.status_code == 200
        assert consent(client, sex).json() == first.json()
    desk = desk_of(people[0][0])
    arms: dict[str, list[str]] = {"female": [], "male": []}
    for client, sex in people:
        uses = client.get("/api/v1/me").json()["uses"]
        arms[sex].append("talking" if uses else "waiting")
        chat = client.post("/api/v1/chats", json={})
        assert chat.status_code == (201 if uses else 403)
        practice = client.post("/api/v1/practices", json={"situation": "a", "partner": "b"})
        assert practice.status_code == 403
    for own in arms.values():
        assert imbalance(own, desk.plan) == 0
    seed = int(desk.store.note("trial pilot: seed", ""))
    for sex, own in arms.items():
        assert Randomizer(desk.plan, seed).arms(len(own), {"sex": sex}) == own


def test_measures(join: Callable[[str], TestClient]) -> None:
    ann = join("ann")
    consent(ann)
    assert measure(ann, "mood", "before", value=3.5).status_code == 201
    for wrong, status in (
        ({"value": 4}, 409),  # given already
        ({"value": 11}, 422),
        ({}, 422),
        ({"answers": worry(1)}, 422),
    ):
        assert measure(ann, "mood", "after" if status == 422 else "before", **wrong).status_code == status
    assert measure(ann, "worry", "before", value=3).status_code == 422
    assert measure(ann, "worry", "before", answers={}).status_code == 400
    assert measure(ann, "worry", "before", answers=worry(2)).status_code == 201
    assert measure(ann, "nothing", "before", value=1).status_code == 404
    assert measure(ann, "mood", "never", value=1).status_code == 404
    shown = {row["name"]: row["given"] for row in ann.get("/api/v1/trial").json()["measures"]}
    assert shown == {"mood": ["before"], "worry": ["before"]}


def test_an_urgent_answer_brings_help(make_client: Make, tmp_path: Path) -> None:
    outcome = {"name": "low_mood", "title": "Low mood", "low": 0, "high": 27, "questionnaire": "phq9", "primary": True}
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(PLAN | {"outcomes": [outcome], "strata": {}}))
    client = make_client(trial=path)
    assert client.post("/api/v1/trial/consent", json={"agreed": True}).status_code == 200
    phq9 = questionnaires()["phq9"]
    (urgent,) = phq9.urgent
    calm = dict.fromkeys(phq9.items, 0)
    assert measure(client, "low_mood", "before", answers=calm).json()["help"] is None
    assert "findahelpline.com" in measure(client, "low_mood", "after", answers=calm | {urgent: 1}).json()["help"]


def test_the_debrief_comes_last_and_opens_everything(join: Callable[[str], TestClient]) -> None:
    ann = join("ann")
    consent(ann)
    assert ann.get("/api/v1/trial/debrief").status_code == 409
    for occasion in ("before", "after"):
        measure(ann, "mood", occasion, value=5)
        measure(ann, "worry", occasion, answers=worry(1))
    told = ann.get("/api/v1/trial/debrief").json()
    assert told["text"] == PLAN["debrief"]
    assert told["arm"] in ("waiting", "talking")
    assert ann.get("/api/v1/trial").json()["state"] == "finished"
    assert len(ann.get("/api/v1/me").json()["uses"]) == 4
    assert ann.post("/api/v1/chats", json={}).status_code == 201


def test_leaving(join: Callable[[str], TestClient]) -> None:
    ann = join("ann")
    consent(ann)
    measure(ann, "mood", "before", value=5)
    assert ann.post("/api/v1/trial/withdraw").json()["state"] == "withdrawn"
    assert measure(ann, "mood", "after", value=5).status_code == 409
    assert consent(ann).status_code == 409
    assert ann.get("/api/v1/trial/debrief").status_code == 200
    assert ann.get("/api/v1/trial").json()["state"] == "withdrawn"


def test_the_log_follows_and_names_nobody(join: Callable[[str], TestClient], plan: Path, make_client: Make) -> None:
    ann, bob = join("ann-planted"), join("bob-planted")
    for client in (ann, bob):
        consent(client)
        measure(client, "mood", "before", value=5)
    ann.post("/api/v1/trial/withdraw")
    lines = [json.loads(line) for line in log_path(plan).read_text().splitlines()]
    assert Counter(line["kind"] for line in lines) == {"consented": 2, "randomized": 2, "measured": 2, "withdrew": 1}
    assert "planted" not in log_path(plan).read_text()
    user_ids = [client.get("/api/v1/me").json()["user"]["id"] for client in (ann, bob)]
    assert not any(key[:8] in log_path(plan).read_text() for key in user_ids)
    table = desk_of(ann).table()
    assert list(table.columns) == ["participant", "arm", "sex", "time", "completed", "mood", "worry", "plan"]
    assert len(table) == 4
    assert table["mood"].notna().sum() == 2
    assert ann.delete("/api/v1/me").status_code == 204
    lines = [json.loads(line) for line in log_path(plan).read_text().splitlines()]
    assert lines[-1]["kind"] == "deleted"
    measured = {line["participant"]: line["values"] for line in lines if line["kind"] == "measured"}
    assert measured[lines[-1]["participant"]] is None  # what ann gave is gone from the log as well
    assert sum(values is not None for values in measured.values()) == 1
    again = TrialDesk(plan, desk_of(bob).store)
    assert len(again._log.events) == len(lines)
    assert len(set(desk_of(bob).table()["participant"])) == 1


def test_lines_that_a_crash_kept_from_the_log_are_added(join: Callable[[str], TestClient], plan: Path) -> None:
    ann = join("ann")
    consent(ann)
    before = log_path(plan).read_text()
    log_path(plan).write_text(before.splitlines(keepends=True)[0])
    desk = TrialDesk(plan, desk_of(ann).store)
    assert [event.kind for event in desk._log.events] == ["consented", "randomized"]
    assert len(log_path(plan).read_text().splitlines()) == 2


def test_a_key_of_a_participant_opens_no_more_than_the_arm(join: Callable[[str], TestClient]) -> None:
    ann = join("ann")
    secret = ann.post("/api/v1/me/keys", json={}).json()["secret"]
    answer = ann.get("/v1/models", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_plans_that_cannot_be_run(make_client: Make, tmp_path: Path, plan: Path) -> None:
    make_client(accounts=True, trial=plan).app.state.studio.close()  # type: ignore[attr-defined]
    plan.write_text(yaml.safe_dump(PLAN | {"title": "Another"}))
    with pytest.raises(BadInput, match="changed after the trial began"):
        make_client(accounts=True, trial=plan)
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(PLAN | {"name": "other", "participants": "simulated"}))
    with pytest.raises(BadInput, match="simulated participants"):
        make_client(accounts=True, trial=other)
    counting = tmp_path / "counting.yaml"
    counting.write_text(yaml.safe_dump(PLAN | {"name": "counting", "analysis": {"minimum_uses": 2}}))
    with pytest.raises(BadInput, match="does not count"):
        make_client(accounts=True, trial=counting)
    plan.write_text(yaml.safe_dump(PLAN))
    assert make_client(accounts=True, trial=plan).get("/api/v1/health").status_code == 200  # nothing was left locked
    assert read_plan(plan).name == "pilot"


@pytest.mark.slow
def test_the_data_can_be_analyzed(join: Callable[[str], TestClient]) -> None:
    """What the studio writes is what the registered analysis reads."""
    from thymos.respond.trial import analyze_trial

    desk = desk_of(join("ann"))
    rng = np.random.default_rng(0)
    for number in range(16):
        user = desk.store.for_user(desk.store.accounts.register(f"p{number}", None).id)
        desk.consent(user, {"sex": ("female", "male")[number % 2]})
        for occasion in desk.plan.times:
            desk.measure(user, "mood", occasion, float(rng.uniform(0, 10)), None)
            answers = {name: int(rng.integers(4)) for name in worry(0)}
            desk.measure(user, "worry", occasion, None, answers)
    table = desk.table()
    assert len(table) == 32
    result = analyze_trial(desk.plan, table)
    assert {effect.outcome for effect in result.effects} == {"mood", "worry"}
    assert result.notes == ()  # the data carry the plan's hash
    from thymos.respond.trial import trial_data

    log = trial_data(desk.plan, desk._log.events)
    assert (
        log.sort_values(["participant", "time"])
        .reset_index(drop=True)
        .equals(table.sort_values(["participant", "time"]).reset_index(drop=True))
    )
