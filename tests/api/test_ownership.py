"""What a key makes is its own: another key does not find it, and one that administers does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import utc_now
from core.contracts.keys import AccessScope
from tests.fakes.keys import client_with
from tests.fakes.provider import capture
from tests.fakes.server import Served, complete, events, open_server

IMAGES = "/v1/images/generations"
CHAT = "/v1/chat/completions"
OPERATIONS = "/v1/chatgpt/operations"
ASYNC = {"prefer": "respond-async"}
WORK = (AccessScope.CHAT, AccessScope.IMAGES, AccessScope.RESEARCH, AccessScope.READ)

CHATS = [f"{model}{mode}" for model in ("auto", "gpt-5-5") for mode in ("", "@optimized", "@opencode")]


def ids(answer: httpx2.Response) -> list[str]:
    return [found["id"] for found in answer.json()["data"]]


async def made(client: httpx2.AsyncClient, name: str) -> None:
    body = {"prompt": "A heron", "chatgpt_operation_id": name}
    assert (await client.post(IMAGES, json=body, headers=ASYNC)).status_code == 202


async def test_operations_of_another_key_are_not_there(served: Served) -> None:
    async with await client_with(served, *WORK) as ann, await client_with(served, *WORK) as bob:
        await made(ann, "anns")
        await complete(served, "anns")
        foreign = [
            await bob.get(f"{OPERATIONS}/anns"),
            await bob.get(f"{OPERATIONS}/anns/result"),
            await bob.get(f"{OPERATIONS}/anns/events?format=json"),
            await bob.get(f"{OPERATIONS}/anns/events"),
            await bob.post(f"{OPERATIONS}/anns/cancel"),
            await bob.post(f"{OPERATIONS}/anns/rerun"),
            await bob.post(f"{OPERATIONS}/anns/plan", json={"decision": "approve"}),
            await bob.delete(f"{OPERATIONS}/anns"),
        ]
        own = await ann.get(f"{OPERATIONS}/anns")
        lists = [ids(await client.get(OPERATIONS)) for client in (ann, bob)]
        unknown = await bob.get(f"{OPERATIONS}/nobodys")

    assert [answer.status_code for answer in foreign] == [404] * 8
    assert foreign[0].json() == unknown.json()
    assert own.status_code == 200
    assert lists == [["anns"], []]


async def test_whoever_administers_finds_everybodys(served: Served, client: httpx2.AsyncClient) -> None:
    async with await client_with(served, *WORK) as ann:
        await made(ann, "anns")
        owner = (await served.bridge.operations.find("anns")).owner
        forbidden = [await ann.get(f"{OPERATIONS}?owner={other}") for other in ("all", "primary")]
        allowed = await ann.get(f"{OPERATIONS}?owner={owner}")

    assert (await client.get(f"{OPERATIONS}/anns")).status_code == 200
    assert ids(await client.get(OPERATIONS)) == []
    assert ids(await client.get(f"{OPERATIONS}?owner=all&since=2020-01-01")) == ["anns"]
    assert ids(await client.get(f"{OPERATIONS}?owner={owner}")) == ids(allowed) == ["anns"]
    assert [answer.json()["error"]["code"] for answer in forbidden] == ["missing_scope"] * 2
    cancelled = await client.post(f"{OPERATIONS}/anns/cancel")
    assert cancelled.json()["effect"] == "requested"


async def test_a_file_of_another_key_is_not_there(served: Served, client: httpx2.AsyncClient) -> None:
    async with await client_with(served, *WORK) as ann, await client_with(served, *WORK) as bob:
        await made(ann, "anns")
        await complete(served, "anns")
        link = (await ann.get(f"{OPERATIONS}/anns")).json()["operation"]["artifacts"][0]["download_url"]
        plain = link.partition("?")[0]
        answers = [await who.get(plain) for who in (ann, bob, client)]
        reference = await bob.post("/v1/images/edits", json={"prompt": "x", "image": link}, headers=ASYNC)
        own = await ann.post("/v1/images/edits", json={"prompt": "x", "image": link}, headers=ASYNC)

    assert [answer.status_code for answer in answers] == [200, 404, 200]
    assert (reference.status_code, own.status_code) == (404, 202)


async def test_one_idempotency_key_of_two_api_keys_is_two(served: Served) -> None:
    async with await client_with(served, *WORK) as ann, await client_with(served, *WORK) as bob:
        headers = {**ASYNC, "idempotency-key": "same"}
        answers = [
            (await who.post(IMAGES, json={"prompt": prompt}, headers=headers)).json()["operation"]["id"]
            for who, prompt in ((ann, "A heron"), (bob, "A heron"), (bob, "A heron"))
        ]
        conflict = await ann.post(IMAGES, json={"prompt": "An owl"}, headers=headers)

    assert answers[0] != answers[1] == answers[2]
    assert conflict.status_code == 409


async def test_a_kept_chat_is_answered_to_its_own_key_alone(served: Served) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    async with await client_with(served, *WORK) as ann, await client_with(served, *WORK) as bob:
        headers = {"idempotency-key": "same"}
        answers = [(await who.post(CHAT, json=body, headers=headers)).json()["id"] for who in (ann, ann, bob)]

    assert answers[0] == answers[1] != answers[2]


async def test_a_taken_id_is_a_conflict_without_content(served: Served) -> None:
    async with await client_with(served, *WORK) as ann, await client_with(served, *WORK) as bob:
        await made(ann, "taken")
        answer = await bob.post(IMAGES, json={"prompt": "A heron", "chatgpt_operation_id": "taken"}, headers=ASYNC)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "operation_id_taken")
    assert "heron" not in answer.text


async def test_a_running_chat_of_another_key_is_not_there(served: Served, client: httpx2.AsyncClient) -> None:
    gate = asyncio.Event()
    served.world.script.insert(2, gate)
    async with await client_with(served, *WORK) as ann, await client_with(served, *WORK) as bob:
        body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True, "chatgpt_operation_id": "talk"}
        async with ann.stream("POST", CHAT, json=body) as answer:
            foreign = await bob.get(f"{OPERATIONS}/talk")
            cancel = await bob.post(f"{OPERATIONS}/talk/cancel")
            own, operators = await ann.get(f"{OPERATIONS}/talk"), await client.get(f"{OPERATIONS}/talk")
            gate.set()
            text = (await answer.aread()).decode()

    assert (foreign.status_code, cancel.status_code) == (404, 404)
    assert (own.status_code, operators.status_code) == (200, 200)
    assert events(text)[-1] == "[DONE]"


async def test_rerun_needs_the_scope_of_the_work(served: Served, client: httpx2.AsyncClient) -> None:
    async with await client_with(served, AccessScope.IMAGES) as ann:
        await made(ann, "one")
        await complete(served, "one")
        (record,) = await served.bridge.keys.all()
        await served.bridge.keys.change(record.id, {"scopes": (AccessScope.READ,)}, actor="test")
        rerun, shown = await ann.post(f"{OPERATIONS}/one/rerun"), await ann.get(f"{OPERATIONS}/one")

    assert (rerun.status_code, rerun.json()["error"]["code"]) == (403, "missing_scope")
    assert shown.status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, {"messages": [{"role": "user", "content": "Hi"}]}),
        (IMAGES, {"prompt": "x"}),
        ("/v1/chatgpt/research", {"prompt": "x"}),
    ],
)
async def test_a_key_uses_its_own_accounts_alone(tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    captures = {alias: capture("plus") for alias in ("a", "b", "c")}
    async with open_server(tmp_path, captures=captures) as served:
        async with await client_with(served, *WORK, accounts=("b",)) as ann:
            refused = await ann.post(path, json={**body, "chatgpt_account": "c"}, headers=ASYNC)
            free = await ann.post(path, json=body, headers=ASYNC)
            chosen = await ann.post(path, json={**body, "chatgpt_accounts": ["b"]}, headers=ASYNC)
        admitted = [
            (await served.bridge.operations.find(answer.json()["operation"]["id"])).request["accounts"]
            for answer in (free, chosen)
        ]

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_not_allowed")
    assert refused.json()["error"]["param"] == "chatgpt_account"
    assert admitted == [["b"], ["b"]]


async def test_a_chat_is_served_by_the_keys_own_account(tmp_path: Path) -> None:
    captures = {alias: capture("plus") for alias in ("a", "b")}
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    async with open_server(tmp_path, captures=captures) as served:
        async with await client_with(served, AccessScope.CHAT, accounts=("b",)) as ann:
            answers = [(await ann.post(CHAT, json=body)).json()["chatgpt_account"] for _ in range(3)]

    assert answers == ["b"] * 3


async def test_a_key_hears_of_its_own_accounts_alone(tmp_path: Path) -> None:
    ends = (utc_now() + timedelta(hours=5)).isoformat()
    captures = {"a": capture("pro", expires=ends), "b": capture("free"), "c": capture("plus", expires=ends)}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        async with await client_with(served, *WORK, accounts=("b", "c")) as ann:
            health = (await ann.get("/health")).json()
            ready = (await ann.get("/health/ready")).json()
            models = [model["id"] for model in (await ann.get("/v1/models")).json()["data"]]
            pro = await ann.get("/v1/models/gpt-5-5-pro")
        everything = (await client.get("/v1/models")).json()["data"]
        everybody = (await client.get("/health/ready")).json()

    assert (health["account"], health["accounts"], health["account_concurrency"]) == ("b", ["b", "c"], {"b": 1, "c": 3})
    assert [warning["account"] for warning in ready["warnings"]] == ["c"]
    assert [warning["account"] for warning in everybody["warnings"]] == ["a", "c"]
    assert [name for name in models if "@" not in name] == ["auto", "gpt-5-5", "gpt-image-1", "chatgpt-deep-research"]
    assert pro.status_code == 404
    assert "gpt-5-5-pro" in [model["id"] for model in everything]


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ((AccessScope.READ, AccessScope.CHAT), CHATS),
        ((AccessScope.READ, AccessScope.IMAGES), ["auto", "gpt-5-5", "gpt-image-1"]),
        ((AccessScope.READ, AccessScope.RESEARCH), ["chatgpt-deep-research"]),
        ((AccessScope.READ,), [*CHATS, "gpt-image-1", "chatgpt-deep-research"]),
    ],
)
async def test_a_key_that_works_is_offered_what_its_scopes_open(
    served: Served, scopes: tuple[AccessScope, ...], expected: list[str]
) -> None:
    async with await client_with(served, *scopes) as ann:
        assert [model["id"] for model in (await ann.get("/v1/models")).json()["data"]] == expected


async def test_a_key_uses_its_own_models_alone(served: Served) -> None:
    hello = {"messages": [{"role": "user", "content": "Hi"}]}
    async with await client_with(served, *WORK, models=("auto",)) as ann:
        allowed = await ann.post(CHAT, json=hello)
        named = await ann.post(CHAT, json={**hello, "model": "chatgpt-web/auto"})
        refused = [
            await ann.post(CHAT, json={**hello, "model": "gpt-5-thinking"}),
            await ann.post(IMAGES, json={"prompt": "x", "model": "gpt-5-thinking"}, headers=ASYNC),
            await ann.post("/v1/chatgpt/research", json={"prompt": "x"}, headers=ASYNC),
            await ann.post(CHAT, json={**hello, "model": "chatgpt-deep-research"}),
        ]
        listed = [model["id"] for model in (await ann.get("/v1/models")).json()["data"]]
        hidden = await ann.get("/v1/models/chatgpt-deep-research")

    assert (allowed.status_code, named.status_code) == (200, 200)
    for answer in refused:
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_not_allowed")
        assert answer.json()["error"]["param"] == "model"
    assert listed == ["auto", "auto@optimized", "auto@opencode", "gpt-image-1"]
    assert hidden.status_code == 404


async def test_what_is_done_to_operations_by_hand_is_in_the_audit_log(
    served: Served, client: httpx2.AsyncClient
) -> None:
    async with await client_with(served, *WORK) as ann:
        await made(ann, "anns")
        await made(ann, "gone")
        owner = (await served.bridge.operations.find("anns")).owner
        await ann.post(f"{OPERATIONS}/gone/cancel")
        await client.post(f"{OPERATIONS}/anns/cancel")
        await client.post(f"{OPERATIONS}/anns/cancel")
        await complete(served, "gone")
        await ann.delete(f"{OPERATIONS}/gone?files=true")
    deleted, cancelled = (await client.get("/v1/chatgpt/audit?action=operation.")).json()["data"]

    assert (deleted["actor"], deleted["action"], deleted["subject"]) == (f"key:{owner}", "operation.deleted", "gone")
    assert deleted["before"] == {"kind": "image", "state": "completed", "owner": owner, "account": None}
    assert deleted["after"] == {"files_removed": True}
    assert (cancelled["actor"], cancelled["action"], cancelled["subject"]) == (
        "key:primary",
        "operation.cancelled",
        "anns",
    )
    assert cancelled["before"] == {"owner": owner}


async def test_a_chat_that_researches_needs_both_scopes(served: Served) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "model": "chatgpt-deep-research"}
    async with await client_with(served, AccessScope.CHAT) as ann:
        answer = await ann.post(CHAT, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")
    assert "`research`" in answer.json()["error"]["message"]


async def test_what_is_no_work_does_not_count(served: Served) -> None:
    said, key = {"messages": [{"role": "user", "content": "Hi"}]}, {"idempotency-key": "chat"}
    picture, drawn = {"prompt": "A heron"}, {**ASYNC, "idempotency-key": "picture"}
    async with await client_with(served, *WORK, per_minute=2, per_day=2) as ann:
        for path, body in ((CHAT, {}), (CHAT, {**said, "n": 0}), (IMAGES, {}), ("/v1/chatgpt/research", {})):
            assert (await ann.post(path, json=body)).status_code == 400
        assert (await ann.get(CHAT)).status_code == 405
        usage = {"messages": [{"role": "user", "content": "/chatgpt:usage"}]}
        assert (await ann.post(CHAT, json=usage)).status_code == 200

        chats = [await ann.post(CHAT, json=said, headers=key) for _ in range(3)]
        pictures = [await ann.post(IMAGES, json=picture, headers=drawn) for _ in range(3)]
        beyond = [await ann.post(CHAT, json=said), await ann.post(IMAGES, json={"prompt": "A crane"}, headers=ASYNC)]
        replayed = [await ann.post(CHAT, json=said, headers=key), await ann.post(IMAGES, json=picture, headers=drawn)]

    assert [answer.status_code for answer in (*chats, *pictures)] == [200] * 3 + [202] * 3
    assert [answer.status_code for answer in beyond] == [429] * 2
    assert [answer.status_code for answer in replayed] == [200, 202]
    assert len({answer.json()["operation"]["id"] for answer in (*pictures, replayed[1])}) == 1


async def test_a_limit_is_exact_however_many_come_at_once(served: Served) -> None:
    async with await client_with(served, *WORK, per_minute=3) as ann:
        pictures = [ann.post(IMAGES, json={"prompt": f"Heron {n}"}, headers=ASYNC) for n in range(8)]
        statuses = [answer.status_code for answer in await asyncio.gather(*pictures)]
        made = ids(await ann.get(OPERATIONS))

    assert sorted(statuses) == [202] * 3 + [429] * 5
    assert len(made) == 3


async def test_a_keys_limit_is_a_429_with_a_wait_and_reading_is_free(served: Served) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    async with await client_with(served, *WORK, per_minute=2) as ann:
        answers = [await ann.post(CHAT, json=body) for _ in range(3)]
        reads = [await ann.get(OPERATIONS) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.json()["error"]["code"] == "api_key_limit"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["x-should-retry"] == "true"
    assert {answer.status_code for answer in reads} == {200}
