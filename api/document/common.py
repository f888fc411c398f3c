"""What several routes have in common: errors, headers, shapes of answers."""

from __future__ import annotations

from api.document.told import JSON, Answer, Schema, thing
from core.errors import (
    AccountError,
    AccountNotAllowedError,
    AddressRefusedError,
    BridgeError,
    CaptureRejectedError,
    GoneError,
    IdempotencyConflictError,
    IdempotencyInProgressError,
    ImageUnreachableError,
    InvalidImageError,
    ModelNotAllowedError,
    NotFoundError,
    OperationError,
    OperationIdTakenError,
    OtherLoginError,
    ServiceError,
    UpstreamBrokenError,
    UpstreamRefusalError,
)

ASKS: tuple[type[BridgeError], ...] = (AccountError, UpstreamRefusalError, UpstreamBrokenError, ServiceError)
WORKS: tuple[type[BridgeError], ...] = (
    *ASKS, OperationError, ModelNotAllowedError, AccountNotAllowedError, OperationIdTakenError,
    IdempotencyConflictError, IdempotencyInProgressError, NotFoundError, GoneError, InvalidImageError,
    ImageUnreachableError, AddressRefusedError,
)  # fmt: skip
"""Of work, and of the files that a request for it names."""
CAPTURES: tuple[type[BridgeError], ...] = (*ASKS, CaptureRejectedError, OtherLoginError, NotFoundError)
ONCE = ("Idempotency-Key",)
LATER = ("Idempotency-Key", "Prefer")

OBJECT: Schema = {"type": "object"}
OPERATION = thing("chatgpt.operation", "id kind state model account completed created_at error last_event")
ENVELOPE = thing("chatgpt.operation", "operation", operation=OPERATION)
BEGUN = Answer(202, {JSON: ENVELOPE}, "Begun; nobody waits for it.")
COMPLETION = thing("chat.completion", "id created model choices usage")
PICTURES = thing(None, "created data usage chatgpt_operation_id", data={"type": "array", "items": OBJECT})
TALK = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
