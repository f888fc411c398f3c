"""Several pictures of one request: an operation each, of which the first one answers for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.errors import error_object
from api.images.serving import reason
from api.services import Services
from bridge.keys.grant import Grant
from core.contracts.failure import Failure, failure_of
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.errors import InvalidRequestError

_DRAWN = (OperationKind.IMAGE, OperationKind.EDIT)


def members_of(kind: OperationKind, request: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The requests of the further operations that a request for several pictures makes: each asks for one."""
    if kind not in _DRAWN:
        return ()
    return ({**request, "n": 1},) * (int(request.get("n", 1)) - 1)


def require_allowed(grant: Grant, pictures: int) -> None:
    """See that a key may ever begin so much at once.

    Raises:
        InvalidRequestError: it may not, whenever it comes.
    """
    limits = [limit for limit in (grant.per_minute, grant.per_day) if limit is not None]
    if limits and pictures > min(limits):
        raise InvalidRequestError(f"`n`: this API key may begin no more than {min(limits)} at a time.", param="n")


async def group_of(services: Services, record: OperationRecord) -> tuple[OperationRecord, ...]:
    """An operation and its members."""
    return await services.bridge.operations.group(record.id) if record.members else (record,)


def failures(group: Sequence[OperationRecord]) -> list[dict[str, Any]]:
    """Which of a group have no picture, and why; `index` counts them from 0 in the order of their admission."""
    return [
        {
            "index": index,
            "chatgpt_operation_id": one.id,
            "state": one.state.value,
            "error": error_object(_failure(one)),
        }
        for index, one in enumerate(group)
        if one.state is not OperationState.COMPLETED
    ]


def _failure(record: OperationRecord) -> Failure:
    why = reason(record)
    return why if isinstance(why, Failure) else failure_of(why)
