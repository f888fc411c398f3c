"""`/v1/chatgpt/cooldowns`."""

from __future__ import annotations

import httpx2

from bridge.accounts import cooldowns, leases
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import RateLimitedError
from tests.fakes.accounts import cooling
from tests.fakes.server import Served

COOLDOWNS = "/v1/chatgpt/cooldowns"
CHAT = "/v1/chat/completions"


async def test_a_cooldown_says_what_it_is_and_is_ended_by_hand(served: Served, client: httpx2.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": "hello"}]}
    served.world.refusals["plus"] = [RateLimitedError("slow", retry_after_seconds=30)]
    await client.post(CHAT, json=body)
    listed = (await client.get(COOLDOWNS)).json()["data"]
    refused = await client.post(CHAT, json=body)
    ended = (await client.post(f"{COOLDOWNS}/clear", json={"account": "plus"})).json()["data"]
    answered = await client.post(CHAT, json=body)
    audit = (await client.get("/v1/chatgpt/audit")).json()["data"]

    assert len(listed) == 1
    assert {name: listed[0][name] for name in ("account", "scope", "reason", "source", "evidence", "strikes")} == {
        "account": "plus",
        "scope": "account",
        "reason": "burst",
        "source": "told",
        "evidence": "slow",
        "strikes": 1,
    }
    assert 20 < listed[0]["until"] - utc_now().timestamp() <= 30
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "no_eligible_account")
    assert [one["scope"] for one in ended] == ["account"]
    assert answered.status_code == 200
    assert (audit[0]["action"], audit[0]["subject"]) == ("cooldown.cleared", "plus")


async def test_nothing_to_end_is_no_error_and_nobody_is(client: httpx2.AsyncClient) -> None:
    nothing = await client.post(f"{COOLDOWNS}/clear", json={"account": "plus", "scope": "bucket:image"})
    nobody = await client.post(f"{COOLDOWNS}/clear", json={"account": "nobody"})

    misspelt = await client.post(f"{COOLDOWNS}/clear", json={"account": "plus", "scopes": "bucket:image"})

    assert (misspelt.status_code, misspelt.json()["error"]["param"]) == (400, "scopes")
    assert (nothing.status_code, nothing.json()["data"]) == (200, [])
    assert nobody.json()["error"]["code"] == "account_not_configured"


async def test_one_whose_end_has_passed_says_whether_somebody_tries(served: Served, client: httpx2.AsyncClient) -> None:
    def over(conn: leases.Transaction) -> None:
        leases.take_for_operation(conn, operation_id="op", account="plus", buckets=[Bucket.IMAGE], now=utc_now())
        for scope in ("account", "bucket:image"):
            cooldowns.keep(conn, "plus", cooling(scope, utc_now()))
        cooldowns.try_with(conn, "plus", ["bucket:image"], "op")

    await served.bridge.store.write(over)
    listed = (await client.get(f"{COOLDOWNS}?account=plus")).json()["data"]

    assert {one["scope"]: one["state"] for one in listed} == {"account": "over", "bucket:image": "trying"}
    assert [one["longest_seconds"] for one in listed] == [900, 900]
    assert (await client.get(f"{COOLDOWNS}?account=nobody")).json()["data"] == []
