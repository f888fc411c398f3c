"""One turn, what the bridge makes of its text, and what it asks for again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bridge.chat.answer import Answer, Progress, run_turn
from bridge.chat.order import Form
from bridge.chat.structured import read_shape
from core.errors import EmptyResponseError, RateLimitedError
from provider.interface.turns import ConversationKnown, TextDelta, ThoughtDelta, TurnFinished, TurnMessage, TurnRequest
from tests.fakes.chat import ChatSession, ChatWorld, says
from tests.fakes.listening import Heard

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
SHAPED = Form(
    shape=read_shape(
        {"type": "json_schema", "json_schema": {"name": "number", "schema": SCHEMA}}, param="x", nested=True
    )
)


async def run(world: ChatWorld, form: Form, heard: Heard | None = None) -> Answer:
    request = TurnRequest((TurnMessage("user", "Hi"),), "message-1", model="gpt-5-5", effort="max", temporary=True)
    return await run_turn(ChatSession("one", world), request, heard or Heard(), Progress(), form)


async def test_a_stop_word_ends_the_answer_and_upstreams_work() -> None:
    world, heard, gate = ChatWorld(), Heard(), asyncio.Event()
    world.script = [ConversationKnown("c"), TextDelta("one "), TextDelta("END two"), gate]

    answer = await run(world, Form(stops=("END",)), heard)

    assert (answer.text, answer.finish_reason) == ("one ", "stop")
    assert heard.pieces == ["one "]
    assert world.stopped == ["one"]


async def test_what_was_held_for_a_stop_word_is_said_at_the_end() -> None:
    heard = Heard()
    answer = await run(ChatWorld(script=says("one E", "N")), Form(stops=("END",)), heard)

    assert (answer.text, "".join(heard.pieces)) == ("one EN", "one EN")


async def test_a_token_limit_ends_the_answer_by_length_and_upstreams_work() -> None:
    world, heard, gate = ChatWorld(), Heard(), asyncio.Event()
    world.script = [ConversationKnown("c"), TextDelta("one two three four"), gate]

    answer = await run(world, Form(most_tokens=2), heard)

    assert (answer.text, answer.finish_reason) == ("one two", "length")
    assert world.stopped == ["one"]


async def test_an_answer_in_the_right_form_is_said_in_one_piece() -> None:
    heard = Heard()
    answer = await run(ChatWorld(script=says("```json\n", '{"n": ', "1}\n```")), SHAPED, heard)

    assert (answer.text, answer.refusal, answer.asked_again) == ('{"n": 1}', None, False)
    assert heard.pieces == ['{"n": 1}']


async def test_an_answer_in_another_form_is_asked_for_once_more_in_its_conversation() -> None:
    world, heard = ChatWorld(scripts=[says('{"n": "one"}'), says('{"n": 1}')]), Heard()

    answer = await run(world, SHAPED, heard)

    assert (answer.text, answer.asked_again) == ('{"n": 1}', True)
    assert heard.pieces == ['{"n": 1}']
    (_, first), (_, second) = world.asked
    assert (second.conversation_id, second.parent_message_id) == ("conversation-1", "answer-1")
    assert (second.model, second.effort, second.temporary) == (first.model, first.effort, first.temporary)
    assert second.message_id != first.message_id
    assert "$.n: must be integer" in second.messages[0].text


async def test_what_stays_wrong_is_a_refusal_and_never_asked_for_a_third_time() -> None:
    world, heard = ChatWorld(script=says('{"m": 1}')), Heard()

    answer = await run(world, SHAPED, heard)

    assert (answer.text, heard.pieces, len(world.asked)) == ("", [], 2)
    assert answer.refusal is not None
    assert '"n" is missing' in answer.refusal


async def test_a_model_that_refuses_in_words_says_why_itself() -> None:
    answer = await run(ChatWorld(script=says("I cannot do that.")), SHAPED)

    assert answer.refusal == "I cannot do that."


async def test_when_it_cannot_be_asked_again_the_first_answer_counts() -> None:
    world = ChatWorld(scripts=[says('{"m": 1}')], refusals={})
    world.script = [RateLimitedError("slow down")]

    answer = await run(world, SHAPED)

    assert answer.refusal is not None
    assert (answer.asked_again, len(world.asked)) == (False, 2)


@pytest.mark.parametrize(
    "script", [says('{"n":', reason="length"), [TextDelta('{"n":'), TurnFinished('{"n":', "length")]]
)
async def test_half_a_value_that_was_cut_is_told_as_it_is(script: list[object]) -> None:
    world = ChatWorld(script=list(script))  # type: ignore[arg-type]

    answer = await run(world, SHAPED)

    assert (answer.text, answer.finish_reason, len(world.asked)) == ('{"n":', "length", 1)


async def test_a_limit_cuts_a_value_too() -> None:
    answer = await run(ChatWorld(script=says('{"n": 1, "m": [1, 2, 3]}')), replace(SHAPED, most_tokens=3))

    assert answer.finish_reason == "length"
    assert '{"n": 1, "m": [1, 2, 3]}'.startswith(answer.text)


async def test_thoughts_are_heard_before_the_text_and_kept() -> None:
    heard = Heard()
    script = [ThoughtDelta("**Plan**", 0), ThoughtDelta("\n\nFirst", 0), ThoughtDelta("**Check**", 1), *says("Yes")]

    answer = await run(ChatWorld(script=script), Form(), heard)

    assert heard.thoughts == [(0, "**Plan**"), (0, "\n\nFirst"), (1, "**Check**")]
    assert answer.thoughts == ("**Plan**\n\nFirst", "**Check**")


async def test_thoughts_of_a_second_answer_follow_those_of_the_first() -> None:
    thinks = ThoughtDelta("a", 0)
    world = ChatWorld(scripts=[[thinks, *says("{}")], [thinks, *says('{"n": 1}')]])

    assert (await run(world, SHAPED)).thoughts == ("a", "a")


async def test_a_turn_without_text_is_no_answer() -> None:
    with pytest.raises(EmptyResponseError):
        await run(ChatWorld(script=[TurnFinished(" ", "stop")]), SHAPED)
