"""Temporal as api, cli and reconciler see it: no type of its SDK gets out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bridge.vault.blobs import PayloadBlobs
from bridge.vault.cipher import PayloadKeys
from core.contracts.operations import OperationRecord
from core.contracts.research import PlanDecision
from core.contracts.steps import OperationStatus, PlanDecided, PlanDecisionInput
from core.errors import TemporalUnavailableError
from core.logging import get_logger
from core.settings import CareSettings, OperationSettings, RetentionSettings, TemporalSettings
from workflows.temporal import handle, schedules, starter
from workflows.temporal.client import connect, prepare_namespace
from workflows.temporal.handle import Seen

_log = get_logger(__name__)

_PROBE_SECONDS = 1.0
_PROBE_LIMIT = timedelta(seconds=0.9)
_FIRST_LOOK_SECONDS = 2.0
_MISS_SECONDS = 5.0
_RETRY_AFTER_SECONDS = 2.0
_POLLER_AGE = timedelta(seconds=75)
"""A worker's poll hangs for up to a minute before it comes again."""


class Temporal:
    """One process's way to the server, which may be away at any time.

    Attributes:
        available: whether the last probe was answered; probes come every second.
        found: how often the server was found after it had been away.
        failing: ids of operations whose workflow tasks fail again and again, as the reconciler saw them.
    """

    def __init__(self, client: Client, settings: TemporalSettings, operations: OperationSettings) -> None:
        self.available = False
        self.found = 0
        self.failing: frozenset[str] = frozenset()
        self._client = client
        self._settings = settings
        self._operations = operations
        self._searchable = False
        self._silent_until = 0.0
        self._probed = asyncio.Event()
        self._looked = asyncio.Event()
        self._prober = asyncio.create_task(self._probe_forever(), name="temporal-probe")

    async def ready(self, timeout_seconds: float) -> bool:
        """Wait until the server has answered once; `False` when it has not within the time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not self.available:
                    self._probed.clear()
                    await self._probed.wait()
        except TimeoutError:
            return False
        return True

    async def looked(self) -> None:
        """Wait until the server has been looked for once, two seconds at most, whatever was found."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK_SECONDS):
                await self._looked.wait()

    def require(self) -> None:
        """For routes that start work.

        Raises:
            TemporalUnavailableError: the server is away; nothing may be stored.
        """
        if not self.available:
            raise TemporalUnavailableError("Temporal is away.", retry_after_seconds=_RETRY_AFTER_SECONDS)

    async def start(self, record: OperationRecord) -> bool:
        """Start an operation's workflow; `False` when it is not confirmed within two seconds, and the reconciler
        will see to it."""
        return await starter.start(
            self._client,
            record,
            task_queue=self._settings.task_queue,
            given=starter.timings(self._operations, record.kind),
            searchable=self._searchable,
        )

    async def cancel(self, operation_id: str) -> None:
        """Tell a workflow that a cancel is asked; where that fails the reconciler tells it again."""
        if not await handle.cancel(self._client, operation_id):
            _log.warning("cancel_not_signalled", operation_id=operation_id)

    async def decide_plan(
        self, operation_id: str, decision: PlanDecision, text: str = "", *, update_id: str
    ) -> PlanDecided | None:
        """Have a research's plan decided on; see `workflows.temporal.handle.decide_plan`."""
        self.require()
        given = PlanDecisionInput(decision=decision, text=text)
        return await handle.decide_plan(self._client, operation_id, given, update_id=update_id)

    async def signal_granted(self, operation_ids: Sequence[str]) -> None:
        """Tell workflows that an account is theirs now; one that is not reached asks again by itself."""
        unheard = await handle.granted(self._client, operation_ids)
        if unheard:
            _log.info("grants_not_signalled", operation_ids=list(unheard))

    async def state(self, operation_id: str) -> OperationStatus | None:
        """A workflow's own view within 300 ms; after a miss nothing is asked for five seconds."""
        if not self.available or time.monotonic() < self._silent_until:
            return None
        answer = await handle.state(self._client, operation_id)
        if answer is None:
            self._silent_until = time.monotonic() + _MISS_SECONDS
        return answer

    async def current(self, record: OperationRecord) -> tuple[OperationRecord, bool]:
        """The later of a row and its workflow's view, and whether the row had to answer alone (`stale`)."""
        if record.state.terminal:
            return record, False
        answer = await self.state(record.id)
        return (record, True) if answer is None else (answer.applied_to(record), False)

    async def describe(self, operation_id: str) -> Seen:
        """What the server knows of a workflow.

        Raises:
            TemporalUnavailableError: it does not answer.
        """
        return await handle.describe(self._client, operation_id)

    async def keep_retention(self, settings: RetentionSettings) -> None:
        """Have retention's schedule be there as the settings say; see `workflows.temporal.schedules`.

        Raises:
            TemporalUnavailableError: the server does not answer, or refuses.
        """
        await schedules.keep_retention(self._client, settings, task_queue=self._settings.task_queue)

    async def keep_care(self, settings: CareSettings) -> None:
        """Have the schedule of the care of accounts be there as the settings say.

        Raises:
            TemporalUnavailableError: the server does not answer, or refuses.
        """
        await schedules.keep_care(self._client, settings, task_queue=self._settings.task_queue)

    async def histories_kept(self) -> timedelta:
        """How long the server keeps a history after its end.

        Raises:
            TemporalUnavailableError: it does not answer.
        """
        return await schedules.histories_kept(self._client)

    async def worker_alive(self) -> bool:
        """Whether a worker has asked for work within the last minute."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._settings.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            answer = await self._client.workflow_service.describe_task_queue(request, timeout=_PROBE_LIMIT)
        except (RPCError, RuntimeError):
            return False
        oldest = datetime.now(UTC) - _POLLER_AGE
        return any(poller.last_access_time.ToDatetime(UTC) >= oldest for poller in answer.pollers)

    async def aclose(self) -> None:
        """Stop probing."""
        self._prober.cancel()
        await asyncio.gather(self._prober, return_exceptions=True)

    async def _probe_forever(self) -> None:
        silent = False
        while True:
            heard = await self._answers()
            # Slow is not away: of a server that was there, only a second silence in a row counts.
            answers = heard if heard is not None else self.available and not silent
            silent = heard is None
            if answers and not self.available:
                answers = await self._greet()
            if answers is not self.available:
                _log.info("temporal_found" if answers else "temporal_lost", target=self._settings.target)
            self.available = answers
            self._probed.set()
            self._looked.set()
            await asyncio.sleep(_PROBE_SECONDS)

    async def _greet(self) -> bool:
        """Tell a server that has just been found what it has to know; `False` when it is gone again."""
        try:
            self._searchable = await prepare_namespace(self._client, ours=self._settings.address is None)
        except RuntimeError:
            return False
        self._silent_until = 0.0
        self.found += 1
        return True

    async def _answers(self) -> bool | None:
        """Whether the server answers; `None` when it says nothing in time."""
        try:
            async with asyncio.timeout(_PROBE_LIMIT.total_seconds()):
                await self._client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=_PROBE_LIMIT)
        except TimeoutError:
            return None
        except RPCError as error:
            return None if error.status is RPCStatusCode.DEADLINE_EXCEEDED else False
        except RuntimeError:
            return False
        return True


@asynccontextmanager
async def open_temporal(
    keys: PayloadKeys,
    settings: TemporalSettings,
    operations: OperationSettings,
    *,
    blobs: PayloadBlobs | None = None,
) -> AsyncIterator[Temporal]:
    """The way to the server; opening it never fails because the server is away."""
    temporal = Temporal(await connect(settings, keys, blobs=blobs), settings, operations)
    try:
        # So that nobody is told that a server is away which nobody has looked for yet.
        await temporal.looked()
        yield temporal
    finally:
        await temporal.aclose()
