"""The store on both kinds of database: order, idempotence, ownership, erasure, export, restart."""

import ast
import io
import json
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import thymos.serve.studio.store as package
from thymos.errors import BadInput
from thymos.serve.studio.store import Conflict, NotFound, Store, UserStore
from thymos.serve.studio.store.store import STOPPED_READING
from thymos.serve.studio.store.tables import OWNED, metadata, users
from thymos.serve.studio.store.talks import CHAT

PLANTED = "planted-7f3a9c"
Fill = Callable[[UserStore, str], dict[str, str]]


@pytest.fixture
def ann(store: Store) -> UserStore:
    """A user."""
    return store.for_user(store.accounts.register("ann", "hash").id)


@pytest.fixture
def bob(store: Store) -> UserStore:
    """Another one."""
    return store.for_user(store.accounts.register("bob", "hash").id)


def contents(store: Store) -> dict[str, list[tuple]]:
    """Every row of every table, as stored."""
    with store.core.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table))] for table in metadata.sorted_tables
        }


def test_fill_reaches_every_table_with_an_owner(ann: UserStore, store: Store, fill: Fill) -> None:
    """Or the tests below would pass for tables that they never saw."""
    fill(ann, PLANTED)
    store.accounts.open_session(ann.owner, "d" * 64, timedelta(days=1))
    assert not [table.name for table in OWNED if not contents(store)[table.name]]


def test_messages_have_their_order_and_their_replies_a_place(ann: UserStore) -> None:
    chat = ann.chats.make()
    for number in range(3):
        accepted = ann.chats.accept(chat.id, f"message {number}", f"client-{number:04d}")
        assert (accepted.message.seq, accepted.reply.seq) == (2 * number + 1, 2 * number + 2)
        assert accepted.reply.status == "waiting"
        ann.chats.finish(accepted.reply, f"reply {number}", "complete", "message", {"replaced": False})
    rows, more = ann.chats.messages(chat.id)
    assert [row.content for row in rows] == [f"{who} {n}" for n in range(3) for who in ("message", "reply")]
    assert not more
    assert rows[1].details == {"replaced": False}
    assert [row.seq for row in ann.chats.messages(chat.id, after=4)[0]] == [5, 6]
    assert ann.chats.messages(chat.id, limit=4)[1]
    assert (
        ann.chats.history(chat.id, 5, 3)
        == [("assistant", "reply 0"), ("user", "message 1"), ("assistant", "reply 1"), ("user", "message 2")][1:]
    )
    assert ann.chats.get(chat.id).title == "message 0"


def test_the_same_client_id_is_the_same_message(ann: UserStore) -> None:
    chat = ann.chats.make()
    first = ann.chats.accept(chat.id, "hello", "client-0001")
    again = ann.chats.accept(chat.id, "hello", "client-0001")
    assert (again.message, again.reply, again.fresh) == (first.message, first.reply, False)
    assert ann.chats.get(chat.id).last_seq == 2
    other = ann.chats.make()
    assert ann.chats.accept(other.id, "hello", "client-0001").fresh  # ids count within a talk


def test_a_failed_reply_can_be_made_again_in_its_place(ann: UserStore) -> None:
    chat = ann.chats.make()
    first = ann.chats.accept(chat.id, "hello", "client-0001")
    ann.chats.finish(first.reply, "half a", "failed", "message", {})
    again = ann.chats.accept(chat.id, "hello", "client-0001")
    assert again.fresh
    assert (again.reply.id, again.reply.seq, again.reply.status, again.reply.content) == (
        first.reply.id,
        2,
        "waiting",
        "",
    )


def test_many_threads_lose_and_mix_nothing(ann: UserStore) -> None:
    """Two talks, eight threads each, all at once: numbers without gaps, each message once, pairs together."""
    chats = [ann.chats.make() for _ in range(2)]

    def talk(chat: str, who: int) -> None:
        for number in range(5):
            accepted = ann.chats.accept(chat, f"{who}/{number}", f"client-{who}-{number:04d}")
            ann.chats.finish(accepted.reply, f"re {who}/{number}", "complete", "message", {})

    threads = [threading.Thread(target=talk, args=(chat.id, who)) for chat in chats for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for chat in chats:
        rows, _ = ann.chats.messages(chat.id)
        assert [row.seq for row in rows] == list(range(1, 81))
        asked = [row.content for row in rows[::2]]
        assert sorted(asked) == sorted(f"{who}/{number}" for who in range(8) for number in range(5))
        assert [row.content for row in rows[1::2]] == [f"re {one}" for one in asked]
        for who in range(8):
            assert [one for one in asked if one.startswith(f"{who}/")] == [f"{who}/{number}" for number in range(5)]


def test_pages_hold_everything_once(ann: UserStore, bob: UserStore, fill: Fill) -> None:
    made = [ann.results.make("gad7", {"number": number})["id"] for number in range(7)]
    fill(bob, "other")
    seen: list[str] = []
    before = None
    while True:
        rows, more = ann.results.newest(3, before)
        seen += [row["id"] for row in rows]
        if not more:
            break
        before = seen[-1]
    assert sorted(seen) == sorted(made)


def test_nobody_reaches_the_rows_of_another(ann: UserStore, bob: UserStore, fill: Fill) -> None:
    ids = fill(ann, PLANTED)
    reaches: list[Callable[[], object]] = [
        lambda: bob.chats.get(ids["chat"]),
        lambda: bob.chats.messages(ids["chat"]),
        lambda: bob.chats.accept(ids["chat"], "hi", "client-0002"),
        lambda: bob.chats.accept(ids["chat"], "hi", "client-0001"),
        lambda: bob.chats.drop(ids["chat"]),
        lambda: bob.practices.get(ids["practice"]),
        lambda: bob.practices.feedback(ids["practice"]),
        lambda: bob.practices.add_feedback(ids["practice"], {}),
        lambda: bob.runs.get(ids["run"]),
        lambda: bob.runs.save(ids["run"], 0, "{}", "open"),
        lambda: bob.runs.drop(ids["run"]),
        lambda: bob.results.drop(ids["result"]),
        lambda: bob.results.newest(5, before=ids["result"]),
        lambda: bob.analyses.get(ids["analysis"]),
        lambda: bob.analyses.drop(ids["analysis"]),
        lambda: bob.keys.drop(ids["key"]),
        lambda: ann.practices.get(ids["chat"]),  # a chat is no practice
        lambda: ann.chats.get(ids["practice"]),
    ]
    for reach in reaches:
        with pytest.raises(NotFound):
            reach()
    assert not bob.analyses.save(ids["analysis"], "done")
    assert bob.chats.history(ids["chat"], 99, 10) == []
    assert bob.trials.get("pilot") is None
    assert bob.preferences.get() == {}
    for rows, _ in (
        bob.chats.newest(9),
        bob.runs.newest(9),
        bob.results.newest(9),
        bob.analyses.newest(9),
        bob.keys.newest(9),
        bob.audit.newest(9),
    ):
        assert rows == []
    assert PLANTED.encode() not in bob.export()
    assert [row.content for row in ann.chats.messages(ids["chat"])[0]] == [f"{PLANTED} message", f"{PLANTED} reply"]


def statements(path: Path) -> list[tuple[str, str]]:
    """Statements that a file makes: what, and on which table (as written)."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "sa":
            if node.func.attr in ("select", "insert", "update", "delete", "text"):
                found.append((node.func.attr, ast.unparse(node.args[0])))
        elif node.func.attr == "exec_driver_sql" or ast.unparse(node.func) == "raw.execute":
            found.append(("raw", ast.unparse(node.args[0])))
    return found


def test_only_the_door_makes_statements_on_owned_tables() -> None:
    """The promise that every query names its owner is kept in one file; here is what else may ask the database what."""
    may: dict[str, set[str]] = {
        "owned.py": {"table", "*chosen", "sa.func.count()"},
        # Who somebody is, found by a secret that only they have.
        "accounts.py": {"users", "users.c.id", "sessions", "sessions.c.owner", "api_keys.c.owner"},
        # At the start, at the end, and when keys change: no request comes here.
        "store.py": {
            "users",
            "meta",
            "meta.c.value",
            "messages",
            "analyses",
            "analyses.c.id",
            "column.table.c.id",
            "table",
        },
        "trials.py": {"trial_allocations", "trial_events"},  # no owner; the log of the trial, without names
    }
    folder = Path(package.__file__).parent
    seen = set()
    for path in sorted(folder.parent.rglob("*.py")):
        if "migrations" in path.parts or path.name in ("database.py", "migrating.py", "sweeping.py"):
            continue
        for what, table in statements(path):
            assert what in ("select", "insert", "update", "delete"), f"{path}: {what} {table}"
            assert table in may.get(path.name, ()), f"{path}: {what} on {table}"
            seen.add(path.name)
    assert seen == set(may)


def test_erasing_leaves_nothing_of_one_and_all_of_the_other(
    ann: UserStore, bob: UserStore, store: Store, fill: Fill
) -> None:
    fill(ann, PLANTED)
    fill(bob, "kept")
    before = {name: [row for row in rows if bob.owner in row] for name, rows in contents(store).items()}
    ann.erase()
    after = contents(store)
    text = json.dumps(after, default=str)
    assert ann.owner not in text
    assert PLANTED not in text
    assert {name: [row for row in rows if bob.owner in row] for name, rows in after.items()} == before
    with pytest.raises(NotFound):
        ann.user()
    assert store.accounts.register("ann", "hash").id != ann.owner


def test_erased_bytes_are_in_no_file(tmp_path: Path, open_store: Callable[..., Store], fill: Fill) -> None:
    store = open_store(f"sqlite:///{tmp_path}/studio.db")
    ann = store.for_user(store.accounts.register("ann", "hash").id)
    fill(ann, PLANTED)
    chat = ann.chats.make()
    for number in range(200):
        ann.chats.accept(chat.id, f"{PLANTED} {number} " + "x" * 500, f"client-{number:04d}")

    def planted() -> int:
        return sum(path.read_bytes().count(PLANTED.encode()) for path in tmp_path.rglob("*") if path.is_file())

    assert planted() > 200
    ann.erase()
    assert planted() == 0


def test_export_holds_everything_readable_and_no_secret(ann: UserStore, store: Store, fill: Fill) -> None:
    ids = fill(ann, PLANTED)
    with zipfile.ZipFile(io.BytesIO(ann.export())) as file:
        names = set(file.namelist())
        assert {f"data/{table.name}.json" for table in OWNED} <= names
        found = {name: file.read(name).decode() for name in names}
    messages = json.loads(found["data/messages.json"])
    assert [row["content"] for row in messages] in (
        [f"{PLANTED} message", f"{PLANTED} reply"],
        [f"{PLANTED} reply", f"{PLANTED} message"],
    )
    assert json.loads(found["data/analyses.json"])[0]["value"] == {"rows": [f"{PLANTED} row"]}
    assert f"{PLANTED:>64}" not in found["data/api_keys.json"]
    talk = next(text for name, text in found.items() if name.startswith("talks/") and ids["chat"][:8] in name)
    assert talk.index(f"{PLANTED} message") < talk.index(f"{PLANTED} reply")
    assert json.loads(found["data/user.json"])["name"] == "ann"


def test_a_reply_that_was_under_way_is_marked_after_a_restart(url: str, open_store: Callable[..., Store]) -> None:
    store = open_store(url)
    ann = store.for_user(store.accounts.register("ann", "hash").id)
    chat = ann.chats.make()
    ann.chats.accept(chat.id, "hello", "client-0001")
    analysis = ann.analyses.make("sound", "talk.wav", "own")
    store.close()
    again = open_store(url)
    ann = again.for_user(ann.owner)
    assert again.interrupted == 1
    assert [row.status for row in ann.chats.messages(chat.id)[0]] == ["complete", "interrupted"]
    row = ann.analyses.get(analysis["id"])
    assert (row["status"], row["error"]) == ("failed", STOPPED_READING)


def test_one_studio_a_database(url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thymos.serve.studio.store.database.TAKEN_SECONDS", 0.2)
    with pytest.raises(BadInput, match="another studio uses this database"):
        Store.open(url)


def test_an_answer_is_taken_once(ann: UserStore) -> None:
    run = ann.runs.make("gratitude", "{}", "open")
    assert ann.runs.save(run["id"], 0, '{"a":1}', "open")["version"] == 1
    with pytest.raises(Conflict, match="answered already"):
        ann.runs.save(run["id"], 0, '{"b":1}', "open")
    assert ann.runs.get(run["id"])["state"] == '{"a":1}'


def test_local_user_is_one_also_when_many_ask_at_once(store: Store) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(store.accounts.local_user().id)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1


def test_names_are_the_same_in_any_case(store: Store) -> None:
    store.accounts.register("Ann", "hash")
    with pytest.raises(Conflict):
        store.accounts.register("aNN", "hash")


def test_trial_places_are_handed_out_in_order_and_outlive_who_left(ann: UserStore, bob: UserStore) -> None:
    seen: list[list[str]] = []

    def arm_of(before):  # type: ignore[no-untyped-def]
        seen.append([one.arm for one in before])
        return f"arm-{len(before)}"

    assert ann.trials.consent("pilot", {}, arm_of).arm == "arm-0"
    assert ann.trials.consent("pilot", {}, arm_of).arm == "arm-0"
    ann.erase()
    assert bob.trials.consent("pilot", {}, arm_of).arm == "arm-1"
    assert seen == [[], ["arm-0"]]
    bob.trials.set_status("pilot", "withdrawn", "withdraw")
    with pytest.raises(Conflict, match="withdrew"):
        bob.trials.consent("pilot", {}, arm_of)
    assert [row["kind"] for kind in ("consented", "withdraw") for row in bob.trials.events("pilot", kind)] == [
        "consented",
        "withdraw",
    ]


def test_users_table_is_not_owned_but_goes_too() -> None:
    assert "owner" not in users.c
    assert CHAT == "chat"
