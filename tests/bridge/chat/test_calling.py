"""An answer that may call tools, parted into words and calls."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bridge.chat.drafting import draft_for
from bridge.chat.drafts import Again, Done, Draft
from bridge.chat.order import Form
from bridge.chat.structured import read_shape
from bridge.chat.tools.offer import Offer, Tool, ToolCall
from core.errors import ToolCallMissingError

PATH = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
FREE = Form(offer=Offer((Tool("read", parameters=PATH), Tool("list", parameters=PATH))))
READ_A, READ_B = ("read", {"path": "a"}), ("read", {"path": "b"})
WRONG = ("read", {"file": "a"})
SHAPE = read_shape(
    {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    },
    param="x",
    nested=True,
)


def asks(*calls: tuple[str, Any]) -> str:
    """The words of a model that calls."""
    return json.dumps({"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]})


@dataclass
class Client:
    """What the client hears, in order."""

    words: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)

    async def say(self, piece: str) -> None:
        assert not self.calls, "words come before calls"
        self.words.append(piece)

    async def tell(self, call: ToolCall) -> None:
        self.calls.append(call)

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def called(self) -> list[tuple[str, Any]]:
        return [(call.name, json.loads(call.arguments)) for call in self.calls]


def begun(form: Form = FREE) -> tuple[Client, Draft]:
    client = Client()
    return client, draft_for(form, client.say, client.tell)


async def heard(draft: Draft, text: str, size: int = 7) -> Draft:
    """The draft, with all of a text in pieces."""
    for start in range(0, len(text), size):
        await draft.text(text[start : start + size])
    return draft


async def asked_again(draft: Draft, text: str) -> Again:
    found = await (await heard(draft, text)).end(text, "stop")
    assert isinstance(found, Again)
    return found


async def done(draft: Draft, text: str, reason: Any = "stop") -> Done:
    found = await (await heard(draft, text)).end(text, reason)
    assert isinstance(found, Done)
    return found


async def settled(again: Again, text: str) -> Done:
    """What the second answer comes to, which is the last."""
    return await (await heard(again.second, text)).settle(text, "stop")


async def test_words_are_shown_as_they_come_and_calls_at_the_end() -> None:
    client, draft = begun()
    text = f"I will look.\n\n{asks(READ_A, READ_B)}"

    await heard(draft, text)
    assert (client.text.strip(), client.calls) == ("I will look.", [])
    ended = await draft.end(text, "stop")

    assert isinstance(ended, Done)
    assert (ended.text.strip(), ended.finish_reason) == ("I will look.", "tool_calls")
    assert client.called == [READ_A, READ_B]
    assert client.calls == list(ended.calls)
    assert draft.heard == text


@pytest.mark.parametrize("size", [1, 2, 3, 11, 1000])
async def test_it_is_the_same_however_it_is_cut(size: int) -> None:
    client, draft = begun()
    text = f"First this.\n```json\n{asks(READ_A)}\n```\n"

    ended = await (await heard(draft, text, size)).end(text, "stop")

    assert isinstance(ended, Done)
    assert (client.text.strip(), client.called) == ("First this.", [READ_A])


async def test_an_answer_in_words_ends_as_it_is() -> None:
    client, draft = begun()

    ended = await done(draft, "Nothing to do { but this }.")

    assert ended == Done("Nothing to do { but this }.")
    assert client.text == ended.text


async def test_what_only_the_end_brings_counts() -> None:
    client, draft = begun()
    await draft.text("I will ")

    ended = await draft.end(f"I will look.\n{asks(READ_A)}", "stop")

    assert isinstance(ended, Done)
    assert (client.text.strip(), client.called) == ("I will look.", [READ_A])


async def test_where_upstream_rewrote_itself_its_last_word_has_the_calls() -> None:
    client, draft = begun()
    await heard(draft, f"I will look.\n{asks(READ_A)}")

    ended = await draft.end(f"Better so.\n{asks(READ_B)}", "stop")

    assert isinstance(ended, Done)
    assert client.called == [READ_B]
    # What was said cannot be unsaid.
    assert client.text.strip() == "I will look."


async def test_a_wrong_call_is_asked_for_once_and_only_the_calls_of_the_second_answer_count() -> None:
    client, draft = begun()

    again = await asked_again(draft, f"I will look.\n{asks(WRONG, READ_B)}")
    assert '"path"' in again.instruction
    assert client.calls == []
    ended = await settled(again, f"Sorry, corrected:\n{asks(READ_A)}")

    assert ended.finish_reason == "tool_calls"
    assert client.called == [READ_B, READ_A]
    assert client.text.strip() == ended.text.strip() == "I will look."


async def test_a_model_that_thinks_better_of_it_answers_in_words() -> None:
    client, draft = begun()

    again = await asked_again(draft, f"I will look.\n{asks(WRONG)}")
    ended = await settled(again, "There is nothing to read.")

    assert (ended.finish_reason, client.calls) == ("stop", [])
    assert client.text == ended.text
    assert client.text.split("\n\n")[-1] == "There is nothing to read."
    assert client.text.startswith("I will look.")


async def test_what_stays_wrong_is_shown_as_words() -> None:
    client, draft = begun()

    again = await asked_again(draft, asks(WRONG))
    ended = await settled(again, asks(WRONG))

    assert (ended.finish_reason, client.calls) == ("stop", [])
    assert json.loads(ended.text)["tool_calls"] == [{"name": "read", "arguments": {"file": "a"}}]
    assert client.text == ended.text


async def test_where_nobody_can_be_asked_again_right_calls_are_told_and_wrong_ones_are_words() -> None:
    client, draft = begun()
    text = f"I will look.\n{asks(WRONG, READ_B)}"

    ended = await (await heard(draft, text)).settle(text, "stop")

    assert client.called == [READ_B]
    assert ended.text.startswith("I will look.")
    assert '"file"' in client.text


@pytest.mark.parametrize("reply", ["No.", asks(WRONG)], ids=["words", "wrong"])
async def test_a_call_that_is_demanded_and_does_not_come_is_an_error(reply: str) -> None:
    assert FREE.offer is not None
    client, draft = begun(replace(FREE, offer=replace(FREE.offer, choice="required")))

    again = await asked_again(draft, reply)
    with pytest.raises(ToolCallMissingError) as missing:
        await settled(again, reply)

    assert missing.value.spent
    assert client.calls == []


async def test_only_one_call_is_told_where_only_one_is_welcome() -> None:
    assert FREE.offer is not None
    client, draft = begun(replace(FREE, offer=replace(FREE.offer, parallel=False)))

    ended = await done(draft, asks(READ_A, READ_B))

    assert (client.called, ended.left_out) == ([READ_A], 1)


async def test_an_answer_that_was_cut_has_not_got_it_wrong() -> None:
    client, draft = begun()

    ended = await done(draft, f'I will look.\n{asks(READ_A)[:-1]}, {{"name": "re', "length")

    assert (ended.finish_reason, client.calls) == ("length", [])
    assert client.text.startswith("I will look.")


async def test_a_limit_cuts_words_and_ends_upstreams_work() -> None:
    client, draft = begun(replace(FREE, most_tokens=2))

    await heard(draft, "one two three four")
    assert draft.enough
    ended = await draft.end(draft.heard, "stop")

    assert ended == Done("one two", "length")
    assert client.text == "one two"


async def test_a_stop_word_ends_the_words_before_a_call() -> None:
    client, draft = begun(replace(FREE, stops=("END",)))

    await heard(draft, f"one END two\n{asks(READ_A)}")

    assert draft.enough
    assert client.text == "one "


async def test_words_have_the_form_that_is_asked_for_unless_a_call_follows() -> None:
    form = replace(FREE, shape=SHAPE)
    plain, calling = begun(form), begun(form)

    shaped = await done(plain[1], 'Here:\n{"n": 1}')
    called = await done(calling[1], f"I will look.\n{asks(READ_A)}")

    assert (shaped.text, plain[0].text) == ('{"n": 1}', '{"n": 1}')
    assert (called.finish_reason, calling[0].called) == ("tool_calls", [READ_A])
    assert calling[0].text.strip() == called.text.strip() == "I will look."
