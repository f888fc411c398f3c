"""Turns over real sockets: tokens, stream, tree, list, stop."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from provider.simulator import SimulatorConfig

CONVERSATION = "/backend-api/f/conversation"


async def test_stream_has_the_order_of_the_protocols_example(browser: Any) -> None:
    reply = await browser.turn("What is a tide?")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    kinds = [name or (data if data == "[DONE]" else None) for name, data in reply.events]
    assert kinds[:5] == ["delta_encoding", None, None, "delta", "delta"]
    assert reply.types == [
        "resume_conversation_token",
        "input_message",
        "message_marker",
        "message_marker",
        "message_marker",
        "title_generation",
        "server_ste_metadata",
        "message_stream_complete",
        "conversation_detail_metadata",
    ]
    assert reply.done


async def test_documents_hold_the_question_and_the_finished_answer(browser: Any) -> None:
    reply = await browser.turn("What is a tide?")
    assert sorted(reply.documents) == [0, 1]
    assert reply.documents[0]["message"]["content"]["parts"] == ["What is a tide?"]
    answer = reply.documents[1]["message"]
    assert "What is a tide?" in answer["content"]["parts"][0]
    assert (answer["status"], answer["end_turn"]) == ("finished_successfully", True)
    assert answer["metadata"]["finish_details"] == {"type": "stop"}


async def test_text_arrives_in_twenty_deltas(browser: Any) -> None:
    reply = await browser.turn("What is a tide?")
    pieces = [data for name, data in reply.events if name == "delta" and '"c":' not in data]
    assert len(pieces) == 20


async def test_requirements_token_is_good_for_one_turn(browser: Any) -> None:
    headers = {**browser.login, **await browser.requirements()}
    first = await browser.call("POST", CONVERSATION, browser.body("one"), headers=headers)
    second = await browser.call("POST", CONVERSATION, browser.body("two"), headers=headers)
    assert (first.status, second.status) == (200, 403)
    assert second.json["detail"]["code"] == "requirements_token_invalid"


async def test_turn_without_requirements_is_refused(simulator: Any, browser: Any) -> None:
    reply = await browser.call("POST", CONVERSATION, browser.body("one"), headers=browser.login)
    assert reply.status == 403
    assert simulator.ledger.counts["submissions"] == 0


async def test_requirements_token_of_another_account_is_refused(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    pro = plus.of(simulator.capture("pro"))
    headers = {**pro.login, **await plus.requirements()}
    assert (await pro.call("POST", CONVERSATION, pro.body("one"), headers=headers)).status == 403


async def test_wrong_proof_is_refused(browser: Any) -> None:
    reply = await browser.turn("one", headers={"openai-sentinel-proof-token": "gAAAAABWzFd"})
    assert (reply.status, reply.json["detail"]["code"]) == (403, "proof_invalid")


async def test_solved_proof_over_an_invented_configuration_is_refused(browser: Any) -> None:
    asked = (await browser.post("/backend-api/sentinel/chat-requirements", {"p": None})).json
    config = browser.proof_config()
    config[4] = "Mozilla/5.0 (Somebody else)"
    headers = {
        **browser.login,
        "openai-sentinel-chat-requirements-token": asked["token"],
        "openai-sentinel-proof-token": browser.solve(asked["proofofwork"], config),
    }
    assert (await browser.call("POST", CONVERSATION, browser.body("one"), headers=headers)).status == 403


async def test_conduit_token_is_optional_and_good_for_one_turn(simulator: Any, browser: Any) -> None:
    prepared = await browser.post(f"{CONVERSATION}/prepare", _prepare(browser, "hello"))
    conduit = {"x-conduit-token": prepared.json["conduit_token"]}
    statuses = [(await browser.turn("hello", headers=headers)).status for headers in (conduit, conduit, {})]
    assert statuses == [200, 403, 200]
    assert [submission.conduit for submission in simulator.ledger.submissions] == [True, False]


async def test_placeholder_conduit_token_is_refused_on_a_turn(browser: Any) -> None:
    assert (await browser.turn("hello", headers={"x-conduit-token": "no-token"})).status == 403


@pytest.mark.parametrize(
    "change", [{"messages": []}, {"client_prepare_state": "sent"}, {"history_and_training_disabled": True}]
)
async def test_prepare_takes_only_its_own_keys(browser: Any, change: dict[str, Any]) -> None:
    reply = await browser.post(f"{CONVERSATION}/prepare", {**_prepare(browser, "hello"), **change})
    assert reply.status == 422


@pytest.mark.parametrize(
    "change",
    [
        {"action": "nonsense"},
        {"messages": []},
        {"conversation_id": ""},
        {"parent_message_id": "made-up"},
        {"thinking_effort": "gigantic"},
        {"supported_encodings": ["v2"]},
    ],
)
async def test_malformed_turn_is_a_validation_list(simulator: Any, browser: Any, change: dict[str, Any]) -> None:
    reply = await browser.turn("hello", **change)
    assert reply.status == 422
    assert isinstance(reply.json["detail"], list)
    assert simulator.ledger.counts["submissions"] == 0


async def test_body_that_is_no_json_is_refused(browser: Any) -> None:
    assert (await browser.call("POST", CONVERSATION, b"not json")).status == 422


async def test_token_decides_the_account(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    pro = plus.of(simulator.capture("pro"))
    await plus.turn("from plus")
    await pro.turn("from pro")
    assert [submission.account for submission in simulator.ledger.submissions] == ["plus", "pro"]
    assert [len((await one.get("/backend-api/conversations")).json["items"]) for one in (plus, pro)] == [1, 1]


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer a.b.c", "Basic abc"])
async def test_foreign_bearer_is_401(browser: Any, authorization: str) -> None:
    reply = await browser.call("GET", "/backend-api/me", headers={"authorization": authorization})
    assert reply.status == 401


async def test_changed_bearer_is_401(browser: Any) -> None:
    changed = browser.headers["authorization"][:-4] + "AAAA"
    reply = await browser.call("GET", "/backend-api/me", headers={"authorization": changed})
    assert (reply.status, reply.json["detail"]["code"]) == (401, "invalid_jwt")


async def test_expired_bearer_says_so(open_browser: Any) -> None:
    simulator, browser = await open_browser()
    old = browser.of(simulator.capture("plus", expires_at=int(time.time()) - 5))
    reply = await old.get("/backend-api/me")
    assert (reply.status, reply.json["detail"]["code"]) == (401, "token_expired")


async def test_tree_holds_the_turn_afterwards(browser: Any) -> None:
    reply = await browser.turn("remember me")
    tree = (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).json
    answer = tree["mapping"][tree["current_node"]]
    assert answer["message"]["content"]["parts"] == [reply.text]
    question = tree["mapping"][answer["parent"]]
    assert question["message"]["content"]["parts"] == ["remember me"]
    assert question["parent"] == "client-created-root"
    assert tree["mapping"]["client-created-root"]["children"] == [question["id"]]
    assert tree["async_status"] is None


async def test_conversation_goes_on_below_its_parent(browser: Any) -> None:
    first = await browser.turn("one")
    parent = first.documents[1]["message"]["id"]
    second = await browser.turn("two", conversation_id=first.conversation_id, parent_message_id=parent)
    assert second.conversation_id == first.conversation_id
    assert "title_generation" not in second.types
    assert "3 messages" in second.text
    assert "“one”" in second.text


async def test_unknown_conversation_and_parent_are_refused(browser: Any) -> None:
    first = await browser.turn("one")
    unknown = await browser.turn("two", conversation_id="nobody", parent_message_id="x")
    foreign = await browser.turn("two", conversation_id=first.conversation_id, parent_message_id="x")
    assert (unknown.status, foreign.status) == (404, 400)


async def test_variant_becomes_a_sibling(browser: Any) -> None:
    first = await browser.turn("one")
    question = first.documents[0]["message"]["id"]
    again = await browser.turn(
        "", action="variant", conversation_id=first.conversation_id, parent_message_id=question, messages=None
    )
    assert again.status == 200
    tree = (await browser.get(f"/backend-api/conversation/{first.conversation_id}")).json
    assert len(tree["mapping"][question]["children"]) == 2
    assert "“one”" in again.text


async def test_list_is_newest_first_and_pages(browser: Any) -> None:
    ids = [(await browser.turn(f"number {number}")).conversation_id for number in range(3)]
    listed = (await browser.get("/backend-api/conversations?offset=0&limit=2&order=updated")).json
    assert [item["id"] for item in listed["items"]] == [ids[2], ids[1]]
    assert listed["total"] == 3
    rest = (await browser.get("/backend-api/conversations?offset=2&limit=2&order=updated")).json
    assert [item["id"] for item in rest["items"]] == [ids[0]]


async def test_continued_conversation_moves_to_the_front(browser: Any) -> None:
    first = await browser.turn("one")
    await browser.turn("two")
    parent = first.documents[1]["message"]["id"]
    await browser.turn("again", conversation_id=first.conversation_id, parent_message_id=parent)
    listed = (await browser.get("/backend-api/conversations")).json
    assert listed["items"][0]["id"] == first.conversation_id


async def test_temporary_chat_is_neither_listed_nor_shown(browser: Any) -> None:
    reply = await browser.turn("secret", history_and_training_disabled=True)
    assert (await browser.get("/backend-api/conversations")).json["items"] == []
    assert (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).status == 404


async def test_conversation_of_another_login_is_404(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    pro = plus.of(simulator.capture("pro"))
    reply = await plus.turn("mine")
    assert (await pro.get(f"/backend-api/conversation/{reply.conversation_id}")).status == 404


async def test_new_conversation_can_lag(simulator: Any, browser: Any) -> None:
    simulator.set(lag_seconds=5.0, list_seconds=10.0)
    reply = await browser.turn("late")
    path = f"/backend-api/conversation/{reply.conversation_id}"
    assert (await browser.get(path)).status == 404
    await asyncio.sleep(0.12)
    assert (await browser.get(path)).status == 200
    assert (await browser.get("/backend-api/conversations")).json["items"] == []
    await asyncio.sleep(0.12)
    assert len((await browser.get("/backend-api/conversations")).json["items"]) == 1


async def test_answers_depend_on_seed_and_prompt_alone(open_browser: Any) -> None:
    texts = []
    for seed in (1, 1, 2):
        _, browser = await open_browser(config=SimulatorConfig(seed=seed))
        texts.append([(await browser.turn(prompt)).text for prompt in ("How do kites fly?", "Why is tea brown?")])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    assert texts[0][0] != texts[0][1]


async def test_system_prompt_and_history_show_in_the_answer(browser: Any) -> None:
    def message(role: str, text: str) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        return {"id": f"{role}-{text[:5]}", "author": {"role": role}, "content": content}

    messages = [
        message("system", "Answer like a pirate"),
        message("user", "Ahoy there"),
        message("assistant", "Ahoy!"),
        message("user", "Where is the treasure?"),
    ]
    reply = await browser.turn("", messages=messages)
    text = next(d["message"]["content"]["parts"][0] for d in reply.documents.values() if d["message"]["channel"])
    assert "Answer like a pirate" in text
    assert "Where is the treasure?" in text
    assert "3 messages so far, and it began with “Ahoy there”" in text


async def test_stop_ends_the_stream_and_is_recorded(simulator: Any, browser: Any) -> None:
    running = asyncio.create_task(browser.turn("[sim:slow=1000] a long story"))
    conversation_id = await _conversation(simulator)
    path = f"/backend-api/conversation/{conversation_id}/stream_status"
    assert (await browser.get(path)).json == {"status": "IS_STREAMING"}
    asked = {"conversation_id": conversation_id, "exclude_async_types": []}
    assert (await browser.post("/backend-api/stop_conversation", asked)).json["status"] == "ok"
    reply = await running
    assert "message_stream_complete" not in reply.types
    assert (await browser.get(path)).json == {"status": "COMPLETE"}
    stop = simulator.ledger.stops[0]
    assert (stop.account, stop.conversation_id, stop.found) == ("plus", conversation_id, True)
    assert simulator.ledger.submissions[0].outcome == "stopped"


async def test_stop_in_the_middle_of_the_text_keeps_what_was_said(simulator: Any, browser: Any) -> None:
    running = asyncio.create_task(browser.turn("[sim:pace=1000 deltas=50] a long story"))
    conversation_id = await _conversation(simulator)
    await asyncio.sleep(0.1)
    await browser.post("/backend-api/stop_conversation", {"conversation_id": conversation_id})
    reply = await running
    tree = (await browser.get(f"/backend-api/conversation/{conversation_id}")).json
    answer = tree["mapping"][tree["current_node"]]["message"]
    assert answer["metadata"]["finish_details"] == {"type": "interrupted"}
    assert answer["content"]["parts"] == [reply.text]
    assert 0 < len(reply.text.split()) < 50


async def test_stop_of_a_finished_turn_finds_nothing(simulator: Any, browser: Any) -> None:
    reply = await browser.turn("short")
    await browser.post("/backend-api/stop_conversation", {"conversation_id": reply.conversation_id})
    assert simulator.ledger.stops[0].found is False


async def test_client_that_leaves_is_recorded_and_the_turn_goes_on(simulator: Any, browser: Any) -> None:
    headers = {**browser.login, **await browser.requirements()}
    body = browser.body("[sim:pace=500 deltas=20] tell me more")
    async with browser.http.post(browser.url + CONVERSATION, json=body, headers=headers) as response:
        await response.content.readany()
        response.close()
    await _until(lambda: simulator.ledger.counts["aborted"] == 1)
    submission = simulator.ledger.submissions[0]
    await _until(lambda: submission.ended_at is not None)
    assert submission.outcome == "aborted"
    tree = (await browser.get(f"/backend-api/conversation/{submission.conversation_id}")).json
    assert tree["mapping"][tree["current_node"]]["message"]["end_turn"] is True
    assert [call.aborted for call in simulator.ledger.requests if call.route == CONVERSATION] == [True]


async def test_client_that_leaves_after_the_end_is_not_called_aborted(simulator: Any, browser: Any) -> None:
    headers = {**browser.login, **await browser.requirements()}
    for number in range(5):
        url = browser.url + CONVERSATION
        async with browser.http.post(url, json=browser.body(f"number {number}"), headers=headers) as response:
            received = b""
            while b"[DONE]" not in received:
                received += await response.content.readany()
            response.close()
        headers = {**browser.login, **await browser.requirements()}
    assert simulator.ledger.counts["aborted"] == 0
    assert [submission.outcome for submission in simulator.ledger.submissions] == ["completed"] * 5


async def test_client_that_leaves_while_held_leaves_the_turn_held(simulator: Any, browser: Any) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(browser.turn("[sim:hold] hello"), 0.2)
    await _until(lambda: simulator.ledger.counts["aborted"] == 1)
    await simulator.held()
    assert simulator.ledger.submissions[0].ended_at is None
    simulator.release()
    await _until(lambda: simulator.ledger.submissions[0].ended_at is not None)
    assert simulator.ledger.in_flight["plus"].current == 0


async def test_client_that_leaves_before_the_first_byte_is_recorded(simulator: Any, browser: Any) -> None:
    headers = {**browser.login, **await browser.requirements()}
    body = browser.body("[sim:first_byte=1000] hello")
    timeout = aiohttp.ClientTimeout(total=0.1)
    with pytest.raises(asyncio.TimeoutError):
        await browser.http.post(browser.url + CONVERSATION, json=body, headers=headers, timeout=timeout)
    await _until(lambda: simulator.ledger.counts["aborted"] == 1)


async def test_in_flight_turns_are_counted(simulator: Any, browser: Any) -> None:
    turns = [asyncio.create_task(browser.turn("[sim:hold] wait")) for _ in range(3)]
    await simulator.held(3)
    assert simulator.ledger.in_flight["plus"].current == 3
    assert simulator.release() == 3
    assert all(reply.done for reply in await asyncio.gather(*turns))
    assert (simulator.ledger.in_flight["plus"].current, simulator.ledger.in_flight["plus"].peak) == (0, 3)


async def test_one_message_at_a_time_can_be_asked_for(simulator: Any, browser: Any) -> None:
    simulator.set_account("plus", most_in_flight=1)
    held = asyncio.create_task(browser.turn("[sim:hold] wait"))
    await simulator.held()
    busy = await browser.turn("me too")
    assert (busy.status, "Only one message at a time" in busy.json["detail"]) == (429, True)
    simulator.release()
    await held
    assert (await browser.turn("me too")).status == 200


async def test_model_follows_the_plan(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    free = plus.of(simulator.capture("free"))
    assert (await free.turn("hi", model="gpt-5-5")).status == 404
    reply = await plus.turn("hi", model="gpt-5-5-thinking", thinking_effort="extended")
    assert reply.documents[1]["message"]["content"]["content_type"] == "thoughts"
    assert reply.documents[3]["message"]["channel"] == "final"
    assert simulator.ledger.submissions[0].effort == "extended"
    listed = [model["slug"] for model in (await plus.get("/backend-api/models")).json["models"]]
    assert listed == ["gpt-5-5", "gpt-5-5-thinking"]


async def test_capped_model_is_replaced_in_silence(simulator: Any, browser: Any) -> None:
    simulator.set_account("plus", model_limits=["gpt-5-5"])
    reply = await browser.turn("hi", model="gpt-5-5")
    facts = next(event for event in reply.typed if event.get("type") == "server_ste_metadata")
    assert facts["metadata"]["model_slug"] == "gpt-5-5-mini"
    limits = (await browser.post("/backend-api/conversation/init", {})).json
    assert [entry["model_slug"] for entry in limits["model_limits"]] == ["gpt-5-5"]


async def test_resume_replays_from_an_offset(browser: Any) -> None:
    first = await browser.turn("hello")
    token = next(event["token"] for event in first.typed if event.get("type") == "resume_conversation_token")
    body = {"conversation_id": first.conversation_id, "offset": 7}
    resumed = await browser.call(
        "POST", f"{CONVERSATION}/resume", body, headers={**browser.login, "x-conduit-token": token}
    )
    assert resumed.events == first.events[7:]
    assert (await browser.post(f"{CONVERSATION}/resume", body)).status == 404


async def test_account_pages_answer(browser: Any) -> None:
    for path in ("/backend-api/me", "/backend-api/settings/user", "/backend-api/accounts/check/v4-2023-04-27"):
        assert (await browser.get(path)).status == 200
    limits = (await browser.post("/backend-api/conversation/init", {})).json
    assert {entry["feature_name"] for entry in limits["limits_progress"]} >= {"file_upload", "image_gen"}


async def test_unknown_path_is_404_and_counted(simulator: Any, browser: Any) -> None:
    assert (await browser.get("/backend-api/whatever")).status == 404
    assert simulator.ledger.by_route["GET (unknown)"] == 1


async def test_round_trip_delays_every_answer_once(open_browser: Any) -> None:
    _, browser = await open_browser(config=SimulatorConfig(rtt_ms=80))
    for asked in (browser.get("/backend-api/me"), browser.turn("hello")):
        started = time.monotonic()
        await asked
        assert 0.08 <= time.monotonic() - started < 0.6


def _prepare(browser: Any, prompt: str) -> dict[str, Any]:
    body = browser.body(prompt, client_prepare_state="none")
    return {**{name: value for name, value in body.items() if name != "messages"}, "partial_query": body["messages"][0]}


async def _conversation(simulator: Any) -> str:
    await _until(lambda: len(simulator.ledger.submissions) > 0)
    return str(simulator.ledger.submissions[0].conversation_id)


async def _until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")
