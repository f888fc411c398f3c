"""Deep Research as the connector's widget shows it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from tests.provider.simulator.sockets import open_socket, subscribe

HINT = "connector:connector_openai_deep_research"
URI = "connectors://connector_openai_deep_research"


async def test_a_plan_waits_and_the_research_begins_by_itself(browser: Any) -> None:
    reply = await _ask(browser, "[sim:seconds=5] how do herons fish")
    call, tool = reply.documents[1]["message"], reply.documents[2]["message"]
    shown = await _widget(browser, reply)
    waiting = await _until(browser, reply, "waiting_for_user_response_on_plan")
    done = await _until(browser, reply, "completed")

    assert call["recipient"] == tool["author"]["name"] == "api_tool.call_tool"
    assert json.loads(call["content"]["text"])["args"] == {"user_query": "how do herons fish"}
    assert shown["resolved_pineapple_uri"] == URI
    assert waiting["waiting_for_user_response_on_plan_until"].endswith("Z")
    assert {step["status"] for step in waiting["plan"]["steps"]} == {"pending"}
    assert {step["status"] for step in done["plan"]["steps"]} == {"completed"}
    assert done["research_stopped_at"]
    assert "herons" in done["report_message"]["content"]["parts"][0]
    references = done["report_message"]["metadata"]["content_references"]
    assert all(reference["matched_text"] for reference in references)
    assert "message_stream_complete" in reply.types


async def test_an_approved_plan_does_not_wait(simulator: Any, browser: Any) -> None:
    simulator.set(time_scale=1.0)
    reply = await _ask(browser, "[sim:seconds=0] herons")
    await _until(browser, reply, "waiting_for_user_response_on_plan")
    began = time.monotonic()
    await _tool(browser, reply, "skip_sleep")
    await _until(browser, reply, "completed")

    assert time.monotonic() - began < 20
    assert [call.tool for call in simulator.ledger.connector_calls if call.tool != "get_state"] == ["skip_sleep"]


async def test_a_changed_plan_is_a_new_version_that_waits_again(simulator: Any, browser: Any) -> None:
    simulator.set(time_scale=1.0)
    reply = await _ask(browser, "herons")
    first = (await _until(browser, reply, "waiting_for_user_response_on_plan"))["plan"]
    await _tool(browser, reply, "steer", {"message": "only at night"})
    second = (await _until(browser, reply, "waiting_for_user_response_on_plan", version=2))["plan"]

    assert (first["version"], second["version"]) == (1, 2)
    assert first["plan_id"] == second["plan_id"]
    assert [step["text"] for step in second["steps"]][-2] == "As asked: only at night"


@pytest.mark.parametrize("how", ["tool", "conversation"])
async def test_a_research_can_be_stopped(simulator: Any, browser: Any, how: str) -> None:
    reply = await _ask(browser, "[sim:research=stuck] herons")
    await _until(browser, reply, "researching")
    if how == "tool":
        await _tool(browser, reply, "stop")
    else:
        await browser.post("/backend-api/stop_conversation", {"conversation_id": reply.conversation_id})
    await _until(browser, reply, "stopped")

    assert simulator.ledger.submissions[0].outcome == "stopped"
    assert simulator.ledger.in_flight["plus"].current == 0


@pytest.mark.parametrize(
    ("way", "status"), [("fail", "failed"), ("rate_limited", "rate_limited"), ("no_report", "completed")]
)
async def test_a_research_can_end_without_a_report(browser: Any, way: str, status: str) -> None:
    reply = await _ask(browser, f"[sim:research={way} seconds=1] herons")

    assert (await _until(browser, reply, status))["report_message"] is None


async def test_an_answer_in_words_shows_no_widget(simulator: Any, browser: Any) -> None:
    reply = await _ask(browser, "[sim:research=no_widget] one and one")

    assert "nothing to look up" in reply.text
    assert await _widget(browser, reply) is None
    assert simulator.ledger.in_flight["plus"].current == 0


async def test_a_lost_widget_appears_in_the_conversation_later(browser: Any) -> None:
    reply = await _ask(browser, "[sim:research=lost_widget] herons")
    assert reply.documents[2]["message"]["metadata"] == {}

    for _ in range(100):
        if shown := await _widget(browser, reply):
            break
        await asyncio.sleep(0.02)
    assert shown["widget_session_id"]


async def test_silence_lasts_two_hours_of_scaled_time(simulator: Any, browser: Any) -> None:
    simulator.set(time_scale=0.0002)
    began = time.monotonic()
    reply = await _ask(browser, "[sim:research=silent,seconds=0] herons")
    await _until(browser, reply, "completed")

    assert 1.4 <= time.monotonic() - began < 20


async def test_the_channel_tells_every_state_with_an_offset(browser: Any) -> None:
    reply = await _ask(browser, "[sim:research=fast,seconds=1] herons")
    topic = f"api-tool:{(await _widget(browser, reply))['widget_session_id']}"
    await _until(browser, reply, "completed")
    async with open_socket(browser) as socket:
        everything = (await subscribe(socket, topic))["catchups"]
    async with open_socket(browser) as socket:
        rest = (await subscribe(socket, topic, everything[1]["offset"]))["catchups"]

    states = [item["payload"]["payload"]["update_content"]["updates"][0]["widget_state"] for item in everything]
    assert [state["status"] for state in states] == ["researching"] * 5 + ["completed"]
    assert rest == everything[2:]


@pytest.mark.parametrize(("trouble", "told"), [("no_push", 0), ("duplicates", 12), ("lose_offset", 0)])
async def test_the_channel_can_be_in_trouble(browser: Any, trouble: str, told: int) -> None:
    reply = await _ask(browser, f"[sim:research=fast,seconds=1,{trouble}] herons")
    topic = f"api-tool:{(await _widget(browser, reply))['widget_session_id']}"
    await _until(browser, reply, "completed")
    async with open_socket(browser) as socket:
        answer = await subscribe(socket, topic, "1790000000000-0" if trouble == "lose_offset" else "0")

    assert len(answer["catchups"]) == told
    assert answer["recovered"] is (told > 0)


async def test_the_channel_breaks_once(browser: Any) -> None:
    reply = await _ask(browser, "[sim:research=fast,seconds=1,ws_drop=2] herons")
    topic = f"api-tool:{(await _widget(browser, reply))['widget_session_id']}"
    await _until(browser, reply, "completed")
    async with open_socket(browser) as socket:
        before = (await subscribe(socket, topic))["catchups"]
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            before += [item for item in json.loads(message.data) if item.get("topic_id") == topic]
    async with open_socket(browser) as socket:
        after = (await subscribe(socket, topic, before[-1]["offset"]))["catchups"]

    # What stands beside the answer overlaps with the catch-ups.
    assert (len({item["offset"] for item in before}), len(after)) == (2, 4)


async def test_strict_sessions_take_their_own_id_only(simulator: Any, browser: Any) -> None:
    simulator.set(strict_research=True)
    reply = await _ask(browser, "[sim:research=stuck] herons")
    shown = await _widget(browser, reply)

    refused = await _call(browser, "get_state", {"session_id": shown["widget_session_id"]})
    right = shown["tool_response_metadata"]["async_task_conversation_id"]
    assert refused["isError"] is True
    assert (await _call(browser, "get_state", {"session_id": right}))["isError"] is False


async def test_a_strangers_research_is_unknown(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    reply = await _ask(plus, "[sim:research=stuck] herons")
    given = {"session_id": (await _widget(plus, reply))["widget_session_id"]}

    assert (await _call(plus.of(simulator.capture("pro")), "get_state", given))["isError"] is True


async def test_a_research_needs_a_kept_chat_and_quota(simulator: Any, browser: Any) -> None:
    assert (await _ask(browser, "herons", history_and_training_disabled=True)).status == 400
    simulator.set_account("plus", features={"deep_research": 1})
    assert (await _ask(browser, "herons")).status == 200
    assert (await _ask(browser, "herons")).status == 429
    assert simulator.ledger.counts["submissions"] == 1


async def _ask(browser: Any, question: str, **changes: Any) -> Any:
    return await browser.turn(question, system_hints=[HINT], **changes)


async def _widget(browser: Any, reply: Any) -> Any:
    tree = (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).json
    metadata = [node["message"]["metadata"] for node in tree["mapping"].values() if node["message"]]
    return next((entry["chatgpt_sdk"] for entry in metadata if "chatgpt_sdk" in entry), None)


async def _until(browser: Any, reply: Any, status: str, *, version: int = 1) -> Any:
    """The widget's state as soon as it has a status, in that version of the plan or a later one."""
    state: dict[str, Any] = {}
    for _ in range(500):
        shown = await _widget(browser, reply)
        state = json.loads(shown["widget_state"]) if shown and "widget_state" in shown else {}
        if state.get("status") == status and state["plan"]["version"] >= version:
            return state
        await asyncio.sleep(0.02)
    raise AssertionError(f"never {status}: {state}")


async def _tool(browser: Any, reply: Any, name: str, given: dict[str, Any] | None = None) -> Any:
    shown = await _widget(browser, reply)
    result = await _call(browser, name, {"session_id": shown["widget_session_id"], **(given or {})})
    assert result["isError"] is False
    return result


async def _call(browser: Any, name: str, given: dict[str, Any]) -> Any:
    body = {"app_uri": URI, "tool_name": name, "tool_input": given}
    return (await browser.post("/backend-api/ecosystem/call_mcp", body)).json
