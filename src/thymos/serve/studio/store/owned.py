"""The only door to a person's rows: every statement that is made here names the owner.

No other module of the studio makes statements on tables with an owner (a test reads the sources), except the few in
``accounts``, which find out who somebody is, and ``store``, which starts and ends a database.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from thymos.errors import ThymosError
from thymos.serve.studio.store.sealing import Sealer
from thymos.serve.studio.store.tables import sealed_columns
from thymos.serve.studio.store.writer import Writer

T = TypeVar("T")
Row = dict[str, Any]
PAGE = 100


class NotFound(ThymosError):
    """There is no such thing, or it belongs to somebody else: nobody can tell which."""

    def __init__(self, what: str = "this") -> None:
        super().__init__(f"there is no such {what} here")


class Conflict(ThymosError):
    """What was asked does not fit what is there."""


def new_id() -> str:
    """A random identifier, 128 bits in hex."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Core:
    """What all stores share.

    Args:
        engine: of the database, for reading.
        writer: for writing.
        sealer: of texts.
        preferences: settings by owner, as far as they were asked for; one studio has the database for itself.
    """

    engine: sa.Engine
    writer: Writer
    sealer: Sealer
    preferences: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Do work that changes nothing, on a consistent view of the database."""
        with self.engine.connect() as connection, connection.begin():
            return work(connection)

    def read_one(self, query: sa.Select[Any]) -> list[Row]:
        """Rows of a single query, which needs no transaction."""
        options = {"begin": ""} if self.engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        with self.engine.connect().execution_options(**options) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def opened(self, table: sa.Table, row: Mapping[str, Any]) -> Row:
        """A row with its texts opened."""
        found = dict(row)
        for column in sealed_columns(table):
            if found.get(column.name) is not None:
                found[column.name] = self.sealer.opened(found[column.name], place(table, column.name, found["id"]))
        return found

    def closed(self, table: sa.Table, row: Mapping[str, Any], key: str) -> Row:
        """Values with their texts sealed."""
        names = {column.name for column in sealed_columns(table)}
        return {
            name: self.sealer.sealed(value, place(table, name, key)) if name in names else value
            for name, value in row.items()
        }


def place(table: sa.Table, column: str, key: str) -> str:
    """What a sealed text is bound to."""
    return f"{table.name}.{column}.{key}"


class Owned:
    """Rows of one owner.

    Args:
        core: the database.
        owner: whose rows these are.
    """

    def __init__(self, core: Core, owner: str) -> None:
        self.core = core
        self.owner = owner

    def rows(
        self,
        connection: sa.Connection,
        table: sa.Table,
        *conditions: sa.ColumnElement[bool],
        order: Sequence[sa.ColumnElement[Any]] = (),
        limit: int | None = None,
    ) -> list[Row]:
        """The owner's rows of a table, opened."""
        query = sa.select(table).where(table.c.owner == self.owner, *conditions).order_by(*order).limit(limit)
        return [self.core.opened(table, dict(row)) for row in connection.execute(query).mappings()]

    def columns(
        self,
        table: sa.Table,
        names: Sequence[str],
        *conditions: sa.ColumnElement[bool],
        order: Sequence[sa.ColumnElement[Any]] = (),
        limit: int | None = None,
    ) -> list[Row]:
        """Some columns of the owner's rows, opened; the id is always among them."""
        chosen = [table.c[name] for name in ("id", *names)]
        query = sa.select(*chosen).where(table.c.owner == self.owner, *conditions).order_by(*order).limit(limit)
        return [self.core.opened(table, row) for row in self.core.read_one(query)]

    def row(self, connection: sa.Connection, table: sa.Table, key: str, *conditions: sa.ColumnElement[bool]) -> Row:
        """One row.

        Raises:
            NotFound: there is none of this owner.
        """
        found = self.rows(connection, table, table.c.id == key, *conditions)
        if not found:
            raise NotFound
        return found[0]

    def page(
        self,
        table: sa.Table,
        *conditions: sa.ColumnElement[bool],
        time: str = "created",
        limit: int = PAGE,
        before: str | None = None,
    ) -> tuple[list[Row], bool]:
        """The newest rows, and whether there are older ones.

        Args:
            table: with an id and a time.
            conditions: what else must hold.
            time: the column by which rows are ordered.
            limit: rows at most.
            before: id of a row of this owner; only older rows come.
        """

        def work(connection: sa.Connection) -> list[Row]:
            column, found = table.c[time], list(conditions)
            if before is not None:
                last = self.row(connection, table, before)
                found.append(
                    sa.or_(column < last[time], sa.and_(column == last[time], table.c.id < before))
                )  # fmt: skip
            return self.rows(connection, table, *found, order=(column.desc(), table.c.id.desc()), limit=limit + 1)

        rows = self.core.read(work)
        return rows[:limit], len(rows) > limit

    def add(self, connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> Row:
        """Insert a row of this owner; gives it an id where the table has one."""
        return self.add_all(connection, table, [values])[0]

    def add_all(self, connection: sa.Connection, table: sa.Table, values: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Insert rows with the same columns."""
        named = [{"id": new_id(), **row} if "id" in table.c else dict(row) for row in values]
        rows = [row | {"owner": self.owner} for row in named]
        closed = [self.core.closed(table, row, row.get("id", self.owner)) for row in rows]
        connection.execute(sa.insert(table), closed)
        return rows

    def change(
        self,
        connection: sa.Connection,
        table: sa.Table,
        key: str,
        values: Mapping[str, Any],
        *conditions: sa.ColumnElement[bool],
    ) -> bool:
        """Update a row of this owner; whether there was one."""
        statement = (
            sa.update(table)
            .where(table.c.owner == self.owner, table.c.id == key, *conditions)
            .values(self.core.closed(table, values, key))
        )
        return connection.execute(statement).rowcount > 0

    def raised(
        self,
        connection: sa.Connection,
        table: sa.Table,
        key: str,
        column: str,
        by: int,
        *conditions: sa.ColumnElement[bool],
        **values: Any,
    ) -> int:
        """Add to a counter in one step and set other columns; the new value.

        Raises:
            NotFound: there is no such row of this owner.
        """
        statement = (
            sa.update(table)
            .where(table.c.owner == self.owner, table.c.id == key, *conditions)
            .values({column: table.c[column] + by, **values})
            .returning(table.c[column])
        )
        found = connection.execute(statement).scalar()
        if found is None:
            raise NotFound
        return int(found)

    def remove(self, connection: sa.Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        """Delete rows of this owner; how many there were."""
        return connection.execute(sa.delete(table).where(table.c.owner == self.owner, *conditions)).rowcount

    def delete(self, table: sa.Table, key: str, *conditions: sa.ColumnElement[bool]) -> None:
        """Delete one row.

        Raises:
            NotFound: there is none of this owner.
        """
        if not self.core.writer.run(lambda connection: self.remove(connection, table, table.c.id == key, *conditions)):
            raise NotFound

    def count(self, connection: sa.Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        """How many rows the owner has."""
        query = sa.select(sa.func.count()).select_from(table).where(table.c.owner == self.owner, *conditions)
        return int(connection.execute(query).scalar_one())


def to_json(value: Any) -> str:
    """Anything that JSON can hold; NaN cannot be stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def without(row: Mapping[str, Any], names: Iterable[str]) -> Row:
    """A row without some columns."""
    left_out = set(names)
    return {name: value for name, value in row.items() if name not in left_out}
