"""Accounts for operations: a line in the order of admission, shared by all processes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bridge.accounts import leases, tickets
from bridge.accounts.registry import Registry
from bridge.routing.grants import grant_next, release_operation
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from bridge.store.engine import Store
from bridge.store.tables import OperationRow
from bridge.vault import Vault
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import (
    AccountNotConfiguredError,
    CaptureRejectedError,
    FeatureLimitError,
    RateLimitedError,
)
from tests.bridge.routing.conftest import OpenPool
from tests.fakes.provider import FakeProvider, capture

_IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))


async def _admit(store: Store, *ids: str, state: str = "accepted") -> None:
    rows = [
        {
            "id": id,
            "kind": "image",
            "state": state,
            "owner": "primary",
            "request": {},
            "request_digest": "d",
            "message_id": "m",
            "model": "auto",
            "created_at": utc_now(),
            "skipped": [],
            "attempts": 0,
            "last_event": 0,
            "cancel_requested": False,
            "detached": False,
            "cancel_on_disconnect": False,
            "claimed": False,
        }
        for id in ids
    ]
    await store.write(lambda conn: conn.execute(insert(OperationRow), rows))


async def _row(store: Store, id: str) -> dict[str, Any]:
    found = await store.read(
        lambda conn: conn.exec_driver_sql("SELECT account, skipped FROM operations WHERE id = ?", (id,)).one()
    )
    return {"account": found.account, "skipped": [entry["reason"] for entry in json.loads(found.skipped)]}


async def _finish(store: Store, registry: Registry, id: str) -> Sequence[str]:
    accounts = await registry.snapshot()

    def work(conn: Connection) -> tuple[str, ...]:
        release_operation(conn, id)
        return grant_next(conn, accounts, utc_now())

    return await store.write(work, durable=True)


def _listen(pool: Pool) -> tuple[list[str], asyncio.Event]:
    """The ids that the pool tells of, and whether it has."""
    ids: list[str] = []
    told = asyncio.Event()

    async def tell(granted: tuple[str, ...]) -> None:
        ids.extend(granted)
        told.set()

    pool.on_granted = tell
    return ids, told


async def test_a_free_account_is_given_at_once_and_asking_again_changes_nothing(
    pool: Pool, vault: Vault, store: Store
) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("free"))
    await _admit(store, "op1")
    first = await pool.reserve("op1", 1, _IMAGE)
    assert (first.account, first.skipped, first.granted) == ("a", (), ())
    assert (await pool.reserve("op1", 1, _IMAGE)).account == "a"
    assert await store.read(leases.used) == {("a", "image"): 1}
    assert await _row(store, "op1") == {"account": "a", "skipped": []}


async def test_fourteen_on_one_slot_are_served_in_the_order_of_admission(
    pool: Pool, vault: Vault, store: Store, registry: Registry
) -> None:
    vault.write("a", capture("free"))
    ids = [f"op{number:02}" for number in range(1, 15)]
    await _admit(store, *ids)
    # They reach the line in another order than that of their admission.
    reserved = {}
    for id in [ids[0], *reversed(ids[1:])]:
        reserved[id] = (await pool.reserve(id, int(id[2:]), _IMAGE)).account
    assert [id for id, account in reserved.items() if account] == [ids[0]]
    assert await _row(store, "op05") == {"account": None, "skipped": ["busy"]}
    served = [ids[0]]
    while granted := await _finish(store, registry, served[-1]):
        assert len(granted) == 1
        served += granted
        assert (await pool.reserve(served[-1], 0, _IMAGE)).account == "a"
    assert served == ids


async def test_whoever_can_be_served_passes_those_nobody_can_serve(
    pool: Pool, vault: Vault, store: Store, registry: Registry
) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("free"))
    await _admit(store, "op1", "op2", "op3", "op4")
    only_a = _IMAGE.model_copy(update={"accounts": ("a",)})
    assert (await pool.reserve("op1", 1, only_a)).account == "a"
    waiting = await pool.reserve("op2", 2, only_a)
    assert waiting.account is None
    assert [(skip.account, skip.reason) for skip in waiting.skipped] == [("a", "busy")]
    assert (await pool.reserve("op3", 3, _IMAGE)).account == "b"
    assert (await pool.reserve("op4", 4, _IMAGE)).account is None
    assert await _finish(store, registry, "op3") == ("op4",)
    assert await _finish(store, registry, "op1") == ("op2",)


async def test_without_any_account_an_operation_waits_for_one(pool: Pool, vault: Vault, store: Store) -> None:
    await _admit(store, "op1")
    waiting = await pool.reserve("op1", 1, _IMAGE)
    assert waiting.account is None
    assert [skip.reason for skip in waiting.skipped] == ["account_not_configured"]
    assert await pool.grant_waiting() == ()
    vault.write("a", capture("free"))
    assert await pool.grant_waiting() == ("op1",)
    assert await pool.grant_waiting() == ()
    assert await _row(store, "op1") == {"account": "a", "skipped": []}


async def test_a_changed_account_serves_the_line_by_itself(pool: Pool, vault: Vault, store: Store) -> None:
    ids, told = _listen(pool)
    vault.write("a", capture("free"))
    await _admit(store, "op1")
    await pool.report("a", RateLimitedError("x", retry_after_seconds=100), _IMAGE)
    waiting = await pool.reserve("op1", 1, _IMAGE)
    assert waiting.skipped[0].reason == "burst"
    assert waiting.skipped[0].until is not None
    await pool.report("a", None, _IMAGE, began=utc_now())
    await asyncio.wait_for(told.wait(), 5)
    assert ids == ["op1"]


async def test_a_used_up_feature_stops_images_but_no_chats(pool: Pool, vault: Vault, store: Store) -> None:
    vault.write("a", capture("free"))
    await _admit(store, "op1")
    await pool.report("a", FeatureLimitError("x"), _IMAGE)
    assert [skip.reason for skip in (await pool.reserve("op1", 1, _IMAGE)).skipped] == ["feature_limit"]
    async with pool.chat(Needs(kind="chat", buckets=(Bucket.CHAT,))) as held:
        assert held.alias == "a"


async def test_a_chat_that_ends_gives_its_slot_to_an_operation_that_waits_for_it(
    pool: Pool, vault: Vault, store: Store
) -> None:
    ids, told = _listen(pool)
    vault.write("a", capture("free"))
    await _admit(store, "op1")
    async with pool.chat(Needs(kind="chat", buckets=(Bucket.UPLOAD, Bucket.CHAT))):
        uploading = Needs(kind="image", buckets=(Bucket.UPLOAD, Bucket.IMAGE))
        assert (await pool.reserve("op1", 1, uploading)).account is None
    await asyncio.wait_for(told.wait(), 5)
    assert ids == ["op1"]


async def test_what_is_over_gets_no_account_and_keeps_none(pool: Pool, vault: Vault, store: Store) -> None:
    vault.write("a", capture("free"))
    await _admit(store, "over", state="cancelled")
    assert (await pool.reserve("over", 1, _IMAGE)).account is None
    assert not await store.read(tickets.any_waiting)
    await _admit(store, "op1", "op2")
    await pool.reserve("op1", 2, _IMAGE)
    await pool.reserve("op2", 3, _IMAGE)
    # A finish that was lost before it gave the account back.
    await store.write(lambda conn: conn.exec_driver_sql("UPDATE operations SET state = 'failed' WHERE id = 'op1'"))
    assert await pool.grant_waiting() == ("op2",)
    await store.write(lambda conn: conn.exec_driver_sql("UPDATE operations SET state = 'failed' WHERE id = 'op2'"))
    assert await pool.grant_waiting() == ()
    assert await store.read(leases.used) == {}


async def test_a_switched_off_bucket_is_a_reason(pool: Pool, vault: Vault, store: Store) -> None:
    pool._registry._limits = type(pool._registry._limits)({Bucket.IMAGE: {"a": 0}})
    vault.write("a", capture("free"))
    await _admit(store, "op1")
    assert [skip.reason for skip in (await pool.reserve("op1", 1, _IMAGE)).skipped] == ["switched_off"]


async def test_the_session_of_an_operation_is_the_one_of_the_chats(
    pool: Pool, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture())
    async with pool.chat(Needs(kind="chat", buckets=(Bucket.CHAT,))) as held:
        assert await pool.session("a") is held.session
    # Lent sessions survive a change of the capture for a while: an activity may be in the middle of a call.
    vault.write("a", capture("pro"))
    assert await pool.session("a") is not held.session
    assert not provider.sessions[0].closed
    with pytest.raises(AccountNotConfiguredError):
        await pool.session("b")
    vault.write("c", "not a capture")
    with pytest.raises(CaptureRejectedError):
        await pool.session("c")


_PROCESS = """
import asyncio, sys
from pathlib import Path
from bridge.accounts.buckets import BucketLimits
from bridge.accounts.outcomes import Outcomes
from bridge.accounts.presence import ProcessPresence
from bridge.accounts.registry import Registry
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from bridge.routing.sessions import Sessions
from bridge.store.engine import Store
from bridge.vault import Vault
from core.contracts.buckets import Bucket
from tests.fakes.provider import FakeProvider

url, folder, marks = sys.argv[1:]
needs = Needs(kind="chat", buckets=(Bucket.CHAT,))

async def chat(pool):
    async with pool.chat(needs) as held:
        # One folder a slot that is taken: making it fails nowhere, counting them shows the limit.
        mark = Path(marks) / f"{held.alias}-{id(asyncio.current_task())}-{sys.argv[0]}-{__import__('os').getpid()}"
        mark.mkdir()
        most = len(list(Path(marks).glob(f"{held.alias}-*")))
        await asyncio.sleep(0.001)
        mark.rmdir()
        return most

async def main():
    store, vault, provider = Store.open(url), Vault(Path(folder)), FakeProvider()
    presence = ProcessPresence(store, kind="test")
    await presence.start()
    registry = Registry(store, vault, provider, BucketLimits({}), capture_seconds=0)
    pool = Pool(registry, Outcomes(store, registry), Sessions(registry, vault, provider),
                process_id=presence.process_id, queue_limit=1000, patience_seconds=40)
    print(max(await asyncio.gather(*(chat(pool) for _ in range(40)))))
    await pool.aclose(); await presence.aclose(); await store.aclose()

asyncio.run(main())
"""


async def test_several_processes_never_take_more_slots_than_there_are(
    vault: Vault, database_url: str, store: Store, tmp_path: Any
) -> None:
    vault.write("a", capture("plus"))
    marks = tmp_path / "marks"
    marks.mkdir()
    arguments = ("-c", _PROCESS, database_url, str(vault._folder), str(marks))
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    ended = await asyncio.wait_for(asyncio.gather(*(process.communicate() for process in started)), 50)
    most = [int(out) if out else err for out, err in ended]
    assert all(isinstance(count, int) and 1 <= count <= 3 for count in most), most
    assert await store.read(leases.used) == {}


async def test_reservations_from_several_pools_share_the_slots(open_pool: OpenPool, vault: Vault, store: Store) -> None:
    vault.write("a", capture("plus"))
    pools = [await open_pool() for _ in range(3)]
    ids = [f"op{number:02}" for number in range(12)]
    await _admit(store, *ids)
    await asyncio.gather(*(pools[n % 3].reserve(id, n, _IMAGE) for n, id in enumerate(ids)))
    assert await store.read(leases.used) == {("a", "image"): 2}
    assert len(await store.read(tickets.waiting)) == 10
