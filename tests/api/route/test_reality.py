"""What `route explain` tells is what becomes of the real request: for every kind of work and every reason."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bridge.accounts import cooldowns, leases
from bridge.accounts.buckets import SavedLimits
from bridge.accounts.memory import bump, remember
from bridge.operations.turns import account_needs
from bridge.quota.readings import FEATURES
from bridge.routing.needs import Needs
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import (
    AccountBusyError,
    AccountDisabledError,
    AuthExpiredError,
    BridgeError,
    BrowserCheckRequiredError,
    FeatureLimitError,
    ForbiddenError,
    ModelLimitError,
    RateLimitedError,
)
from provider.interface.accounts import FeatureQuota, Limits
from tests.fakes.accounts import cooling
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server
from tests.fakes.upstream import png

PICTURE = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
ROUTES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", CHAT),
    "response": ("/v1/chat/completions", CHAT),
    "image": ("/v1/images/generations", {"prompt": "a heron"}),
    "edit": ("/v1/images/edits", {"prompt": "a heron", "images": [PICTURE]}),
    "vision": ("/v1/chatgpt/vision", {"prompt": "what is it?", "images": [PICTURE]}),
    "research": ("/v1/chatgpt/research", {"prompt": "herons"}),
}
ALL = tuple(Bucket)

Trouble = Callable[[Served], Awaitable[None]]


def state(name: str) -> Trouble:
    async def begin(served: Served) -> None:
        await served.bridge.changes.change("plus", "test", state=name, reason="because")

    return begin


def learnt(error: BridgeError, *buckets: Bucket) -> Trouble:
    async def begin(served: Served) -> None:
        await served.bridge.pool.report("plus", error, Needs(kind="chat", buckets=buckets))

    return begin


async def no_quota(served: Served) -> None:
    none_left = {name: FeatureQuota(name, "exhausted", 0, utc_now() + timedelta(hours=2)) for name in FEATURES}
    served.bridge.quota.book.told("plus", Limits(none_left), source="probe")


async def no_slots(served: Served) -> None:
    off = {bucket: {"plus": 0} for bucket in ALL if bucket is not Bucket.CHAT}
    await served.bridge.limits.save(lambda _: SavedLimits(accounts=off), actor="test")


async def full(served: Served) -> None:
    """Every slot is taken, by work that nobody gives an end."""

    def take(conn: leases.Transaction) -> None:
        for number in range(4):
            leases.take_for_operation(conn, operation_id=f"op{number}", account="plus", buckets=ALL, now=utc_now())

    await served.bridge.store.write(take)


async def tried_out(served: Served) -> None:
    """A cooldown has ended, and somebody tries the account."""

    def begin(conn: leases.Transaction) -> None:
        leases.take_for_operation(conn, operation_id="probe", account="other", buckets=ALL, now=utc_now())
        remember(conn, "plus", utc_now())
        cooldowns.keep(conn, "plus", cooling("account", utc_now()))
        cooldowns.try_with(conn, "plus", ["account"], "probe")
        bump(conn)

    await served.bridge.store.write(begin)


async def broken(served: Served) -> None:
    served.bridge.vault.write("plus", capture("plus", missing=["cookies"]))


async def gone(served: Served) -> None:
    await served.bridge.captures.delete("plus", actor="test")


async def well(served: Served) -> None:
    return None


REASONS: Mapping[str, Trouble] = {
    "well": well,
    "paused": state("paused"),
    "draining": state("draining"),
    "challenge": learnt(BrowserCheckRequiredError("who are you", reason="challenge_page")),
    "auth_expired": learnt(AuthExpiredError("over")),
    "blocked": learnt(AccountDisabledError("closed")),
    "burst": learnt(RateLimitedError("slow", retry_after_seconds=60)),
    "rate_window": learnt(RateLimitedError("slow", retry_after_seconds=9000)),
    "account_busy": learnt(AccountBusyError("one at a time")),
    "forbidden": learnt(ForbiddenError("no")),
    "model_limit": learnt(ModelLimitError("no more of auto", retry_after_seconds=600), Bucket.CHAT),
    "feature_limit": learnt(FeatureLimitError("none left"), Bucket.IMAGE, Bucket.UPLOAD, Bucket.RESEARCH),
    "quota_exhausted": no_quota,
    "switched_off": no_slots,
    "busy": full,
    "trying_again": tried_out,
    "capture_rejected": broken,
    "account_not_configured": gone,
}
NOT_FOR_CHAT = {"feature_limit", "quota_exhausted", "switched_off"}
"""A chat in words meets no limit of a feature, and cannot be switched off."""


async def really(served: Served, client: httpx2.AsyncClient, kind: str, body: dict[str, Any]) -> tuple[str, str | None]:
    """What becomes of a request, in explain's words, and the error's code."""
    headers = {} if kind == "chat" else {"Prefer": "respond-async"}
    answer = await client.post(ROUTES[kind][0], json=body, headers=headers)
    if answer.status_code == 200:
        return "served", None
    if answer.status_code == 202:
        record = await served.bridge.operations.find(answer.json()["operation"]["id"])
        held = await served.bridge.pool.reserve(record.id, record.sequence, account_needs(record))
        await served.bridge.store.write(lambda conn: leases.release_operation(conn, record.id))
        return ("waits" if held.account is None else "served"), None
    code = str(answer.json()["error"]["code"])
    return ("waits_for_a_slot", None) if code == "accounts_busy" else ("refused", code)


@pytest.mark.parametrize("reason", REASONS)
async def test_what_is_told_is_what_happens(tmp_path: Path, reason: str) -> None:
    async with open_server(tmp_path, patience_seconds=0.1) as served, served.client() as client:
        await served.bridge.registry.snapshot()
        await REASONS[reason](served)
        for kind, (_, body) in ROUTES.items():
            told = (await client.post("/v1/chatgpt/route/explain", json={"kind": kind, "request": body})).json()
            expected = (told["outcome"], None if told["error"] is None else told["error"]["code"])
            # Before what follows teaches the bridge something.
            assert await really(served, client, kind, body) == expected, (kind, told)
            concerned = reason != "well" and not (kind in ("chat", "response") and reason in NOT_FOR_CHAT)
            assert (told["account"] is None) is concerned, (kind, told)
            if concerned and reason != "account_not_configured":
                assert [one["reason"] for one in told["accounts"]] == [reason], (kind, told)


@pytest.mark.parametrize("kind", ["chat", "response", "image", "edit", "vision"])
@pytest.mark.parametrize("trouble", ["well", "paused", "challenge", "burst", "busy"])
async def test_a_model_that_nobody_offers_is_refused_whatever_else_holds(
    tmp_path: Path, kind: str, trouble: str
) -> None:
    no_fallback = {"model_fallback": "off"}
    async with open_server(tmp_path, patience_seconds=0.1, chat=no_fallback) as served, served.client() as client:
        await served.bridge.registry.snapshot()
        await REASONS[trouble](served)
        body = {**ROUTES[kind][1], "model": "gpt-nonsense"}
        told = (await client.post("/v1/chatgpt/route/explain", json={"kind": kind, "request": body})).json()

        assert (told["outcome"], told["error"]["code"]) == ("refused", "unsupported_model")
        assert await really(served, client, kind, body) == ("refused", "unsupported_model")


@pytest.mark.parametrize("kind", ["chat", "response", "vision"])
@pytest.mark.parametrize("trouble", ["well", "paused", "burst", "busy"])
async def test_the_fallback_that_answers_is_told(tmp_path: Path, kind: str, trouble: str) -> None:
    async with open_server(tmp_path, patience_seconds=0.1) as served, served.client() as client:
        await served.bridge.registry.snapshot()
        await REASONS[trouble](served)
        body = {**ROUTES[kind][1], "model": "gpt-nonsense"}
        told = (await client.post("/v1/chatgpt/route/explain", json={"kind": kind, "request": body})).json()

        expected = (told["outcome"], None if told["error"] is None else told["error"]["code"])
        assert await really(served, client, kind, body) == expected
        falls_back = kind == "response" or (kind == "chat" and trouble in ("well", "busy"))
        assert told["fallback_model"] == ("auto" if falls_back else None)
        assert told["needs"]["model"] == ("auto" if falls_back else "gpt-nonsense")
