"""Work that waits together is committed together; what fails takes nothing with it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from thymos.errors import Unavailable
from thymos.serve.studio.store.database import open_engine
from thymos.serve.studio.store.writer import Writer

numbers = sa.Table("numbers", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with one table."""
    made = open_engine(f"sqlite:///{tmp_path}/a.db")
    numbers.create(made)
    yield made
    made.dispose()


@pytest.fixture
def writer(engine: sa.Engine) -> Iterator[Writer]:
    """A writer that is closed at the end."""
    made = Writer(engine)
    yield made
    made.close()


def insert(number: int) -> Callable[[sa.Connection], int]:
    """Work that keeps a number."""

    def work(connection: sa.Connection) -> int:
        connection.execute(sa.insert(numbers).values(n=number))
        return number

    return work


def kept(engine: sa.Engine) -> list[int]:
    """The numbers that are committed."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(numbers.c.n).order_by(numbers.c.n)).scalars())


def held(writer: Writer) -> threading.Event:
    """Keeps the writer busy until the event is set, so that later work waits together."""
    free, started = threading.Event(), threading.Event()

    def work(_: sa.Connection) -> None:
        started.set()
        assert free.wait(10)

    writer.submit(work)
    assert started.wait(10)
    return free


def test_results_come_after_the_commit(engine: sa.Engine, writer: Writer) -> None:
    assert [writer.run(insert(number)) for number in range(3)] == [0, 1, 2]
    assert kept(engine) == [0, 1, 2]


def test_one_that_fails_takes_nothing_with_it(engine: sa.Engine, writer: Writer) -> None:
    free = held(writer)
    futures = [writer.submit(insert(number)) for number in (1, 2, 2, 3)]

    def broken(connection: sa.Connection) -> None:
        connection.execute(sa.insert(numbers).values(n=99))
        raise KeyError("broken")

    wrong = writer.submit(broken)
    free.set()
    assert [future.exception(10) is None for future in futures] == [True, True, False, True]
    assert isinstance(futures[2].exception(), sa.exc.IntegrityError)
    assert isinstance(wrong.exception(10), KeyError)
    assert kept(engine) == [1, 2, 3]


def test_nobody_is_told_done_when_the_commit_fails(
    engine: sa.Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = held(writer)
    futures = [writer.submit(insert(number)) for number in (1, 2)]

    def full(_: object) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(engine.dialect, "do_commit", full)
    free.set()
    assert all(isinstance(future.exception(10), sa.exc.OperationalError) for future in futures)
    monkeypatch.undo()
    assert kept(engine) == []
    assert writer.run(insert(5)) == 5  # and it goes on
    assert kept(engine) == [5]


def test_closing_finishes_what_waits_and_takes_nothing_more(engine: sa.Engine) -> None:
    writer = Writer(engine)
    free = held(writer)
    futures = [writer.submit(insert(number)) for number in range(300)]
    closing = threading.Thread(target=writer.close)
    closing.start()
    free.set()
    closing.join(20)
    assert [future.result(0) for future in futures] == list(range(300))
    with pytest.raises(Unavailable, match="stopping"):
        writer.submit(insert(1))
    writer.close()
