"""Practices beside chats, feedback, analyses and trials."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)


def _owner(**options: Any) -> sa.Column[str]:
    return sa.Column("owner", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, **options)


def upgrade() -> None:
    """Every talk so far is a chat; its brief is an empty plain text."""
    op.drop_index("ix_talks_owner", "talks")
    with op.batch_alter_table("talks") as talks:
        talks.add_column(sa.Column("kind", sa.String(16), nullable=False, server_default="chat"))
        talks.add_column(sa.Column("brief", sa.Text, nullable=False, server_default="p:"))
    with op.batch_alter_table("talks") as talks:
        talks.alter_column("kind", server_default=None)
        talks.alter_column("brief", server_default=None)
    op.create_index("ix_talks_owner_kind_updated", "talks", ["owner", "kind", "updated"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("talk", sa.String(32), sa.ForeignKey("talks.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_table(
        "analyses",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_table(
        "trial_allocations",
        sa.Column("trial", sa.String(80), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("strata", sa.Text, nullable=False),
        sa.Column("arm", sa.String(80), nullable=False),
    )
    op.create_table(
        "trial_participants",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(),
        sa.Column("trial", sa.String(80), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("arm", sa.String(80), nullable=False),
        sa.Column("strata", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.UniqueConstraint("owner", "trial"),
    )
    op.create_table(
        "trial_events",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("trial", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
