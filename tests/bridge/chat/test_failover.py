"""One chat, an account after the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bridge.chat.attachments import Attachment
from bridge.chat.failover import ChatRun
from bridge.chat.models import Fallback, ModelChoice
from bridge.chat.order import ChatOrder
from bridge.chat.transcript import Said
from bridge.chat.uploads import Uploads
from core.contracts.buckets import Bucket
from core.errors import (
    AuthExpiredError,
    BridgeError,
    BrowserCheckRequiredError,
    ContentBlockedError,
    EmptyResponseError,
    FileUploadFailedError,
    ModelLimitError,
    NoEligibleAccountError,
    ProtocolError,
    RateLimitedError,
    StreamInterruptedError,
    UnsupportedModelError,
    UpstreamError,
    UpstreamUnavailableError,
)
from provider.interface.turns import ConversationKnown, ModelResolved, TextDelta, TurnFinished
from tests.fakes.chat import ChatWorld, FakeAccounts, says
from tests.fakes.listening import Heard


@pytest.fixture
def world() -> ChatWorld:
    return ChatWorld()


@pytest.fixture
def accounts(world: ChatWorld) -> FakeAccounts:
    return FakeAccounts(world)


def order(*said: Said) -> ChatOrder:
    return ChatOrder(said or (Said("user", "Hi"),), ModelChoice("gpt-5-5", "max"), temporary=True, affinity="key")


async def test_an_answer_is_heard_in_pieces_and_returned_whole(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.script = [ConversationKnown("c-1"), ModelResolved("gpt-5-5"), *says("Hel", "lo")[1:]]
    heard, run = Heard(), ChatRun(accounts, Uploads(), order(Said("system", "Be brief"), Said("user", "Hi")))

    answer = await run.answer(heard)

    assert heard.pieces == ["Hel", "lo"]
    assert (answer.text, answer.finish_reason, answer.account) == ("Hello", "stop", "one")
    assert (answer.conversation_id, answer.model) == ("c-1", "gpt-5-5")
    asked = world.asked[0][1]
    assert [(message.role, message.text) for message in asked.messages] == [("system", "Be brief"), ("user", "Hi")]
    assert (asked.model, asked.effort, asked.temporary, asked.kind) == ("gpt-5-5", "max", True, "chat")
    assert accounts.affinities == ["key"]
    assert accounts.left == [None]


async def test_what_only_the_end_knows_is_heard_too(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.script = [TextDelta("Hel"), TurnFinished("Hello", "length")]
    heard = Heard()

    answer = await ChatRun(accounts, Uploads(), order()).answer(heard)

    assert heard.pieces == ["Hel", "lo"]
    assert answer.finish_reason == "length"


async def test_an_answer_that_upstream_rewrote_is_returned_as_it_ended(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [TextDelta("Helo"), TurnFinished("Hello", "stop")]
    heard = Heard()

    assert (await ChatRun(accounts, Uploads(), order()).answer(heard)).text == "Hello"
    assert heard.pieces == ["Helo"]


@pytest.mark.parametrize("refusal", [AuthExpiredError("old"), RateLimitedError("slow down")])
async def test_the_next_account_answers_after_a_refusal_that_it_can_cure(
    world: ChatWorld, accounts: FakeAccounts, refusal: BridgeError
) -> None:
    world.refusals["one"] = [refusal]
    run = ChatRun(accounts, Uploads(), order())

    answer = await run.answer(Heard())

    assert answer.account == "two"
    assert [attempt.account for attempt in run.attempts] == ["one"]
    assert accounts.left == [refusal, None]
    assert len({request.message_id for _, request in world.asked}) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        BrowserCheckRequiredError("a person, please", reason="challenge_page"),
        ContentBlockedError("no"),
        UpstreamError("500"),
        ProtocolError("what?"),
    ],
)
async def test_a_refusal_that_no_other_account_cures_ends_the_chat(
    world: ChatWorld, accounts: FakeAccounts, refusal: BridgeError
) -> None:
    world.refusals["one"] = [refusal]

    with pytest.raises(type(refusal)):
        await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert world.accounts == ["one"]


@pytest.mark.parametrize("failure", [UpstreamError("500"), UpstreamUnavailableError("no route")])
async def test_what_fails_before_the_turn_leaves_is_tried_on_the_next_account(
    world: ChatWorld, accounts: FakeAccounts, failure: BridgeError
) -> None:
    world.before["one"] = [failure]

    answer = await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert answer.account == "two"
    assert not failure.spent


async def test_what_fails_after_the_turn_left_may_have_cost_something(world: ChatWorld, accounts: FakeAccounts) -> None:
    failure = UpstreamError("500")
    world.refusals["one"] = [failure]

    with pytest.raises(UpstreamError):
        await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert failure.spent


async def test_an_empty_answer_goes_to_another_account_once(world: ChatWorld, accounts: FakeAccounts) -> None:
    accounts.aliases = ("one", "two", "three")
    world.script = [TurnFinished(" \n", "stop")]

    with pytest.raises(EmptyResponseError) as failure:
        await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert world.accounts == ["one", "two"]
    assert failure.value.spent


async def test_nobody_else_is_asked_once_the_client_has_heard_something(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [TextDelta("Hel"), RateLimitedError("slow down")]

    with pytest.raises(RateLimitedError):
        await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert world.accounts == ["one"]


async def test_text_that_was_seen_counts_although_the_client_waits_for_the_whole(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [TextDelta("Hel"), RateLimitedError("slow down")]

    with pytest.raises(RateLimitedError):
        await ChatRun(accounts, Uploads(), order()).answer(Heard(begins=False))

    assert world.accounts == ["one"]


async def test_nobody_else_is_asked_once_the_answer_has_begun_without_text(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [RateLimitedError("slow down")]

    with pytest.raises(RateLimitedError):
        await ChatRun(accounts, Uploads(), order()).answer(Heard(begun=True))

    assert world.accounts == ["one"]


async def test_when_all_have_failed_the_error_that_passes_by_itself_is_told(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.refusals = {"one": [RateLimitedError("slow down", retry_after_seconds=7)], "two": [AuthExpiredError("old")]}
    run = ChatRun(accounts, Uploads(), order())

    with pytest.raises(RateLimitedError):
        await run.answer(Heard())

    assert [(attempt.account, attempt.error.code) for attempt in run.attempts] == [
        ("one", "rate_limited"),
        ("two", "auth_expired"),
    ]


async def test_without_any_account_the_pool_has_the_last_word(accounts: FakeAccounts) -> None:
    accounts.aliases = ()

    with pytest.raises(NoEligibleAccountError):
        await ChatRun(accounts, Uploads(), order()).answer(Heard())


async def test_pictures_are_uploaded_by_the_account_that_is_asked(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.uploading["one"] = [FileUploadFailedError("no")]
    picture = Attachment(b"...", "messages[0]", "picture", "image-1.png", "image/png")

    await ChatRun(accounts, Uploads(), order(Said("user", "What is it?", (picture,)))).answer(Heard())

    assert world.uploaded == [("two", "image-1.png", "image/png")]
    assert world.accounts == ["two"]
    assert [file.file_id for file in world.asked[0][1].messages[0].files] == ["file-two-1"]
    assert accounts.needs[0].buckets == (Bucket.UPLOAD, Bucket.CHAT)


async def test_a_cut_stream_is_not_sent_again(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.script = [StreamInterruptedError("cut")]

    with pytest.raises(StreamInterruptedError) as failure:
        await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert world.accounts == ["one"]
    assert failure.value.spent


async def test_who_is_cancelled_leaves_nothing_running(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.script = [TextDelta("Hel"), asyncio.Event()]
    heard = Heard()
    running = asyncio.create_task(ChatRun(accounts, Uploads(), order()).answer(heard))
    await heard.spoken.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert world.stopped == ["one"]


async def test_of_several_refusals_that_pass_the_first_to_end_is_told(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.refusals = {
        "one": [RateLimitedError("soon", retry_after_seconds=40)],
        "two": [RateLimitedError("late", retry_after_seconds=7200)],
    }

    with pytest.raises(RateLimitedError) as refusal:
        await ChatRun(accounts, Uploads(), order()).answer(Heard())

    assert refusal.value.retry_after_seconds == 40


FALLBACK = Fallback("auto", ModelChoice("auto"))


@pytest.mark.parametrize(
    "refusal", [ModelLimitError("cap"), RateLimitedError("slow down"), UnsupportedModelError("none such")]
)
async def test_the_fallback_answers_where_no_account_can_with_the_model(
    world: ChatWorld, accounts: FakeAccounts, refusal: BridgeError
) -> None:
    world.refusals = {"one": [refusal], "two": [refusal]}
    run = ChatRun(accounts, Uploads(), replace(order(), fallback=FALLBACK))

    answer = await run.answer(Heard())

    assert (answer.account, answer.fallback_model) == ("one", "auto")
    assert [(account, request.model) for account, request in world.asked] == [
        ("one", "gpt-5-5"),
        ("two", "gpt-5-5"),
        ("one", "auto"),
    ]
    assert [needs.slug for needs in accounts.needs] == ["gpt-5-5", "gpt-5-5", "gpt-5-5", "auto"]
    assert len(run.attempts) == 2


async def test_an_empty_answer_falls_back_after_two_accounts(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.scripts = [[TurnFinished("", "stop")], [TurnFinished("", "stop")]]

    answer = await ChatRun(accounts, Uploads(), replace(order(), fallback=FALLBACK)).answer(Heard())

    assert (answer.text, answer.fallback_model) == ("Hello there", "auto")


@pytest.mark.parametrize("refusal", [ContentBlockedError("no"), AuthExpiredError("old"), UpstreamError("500")])
async def test_what_no_other_model_cures_does_not_fall_back(
    world: ChatWorld, accounts: FakeAccounts, refusal: BridgeError
) -> None:
    world.refusals = {"one": [refusal], "two": [refusal]}

    with pytest.raises(type(refusal)):
        await ChatRun(accounts, Uploads(), replace(order(), fallback=FALLBACK)).answer(Heard())

    assert {request.model for _, request in world.asked} == {"gpt-5-5"}


async def test_a_fallback_that_nobody_may_serve_leaves_the_first_error(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    accounts.refuses = {"auto"}
    world.refusals = {"one": [ModelLimitError("cap")], "two": [ModelLimitError("cap")]}

    with pytest.raises(ModelLimitError):
        await ChatRun(accounts, Uploads(), replace(order(), fallback=FALLBACK)).answer(Heard())


async def test_the_same_model_is_no_fallback(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.refusals = {"one": [ModelLimitError("cap")], "two": [ModelLimitError("cap")]}
    same = Fallback("gpt-5-5", ModelChoice("gpt-5-5", "max"))

    with pytest.raises(ModelLimitError):
        await ChatRun(accounts, Uploads(), replace(order(), fallback=same)).answer(Heard())

    assert len(world.asked) == 2
