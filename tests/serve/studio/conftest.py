"""Databases for the studio's tests: SQLite in a file, and PostgreSQL in a schema of its own where one is named."""

import importlib.util
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from thymos.serve.studio.app import create_studio
from thymos.serve.studio.options import StudioOptions
from thymos.serve.studio.running import studio_server
from thymos.serve.studio.store import Sealer, Store, UserStore

POSTGRESQL = "THYMOS_TEST_POSTGRESQL"


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """A URL of an empty schema on the server that THYMOS_TEST_POSTGRESQL names, or a skip with the reason."""
    url = os.environ.get(POSTGRESQL)
    if not url:
        pytest.skip(f"no PostgreSQL: set {POSTGRESQL} to the URL of a database")
    schema = f"test_{secrets.token_hex(6)}"
    parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    yield parsed.set(query={"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/studio.db"
    found: str = request.getfixturevalue("postgresql_url")
    return found


@pytest.fixture
def open_store() -> Iterator[Callable[..., Store]]:
    """Opens stores and closes what the test left open."""
    opened: list[Store] = []

    def open_one(url: str, sealer: Sealer | None = None) -> Store:
        opened.append(Store.open(url, sealer))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(url: str, open_store: Callable[..., Store]) -> Store:
    """An empty store on each kind of database."""
    return open_store(url)


def _fill(user: UserStore, mark: str) -> dict[str, str]:
    """One row in every table that a person can have; ids by what they are."""
    chat = user.chats.make(f"{mark} title")
    accepted = user.chats.accept(chat.id, f"{mark} message", "client-0001")
    details = {"plan": {"strategy": "question", "shares": {}, "why": f"{mark} why"}}
    user.chats.finish(accepted.reply, f"{mark} reply", "complete", "message", details)
    practice = user.practices.make(brief={"situation": f"{mark} situation"})
    user.practices.add_feedback(practice.id, {"text": f"{mark} draft"})
    run = user.runs.make("gratitude", json.dumps({"answers": [f"{mark} answer"]}), "open")
    result = user.results.make("phq9", {"answers": {"1": 2}, "mark": f"{mark} result"})
    analysis = user.analyses.make("text", f"{mark} name", f"{mark} purpose")
    user.analyses.save(analysis["id"], "done", value=json.dumps({"rows": [f"{mark} row"]}), seconds=0.1)
    key = user.keys.make(f"{mark} key", f"{mark:>64}")
    user.preferences.patch({"theme": "dark"})
    user.audit.add_event("message", "concern", ["hopelessness"])
    user.trials.consent("pilot", {"sex": "f"}, lambda before: "arm-a")
    user.trials.add_event("pilot", "measure", {"note": f"{mark} measure"})
    user.core.writer.run(lambda connection: None)  # what was queued before is committed now
    ids = {"practice": practice.id, "run": run["id"], "analysis": analysis["id"], "key": key["id"]}
    return ids | {"chat": chat.id, "result": result["id"], "message": accepted.message.id}


@pytest.fixture
def fill() -> Callable[[UserStore, str], dict[str, str]]:
    """Fills every table for a person with texts that carry a mark; gives ids by what they are."""
    return _fill


def _stubs() -> Any:
    spec = importlib.util.spec_from_file_location("stub_server", Path(__file__).parent / "stub_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def parts() -> Any:
    """A stub in place of the models; see ``stub_server``."""
    return _stubs().StubParts()


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real hash takes 64 MB and a tenth of a second; one test looks at real ones."""
    monkeypatch.setattr(
        "thymos.serve.studio.identity.PasswordHasher",
        lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
    )


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; tests of the app copy it. The store's own tests migrate for themselves."""
    path = tmp_path_factory.mktemp("migrated") / "studio.db"
    Store.open(f"sqlite:///{path}").close()
    return path


ADDRESS = "http://127.0.0.1:8765"


@pytest.fixture
def make_client(tmp_path: Path, parts: Any, migrated: Path) -> Iterator[Callable[..., TestClient]]:
    """Makes clients of a studio: ``make_client(accounts=True)``; all options of the studio can be named."""
    with ExitStack() as stack:
        made: dict[str, Any] = {}

        def make(*, sealer: Sealer | None = None, same: bool = False, **options: Any) -> TestClient:
            if not same:
                if not (tmp_path / "studio.db").exists():
                    shutil.copyfile(migrated, tmp_path / "studio.db")
                options = {"database": f"sqlite:///{tmp_path}/studio.db", "separate_process": False} | options
                made["app"] = create_studio(StudioOptions(**options), made.get("parts", parts), sealer=sealer)
                return stack.enter_context(TestClient(made["app"], base_url=ADDRESS, raise_server_exceptions=False))
            return TestClient(made["app"], base_url=ADDRESS, raise_server_exceptions=False)

        yield make


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    """A studio with one local user."""
    return make_client()


@pytest.fixture
def sign_up(make_client: Callable[..., TestClient]) -> Callable[[str], TestClient]:
    """Makes an account in one studio with accounts, and gives a client that is signed in."""
    first = make_client(accounts=True)

    def one(name: str) -> TestClient:
        other = make_client(same=True)
        other.headers["Origin"] = ADDRESS
        answer = other.post("/api/v1/accounts", json={"name": name, "password": "they like quiet mornings 7"})
        assert answer.status_code == 201, answer.text
        return other

    one.first = first  # type: ignore[attr-defined]
    return one


@pytest.fixture
def served(tmp_path: Path, parts: Any) -> Iterator[str]:
    """The address of a studio behind real HTTP, in a thread."""
    options = StudioOptions(database=f"sqlite:///{tmp_path}/served.db", separate_process=False)
    server = studio_server(create_studio(options, parts), options)
    server.config.port = 0
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(2000):
        if server.started:
            break
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    parts.stub.free.set()
    server.should_exit = True
    thread.join(20)


def _events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


@pytest.fixture
def events() -> Callable[[str], list[tuple[str, Any]]]:
    """Reads a stream: names and data."""
    return _events
