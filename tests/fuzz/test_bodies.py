"""Bodies that nobody should send: each is answered, or refused with a code and the field, and a refusal is free."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.fakes import strict
from tests.fakes.server import KEY, Served
from tests.fuzz.amount import examples
from tests.fuzz.bodies import chats, items, responses, thing

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

_PATIENCE_SECONDS = 10
_WHOLE_BODY = "The request body "


@pytest.fixture(scope="module")
def caller(fuzzed: Served) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    with httpx2.Client(base_url=fuzzed.url, headers=headers, timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        yield client


def send(fuzzed: Served, caller: httpx2.Client, path: str, body: Any, **headers: str) -> httpx2.Response:
    """Send a body, and hold the answer against everything that is always true."""
    before, began = (len(fuzzed.world.asked), len(fuzzed.world.uploaded)), time.monotonic()
    response = caller.post(path, content=json.dumps(body), headers=headers)
    after = (len(fuzzed.world.asked), len(fuzzed.world.uploaded))

    assert time.monotonic() - began < _PATIENCE_SECONDS
    strict.hold("POST", path, response, response.content)
    event(f"{response.status_code}")
    if response.status_code >= 400:
        error = response.json()["error"]
        assert response.status_code < 500 or error["code"] == "tool_call_missing", error
        assert response.status_code >= 500 or after == before, error
        assert error["param"] or error["code"] != "invalid_request" or error["message"].startswith(_WHOLE_BODY), error
    return response


@given(body=chats, later=st.booleans())
@examples(80)
def test_a_chat_is_answered_or_refused(fuzzed: Served, caller: httpx2.Client, body: Any, later: bool) -> None:
    send(fuzzed, caller, "/v1/chat/completions", body, **({"prefer": "respond-async"} if later else {}))


@given(body=responses)
@examples(80)
def test_a_response_is_answered_or_refused(fuzzed: Served, caller: httpx2.Client, body: Any) -> None:
    answered = send(fuzzed, caller, "/v1/responses", body)

    if answered.status_code == 200 and answered.headers["content-type"] == "application/json":
        read = caller.get(f"/v1/responses/{answered.json()['id']}")
        assert read.status_code == (404 if body.get("store") is False else 200)
        strict.hold("GET", "/v1/responses/resp_1", read, read.content)


@given(body=responses)
@examples(40)
def test_tokens_are_counted_or_refused(fuzzed: Served, caller: httpx2.Client, body: Any) -> None:
    before = len(fuzzed.world.asked)
    send(fuzzed, caller, "/v1/responses/input_tokens", body)

    assert len(fuzzed.world.asked) == before


@given(body=thing({"items": st.lists(items, max_size=4)}))
@examples(60)
def test_items_are_kept_as_they_can_be_read_or_refused(fuzzed: Served, caller: httpx2.Client, body: Any) -> None:
    made = send(fuzzed, caller, "/v1/conversations", body)

    if made.status_code == 200:
        path = f"/v1/conversations/{made.json()['id']}/items"
        read = caller.get(path)
        assert read.status_code == 200, read.text
