"""How operations came to their accounts, and whose conversations never change theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "affinities",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("affinities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_affinities_at"), ["at"], unique=False)

    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("route", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.drop_column("route")

    with op.batch_alter_table("affinities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_affinities_at"))

    op.drop_table("affinities")
