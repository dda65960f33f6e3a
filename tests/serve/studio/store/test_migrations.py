"""Migrations: a new database and an old one come to the same tables; what was in an old one is still there."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from thymos.errors import BadInput
from thymos.serve.studio.store import Store
from thymos.serve.studio.store.database import open_engine
from thymos.serve.studio.store.migrating import migrate, newest, revision
from thymos.serve.studio.store.tables import metadata, now


def differences(engine: sa.Engine) -> list[object]:
    """What alembic would change to come from the database to ``tables.py``."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def constraints(engine: sa.Engine) -> dict[str, object]:
    """Keys and constraints by table, which compare_metadata looks at only in part."""
    look = sa.inspect(engine)
    return {
        table: (
            look.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (tuple(key["constrained_columns"]), key["referred_table"], key["options"].get("ondelete"))
                for key in look.get_foreign_keys(table)
            ),
            sorted(tuple(one["column_names"]) for one in look.get_unique_constraints(table)),
            sorted((tuple(one["column_names"]), one["unique"]) for one in look.get_indexes(table)),
            {column["name"]: (column["nullable"], column["default"]) for column in look.get_columns(table)},
        )
        for table in look.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_make_the_tables_of_the_code(url: str) -> None:
    engine = open_engine(url)
    migrate(engine)
    assert revision(engine) == newest()
    assert differences(engine) == []
    migrated = constraints(engine)
    for table in reversed(metadata.sorted_tables):
        table.drop(engine)
    metadata.create_all(engine)
    assert constraints(engine) == migrated
    engine.dispose()


def test_an_old_database_keeps_what_is_in_it(url: str, open_store: Callable[..., Store]) -> None:
    """The first revision with a user, a talk and messages; SQLite makes the table of talks anew on the way."""
    engine = open_engine(url)
    migrate(engine, "0001")
    time = now()
    with engine.begin() as connection:
        for statement, rows in (
            ("users (id, name, folded, created) VALUES (:id, :id, :id, :time)", [{"id": "ann"}]),
            (
                "talks (id, owner, title, last_seq, created, updated) VALUES (:id, 'ann', :title, 2, :time, :time)",
                [{"id": "t1", "title": "p:old title"}, {"id": "t2", "title": "p:"}],
            ),
            (
                (
                    "messages (id, owner, talk, seq, role, content, status, kind, details, created) VALUES "
                    "(:id, 'ann', 't1', :seq, 'user', :text, 'complete', 'message', 'p:', :time)"
                ),
                [{"id": f"m{n}", "seq": n, "text": f"p:text {n}"} for n in (1, 2)],
            ),
        ):
            bound = sa.text(f"INSERT INTO {statement}").bindparams(
                sa.bindparam("time", type_=sa.DateTime(timezone=True))
            )
            connection.execute(bound, [row | {"time": time} for row in rows])
    engine.dispose()
    store = open_store(url)
    ann = store.for_user("ann")
    assert {row.title for row in ann.chats.newest(9)[0]} == {"old title", ""}
    assert [row.content for row in ann.chats.messages("t1")[0]] == ["text 1", "text 2"]
    assert ann.chats.accept("t1", "new", "client-0001").message.seq == 3
    assert differences(store.core.engine) == []
    ann.chats.drop("t1")  # foreign keys are on again: the messages go with their talk
    with store.core.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM messages")).scalar() == 0


def test_opening_twice_changes_nothing(url: str, open_store: Callable[..., Store]) -> None:
    open_store(url).close()
    before = revision(engine := open_engine(url))
    open_store(url)
    assert revision(engine) == before == newest()
    engine.dispose()


def test_a_step_that_fails_leaves_the_database_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(url)
    migrate(engine, "0001")
    before = constraints(engine)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the power failed")

    monkeypatch.setattr("alembic.operations.Operations.create_index", broken)
    with pytest.raises(RuntimeError):
        migrate(engine)
    assert constraints(engine) == before
    assert revision(engine) == "0001"
    monkeypatch.undo()
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


def test_a_newer_or_a_strange_database_is_refused(url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE recipes (id INTEGER)"))
    with pytest.raises(BadInput, match=r"tables of something else \(recipes\)"):
        Store.open(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE recipes"))
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInput, match="a newer version of thymos"):
        Store.open(url)
    engine.dispose()
