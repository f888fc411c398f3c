"""Every route without a key, with a wrong one, an expired, a revoked, a too narrow one, and the right one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import attempts
from api.scopes import Anybody, need_of
from core.clock import utc_now
from core.contracts.keys import AccessScope
from tests.fakes.keys import make_key
from tests.fakes.routes import routes
from tests.fakes.server import KEY, Served, open_server

_REFUSALS = {
    "api_key_missing",
    "invalid_api_key",
    "api_key_expired",
    "api_key_revoked",
    "missing_scope",
    "too_many_attempts",
}

_BODILESS = ("/cancel", "/rerun", "/revoke", "{alias}/check")
"""Ends of the paths whose body nobody reads."""


_BESIDES = {
    "/v1/chatgpt/admin/test/chat": AccessScope.CHAT,
    "/v1/chatgpt/admin/test/image": AccessScope.IMAGES,
}
"""What trials need beside `admin`: the scope of what they try."""


_NARROW = (403, "missing_scope")


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "none", path.replace("{file_id}", "0" * 32))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong keys are not held back here."""
    monkeypatch.setattr(attempts, "_LONGEST_DELAY_SECONDS", 0.0)


async def codes(served: Served, key: str | None, found: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """What a key gets from every route: a status, or the code of the refusal."""
    answers: dict[tuple[str, str], Any] = {}
    async with served.client(key) as client:
        for method, path in found:
            writes = method in ("POST", "PATCH", "PUT")
            answer = await client.request(method, filled(path), json={} if writes else None)
            answers[method, path] = told(answer)
    return answers


def told(answer: httpx2.Response) -> Any:
    try:
        code = answer.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return answer.status_code
    return (answer.status_code, code) if code in _REFUSALS else answer.status_code


def test_all_the_routes_are_looked_at() -> None:
    found = routes()

    assert len(found) > 25
    assert {("POST", "/v1/chat/completions"), ("GET", "/v1/chatgpt/keys"), ("POST", "/v1/images/edits")} <= set(found)


async def test_without_the_right_key_every_closed_route_is_shut(served: Served) -> None:
    found = routes()
    past = utc_now() - timedelta(seconds=1)
    expired = await make_key(served, expires_at=past)
    revoked = await make_key(served)
    for record in await served.bridge.keys.all():
        if record.expires_at is None:
            await served.bridge.keys.revoke(record.id, actor="test")

    seen = {
        "api_key_missing": await codes(served, None, found),
        "invalid_api_key": await codes(served, "sk-wrong", found),
        "api_key_expired": await codes(served, expired, found),
        "api_key_revoked": await codes(served, revoked, found),
    }

    for code, answers in seen.items():
        for (method, path), answer in answers.items():
            closed = need_of(path) is not Anybody.OPEN or "/chatgpt/files/" in path
            expected = (401, "api_key_missing" if "/chatgpt/files/" in path else code)
            assert (answer == expected) is closed, (method, path, answer)
            if not closed:
                assert answer == 200, (method, path, answer)
    assert not served.world.asked


async def test_a_key_that_is_too_narrow_is_told_the_scope(served: Served) -> None:
    for scope in AccessScope:
        narrow = await make_key(served, *(other for other in AccessScope if other is not scope))
        answers = await codes(served, narrow, routes())

        refused = {path for (_, path), answer in answers.items() if answer == _NARROW}
        assert refused == {path for _, path in routes() if scope in (need_of(path), _BESIDES.get(path))}, scope
        async with served.client(narrow) as client:
            for path in refused:
                methods = [method for method, other in answers if other == path]
                answer = await client.request(methods[0], filled(path))
                assert f"`{scope}`" in answer.json()["error"]["message"]
                assert answer.json()["error"]["type"] == "permission_error"
    # An empty body is a whole request to one route only: the operator's own trial.
    assert {request.messages[-1].text for _, request in served.world.asked} <= {"Say hello in one short sentence."}


async def test_the_right_scope_alone_is_enough(served: Served) -> None:
    found = routes()
    for scope in AccessScope:
        key = await make_key(served, scope)
        mine = [
            (method, path)
            for method, path in found
            if need_of(path) in (scope, Anybody.ANY_KEY) and path not in _BESIDES
        ]

        answers = await codes(served, key, mine)
        assert mine
        assert not [route for route, answer in answers.items() if isinstance(answer, tuple)], answers
        assert not [route for route, answer in answers.items() if answer >= 500], answers


async def test_the_operators_own_key_opens_everything(served: Served) -> None:
    answers = await codes(served, KEY, routes())

    assert not [route for route, answer in answers.items() if isinstance(answer, tuple)], answers


async def test_a_route_that_nobody_thought_of_is_for_those_who_administer(served: Served) -> None:
    assert need_of("/v1/chatgpt/anything/{new}") is AccessScope.ADMIN
    assert need_of("/v1/chatgpt/modelsx") is AccessScope.ADMIN
    assert need_of("/v1/models/{model_id:path}") is AccessScope.READ


async def test_a_narrow_key_hears_of_unknown_paths_what_everybody_hears(served: Served) -> None:
    async with served.client(await make_key(served, AccessScope.CHAT)) as client:
        answers = [await client.get("/v1/unheard-of"), await client.post("/v1/embeddings", json={})]

    assert [answer.json()["error"]["code"] for answer in answers] == ["not_found", "not_offered"]


async def test_scope_is_looked_at_before_the_body(served: Served) -> None:
    key = await make_key(served, AccessScope.READ)
    head = [
        "POST /v1/chat/completions HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        "Content-Length: 1000000",
    ]

    answer = await served.raw(*head)

    assert answer.startswith(b"HTTP/1.1 403")
    assert b"missing_scope" in answer


async def test_no_key_reaches_the_log_or_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_server(tmp_path) as served:
        key = await make_key(served, AccessScope.READ)
        for used in (key, "sk-canary-not-a-key-" + "c" * 24):
            async with served.client(used) as client:
                answers = [await client.get("/v1/chatgpt/keys"), await client.get("/v1/models")]
                assert used not in "".join(answer.text for answer in answers)
    written = capsys.readouterr()

    assert "api_key_refused" in written.out + written.err
    assert key not in written.out + written.err
    assert "canary" not in written.out + written.err


async def test_a_body_of_another_type_is_a_415_that_names_the_right_one(served: Served) -> None:
    async with served.client() as client:
        for method, path in routes():
            if method not in ("POST", "PATCH", "PUT") or path.endswith(_BODILESS):
                continue
            answer = await client.request(method, filled(path), content=b"a=b", headers={"content-type": "text/plain"})
            form = "multipart/form-data" in answer.text
            assert answer.status_code == 415, (method, path, answer.text)
            assert ("application/json" in answer.json()["error"]["message"]) is (path != "/v1/files")
            assert form is (path in ("/v1/images/edits", "/v1/chatgpt/vision", "/v1/files")), path
