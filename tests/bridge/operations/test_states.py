"""No order of events leads out of an end, or backwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.operations import events, states
from bridge.operations.records import Operations
from bridge.operations.results import Results
from bridge.operations.submissions import Submissions
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.failure import failure_of
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationKind, OperationState
from core.contracts.research import ResearchRequest
from core.errors import UpstreamError
from provider.interface.research import ResearchHandle
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission_of

ENDS = [state for state in OperationState if state.terminal]
ORDER = list(OperationState)
BACK = {("uploading", "waiting_for_account"), ("submitting", "waiting_for_account")}

Step = Callable[[str], Awaitable[object]]


class World:
    """Everything that writes an operation's row, by the names that a run of steps is made of."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.operations = Operations(store, OneAccount())  # type: ignore[arg-type]
        self._submissions, self._results = Submissions(store), Results(store)
        self._fence = 0
        self.steps: dict[str, Step] = {
            **{f"advance:{state}": self._advance(state) for state in ORDER if not state.terminal},
            **{f"close:{state}": self._close(state) for state in ENDS},
            "fence": self._take_fence,
            "sent": lambda id_: self._submissions.mark_sent(id_, self._fence, utc_now()),
            "cleared": lambda id_: self._submissions.clear_sent(id_, self._fence),
            "conversation": lambda id_: self._submissions.learn(id_, self._fence, conversation_id="c-1"),
            "late conversation": lambda id_: self._submissions.learn(id_, None, conversation_id="c-1"),
            "task": lambda id_: self._submissions.learn(id_, self._fence, image_task_id="t-1"),
            "research": lambda id_: self._submissions.learn(id_, self._fence, research=ResearchHandle("c-1", "m-1")),
            "cancel": self._submissions.request_cancel,
            "saving": self._submissions.begin_saving,
            "upload": lambda id_: self._submissions.begin_upload(id_, 0, "one"),
            "words": lambda id_: self._results.extend(id_, None, "some words"),
        }

    def _advance(self, state: OperationState) -> Step:
        return lambda id_: self.store.write(lambda conn: states.advance(conn, id_, state))

    def _close(self, state: OperationState) -> Step:
        failure = failure_of(UpstreamError("broken")) if state is OperationState.FAILED else None
        return lambda id_: self.operations.close(id_, state, failure)

    async def _take_fence(self, operation_id: str) -> None:
        _, book = await self._submissions.take_fence(operation_id)
        self._fence = book.fence


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


NAMES = [
    *(f"advance:{state}" for state in ORDER if not state.terminal),
    *(f"close:{state}" for state in ENDS),
    *("fence", "sent", "cleared", "conversation", "late conversation", "task", "research"),
    *("cancel", "saving", "upload", "words"),
]


def test_every_step_is_tried(world: World) -> None:
    assert set(world.steps) == set(NAMES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(NAMES), max_size=14),
    kind=st.sampled_from([OperationKind.IMAGE, OperationKind.RESEARCH]),
)
async def test_states_only_go_on_and_an_end_is_the_end(world: World, steps: list[str], kind: OperationKind) -> None:
    request = ImageRequest(prompt="x") if kind is OperationKind.IMAGE else ResearchRequest(prompt="x")
    operation = (await world.operations.admit(admission_of(kind, request))).record.id
    ended = None
    for name in steps:
        await world.steps[name](operation)
        record = await world.operations.find(operation)
        assert record is not None
        if ended is not None:
            assert (record.state, record.last_event, record.failure, record.finished_at, record.attempts) == ended
        elif record.state.terminal:
            ended = (record.state, record.last_event, record.failure, record.finished_at, record.attempts)

    log = await world.store.read(lambda conn: events.read(conn, operation))
    assert [event.number for event in log] == list(range(1, len(log) + 1))
    told = [event.data["state"] for event in log if event.type == "state"]
    for before, after in zip(told, told[1:], strict=False):
        assert (before, after) in BACK or ORDER.index(OperationState(before)) < ORDER.index(OperationState(after))
    found = await world.operations.find(operation)
    assert found is not None
    assert found.state == told[-1]
    if found.state.terminal:
        assert log[-1].data.get("state") == found.state
