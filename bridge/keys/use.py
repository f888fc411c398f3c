"""What keys are used for: counted in memory, and told to the database every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from bridge.keys import rows
from bridge.keys.grant import PRIMARY, Grant
from bridge.keys.rates import Rates, Report
from bridge.keys.rows import StoredKey
from bridge.store.engine import Store
from core.errors import BridgeError
from core.logging import get_logger

_log = get_logger(__name__)

_REPORT_SECONDS = 5.0


class KeyUse:
    """Notes when a key was used and how much it began. The operator's own key has no limits, and no row to note it in.

    What another process counted on the same day is known here some seconds later.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates = Rates()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._report: asyncio.Task[None] | None = None

    def seen(self, grant: Grant) -> None:
        """A key was used, for whatever."""
        reported = grant is not PRIMARY
        self._rates.seen(grant.key_id, reported=reported)
        if reported:
            self._report_soon()

    def begin(self, grant: Grant, pieces: int = 1) -> None:
        """Count work that a key begins, all of its pieces, or none where they are too many; from any thread.

        Raises:
            KeyLimitError: they are, for this minute or day.
        """
        self._rates.begin(grant, pieces)
        if grant is not PRIMARY:
            self._loop.call_soon_threadsafe(self._report_soon)

    def last(self, key_id: str) -> datetime | None:
        """When this process saw a key last."""
        return self._rates.last_used(key_id)

    def remember(self, key: StoredKey) -> None:
        """What the database says of a key that this process has not counted yet."""
        self._rates.remember(key.record.id, key.day, key.day_count)

    async def aclose(self) -> None:
        """Write what was counted and not written yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._report is not None:
            await self._report
        await self._write(self._rates.take())

    def _report_soon(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(_REPORT_SECONDS, self._begin_report)

    def _begin_report(self) -> None:
        self._timer = None
        self._report = asyncio.create_task(self._write(self._rates.take()), name="api-key-report")

    async def _write(self, reports: Mapping[str, Report]) -> None:
        if not reports:
            return

        def work(conn: Connection) -> dict[str, int]:
            counts = {
                key_id: rows.used(conn, key_id, last=report.last, day=report.day, count=report.count)
                for key_id, report in reports.items()
            }
            return {key_id: count for key_id, count in counts.items() if count is not None}

        try:
            counts = await self._store.write(work)
        except BridgeError as error:
            _log.warning("api_key_use_not_written", code=error.code, reason=error.message)
            self._rates.lost(reports)
        else:
            self._rates.written(reports, counts)
