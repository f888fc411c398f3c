"""How activities hold an account, and how they count what upstream does to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

from temporalio.exceptions import ApplicationError

from activities.errors import final, retried
from bridge.accounts.outcomes import QUARANTINES
from bridge.accounts.quarantine import in_vain
from bridge.operations.submissions import Submissions
from bridge.operations.turns import account_needs
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.operations import OperationRecord
from core.errors import (
    AccountError,
    AccountQuarantinedError,
    BridgeError,
    UpstreamBrokenError,
    UpstreamRefusalError,
)
from provider.interface.session import Session

UPSTREAM = (UpstreamBrokenError, UpstreamRefusalError, AccountError)

_LOOK_AGAIN = timedelta(seconds=5)
"""How long it takes at most until work goes on once the capture that it waits for is refreshed."""


class Upstream:
    """Sessions by account, and the failures of upstream, counted in the journal."""

    def __init__(self, pool: Pool, submissions: Submissions) -> None:
        self._pool = pool
        self._submissions = submissions

    def use(self, account: str, *, to_the_end: bool = False) -> AbstractAsyncContextManager[Session]:
        """The account's kept-open session; see `Pool.use`."""
        return self._pool.use(account, to_the_end=to_the_end)

    async def require_usable(self, account: str) -> None:
        """The last look before something is sent; see `Pool.require_usable`."""
        await self._pool.require_usable(account)

    @asynccontextmanager
    async def waiting(self, record: OperationRecord, account: str, deadline: datetime | None) -> AsyncIterator[Session]:
        """The same for what upstream has begun: while the account is in quarantine it waits, and asks nothing.

        Args:
            deadline: when the operation's time is over, `None` for never.

        Raises:
            ApplicationError: the account is in quarantine, or got into it meanwhile, by this very call or another's:
                tried again until its capture is refreshed, and final once the time is over. It is no failure of
                upstream's.
        """
        try:
            async with self.use(account) as session:
                await self._submissions.go_on(record)
                yield session
        except AccountQuarantinedError as refusal:
            raise await self.waits(record, refusal, deadline) from refusal
        except tuple(QUARANTINES) as error:
            raise await self._quarantined(record, account, error, deadline) from error

    async def waits(
        self, record: OperationRecord, refusal: AccountQuarantinedError, deadline: datetime | None
    ) -> ApplicationError:
        """The error to raise while the account must not be used; the operation's row says what it waits for."""
        left = _LOOK_AGAIN if deadline is None else min(_LOOK_AGAIN, deadline - utc_now())
        if left <= timedelta():
            return final(in_vain(refusal))
        await self._submissions.wait_for_capture(record.id, refusal)
        refusal.retry_after_seconds = left.total_seconds()
        return retried(refusal)

    async def _quarantined(
        self, record: OperationRecord, account: str, error: BridgeError, deadline: datetime | None
    ) -> ApplicationError:
        """The error to raise where a call is the first to meet what puts its account into quarantine."""
        await self.learn(record, account, error)
        try:
            await self.require_usable(account)
        except AccountQuarantinedError as refusal:
            return await self.waits(record, refusal, deadline)
        # The capture that upstream refused was replaced meanwhile.
        return retried(error)

    async def answered(self, record: OperationRecord, account: str, began: datetime) -> None:
        """The account has served the operation, from `began` on."""
        await self._pool.report(account, None, _used(record), began=began)

    async def learn(self, record: OperationRecord, account: str, error: BridgeError) -> None:
        """Remember of the account what an error of upstream teaches; other errors teach nothing of it."""
        if isinstance(error, UPSTREAM):
            await self._pool.report(account, error, _used(record))

    async def refused_upload(self, account: str, error: BridgeError) -> None:
        """Remember of the account what an error at an upload teaches; a limit there is one of uploads alone."""
        if isinstance(error, UPSTREAM):
            await self._pool.report(account, error, Needs(kind="chat", buckets=(Bucket.UPLOAD,)))

    async def again(self, operation_id: str, error: BridgeError, limit: int) -> ApplicationError:
        """The error to raise for a failure that a retry may cure: final once upstream failed `limit` times in a row."""
        if not isinstance(error, UPSTREAM):
            return retried(error)
        failures = await self._submissions.count_failure(operation_id)
        return final(error) if failures >= limit else retried(error)


def _used(record: OperationRecord) -> Needs:
    """What the operation's turn uses of an account: its inputs lie there by then."""
    needs = account_needs(record)
    return needs.model_copy(update={"buckets": tuple(b for b in needs.buckets if b is not Bucket.UPLOAD)})
