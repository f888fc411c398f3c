"""The simulator as a model that says what it was told to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from provider.simulator import BadScriptError, SimulatorConfig

CALL = '  ```json\n{"name":"read","arguments":{"path":"a.txt"}}\n```\n\n'
TURN = "/backend-api/f/conversation"


async def test_steps_are_said_word_for_word_and_in_order(simulator: Any, browser: Any) -> None:
    simulator.add_script("mend the boat", [CALL, "Done: ünïcode, \x07 and ✓."])
    texts = [(await browser.turn("Please mend the boat.")).text for _ in range(2)]
    assert texts == [CALL, "Done: ünïcode, \x07 and ✓."]


async def test_after_the_last_step_the_simulator_answers_itself(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", ["one"])
    await browser.turn("boat")
    assert "boat" in (await browser.turn("boat")).text


async def test_a_repeated_script_starts_over(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", ["one", "two"], repeat=True)
    assert [(await browser.turn("boat")).text for _ in range(5)] == ["one", "two", "one", "two", "one"]


async def test_other_turns_are_not_answered(simulator: Any, browser: Any) -> None:
    script = simulator.add_script("boat", ["one"])
    assert (await browser.turn("a Boat")).text != "one"
    assert script.next == 1


async def test_words_count_in_any_message_and_earlier_in_the_conversation(simulator: Any, browser: Any) -> None:
    script = simulator.add_script("boat", ["one", "two", "three"])
    system, asked = browser.body("the boat is blue")["messages"][0], browser.body("hello")["messages"][0]
    system["author"]["role"] = "system"
    first = await browser.turn("", messages=[system, asked])
    answer = first.documents[1]["message"]["id"]
    again = {"conversation_id": first.conversation_id, "parent_message_id": answer}
    second = await browser.turn("and then?", **again)
    assert (first.text, second.text) == ("one", "two")
    regenerated = await browser.turn("", action="variant", messages=[], **again)
    assert (regenerated.text, script.next) == ("three", None)


async def test_the_first_script_that_has_a_step_left_answers(simulator: Any, browser: Any) -> None:
    simulator.add_script("a title", ["Boat"], repeat=True)
    simulator.add_script("boat", ["one"])
    simulator.add_script("boat", ["two"])
    asked = ("a title for: boat", "boat", "a title: boat", "boat")
    assert [(await browser.turn(prompt)).text for prompt in asked] == ["Boat", "one", "Boat", "two"]


async def test_a_text_arrives_in_pieces_that_respect_no_words(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", [{"text": CALL, "scenario": {"deltas": 30}}, "ab"])
    reply = await browser.turn("boat")
    assert (reply.text, _deltas(reply)) == (CALL, 30)
    assert _deltas(await browser.turn("boat")) == 2


async def test_a_prompts_scenario_holds_for_a_scripted_turn_too(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", ["a rather long answer", "another one, as long"])
    assert _deltas(await browser.turn("[sim:deltas=4] boat")) == 4
    cut = await browser.turn("[sim:deltas=4 cut=8] boat")
    assert cut.text
    assert "another one, as long".startswith(cut.text)
    assert not cut.done


async def test_a_step_has_a_scenario_of_its_own(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", [{"text": "one half, other half", "scenario": {"fault": "max_tokens"}}, "two"])
    reply = await browser.turn("boat")
    assert reply.text == "one half, "
    assert reply.documents[1]["message"]["metadata"]["finish_details"] == {"type": "max_tokens"}
    assert (await browser.turn("boat")).text == "two"


async def test_thoughts_are_told_before_the_text(simulator: Any, browser: Any) -> None:
    thoughts = [
        {"summary": "Looking", "content": "It has a hole, I think."},
        {"summary": "Deciding"},
        {"summary": "Mending", "content": "Wood."},
    ]
    simulator.add_script("boat", [{"text": "one", "thoughts": thoughts}, {"text": "two", "thoughts": []}])
    reply = await browser.turn("boat")
    told = reply.documents[1]["message"]["content"]
    assert told["content_type"] == "thoughts"
    assert told["thoughts"] == [{"content": "", **thought} for thought in thoughts]
    assert reply.text == "one"
    tree = (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).json["mapping"].values()
    kept = [node["message"]["content"] for node in tree if node["message"]]
    assert [content["thoughts"] for content in kept if "thoughts" in content] == [told["thoughts"]]
    silent = await browser.turn("[sim:thinking] boat")
    assert [document["message"]["content"]["content_type"] for document in silent.documents.values()] == ["text"] * 2


async def test_a_step_without_thoughts_leaves_them_to_the_scenario(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", ["one"])
    reply = await browser.turn("[sim:thinking] boat")
    assert (len(reply.documents), reply.text) == (4, "one")


async def test_a_step_that_refuses_is_used_up(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", [{"scenario": {"error": 429}}, {"scenario": {"fault": "challenge"}}, "three"])
    replies = [await browser.turn("boat") for _ in range(3)]
    assert [reply.status for reply in replies] == [429, 403, 200]
    assert (replies[2].text, simulator.ledger.counts["submissions"]) == ("three", 1)


async def test_a_turn_refused_for_other_reasons_leaves_its_step(simulator: Any, browser: Any) -> None:
    script = simulator.add_script("boat", ["one", "two"], repeat=True)
    simulator.add_rule(path="*/f/conversation", scenario={"error": 500})
    assert (await browser.turn("boat")).status == 500
    assert (await browser.call("POST", TURN, browser.body("boat"), headers=browser.login)).status == 403
    assert (await browser.turn("boat", model="gpt-99")).status == 404
    assert (await browser.turn("boat", conversation_id="none", parent_message_id="none")).status == 404
    assert script.answered == 0
    assert [(await browser.turn("boat")).text for _ in range(3)] == ["one", "two", "one"]


async def test_a_step_that_came_to_nothing_is_the_next_to_be_said(simulator: Any, browser: Any) -> None:
    script = simulator.add_script("boat", ["one", "two"], repeat=True)
    simulator.add_rule(path="*/f/conversation", scenario={"hold": "before", "error": 500}, times=2)
    waiting = [asyncio.create_task(browser.turn("boat")) for _ in range(2)]
    await simulator.held(2)
    assert (await browser.turn("boat")).text == "one"
    simulator.release()
    assert [reply.status for reply in await asyncio.gather(*waiting)] == [500, 500]
    assert (script.answered, script.next) == (1, 1)
    assert [(await browser.turn("boat")).text for _ in range(3)] == ["one", "two", "two"]


async def test_parallel_turns_get_a_step_each(open_browser: Any) -> None:
    simulator, browser = await open_browser(config=SimulatorConfig(delta_ms=2.0))
    simulator.add_script("boat", [f"boat {number}" for number in range(12)])
    simulator.add_script("kite", ["kite"], repeat=True)
    prompts = ["boat", "kite"] * 12
    texts = [reply.text for reply in await asyncio.gather(*(browser.turn(prompt) for prompt in prompts))]
    assert Counter(texts) == {**{f"boat {number}": 1 for number in range(12)}, "kite": 12}


async def test_ledger_tells_which_step_answered_which_submission(simulator: Any, browser: Any) -> None:
    simulator.add_script("kite", ["up"])
    simulator.add_script("boat", ["one", "two"], repeat=True)
    for prompt in ("boat", "hello", "boat", "boat"):
        await browser.turn(prompt)
    entries = simulator.ledger.submissions
    assert [(entry.script, entry.step) for entry in entries] == [(2, 1), (None, None), (2, 2), (2, 1)]
    assert simulator.ledger.snapshot()["counts"]["scripted"] == 3


async def test_pictures_are_no_business_of_scripts(simulator: Any, browser: Any) -> None:
    script = simulator.add_script("boat", ["one"])
    await browser.draw("[sim:image=inline pixels=16] a boat")
    assert (script.answered, script.next) == (0, 1)


async def test_scripts_over_http(simulator: Any, browser: Any) -> None:
    said = {"text": "one", "thoughts": [{"summary": "Hm"}], "scenario": {"deltas": 1}}
    added = (await _admin(browser, "POST", "scripts", {"when": "boat", "says": [said, "two"], "repeat": True})).json
    assert (added["number"], added["when"], added["repeat"], added["answered"], added["next"]) == (
        1,
        "boat",
        True,
        0,
        1,
    )
    assert added["says"][0] == {**said, "thoughts": [{"summary": "Hm", "content": ""}]}
    assert added["says"][1] == {"text": "two", "thoughts": None, "scenario": {}}
    await browser.turn("boat")
    listed = (await _admin(browser, "GET", "scripts")).json["scripts"]
    assert [(script["answered"], script["next"]) for script in listed] == [(1, 2)]
    assert (await _admin(browser, "DELETE", "scripts/9")).json == {"removed": False}
    assert (await _admin(browser, "DELETE", "scripts/1")).json == {"removed": True}
    await _admin(browser, "POST", "scripts", {"when": "boat", "says": ["one"]})
    assert (await _admin(browser, "DELETE", "scripts")).json == {"status": "ok"}
    assert (await browser.turn("boat")).text != "one"


async def test_reset_and_clear_forget_scripts(simulator: Any, browser: Any) -> None:
    for forget in (simulator.reset, simulator.clear_scripts):
        simulator.add_script("boat", ["one"])
        forget()
        assert (await browser.turn("boat")).text != "one"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ({"says": ["one"]}, "when is the text"),
        ({"when": " ", "says": ["one"]}, "when is the text"),
        ({"when": 3, "says": ["one"]}, "when is the text"),
        ({"when": "boat"}, "says is a list"),
        ({"when": "boat", "says": []}, "says is a list"),
        ({"when": "boat", "says": "one"}, "says is a list"),
        ({"when": "boat", "says": ["one"], "repeat": "yes"}, "repeat is true or false"),
        ({"when": "boat", "says": ["one"], "times": 3}, "not times"),
        ({"when": "boat", "says": ["one", 2]}, "says[1] is a text, or an object"),
        ({"when": "boat", "says": [""]}, "says[0] needs a text"),
        ({"when": "boat", "says": [{"text": None}]}, "says[0] needs a text"),
        ({"when": "boat", "says": [{"scenario": {"deltas": 3}}]}, "says[0] needs a text"),
        ({"when": "boat", "says": [{"text": "one", "pace": 3}]}, "not pace"),
        ({"when": "boat", "says": [{"text": "one", "scenario": {"nonsense": 3}}]}, "no scenario is called 'nonsense'"),
        ({"when": "boat", "says": [{"text": "one", "scenario": {"deltas": [3]}}]}, "deltas needs a number"),
        ({"when": "boat", "says": [{"text": "one", "scenario": "deltas=3"}]}, "says[0].scenario is an object"),
        ({"when": "boat", "says": [{"text": "one", "scenario": {"at": "prepare", "error": 429}}]}, "at=prepare"),
        ({"when": "boat", "says": [{"text": "one", "scenario": {"echo": True}}]}, "nor echo"),
        ({"when": "boat", "says": [{"text": "one", "thoughts": "hm"}]}, "says[0].thoughts is a list"),
        ({"when": "boat", "says": [{"text": "one", "thoughts": ["hm"]}]}, "says[0].thoughts is a list"),
        ({"when": "boat", "says": [{"text": "one", "thoughts": [{"summary": 3}]}]}, "says[0].thoughts is a list"),
        ({"when": "boat", "says": [{"text": "one", "thoughts": [{"title": "hm"}]}]}, "says[0].thoughts is a list"),
    ],
)
async def test_a_script_that_makes_no_sense_is_refused(browser: Any, script: Any, complaint: str) -> None:
    reply = await _admin(browser, "POST", "scripts", script)
    assert reply.status == 400
    assert complaint in reply.json["error"]
    assert (await _admin(browser, "GET", "scripts")).json == {"scripts": []}


def test_python_hears_of_a_bad_script_at_once(simulator: Any) -> None:
    with pytest.raises(BadScriptError, match="needs a text"):
        simulator.add_script("boat", ["one", ""])


async def test_an_answer_outlives_the_reading_of_its_script(simulator: Any, browser: Any) -> None:
    simulator.add_script("boat", [{"text": "said to the end", "scenario": {"hold": "after"}}])
    asked = asyncio.create_task(browser.turn("boat"))
    await simulator.held()
    simulator.clear_scripts()
    simulator.release()
    assert (await asked).text == "said to the end"


def _deltas(reply: Any) -> int:
    """Into how many pieces the text came: those of the cursor, and the one within the closing patch."""
    frames = [json.loads(data) for name, data in reply.events if name == "delta" and '"c":' not in data]
    return sum(1 for frame in frames if "parts" in frame.get("p", "parts") or frame.get("o") == "patch")


async def _admin(browser: Any, method: str, path: str, body: Any = None) -> Any:
    return await browser.call(method, f"/__sim__/{path}", body, headers={})
