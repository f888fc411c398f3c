"""Retention, as an activity."""

from __future__ import annotations

from temporalio import activity

from activities.errors import translated
from activities.heartbeat import beating
from bridge.operations.retention import Retention
from core.contracts.retention import RetentionInput, RetentionReport
from core.logging import get_logger

_log = get_logger(__name__)


class RetentionActivities:
    """Removes what is old."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention

    @activity.defn
    async def remove_expired(self, given: RetentionInput) -> RetentionReport:
        """One round; it may be killed at any moment and begun again. Heartbeats every few seconds."""
        with translated():
            async with beating():
                if given.dry_run:
                    return await self._retention.plan(histories=given.histories)
                report = await self._retention.remove(histories=given.histories)
                _log.info("retention_done", **report.model_dump(exclude={"dry_run"}))
                return report
