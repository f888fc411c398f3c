"""How activities hold an account, and how they count what upstream does to them."""

from __future__ import annotations

from datetime import datetime

from temporalio.exceptions import ApplicationError

from activities.errors import final, retried
from bridge.operations.submissions import Submissions
from bridge.operations.turns import account_needs
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from core.contracts.buckets import Bucket
from core.contracts.operations import OperationRecord
from core.errors import AccountError, BridgeError, UpstreamBrokenError, UpstreamRefusalError
from provider.interface.session import Session

UPSTREAM = (UpstreamBrokenError, UpstreamRefusalError, AccountError)


class Upstream:
    """Sessions by account, and the failures of upstream, counted in the journal."""

    def __init__(self, pool: Pool, submissions: Submissions) -> None:
        self._pool = pool
        self._submissions = submissions

    async def session(self, account: str) -> Session:
        """The account's kept-open session.

        Raises:
            AccountNotConfiguredError: its capture was removed.
            CaptureUnreadableError: its capture cannot be read.
        """
        return await self._pool.session(account)

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
