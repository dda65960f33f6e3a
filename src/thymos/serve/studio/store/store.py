"""The studio's memory: opened once, and then one door for each person.

>>> store = Store.open("sqlite:////home/me/studio.db")  # doctest: +SKIP
>>> store.for_user(owner).chats.newest(20)  # doctest: +SKIP
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from thymos.serve.studio.store.accounts import Accounts, UserRow
from thymos.serve.studio.store.database import open_engine, take_for_one
from thymos.serve.studio.store.exporting import Export
from thymos.serve.studio.store.migrating import migrate
from thymos.serve.studio.store.owned import Core, NotFound, place
from thymos.serve.studio.store.records import Analyses, Audit, Keys, Preferences, Results, Runs
from thymos.serve.studio.store.sealing import Sealer
from thymos.serve.studio.store.sweeping import sweep
from thymos.serve.studio.store.tables import OWNED, analyses, messages, meta, sealed_columns, users
from thymos.serve.studio.store.talks import CHAT, INTERRUPTED, PRACTICE, WAITING, Talks
from thymos.serve.studio.store.trials import Trials
from thymos.serve.studio.store.writer import Writer

CHECK = "key check"
RESEALED_TOGETHER = 500
STOPPED_READING = "the studio stopped before it was read; the upload is gone, so send it again"


@dataclass(frozen=True)
class UserStore:
    """Everything of one person.

    Args:
        core: the database.
        owner: the person.
    """

    core: Core
    owner: str

    @property
    def chats(self) -> Talks:
        """Talks with the companion."""
        return Talks(self.core, self.owner, kind=CHAT)

    @property
    def practices(self) -> Talks:
        """Practised conversations."""
        return Talks(self.core, self.owner, kind=PRACTICE)

    @property
    def runs(self) -> Runs:
        """Exercises."""
        return Runs(self.core, self.owner)

    @property
    def results(self) -> Results:
        """Questionnaires."""
        return Results(self.core, self.owner)

    @property
    def analyses(self) -> Analyses:
        """Analyses."""
        return Analyses(self.core, self.owner)

    @property
    def keys(self) -> Keys:
        """Keys for programs."""
        return Keys(self.core, self.owner)

    @property
    def preferences(self) -> Preferences:
        """Settings."""
        return Preferences(self.core, self.owner)

    @property
    def audit(self) -> Audit:
        """What the guard found."""
        return Audit(self.core, self.owner)

    @property
    def trials(self) -> Trials:
        """Parts in trials."""
        return Trials(self.core, self.owner)

    def user(self) -> UserRow:
        """Name and time of the account."""
        return Accounts(self.core).user(self.owner)

    def export(self) -> bytes:
        """Everything as a zip file."""
        return Export(self.core, self.owner).zipped(asdict(self.user()))

    def erase(self) -> None:
        """Delete the person and everything of theirs, also from the file's free pages."""
        door = Export(self.core, self.owner)

        def work(connection: sa.Connection) -> None:
            for table in reversed(OWNED):
                door.remove(connection, table)
            connection.execute(sa.delete(users).where(users.c.id == self.owner))

        self.core.writer.run(work)
        self.core.preferences.pop(self.owner, None)
        sweep(self.core.engine)


class Store:
    """An open database. Use ``Store.open``.

    Attributes:
        accounts: who somebody is.
        interrupted: replies that an earlier process did not finish.
    """

    def __init__(self, core: Core, let_go: Callable[[], None]) -> None:
        self.core = core
        self.accounts = Accounts(core)
        self._let_go = let_go
        self.interrupted = self._mark_interrupted()

    @classmethod
    def open(cls, url: str, sealer: Sealer | None = None) -> "Store":
        """Open a database, make or change its tables, and mark replies that nobody is writing any more.

        Args:
            url: see ``database.open_engine``.
            sealer: of texts; default: plain.

        Raises:
            BadInput: see ``open_engine``, ``take_for_one``, ``migrate``; or the key is wrong.
            Unavailable: the database cannot be reached.
        """
        engine = open_engine(url)
        let_go = None
        try:
            let_go = take_for_one(engine)
            migrate(engine)
            core = Core(engine, Writer(engine), sealer or Sealer())
            try:
                _check_key(core)
                return cls(core, let_go)
            except BaseException:
                core.writer.close()
                raise
        except BaseException:
            if let_go is not None:
                let_go()
            engine.dispose()
            raise

    def note(self, name: str, first: str) -> str:
        """Something small that is kept with the database: what was kept under the name, else ``first``, from now on."""

        def work(connection: sa.Connection) -> str:
            known = connection.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar()
            if known is None:
                connection.execute(sa.insert(meta).values(name=name, value=first))
            return first if known is None else known

        return self.core.writer.run(work)

    def for_user(self, owner: str) -> UserStore:
        """Everything of one person, and nothing else."""
        return UserStore(self.core, owner)

    def close(self) -> None:
        """Finish what is being written and let the database go."""
        self.core.writer.close()
        self._let_go()
        self.core.engine.dispose()

    def _mark_interrupted(self) -> int:
        def work(connection: sa.Connection) -> int:
            waiting = sa.update(messages).where(messages.c.status == WAITING).values(status=INTERRUPTED)
            found = connection.execute(waiting).rowcount
            unread = sa.select(analyses.c.id).where(analyses.c.status.in_(("waiting", "reading")))
            for key in connection.execute(unread).scalars().all():
                told = self.core.sealer.sealed(STOPPED_READING, place(analyses, "error", key))
                failed = sa.update(analyses).where(analyses.c.id == key)
                connection.execute(failed.values(status="failed", error=told))
            return found

        return self.core.writer.run(work)

    def reseal(self) -> int:
        """Keep every text the way new ones are kept: under the first key, or plain without one; how many changed."""
        changed = 0
        for table in OWNED:
            for column in sealed_columns(table):
                old = self.core.read(partial(_old, self.core, column))
                for start in range(0, len(old), RESEALED_TOGETHER):
                    part = old[start : start + RESEALED_TOGETHER]
                    self.core.writer.run(partial(_reseal, core=self.core, column=column, rows=part))
                changed += len(old)
        self.core.writer.run(lambda connection: _write_check(connection, self.core))
        sweep(self.core.engine)
        return changed


def _old(core: Core, column: sa.Column[Any], connection: sa.Connection) -> list[tuple[str, str]]:
    """Ids and stored texts that are kept another way than new ones."""
    rows = connection.execute(sa.select(column.table.c.id, column)).all()
    return [(key, text) for key, text in rows if not core.sealer.is_current(text)]


def _reseal(connection: sa.Connection, core: Core, column: sa.Column[Any], rows: list[tuple[str, str]]) -> None:
    table = column.table
    assert isinstance(table, sa.Table)
    for key, text in rows:
        where = place(table, column.name, key)
        value = core.sealer.sealed(core.sealer.opened(text, where), where)
        # Only if nobody changed it meanwhile.
        connection.execute(sa.update(table).where(table.c.id == key, column == text).values({column.name: value}))


def _check_key(core: Core) -> None:
    """Refuse a wrong key at once, and not at the first text.

    Raises:
        WrongKey: the database was sealed under another key, or no key was given.
    """
    query = sa.select(meta.c.value).where(meta.c.name == CHECK)
    stored = core.read(lambda connection: connection.execute(query).scalar())
    if stored is not None:
        core.sealer.opened(stored, CHECK)
    elif core.sealer.on:
        core.writer.run(lambda connection: _write_check(connection, core))


def _write_check(connection: sa.Connection, core: Core) -> None:
    connection.execute(sa.delete(meta).where(meta.c.name == CHECK))
    if core.sealer.on:
        connection.execute(sa.insert(meta).values(name=CHECK, value=core.sealer.sealed("thymos", CHECK)))


__all__ = ["NotFound", "Store", "UserStore"]
