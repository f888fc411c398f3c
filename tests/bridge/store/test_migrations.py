"""The schema's history leads to the tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

import bridge.store.tables  # noqa: F401 - fills the metadata
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from bridge.store.sqlite import writing_engine

_START = "import sys; from bridge.store.migrations import migrate; migrate(sys.argv[1])"


def test_the_migrated_database_is_what_the_tables_say(tmp_path: Path) -> None:
    file = tmp_path / "bridge.sqlite"
    migrate(f"sqlite:///{file}")
    engine = writing_engine(file)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
        inspector = inspect(connection)
        for table in SQLModel.metadata.sorted_tables:
            unique = {tuple(found["column_names"]) for found in inspector.get_unique_constraints(table.name)}
            wanted = {tuple(c.columns.keys()) for c in table.constraints if type(c).__name__ == "UniqueConstraint"}
            assert unique == wanted, table.name
    engine.dispose()


async def test_migrating_again_keeps_what_is_there(database_url: str, store: Store) -> None:
    await store.write(lambda conn: conn.exec_driver_sql("INSERT INTO revisions VALUES ('a', 5)"))
    migrate(database_url)
    assert await store.read(lambda conn: conn.exec_driver_sql("SELECT value FROM revisions").scalar()) == 5


def test_a_database_that_is_new_enough_costs_no_migration_tool(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.sqlite'}"
    migrate(url)

    loaded = subprocess.run(
        [sys.executable, "-c", f"{_START}; print('alembic' in sys.modules)", url],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )

    assert loaded.stdout == "False\n"


def test_processes_that_start_at_once_migrate_once_and_silently(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'bridge.sqlite'}"
    started = [
        subprocess.Popen([sys.executable, "-c", _START, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = [(*process.communicate(timeout=50), process.returncode) for process in started]
    assert ended == [(b"", b"", 0)] * 4
