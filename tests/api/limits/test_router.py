"""`/v1/chatgpt/limits`: what applies, why, and at once."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import httpx2
import pytest

from core.contracts.keys import AccessScope, KeyTerms
from tests.fakes.server import Served
from tests.fakes.upstream import png
from tests.fakes.waiting import until

PATH = "/v1/chatgpt/limits"
PICTURE = f"data:image/png;base64,{b64encode(png()).decode()}"


async def now(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await client.get(PATH)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_every_number_says_where_it_comes_from(client: httpx2.AsyncClient) -> None:
    found = await now(client)
    assert found["plans"]["team"]["chat"] == {"slots": 3, "source": "plan_table"}
    assert found["accounts"]["plus"]["image"] == {"slots": 2, "source": "plan_table", "in_use": 0}
    assert found["ranges"] == {
        "chat": [1, 32],
        "helper": [1, 32],
        "upload": [0, 32],
        "image": [0, 32],
        "research": [0, 32],
    }

    saved = {"chat": {"plans": {"Plus": 5}}, "image": {"accounts": {"plus": 0}}}
    answer = await client.put(PATH, json=saved)
    assert answer.status_code == 200
    accounts = answer.json()["accounts"]["plus"]
    assert (accounts["chat"]["slots"], accounts["chat"]["source"]) == (5, "settings")
    assert (accounts["image"]["slots"], accounts["image"]["source"]) == (0, "account")
    assert answer.json()["saved"]["plans"] == {"chat": {"plus": 5}}


async def test_a_put_replaces_a_patch_adds_and_a_delete_forgets(client: httpx2.AsyncClient) -> None:
    await client.put(PATH, json={"chat": {"plans": {"plus": 5}}, "image": {"plans": {"plus": 1}}})
    answer = await client.patch(PATH, json={"image": {"plans": {"plus": None, "free": 2}}})
    assert answer.json()["saved"]["plans"] == {"chat": {"plus": 5}, "image": {"free": 2}}
    answer = await client.put(PATH, json={"research": {"plans": {"plus": 1}}})
    assert answer.json()["saved"]["plans"] == {"research": {"plus": 1}}
    answer = await client.delete(PATH)
    assert answer.json()["saved"] == {"plans": {}, "accounts": {}}


async def test_changes_at_the_same_time_lose_nothing(client: httpx2.AsyncClient) -> None:
    names = [f"account-{number}" for number in range(20)]
    await asyncio.gather(*(client.patch(PATH, json={"chat": {"accounts": {name: 2}}}) for name in names))
    assert (await now(client))["saved"]["accounts"]["chat"] == dict.fromkeys(names, 2)


async def test_what_changes_nothing_is_not_in_the_audit_log(client: httpx2.AsyncClient) -> None:
    for _ in range(2):
        await client.patch(PATH, json={"chat": {"plans": {"plus": 5}}})
        await client.put(PATH, json={"chat": {"plans": {"plus": 5}, "image": {"plans": {"plus": None}}}})
    changes = (await client.get("/v1/chatgpt/audit?action=limits.changed")).json()["data"]
    assert len(changes) == 1


async def test_a_saved_number_that_nobody_has_is_warned_of(client: httpx2.AsyncClient) -> None:
    await client.put(PATH, json={"chat": {"accounts": {"plsu": 2, "plus": 2}}})
    assert (await now(client))["warnings"][0] == "Slots are saved for 'plsu', but there is no such account."


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"chat": {"plans": {"plus": 0}}}, "chat.plans.plus"),
        ({"image": {"plans": {"plus": 33}}}, "image.plans.plus"),
        ({"image": {"plans": {"gold": 1}}}, "image.plans"),
        ({"image": {"accounts": {"../x": 1}}}, "image.accounts"),
        ({"upload": {"accounts": {"plus": "3"}}}, "upload.accounts.plus"),
        ({"images": {"accounts": {"plus": 3}}}, "images"),
        ({"image": {"account": {"plus": 3}}}, "image.account"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_saved(
    client: httpx2.AsyncClient, body: dict[str, Any], param: str
) -> None:
    answer = await client.put(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert (await now(client))["saved"] == {"plans": {}, "accounts": {}}


async def test_a_raised_limit_lets_those_in_line_in_and_no_taken_slot_is_lost(
    client: httpx2.AsyncClient, served: Served
) -> None:
    served.world.accepting.clear()
    await client.put(PATH, json={"chat": {"plans": {"plus": 1}}})
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
    chats = [asyncio.create_task(client.post("/v1/chat/completions", json=body)) for _ in range(3)]
    await _asked(served, 1)
    assert (await now(client))["accounts"]["plus"]["chat"]["in_use"] == 1

    await client.put(PATH, json={"chat": {"plans": {"plus": 2}}})
    await _asked(served, 2)
    await client.put(PATH, json={"chat": {"plans": {"plus": 1}}})
    assert (await now(client))["accounts"]["plus"]["chat"]["in_use"] == 2
    served.world.accepting.set()
    assert [answer.status_code for answer in await asyncio.gather(*chats)] == [200, 200, 200]


async def test_work_that_is_switched_off_everywhere_is_refused_with_a_code_of_its_own(
    client: httpx2.AsyncClient,
) -> None:
    await client.put(PATH, json={"image": {"plans": {"plus": 0}}, "upload": {"accounts": {"plus": 0}}})
    answer = await client.post("/v1/images/generations", json={"prompt": "a heron"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "feature_switched_off")
    assert "set-limits" in answer.json()["error"]["action"]

    picture = {"type": "image_url", "image_url": {"url": PICTURE}}
    body = {"model": "auto", "messages": [{"role": "user", "content": [picture]}]}
    answer = await client.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "feature_switched_off")
    body = {"model": "auto", "messages": [{"role": "user", "content": "in words"}]}
    assert (await client.post("/v1/chat/completions", json=body)).status_code == 200


async def test_a_change_is_in_the_audit_log_and_needs_a_key_that_administers(
    client: httpx2.AsyncClient, served: Served
) -> None:
    await client.put(PATH, json={"chat": {"plans": {"plus": 5}}})
    entry = (await client.get("/v1/chatgpt/audit?action=limits.changed")).json()["data"][0]
    assert entry["before"] == {"plans": {}, "accounts": {}}
    assert entry["after"] == {"plans": {"chat": {"plus": 5}}, "accounts": {}}

    terms = KeyTerms(name="reader", scopes=(AccessScope.READ,))
    key = (await served.bridge.keys.create(terms, actor="cli")).value
    async with served.client(key) as reader:
        assert (await reader.put(PATH, json={})).status_code == 403


async def _asked(served: Served, count: int) -> None:
    async def there() -> bool:
        return len(served.world.asked) == count

    await until(there)
