"""`/v1/chatgpt/keys` and `/v1/chatgpt/audit`."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from core.contracts.keys import AccessScope
from tests.fakes.keys import client_with
from tests.fakes.server import Served

KEYS = "/v1/chatgpt/keys"
AUDIT = "/v1/chatgpt/audit"


async def created(client: httpx2.AsyncClient, **terms: Any) -> dict[str, Any]:
    answer = await client.post(KEYS, json={"name": "laptop", **terms})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_key_is_shown_once(client: httpx2.AsyncClient) -> None:
    answer = await client.post(KEYS, json={"name": " laptop "})
    made = answer.json()
    later = [await client.get(KEYS), await client.get(answer.headers["location"]), await client.get(AUDIT)]

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert made["key"].startswith(made["hint"])
    assert made["name"] == "laptop"
    assert (made["state"], made["scopes"]) == ("active", ["chat", "images", "research", "read"])
    assert not any(made["key"] in later_answer.text for later_answer in later)
    assert later[1].json() == {name: value for name, value in made.items() if name not in ("key", "warnings")}


@pytest.mark.parametrize("field", ["scope", "permissions"])
async def test_a_misspelt_field_makes_no_key_that_may_do_more(client: httpx2.AsyncClient, field: str) -> None:
    made = await created(client)
    wrong = [
        await client.post(KEYS, json={"name": "laptop", field: ["read"]}),
        await client.patch(f"{KEYS}/{made['id']}", json={field: ["read"]}),
    ]

    assert [answer.status_code for answer in wrong] == [400, 400]
    assert [answer.json()["error"]["param"] for answer in wrong] == [field, field]
    assert wrong[0].json()["error"]["message"] == f"`{field}`: there is no such field"
    assert len((await client.get(KEYS)).json()["data"]) == 2


async def test_a_made_key_works_at_once_and_stops_at_once(served: Served, client: httpx2.AsyncClient) -> None:
    made = await created(client, scopes="read")
    async with served.client(made["key"]) as owner:
        before = await owner.get("/v1/models")
        revoked = await client.post(f"{KEYS}/{made['id']}/revoke")
        after = await owner.get("/v1/models")
        again = await client.post(f"{KEYS}/{made['id']}/revoke")

    assert before.status_code == 200
    assert (after.status_code, after.json()["error"]["code"]) == (401, "api_key_revoked")
    assert after.headers["www-authenticate"] == "Bearer"
    assert revoked.json()["state"] == again.json()["state"] == "revoked"
    assert revoked.json()["revoked_at"] == again.json()["revoked_at"]


async def test_a_change_that_changes_nothing_is_not_in_the_log(client: httpx2.AsyncClient) -> None:
    made = await created(client, per_day=5)
    await client.patch(f"{KEYS}/{made['id']}", json={"per_day": 5, "name": "laptop"})
    assert [entry["action"] for entry in (await client.get(AUDIT)).json()["data"]] == ["key.created"]


async def test_what_nobody_has_is_warned_of(client: httpx2.AsyncClient) -> None:
    made = await created(client, accounts=["plus", "plsu"], models="auto, chatgpt-web/gpt-5-5, gpt-55")
    changed = (await client.patch(f"{KEYS}/{made['id']}", json={"accounts": ["plus"], "models": []})).json()

    assert made["warnings"] == [
        "There is no account 'plsu' now.",
        "No account that the key may use offers the model 'gpt-55' now.",
    ]
    assert changed["warnings"] == []


async def test_deleting_a_key_revokes_it(client: httpx2.AsyncClient) -> None:
    made = await created(client)
    gone = await client.delete(f"{KEYS}/{made['id']}")
    later = await client.get(f"{KEYS}/{made['id']}")

    assert (gone.status_code, gone.json()["state"], later.json()["state"]) == (200, "revoked", "revoked")
    assert (await client.delete(f"{KEYS}/key_unknown")).status_code == 404


async def test_the_log_is_filtered_and_knows_its_filters(client: httpx2.AsyncClient) -> None:
    made = await created(client)
    await client.patch("/v1/chatgpt/accounts/plus", json={"note": "mine"})

    async def found(**filters: str) -> list[str]:
        answer = await client.get(AUDIT, params=filters)
        assert answer.status_code == 200, answer.text
        return [entry["action"] for entry in answer.json()["data"]]

    assert await found(actor="key:primary", action="key.") == ["key.created"]
    assert await found(actor="key:somebody") == []
    assert await found(subject=made["id"], since="2020-01-01") == ["key.created"]
    assert await found(since="2999-01-01T00:00:00Z") == []
    for filters, param in (({"user": "me"}, "user"), ({"since": "soon"}, "since"), ({"limit": "0"}, "limit")):
        wrong = await client.get(AUDIT, params=filters)
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (422, param)


async def test_a_change_says_only_what_is_different(served: Served, client: httpx2.AsyncClient) -> None:
    made = await created(client, scopes=["read"], models="auto, gpt-5", per_day=10)
    changed = await client.patch(f"{KEYS}/{made['id']}", json={"scopes": ["read", "admin"], "per_day": None})
    async with served.client(made["key"]) as owner:
        allowed = await owner.get(KEYS)

    assert changed.json()["scopes"] == ["read", "admin"]
    assert changed.json()["models"] == ["auto", "gpt-5"]
    assert changed.json()["per_day"] is None
    assert changed.json()["name"] == "laptop"
    assert allowed.status_code == 200


async def test_a_key_that_was_used_says_when(served: Served, client: httpx2.AsyncClient) -> None:
    made = await created(client, scopes="read")
    async with served.client(made["key"]) as owner:
        await owner.get("/v1/models")

    shown = (await client.get(f"{KEYS}/{made['id']}")).json()
    assert made["last_used_at"] is None
    assert shown["last_used_at"] >= made["created_at"]


async def test_the_bootstrap_key_is_listed_and_not_changed_here(client: httpx2.AsyncClient) -> None:
    first = (await client.get(KEYS)).json()["data"][0]
    refused = [
        await client.post(f"{KEYS}/primary/revoke"),
        await client.patch(f"{KEYS}/primary", json={"name": "x"}),
    ]

    assert (first["id"], first["bootstrap"], first["state"]) == ("primary", True, "active")
    assert first == (await client.get(f"{KEYS}/primary")).json() | {"last_used_at": first["last_used_at"]}
    for answer in refused:
        assert answer.status_code == 400
        assert "CHATGPT_API_KEY" in answer.json()["error"]["message"]


_WRONG: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("name", ("", "a\nb", "x" * 101, 5)),
    ("scopes", ([], ["everything"], "chat root")),
    ("per_minute", (0, "many")),
    ("per_day", (-1, True)),
    ("expires_at", (1_000_000, "soon", 1e300, [])),
    ("models", (7,)),
)


async def test_wrong_terms_name_their_field(client: httpx2.AsyncClient) -> None:
    made = await created(client)
    for param, values in _WRONG:
        for value in values:
            terms = {"name": "laptop", param: value}
            answers = await client.post(KEYS, json=terms), await client.patch(f"{KEYS}/{made['id']}", json=terms)

            for answer in answers:
                assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), value


@pytest.mark.parametrize("moment", [4_000_000_000, "2090-01-01", "2090-01-01T00:00:00+02:00"])
async def test_an_expiry_may_be_written_anyhow(client: httpx2.AsyncClient, moment: Any) -> None:
    made = await created(client, expires_at=moment)
    forever = await client.patch(f"{KEYS}/{made['id']}", json={"expires_at": None})

    assert made["expires_at"] > 3_700_000_000
    assert forever.json()["expires_at"] is None


async def test_an_unknown_key_is_a_404(client: httpx2.AsyncClient) -> None:
    answers = [
        await client.get(f"{KEYS}/key_none"),
        await client.patch(f"{KEYS}/key_none", json={"name": "x"}),
        await client.post(f"{KEYS}/key_none/revoke"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_the_audit_log_says_who_did_what(served: Served, client: httpx2.AsyncClient) -> None:
    made = await created(client)
    async with await client_with(served, AccessScope.ADMIN, name="second") as admin:
        await admin.patch(f"{KEYS}/{made['id']}", json={"per_minute": 5})
        second = [key for key in (await admin.get(KEYS)).json()["data"] if key["name"] == "second"][0]
    page = (await client.get(f"{AUDIT}?subject={made['id']}")).json()

    changed, first = page["data"]
    assert (first["actor"], first["action"], first["before"]) == ("key:primary", "key.created", None)
    assert (changed["actor"], changed["action"]) == (f"key:{second['id']}", "key.changed")
    assert (changed["before"], changed["after"]) == ({"per_minute": None}, {"per_minute": 5})
    assert page["next_cursor"] is None


async def test_the_audit_log_has_pages(client: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await created(client)
    first = (await client.get(f"{AUDIT}?action=key.&limit=2")).json()
    second = (await client.get(f"{AUDIT}?action=key.&limit=2&cursor={first['next_cursor']}")).json()

    numbers = [entry["number"] for entry in (*first["data"], *second["data"])]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 3
    assert (await client.get(f"{AUDIT}?cursor=x")).status_code == 400
    assert (await client.get(f"{AUDIT}?limit=1000")).status_code == 422
