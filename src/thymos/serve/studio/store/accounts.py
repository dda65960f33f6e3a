"""Who somebody is: names, password hashes, sessions, keys. The answer is an owner and nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from thymos.serve.studio.store.owned import Conflict, Core, NotFound, new_id
from thymos.serve.studio.store.tables import api_keys, now, sessions, users

LOCAL = "local"  # name of the one user where nobody signs in; nobody can register under it


@dataclass(frozen=True)
class UserRow:
    """A person."""

    id: str
    name: str
    created: datetime


class Accounts:
    """Names and secrets.

    Args:
        core: the database.
    """

    def __init__(self, core: Core) -> None:
        self.core = core

    def register(self, name: str, password: str | None) -> UserRow:
        """Make a user.

        Args:
            name: as typed; letters' case makes no difference.
            password: its hash.

        Raises:
            Conflict: the name is taken.
        """
        user = UserRow(new_id(), name, now())

        def work(connection: sa.Connection) -> None:
            if connection.execute(sa.select(users.c.id).where(users.c.folded == name.casefold())).first():
                raise Conflict("this name is taken")
            values = {"id": user.id, "name": name, "folded": name.casefold(), "created": user.created}
            connection.execute(sa.insert(users).values(values | {"password": password}))

        self.core.writer.run(work)
        return user

    def local_user(self) -> UserRow:
        """The one user of a studio without accounts; made when it is not there."""
        found = self._by_name(LOCAL)
        if found is not None:
            return found[0]
        try:
            return self.register(LOCAL, None)
        except Conflict:  # a request beside this one made it
            again = self._by_name(LOCAL)
            assert again is not None
            return again[0]

    def credentials(self, name: str) -> tuple[UserRow, str | None] | None:
        """The user of a name and the password's hash; None where there is no such user."""
        return self._by_name(name)

    def _by_name(self, name: str) -> tuple[UserRow, str | None] | None:
        query = sa.select(users).where(users.c.folded == name.casefold())
        row = self.core.read(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else (UserRow(row["id"], row["name"], row["created"]), row["password"])

    def user(self, owner: str) -> UserRow:
        """The user of an id."""
        query = sa.select(users).where(users.c.id == owner)
        row = self.core.read(lambda connection: connection.execute(query).mappings().first())
        if row is None:
            raise NotFound("user")
        return UserRow(row["id"], row["name"], row["created"])

    def set_password(self, owner: str, password: str) -> None:
        """Keep a new hash."""
        statement = sa.update(users).where(users.c.id == owner).values(password=password)
        self.core.writer.run(lambda connection: connection.execute(statement))

    def open_session(self, owner: str, digest: str, lasting: timedelta) -> None:
        """Keep a session; those that are over go."""
        time = now()
        values = {"digest": digest, "owner": owner, "created": time, "expires": time + lasting}

        def work(connection: sa.Connection) -> None:
            connection.execute(sa.delete(sessions).where(sessions.c.expires < time))
            connection.execute(sa.insert(sessions).values(values))

        self.core.writer.run(work)

    def session_owner(self, digest: str) -> str | None:
        """Whose session this is; None when it is over or unknown."""
        query = sa.select(sessions.c.owner).where(sessions.c.digest == digest, sessions.c.expires > now())
        return self.core.read(lambda connection: connection.execute(query).scalar())

    def close_session(self, digest: str) -> None:
        """End a session."""
        statement = sa.delete(sessions).where(sessions.c.digest == digest)
        self.core.writer.run(lambda connection: connection.execute(statement))

    def key_owner(self, digest: str) -> tuple[str, str] | None:
        """Owner and id of a key; None when it is unknown."""
        query = sa.select(api_keys.c.owner, api_keys.c.id).where(api_keys.c.digest == digest)
        row = self.core.read(lambda connection: connection.execute(query).first())
        return None if row is None else (row.owner, row.id)
