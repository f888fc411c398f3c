"""A process's sign of life, on which the leases of its chats depend."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import datetime, timedelta

from bridge.accounts import leases
from bridge.accounts.leases import Transaction
from bridge.store.engine import Store
from core import ids
from core.clock import utc_now
from core.errors import StoreError
from core.logging import get_logger

_log = get_logger(__name__)


class ProcessPresence:
    """Renews this process's row while it is open; clears up after processes that have fallen silent.

    Attributes:
        process_id: what the leases of this process name.
    """

    def __init__(
        self,
        store: Store,
        *,
        kind: str,
        renew: timedelta = timedelta(seconds=5),
        expiry: timedelta = timedelta(seconds=20),
    ) -> None:
        """Args:
        renew, expiry: together the longest that the slots of a process that was killed stay taken.
        """
        self.process_id = ids.process_id()
        self._store = store
        self._kind = kind
        self._renew = renew
        self._expiry = expiry
        self._renewed: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write the row and keep renewing it.

        Raises:
            StoreError: the row cannot be written.
        """
        await self._show()
        self._task = asyncio.create_task(self._run(), name="process-presence")

    async def aclose(self) -> None:
        """Remove the row and whatever this process's chats still hold."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._store.write(lambda conn: leases.end_process(conn, self.process_id))
        except StoreError as error:
            # Others clear up when the row has expired.
            _log.warning("process_row_left", code=error.code, reason=error.message)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._renew.total_seconds())
            try:
                await self._show()
            except StoreError as error:
                _log.warning("process_renewal_failed", code=error.code, reason=error.message)

    async def _show(self) -> None:
        now = utc_now()
        # After a pause of the whole machine every row looks old, those of the living too: whoever overslept renews
        # and leaves the others the time to do the same.
        awake = self._renewed is not None and now - self._renewed < self._expiry

        def work(conn: Transaction) -> int:
            leases.renew_process(
                conn, process_id=self.process_id, kind=self._kind, host=socket.gethostname(), pid=os.getpid(), now=now
            )
            return leases.expire(conn, now - self._expiry) if awake else 0

        expired = await self._store.write(work)
        self._renewed = now
        if expired:
            _log.info("processes_expired", count=expired)
