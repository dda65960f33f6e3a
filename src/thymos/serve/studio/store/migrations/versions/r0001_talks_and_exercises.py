"""Users, talks, exercises, questionnaires, keys and the audit of the guard."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def _owner(**options: Any) -> sa.Column[str]:
    return sa.Column("owner", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, **options)


def upgrade() -> None:
    """Make the first tables."""
    op.create_table("meta", sa.Column("name", sa.String(120), primary_key=True), sa.Column("value", sa.Text))
    op.create_table(
        "users",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("folded", sa.String(64), nullable=False, unique=True),
        sa.Column("password", sa.String(200)),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        _owner(index=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
    )
    op.create_table("settings", _owner(primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.create_table(
        "talks",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("talk", sa.String(32), sa.ForeignKey("talks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("client_id", sa.String(64)),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.UniqueConstraint("talk", "seq"),
        sa.UniqueConstraint("talk", "client_id", name="uq_messages_talk_client_id"),
        sa.Index("ix_messages_status", "status"),
    )
    op.create_table(
        "exercise_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("exercise", sa.String(80), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
    )
    op.create_table(
        "questionnaire_results",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("questionnaire", sa.String(80), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("used", TIME),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.String(32), primary_key=True),
        _owner(index=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("risk", sa.String(16), nullable=False),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
