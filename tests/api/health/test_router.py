"""`/health`."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import utc_now
from core.errors import (
    AccountDisabledError,
    AuthExpiredError,
    BrowserCheckRequiredError,
    RateLimitedError,
    StoreError,
)
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server


def states(answer: httpx2.Response) -> dict[str, str]:
    return {part["name"]: part["state"] for part in answer.json()["parts"]}


async def test_health_says_what_is_served(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/health")).json()

    assert (body["ok"], body["account"], body["accounts"]) == (True, "plus", ["plus"])
    assert body["account_concurrency"] == {"plus": 3}
    assert body["artifact_downloads"]["route"] == "/v1/chatgpt/files/{id}/{filename}"


async def test_live_needs_no_key(served: Served) -> None:
    async with served.client(None) as anybody:
        assert (await anybody.get("/health/live")).json() == {"status": "ok"}


async def test_ready_shows_details_to_those_with_the_key(served: Served, client: httpx2.AsyncClient) -> None:
    async with served.client(None) as anybody:
        without = await anybody.get("/health/ready")
    with_key = await client.get("/health/ready")

    assert (without.status_code, without.json()["status"]) == (200, "ok")
    assert states(without) == dict.fromkeys(("database", "temporal", "worker", "accounts"), "ok")
    assert not any("detail" in part for part in without.json()["parts"])
    assert any("detail" in part for part in with_key.json()["parts"])


@pytest.mark.parametrize(
    ("change", "missing"), [({"available": False}, {"temporal", "worker"}), ({"worker": False}, {"worker"})]
)
async def test_a_missing_part_is_a_503_but_not_for_chat(
    served: Served, client: httpx2.AsyncClient, change: dict[str, Any], missing: set[str]
) -> None:
    for name, value in change.items():
        setattr(served.temporal, name, value)
    answer, for_chat = await client.get("/health/ready"), await client.get("/health/ready?for=chat")

    assert answer.status_code == 503
    assert {name for name, state in states(answer).items() if state != "ok"} == missing
    assert for_chat.status_code == 200


async def test_without_an_account_work_is_taken_and_chat_is_not(tmp_path: Path) -> None:
    async with open_server(tmp_path, captures={}) as served, served.client() as client:
        answer, for_chat = await client.get("/health/ready"), await client.get("/health/ready?for=chat")
        served.bridge.vault.write("plus", capture("plus"))
        later = await client.get("/health/ready?for=chat")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert for_chat.status_code == 503
    assert later.status_code == 200


async def test_failing_workflow_tasks_show(served: Served, client: httpx2.AsyncClient) -> None:
    served.temporal.failing = frozenset({"chatgptop_1"})

    answer = await client.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "chatgptop_1" in answer.text


async def test_a_database_that_is_away_is_a_503_for_everything(
    served: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> int:
        raise StoreError("no disk")

    monkeypatch.setattr(served.bridge.store, "changed", away)

    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/ready?for=chat")).status_code == 503


async def test_an_unknown_need_is_a_422(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready?for=fun")

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "for")


async def test_captures_that_end_soon_are_told_to_those_with_the_key_and_change_no_status(tmp_path: Path) -> None:
    def ending(**left: float) -> str:
        return capture("plus", expires=(utc_now() + timedelta(**left)).isoformat())

    captures = {"day": ending(days=1), "hour": ending(hours=1), "month": ending(days=30), "silent": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        answer = await client.get("/health/ready")
        async with served.client(None) as anybody:
            without = await anybody.get("/health/ready")

    told = {warning["account"]: warning for warning in answer.json()["warnings"]}
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert {name: warning["stage"] for name, warning in told.items()} == {"day": "days", "hour": "hours"}
    assert told["hour"]["expires_at"] - time.time() == pytest.approx(3600, abs=60)
    assert "account update hour" in told["hour"]["message"]
    assert "@" not in answer.text
    assert "warnings" not in without.json()


async def test_accounts_that_somebody_has_to_look_after_are_warned_of_and_counted(tmp_path: Path) -> None:
    captures = {name: capture("plus") for name in ("closed", "asked", "over", "rests", "well")}
    captures["broken"] = capture("plus", missing=["cookies"])
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        await served.bridge.registry.snapshot()
        for alias, error in (
            ("closed", AccountDisabledError("closed")),
            ("asked", BrowserCheckRequiredError("who are you", reason="challenge_page")),
            ("over", AuthExpiredError("over")),
            ("rests", RateLimitedError("slow", retry_after_seconds=60)),
        ):
            await served.bridge.pool.report(alias, error)
        answer = (await client.get("/health/ready")).json()

    told = {warning["account"]: warning for warning in answer["warnings"]}
    assert {name: warning["stage"] for name, warning in told.items()} == {
        "asked": "quarantined",
        "broken": "unusable",
        "closed": "quarantined",
        "over": "expired",
    }
    assert "chatgpt-api account check closed --again" in told["closed"]["message"]
    assert told["over"]["expires_at"] is None
    [accounts] = [part for part in answer["parts"] if part["name"] == "accounts"]
    assert accounts["detail"] == (
        "1 of 6 can serve (1 challenge, 1 capture_rejected, 1 blocked, 1 auth_expired, 1 burst)"
    )
