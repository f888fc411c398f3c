"""`/v1/chatgpt/accounts`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bridge.accounts.outcomes import Outcomes
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.keys import AccessScope
from core.errors import (
    AccountDisabledError,
    AuthInvalidError,
    BrowserCheckRequiredError,
    RateLimitedError,
    UpstreamError,
)
from provider.interface.accounts import FeatureQuota, Limits
from tests.fakes.chat import ChatSession
from tests.fakes.keys import client_with
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server
from tests.fakes.waiting import until

ACCOUNTS = "/v1/chatgpt/accounts"
ADMIN = "/v1/chatgpt/admin"
CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "Hi"}]}
LIMITS = Limits({"image_gen": FeatureQuota("image_gen", "available", 7)}, (), "gpt-5-5")
SECRET = "canary-" + "c" * 24


async def events(client: httpx2.AsyncClient, alias: str) -> list[str]:
    body = (await client.get(f"{ACCOUNTS}/{alias}/events")).json()
    return [event["type"] for event in body["data"]]


async def test_an_added_account_serves_the_next_chat(tmp_path: Path) -> None:
    async with open_server(tmp_path, captures={}) as served, served.client() as client:
        before = await client.post(CHAT, json=HELLO)
        added = await client.post(ACCOUNTS, json={"alias": " new ", "capture": capture("plus")})
        after = await client.post(CHAT, json=HELLO)

    assert (before.status_code, added.status_code, after.status_code) == (403, 201, 200)
    assert added.headers["location"] == f"{ACCOUNTS}/new"
    assert (added.json()["alias"], added.json()["live_verify"]) == ("new", "ok")
    assert added.json()["capture_path"].endswith("/new/chatgpt-request.txt")


async def test_an_account_says_everything_of_itself(served: Served, client: httpx2.AsyncClient) -> None:
    expires = utc_now().replace(year=2999)
    await client.put(f"{ACCOUNTS}/plus/capture", json={"capture": capture("pro", expires=expires.isoformat())})
    shown = (await client.get(f"{ACCOUNTS}/plus")).json()
    [listed] = (await client.get(ACCOUNTS)).json()["data"]

    assert shown | {"capture": 0} == {
        "object": "chatgpt.account",
        "alias": "plus",
        "in_pool": True,
        "state": "enabled",
        "state_reason": "",
        "weight": None,
        "tags": [],
        "note": "",
        "plan": "pro",
        "email": "a***z@example.com",
        "capabilities": shown["capabilities"],
        "capture": 0,
        "health": {
            "state": "ok",
            "cause": "ok",
            "detail": "",
            "since": None,
            "until": None,
            "what_to_do": "Nothing.",
            "limited": {},
        },
        "forecast": shown["forecast"],
        "blocked_features": [],
        "model_limits": [],
        "last_used_at": None,
        "last_success_at": None,
        "in_flight": {bucket.value: {"used": 0, "limit": shown["limits"][bucket]} for bucket in Bucket},
        "limits": shown["limits"],
        "error": None,
        "profile": shown["profile"],
        "warnings": [],
    }
    assert shown["capture"]["previous"] is True
    assert shown["capture"]["token_expires_at"] == round(expires.timestamp(), 3)
    assert 0 <= shown["capture"]["age_seconds"] < 60
    assert shown["profile"]["email"] == "a***z@example.com"
    assert listed["alias"] == "plus"
    assert "profile" not in listed


async def test_slots_in_use_are_counted(served: Served, client: httpx2.AsyncClient) -> None:
    async def sent() -> bool:
        return bool(served.world.asked)

    served.world.accepting.clear()
    async with served.client() as other:
        chat = asyncio.create_task(other.post(CHAT, json=HELLO))
        await until(sent)
        shown = (await client.get(f"{ACCOUNTS}/plus")).json()
        served.world.accepting.set()
        assert (await chat).status_code == 200

    assert shown["in_flight"]["chat"] == {"used": 1, "limit": 3}


async def test_adding_and_updating_are_different_things(served: Served, client: httpx2.AsyncClient) -> None:
    taken = await client.post(ACCOUNTS, json={"alias": "plus", "capture": capture("pro")})
    unknown = await client.put(f"{ACCOUNTS}/nobody/capture", json={"capture": capture("pro")})
    updated = await client.put(f"{ACCOUNTS}/plus/capture", json={"capture": capture("pro")})

    assert (taken.status_code, taken.json()["error"]["param"]) == (400, "account")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
    assert (updated.status_code, updated.json()["plan"]) == (200, "pro")
    assert await events(client, "plus") == ["capture.replaced"]


async def test_a_broken_capture_never_replaces_one_that_works(
    served: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = await client.put(f"{ACCOUNTS}/plus/capture", json={"capture": capture("pro", missing=["cookies"])})
    monkeypatch.setattr(served.bridge.provider, "open", lambda alias, text: _Refused())
    refused = await client.put(f"{ACCOUNTS}/plus/capture", json={"capture": capture("pro")})
    monkeypatch.undo()

    assert (gaps.status_code, gaps.json()["error"]["missing"]) == (400, ["cookies"])
    assert gaps.json()["inspection"]["ok"] is False
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "auth_invalid")
    assert served.bridge.vault.read("plus") == capture("plus")
    assert not served.bridge.vault.has_previous("plus")
    assert (await client.post(CHAT, json=HELLO)).status_code == 200
    assert await events(client, "plus") == []


class _Refused:
    async def verify(self) -> None:
        raise AuthInvalidError("not accepted")

    async def aclose(self) -> None:
        """Nothing is open."""


async def test_the_previous_capture_is_restored(served: Served, client: httpx2.AsyncClient) -> None:
    none = await client.post(f"{ACCOUNTS}/plus/restore", json={})
    await client.put(f"{ACCOUNTS}/plus/capture", json={"capture": capture("pro"), "verify": False})
    restored = await client.post(f"{ACCOUNTS}/plus/restore", json={"verify": False})

    assert none.status_code == 404
    assert (restored.status_code, restored.json()["plan"], restored.json()["live_verify"]) == (200, "plus", "skipped")
    assert await events(client, "plus") == ["capture.restored", "capture.replaced"]


async def test_another_login_is_a_409_until_it_is_said(client: httpx2.AsyncClient) -> None:
    for number, more in ((1, {}), (2, {})):
        body = {"capture": capture("plus", user_id=f"user-{number}"), **more}
        answer = await client.put(f"{ACCOUNTS}/plus/capture", json=body)
    meant = await client.put(f"{ACCOUNTS}/plus/capture", json={**body, "other_login": True})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "other_login")
    assert answer.json()["error"]["param"] == "other_login"
    assert meant.status_code == 200


async def test_a_paused_account_gets_no_chat_and_a_woken_one_does(client: httpx2.AsyncClient) -> None:
    paused = await client.patch(f"{ACCOUNTS}/plus", json={"state": "paused", "reason": "holiday"})
    refused = await client.post(CHAT, json=HELLO)
    woken = await client.patch(f"{ACCOUNTS}/plus", json={"state": "enabled"})
    served = await client.post(CHAT, json=HELLO)

    assert (paused.json()["state"], paused.json()["state_reason"]) == ("paused", "holiday")
    assert paused.json()["health"]["detail"] == "It is paused: holiday"
    assert refused.json()["error"]["code"] == "no_eligible_account"
    assert woken.json()["state_reason"] == ""
    assert served.status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"state": "off"}, "state"),
        ({"state": 3}, "state"),
        ({"weight": 0}, "weight"),
        ({"weight": "5"}, "weight"),
        ({"tags": ["A"]}, "tags"),
        ({"tags": 3}, "tags"),
        ({"note": "x" * 501}, "note"),
    ],
)
async def test_a_wrong_change_names_its_field(client: httpx2.AsyncClient, body: dict[str, Any], param: str) -> None:
    answer = await client.patch(f"{ACCOUNTS}/plus", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", ACCOUNTS, {"alias": "new", "capture": capture("pro"), "verfy": False}),
        ("POST", f"{ACCOUNTS}/inspect", {"capture": capture("pro"), "verfy": False}),
        ("PATCH", f"{ACCOUNTS}/plus", {"weight": 3, "verfy": False}),
        ("PUT", f"{ACCOUNTS}/plus/capture", {"capture": capture("pro"), "verfy": False}),
        ("POST", f"{ACCOUNTS}/plus/restore", {"verfy": False}),
    ],
)
async def test_a_misspelt_field_is_refused(
    client: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "verfy")
    assert [one["weight"] for one in (await client.get(ACCOUNTS)).json()["data"]] == [None]


async def test_weight_tags_and_note_are_set_and_taken_back(client: httpx2.AsyncClient) -> None:
    wanted = {"weight": 7, "tags": "work, spare", "note": "the one in the office"}
    first = (await client.patch(f"{ACCOUNTS}/plus", json=wanted)).json()
    second = (await client.patch(f"{ACCOUNTS}/plus", json={"weight": None, "tags": []})).json()
    nothing = await client.patch(f"{ACCOUNTS}/plus", json={})

    assert (first["weight"], first["tags"], first["note"]) == (7, ["work", "spare"], "the one in the office")
    assert (second["weight"], second["tags"], second["note"]) == (None, [], "the one in the office")
    assert nothing.status_code == 200
    assert await events(client, "plus") == ["account.changed", "account.changed"]


async def test_deleting_ends_an_account_and_its_events_stay(served: Served, client: httpx2.AsyncClient) -> None:
    gone = await client.delete(f"{ACCOUNTS}/plus")
    again = await client.delete(f"{ACCOUNTS}/plus")

    assert gone.json()["deleted"] is True
    assert again.status_code == 404
    assert served.bridge.vault.aliases() == []
    assert await events(client, "plus") == ["account.deleted"]


async def test_an_account_whose_capture_was_put_aside_comes_back(served: Served, client: httpx2.AsyncClient) -> None:
    kept = await client.delete(f"{ACCOUNTS}/plus?keep_capture=true")
    refused = await client.post(CHAT, json=HELLO)
    back = await client.post(f"{ACCOUNTS}/plus/restore", json={})

    assert kept.json()["capture_kept"] is True
    assert refused.status_code == 403
    assert (back.status_code, (await client.post(CHAT, json=HELLO)).status_code) == (200, 200)


async def test_the_audit_log_says_what_was_deleted_and_what_was_not_verified(client: httpx2.AsyncClient) -> None:
    await client.post(ACCOUNTS, json={"alias": "new", "capture": capture("pro"), "verify": False})
    await client.patch(f"{ACCOUNTS}/new", json={"state": "paused", "reason": "holiday"})
    await client.put(f"{ACCOUNTS}/new/capture", json={"capture": capture("pro")})
    await client.delete(f"{ACCOUNTS}/new?keep_capture=true")
    log = (await client.get("/v1/chatgpt/audit?subject=new")).json()["data"]
    deleted, replaced, _, added = log

    assert (added["after"]["verified"], replaced["after"]["verified"]) == (False, True)
    assert {name: deleted["before"][name] for name in ("plan", "email", "state", "state_reason")} == {
        "plan": "pro",
        "email": "a***z@example.com",
        "state": "paused",
        "state_reason": "holiday",
    }
    assert deleted["after"] == {"capture_kept": True}


async def test_events_come_in_pages(client: httpx2.AsyncClient) -> None:
    for weight in range(1, 6):
        await client.patch(f"{ACCOUNTS}/plus", json={"weight": weight})
    first = (await client.get(f"{ACCOUNTS}/events?limit=3")).json()
    second = (await client.get(f"{ACCOUNTS}/events?limit=3&cursor={first['next_cursor']}")).json()
    wrong = await client.get(f"{ACCOUNTS}/plus/events?cursor=x")

    weights = [event["data"]["after"]["weight"] for event in [*first["data"], *second["data"]]]
    assert weights == [5, 4, 3, 2, 1]
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "cursor")


async def test_inspecting_writes_nothing_and_tells_of_gaps(served: Served, client: httpx2.AsyncClient) -> None:
    good = await client.post(f"{ACCOUNTS}/inspect", json={"capture": capture("pro")})
    gaps = await client.post(f"{ACCOUNTS}/inspect", json={"capture": capture("pro", missing=["cookies"])})
    nonsense = await client.post(f"{ACCOUNTS}/inspect", json={"capture": "nonsense"})

    assert (good.json()["ok"], good.json()["detected"]["plan_type"]) == (True, "pro")
    assert (gaps.status_code, gaps.json()["missing"]) == (200, ["cookies"])
    assert (nonsense.status_code, nonsense.json()["ok"], nonsense.json()["missing"]) == (200, False, ["parse"])
    assert served.bridge.vault.aliases() == ["plus"]


async def test_a_check_asks_for_limits_and_costs_no_chat(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.limits["plus"] = LIMITS
    checked = (await client.post(f"{ACCOUNTS}/plus/check")).json()

    assert (checked["ok"], checked["status"], checked["asked"]) == (True, "ok", True)
    assert checked["default_model_slug"] == "gpt-5-5"
    assert checked["features"]["image_gen"]["remaining"] == 7
    assert (checked["plan_type"], checked["profile"]["email"]) == ("plus", "a***z@example.com")
    assert served.world.asked == []


async def test_limits_that_cannot_be_read_say_nothing_against_the_login(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.limits["plus"] = UpstreamError("odd")
    checked = (await client.post(f"{ACCOUNTS}/plus/check")).json()

    assert (checked["ok"], checked["status"]) == (True, "metadata_unavailable")
    assert "odd" in checked["warning"]


async def test_a_check_that_fails_says_what_to_do(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.limits["plus"] = AuthInvalidError("not accepted")
    # The server's outcomes are told through the pool, as the quota's probes tell them.
    checked = (await client.post(f"{ACCOUNTS}/plus/check")).json()
    probes = len(served.world.probed)
    again = (await client.post(f"{ACCOUNTS}/plus/check")).json()

    assert (checked["ok"], checked["status"], checked["asked"]) == (False, "auth_invalid", True)
    assert "account update" in checked["what_to_do"]
    assert (again["ok"], again["asked"], again["status"]) == (False, False, "auth_expired")
    assert len(served.world.probed) == probes


async def test_what_has_to_be_left_alone_is_not_asked(served: Served, client: httpx2.AsyncClient) -> None:
    outcomes = Outcomes(served.bridge.store, served.bridge.registry)
    await served.bridge.registry.snapshot()
    await outcomes.report("plus", RateLimitedError("slow"))
    cooling = (await client.post(f"{ACCOUNTS}/plus/check")).json()
    await outcomes.report("plus", BrowserCheckRequiredError("a person", reason="challenge_page"))
    quarantined = (await client.post(f"{ACCOUNTS}/plus/check")).json()
    shown = (await client.get(f"{ACCOUNTS}/plus")).json()["health"]
    [older] = (await client.get(f"{ADMIN}/accounts")).json()["accounts"]

    assert (cooling["ok"], cooling["status"], cooling["asked"]) == (None, "cooling", False)
    assert (quarantined["ok"], quarantined["status"], quarantined["asked"]) == (False, "challenge", False)
    assert (shown["state"], shown["cause"], shown["detail"]) == ("quarantined", "challenge", "a person")
    assert shown["since"] is not None
    assert "wants to see a person" in shown["what_to_do"]
    assert older["health"] | shown == older["health"]
    assert served.world.probed == []


async def test_a_closed_account_is_asked_again_where_the_operator_says_so(
    served: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def still_closed(_session: ChatSession) -> None:
        raise AccountDisabledError("closed")

    served.world.limits["plus"] = LIMITS
    outcomes = Outcomes(served.bridge.store, served.bridge.registry)
    await served.bridge.registry.snapshot()
    await outcomes.report("plus", AccountDisabledError("closed"))
    by_itself = (await client.post(f"{ACCOUNTS}/plus/check")).json()
    with monkeypatch.context() as patched:
        patched.setattr(ChatSession, "verify", still_closed)
        in_vain = (await client.post(f"{ACCOUNTS}/plus/check?again=true")).json()
    works = (await client.post(f"{ACCOUNTS}/plus/check?again=true")).json()
    health = (await client.get(f"{ACCOUNTS}/plus")).json()["health"]
    happened = (await client.get(f"{ACCOUNTS}/plus/events")).json()["data"]
    [entry] = (await client.get("/v1/chatgpt/audit?action=account.reopened")).json()["data"]

    assert (by_itself["ok"], by_itself["status"], by_itself["asked"]) == (False, "blocked", False)
    assert "chatgpt-api account check plus --again" in by_itself["what_to_do"]
    assert (in_vain["ok"], in_vain["status"], in_vain["asked"]) == (False, "account_disabled", True)
    assert (works["ok"], works["status"], works["asked"]) == (True, "ok", True)
    assert health["state"] == "ok"
    assert (happened[0]["type"], happened[0]["data"]["after"]) == ("health.changed", "ok")
    assert entry["before"] == {"health": "blocked"}


async def test_a_challenged_account_is_left_alone_whoever_asks(served: Served, client: httpx2.AsyncClient) -> None:
    outcomes = Outcomes(served.bridge.store, served.bridge.registry)
    await served.bridge.registry.snapshot()
    await outcomes.report("plus", BrowserCheckRequiredError("a person", reason="challenge_page"))
    checked = (await client.post(f"{ACCOUNTS}/plus/check?again=true")).json()

    assert (checked["ok"], checked["status"], checked["asked"]) == (False, "challenge", False)
    assert (served.world.probed, served.bridge.provider.sessions) == ([], [])


async def test_a_check_that_is_answered_ends_what_was_said_of_the_way_there(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.limits["plus"] = LIMITS
    await served.bridge.registry.snapshot()
    await served.bridge.pool.report("plus", UpstreamError("502"))
    before = (await client.get(f"{ACCOUNTS}/plus")).json()["health"]
    await client.post(f"{ACCOUNTS}/plus/check")
    after = (await client.get(f"{ACCOUNTS}/plus")).json()["health"]

    assert (before["cause"], after["cause"]) == ("transport", "ok")


async def test_a_paused_account_says_how_it_gets_work_again(served: Served, client: httpx2.AsyncClient) -> None:
    await client.patch(f"{ACCOUNTS}/plus", json={"state": "paused", "reason": "holiday"})
    checked = (await client.post(f"{ACCOUNTS}/plus/check")).json()

    assert (checked["status"], checked["error"]) == ("paused", "It is paused: holiday")
    assert checked["what_to_do"] == "`chatgpt-api account resume plus` gives it work again."


async def test_an_account_outside_the_pool_is_told_as_one(served: Served, client: httpx2.AsyncClient) -> None:
    served.bridge.vault.write("spare", capture("plus"))
    served.bridge.registry._pool = ("plus",)
    served.bridge.registry.changed()
    checked = (await client.post(f"{ACCOUNTS}/spare/check")).json()

    assert (checked["ok"], checked["status"], checked["asked"]) == (None, "not_in_pool", False)
    assert "CHATGPT_ACCOUNTS" in checked["what_to_do"]


async def test_checking_nobody_is_a_404(client: httpx2.AsyncClient) -> None:
    assert (await client.post(f"{ACCOUNTS}/nobody/check")).status_code == 404


async def test_one_login_under_two_names_is_told_of(served: Served, client: httpx2.AsyncClient) -> None:
    mine = {"account_id": "account-1", "user_id": "user-1"}
    first = await client.post(ACCOUNTS, json={"alias": "one", "capture": capture("plus", **mine)})
    second = await client.post(ACCOUNTS, json={"alias": "two", "capture": capture("pro", **mine)})
    other = await client.post(ACCOUNTS, json={"alias": "three", "capture": capture("pro", account_id="account-2")})
    short = [
        await client.post(ACCOUNTS, json={"alias": alias, "capture": capture("pro", user_id="***")})
        for alias in ("four", "five")
    ]

    told = [answer.json()["same_login_as"] for answer in (first, second, other, *short)]
    assert told == [[], ["one"], [], [], []]


async def test_an_account_that_cannot_be_read_is_listed_with_what_to_do(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.bridge.vault.write("broken", "no capture")
    shown = (await client.get(f"{ACCOUNTS}/broken")).json()

    assert (shown["health"]["state"], shown["health"]["cause"]) == ("unusable", "capture_rejected")
    assert "account update" in shown["health"]["what_to_do"]
    assert shown["error"]["code"] == "capture_rejected"


async def test_everything_here_needs_to_administer(served: Served) -> None:
    scopes = [scope for scope in AccessScope if scope is not AccessScope.ADMIN]
    async with await client_with(served, *scopes) as narrow:
        answers = [
            await narrow.get(ACCOUNTS),
            await narrow.post(ACCOUNTS, json={"alias": "x", "capture": capture()}),
            await narrow.delete(f"{ACCOUNTS}/plus"),
            await narrow.post(f"{ACCOUNTS}/plus/check"),
        ]
    assert {answer.json()["error"]["code"] for answer in answers} == {"missing_scope"}


async def test_nothing_of_a_capture_comes_out_again(served: Served, client: httpx2.AsyncClient) -> None:
    text = capture("pro", token=SECRET)
    answers = [
        await client.post(f"{ACCOUNTS}/inspect", json={"capture": text}),
        await client.post(ACCOUNTS, json={"alias": "new", "capture": text}),
        await client.post(f"{ADMIN}/captures/save", json={"account": "new", "capture_text": text}),
        await client.get(f"{ACCOUNTS}/new"),
        await client.post(f"{ACCOUNTS}/new/check"),
        await client.get(f"{ACCOUNTS}/events"),
        await client.get("/v1/chatgpt/audit"),
        await client.get(f"{ADMIN}/accounts"),
    ]
    assert not [answer for answer in answers if SECRET in answer.text]
