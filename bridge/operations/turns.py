"""What an operation asks of upstream, and of an account."""

from __future__ import annotations

from bridge.routing.needs import Needs
from core.contracts.buckets import Bucket
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationRecord
from provider.interface.turns import TurnMessage, TurnRequest


def turn_request(record: OperationRecord) -> TurnRequest:
    """The turn of an image operation: its prompt, the aspect ratio as an instruction, in a chat that is kept."""
    request = ImageRequest.model_validate(record.request)
    text = request.prompt
    if request.aspect_ratio != "auto":
        text = f"{text}\n\nMake the aspect ratio {request.aspect_ratio}."
    return TurnRequest(
        messages=(TurnMessage(role="user", text=text),),
        message_id=record.message_id,
        model=request.slug,
        temporary=False,
        kind="image",
    )


def account_needs(record: OperationRecord) -> Needs:
    """What an account must have to serve the operation: a free image slot, and the model."""
    request = ImageRequest.model_validate(record.request)
    return Needs(kind="image", buckets=(Bucket.IMAGE,), slug=request.slug, accounts=request.accounts)
