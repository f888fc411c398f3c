"""Reading and writing with several processes and with callers that leave."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.store.engine import Store
from bridge.store.errors import store_errors
from bridge.store.migrations import migrate
from bridge.store.sqlite import writing_engine
from core.errors import NotFoundError, SettingError, StoreError


def _set(conn: Connection, name: str, value: int) -> None:
    conn.exec_driver_sql(
        "INSERT INTO revisions (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def _get(conn: Connection, name: str) -> int | None:
    return conn.exec_driver_sql("SELECT value FROM revisions WHERE name = ?", (name,)).scalar()


async def test_what_is_written_can_be_read(store: Store) -> None:
    await store.write(lambda conn: _set(conn, "a", 1))
    assert await store.read(lambda conn: _get(conn, "a")) == 1


async def test_work_that_raises_leaves_nothing_and_its_own_error(store: Store) -> None:
    def work(conn: Connection) -> None:
        _set(conn, "a", 1)
        raise NotFoundError("no")

    with pytest.raises(NotFoundError):
        await store.write(work)
    assert await store.read(lambda conn: _get(conn, "a")) is None


async def test_one_that_fails_among_several_that_waited_undoes_only_itself(store: Store) -> None:
    entered, leave = threading.Event(), threading.Event()

    def block(_conn: Connection) -> None:
        entered.set()
        leave.wait(5)

    def fail(conn: Connection) -> None:
        _set(conn, "b", 2)
        raise NotFoundError("no")

    blocked = store.submit(block)
    await asyncio.to_thread(entered.wait, 5)
    waiting = [
        store.submit(lambda conn: _set(conn, "a", 1)),
        store.submit(fail),
        store.submit(lambda conn: _get(conn, "b"), durable=True),
        store.submit(lambda conn: _set(conn, "c", 3)),
    ]
    leave.set()
    await blocked
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(outcomes[1], NotFoundError)
    assert outcomes[2] is None
    assert [await store.read(lambda conn, name=name: _get(conn, name)) for name in "abc"] == [1, None, 3]


async def test_the_order_of_handing_in_is_the_order_of_running(store: Store) -> None:
    seen: list[int] = []
    await asyncio.gather(*(store.write(lambda _conn, number=number: seen.append(number)) for number in range(50)))
    assert seen == list(range(50))


async def test_a_cancelled_caller_does_not_stop_the_write(store: Store) -> None:
    entered, leave = threading.Event(), threading.Event()

    def block(_conn: Connection) -> None:
        entered.set()
        leave.wait(5)

    blocking = asyncio.create_task(store.write(block))
    await asyncio.to_thread(entered.wait, 5)
    waiting = asyncio.create_task(store.write(lambda conn: _set(conn, "a", 7)))
    await asyncio.sleep(0)
    waiting.cancel()
    leave.set()
    await blocking
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await store.write(lambda _conn: None)
    assert await store.read(lambda conn: _get(conn, "a")) == 7


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.read(lambda conn: _set(conn, "a", 1))


async def test_errors_of_the_database_name_no_values(store: Store) -> None:
    def twice(conn: Connection) -> None:
        for _ in range(2):
            conn.exec_driver_sql("INSERT INTO revisions (name, value) VALUES (?, 1)", ("a secret prompt",))

    with pytest.raises(StoreError) as caught:
        await store.write(twice)
    assert "UNIQUE" in caught.value.message
    assert "secret" not in str(caught.value) + str(caught.value.__cause__)


async def test_a_write_waits_for_another_process(store: Store, database_url: str) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.write(lambda conn: _set(conn, "a", 1)))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    other.execute("COMMIT")
    await waiting
    other.close()


def test_a_write_that_waits_too_long_is_a_store_error(database_url: str) -> None:
    file = Path(database_url.removeprefix("sqlite:///"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    engine = writing_engine(file, busy_seconds=0.05)
    with pytest.raises(StoreError, match="locked"), store_errors(), engine.begin() as connection:
        _set(connection, "a", 1)
    other.close()
    engine.dispose()


async def test_changed_tells_of_commits_in_this_process_and_in_others(store: Store, database_url: str) -> None:
    first = await store.changed()
    assert await store.changed() == first
    await store.write(lambda conn: _set(conn, "a", 1))
    second = await store.changed()
    assert second != first
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as other:
        other.execute("INSERT INTO revisions VALUES ('b', 1)")
    other.close()
    assert await store.changed() != second


async def test_durable_commits_are_synchronous_and_others_are_not(store: Store) -> None:
    def level(conn: Connection) -> Any:
        return conn.exec_driver_sql("PRAGMA synchronous").scalar()

    assert await store.write(level) == 1
    assert await store.write(level, durable=True) == 2
    assert await store.write(level) == 1
    assert await store.read(lambda conn: conn.exec_driver_sql("PRAGMA journal_mode").scalar()) == "wal"


async def test_a_read_sees_one_moment(store: Store) -> None:
    entered, leave = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[int | None, int | None]:
        before = _get(conn, "a")
        entered.set()
        leave.wait(5)
        return before, _get(conn, "a")

    reading = asyncio.create_task(store.read(twice))
    await asyncio.to_thread(entered.wait, 5)
    await store.write(lambda conn: _set(conn, "a", 1))
    leave.set()
    assert await reading == (None, None)


async def test_closing_finishes_what_was_handed_in_and_refuses_the_rest(database_url: str) -> None:
    store = Store.open(database_url)
    handed_in = store.submit(lambda conn: _set(conn, "a", 1))
    await store.aclose()
    await handed_in
    with pytest.raises(StoreError, match="closed"):
        await store.write(lambda conn: None)
    again = Store.open(database_url)
    assert await again.read(lambda conn: _get(conn, "a")) == 1
    await again.aclose()


async def test_folder_and_files_are_for_the_owner_only(store: Store, tmp_path: Path) -> None:
    await store.write(lambda conn: _set(conn, "a", 1))
    folder = tmp_path / "data"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [file for file in folder.iterdir() if file.name.startswith("bridge.sqlite")]
    assert {file.name for file in files} >= {"bridge.sqlite", "bridge.sqlite-wal", "bridge.sqlite-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_another_database_is_a_setting_error_that_names_the_variable(url: str) -> None:
    for open_it in (Store.open, migrate):
        with pytest.raises(SettingError, match="CHATGPT_DATABASE_URL"):
            open_it(url)


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError):
        Store.open(f"sqlite:///{tmp_path / 'file' / 'bridge.sqlite'}")
