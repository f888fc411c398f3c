"""The pool: accounts' lives, keys, quota, cooldowns, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_events",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("account_events", schema=None) as batch_op:
        batch_op.create_index("ix_account_events_account", ["account", "number"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("accounts", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("day_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)

    op.create_table(
        "cooldowns",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("cap_seconds", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("probe", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("account", "scope"),
    )
    op.create_table(
        "expiry_warnings",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("capture_sha256", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "capture_sha256", "stage"),
    )
    op.create_table(
        "quota_accounts",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("default_model", sa.String(), nullable=True),
        sa.Column("model_limits", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "quota_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("remaining", sa.Float(), nullable=True),
        sa.Column("resets_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("quota_history", schema=None) as batch_op:
        batch_op.create_index("ix_quota_history_account_feature_at", ["account", "feature", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_quota_history_at"), ["at"], unique=False)

    op.create_table(
        "quota_readings",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("remaining", sa.Float(), nullable=True),
        sa.Column("quota", sa.Float(), nullable=True),
        sa.Column("resets_at", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account", "feature"),
    )
    op.create_table(
        "slot_limits",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "scope", "name"),
    )
    op.create_table(
        "turns",
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("credits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("strategy"),
    )
    op.create_table(
        "usage_counts",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "owner", "account", "model", "kind"),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(), server_default="enabled", nullable=False))
        batch_op.add_column(sa.Column("state_reason", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("weight", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("note", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("captured_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("last_used_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("last_failure", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("last_failure_at", sa.BigInteger(), nullable=True))
        batch_op.drop_column("limited")
        batch_op.drop_column("cooldown_since")
        batch_op.drop_column("cooldown_reason")
        batch_op.drop_column("cooldown_until")
        batch_op.drop_column("disabled")

    with op.batch_alter_table("artifacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("prompt", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("facts", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("artifacts", schema=None) as batch_op:
        batch_op.drop_column("facts")
        batch_op.drop_column("prompt")

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("disabled", sa.BOOLEAN(), nullable=False))
        batch_op.add_column(sa.Column("cooldown_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("cooldown_reason", sa.String(), nullable=False))
        batch_op.add_column(sa.Column("cooldown_since", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("limited", sa.JSON(), nullable=False))
        batch_op.drop_column("last_failure_at")
        batch_op.drop_column("last_failure")
        batch_op.drop_column("last_used_at")
        batch_op.drop_column("captured_at")
        batch_op.drop_column("note")
        batch_op.drop_column("tags")
        batch_op.drop_column("weight")
        batch_op.drop_column("state_reason")
        batch_op.drop_column("state")

    op.drop_table("usage_counts")
    op.drop_table("turns")
    op.drop_table("slot_limits")
    op.drop_table("quota_readings")
    with op.batch_alter_table("quota_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quota_history_at"))
        batch_op.drop_index("ix_quota_history_account_feature_at")

    op.drop_table("quota_history")
    op.drop_table("quota_accounts")
    op.drop_table("expiry_warnings")
    op.drop_table("cooldowns")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_action"))

    op.drop_table("audit")
    op.drop_table("api_keys")
    with op.batch_alter_table("account_events", schema=None) as batch_op:
        batch_op.drop_index("ix_account_events_account")

    op.drop_table("account_events")
