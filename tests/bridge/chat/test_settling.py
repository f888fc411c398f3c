"""Answers in the background, heard from what was written down: whoever hears them, and whenever, they are the same."""

from __future__ import annotations

import json

import pytest

from bridge.chat.order import Form
from bridge.chat.settling import Rehearing
from bridge.chat.structured import read_shape
from bridge.chat.tools.offer import Offer, Tool
from core.errors import ToolCallMissingError

READ = Tool("read", parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]})
CALLING = Form(offer=Offer((READ,)))
CALLED = [{"name": "read", "arguments": {"path": "a"}}, {"name": "read", "arguments": {"path": "b"}}]
CALLS = f"I will look.\n{json.dumps({'tool_calls': CALLED})}"
SHAPED = Form(shape=read_shape({"type": "json_object"}, param="x", nested=True))


async def rehearsed(
    form: Form, text: str, size: int, seed: str = "op-1"
) -> tuple[list[str], list[tuple[str, str, str]], str | None]:
    """The pieces that are shown, the calls, and the refusal."""
    heard = Rehearing(form, seed=seed)
    shown = [await heard.text(text[start : start + size]) for start in range(0, len(text), size)]
    rest, done = await heard.end(text)
    assert "".join([*shown, rest]) == done.text
    return [piece for piece in [*shown, rest] if piece], [(c.id, c.name, c.arguments) for c in done.calls], done.refusal


async def test_words_are_shown_as_they_come() -> None:
    shown, calls, _ = await rehearsed(Form(), "One two three", 4)

    assert (shown, calls) == (["One ", "two ", "thre", "e"], [])


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_calls_come_at_the_end_with_ids_that_are_always_the_same(size: int) -> None:
    shown, calls, _ = await rehearsed(CALLING, CALLS, size)
    _, again, _ = await rehearsed(CALLING, CALLS, 3)
    _, other, _ = await rehearsed(CALLING, CALLS, 3, seed="op-2")

    assert "".join(shown).strip() == "I will look."
    assert [{"name": name, "arguments": json.loads(arguments)} for _, name, arguments in calls] == CALLED
    assert calls == again
    assert {identity for identity, *_ in calls}.isdisjoint(identity for identity, *_ in other)
    assert len({identity for identity, *_ in calls}) == 2


async def test_what_is_wrong_is_never_asked_for_again() -> None:
    wrong = '{"name": "read", "arguments": {"file": "a"}}'

    shown, calls, _ = await rehearsed(CALLING, wrong, 5)

    assert (calls, '"file"' in "".join(shown)) == ([], True)


async def test_a_call_that_is_demanded_and_did_not_come_is_an_error() -> None:
    heard = Rehearing(Form(offer=Offer((READ,), choice="required")), seed="op-1")

    with pytest.raises(ToolCallMissingError):
        await heard.end("I would rather not.")


async def test_an_answer_in_a_form_is_shown_when_it_fits_and_else_refused() -> None:
    shown, _, refusal = await rehearsed(SHAPED, 'Here:\n{"n": 1}', 3)
    nothing, _, said = await rehearsed(SHAPED, "I cannot do that.", 3)

    assert (shown, refusal) == (['{"n": 1}'], None)
    assert (nothing, said) == ([], "I cannot do that.")


async def test_stop_words_and_limits_cut_it() -> None:
    stopped, _, _ = await rehearsed(Form(stops=("END",)), "one END two", 2)
    cut, _, _ = await rehearsed(Form(most_tokens=2), "one two three", 2)

    assert ("".join(stopped), "".join(cut)) == ("one ", "one two")


async def test_the_end_alone_is_enough() -> None:
    rest, done = await Rehearing(CALLING, seed="op-1").end(CALLS)

    assert rest.strip() == "I will look."
    assert len(done.calls) == 2
