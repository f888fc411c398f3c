"""`/v1/chatgpt/admin`: accounts and captures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.errors import AuthInvalidError, RateLimitedError
from provider.interface.accounts import FeatureQuota, Limits
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server

ADMIN = "/v1/chatgpt/admin"
CHAT = {"messages": [{"role": "user", "content": "Hi"}]}


async def test_accounts_are_listed_with_plan_and_health(served: Served, client: httpx2.AsyncClient) -> None:
    served.bridge.vault.write("broken", "no capture")

    body = (await client.get(f"{ADMIN}/accounts")).json()
    broken, plus = body["accounts"]

    assert body["object"] == "chatgpt.admin.accounts"
    assert (plus["account"], plus["configured"], plus["plan_type"], plus["plan_bucket"]) == (
        "plus",
        True,
        "plus",
        "paid",
    )
    assert (plus["health"]["state"], plus["limits"]["chat"], plus["error"]) == ("ok", 3, None)
    assert (broken["configured"], broken["error"]) == (False, "capture_rejected")


async def test_a_capture_is_inspected_without_being_kept(served: Served, client: httpx2.AsyncClient) -> None:
    good = await client.post(f"{ADMIN}/captures/inspect", json={"account": "new", "capture_text": capture("pro")})
    bad = await client.post(f"{ADMIN}/captures/inspect", json={"capture": capture("pro", missing=["cookie"])})

    assert (good.json()["ok"], good.json()["account"], good.json()["detected"]["plan_type"]) == (True, "new", "pro")
    assert (bad.status_code, bad.json()["ok"], bad.json()["missing"]) == (200, False, ["cookie"])
    assert served.bridge.vault.aliases() == ["plus"]


async def test_an_account_that_cools_is_not_called_ok(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.refusals["plus"] = [RateLimitedError("slow down", retry_after_seconds=300)]
    await client.post("/v1/chat/completions", json=CHAT)
    (plus,) = (await client.get(f"{ADMIN}/accounts")).json()["accounts"]

    assert (plus["health"]["state"], plus["health"]["cause"]) == ("cooling", "burst")
    assert plus["health"]["until"] == plus["health"]["cooldown_until"]


async def test_what_a_deletion_keeps_is_named_where_it_lies(served: Served, client: httpx2.AsyncClient) -> None:
    folder = served.services.settings.accounts.accounts_dir.absolute() / "plus"
    (folder / "settings.json").write_text("{}")
    body = {"account": "plus", "delete_capture": False, "delete_settings": False}
    kept = (await client.post(f"{ADMIN}/accounts/delete", json=body)).json()
    gone = (await client.post(f"{ADMIN}/accounts/delete", json={"account": "plus"})).json()

    assert kept["kept_at"] == {
        "capture": str(folder / "chatgpt-request.previous.txt"),
        "settings": str(folder / "settings.json"),
    }
    assert gone["kept_at"] == {"capture": None, "settings": None}


async def test_any_text_is_inspected(client: httpx2.AsyncClient) -> None:
    told = (await client.post(f"{ADMIN}/captures/inspect", json={"capture_text": "nonsense"})).json()
    saved = (await client.post(f"{ADMIN}/captures/save", json={"account": "new", "capture_text": "nonsense"})).json()

    assert (told["ok"], told["account"], told["missing"]) == (False, "plus", ["parse"])
    assert told["checks"] == [{"name": "parse", "level": "required", "ok": False, "detail": "not a capture"}]
    assert told["preview"]["capture_path"].endswith("/plus/chatgpt-request.txt")
    assert (saved["error"]["failed"], saved["inspection"]["ok"]) == (["parse"], False)


async def test_web_settings_are_kept_beside_the_capture(served: Served, client: httpx2.AsyncClient) -> None:
    body = {"account": "new", "capture_text": capture("pro"), "settings_text": '{"settings": {}}'}
    looked = (await client.post(f"{ADMIN}/captures/inspect", json=body)).json()
    assert served.bridge.vault.read_settings("new") is None
    saved = (await client.post(f"{ADMIN}/captures/save", json=body)).json()
    listed = {one["account"]: one for one in (await client.get(f"{ADMIN}/accounts")).json()["accounts"]}
    await client.post(f"{ADMIN}/captures/save", json={**body, "settings_text": None, "replace": True})

    assert looked["detected"]["scope"] == saved["inspection"]["detected"]["scope"] == "capture and settings"
    assert (listed["new"]["settings_exists"], listed["plus"]["settings_exists"]) == (True, False)
    assert listed["new"]["profile"]["settings_default_model_slug"] == '{"settings": {}}'
    assert served.bridge.vault.read_settings("new") == '{"settings": {}}'


async def test_a_saved_account_counts_from_the_next_request_on(tmp_path: Path) -> None:
    async with open_server(tmp_path, captures={}) as served, served.client() as client:
        before = await client.post("/v1/chat/completions", json=CHAT)
        saved = await client.post(f"{ADMIN}/captures/save", json={"account": "new", "capture_text": capture("plus")})
        after = await client.post("/v1/chat/completions", json=CHAT)
        deleted = await client.post(f"{ADMIN}/accounts/delete", json={"account": "new"})
        again = await client.post(f"{ADMIN}/accounts/delete", json={"account": "new"})
        at_last = await client.post("/v1/chat/completions", json=CHAT)

    assert (before.status_code, after.status_code, at_last.status_code) == (403, 200, 403)
    assert (saved.json()["saved"], saved.json()["live_verify"]) == (True, "ok")
    assert saved.json()["capture_path"].endswith("/new/chatgpt-request.txt")
    assert deleted.json()["deleted"]["capture"] is True
    assert (again.status_code, again.json()["deleted"]["capture"]) == (200, False)
    assert again.json()["remaining_accounts"] == []


async def test_a_capture_that_does_not_authenticate_replaces_nothing(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.bridge.provider.refusal = AuthInvalidError("not accepted")
    body = {"account": "plus", "capture_text": capture("pro"), "replace": True}
    served.bridge.provider.open = lambda alias, text: _Refused()

    answer = await client.post(f"{ADMIN}/captures/save", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth_invalid")
    assert served.bridge.vault.read("plus") == capture("plus")
    assert (await client.post(f"{ADMIN}/captures/save", json={**body, "verify": False})).status_code == 200
    assert served.bridge.vault.read("plus") == capture("pro")


class _Refused:
    async def verify(self) -> None:
        raise AuthInvalidError("not accepted")

    async def aclose(self) -> None:
        """Nothing is open."""


async def test_a_capture_with_gaps_is_refused_with_what_is_missing(client: httpx2.AsyncClient) -> None:
    body = {"account": "new", "capture_text": capture("plus", missing=["cookie"])}

    answer = await client.post(f"{ADMIN}/captures/save", json=body)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "capture_rejected")
    assert (error["missing"], error["failed"], error["warnings"]) == (["cookie"], ["cookie"], [])
    assert answer.json()["inspection"]["ok"] is False


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("captures/inspect", {}, "capture_text"),
        ("captures/inspect", {"capture_text": " "}, "capture_text"),
        ("captures/inspect", {"capture_text": 3}, "capture_text"),
        ("captures/save", {"account": "new", "capture_text": "nonsense"}, "capture"),
        ("captures/inspect", {"capture_text": capture(), "settings_text": "[]"}, "settings_text"),
        ("captures/save", {"capture_text": capture()}, "account"),
        ("captures/save", {"account": "../x", "capture_text": capture()}, "account"),
        ("captures/save", {"account": "plus", "capture_text": capture()}, "account"),
        ("captures/save", {"account": "new", "capture_text": capture(), "verify": "no"}, "verify"),
        ("accounts/delete", {}, "account"),
        ("accounts/delete", {"account": "a/b"}, "account"),
        ("accounts/delete", {"account": "plus", "delete_capture": "no"}, "delete_capture"),
        ("accounts/check", {"account": 3}, "account"),
    ],
)
async def test_bad_input_is_a_400_with_the_fields_name(
    client: httpx2.AsyncClient, path: str, body: dict[str, Any], param: str
) -> None:
    answer = await client.post(f"{ADMIN}/{path}", json=body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_the_older_word_for_replacing_is_understood(client: httpx2.AsyncClient) -> None:
    body = {"account": "plus", "capture_text": capture("pro"), "force": True}

    assert (await client.post(f"{ADMIN}/captures/save", json=body)).status_code == 200


async def test_force_neither_asks_upstream_nor_for_the_same_login(
    served: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.bridge.provider, "open", lambda alias, text: _Refused())
    saved = [
        await client.post(f"{ADMIN}/captures/save", json={"account": "plus", "capture_text": text, **more})
        for text, more in (
            (capture("pro", account_id="acc-1"), {"force": True}),
            (capture("pro", account_id="acc-2"), {"replace": True, "verify": False}),
            (capture("pro", account_id="acc-2"), {"force": True}),
        )
    ]
    assert [answer.status_code for answer in saved] == [200, 409, 200]
    assert saved[0].json()["live_verify"] == "skipped"


async def test_every_name_is_listed_with_what_is_left_of_it(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(f"{ADMIN}/captures/save", json={"account": "new", "capture_text": capture("pro")})
    await client.post(f"{ADMIN}/accounts/delete", json={"account": "plus", "delete_capture": False})
    folder = served.services.settings.accounts.accounts_dir / "webby"
    folder.mkdir()
    (folder / "settings.json").write_text("{}")
    (folder.parent / "empty").mkdir()

    body = (await client.get(f"{ADMIN}/accounts")).json()
    new, plus, webby = body["accounts"]

    assert body["stored_captures"] == ["new"]
    assert (new["account"], new["capture_exists"], new["profile"]["plan_type"]) == ("new", True, "pro")
    assert (new["stored"]["plan_type"], new["stored"]["email"]) == ("pro", "a***z@example.com")
    assert new["stored"]["updated_at"]
    assert (plus["account"], plus["configured"], plus["capture_exists"]) == ("plus", False, False)
    assert (plus["previous_exists"], plus["stored"]) == (True, None)
    assert (webby["account"], webby["settings_exists"], webby["profile"]) == ("webby", True, None)
    assert webby["settings_path"].endswith("/webby/settings.json")


async def test_a_capture_that_is_kept_is_told_as_kept(served: Served, client: httpx2.AsyncClient) -> None:
    body = {"account": "plus", "delete_capture": False, "delete_settings": False}
    kept = (await client.post(f"{ADMIN}/accounts/delete", json=body)).json()

    assert kept["deleted"] == {"capture": False, "settings": False, "stored_metadata": False, "empty_directory": False}
    assert (kept["capture_kept"], kept["remaining_accounts"]) == (True, [])
    assert served.bridge.vault.read_previous("plus") == capture("plus")
    assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 403


@pytest.mark.parametrize("name", ["all", "*", None, "plus"])
async def test_accounts_are_checked_together_and_cost_no_chat(tmp_path: Path, name: str | None) -> None:
    captures = {"plus": capture("plus"), "pro": capture("pro"), "broken": "no capture"}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        for alias in ("plus", "pro"):
            served.world.limits[alias] = Limits({"image_gen": FeatureQuota("image_gen", "available", 7)})
        answer = await client.post(f"{ADMIN}/accounts/check", json={} if name is None else {"account": name})
        unknown = await client.post(f"{ADMIN}/accounts/check", json={"account": "nobody"})
        asked = list(served.world.asked)

    entries = {entry["account"]: entry for entry in answer.json()["accounts"]}
    assert answer.json()["object"] == "chatgpt.admin.account_check"
    assert set(entries) == ({"plus"} if name == "plus" else set(captures))
    assert entries["plus"]["ok"] is True
    if name != "plus":
        assert (entries["broken"]["ok"], entries["broken"]["status"]) == (False, "capture_rejected")
        assert entries["broken"]["profile_error"]
    assert unknown.json()["accounts"][0]["status"] == "account_not_configured"
    assert asked == []
