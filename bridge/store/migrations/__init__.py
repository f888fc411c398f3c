"""The schema's history. Every process that opens the database calls `migrate` first."""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from bridge.store.errors import store_errors
from bridge.store.sqlite import database_file, writing_engine

_PATIENCE_SECONDS = 60
_VERSIONS = Path(__file__).parent / "versions"
"""A file a revision, named by its number."""


def migrate(url: str) -> None:
    """Bring the database to the newest revision; makes it when it is missing, does nothing when it is there.

    Safe when several processes start at once: a file lock lets one through at a time. A failed migration leaves the
    database as it was.

    Raises:
        SettingError: `url` is not the address of an SQLite file.
        StoreError: the database cannot be migrated.
    """
    file = database_file(url)
    engine = writing_engine(file, busy_seconds=_PATIENCE_SECONDS)
    try:
        with _alone(file), store_errors(), engine.begin() as connection:
            if not _is_newest(connection):
                upgrade(connection)
    finally:
        engine.dispose()


def upgrade(connection: Connection) -> None:
    """Run the missing revisions inside the connection's open transaction."""
    # Imported only where there is something to do: ten megabytes that a server would keep for ever.
    from alembic import command
    from alembic.config import Config

    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_newest(connection: Connection) -> bool:
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first():
        return False
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision == max(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*.py"))


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    # Switching a new file to WAL does not honour the busy time-out, so SQLite's own locks are not enough here.
    lock = os.open(file.with_name(file.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
