"""What surrounds every activity."""

from __future__ import annotations

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from core.logging import bound


class LogIds(Interceptor):
    """Puts operation, run, activity and attempt on every line that an activity logs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the next interceptor."""
        return _BoundIds(super().intercept_activity(next))


class _BoundIds(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        with bound(
            operation_id=str(info.workflow_id),
            run_id=str(info.workflow_run_id),
            activity=info.activity_type,
            attempt=str(info.attempt),
        ):
            return await super().execute_activity(input)
