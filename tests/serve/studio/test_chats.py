"""Talks over HTTP: events, order, idempotence, disconnects, failures, restarts of a reply."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from thymos.errors import Unavailable
from thymos.respond.companion import Crisis, Finished, Planned, Said

Events = Callable[[str], list[tuple[str, Any]]]


def new_chat(client: TestClient) -> str:
    """A fresh talk."""
    made = client.post("/api/v1/chats", json={})
    assert made.status_code == 201
    return str(made.json()["id"])


def say(client: TestClient, chat: str, text: str, client_id: str = "client-0001") -> Any:
    """Say something."""
    return client.post(f"/api/v1/chats/{chat}/messages", json={"content": text, "client_id": client_id})


def messages(client: TestClient, chat: str, after: int = 0) -> list[dict[str, Any]]:
    """What is kept."""
    rows: list[dict[str, Any]] = client.get(f"/api/v1/chats/{chat}/messages?after={after}").json()["items"]
    return rows


def test_a_message_and_its_reply(client: TestClient, parts: Any, events: Events) -> None:
    chat = new_chat(client)
    answer = say(client, chat, "I lost my keys")
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer.text)
    assert [name for name, _ in found] == ["accepted", "reading", "delta", "delta", "done"]
    assert "".join(data["text"] for name, data in found if name == "delta") == "re I lost my keys"
    accepted, done = found[0][1], found[-1][1]["message"]
    assert accepted["message"]["content"] == "I lost my keys"
    assert accepted["reply"]["id"] == done["id"]
    assert done["status"] == "complete"
    assert done["reading"] == {"emotions": {"neutral": 1.0}, "valence": 0.0, "arousal": 0.0, "quality": "ok"}
    assert messages(client, chat) == [accepted["message"], done]
    assert messages(client, chat, after=1) == [done]
    say(client, chat, "again", "client-0002")
    assert parts.stub.seen[-1] == ["I lost my keys", "re I lost my keys", "again"]
    listed = client.get("/api/v1/chats").json()["items"]
    assert [(row["title"], row["last_seq"], row["writing"]) for row in listed] == [("I lost my keys", 4, False)]


def test_the_same_client_id_gives_the_same_reply(client: TestClient, parts: Any, events: Events) -> None:
    chat = new_chat(client)
    first, second = (events(say(client, chat, "hello").text) for _ in range(2))
    assert second[0] == first[0] or second[0][1]["message"] == first[0][1]["message"]
    assert second[-1] == first[-1]
    assert "".join(data["text"] for name, data in second if name == "delta") == "re hello"
    assert len(parts.stub.seen) == 1
    assert len(messages(client, chat)) == 2


def test_a_crisis_stands_in_the_place_of_the_reply(client: TestClient, parts: Any, events: Events) -> None:
    class Check:
        risk, help, categories = "crisis", "call 112", ("suicide",)

    parts.stub.script = [
        Crisis("Please talk to a person: call 112", Check()),
        Finished("Please talk to a person: call 112", True, (), 0.1),
    ]
    chat = new_chat(client)
    found = events(say(client, chat, "something grave").text)
    assert [name for name, _ in found] == ["accepted", "crisis", "done"]
    assert found[1][1] == {
        "text": "Please talk to a person: call 112",
        "help": "call 112",
        "risk": "crisis",
        "categories": ["suicide"],
    }
    kept = messages(client, chat)[1]
    assert (kept["kind"], kept["content"], kept["help"], kept["risk"]) == (
        "crisis",
        "Please talk to a person: call 112",
        "call 112",
        "crisis",
    )
    again = events(say(client, chat, "something grave").text)
    assert [name for name, _ in again] == ["accepted", "crisis", "done"]


def test_a_reply_that_the_guard_replaced_is_kept_as_replaced(client: TestClient, parts: Any, events: Events) -> None:
    parts.stub.script = [
        Planned("question", {"question": 0.7, "reflection": 0.3}, "sadness", "it fits"),
        Said("half a "),
        Finished("another text", True, ("diagnosis",), 0.25),
    ]
    chat = new_chat(client)
    found = events(say(client, chat, "hello").text)
    assert [name for name, _ in found] == ["accepted", "plan", "delta", "done"]
    kept = messages(client, chat)[1]
    assert (kept["content"], kept["replaced"], kept["problems"], kept["seconds_to_first"]) == (
        "another text",
        True,
        ["diagnosis"],
        0.25,
    )
    assert kept["plan"] == {
        "strategy": "question",
        "shares": {"question": 0.7, "reflection": 0.3},
        "emotion": "sadness",
        "why": "it fits",
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable("the endpoint is gone"), "the endpoint is gone"),
        (KeyError("planted-secret"), "the reply failed (KeyError)"),
    ],
)
def test_a_failed_reply_can_be_asked_for_again(
    client: TestClient, parts: Any, events: Events, error: Exception, told: str
) -> None:
    chat = new_chat(client)
    parts.stub.script = [Said("half a "), error]
    found = events(say(client, chat, "hello").text)
    assert found[-1] == ("error", {"code": "failed", "message": told})
    assert [(row["status"], row["content"]) for row in messages(client, chat)] == [
        ("complete", "hello"),
        ("failed", "half a "),
    ]
    parts.stub.script = None
    found = events(say(client, chat, "hello").text)
    assert found[-1][0] == "done"
    assert [(row["seq"], row["content"]) for row in messages(client, chat)] == [(1, "hello"), (2, "re hello")]


def test_a_reply_that_waits_and_that_nobody_makes_is_made(client: TestClient, events: Events) -> None:
    """Where the message was kept and the process could not queue its reply."""
    chat = new_chat(client)
    studio = client.app.state.studio  # type: ignore[attr-defined]
    talks = studio.store.for_user(studio.identity.local().id).chats
    assert talks.accept(chat, "hello", "client-0001").fresh
    assert events(say(client, chat, "hello").text)[-1][0] == "done"
    assert [(row["seq"], row["content"]) for row in messages(client, chat)] == [(1, "hello"), (2, "re hello")]


def test_messages_at_once_keep_their_order(client: TestClient, parts: Any, events: Events) -> None:
    """Ten at once to each of two talks: none is lost, replies come in order, and each sees all before it."""
    chats = [new_chat(client) for _ in range(2)]
    parts.stub.latency = 0.005

    def one(chat: str, number: int) -> None:
        assert events(say(client, chat, f"text {number}", f"client-{number:04d}").text)[-1][0] == "done"

    threads = [threading.Thread(target=one, args=(chat, number)) for number in range(7) for chat in chats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for chat in chats:
        rows = messages(client, chat)
        asked = [row["content"] for row in rows[::2]]
        assert sorted(asked) == [f"text {number}" for number in range(7)]
        assert [row["content"] for row in rows[1::2]] == [f"re {one}" for one in asked]
    for seen in parts.stub.seen:
        assert seen[1::2] == [f"re {one}" for one in seen[:-1:2]]
    assert sorted(map(len, parts.stub.seen)) == sorted(2 * list(range(1, 14, 2)))


def test_too_many_waiting_messages_are_refused_before_they_are_kept(
    make_client: Callable[..., TestClient], parts: Any
) -> None:
    from thymos.serve.studio.options import Limits

    client = make_client(limits=Limits(own_replies_waiting=2))
    chat = new_chat(client)
    parts.stub.free.clear()
    threads = [threading.Thread(target=say, args=(client, chat, "hello", f"client-{n:04d}")) for n in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(500):
        if len(messages(client, chat)) == 4:
            break
        time.sleep(0.01)
    refused = say(client, chat, "hello", "client-0009")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "5"
    assert refused.json()["error"]["code"] == "rate_limited"
    parts.stub.free.set()
    for thread in threads:
        thread.join()
    assert len(messages(client, chat)) == 4


def test_a_talk_that_is_deleted_stops_its_reply(client: TestClient, parts: Any, events: Events) -> None:
    chat = new_chat(client)
    parts.stub.free.clear()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(events(say(client, chat, "hello").text)))
    thread.start()
    for _ in range(500):
        if parts.stub.seen:
            break
        time.sleep(0.01)
    assert client.delete(f"/api/v1/chats/{chat}").status_code == 204
    parts.stub.free.set()
    thread.join()
    assert found[-1] == ("error", {"code": "not_found", "message": "there is no such chat here"})
    assert client.get(f"/api/v1/chats/{chat}").status_code == 404


def post(address: str, path: str, body: Any) -> http.client.HTTPConnection:
    """Send a request and do not wait for its answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request("POST", f"/api/v1{path}", json.dumps(body), {"Content-Type": "application/json"})
    return connection


def get(address: str, path: str) -> Any:
    """A JSON answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request("GET", f"/api/v1{path}")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_a_client_that_leaves_does_not_lose_the_reply(served: str, parts: Any, events: Events) -> None:
    chat = json.loads(post(served, "/chats", {}).getresponse().read())["id"]
    path, body = f"/chats/{chat}/messages", {"content": "hello", "client_id": "client-0001"}
    parts.stub.free.clear()
    connection = post(served, path, body)
    answer = connection.getresponse()
    assert answer.readline() == b"event: accepted\n"
    for _ in range(400):
        if get(served, path)["items"][1]["content"]:
            break
        time.sleep(0.01)
    # While the model writes, the page is usable and shows the text so far.
    assert [(row["status"], row["content"]) for row in get(served, path)["items"]][1] == ("writing", "re h")
    assert get(served, f"/chats/{chat}")["writing"]
    connection.sock.close()
    answer.close()
    second = post(served, path, body).getresponse()  # the same message again: all events from the first one on
    assert second.readline() == b"event: accepted\n"
    parts.stub.free.set()
    rest = events("event: accepted\n" + second.read().decode())
    assert [name for name, _ in rest] == ["accepted", "reading", "delta", "delta", "done"]
    assert [row["content"] for row in get(served, path)["items"]] == ["hello", "re hello"]
    assert len(parts.stub.seen) == 1


def test_a_reply_is_finished_when_nobody_listens(served: str, parts: Any) -> None:
    chat = json.loads(post(served, "/chats", {}).getresponse().read())["id"]
    path = f"/chats/{chat}/messages"
    parts.stub.latency = 0.2
    connection = post(served, path, {"content": "hello", "client_id": "client-0001"})
    assert connection.getresponse().readline() == b"event: accepted\n"
    connection.close()
    for _ in range(400):
        rows = get(served, path)["items"]
        if rows[1]["status"] == "complete":
            break
        time.sleep(0.01)
    assert rows[1]["content"] == "re hello"


def test_nothing_can_be_said_before_the_models_are_there(client: TestClient, parts: Any) -> None:
    from thymos.serve.studio.problems import NotReady

    def loading(_: Any) -> Any:
        raise NotReady

    chat = new_chat(client)
    parts.companion = loading
    refused = say(client, chat, "hello")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "loading")
    assert messages(client, chat) == []


@pytest.mark.parametrize(
    "body",
    [
        {"content": "", "client_id": "client-0001"},
        {"content": " \n", "client_id": "client-0001"},
        {"content": "a\0b", "client_id": "client-0001"},
        {"content": "\ud800", "client_id": "client-0001"},
        {"content": "x" * 8001, "client_id": "client-0001"},
        {"content": "hello", "client_id": "short"},
        {"content": "hello", "client_id": "client 0001"},
        {"content": "hello"},
        {"content": "hello", "client_id": "client-0001", "role": "system"},
        [],
    ],
)
def test_other_bodies_are_refused(client: TestClient, body: Any) -> None:
    chat = new_chat(client)
    refused = client.post(
        f"/api/v1/chats/{chat}/messages", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert refused.status_code == 422, refused.text
    assert set(refused.json()) == {"error"}
    assert "xxx" not in refused.text
    assert messages(client, chat) == []


def test_a_reply_is_stopped_and_what_was_said_is_kept(client: TestClient, parts: Any, events: Events) -> None:
    chat, heard = new_chat(client), []
    parts.stub.free.clear()
    listening = threading.Thread(target=lambda: heard.append(say(client, chat, "a long story").text))
    listening.start()
    reply = written(client, chat)
    path = f"/api/v1/chats/{chat}/messages/{reply['id']}/stop"
    assert client.post(path).status_code == 204
    assert client.post(path).status_code == 204  # an impatient second press
    parts.stub.free.set()
    listening.join(20)
    found = events(heard[0])
    assert [name for name, _ in found] == ["accepted", "reading", "delta", "done"]
    kept = messages(client, chat)[1]
    assert (kept["status"], kept["content"]) == ("stopped", "re a lo")
    assert found[-1][1]["message"] == kept
    # Heard again it is the same, and nothing is made anew.
    again = events(say(client, chat, "a long story").text)
    assert [name for name, _ in again] == ["accepted", "reading", "delta", "done"]
    assert again[-1] == found[-1]
    assert len(parts.stub.seen) == 1
    # The talk goes on, and the companion knows how far it came.
    assert events(say(client, chat, "go on", "client-0002").text)[-1][0] == "done"
    assert parts.stub.seen[-1] == ["a long story", "re a lo", "go on"]
    assert client.post(path).status_code == 204
    assert messages(client, chat)[1] == kept


def test_a_reply_that_is_over_cannot_be_stopped(client: TestClient, events: Events) -> None:
    chat, other = new_chat(client), new_chat(client)
    reply = events(say(client, chat, "hello").text)[-1][1]["message"]
    assert client.post(f"/api/v1/chats/{chat}/messages/{reply['id']}/stop").status_code == 204
    assert messages(client, chat)[1] == reply
    assert client.post(f"/api/v1/chats/{other}/messages/{reply['id']}/stop").status_code == 404
    assert client.post(f"/api/v1/chats/{chat}/messages/{'0' * 32}/stop").status_code == 404


def test_a_reply_that_waits_is_stopped_before_its_first_word(client: TestClient, parts: Any, events: Events) -> None:
    chat = new_chat(client)
    parts.stub.free.clear()
    threads = [
        threading.Thread(target=say, args=(client, chat, text, name))
        for text, name in (("first", "client-0001"), ("second", "client-0002"))
    ]
    threads[0].start()
    written(client, chat)
    threads[1].start()
    waiting = written(client, chat, "waiting")
    assert client.post(f"/api/v1/chats/{chat}/messages/{waiting['id']}/stop").status_code == 204
    parts.stub.free.set()
    for thread in threads:
        thread.join(20)
    first, second = messages(client, chat)[1], messages(client, chat)[3]
    assert (first["status"], first["content"]) == ("complete", "re first")
    assert (second["status"], second["content"]) == ("stopped", "")
    say(client, chat, "third", "client-0003")
    assert parts.stub.seen[-1] == ["first", "re first", "second", "third"]


def test_help_comes_also_where_somebody_stops_early(client: TestClient, parts: Any, events: Events) -> None:
    class Check:
        risk, help, categories = "crisis", "call 112", ("suicide",)

    def answer(history: Any, settings: Any = None, *, each_piece: Any = None) -> Any:
        parts.stub.free.wait(20)  # the guard reads
        yield Crisis("call 112", Check())
        yield Finished("call 112", True, (), 0.1)

    parts.stub.answer = answer
    parts.stub.free.clear()
    chat = new_chat(client)
    listening = threading.Thread(target=say, args=(client, chat, "something grave"))
    listening.start()
    reply = written(client, chat)
    assert client.post(f"/api/v1/chats/{chat}/messages/{reply['id']}/stop").status_code == 204
    parts.stub.free.set()
    listening.join(20)
    kept = messages(client, chat)[1]
    assert (kept["kind"], kept["status"], kept["content"]) == ("crisis", "complete", "call 112")


def written(client: TestClient, chat: str, status: str = "writing") -> dict[str, Any]:
    """The reply of a talk once it has a status."""
    until = time.monotonic() + 20
    while True:
        for one in messages(client, chat):
            # Its first words have come, unless it only waits or the guard still reads.
            if one["role"] == "assistant" and one["status"] == status:
                time.sleep(0.05)
                return one
        assert time.monotonic() < until
        time.sleep(0.005)
