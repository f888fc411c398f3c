"""What is kept of responses, and what goes on from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.contracts.keys import AccessScope
from core.errors import AuthExpiredError, ConversationNotFoundError
from tests.api.responses.shapes import URL, body, text_of, user
from tests.fakes.chat import says
from tests.fakes.keys import client_with
from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server

CONVERSATIONS = "/v1/conversations"
READ = {"type": "function", "name": "read", "parameters": {"type": "object"}}


def asked(served: Served, number: int = -1) -> list[tuple[str, str]]:
    """What a turn said upstream."""
    return [(message.role, message.text) for message in served.world.asked[number][1].messages]


async def test_an_answer_is_read_again_with_its_input(served: Served, client: httpx2.AsyncClient) -> None:
    told = (await client.post(URL, json=body([user("One"), user("Two")]))).json()
    again = (await client.get(f"{URL}/{told['id']}")).json()
    items = (await client.get(f"{URL}/{told['id']}/input_items", params={"order": "asc"})).json()
    newest = (await client.get(f"{URL}/{told['id']}/input_items", params={"limit": 1})).json()

    assert again == told
    assert [item["content"][0]["text"] for item in items["data"]] == ["One", "Two"]
    assert [item["content"][0]["text"] for item in newest["data"]] == ["Two"]
    assert newest["has_more"]


async def test_nothing_is_kept_where_that_is_not_wanted(served: Served, client: httpx2.AsyncClient) -> None:
    told = (await client.post(URL, json=body(store=False))).json()

    assert told["store"] is False
    assert (await client.get(f"{URL}/{told['id']}")).status_code == 404
    assert (await client.post(URL, json=body(previous_response_id=told["id"]))).status_code == 404


async def test_a_deleted_answer_is_gone(served: Served, client: httpx2.AsyncClient) -> None:
    told = (await client.post(URL, json=body())).json()
    removed = await client.delete(f"{URL}/{told['id']}")

    assert removed.json()["deleted"] is True
    for answer in (await client.get(f"{URL}/{told['id']}"), await client.delete(f"{URL}/{told['id']}")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_it_goes_on_in_its_conversation_and_says_only_what_is_new(
    served: Served, client: httpx2.AsyncClient
) -> None:
    first = (await client.post(URL, json=body("One", instructions="Be brief."))).json()
    second = (await client.post(URL, json=body("Two", previous_response_id=first["id"]))).json()

    request = served.world.asked[1][1]
    assert (request.conversation_id, request.parent_message_id) == ("conversation-1", "answer-1")
    assert asked(served) == [("user", "Two")]
    assert second["previous_response_id"] == first["id"]
    # An instruction is for its own response alone.
    assert second["instructions"] is None


async def test_it_goes_on_with_the_account_that_has_the_conversation(tmp_path: Path) -> None:
    accounts = {"one": capture(account_id="1"), "two": capture(account_id="2")}
    async with open_server(tmp_path, captures=accounts) as served, served.client() as client:
        told = (await client.post(URL, json=body(chatgpt_account="two"))).json()
        for _ in range(3):
            told = (await client.post(URL, json=body(previous_response_id=told["id"]))).json()
        assert served.world.accounts == ["two"] * 4

        served.world.refusals["two"] = [AuthExpiredError("capture expired")]
        refused = await client.post(URL, json=body(previous_response_id=told["id"]))

    assert refused.json()["error"]["code"] == "auth_expired"
    assert served.world.accounts == ["two"] * 5


async def test_a_conversation_that_is_gone_upstream_is_told_again_from_the_beginning(
    served: Served, client: httpx2.AsyncClient
) -> None:
    first = (await client.post(URL, json=body("One"))).json()
    served.world.refusals["plus"] = [ConversationNotFoundError("gone")]

    second = (await client.post(URL, json=body("Two", previous_response_id=first["id"]))).json()

    assert text_of(second) == "Hello there"
    assert served.world.asked[-1][1].conversation_id is None
    assert asked(served) == [("user", "One"), ("assistant", "Hello there"), ("user", "Two")]


async def test_a_call_is_answered_in_the_next_response(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.scripts = [says('{"tool_calls": [{"name": "read", "arguments": {"path": "a"}}]}')]
    first = (await client.post(URL, json=body("Read it", tools=[READ]))).json()
    (call,) = first["output"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "It says 42."}
    wanted = body([output], previous_response_id=first["id"], tools=[READ])

    second = (await client.post(URL, json=wanted)).json()

    (message,) = served.world.asked[-1][1].messages
    assert text_of(second) == "Hello there"
    assert "It says 42." in message.text
    # The tools were described before, and are only named again.
    assert len(message.text) < len(asked(served, 0)[0][1])


async def test_items_are_named_instead_of_sent_again(served: Served, client: httpx2.AsyncClient) -> None:
    first = (await client.post(URL, json=body("One"))).json()
    reference = {"type": "item_reference", "id": first["output"][0]["id"]}

    await client.post(URL, json=body([user("One"), reference, user("Two")]))
    unknown = await client.post(URL, json=body([user("One"), {**reference, "id": "msg_" + "0" * 32 + "_0"}]))

    assert asked(served) == [("user", "One"), ("assistant", "Hello there"), ("user", "Two")]
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "input[1]")


async def test_others_answers_are_nobodys_business(served: Served, client: httpx2.AsyncClient) -> None:
    told = (await client.post(URL, json=body())).json()
    made = (await client.post(CONVERSATIONS, json={})).json()
    reference = {"type": "item_reference", "id": told["output"][0]["id"]}

    async with await client_with(served, AccessScope.CHAT, name="other") as other:
        answers = [
            await other.get(f"{URL}/{told['id']}"),
            await other.delete(f"{URL}/{told['id']}"),
            await other.get(f"{URL}/{told['id']}/input_items"),
            await other.post(URL, json=body(previous_response_id=told["id"])),
            await other.post(URL, json=body([reference])),
            await other.post(URL, json=body(conversation=made["id"])),
            await other.get(f"{CONVERSATIONS}/{made['id']}"),
            await other.delete(f"{CONVERSATIONS}/{made['id']}"),
            await other.post(f"{CONVERSATIONS}/{made['id']}/items", json={"items": [user("Hi")]}),
        ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert len(served.world.asked) == 1


async def test_a_conversation_grows_by_what_is_asked_and_answered(served: Served, client: httpx2.AsyncClient) -> None:
    made = (await client.post(CONVERSATIONS, json={"metadata": {"for": "a test"}, "items": [user("Zero")]})).json()
    path = f"{CONVERSATIONS}/{made['id']}"

    first = (await client.post(URL, json=body("One", conversation=made["id"]))).json()
    await client.post(URL, json=body("Two", conversation={"id": made["id"]}))
    items = (await client.get(f"{path}/items", params={"order": "asc"})).json()["data"]

    assert first["conversation"] == {"id": made["id"]}
    assert made["metadata"] == {"for": "a test"}
    assert asked(served, 0) == [("user", "Zero"), ("user", "One")]
    assert asked(served, 1) == [("user", "Two")]
    assert served.world.asked[1][1].conversation_id == "conversation-1"
    assert [item["content"][0]["text"] for item in items] == ["Zero", "One", "Hello there", "Two", "Hello there"]
    assert (await client.get(f"{path}/items/{items[2]['id']}")).json() == items[2]


async def test_a_conversation_that_was_changed_is_told_again(served: Served, client: httpx2.AsyncClient) -> None:
    made = (await client.post(CONVERSATIONS, json={})).json()
    path = f"{CONVERSATIONS}/{made['id']}"
    await client.post(URL, json=body("One", conversation=made["id"]))

    added = (await client.post(f"{path}/items", json={"items": [user("Aside")]})).json()["data"]
    await client.post(URL, json=body("Two", conversation=made["id"]))
    assert served.world.asked[-1][1].conversation_id is None
    assert asked(served) == [("user", "One"), ("assistant", "Hello there"), ("user", "Aside"), ("user", "Two")]

    await client.delete(f"{path}/items/{added[0]['id']}")
    again = (await client.post(f"{path}/items", json={"items": [user("Other")]})).json()["data"]
    await client.post(URL, json=body("Three", conversation=made["id"]))
    assert "Aside" not in [text for _, text in asked(served)]
    assert again[0]["id"] != added[0]["id"]


async def test_conversations_are_renamed_and_removed(served: Served, client: httpx2.AsyncClient) -> None:
    made = (await client.post(CONVERSATIONS, json={"metadata": {"a": "1"}})).json()
    path = f"{CONVERSATIONS}/{made['id']}"

    assert (await client.post(path, json={"metadata": {"b": "2"}})).json()["metadata"] == {"b": "2"}
    assert (await client.get(path)).json()["metadata"] == {"b": "2"}
    assert (await client.delete(path)).json() == {"id": made["id"], "object": "conversation.deleted", "deleted": True}
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"previous_response_id": "resp_x", "conversation": "conv_x"}, "conversation"),
        ({"conversation": 3}, "conversation"),
        ({"background": True, "store": False}, "store"),
        ({"metadata": {"a": 1}}, "metadata.a"),
    ],
)
async def test_what_excludes_each_other_is_refused_by_name(
    served: Served, client: httpx2.AsyncClient, change: dict[str, Any], param: str
) -> None:
    answer = await client.post(URL, json=body(**change))

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not served.world.asked
