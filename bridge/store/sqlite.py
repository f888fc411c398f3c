"""SQLite, opened the one way that several processes can share it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from core.errors import SettingError, StoreError

BUSY_SECONDS = 5
"""Longest a statement waits for another process's transaction."""


def named_file(url: str) -> Path:
    """The file that `url` names, which need not be there.

    Raises:
        SettingError: the address is not that of an SQLite file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingError("CHATGPT_DATABASE_URL is not a database address") from None
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite") or parsed.database in (None, "", ":memory:"):
        raise SettingError("CHATGPT_DATABASE_URL must name an SQLite file, as in sqlite:///outputs/bridge.sqlite")
    return Path(str(parsed.database)).absolute()


def database_file(url: str) -> Path:
    """The file that `url` names, made owner-only together with the folders that were missing.

    Raises:
        SettingError: the address is not that of an SQLite file.
        StoreError: the file cannot be made.
    """
    file = named_file(url)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        file.chmod(0o600)
    except OSError as error:
        raise StoreError(f"the database file cannot be opened: {error.strerror}") from error
    return file


def writing_engine(file: Path, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine whose transactions are all `BEGIN IMMEDIATE`: a deferred one that turns to writing fails at once."""
    engine = create_engine(_url(file), poolclass=NullPool, **_options(busy_seconds))
    _prepare(engine, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "synchronous=NORMAL"))
    return engine


def reading_engine(file: Path, *, connections: int) -> Engine:
    """An engine whose connections cannot write; each transaction sees one moment of the database."""
    engine = create_engine(_url(file), poolclass=QueuePool, pool_size=connections, **_options(BUSY_SECONDS))
    _prepare(engine, begin="BEGIN", pragmas=("query_only=ON",))
    return engine


def _url(file: Path) -> str:
    return f"sqlite:///{file}"


def _options(busy_seconds: float) -> dict[str, Any]:
    # Parameters hold prompts: they must not reach an error's text.
    return {"hide_parameters": True, "connect_args": {"timeout": busy_seconds, "check_same_thread": False}}


def _prepare(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not open transactions by its own rules; `begin` below does.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # Past SQLAlchemy's own statement path, which costs three times the statement.
        driver: Any = connection.connection.dbapi_connection
        driver.execute(begin).close()
