"""A stop tells upstream of everything that it works on for the operation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from activities import stopping
from activities.stopping import stop_upstream
from bridge.operations.journal import Journal
from bridge.operations.records import Operations
from bridge.operations.submissions import Submissions
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from core.contracts.operations import OperationKind
from core.contracts.research import ResearchRequest
from core.errors import AccountQuarantinedError, UpstreamError
from provider.interface.research import ResearchHandle
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission_of

HANDLE = ResearchHandle("conversation-1", "tool-1", session_id="session-1")


class FakeUpstream:
    """Remembers what it was told to stop."""

    def __init__(self) -> None:
        self.stopped: list[str] = []
        self.trouble: set[str] = set()
        self.quarantined = False
        self.shows: list[ResearchHandle | None] = []

    @asynccontextmanager
    async def use(self, account: str) -> AsyncIterator[FakeUpstream]:
        if self.quarantined:
            raise AccountQuarantinedError("It waits.", account=account, cause="challenge")
        yield self

    async def stop(self, conversation_id: str) -> dict[str, Any]:
        return self._stop("conversation")

    async def stop_research(self, handle: ResearchHandle) -> dict[str, Any]:
        assert handle == HANDLE
        return self._stop("research")

    async def find_research(self, conversation_id: str, *, message_id: str) -> ResearchHandle | None:
        return self.shows.pop(0) if self.shows else None

    def _stop(self, what: str) -> dict[str, Any]:
        if what in self.trouble:
            raise UpstreamError(f"no {what}")
        self.stopped.append(what)
        return {"status": "ok"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A migrated database."""
    url = f"sqlite:///{tmp_path}/bridge.sqlite"
    migrate(url)
    store = Store.open(url)
    yield store
    await store.aclose()


@pytest.fixture
def submissions(store: Store) -> Submissions:
    return Submissions(store)


@pytest.fixture
async def book(store: Store, submissions: Submissions) -> Journal:
    """A research whose conversation is known, and nothing else."""
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    asked = admission_of(OperationKind.RESEARCH, ResearchRequest(prompt="herons"))
    operation = (await operations.admit(asked)).record.id
    await submissions.take_fence(operation)
    await submissions.request_cancel(operation)
    await store.write(lambda conn: _give_account(conn, operation))
    found = await submissions.learn(operation, None, conversation_id="conversation-1")
    assert found is not None
    return found


def _give_account(conn: Any, operation: str) -> None:
    conn.exec_driver_sql("UPDATE submissions SET account = 'one' WHERE operation_id = ?", (operation,))


async def test_a_research_is_stopped_and_then_its_conversation(submissions: Submissions, book: Journal) -> None:
    upstream = FakeUpstream()
    known = await submissions.learn(book.operation_id, None, research=HANDLE)
    assert known is not None

    after = await stop_upstream(upstream, submissions, known)  # type: ignore[arg-type]
    again = await stop_upstream(upstream, submissions, after)  # type: ignore[arg-type]

    assert upstream.stopped == ["research", "conversation"]
    assert again.stopped_at == after.stopped_at is not None
    record, _ = await submissions.open(book.operation_id)
    assert record.last_cancel_result == {"deep_research": {"status": "ok"}, "conversation": {"status": "ok"}}


async def test_a_research_that_only_the_conversation_shows_is_stopped(
    submissions: Submissions, book: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_LOOK_SECONDS", 0)
    upstream = FakeUpstream()
    upstream.shows = [None, HANDLE]

    await stop_upstream(upstream, submissions, book)  # type: ignore[arg-type]

    record, after = await submissions.open(book.operation_id)
    assert upstream.stopped == ["conversation", "research"]
    assert after.research == HANDLE
    assert record.last_cancel_result == {"deep_research": {"status": "ok"}, "conversation": {"status": "ok"}}


async def test_a_research_that_becomes_known_after_the_stop_is_stopped_too(
    submissions: Submissions, book: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_LOOK_SECONDS", 0)
    upstream = FakeUpstream()
    stopped = await stop_upstream(upstream, submissions, book)  # type: ignore[arg-type]
    assert stopped.stopped_at is not None
    record, _ = await submissions.open(book.operation_id)
    assert record.last_cancel_result == {
        "deep_research_pending": "widget_session_id_not_available",
        "conversation": {"status": "ok"},
    }

    known = await submissions.learn(book.operation_id, None, research=HANDLE)
    assert known is not None
    await stop_upstream(upstream, submissions, known)  # type: ignore[arg-type]

    assert upstream.stopped == ["conversation", "research", "conversation"]


async def test_trouble_with_the_research_does_not_save_its_conversation(
    submissions: Submissions, book: Journal
) -> None:
    upstream = FakeUpstream()
    upstream.trouble = {"research"}
    known = await submissions.learn(book.operation_id, None, research=HANDLE)
    assert known is not None

    with pytest.raises(UpstreamError, match="no research"):
        await stop_upstream(upstream, submissions, known)  # type: ignore[arg-type]

    record, after = await submissions.open(book.operation_id)
    assert upstream.stopped == ["conversation"]
    assert after.stopped_at is None
    assert record.last_cancel_error == "upstream_error: no research"


async def test_an_account_in_quarantine_is_told_nothing_and_the_record_says_so(
    submissions: Submissions, book: Journal
) -> None:
    upstream = FakeUpstream()
    upstream.quarantined = True

    with pytest.raises(AccountQuarantinedError):
        await stop_upstream(upstream, submissions, book)  # type: ignore[arg-type]

    record, _ = await submissions.open(book.operation_id)
    assert upstream.stopped == []
    assert (record.last_cancel_result, record.last_cancel_error) == ({}, "account_quarantined: It waits.")
