"""One chat, an account after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bridge.chat.failover import ChatOrder, ChatRun
from bridge.chat.models import ModelChoice
from bridge.chat.pictures import Picture
from bridge.chat.transcript import Said
from bridge.routing.needs import Needs
from bridge.routing.pool import Held
from core.contracts.buckets import Bucket
from core.errors import (
    AuthExpiredError,
    BridgeError,
    BrowserCheckRequiredError,
    ContentBlockedError,
    EmptyResponseError,
    FileUploadFailedError,
    NoEligibleAccountError,
    ProtocolError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamError,
    UpstreamUnavailableError,
)
from provider.interface.turns import ConversationKnown, ModelResolved, TextDelta, TurnFinished
from tests.fakes.chat import ChatSession, ChatWorld, says


@dataclass
class FakeAccounts:
    """A pool of two accounts whose slots are always free."""

    world: ChatWorld
    aliases: tuple[str, ...] = ("one", "two")
    needs: list[Needs] = field(default_factory=list)
    affinities: list[str | None] = field(default_factory=list)
    left: list[BaseException | None] = field(default_factory=list)

    @asynccontextmanager
    async def chat(
        self, needs: Needs, *, affinity: str | None = None, exclude: Collection[str] = ()
    ) -> AsyncIterator[Held]:
        self.needs.append(needs)
        self.affinities.append(affinity)
        free = [alias for alias in self.aliases if alias not in exclude]
        if not free:
            raise NoEligibleAccountError("all tried")
        try:
            yield Held(free[0], ChatSession(free[0], self.world))
        except BaseException as error:
            self.left.append(error)
            raise
        self.left.append(None)


@dataclass
class Heard:
    """A listener that keeps what it hears."""

    begun: bool = False
    begins: bool = True
    accounts: list[str] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    spoken: asyncio.Event = field(default_factory=asyncio.Event)

    async def accepted(self, account: str) -> None:
        self.accounts.append(account)

    def conversation(self, conversation_id: str) -> None:
        self.conversations.append(conversation_id)

    async def text(self, piece: str) -> None:
        self.begun = self.begins
        self.pieces.append(piece)
        self.spoken.set()


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
    heard, run = Heard(), ChatRun(accounts, order(Said("system", "Be brief"), Said("user", "Hi")))

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

    answer = await ChatRun(accounts, order()).answer(heard)

    assert heard.pieces == ["Hel", "lo"]
    assert answer.finish_reason == "length"


async def test_an_answer_that_upstream_rewrote_is_returned_as_it_ended(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [TextDelta("Helo"), TurnFinished("Hello", "stop")]
    heard = Heard()

    assert (await ChatRun(accounts, order()).answer(heard)).text == "Hello"
    assert heard.pieces == ["Helo"]


@pytest.mark.parametrize("refusal", [AuthExpiredError("old"), RateLimitedError("slow down")])
async def test_the_next_account_answers_after_a_refusal_that_it_can_cure(
    world: ChatWorld, accounts: FakeAccounts, refusal: BridgeError
) -> None:
    world.refusals["one"] = [refusal]
    run = ChatRun(accounts, order())

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
        await ChatRun(accounts, order()).answer(Heard())

    assert world.accounts == ["one"]


@pytest.mark.parametrize("failure", [UpstreamError("500"), UpstreamUnavailableError("no route")])
async def test_what_fails_before_the_turn_leaves_is_tried_on_the_next_account(
    world: ChatWorld, accounts: FakeAccounts, failure: BridgeError
) -> None:
    world.before["one"] = [failure]

    answer = await ChatRun(accounts, order()).answer(Heard())

    assert answer.account == "two"
    assert not failure.spent


async def test_what_fails_after_the_turn_left_may_have_cost_something(world: ChatWorld, accounts: FakeAccounts) -> None:
    failure = UpstreamError("500")
    world.refusals["one"] = [failure]

    with pytest.raises(UpstreamError):
        await ChatRun(accounts, order()).answer(Heard())

    assert failure.spent


async def test_an_empty_answer_goes_to_another_account_once(world: ChatWorld, accounts: FakeAccounts) -> None:
    accounts.aliases = ("one", "two", "three")
    world.script = [TurnFinished(" \n", "stop")]

    with pytest.raises(EmptyResponseError) as failure:
        await ChatRun(accounts, order()).answer(Heard())

    assert world.accounts == ["one", "two"]
    assert failure.value.spent


async def test_nobody_else_is_asked_once_the_client_has_heard_something(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [TextDelta("Hel"), RateLimitedError("slow down")]

    with pytest.raises(RateLimitedError):
        await ChatRun(accounts, order()).answer(Heard())

    assert world.accounts == ["one"]


async def test_text_that_was_seen_counts_although_the_client_waits_for_the_whole(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [TextDelta("Hel"), RateLimitedError("slow down")]

    with pytest.raises(RateLimitedError):
        await ChatRun(accounts, order()).answer(Heard(begins=False))

    assert world.accounts == ["one"]


async def test_nobody_else_is_asked_once_the_answer_has_begun_without_text(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.script = [RateLimitedError("slow down")]

    with pytest.raises(RateLimitedError):
        await ChatRun(accounts, order()).answer(Heard(begun=True))

    assert world.accounts == ["one"]


async def test_when_all_have_failed_the_error_that_passes_by_itself_is_told(
    world: ChatWorld, accounts: FakeAccounts
) -> None:
    world.refusals = {"one": [RateLimitedError("slow down", retry_after_seconds=7)], "two": [AuthExpiredError("old")]}
    run = ChatRun(accounts, order())

    with pytest.raises(RateLimitedError):
        await run.answer(Heard())

    assert [(attempt.account, attempt.error.code) for attempt in run.attempts] == [
        ("one", "rate_limited"),
        ("two", "auth_expired"),
    ]


async def test_without_any_account_the_pool_has_the_last_word(accounts: FakeAccounts) -> None:
    accounts.aliases = ()

    with pytest.raises(NoEligibleAccountError):
        await ChatRun(accounts, order()).answer(Heard())


async def test_pictures_are_uploaded_by_the_account_that_is_asked(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.uploading["one"] = [FileUploadFailedError("no")]
    picture = Picture(b"...", "messages[0]", "image-1.png", "image/png")

    await ChatRun(accounts, order(Said("user", "What is it?", (picture,)))).answer(Heard())

    assert world.uploaded == [("two", "image-1.png", "image/png")]
    assert world.accounts == ["two"]
    assert [file.file_id for file in world.asked[0][1].messages[0].files] == ["file-two-1"]
    assert accounts.needs[0].buckets == (Bucket.UPLOAD, Bucket.CHAT)


async def test_a_cut_stream_is_not_sent_again(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.script = [StreamInterruptedError("cut")]

    with pytest.raises(StreamInterruptedError) as failure:
        await ChatRun(accounts, order()).answer(Heard())

    assert world.accounts == ["one"]
    assert failure.value.spent


async def test_who_is_cancelled_leaves_nothing_running(world: ChatWorld, accounts: FakeAccounts) -> None:
    world.script = [TextDelta("Hel"), asyncio.Event()]
    heard = Heard()
    running = asyncio.create_task(ChatRun(accounts, order()).answer(heard))
    await heard.spoken.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert world.stopped == ["one"]
