"""Limits that are ended by hand: the cooldown, and what a refusal said of the quota."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.accounts.outcomes import Attempt
from bridge.build import Bridge, open_bridge
from bridge.routing.needs import Needs
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import FeatureLimitError
from core.settings import Settings, load_all
from provider.interface.accounts import FeatureQuota, Limits
from provider.simulator import SimulatorConfig, start
from tests.fakes.waiting import until

IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))
EDIT = Needs(kind="edit", buckets=(Bucket.UPLOAD, Bucket.IMAGE), inputs=1)


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    simulator = await start(SimulatorConfig(accounts=("plus",)))
    folder = tmp_path / "accounts" / "plus"
    folder.mkdir(parents=True)
    (folder / "chatgpt-request.txt").write_text(simulator.captures()["plus"])
    yield load_all(
        storage={"data_dir": tmp_path / "data"},
        accounts={"accounts_dir": tmp_path / "accounts"},
        upstream={"base_url": simulator.url},
    )
    await simulator.aclose()


@pytest.fixture
async def bridge(settings: Settings) -> AsyncIterator[Bridge]:
    async with open_bridge(settings, process="test") as opened:
        yield opened


async def refused(bridge: Bridge, *features: str) -> None:
    """Upstream refused a picture, as a session and its pool tell it."""
    for feature in features:
        bridge.quota.book.refused("plus", feature, retry_after_seconds=3600)
    account = await bridge.registry.account("plus")
    attempt = Attempt(utc_now(), account.capture_sha256, buckets=EDIT.buckets)
    await bridge.outcomes.report("plus", FeatureLimitError("used up", retry_after_seconds=3600), attempt)


async def status(bridge: Bridge, needs: Needs) -> str:
    return (await bridge.registry.account("plus")).quota(needs.features).status


async def test_what_a_refusal_said_of_the_quota_goes_with_the_cooldown(bridge: Bridge, settings: Settings) -> None:
    async with open_bridge(settings, process="worker") as other:
        await refused(bridge, "image_gen", "file_upload")
        await bridge.quota.keeper.settle()
        await until(lambda: _is(other, "insufficient"))

        cleared = await bridge.cooldowns.clear("plus", "bucket:image", actor="me")
        assert [one.cooldown.scope for one in cleared.ended] == ["bucket:image"]
        assert cleared.doubted == ("image_gen",)
        assert await status(bridge, IMAGE) == "unknown"
        assert await status(bridge, EDIT) == "insufficient"
        await until(lambda: _is(other, "unknown"))
        explained = await bridge.pool.explain(IMAGE)
        assert explained.account == "plus"

    audit = (await bridge.audit.page()).items[0]
    assert audit.before is not None
    assert audit.before["image_gen"].startswith("used up until ")


async def test_it_goes_too_where_the_cooldown_has_ended_already(bridge: Bridge) -> None:
    await refused(bridge, "image_gen")
    await bridge.cooldowns.clear("plus", "bucket:upload", actor="me")
    assert await status(bridge, IMAGE) == "insufficient"
    bridge.quota.book.refused("plus", "image_gen", retry_after_seconds=3600)
    cleared = await bridge.cooldowns.clear("plus", actor="me")
    again = await bridge.cooldowns.clear("plus", actor="me")
    assert (cleared.doubted, again.doubted, again.ended) == (("image_gen",), (), ())
    assert await status(bridge, IMAGE) == "unknown"


async def test_what_upstream_counts_itself_stays(bridge: Bridge) -> None:
    limits = Limits({"image_gen": FeatureQuota("image_gen", "exhausted", remaining=0)})
    bridge.quota.book.told("plus", limits, source="probe")
    cleared = await bridge.cooldowns.clear("plus", actor="me")
    assert (cleared.ended, cleared.doubted) == ((), ())
    assert await status(bridge, IMAGE) == "insufficient"


async def _is(bridge: Bridge, wanted: str) -> bool:
    return await status(bridge, IMAGE) == wanted
