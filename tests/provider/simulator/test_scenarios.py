"""Every scenario's shape on the wire, and the reader of prompt prefixes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from provider.simulator.refusals import CATALOGUE
from provider.simulator.scenarios import UnknownScenarioError, from_choices, read


def test_prompt_without_brackets_is_plain() -> None:
    scenario, prompt = read("hello [world]")
    assert scenario.plain
    assert prompt == "hello [world]"


def test_brackets_add_up_and_are_taken_out() -> None:
    scenario, prompt = read("[sim:handoff deltas=5] hello [sim:slow=2.5, fault=flagged] world")
    assert (scenario.handoff, scenario.deltas, scenario.slow, scenario.fault) == (True, 5, 2.5, "flagged")
    assert prompt == "hello world"


def test_name_alone_has_its_usual_value() -> None:
    scenario = from_choices({"cut": None, "drop": None, "hold": True, "no_done": True})
    assert (scenario.cut, scenario.drop, scenario.hold, scenario.no_done) == (-1, "after", "after", True)


def test_choices_change_a_base() -> None:
    base = from_choices({"slow": 3})
    assert from_choices({"image": "inline"}, base).slow == 3.0


@pytest.mark.parametrize(
    "bracket",
    ["nonsense", "fault=nonsense", "image=upside_down", "images=0", "images=x", "error=200", "slow", "drop=sometimes"],
)
def test_unknown_names_and_values_are_refused(bracket: str) -> None:
    with pytest.raises(UnknownScenarioError):
        read(f"[sim:{bracket}] hello")


async def test_unknown_scenario_is_told_to_the_client(browser: Any) -> None:
    reply = await browser.turn("[sim:bogus] hello")
    assert reply.status == 400
    assert "bogus" in reply.json["detail"]


@pytest.mark.parametrize("name", sorted(CATALOGUE))
async def test_named_refusals_answer_as_the_catalogue_says(simulator: Any, browser: Any, name: str) -> None:
    reply = await browser.turn(f"[sim:fault={name}] hello")
    wanted = CATALOGUE[name]
    assert reply.status == wanted.status
    assert reply.body.decode() == wanted.body
    assert {key: reply.headers[key] for key in wanted.headers} == dict(wanted.headers)
    assert simulator.ledger.counts["submissions"] == 0


async def test_catalogue_gives_the_symptoms_of_the_error_vectors(vector: Any) -> None:
    given = {(answer.status, _detail(answer.body)) for answer in CATALOGUE.values()}
    for case in vector("errors.json")["cases"]:
        if "http" in case and case["http"]["headers"].get("content-type") == "application/json":
            code = _detail(case["http"]["body"])
            assert (case["http"]["status"], code) in given, case["name"]


async def test_any_status_can_be_asked_for(browser: Any) -> None:
    reply = await browser.turn("[sim:error=418] hello")
    assert (reply.status, reply.json) == (418, {"detail": "Simulated status 418"})


async def test_refusal_of_prepare_leaves_the_turn_alone(browser: Any) -> None:
    body = browser.body("[sim:error=429 at=prepare] hello", client_prepare_state="none")
    prepare = {**{name: value for name, value in body.items() if name != "messages"}}
    reply = await browser.post("/backend-api/f/conversation/prepare", {**prepare, "partial_query": body["messages"][0]})
    assert reply.status == 429
    assert (await browser.turn("[sim:error=429 at=prepare] hello")).status == 200


async def test_error_in_the_middle_of_the_text(browser: Any) -> None:
    reply = await browser.turn("[sim:fault=stream_error] hello")
    assert 0 < len(reply.text) < len((await browser.turn("hello")).text)
    assert reply.typed[-1]["error"].startswith("Something went wrong")
    assert reply.done


async def test_error_object_carries_code_and_delay(browser: Any) -> None:
    reply = await browser.turn("[sim:fault=error_object] hello")
    assert reply.typed[0]["error"]["code"] == "model_cap_exceeded"
    assert reply.typed[0]["error"]["clears_in"] == 252


@pytest.mark.parametrize("fault", ["error_event", "quota_check"])
async def test_typed_error_events(browser: Any, fault: str) -> None:
    wanted = {"error_event": "error", "quota_check": "stream_quota_check"}[fault]
    assert wanted in (await browser.turn(f"[sim:fault={fault}] hello")).types


async def test_system_error_takes_the_answers_place(browser: Any) -> None:
    reply = await browser.turn("[sim:fault=system_error] hello")
    assert reply.documents[1]["message"]["content"]["content_type"] == "system_error"
    assert "message_stream_complete" in reply.types


@pytest.mark.parametrize(("fault", "blocked"), [("moderation", True), ("flagged", False)])
async def test_moderation_blocks_or_only_flags(browser: Any, fault: str, blocked: bool) -> None:
    reply = await browser.turn(f"[sim:fault={fault}] hello")
    verdict = next(event for event in reply.typed if event.get("type") == "moderation")["moderation_response"]
    assert (verdict["flagged"], verdict["blocked"]) == (True, blocked)
    assert bool(reply.text) is not blocked


async def test_empty_answer_is_complete_without_text(browser: Any) -> None:
    reply = await browser.turn("[sim:fault=empty] hello")
    assert reply.text == ""
    assert reply.documents[1]["message"]["status"] == "finished_successfully"
    assert "message_stream_complete" in reply.types


async def test_answer_cut_by_length(browser: Any) -> None:
    reply = await browser.turn("[sim:fault=max_tokens] hello")
    assert reply.documents[1]["message"]["metadata"]["finish_details"] == {"type": "max_tokens"}
    assert len(reply.text) < len((await browser.turn("hello")).text)


async def test_unknown_encoding(browser: Any) -> None:
    reply = await browser.turn("[sim:fault=wrong_encoding] hello")
    assert reply.events[0] == ("delta_encoding", '"v7"')


@pytest.mark.parametrize("way", ["cut", "reset"])
async def test_stream_ends_early_and_the_turn_goes_on(simulator: Any, browser: Any, way: str) -> None:
    reply = await browser.turn(f"[sim:{way}=9] hello")
    assert reply.broken is (way == "reset")
    assert len(reply.events) == 9
    await _until(lambda: simulator.ledger.submissions[0].ended_at is not None)
    assert simulator.ledger.submissions[0].outcome == "cut"
    tree = (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).json
    assert tree["mapping"][tree["current_node"]]["message"]["end_turn"] is True


async def test_half_a_stream(browser: Any) -> None:
    whole = len((await browser.turn("hello")).events)
    assert len((await browser.turn("[sim:cut] hello")).events) == whole // 2


async def test_missing_end_markers(browser: Any) -> None:
    no_done = await browser.turn("[sim:no_done] hello")
    assert not no_done.done
    assert "message_stream_complete" in no_done.types
    neither = await browser.turn("[sim:no_complete] hello")
    assert not neither.done
    assert "message_stream_complete" not in neither.types


@pytest.mark.parametrize(("when", "accepted"), [("drop", 1), ("drop=before", 0)])
async def test_connection_is_dropped_without_an_answer(simulator: Any, browser: Any, when: str, accepted: int) -> None:
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await browser.turn(f"[sim:{when}] hello")
    assert simulator.ledger.counts["submissions"] == accepted
    assert simulator.ledger.requests[-1].dropped


@pytest.mark.parametrize(("when", "accepted"), [("hang", 1), ("hang=before", 0)])
async def test_answer_never_comes(simulator: Any, browser: Any, when: str, accepted: int) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(browser.turn(f"[sim:{when}] hello"), 0.3)
    assert simulator.ledger.counts["submissions"] == accepted
    if accepted:
        await _until(lambda: simulator.ledger.submissions[0].ended_at is not None)
        listed = (await browser.get("/backend-api/conversations")).json["items"]
        assert len(listed) == 1


async def test_text_in_a_number_of_pieces(browser: Any) -> None:
    for number in (1, 7, 300):
        reply = await browser.turn(f"[sim:deltas={number}] hello")
        pieces = [data for name, data in reply.events if name == "delta" and '"c":' not in data]
        assert len(pieces) == number


async def test_echo_answers_with_the_prompt_itself(browser: Any) -> None:
    prompt = "Grüße,  \u2028 ภาษาไทย 🚀 \x85 [x]\n\tend"
    assert (await browser.turn(f"[sim:echo]{prompt}")).text == prompt


async def test_shapes_of_bytes_do_not_change_the_events(browser: Any) -> None:
    plain = await browser.turn("hello")
    crlf = await browser.turn("[sim:crlf] hello")
    assert b"\r\n\r\n" in crlf.body
    commented = await browser.turn("[sim:keepalives] hello")
    assert commented.body.count(b": keep-alive\n\n") == len(commented.events)
    bytewise = await browser.turn("[sim:bytewise] hello")
    assert {reply.text for reply in (plain, crlf, commented, bytewise)} == {plain.text}


async def test_legacy_snapshots_grow(browser: Any) -> None:
    reply = await browser.turn("[sim:legacy deltas=4] hello")
    snapshots = [event["message"] for event in reply.typed if "message" in event]
    assert [message["author"]["role"] for message in snapshots] == ["user", *["assistant"] * 5]
    texts = [message["content"]["parts"][0] for message in snapshots[1:]]
    assert texts[0] == ""
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))
    assert snapshots[-1]["end_turn"] is True
    assert reply.done


async def test_thoughts_come_before_the_answer(browser: Any) -> None:
    reply = await browser.turn("[sim:thinking] hello")
    kinds = [document["message"]["content"]["content_type"] for _, document in sorted(reply.documents.items())]
    assert kinds == ["text", "thoughts", "reasoning_recap", "text"]
    thought = reply.documents[1]["message"]["content"]["thoughts"][0]
    assert thought["content"] == "What is asked for? An answer, kindly put."


async def test_slow_text_and_slow_first_byte(browser: Any) -> None:
    for prompt in ("[sim:slow=10] hello", "[sim:first_byte=10] hello"):
        started = time.monotonic()
        assert (await browser.turn(prompt)).done
        assert time.monotonic() - started >= 0.2


async def test_comments_while_slow_and_nothing_but_comments(simulator: Any, browser: Any) -> None:
    slow = await browser.turn("[sim:slow=10 keepalives=2] hello")
    assert slow.body.count(b": keep-alive") > len(slow.events)
    only = asyncio.create_task(browser.turn("[sim:keepalive_only] hello"))
    await _until(lambda: len(simulator.ledger.submissions) == 2)
    await asyncio.sleep(0.1)
    conversation = simulator.ledger.submissions[1].conversation_id
    await browser.post("/backend-api/stop_conversation", {"conversation_id": conversation})
    reply = await only
    assert reply.events == []
    assert reply.body.count(b": keep-alive") >= 2


async def test_held_turn_waits_for_its_release(simulator: Any, browser: Any) -> None:
    turn = asyncio.create_task(browser.turn("[sim:hold] hello"))
    (held,) = await simulator.held()
    assert (held.point, held.account) == ("turn", "plus")
    assert simulator.ledger.counts["submissions"] == 1
    simulator.release(held.number)
    assert (await turn).done


async def test_turn_held_before_it_is_accepted(simulator: Any, browser: Any) -> None:
    turn = asyncio.create_task(browser.turn("[sim:hold=before] hello"))
    await simulator.held()
    assert simulator.ledger.counts["submissions"] == 0
    simulator.release()
    assert (await turn).done


async def test_held_turn_can_be_stopped(simulator: Any, browser: Any) -> None:
    turn = asyncio.create_task(browser.turn("[sim:hold] hello"))
    await simulator.held()
    conversation = simulator.ledger.submissions[0].conversation_id
    await browser.post("/backend-api/stop_conversation", {"conversation_id": conversation})
    assert "message_stream_complete" not in (await turn).types
    await _until(lambda: simulator.ledger.submissions[0].outcome == "stopped")


def _detail(body: str) -> Any:
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError):
        return None
    if isinstance(detail, dict):
        return detail["code"]
    return detail if isinstance(detail, str) else "list"


async def _until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")
