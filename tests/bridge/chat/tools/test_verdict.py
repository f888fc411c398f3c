"""What is done with a reply: no turn is empty, and no call is lost in silence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.chat.tools.calls import CallParser
from bridge.chat.tools.offer import Offer, Tool, ToolCall
from bridge.chat.tools.schemas import Checker
from bridge.chat.tools.verdict import AskAgain, Deliver, Unanswered, Verdict, judge

BASH = Tool(
    "bash", parameters={"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
)
READ = Tool("read", parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]})
TOOLS = (BASH, READ)
FREE = Offer(TOOLS)
LS, PWD, A = ("bash", {"command": "ls"}), ("bash", {"command": "pwd"}), ("read", {"path": "a"})
WRONG = ("read", {"file": "a"})
CUT = '{"tool_calls":[{"name":"bash","argu'


def asks(*calls: tuple[str, Any]) -> str:
    return json.dumps({"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]})


def judged(reply: str, offer: Offer = FREE, first: AskAgain | None = None) -> Verdict:
    parser = CallParser(offer.names)
    return judge([*parser.feed(reply), *parser.end()], Checker(offer), first)


def again(reply: str, offer: Offer = FREE) -> AskAgain:
    verdict = judged(reply, offer)
    assert isinstance(verdict, AskAgain)
    return verdict


def delivered(verdict: Verdict) -> tuple[list[tuple[str, Any]], str, int]:
    assert isinstance(verdict, Deliver)
    return plain(verdict.calls), verdict.text, verdict.left_out


def plain(calls: Iterable[ToolCall]) -> list[tuple[str, Any]]:
    return [(call.name, json.loads(call.arguments)) for call in calls]


def test_right_calls_are_delivered_in_order() -> None:
    assert delivered(judged(asks(LS, A))) == ([LS, A], "", 0)


def test_an_answer_in_words_is_delivered_as_it_is() -> None:
    assert delivered(judged("Nothing to do.")) == ([], "", 0)


def test_a_wrong_call_is_asked_for_again_with_what_is_wrong_and_its_schema() -> None:
    asked = again(asks(LS, WRONG))

    assert '- read: $: "path" is missing' in asked.text
    assert json.dumps(READ.parameters, separators=(",", ":")) in asked.text
    assert "Kept, not to be sent again: bash." in asked.text
    assert "answer in plain words instead" in asked.text
    assert plain(asked.kept) == [LS]
    assert json.loads(asked.wrong) == json.loads(asks(WRONG))


def test_an_unknown_tool_is_told_which_there_are() -> None:
    asked = again(asks(("raed", {"path": "a"})))

    assert 'There is no tool named "raed"; did you mean read?' in asked.text
    assert "The tools are: bash, read." in asked.text


def test_a_spoilt_call_is_asked_for_again() -> None:
    asked = again(f"Now.\n{CUT}")

    assert "It was cut off before its end." in asked.text
    assert asked.wrong == CUT


def test_what_was_kept_is_delivered_with_the_corrected_call() -> None:
    assert delivered(judged(asks(A), first=again(asks(LS, WRONG)))) == ([LS, A], "", 0)


def test_a_kept_call_that_is_sent_again_is_delivered_once() -> None:
    assert delivered(judged(asks(LS, A), first=again(asks(LS, WRONG)))) == ([LS, A], "", 0)


def test_the_same_call_twice_in_one_reply_is_two() -> None:
    assert delivered(judged(asks(LS, LS))) == ([LS, LS], "", 0)


def test_the_second_time_right_calls_are_delivered_and_wrong_ones_are_text() -> None:
    first = again(asks(WRONG))

    calls, text, _ = delivered(judged(asks(LS, WRONG), first=first))

    assert calls == [LS]
    assert json.loads(text) == json.loads(asks(WRONG))
    assert delivered(judged(CUT, first=first)) == ([], CUT, 0)


def test_the_model_may_answer_in_words_after_all() -> None:
    assert delivered(judged("Never mind.", first=again(asks(WRONG)))) == ([], "", 0)


def test_an_empty_second_reply_shows_what_was_wrong_with_the_first() -> None:
    first = again(asks(WRONG))

    assert delivered(judged("\n", first=first)) == ([], first.wrong, 0)


@pytest.mark.parametrize("offer", [Offer(TOOLS, choice="required"), Offer(TOOLS, named="read")])
def test_a_demanded_call_is_asked_for_once(offer: Offer) -> None:
    asked = again("I would rather not.", offer)

    assert asked.text.startswith("Your answer holds no call, but you must call")
    assert "plain words" not in asked.text
    assert delivered(judged(asks(A), offer, asked))[0] == [A]
    refused = judged("No.", offer, asked)
    assert isinstance(refused, Unanswered)
    assert refused.why.endswith("and did not.")


def test_a_demanded_call_that_stays_wrong_is_no_answer() -> None:
    offer = Offer(TOOLS, choice="required")

    verdict = judged(asks(WRONG), offer, again(asks(WRONG), offer))

    assert verdict == Unanswered(
        'The model was asked twice to call at least one tool and did not: read: $: "path" is missing'
    )


def test_a_right_call_meets_a_demand_even_beside_a_wrong_one() -> None:
    offer = Offer(TOOLS, choice="required")

    assert delivered(judged("Nothing.", offer, again(asks(LS, WRONG), offer))) == ([LS], "", 0)


def test_only_the_named_tool_may_be_called() -> None:
    asked = again(asks(LS), Offer(TOOLS, named="read"))

    assert "- bash: Only the tool read may be called now." in asked.text
    assert '"path"' in asked.text
    assert asked.kept == ()


def test_one_at_a_time_delivers_the_first_and_counts_the_rest() -> None:
    one = Offer(TOOLS, parallel=False)

    assert delivered(judged(asks(LS, WRONG, A), one)) == ([LS], "", 2)
    assert delivered(judged(asks(A), one)) == ([A], "", 0)
    assert isinstance(judged(asks(WRONG, LS), one), AskAgain)


def test_forbidden_calls_are_text() -> None:
    offer = Offer(TOOLS, choice="none")
    parser = CallParser(offer.names)

    assert [*parser.feed(asks(LS)), *parser.end()] == [asks(LS)]
    listening = CallParser(("bash",))
    assert judge([*listening.feed(asks(LS)), *listening.end()], Checker(offer)) == Deliver(text=asks(LS))


_REPLIES = st.lists(
    st.sampled_from([asks(LS), asks(A), asks(WRONG), asks(LS, WRONG), asks(("nope", {})), CUT, "Words.", "", "\n"]),
    max_size=3,
).map("\n".join)


@given(_REPLIES, _REPLIES, st.sampled_from([FREE, Offer(TOOLS, choice="required"), Offer(TOOLS, parallel=False)]))
def test_two_replies_always_end_the_turn_with_something(one: str, two: str, offer: Offer) -> None:
    verdict = judged(one, offer)
    replied = one
    if isinstance(verdict, AskAgain):
        verdict = judged(two, offer, verdict)
        replied = two

    assert not isinstance(verdict, AskAgain)
    if isinstance(verdict, Deliver):
        assert verdict.calls or verdict.text or replied.strip() or not one.strip()
        assert not offer.demands or verdict.calls
