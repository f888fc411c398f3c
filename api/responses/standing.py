"""How a response in the background stands: what is kept of it, and what its operation says by now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from api.answers.recorded import answered_of, form_of
from api.errors import answer_to
from api.responses.failing import failure_code
from api.responses.objects import finished, output_of
from api.services import Services
from bridge.responses.records import KeptResponse
from core.contracts.failure import Failure
from core.contracts.operations import OperationRecord, OperationState
from core.errors import BridgeError

_WAITING = (OperationState.ACCEPTED, OperationState.WAITING_FOR_ACCOUNT)


async def standing(services: Services, kept: KeptResponse) -> KeptResponse | None:
    """A kept response as it is now; `None` where the operation that was to answer it, or has answered it, is gone: what
    is left is a question.

    Raises:
        StoreError: the operation cannot be read.
    """
    if kept.body["status"] != "queued":
        return kept
    record = await services.bridge.operations.find(kept.id)
    return None if record is None else replace(kept, body=await body_of(services, kept.body, record))


async def body_of(services: Services, told: dict[str, Any], record: OperationRecord) -> dict[str, Any]:
    """The response that an operation answers, as far as it has come.

    Args:
        told: the response as it was admitted.
    """
    if record.state is OperationState.COMPLETED:
        return await _answered(services, told, record)
    if record.state is OperationState.FAILED and record.failure is not None:
        return failed(told, record.failure)
    if record.state is OperationState.CANCELLED:
        return {**told, "status": "cancelled"}
    return {**told, "status": "queued" if record.state in _WAITING else "in_progress"}


def failed(told: dict[str, Any], reason: BridgeError | Failure) -> dict[str, Any]:
    """The response that came to nothing."""
    code, message = failure_code(answer_to(reason))
    return {**told, "status": "failed", "error": {"code": code, "message": message}}


async def _answered(services: Services, told: dict[str, Any], record: OperationRecord) -> dict[str, Any]:
    try:
        answered = await answered_of(services, record)
    except BridgeError as error:
        return failed(told, error)
    answer, offer = answered.answers[0], form_of(services, record).offer
    output = output_of(answer, told["id"], offer, with_thoughts=False)
    ended = record.finished_at or record.created_at
    return finished(told, answer, output, answered.usage, at=int(ended.timestamp()))
