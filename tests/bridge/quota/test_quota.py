"""Quota in a whole bridge on the simulator: asked for where nothing is known, told by turns, remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.build import Bridge, open_bridge
from bridge.routing.needs import Needs
from core import ids
from core.contracts.buckets import Bucket
from core.settings import load_all
from provider.interface.turns import TurnMessage, TurnRequest
from provider.simulator import Simulator, SimulatorConfig, start

IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))
PICTURES = Needs(kind="chat", buckets=(Bucket.UPLOAD, Bucket.CHAT), inputs=2)
CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))
INIT = "POST /backend-api/conversation/init"


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    running = await start(SimulatorConfig(accounts=("plus", "free"), difficulty=""))
    for alias, text in running.captures().items():
        folder = tmp_path / "accounts" / alias
        folder.mkdir(parents=True)
        (folder / "chatgpt-request.txt").write_text(text)
    yield running
    await running.aclose()


@asynccontextmanager
async def opened(root: Path, simulator: Simulator, **quota: Any) -> AsyncIterator[Bridge]:
    settings = load_all(
        storage={"data_dir": root / "data"},
        accounts={"accounts_dir": root / "accounts"},
        upstream={"base_url": simulator.url},
        quota=quota,
    )
    async with open_bridge(settings, process="test") as bridge:
        yield bridge


def probes(simulator: Simulator) -> int:
    return simulator.ledger.by_route[INIT]


async def status(bridge: Bridge, alias: str, needs: Needs = IMAGE) -> str:
    return (await bridge.registry.account(alias)).quota(needs.features).status


async def test_an_operation_has_unknown_quota_asked_for_once_and_a_chat_has_not(
    tmp_path: Path, simulator: Simulator
) -> None:
    async with opened(tmp_path, simulator) as bridge:
        await bridge.quota.before_operation(CHAT)
        await bridge.quota.before_chat(PICTURES)
        assert (probes(simulator), await status(bridge, "plus")) == (0, "unknown")

        await bridge.quota.before_operation(IMAGE)
        await bridge.quota.before_operation(IMAGE)
        assert probes(simulator) == 2
        assert await status(bridge, "plus") == "sufficient"
        assert await status(bridge, "plus", CHAT) == "sufficient"


async def test_the_settings_say_who_asks(tmp_path: Path, simulator: Simulator) -> None:
    async with opened(tmp_path, simulator, preflight="off") as bridge:
        await bridge.quota.before_operation(IMAGE)
        assert probes(simulator) == 0
    async with opened(tmp_path, simulator, preflight="all") as bridge:
        await bridge.quota.before_chat(CHAT)
        assert probes(simulator) == 0
        await bridge.quota.before_chat(PICTURES)
        assert probes(simulator) == 2


async def test_a_request_with_one_account_to_go_to_asks_nobody_beforehand(tmp_path: Path, simulator: Simulator) -> None:
    async with opened(tmp_path, simulator) as bridge:
        await bridge.quota.before_operation(IMAGE.model_copy(update={"accounts": ("plus",)}))
        assert probes(simulator) == 0


async def test_what_a_chat_reveals_is_known_after_a_restart(tmp_path: Path, simulator: Simulator) -> None:
    message = TurnMessage("user", "hello")
    async with opened(tmp_path, simulator) as bridge:
        async with bridge.pool.chat(CHAT) as held:
            alias = held.alias
            request = TurnRequest(messages=(message,), message_id=ids.message_id())
            async with held.session.turn(request, on_close="stop") as turn:
                async for _ in turn:
                    pass
        told = bridge.quota.book.account(alias)
        assert told.source == "stream"

    async with opened(tmp_path, simulator) as bridge:
        assert bridge.quota.book.account(alias) == told
        assert probes(simulator) == 0


async def test_a_probe_waits_for_no_slot(tmp_path: Path, simulator: Simulator) -> None:
    async with opened(tmp_path, simulator) as bridge, bridge.pool.chat(CHAT.model_copy(update={"accounts": ("free",)})):
        await bridge.quota.refresh([await bridge.registry.account("free")])
        assert await status(bridge, "free") != "unknown"


async def _known(bridge: Bridge, alias: str) -> tuple[int, int, int]:
    """How much is known of an account here, in the database, and of the past."""

    def rows(conn: Connection) -> tuple[int, int]:
        counts = [
            conn.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE account = ?", (alias,)).scalar()
            for table in ("quota_readings", "quota_history")
        ]
        return int(counts[0] or 0), int(counts[1] or 0)

    return len(bridge.quota.book.account(alias).features), *await bridge.store.read(rows)


async def test_the_quota_of_another_login_is_unknown_in_every_process(tmp_path: Path, simulator: Simulator) -> None:
    async with opened(tmp_path, simulator) as one, opened(tmp_path, simulator) as other:
        await one.quota.refresh([await one.registry.account("plus")])
        await one.quota.keeper.settle()
        await other.quota.keeper.settle()
        assert 0 not in await _known(other, "plus")
        # Learnt of the login that was there, and not written yet when another one takes its place.
        other.quota.book.spent("plus", "image_gen")
        await other.quota.refresh([await other.registry.account("plus")], force=True)
        capture = simulator.capture("free")
        await one.captures.update("plus", capture, actor="test", verify=False, other_login=True)
        assert await _known(one, "plus") == (0, 0, 0)
        await other.quota.keeper.settle()
        await one.quota.keeper.settle()

        assert await _known(one, "plus") == await _known(other, "plus") == (0, 0, 0)
        assert await status(one, "plus") == "unknown"
