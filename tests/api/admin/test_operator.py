"""The operator's older routes: status, settings, files and trials."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx2
import pytest

from api.admin.status import status
from core.contracts.keys import AccessScope
from core.errors import AuthExpiredError
from tests.api.images.test_router import draws
from tests.fakes.keys import client_with
from tests.fakes.server import Served

ADMIN = "/v1/chatgpt/admin"


async def posted(client: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{ADMIN}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def drawn(served: Served, client: httpx2.AsyncClient) -> dict[str, Any]:
    draws(served)
    await client.post("/v1/images/generations", json={"prompt": "A heron"})
    (file,) = (await client.get(f"{ADMIN}/artifacts")).json()["artifacts"]
    return dict(file)


async def test_the_status_says_where_and_how_and_holds_no_key(served: Served, client: httpx2.AsyncClient) -> None:
    await drawn(served, client)
    answer = await client.get(f"{ADMIN}/status")
    told = answer.json()

    assert (told["object"], told["ok"], told["server"]["auth_mode"]) == ("chatgpt.admin.status", True, "bearer")
    assert (told["server"]["port"], told["server"]["base_url"]) == (client.base_url.port, f"{client.base_url}/v1")
    assert told["routing"]["accounts"] == ["plus"]
    assert told["routing"]["account_strategy"] == "auto"
    assert told["routing"]["account_concurrency"] == {"plus": 3}
    assert told["routing"]["feature_concurrency"]["image"] == {"plus": 2}
    assert told["storage"]["artifact_count"] == 1
    assert served.services.key.value not in answer.text
    assert told["routing"]["agent_prompt_mode"] == "optimized"
    assert told["routing"]["model_fallback"] == "auto"
    assert {"console_url", "console_command"} <= told["server"].keys()


async def test_an_address_of_ipv6_stands_in_brackets(served: Served) -> None:
    server = served.services.settings.server.model_copy(update={"host": "::1"})
    services = replace(served.services, settings=replace(served.services.settings, server=server))
    assert (await status(services, 8000))["server"]["base_url"] == "http://[::1]:8000/v1"


async def test_settings_are_replaced_whole_and_reset(client: httpx2.AsyncClient) -> None:
    wanted = {"concurrency": {"chat": {"plans": {"plus": 2}, "accounts": {}}, "image": {"accounts": {"plus": 0}}}}
    saved = await posted(client, "settings/save", settings=wanted)
    again = await posted(client, "settings/save", concurrency={"chat": {"accounts": {"plus": 1}}})
    shown = (await client.get(f"{ADMIN}/settings")).json()["settings"]
    reset = await posted(client, "settings/reset")

    assert saved["object"] == "chatgpt.admin.settings_save"
    assert (saved["account_concurrency"], saved["feature_concurrency"]["image"]) == ({"plus": 2}, {"plus": 0})
    assert (again["account_concurrency"], again["feature_concurrency"]["image"]) == ({"plus": 1}, {"plus": 2})
    assert shown["concurrency"]["chat"]["accounts"] == {"plus": 1}
    assert shown["concurrency"]["chat"]["plans"]["plus"] == 3
    assert shown["in_force"]["chat"]["accounts"] == {"plus": {"slots": 1, "source": "account", "in_use": 0}}
    assert shown["in_force"]["chat"]["plans"]["plus"] == {"slots": 3, "source": "plan_table"}
    assert (reset["object"], reset["account_concurrency"]) == ("chatgpt.admin.settings_reset", {"plus": 3})


async def test_posting_settings_back_changes_nothing(client: httpx2.AsyncClient) -> None:
    await posted(client, "settings/save", concurrency={"image": {"plans": {"plus": 1}, "accounts": {"plus": 0}}})
    before = (await client.get(f"{ADMIN}/settings")).json()
    limits = (await client.get("/v1/chatgpt/limits")).json()
    back = await client.post(f"{ADMIN}/settings/save", json=before)

    assert (back.status_code, back.json()["settings"]) == (200, before["settings"])
    assert (await client.get(f"{ADMIN}/settings")).json() == before
    assert (await client.get("/v1/chatgpt/limits")).json() == limits
    assert limits["saved"] == {"plans": {"image": {"plus": 1}}, "accounts": {"image": {"plus": 0}}}


async def test_numbers_out_of_range_are_bent_and_told(client: httpx2.AsyncClient) -> None:
    wanted = {"chat": {"plans": {"plus": 99}, "accounts": {"plus": 0}}, "image": {"accounts": {"plus": -3}}}
    told = (await posted(client, "settings/save", concurrency=wanted))["settings"]

    assert (told["concurrency"]["chat"]["plans"]["plus"], told["concurrency"]["chat"]["accounts"]) == (32, {"plus": 1})
    assert told["concurrency"]["image"]["accounts"] == {"plus": 0}
    assert told["warnings"][-3:] == [
        "chat.plans.plus: 99 is not within 1 to 32; 32 is saved.",
        "chat.accounts.plus: 0 is not within 1 to 32; 1 is saved.",
        "image.accounts.plus: -3 is not within 0 to 32; 0 is saved.",
    ]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"settings": 1}, "settings"),
        ({"settings": {"concurrency": []}}, "concurrency"),
        ({"concurrency": {"dance": {}}}, "concurrency"),
        ({"concurrency": {"chat": {"plans": {"plus": "2"}}}}, "chat.plans.plus"),
        ({"concurrency": {"chat": {"plans": {"plus": False}}}}, "chat.plans.plus"),
        ({"concurrency": {"chat": {"plans": {"gold": 2}}}}, "chat.plans"),
        ({"concurrency": {"chat": {"account": {"plus": 2}}}}, "chat.account"),
        ({"concurrency": {"chat": []}}, "chat"),
    ],
)
async def test_bad_settings_change_nothing(client: httpx2.AsyncClient, body: dict[str, Any], param: str) -> None:
    before = (await client.get(f"{ADMIN}/settings")).json()
    answer = await client.post(f"{ADMIN}/settings/save", json=body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert (await client.get(f"{ADMIN}/settings")).json() == before


async def test_files_are_listed_with_what_they_were_asked_for(served: Served, client: httpx2.AsyncClient) -> None:
    file = await drawn(served, client)

    assert (file["kind"], file["prompt"], file["content_type"]) == ("image", "A heron", "image/png")
    assert file["metadata"] == {"requested_model": "auto", "response_format": "url"}
    assert datetime.strptime(file["created_at"], "%Y-%m-%dT%H:%M:%SZ")
    assert (await client.get(file["download_url"])).status_code == 200
    for limit in ("0", "x", "9999"):
        assert len((await client.get(f"{ADMIN}/artifacts", params={"limit": limit})).json()["artifacts"]) == 1


@pytest.mark.parametrize("with_bytes", [True, False])
async def test_a_file_is_forgotten_with_its_bytes_or_without(
    served: Served, client: httpx2.AsyncClient, with_bytes: bool
) -> None:
    file = await drawn(served, client)
    gone = await posted(client, "artifacts/delete", file_id=file["file_id"], delete_file=with_bytes)
    unknown = await client.post(f"{ADMIN}/artifacts/delete", json={"file_id": file["file_id"]})
    (entry, *_) = (await client.get("/v1/chatgpt/audit")).json()["data"]

    assert gone["deleted"] == {"metadata": True, "file": with_bytes}
    assert gone["path"] == (None if with_bytes else file["path"])
    assert (await client.get(f"{ADMIN}/artifacts")).json()["artifacts"] == []
    kept = list(served.services.settings.storage.artifacts_dir.rglob("*.png"))
    assert (kept == []) is with_bytes
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "file_id")
    assert (entry["action"], entry["subject"]) == ("artifact.deleted", file["file_id"])


async def test_bytes_that_were_left_are_removed_by_a_second_call(served: Served, client: httpx2.AsyncClient) -> None:
    file = await drawn(served, client)
    await posted(client, "artifacts/delete", file_id=file["file_id"])
    again = await posted(client, "artifacts/delete", file_id=file["file_id"], delete_file=True)
    gone = await client.post(f"{ADMIN}/artifacts/delete", json={"file_id": file["file_id"], "delete_file": True})
    odd = await client.post(f"{ADMIN}/artifacts/delete", json={"file_id": "../..", "delete_file": True})
    (entry, *_) = (await client.get("/v1/chatgpt/audit")).json()["data"]

    assert (again["deleted"], again["artifact"]) == ({"metadata": False, "file": True}, None)
    assert list(served.services.settings.storage.artifacts_dir.rglob("*.png")) == []
    assert [gone.status_code, odd.status_code] == [404, 404]
    assert (entry["action"], entry["subject"], entry["after"]) == (
        "artifact.deleted",
        file["file_id"],
        {"file_removed": True},
    )


async def test_a_file_that_is_gone_already_is_not_called_removed(served: Served, client: httpx2.AsyncClient) -> None:
    file = await drawn(served, client)
    (kept,) = served.services.settings.storage.artifacts_dir.rglob("*.png")
    kept.unlink()
    gone = await posted(client, "artifacts/delete", file_id=file["file_id"], delete_file=True)
    assert gone["deleted"] == {"metadata": True, "file": False}


async def test_a_chat_is_tried_as_a_client_would(served: Served, client: httpx2.AsyncClient) -> None:
    told = await posted(client, "test/chat", message="Are you there?", system="Be brief")
    served.world.refusals["plus"] = [AuthExpiredError("old")]
    refused = await client.post(f"{ADMIN}/test/chat", json={})
    wrong = await client.post(f"{ADMIN}/test/chat", json={"message": 1})

    assert (told["ok"], told["content"]) == (True, "Hello there")
    assert told["latency_ms"] >= 0
    assert told["response"]["choices"][0]["message"]["content"] == "Hello there"
    assert [message.text for message in served.world.asked[0][1].messages] == ["Be brief", "Are you there?"]
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "auth_expired")
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "message")


async def test_trials_need_the_scopes_of_what_they_try_and_count(served: Served) -> None:
    async with await client_with(served, AccessScope.ADMIN) as admin:
        refused = [
            await admin.post(f"{ADMIN}/test/chat", json={}),
            await admin.post(f"{ADMIN}/test/image", json={"prompt": "A heron"}),
        ]
    draws(served)
    async with await client_with(served, per_day=2) as both:
        tried = [
            await both.post(f"{ADMIN}/test/chat", json={}),
            await both.post(f"{ADMIN}/test/image", json={"prompt": "A heron"}),
            await both.post(f"{ADMIN}/test/chat", json={}),
        ]

    assert [answer.status_code for answer in refused] == [403, 403]
    assert [answer.json()["error"]["code"] for answer in refused] == ["missing_scope"] * 2
    assert [answer.status_code for answer in tried] == [200, 200, 429]


async def test_a_picture_is_tried_and_kept_where_all_are(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)
    told = await posted(client, "test/image", prompt="A heron")
    elsewhere = await client.post(f"{ADMIN}/test/image", json={"prompt": "A heron", "output_dir": "/etc"})
    nothing = await client.post(f"{ADMIN}/test/image", json={})

    assert told["ok"]
    assert (await client.get(told["response"]["data"][0]["url"])).status_code == 200
    assert (elsewhere.status_code, elsewhere.json()["error"]["param"]) == (400, "output_dir")
    assert (nothing.status_code, nothing.json()["error"]["param"]) == (400, "prompt")
