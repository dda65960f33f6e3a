"""The studio's tables.

Every table that holds something of a person has a column ``owner``; rows go with their owner. Columns of type
``Sealed`` hold texts that are encrypted where a key is set (see ``sealing``); all others hold nothing that was written.
Times are UTC with microseconds.

The tables are made and changed by the migrations only; a test holds both against each other.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(sa.types.TypeDecorator[datetime]):
    """A time in UTC. SQLite forgets the zone; it is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse times without a zone: they would be kept as something else."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """The time with its zone."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(sa.types.TypeDecorator[str]):
    """A text that the store seals before it is written and opens after it was read."""

    impl = sa.Text
    cache_ok = True


def _owner(**options: Any) -> sa.Column[str]:
    return sa.Column("owner", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, **options)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(32), primary_key=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Utc, nullable=nullable)


meta = sa.Table("meta", metadata, sa.Column("name", sa.String(120), primary_key=True), sa.Column("value", sa.Text))

users = sa.Table(
    "users",
    metadata,
    _id(),
    # As typed; ``folded`` decides whether two names are the same.
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("folded", sa.String(64), nullable=False, unique=True),
    sa.Column("password", sa.String(200)),  # argon2id; null for the local user
    _time("created"),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # SHA-256 of the cookie, which is kept nowhere
    _owner(index=True),
    _time("created"),
    _time("expires"),
)
settings = sa.Table(
    "settings", metadata, _owner(primary_key=True), sa.Column("value", sa.Text, nullable=False)
)  # fmt: skip
talks = sa.Table(
    "talks",
    metadata,
    _id(),
    _owner(),
    sa.Column("kind", sa.String(16), nullable=False),  # chat or practice
    sa.Column("title", Sealed, nullable=False),
    sa.Column("brief", Sealed, nullable=False),  # of a practice: its situation, as JSON
    sa.Column("last_seq", sa.Integer, nullable=False),
    _time("created"),
    _time("updated"),
    sa.Index("ix_talks_owner_kind_updated", "owner", "kind", "updated"),
)
messages = sa.Table(
    "messages",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("talk", sa.String(32), sa.ForeignKey("talks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("content", Sealed, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("client_id", sa.String(64)),
    sa.Column("details", Sealed, nullable=False),  # reading, plan and checks, as JSON
    _time("created"),
    sa.UniqueConstraint("talk", "seq"),
    sa.UniqueConstraint("talk", "client_id"),
    sa.Index("ix_messages_status", "status"),
)
exercise_runs = sa.Table(
    "exercise_runs",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("exercise", sa.String(80), nullable=False),
    sa.Column("state", Sealed, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # counts answers: two at once cannot both be taken
    _time("created"),
    _time("updated"),
)
questionnaire_results = sa.Table(
    "questionnaire_results",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("questionnaire", sa.String(80), nullable=False),
    sa.Column("value", Sealed, nullable=False),
    _time("created"),
)
feedback = sa.Table(
    "feedback",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("talk", sa.String(32), sa.ForeignKey("talks.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("value", Sealed, nullable=False),
    _time("created"),
)
analyses = sa.Table(
    "analyses",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", Sealed, nullable=False),
    sa.Column("purpose", Sealed, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("value", Sealed, nullable=False),
    sa.Column("error", Sealed, nullable=False),
    sa.Column("seconds", sa.Float),
    _time("created"),
)
api_keys = sa.Table(
    "api_keys",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    _time("created"),
    _time("used", nullable=True),
)
audit_events = sa.Table(
    "audit_events",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False),
    sa.Column("categories", sa.Text, nullable=False),  # JSON; never the text that was read
    _time("created"),
)
trial_allocations = sa.Table(
    "trial_allocations",
    metadata,
    # Without an owner: a participant may leave and take everything along, the order of randomization stays whole.
    sa.Column("trial", sa.String(80), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("strata", sa.Text, nullable=False),  # JSON
    sa.Column("arm", sa.String(80), nullable=False),
)
trial_participants = sa.Table(
    "trial_participants",
    metadata,
    _id(),
    _owner(),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("arm", sa.String(80), nullable=False),
    sa.Column("strata", sa.Text, nullable=False),  # JSON
    _time("created"),
    sa.UniqueConstraint("owner", "trial"),
)
trial_events = sa.Table(
    "trial_events",
    metadata,
    _id(),
    _owner(index=True),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("value", Sealed, nullable=False),
    _time("created"),
)

OWNED = tuple(table for table in metadata.sorted_tables if "owner" in table.c)
"""Everything that belongs to somebody, parents before children."""


@cache
def sealed_columns(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    """The columns of a table that hold texts."""
    return tuple(column for column in table.c if isinstance(column.type, Sealed))


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
