"""`/v1/chatgpt/usage`: figures with their age, in every form, to those who may see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import utc_now
from core.contracts.keys import AccessScope, KeyTerms
from core.errors import RateLimitedError, UpstreamError
from provider.interface.accounts import FeatureQuota, Limits, ModelLimit
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server

RESETS = utc_now() + timedelta(hours=5)
LIMITS = Limits(
    {
        "file_upload": FeatureQuota("file_upload", "available", 80, RESETS),
        "image_gen": FeatureQuota("image_gen", "blocked", None, RESETS, "Limit | reached", 3),
        "deep_research": FeatureQuota("deep_research", "exhausted", 0, RESETS),
        "paste_text_to_file": FeatureQuota("paste_text_to_file", "not_reported"),
    },
    (ModelLimit("gpt-5-5", "mini", RESETS),),
    "auto",
)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    captures = {"one": capture("plus"), "two": capture("free"), "ill": capture("plus", missing=["cookie"])}
    async with open_server(tmp_path, captures=captures) as server:
        server.world.limits["one"] = LIMITS
        yield server


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with served.client() as opened:
        yield opened


async def usage(client: httpx2.AsyncClient, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/v1/chatgpt/usage{query}")
    assert answer.status_code == 200
    told = answer.json()
    return {"_": told, **{one["account"]: one for one in told["accounts"]}}


async def test_every_account_tells_what_is_left_with_age_and_source(client: httpx2.AsyncClient) -> None:
    told = await usage(client)
    assert (told["_"]["object"], told["_"]["provider"], told["_"]["mode"]) == ("chatgpt.usage", "chatgpt-web", "live")
    one = told["one"]
    assert (one["ok"], one["plan_type"], one["default_model_slug"], one["source"]) == (True, "plus", "auto", "probe")
    assert 0 <= one["age_seconds"] < 10
    features = one["features"]
    assert {name: (f["status"], f["remaining"], f["blocked"]) for name, f in features.items()} == {
        "file_upload": ("available", 80, False),
        "image_gen": ("blocked", None, True),
        "deep_research": ("exhausted", 0, False),
        "paste_text_to_file": ("not_reported", None, False),
    }
    assert features["image_gen"]["limit"] == 3
    assert features["file_upload"]["reset_after"] == features["file_upload"]["resets_after"] == RESETS.isoformat()
    assert one["model_limits"][0]["model_slug"] == "gpt-5-5"
    assert [entry["feature_name"] for entry in one["limits_progress"]] == ["file_upload", "deep_research"]
    assert [entry["name"] for entry in one["blocked_features"]] == ["image_gen"]


async def test_an_account_that_does_not_answer_is_unknown_and_one_that_cannot_be_used_says_why(
    client: httpx2.AsyncClient,
) -> None:
    told = await usage(client)
    assert (told["two"]["ok"], told["two"]["status"]) == (None, "metadata_unavailable")
    assert "no limits" in told["two"]["warning"]
    assert (told["ill"]["ok"], told["ill"]["status"]) == (False, "capture_rejected")
    assert told["ill"]["features"]["image_gen"]["status"] == "not_reported"


async def test_figures_stay_with_their_age_while_upstream_is_silent(client: httpx2.AsyncClient, served: Served) -> None:
    before = (await usage(client))["one"]
    served.world.limits["one"] = UpstreamError("gone")
    after = (await usage(client, "?refresh=true"))["one"]
    assert (after["ok"], after["status"]) == (None, "metadata_unavailable")
    assert after["features"]["file_upload"]["remaining"] == 80
    assert after["as_of"] == before["as_of"]


async def test_upstream_is_not_asked_again_while_the_figures_are_new(
    client: httpx2.AsyncClient, served: Served
) -> None:
    for path in ("usage", "usage/live", "remaining"):
        assert (await client.get(f"/v1/chatgpt/{path}")).status_code == 200
    assert sorted(served.world.probed) == ["one", "two"]
    await client.get("/v1/chatgpt/usage?refresh=true")
    assert sorted(served.world.probed) == ["one", "one", "two", "two"]


async def test_a_figure_that_is_older_or_of_another_source_says_so_itself(
    client: httpx2.AsyncClient, served: Served
) -> None:
    await usage(client)
    book = served.bridge.quota.book
    book.refused("one", "deep_research", retry_after_seconds=None)
    book.spent("one", "file_upload")
    one = next(
        line
        for line in (await client.get("/v1/chatgpt/usage?format=table")).text.splitlines()
        if line.startswith("| one |")
    )
    assert f"| blocked; reset {RESETS:%Y-%m-%d %H:%M} UTC; 1 s ago, refusal |" in one
    assert f"| 79; 1 taken since; reset {RESETS:%Y-%m-%d %H:%M} UTC |" in one


async def test_an_account_that_cools_is_not_called_ok(client: httpx2.AsyncClient, served: Served) -> None:
    await usage(client)
    served.world.refusals["one"] = [RateLimitedError("slow down", retry_after_seconds=300)]
    body = {"messages": [{"role": "user", "content": "Hi"}], "chatgpt_account": "one"}
    await client.post("/v1/chat/completions", json=body)
    await client.patch("/v1/chatgpt/accounts/two", json={"state": "paused"})
    told = await usage(client)
    table = (await client.get("/v1/chatgpt/usage?format=table")).text

    one = told["one"]
    assert (one["ok"], one["status"], one["warning"]) == (None, "cooling", "slow down")
    assert 290 < one["until"] - utc_now().timestamp() <= 300
    assert one["features"]["file_upload"]["remaining"] == 80
    assert "| one | plus | cooling until " in table
    assert "| two | free | paused |" in table
    assert "| ill | plus | no: capture_rejected |" in table


@pytest.mark.parametrize("form", ["table", "TEXT", "markdown", " md "])
async def test_a_table_in_markdown_holds_the_same(client: httpx2.AsyncClient, form: str) -> None:
    answer = await client.get("/v1/chatgpt/usage", params={"format": form})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0].startswith("| Account | Plan | OK | Default | Deep Research | Image Gen | File Upload |")
    one = next(line for line in lines if line.startswith("| one |"))
    resets = f"reset {RESETS:%Y-%m-%d %H:%M} UTC"
    assert (
        f"| 0; {resets} | blocked; {resets} | 80; {resets} | not reported | gpt-5-5; {resets} | 1 s ago, probe |" in one
    )
    assert "not reported" in one
    assert len({line.count(" | ") for line in lines}) == 1


async def test_a_key_sees_the_accounts_that_it_may_use(served: Served) -> None:
    terms = KeyTerms(name="narrow", scopes=(AccessScope.READ,), accounts=("two",))
    key = (await served.bridge.keys.create(terms, actor="cli")).value
    async with served.client(key) as client:
        assert set(await usage(client)) == {"_", "two"}
        history = (await client.get("/v1/chatgpt/usage/history")).json()
        assert {point["account"] for point in history["data"]} <= {"two"}
    assert served.world.probed == ["two"]


async def test_history_is_served_for_plots(client: httpx2.AsyncClient, served: Served) -> None:
    await usage(client)
    served.bridge.quota.book.spent("one", "file_upload")
    await served.bridge.quota.keeper.settle()
    answer = await client.get("/v1/chatgpt/usage/history?account=one&feature=file_upload")
    points = [(point["remaining"], point["source"]) for point in answer.json()["data"]]
    assert points == [(80, "probe"), (79, "countdown")]
    assert (await client.get("/v1/chatgpt/usage/history?since=2999-01-01")).json()["data"] == []


async def test_a_keys_history_is_not_crowded_out_by_other_accounts(client: httpx2.AsyncClient, served: Served) -> None:
    await usage(client)
    book = served.bridge.quota.book
    book.told("two", LIMITS, source="probe")
    for _ in range(20):
        book.spent("one", "file_upload")
    await served.bridge.quota.keeper.settle()
    terms = KeyTerms(name="narrow", scopes=(AccessScope.READ,), accounts=("two",))
    key = (await served.bridge.keys.create(terms, actor="cli")).value
    async with served.client(key) as narrow:
        own = (await narrow.get("/v1/chatgpt/usage/history?limit=5")).json()["data"]
        foreign = await narrow.get("/v1/chatgpt/usage/history?account=one")

    assert [point["account"] for point in own] == ["two"] * 3
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "account_not_allowed")


async def test_chats_are_counted_by_key_account_and_model(client: httpx2.AsyncClient, served: Served) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello you"}], "chatgpt_account": "one"}
    for extra in ({}, {"stream": True}):
        assert (await client.post("/v1/chat/completions", json={**body, **extra})).status_code == 200
    served.world.refusals["one"] = [UpstreamError("broken")]
    assert (await client.post("/v1/chat/completions", json=body)).status_code == 400
    keyed = {"idempotency-key": "same"}
    for _ in range(2):
        await client.post("/v1/chat/completions", json=body, headers=keyed)

    told = (await client.get("/v1/chatgpt/usage/counts?by=model,kind,key,account")).json()
    assert told["by"] == ["model", "kind", "key", "account"]
    (counted,) = told["data"]
    assert (counted["key"], counted["key_name"]) == ("primary", "bootstrap")
    assert (counted["account"], counted["model"], counted["kind"]) == ("one", "auto", "chat")
    # The second request with the key was answered from memory and asked nobody.
    assert (counted["requests"], counted["failures"]) == (4, 1)
    assert counted["total_tokens"] == counted["prompt_tokens"] + counted["completion_tokens"] > 0

    answer = await client.get("/v1/chatgpt/usage/counts?by=colour")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "by")


async def test_a_key_that_does_not_administer_sees_only_its_own_counts(
    client: httpx2.AsyncClient, served: Served
) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "chatgpt_account": "one"}
    assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
    terms = KeyTerms(name="reader", scopes=(AccessScope.READ,))
    key = (await served.bridge.keys.create(terms, actor="cli")).value
    async with served.client(key) as reader:
        assert (await reader.get("/v1/chatgpt/usage/counts?by=key")).json()["data"] == []
