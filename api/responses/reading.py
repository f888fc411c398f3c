"""Responses that are kept, read as they stand now."""

from __future__ import annotations

from api.responses.standing import standing
from api.services import Services
from bridge.responses.places import Item
from bridge.responses.records import KeptResponse
from core.errors import NotFoundError, OperationNotFinishedError


async def find(services: Services, response_id: str, owner: str | None) -> KeptResponse:
    """The owner's response of that id as it stands now; anybody's for `None`.

    Raises:
        NotFoundError: there is none.
    """
    kept = await services.bridge.responses.find(response_id, owner)
    if kept is None:
        raise NotFoundError(f"There is no response {response_id!r}.", param="response_id")
    return await standing(services, kept)


async def items_before(services: Services, response_id: str, owner: str) -> tuple[Item, ...]:
    """All that a response and those before it said, oldest first.

    Raises:
        NotFoundError: one of them is not there any more.
        OperationNotFinishedError: one of them is not answered yet.
    """
    said: list[Item] = []
    for kept in await services.bridge.responses.chain(response_id, owner):
        now = await standing(services, kept)
        if now.body["status"] in ("queued", "in_progress"):
            raise OperationNotFinishedError(
                f"The response {now.id!r} is not answered yet.", param="previous_response_id"
            )
        said += now.said
    return tuple(said)
