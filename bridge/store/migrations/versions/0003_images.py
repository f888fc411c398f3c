"""Groups of operations, and files that clients upload."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operations", sa.Column("lead", sa.String(), nullable=True))
    op.create_index("ix_operations_lead", "operations", ["lead"], unique=False)
    op.create_index("ix_artifacts_owner_created", "artifacts", ["owner", "created_at"], unique=False)
    op.create_table(
        "files",
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("file_id"),
    )
    op.create_index("ix_files_owner_created", "files", ["owner", "created_at"], unique=False)
    op.create_index("ix_files_sha256", "files", ["sha256"], unique=False)
    op.create_index("ix_files_expires_at", "files", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("files")
    op.drop_index("ix_artifacts_owner_created", "artifacts")
    op.drop_index("ix_operations_lead", "operations")
    op.drop_column("operations", "lead")
