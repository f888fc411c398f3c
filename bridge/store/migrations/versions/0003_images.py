"""Groups of operations."""

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


def downgrade() -> None:
    op.drop_index("ix_operations_lead", "operations")
    op.drop_column("operations", "lead")
