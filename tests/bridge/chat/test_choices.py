"""Several answers to one request."""

from __future__ import annotations

import asyncio

import pytest

from bridge.chat.choices import Choices
from bridge.chat.models import ModelChoice
from bridge.chat.order import ChatOrder
from bridge.chat.transcript import Said
from bridge.chat.uploads import Uploads
from core.errors import AuthExpiredError, ContentBlockedError, RateLimitedError, ShuttingDownError
from provider.interface.turns import ConversationKnown, TextDelta
from tests.fakes.chat import ChatWorld, FakeAccounts, says
from tests.fakes.listening import Heard

ORDER = ChatOrder((Said("user", "Hi"),), ModelChoice("auto"))


async def test_each_choice_is_a_turn_of_its_own_and_heard_by_its_number() -> None:
    world, heard = ChatWorld(scripts=[says("a", "b"), says("c")]), Heard()
    run = Choices(FakeAccounts(world), Uploads(), ORDER, 2)

    answered = await run.answer(heard)

    assert [answer.text for answer in answered.answers] == ["ab", "c"]
    assert heard.by_choice == {0: ["a", "b"], 1: ["c"]}
    assert heard.conversations == ["conversation-1"]
    assert len({request.message_id for _, request in world.asked}) == 2


async def test_the_prompt_counts_once_and_every_answer() -> None:
    one = await Choices(FakeAccounts(ChatWorld()), Uploads(), ORDER).answer(Heard())
    two = await Choices(FakeAccounts(ChatWorld()), Uploads(), ORDER, 2).answer(Heard())

    assert two.usage.prompt == one.usage.prompt
    assert two.usage.completion == 2 * one.usage.completion


async def test_a_choice_that_fails_ends_the_others() -> None:
    world = ChatWorld(scripts=[[ConversationKnown("c"), TextDelta("a"), asyncio.Event()], [ContentBlockedError("no")]])

    with pytest.raises(ContentBlockedError):
        await Choices(FakeAccounts(world), Uploads(), ORDER, 2).answer(Heard())

    assert world.stopped == ["one"]


async def test_an_error_is_about_the_account_that_it_came_from() -> None:
    limited = RateLimitedError("slow", retry_after_seconds=5)
    world = ChatWorld(refusals={"one": [limited], "two": [AuthExpiredError("old")]})
    run = Choices(FakeAccounts(world), Uploads(), ORDER)

    with pytest.raises(RateLimitedError):
        await run.answer(Heard())

    assert run.account == "two"
    assert run.account_of(limited) == "one"
    assert run.account_of(ShuttingDownError("stopping")) == "two"


async def test_who_is_cancelled_leaves_nothing_running() -> None:
    world, heard = ChatWorld(script=[TextDelta("a"), asyncio.Event()]), Heard()
    running = asyncio.create_task(Choices(FakeAccounts(world), Uploads(), ORDER, 3).answer(heard))
    await heard.spoken.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert world.stopped == ["one"] * 3
