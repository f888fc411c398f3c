"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("alias", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("capture_sha256", sa.String(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("health_detail", sa.String(), nullable=False),
        sa.Column("health_since", sa.BigInteger(), nullable=True),
        sa.Column("cooldown_since", sa.BigInteger(), nullable=True),
        sa.Column("cooldown_until", sa.BigInteger(), nullable=True),
        sa.Column("cooldown_reason", sa.String(), nullable=False),
        sa.Column("limited", sa.JSON(), nullable=False),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alias"),
    )
    op.create_table(
        "artifacts",
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("file_id"),
    )
    op.create_index(op.f("ix_artifacts_created_at"), "artifacts", ["created_at"], unique=False)
    op.create_index(op.f("ix_artifacts_operation_id"), "artifacts", ["operation_id"], unique=False)
    op.create_table("doomed_files", sa.Column("path", sa.String(), nullable=False), sa.PrimaryKeyConstraint("path"))
    op.create_table(
        "events",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "number"),
        sa.UniqueConstraint("operation_id", "key", name="uq_events_operation_key"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "route", "key"),
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"], unique=False)
    op.create_table(
        "inputs",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_index(op.f("ix_inputs_used_at"), "inputs", ["used_at"], unique=False)
    op.create_table(
        "kept_answers",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("process_id", sa.String(), nullable=True),
        sa.Column("sealed", sa.String(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "route", "key"),
    )
    op.create_index(op.f("ix_kept_answers_expires_at"), "kept_answers", ["expires_at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("process_id", sa.String(), nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.Column("acquired_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", "bucket"),
        sa.UniqueConstraint("operation_id", "bucket", name="uq_leases_operation_bucket"),
    )
    op.create_index("ix_leases_account_bucket", "leases", ["account", "bucket"], unique=False)
    op.create_index(op.f("ix_leases_process_id"), "leases", ["process_id"], unique=False)
    op.create_table(
        "operations",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=True),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.Column("quota", sa.JSON(), nullable=True),
        sa.Column("rerun_of", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("last_cancel_result", sa.JSON(), nullable=True),
        sa.Column("last_cancel_error", sa.String(), nullable=True),
        sa.Column("detached", sa.Boolean(), nullable=False),
        sa.Column("cancel_on_disconnect", sa.Boolean(), nullable=False),
        sa.Column("disconnected_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index(op.f("ix_operations_id"), "operations", ["id"], unique=True)
    op.create_index("ix_operations_owner_account", "operations", ["owner", "account", "sequence"], unique=False)
    op.create_index("ix_operations_owner_created", "operations", ["owner", "created_at"], unique=False)
    op.create_index("ix_operations_owner_kind", "operations", ["owner", "kind", "sequence"], unique=False)
    op.create_index("ix_operations_owner_sequence", "operations", ["owner", "sequence"], unique=False)
    op.create_index("ix_operations_owner_state", "operations", ["owner", "state", "sequence"], unique=False)
    op.create_index(op.f("ix_operations_request_digest"), "operations", ["request_digest"], unique=False)
    op.create_index(op.f("ix_operations_rerun_of"), "operations", ["rerun_of"], unique=False)
    op.create_index("ix_operations_state_sequence", "operations", ["state", "sequence"], unique=False)
    op.create_table(
        "processes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("renewed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "researches",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("widget_session_id", sa.String(), nullable=True),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("offset", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("sources_found", sa.Integer(), nullable=True),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decision_text", sa.String(), nullable=True),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id"),
    )
    op.create_table(
        "results",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id"),
    )
    op.create_table(
        "revisions",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "submissions",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("upstream_failures", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("image_task_id", sa.String(), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("operation_id"),
    )
    op.create_table(
        "tickets",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id"),
    )
    op.create_index(op.f("ix_tickets_sequence"), "tickets", ["sequence"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "position"),
    )


def downgrade() -> None:
    op.drop_table("uploads")
    op.drop_index(op.f("ix_tickets_sequence"), table_name="tickets")
    op.drop_table("tickets")
    op.drop_table("submissions")
    op.drop_table("revisions")
    op.drop_table("results")
    op.drop_table("researches")
    op.drop_table("processes")
    op.drop_index("ix_operations_state_sequence", table_name="operations")
    op.drop_index(op.f("ix_operations_rerun_of"), table_name="operations")
    op.drop_index(op.f("ix_operations_request_digest"), table_name="operations")
    op.drop_index("ix_operations_owner_state", table_name="operations")
    op.drop_index("ix_operations_owner_sequence", table_name="operations")
    op.drop_index("ix_operations_owner_kind", table_name="operations")
    op.drop_index("ix_operations_owner_created", table_name="operations")
    op.drop_index("ix_operations_owner_account", table_name="operations")
    op.drop_index(op.f("ix_operations_id"), table_name="operations")
    op.drop_table("operations")
    op.drop_index(op.f("ix_leases_process_id"), table_name="leases")
    op.drop_index("ix_leases_account_bucket", table_name="leases")
    op.drop_table("leases")
    op.drop_index(op.f("ix_kept_answers_expires_at"), table_name="kept_answers")
    op.drop_table("kept_answers")
    op.drop_index(op.f("ix_inputs_used_at"), table_name="inputs")
    op.drop_table("inputs")
    op.drop_index(op.f("ix_idempotency_keys_expires_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("events")
    op.drop_table("doomed_files")
    op.drop_index(op.f("ix_artifacts_operation_id"), table_name="artifacts")
    op.drop_index(op.f("ix_artifacts_created_at"), table_name="artifacts")
    op.drop_table("artifacts")
    op.drop_table("accounts")
