"""Addresses of databases, and what makes an acknowledged message durable."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from thymos.errors import BadInput, Unavailable
from thymos.serve.studio.store.database import open_engine, shown, sqlite_url


def test_sqlite_is_durable_and_forgets(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "deep" / "a.db"))
    with engine.connect() as connection:
        found = {
            name: connection.execute(sa.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert (tmp_path / "deep" / "a.db").stat().st_mode & 0o077 == 0
    engine.dispose()


def test_postgresql_waits_for_its_disk(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SHOW synchronous_commit")).scalar() == "on"
        assert connection.execute(sa.text("SHOW fsync")).scalar() == "on"
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("studio.db", "this is no address of a database"),
        ("sqlite://", "a database in a file is needed"),
        ("sqlite:///:memory:", "a database in a file is needed"),
        ("mysql://me@here/studio", "mysql is not supported"),
    ],
)
def test_other_addresses_are_refused(url: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        open_engine(url)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("these are my notes, and they are long enough to be looked at" * 20)
    with pytest.raises(BadInput, match="this is no SQLite database"):
        open_engine(sqlite_url(tmp_path / "notes.db"))
    assert (tmp_path / "notes.db").read_text().startswith("these are my notes")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="it cannot be made"):
        open_engine(sqlite_url(tmp_path / "file" / "a.db"))


def test_passwords_are_never_told() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as error:
        open_engine("postgresql://me:planted-secret@127.0.0.1:9/studio")
    assert "planted-secret" not in str(error.value)
    engine = sa.create_engine("postgresql+psycopg://me:planted-secret@127.0.0.1:9/studio")
    assert "planted-secret" not in shown(engine)


def test_errors_do_not_repeat_what_was_written(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "a.db"))
    with pytest.raises(sa.exc.DatabaseError) as error, engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:text)"), {"text": "planted-secret"})
    assert "planted-secret" not in str(error.value)
    engine.dispose()
