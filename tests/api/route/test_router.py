"""`/v1/chatgpt/route/explain`: what it says is what happens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bridge.accounts import memory
from bridge.accounts.account import AccountState
from bridge.routing.needs import Needs
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.keys import AccessScope
from core.errors import BrowserCheckRequiredError, FeatureLimitError, ModelLimitError, RateLimitedError
from tests.fakes.keys import client_with
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server

EXPLAIN = "/v1/chatgpt/route/explain"
CHAT = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "hello"}]
FIVE = {"edu": "edu", "free": "free", "go": "go", "plus": "plus", "pro": "pro"}


async def explained(client: httpx2.AsyncClient, kind: str = "chat", **request: Any) -> dict[str, Any]:
    if kind in ("chat", "response"):
        request.setdefault("messages", HELLO)
    elif kind != "vision":
        request.setdefault("prompt", "a heron")
    answer = await client.post(EXPLAIN, json={"kind": kind, "request": request})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def reasons(told: dict[str, Any]) -> dict[str, str | None]:
    return {one["account"]: one["reason"] for one in told["accounts"]}


async def learnt(served: Served, alias: str, error: Exception, **needs: Any) -> None:
    """The account answers a chat with the error."""
    served.world.refusals[alias] = [error]
    async with served.client() as client:
        await client.post(CHAT, json={"messages": HELLO, "chatgpt_account": alias, **needs})


async def test_every_why_not_this_one_is_answered_in_words(tmp_path: Path) -> None:
    captures = {alias: capture(plan) for alias, plan in FIVE.items()}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        await served.bridge.registry.snapshot()
        await learnt(served, "edu", BrowserCheckRequiredError("who are you", reason="challenge_page"))
        await learnt(served, "go", RateLimitedError("slow", retry_after_seconds=500))
        await served.bridge.store.write(_paused("free"))
        async with served.bridge.pool.chat(_chat_on("plus")), served.bridge.pool.chat(_chat_on("plus")):
            told = await explained(client)
        spent = len(served.world.asked)

    assert reasons(told) == {
        "pro": None,
        "plus": None,
        "edu": "challenge",
        "free": "paused",
        "go": "burst",
    }
    by_name = {one["account"]: one for one in told["accounts"]}
    assert (told["account"], told["outcome"], told["error"]) == ("pro", "served", None)
    assert [by_name[alias]["place"] for alias in ("pro", "plus", "edu")] == [1, 2, None]
    assert by_name["pro"]["text"] == "Serves: 0 % of its slots for this are taken."
    assert by_name["plus"]["text"] == "Could serve: 67 % of its slots for this are taken."
    assert by_name["edu"]["text"] == "Passed over: upstream asks for a person: refresh its capture."
    assert by_name["free"]["text"] == "Passed over: the operator paused it: holiday."
    assert by_name["go"]["text"] == "Passed over: upstream told it to slow down, again in 9 min."
    assert by_name["go"]["eligible_again_at"] > utc_now().timestamp() + 400
    assert spent == 2


async def test_what_is_told_is_what_happens_and_the_answer_says_so_too(tmp_path: Path) -> None:
    captures = {"free": capture("free"), "plus": capture("plus"), "pro": capture("pro")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        for strategy in ("weighted", "round-robin", "failover", "least-busy", "sticky", "quota-aware", "auto"):
            for _ in range(4):
                told = await explained(client, chatgpt_account_strategy=strategy)
                answer = await client.post(CHAT, json={"messages": HELLO, "chatgpt_account_strategy": strategy})
                assert answer.headers["x-chatgpt-account"] == told["account"], strategy
                assert answer.headers["x-chatgpt-route"].startswith(strategy)
        await learnt(served, "free", RateLimitedError("slow", retry_after_seconds=100))
        answer = await client.post(CHAT, json={"messages": [{"role": "user", "content": "something else"}]})

    assert answer.headers["x-chatgpt-route"] == "auto; passed=free:burst"


async def test_who_answered_before_is_preferred_and_sticky_never_changes(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        await client.post(CHAT, json={"messages": HELLO, "chatgpt_account": "b"})
        told = await explained(client)
        again = await client.post(CHAT, json={"messages": HELLO})
        new = [{"role": "user", "content": "new"}]
        other = await explained(client, messages=new, chatgpt_account_strategy="sticky")
        served.world.refusals["a"] = [RateLimitedError("slow", retry_after_seconds=50)]
        body = {"messages": new, "chatgpt_account_strategy": "sticky"}
        refused = await client.post(CHAT, json=body)
        served.world.refusals["a"] = []
        later = await client.post(CHAT, json=body)

    assert (told["account"], told["accounts"][0]["score"]["answered_before"]) == ("b", True)
    assert told["accounts"][0]["text"].startswith("Serves: it answered this conversation before")
    assert again.headers["x-chatgpt-route"] == "auto; affinity"
    assert reasons(other) == {"a": None, "b": "not_the_sticky_one"}
    assert refused.json()["error"]["code"] == "rate_limited"
    assert later.json()["error"]["code"] == "no_eligible_account"
    assert "a: upstream told it to slow down (burst, again in" in later.json()["error"]["message"]
    assert 40 <= int(later.headers["retry-after"]) <= 50


async def test_limits_of_a_model_or_a_feature_concern_nothing_else(tmp_path: Path) -> None:
    async with open_server(tmp_path, captures={"plus": capture("plus")}) as served, served.client() as client:
        await served.bridge.registry.snapshot()
        await learnt(served, "plus", ModelLimitError("no more", retry_after_seconds=900), model="gpt-5-5")
        limited = await explained(client, model="gpt-5-5")
        free = await explained(client)
        await served.bridge.pool.report("plus", FeatureLimitError("none left", retry_after_seconds=900), _image())
        image = await explained(client, "image")
        research = await explained(client, "research")

    own = limited["own_model"]
    assert (limited["outcome"], limited["fallback_model"]) == ("served", "auto")
    assert (own["outcome"], own["error"]["code"]) == ("refused", "no_eligible_account")
    assert reasons(own) == {"plus": "model_limit"}
    assert (free["outcome"], research["outcome"]) == ("served", "served")
    assert reasons(image) == {"plus": "feature_limit"}


@pytest.mark.parametrize(
    ("kind", "request_body", "slots", "quota"),
    [
        ("chat", {}, ["chat"], {}),
        ("chat", {"deep_research": True}, ["research"], {"deep_research": 1}),
        ("chat", {"model": "deep-research"}, ["research"], {"deep_research": 1}),
        ("response", {}, ["chat"], {}),
        ("image", {}, ["image"], {"image_gen": 1}),
        ("edit", {"images": ["a", "b"]}, ["image", "upload"], {"image_gen": 1, "file_upload": 2}),
        ("vision", {"image": "a", "mode": "ocr"}, ["chat", "upload"], {"file_upload": 1}),
        ("research", {"plan": "ask"}, ["research"], {"deep_research": 1}),
    ],
)
async def test_each_kind_says_what_it_needs(
    client: httpx2.AsyncClient, kind: str, request_body: dict[str, Any], slots: list[str], quota: dict[str, int]
) -> None:
    told = await explained(client, kind, **request_body)

    assert (told["needs"]["slots"], told["needs"]["quota"]) == (slots, quota)
    assert (told["account"], told["strategy"]) == ("plus", "auto")


async def test_a_request_that_waits_is_told_so(served: Served, client: httpx2.AsyncClient) -> None:
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()

        async def hold() -> None:
            async with served.bridge.pool.chat(_chat_on("plus")):
                await done.wait()

        for _ in range(3):
            group.create_task(hold())
        await asyncio.sleep(0.2)
        told = await explained(client)
        done.set()

    assert (told["outcome"], told["account"], reasons(told)) == ("waits_for_a_slot", None, {"plus": "busy"})


async def test_the_body_itself_is_a_chat_and_bad_ones_are_refused_by_name(client: httpx2.AsyncClient) -> None:
    plain = await client.post(EXPLAIN, json={"messages": HELLO})
    bad = [
        await client.post(EXPLAIN, json=body)
        for body in (
            {"kind": "dance"},
            {"kind": "image", "request": "draw"},
            {"messages": []},
            {"messages": HELLO, "chatgpt_account": "nobody"},
            {"messages": HELLO, "chatgpt_account_strategy": "dice"},
            {"kind": "image", "request": {"prompt": "x", "n": 5}},
        )
    ]

    assert plain.json()["kind"] == "chat"
    assert [answer.status_code for answer in bad] == [400] * len(bad)
    assert [answer.json()["error"]["param"] for answer in bad] == [
        "kind",
        "request",
        "messages",
        "chatgpt_account",
        "chatgpt_account_strategy",
        "n",
    ]


async def test_a_key_sees_its_own_accounts_only(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served:
        async with await client_with(served, AccessScope.READ, accounts=("b",)) as client:
            told = await explained(client)
        async with await client_with(served, AccessScope.CHAT) as client:
            refused = await client.post(EXPLAIN, json={"messages": HELLO})

    assert reasons(told) == {"b": None, "a": "not_allowed"}
    assert [one["plan"] for one in told["accounts"]] == ["plus", None]
    assert refused.status_code == 403


async def test_every_account_is_told_of_those_outside_the_choice_too(tmp_path: Path) -> None:
    captures = {alias: capture("plus") for alias in ("a", "b", "c")}
    async with open_server(tmp_path, captures=captures) as served:
        served.bridge.registry._pool = ("a", "b")
        async with served.client() as client:
            told = await explained(client, chatgpt_account="a")
            open_to_all = await explained(client)

    assert reasons(told) == {"a": None, "b": "not_chosen", "c": "not_in_pool"}
    assert [one["text"] for one in told["accounts"]][1:] == [
        "Passed over: the request names other accounts.",
        "Passed over: CHATGPT_ACCOUNTS does not name it.",
    ]
    assert reasons(open_to_all) == {"a": None, "b": None, "c": "not_in_pool"}


async def test_of_an_empty_pool_the_error_is_all_there_is(tmp_path: Path) -> None:
    async with open_server(tmp_path, captures={}) as served, served.client() as client:
        told = [await explained(client, kind) for kind in ("chat", "image")]

    assert [(one["outcome"], one["accounts"], one["error"]["code"]) for one in told] == [
        ("refused", [], "account_not_configured")
    ] * 2
    assert told[0]["error"]["message"] == "there is no account"


async def test_a_place_says_what_it_comes_from(tmp_path: Path) -> None:
    captures = {"free": capture("free"), "plus": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        texts = {}
        for strategy in ("round-robin", "weighted", "random", "failover"):
            told = await explained(client, chatgpt_account_strategy=strategy)
            texts[strategy] = [one["text"].partition(", 0 %")[0] for one in told["accounts"]]

    assert texts == {
        "round-robin": [
            "Serves: it has 1 to its credit",
            "Could serve: it has 1 to its credit, as much as free, which stands before it in the pool",
        ],
        "weighted": [
            "Serves: it has 4 to its credit with a weight of 4",
            "Could serve: it has 1 to its credit with a weight of 1, less than plus",
        ],
        "random": ["Serves: by chance, anew for each request", "Could serve: by chance, anew for each request"],
        "failover": ["Serves: it is number 1 of those that could", "Could serve: it is number 2 of those that could"],
    }


async def test_a_cap_on_auto_sends_the_next_requests_elsewhere(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        served.world.refusals["a"] = [ModelLimitError("no more messages", retry_after_seconds=600)]
        answers = [
            await client.post(CHAT, json={"messages": [{"role": "user", "content": f"number {number}"}]})
            for number in range(2)
        ]
        told = await explained(client)

    assert [answer.headers["x-chatgpt-account"] for answer in answers] == ["b", "b"]
    assert answers[1].headers["x-chatgpt-route"] == "auto; passed=a:model_limit"
    assert told["accounts"][1]["text"] == "Passed over: its limit for messages is reached, again in 10 min."


def _paused(alias: str) -> Any:
    def work(conn: Any) -> None:
        memory.remember(conn, alias, utc_now(), state=AccountState.PAUSED.value, state_reason="holiday")
        memory.bump(conn)

    return work


def _chat_on(alias: str) -> Needs:
    return Needs(kind="chat", buckets=(Bucket.CHAT,), accounts=(alias,))


def _image() -> Needs:
    return Needs(kind="image", buckets=(Bucket.IMAGE,))
