"""What is told of a capture that was refused."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from api.accounts import view
from api.errors import answer_to
from api.services import Services
from core.errors import CaptureRejectedError


async def with_inspection(
    services: Services, capture: str, error: CaptureRejectedError, *, alias: str | None = None
) -> Response:
    """The refusal, with every check of the capture."""
    answer = answer_to(error)
    found = await asyncio.to_thread(services.bridge.captures.look_at, capture)
    missing, warnings = list(found.missing), list(found.warnings)
    answer.body["error"].update(failed=[*missing, *warnings], missing=missing, warnings=warnings)
    answer.body["inspection"] = view.inspection(found, alias)
    return answer.response()
