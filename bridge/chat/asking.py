"""An order as the turn that asks upstream, its files uploaded."""

from __future__ import annotations

from typing import Literal, cast

from bridge.chat.models import ModelChoice
from bridge.chat.order import ChatOrder
from bridge.chat.transcript import Said
from bridge.chat.uploads import Uploads
from core import ids
from provider.interface.session import Session
from provider.interface.turns import TurnMessage, TurnRequest


async def turn_of(order: ChatOrder, model: ModelChoice, session: Session, uploads: Uploads) -> TurnRequest:
    """The turn of an order on an account.

    Raises:
        BridgeError: a file cannot be uploaded.
    """
    continued = order.continued
    return TurnRequest(
        messages=tuple([await _message(session, uploads, said) for said in order.messages]),
        message_id=ids.message_id(),
        model=model.slug,
        effort=model.effort,
        temporary=order.temporary,
        search=order.search,
        conversation_id=continued.conversation_id if continued else None,
        parent_message_id=continued.parent_message_id if continued else None,
    )


async def _message(session: Session, uploads: Uploads, said: Said) -> TurnMessage:
    # Results of tools were folded into the words of the user when the order was composed.
    role = cast(Literal["system", "user", "assistant"], said.role)
    return TurnMessage(role, said.text, tuple([await uploads.of(session, file) for file in said.files]))
