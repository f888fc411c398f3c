"""Run by Alembic: everything happens in the transaction that `upgrade` was given."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import bridge.store.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
