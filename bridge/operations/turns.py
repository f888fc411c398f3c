"""What an operation asks of upstream, and of an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from bridge.operations.instructions import instruction
from bridge.routing.needs import Needs
from core.contracts.buckets import Bucket
from core.contracts.images import EditRequest, ImageRequest
from core.contracts.inputs import InputRef
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.contracts.texts import ResponseRequest, VisionRequest
from core.errors import InternalError
from provider.interface.turns import TurnMessage, TurnRequest, UploadedFile

Request: TypeAlias = ImageRequest | EditRequest | VisionRequest | ResearchRequest | ResponseRequest

_REQUESTS: Mapping[OperationKind, type[Request]] = {
    OperationKind.IMAGE: ImageRequest,
    OperationKind.EDIT: EditRequest,
    OperationKind.VISION: VisionRequest,
    OperationKind.RESEARCH: ResearchRequest,
    OperationKind.RESPONSE: ResponseRequest,
}
_BUCKETS = {
    OperationKind.IMAGE: Bucket.IMAGE,
    OperationKind.EDIT: Bucket.IMAGE,
    OperationKind.VISION: Bucket.CHAT,
    OperationKind.RESEARCH: Bucket.RESEARCH,
    OperationKind.RESPONSE: Bucket.CHAT,
}


def bucket_of(kind: OperationKind) -> Bucket:
    """The class of work whose slot an operation holds from its account to its end."""
    return _BUCKETS[kind]


def request_of(record: OperationRecord) -> Request:
    """The validated request that the operation was made of."""
    return _REQUESTS[record.kind].model_validate(record.request)


def inputs_of(record: OperationRecord) -> tuple[InputRef, ...]:
    """The pictures that have to lie upstream before the turn, in the order of their positions."""
    return _inputs(request_of(record))


def messages_of(kind: OperationKind, request: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The words of each message that an operation says, and how many pictures it brings."""
    asked = _REQUESTS[kind].model_validate(request)
    if isinstance(asked, ResponseRequest):
        return [(message.text, len(message.inputs)) for message in asked.messages]
    return [(asked.prompt, len(_inputs(asked)))]


def prompt_of(record: OperationRecord) -> str:
    """The caller's words, for people to find the operation by; of a chat those of its last message."""
    request = request_of(record)
    return request.messages[-1].text if isinstance(request, ResponseRequest) else request.prompt


def is_temporary(record: OperationRecord) -> bool:
    """Whether the request itself asks for a chat that upstream does not keep, and that nobody can look up."""
    return bool(getattr(request_of(record), "temporary", False))


def turn_request(record: OperationRecord, uploads: Sequence[str] = ()) -> TurnRequest:
    """The turn of an operation; `uploads` are the file ids of its inputs, in the order of positions.

    In a chat that is kept, unless the request itself asks for a temporary one.

    Raises:
        InternalError: an input was not uploaded.
    """
    request, refs = request_of(record), inputs_of(record)
    if len(uploads) != len(refs):
        raise InternalError("A turn was to be sent before its inputs were uploaded.")
    files = tuple(_file(ref, file_id) for ref, file_id in zip(refs, uploads, strict=True))
    if isinstance(request, ResearchRequest):
        return _turn(record, request.prompt, kind="research")
    if isinstance(request, ResponseRequest):
        return _conversation(record, request, files)
    if isinstance(request, VisionRequest):
        message = TurnMessage(role="user", text=request.prompt, files=files)
        return TurnRequest(
            messages=(message,),
            message_id=record.message_id,
            model=request.slug,
            effort=request.effort,
            temporary=request.temporary,
        )
    return _turn(record, instruction(request), kind="image", model=request.slug, files=files)


def account_needs(record: OperationRecord) -> Needs:
    """What an account must have to serve the operation: free slots, the model and the effort.

    The slot for uploading is needed while inputs are uploaded, and given back before the turn is sent.
    """
    return needs_of(record.kind, request_of(record), inputs=len(inputs_of(record)))


def needs_of(kind: OperationKind, request: Request, *, inputs: int) -> Needs:
    """The same for a request of which there is no operation yet, and which brings so many pictures."""
    bucket = bucket_of(kind)
    return Needs(
        kind=kind.value,
        buckets=(bucket, Bucket.UPLOAD) if inputs else (bucket,),
        slug=getattr(request, "slug", "auto"),
        effort=getattr(request, "effort", None),
        accounts=request.accounts,
        strategy=request.strategy,
        inputs=inputs,
    )


def _inputs(request: Request) -> tuple[InputRef, ...]:
    if isinstance(request, ResponseRequest):
        return tuple(ref for message in request.messages for ref in message.inputs)
    if isinstance(request, EditRequest):
        return request.shown
    return request.inputs if isinstance(request, VisionRequest) else ()


def _turn(
    record: OperationRecord,
    text: str,
    *,
    kind: Literal["image", "research"],
    model: str = "auto",
    files: tuple[UploadedFile, ...] = (),
) -> TurnRequest:
    return TurnRequest(
        messages=(TurnMessage(role="user", text=text, files=files),),
        message_id=record.message_id,
        model=model,
        temporary=False,
        kind=kind,
    )


def _conversation(record: OperationRecord, request: ResponseRequest, files: tuple[UploadedFile, ...]) -> TurnRequest:
    messages, left = [], list(files)
    for message in request.messages:
        own = tuple(left[: len(message.inputs)])
        del left[: len(message.inputs)]
        messages.append(TurnMessage(role=message.role, text=message.text, files=own))
    return TurnRequest(
        messages=tuple(messages),
        message_id=record.message_id,
        model=request.slug,
        effort=request.effort,
        temporary=request.temporary,
    )


def _file(ref: InputRef, file_id: str) -> UploadedFile:
    return UploadedFile(
        file_id=file_id,
        name=ref.name,
        mime_type=ref.content_type,
        size_bytes=ref.size_bytes,
        width=ref.width,
        height=ref.height,
    )
