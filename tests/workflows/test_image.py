"""The image operation, step by step, on a real server."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from core.errors import (
    AccountBusyError,
    AuthExpiredError,
    BridgeError,
    BrowserCheckRequiredError,
    ContentBlockedError,
    ConversationNotFoundError,
    FileNotFoundUpstreamError,
    OutcomeUnknownError,
    ProtocolError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamError,
    UpstreamUnavailableError,
)
from tests.fakes.upstream import png
from tests.fixtures.durable import Workbench


async def test_a_picture_is_sent_once_and_kept(bench: Workbench) -> None:
    record = await bench.begin("a heron at dawn")

    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert await bench.states(record) == ["accepted", "submitting", "running", "saving", "completed"]
    assert [event.number for event in await bench.events(record)] == [1, 2, 3, 4, 5]
    assert [submission.prompt for submission in bench.upstream.submissions] == ["a heron at dawn"]
    assert bench.upstream.submissions[0].message_id == record.message_id
    assert done.artifacts[0].sha256 == hashlib.sha256(bench.upstream.picture).hexdigest()
    assert bench.upstream.polls == 0
    assert done.account == "one"


async def test_a_picture_that_takes_its_time_is_looked_for_until_it_is_there(bench: Workbench) -> None:
    bench.upstream.inline, bench.upstream.pending_polls = False, 3

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert bench.upstream.polls == 4


@pytest.mark.parametrize("inline", [True, False])
async def test_a_refusal_in_words_fails_with_those_words(bench: Workbench, inline: bool) -> None:
    bench.upstream.inline, bench.upstream.answer = inline, "I cannot draw that."

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.state, done.failure.code) == ("failed", "image_no_asset")
    assert done.failure.upstream_text == "I cannot draw that."
    assert done.failure.spent


BEFORE_SENDING = [UpstreamUnavailableError("no route"), UpstreamError("503 of requirements")]
REFUSED = [ContentBlockedError("policy"), BrowserCheckRequiredError("person", reason="challenge_page")]


@pytest.mark.parametrize("trouble", BEFORE_SENDING, ids=lambda error: error.code)
async def test_trouble_before_sending_is_tried_again(bench: Workbench, trouble: BridgeError) -> None:
    bench.upstream.before = [trouble]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert len(bench.upstream.submissions) == 1
    assert done.attempts == 2


async def test_trouble_that_does_not_end_fails_after_the_policys_number(bench: Workbench) -> None:
    bench.upstream.before = [UpstreamError("still 503")] * 9

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("upstream_error", False)
    assert done.attempts == 3
    assert bench.upstream.submissions == []


@pytest.mark.parametrize("trouble", REFUSED, ids=lambda error: error.code)
async def test_a_refusal_ends_the_operation_and_proves_that_nothing_was_spent(
    bench: Workbench, trouble: BridgeError
) -> None:
    bench.upstream.entering = [trouble]

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == (trouble.code, False)
    journal = await bench.bridge.submissions.read(done.id)
    assert journal.sent_at is None


async def test_a_connection_that_fails_at_the_post_is_proven_unsent_and_sent_again(bench: Workbench) -> None:
    bench.upstream.entering = [UpstreamUnavailableError("refused")]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert len(bench.upstream.submissions) == 1
    assert bench.upstream.searches == 0


async def test_a_turn_that_its_session_posts_again_is_claimed_again(bench: Workbench) -> None:
    bench.upstream.refuses_token = True

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert (done.attempts, len(bench.upstream.submissions)) == (1, 1)


async def test_a_new_conversation_that_upstream_denies_at_first_is_looked_for_again(bench: Workbench) -> None:
    bench.upstream.entering = [OutcomeUnknownError("reset after the body")]
    bench.upstream.finding = [ConversationNotFoundError("not yet")]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert (bench.upstream.searches, len(bench.upstream.submissions)) == (2, 1)


async def test_a_submission_without_an_answer_is_found_and_not_sent_again(bench: Workbench) -> None:
    bench.upstream.entering = [OutcomeUnknownError("reset after the body")]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert len(bench.upstream.submissions) == 1
    assert bench.upstream.searches >= 1


async def test_a_submission_that_never_arrived_is_sent_again_after_the_grace(bench: Workbench) -> None:
    bench.upstream.entering = [StreamInterruptedError("lost")]

    done = await bench.finished(await bench.begin(), seconds=30)

    assert done.state == "completed", done.failure
    assert len(bench.upstream.submissions) == 1
    assert bench.upstream.searches >= 2


async def test_what_can_be_neither_found_nor_ruled_out_is_left_to_a_person(bench: Workbench) -> None:
    bench.upstream.entering = [OutcomeUnknownError("reset after the body")]
    bench.upstream.finding = [OutcomeUnknownError("the list cannot be read")] * 9

    done = await bench.finished(await bench.begin(), seconds=30)

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("outcome_unknown", True)
    assert len(bench.upstream.submissions) == 1


@pytest.mark.parametrize(
    "trouble", [StreamInterruptedError("cut"), UpstreamError("error event")], ids=lambda error: error.code
)
async def test_a_stream_that_breaks_after_the_conversation_is_known_goes_on_by_looking(
    bench: Workbench, trouble: BridgeError
) -> None:
    bench.upstream.streaming = [trouble]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert len(bench.upstream.submissions) == 1


async def test_a_policy_refusal_within_the_stream_ends_the_operation_as_spent(bench: Workbench) -> None:
    bench.upstream.streaming = [ContentBlockedError("blocked")]

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("content_policy_violation", True)


@pytest.mark.parametrize("trouble", [UpstreamError("502"), RateLimitedError("slow", retry_after_seconds=0.2)])
async def test_trouble_while_looking_is_tried_again(bench: Workbench, trouble: BridgeError) -> None:
    bench.upstream.inline, bench.upstream.polling = False, [trouble, None]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert (await bench.bridge.submissions.read(done.id)).upstream_failures == 0


async def test_an_account_that_expires_while_upstream_draws_and_stays_so_says_what_to_do(bench: Workbench) -> None:
    bench.set(image_limit_seconds=1)
    bench.upstream.inline, bench.upstream.polling = False, [AuthExpiredError("expired")]

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.fault) == ("auth_expired", "account")
    assert done.failure.spent


@pytest.mark.parametrize("trouble", [FileNotFoundUpstreamError("not yet"), UpstreamError("502"), ProtocolError("html")])
async def test_a_picture_that_cannot_be_fetched_yet_is_fetched_later(bench: Workbench, trouble: BridgeError) -> None:
    bench.upstream.downloading = [trouble]

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure


async def test_bytes_that_are_no_picture_are_not_kept(bench: Workbench) -> None:
    bench.upstream.picture = png()[:60]

    done = await bench.finished(await bench.begin(), seconds=30)

    assert done.failure is not None
    assert done.failure.code == "protocol_error"
    assert done.artifacts == ()


async def test_an_unexpected_exception_ends_the_operation_as_our_fault(bench: Workbench) -> None:
    bench.upstream.before = [KeyError("a bug")]

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.fault) == ("internal_error", "bridge")


async def test_past_the_wall_limit_upstream_is_looked_at_once_more(bench: Workbench) -> None:
    bench.set(image_limit_seconds=1, poll_seconds=60)
    bench.upstream.inline = False

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert bench.upstream.polls == 1


async def test_past_the_wall_limit_without_a_picture_the_operation_times_out(bench: Workbench) -> None:
    bench.set(image_limit_seconds=1)
    bench.upstream.inline, bench.upstream.pending_polls = False, 10_000

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("operation_timeout", True)


async def test_a_stream_still_open_at_the_wall_limit_is_left_and_looked_at(bench: Workbench) -> None:
    bench.set(image_limit_seconds=1)
    bench.upstream.in_stream.clear()

    done = await bench.finished(await bench.begin())

    assert done.state == "completed", done.failure
    assert bench.upstream.stops == []


async def test_the_account_is_given_back_at_the_end(bench: Workbench) -> None:
    first = await bench.begin("first")
    second = await bench.begin("second")

    done = [await bench.finished(record) for record in (first, second)]

    assert [record.state for record in done] == ["completed", "completed"]


async def test_the_query_tells_the_later_state(bench: Workbench) -> None:
    bench.upstream.inline, bench.upstream.pending_polls = False, 50
    record = await bench.begin()
    await bench.reaches(record, "running")
    await asyncio.sleep(0.2)

    current, stale = await bench.temporal.current(record)

    assert (current.state, stale) == ("running", False)
    assert current.account == "one"
    assert current.request == record.request


async def test_one_busy_account_makes_an_operation_fail_with_its_refusal(bench: Workbench) -> None:
    bench.upstream.entering = [AccountBusyError("one message at a time", retry_after_seconds=3)]

    done = await bench.finished(await bench.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.retryable, done.failure.spent) == ("account_busy", True, False)
