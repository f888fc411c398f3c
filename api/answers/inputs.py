"""The messages of a chat as an operation keeps them."""

from __future__ import annotations

from typing import Literal, cast

from api.services import Services
from bridge.chat.order import ChatOrder
from bridge.files.references import Loaded
from core.contracts.texts import ResponseMessage


async def kept_messages(services: Services, order: ChatOrder) -> tuple[ResponseMessage, ...]:
    """Keep the files of a chat's messages; those name them.

    Raises:
        InvalidImageError: one cannot be kept; `param` names it.
    """
    files = [file for said in order.messages for file in said.files]
    given = [Loaded(one.content, one.name, one.param) for one in files]
    kept = iter(await services.bridge.inputs.store_all(given) if given else ())
    return tuple(
        ResponseMessage(
            # Results of tools were folded into the words of the user when the order was composed.
            role=cast(Literal["system", "user", "assistant"], said.role),
            text=said.text,
            inputs=tuple(next(kept) for _ in said.files),
        )
        for said in order.messages
    )
