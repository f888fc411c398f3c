"""What is told of the routes that clients use."""

from __future__ import annotations

from collections.abc import Mapping

from api.chat.schemas import ChatRequest
from api.conversations.schemas import ConversationBody, ItemsBody
from api.document.common import (
    ASKS,
    BEGUN,
    COMPLETION,
    ENVELOPE,
    LATER,
    OBJECT,
    ONCE,
    OPERATION,
    PICTURES,
    TALK,
    WORKS,
)
from api.document.told import (
    ANY,
    BYTES,
    EVENT,
    EVENTS,
    JSON,
    TEXT,
    Answer,
    Schema,
    Told,
    ok,
    ok_or_events,
    page,
    thing,
)
from api.files.schemas import UploadBody
from api.images.inputs import LISTS, MOST, SINGLES
from api.images.schemas import ImageEditRequest, ImageGenerationRequest
from api.operations.schemas import PlanBody
from api.research.schemas import ResearchBody
from api.responses.schemas import CompactBody, ResponseBody
from api.vision.schemas import VisionBody
from core.errors import (
    AccountNotAllowedError,
    AuthenticationError,
    FileQuotaError,
    GoneError,
    LinkExpiredError,
    MethodNotAllowedError,
    MissingScopeError,
    ModelNotAllowedError,
    OperationNotFinishedError,
    PlanNotWaitingError,
    ServiceError,
    UnknownModelError,
    UpgradeRequiredError,
)

_RESPONSE = thing("response", "id created_at status model output error incomplete_details tools")
_ITEM = thing(None, "id type")
_ITEMS = page(_ITEM, "first_id last_id has_more")
_CONVERSATION = thing("conversation", "id created_at metadata")
_MODEL = thing("model", "id created owned_by")
_FILE = thing("file", "id bytes created_at filename purpose status")
_USAGE = (Answer(200, {JSON: thing("chatgpt.usage", "generated_at accounts"), "text/plain": TEXT}),)
_PICTURE: Schema = {"anyOf": [{"type": "string", "description": "an address, a data URL, base64"}, OBJECT]}
_PICTURE_FIELDS: Schema = {
    "type": "object",
    "description": f"1 to {MOST} pictures, in one or several of these fields.",
    "properties": {
        **dict.fromkeys(LISTS, {"type": "array", "items": _PICTURE}),
        **dict.fromkeys(SINGLES, {"anyOf": [_PICTURE, {"type": "array", "items": _PICTURE}]}),
    },
    "anyOf": [{"required": [name]} for name in (*LISTS, *SINGLES)],
}
_PICTURE_PARTS: Schema = {
    "type": "object",
    "properties": {"image": {"type": "array", "items": BYTES, "minItems": 1, "maxItems": MOST}, "mask": BYTES},
    "required": ["image"],
}
_UPLOAD: Schema = {"type": "object", "properties": {"file": BYTES}, "required": ["file"]}
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgAB5Sfe/AAAAABJRU5ErkJggg=="
)

_FILE_BYTES = (
    Answer(200, {ANY: BYTES}),
    Answer(206, {ANY: BYTES}, "The range that was asked for."),
    Answer(304, text="The client has it already."),
)
_LOGGED = page(thing("chatgpt.operation.event", "number type at data"), "has_more")

CLIENTS: Mapping[str, Told] = {
    "POST /v1/chat/completions": Told(
        (*ok_or_events(COMPLETION), BEGUN),
        "Answer a chat",
        takes=ChatRequest,
        example=TALK,
        headers=LATER,
        fails=WORKS,
    ),
    "POST /v1/responses": Told(
        ok_or_events(_RESPONSE),
        "Answer, and keep the answer",
        takes=ResponseBody,
        example={"model": "auto", "input": "Hello"},
        headers=LATER,
        fails=WORKS,
    ),
    "GET /v1/responses": Told(
        (), "Refused: responses are served over HTTP alone", fails=(UpgradeRequiredError, MethodNotAllowedError)
    ),
    "POST /v1/responses/compact": Told(
        ok(thing("response.compaction", "id created_at output usage")),
        "Sum up what was said",
        takes=CompactBody,
        example={"model": "auto", "input": "Hello"},
        headers=ONCE,
        fails=WORKS,
    ),
    "POST /v1/responses/input_tokens": Told(
        ok(thing("response.input_tokens", "input_tokens")),
        takes=ResponseBody,
        example={"model": "auto", "input": "Hello"},
        fails=WORKS,
    ),
    "GET /v1/responses/{response_id}": Told(ok_or_events(_RESPONSE)),
    "POST /v1/responses/{response_id}/cancel": Told(ok(_RESPONSE), fails=(ServiceError,)),
    "DELETE /v1/responses/{response_id}": Told(ok(thing("response", "id deleted")), fails=(OperationNotFinishedError,)),
    "GET /v1/responses/{response_id}/input_items": Told(ok(_ITEMS)),
    "POST /v1/conversations": Told(ok(_CONVERSATION), takes=ConversationBody, example={"metadata": {"for": "tests"}}),
    "GET /v1/conversations/{conversation_id}": Told(ok(_CONVERSATION)),
    "POST /v1/conversations/{conversation_id}": Told(ok(_CONVERSATION), takes=ConversationBody, example={}),
    "DELETE /v1/conversations/{conversation_id}": Told(ok(thing("conversation.deleted", "id deleted"))),
    "GET /v1/conversations/{conversation_id}/items": Told(ok(_ITEMS)),
    "POST /v1/conversations/{conversation_id}/items": Told(
        ok(_ITEMS), takes=ItemsBody, example={"items": [{"role": "user", "content": "Hello"}]}
    ),
    "GET /v1/conversations/{conversation_id}/items/{item_id}": Told(ok(_ITEM)),
    "DELETE /v1/conversations/{conversation_id}/items/{item_id}": Told(ok(_CONVERSATION)),
    "POST /v1/images/generations": Told(
        (*ok_or_events(PICTURES), BEGUN),
        "Make pictures",
        takes=ImageGenerationRequest,
        example={"model": "gpt-image-1", "prompt": "A heron"},
        headers=LATER,
        fails=WORKS,
    ),
    "POST /v1/images/edits": Told(
        (*ok_or_events(PICTURES), BEGUN),
        "Change pictures",
        takes=ImageEditRequest,
        form=_PICTURE_PARTS,
        beside=_PICTURE_FIELDS,
        example={"prompt": "Make it red", "image": _PIXEL},
        headers=LATER,
        fails=WORKS,
    ),
    "POST /v1/chatgpt/vision": Told(
        (*ok_or_events(thing("chatgpt.vision", "id created model choices usage text mode")), BEGUN),
        "Look at pictures",
        takes=VisionBody,
        form=_PICTURE_PARTS,
        beside=_PICTURE_FIELDS,
        example={"mode": "describe", "image": _PIXEL},
        headers=LATER,
        fails=WORKS,
    ),
    "POST /v1/chatgpt/research": Told(
        (*ok(thing("chatgpt.research", "id created model text chatgpt_operation_id chatgpt_research")), BEGUN),
        "Research a question",
        takes=ResearchBody,
        example={"prompt": "How do herons sleep?"},
        headers=LATER,
        fails=WORKS,
    ),
    "GET /v1/models": Told(ok(page(_MODEL, ""))),
    "GET /v1/models/{model_id}": Told(ok(_MODEL), fails=(UnknownModelError,)),
    "POST /v1/files": Told(
        ok(_FILE),
        takes=UploadBody,
        form=_UPLOAD,
        only_form=True,
        fails=(FileQuotaError, MissingScopeError, ServiceError),
    ),
    "GET /v1/files": Told(ok(page(_FILE, "first_id last_id has_more"))),
    "GET /v1/files/{file_id}": Told(ok(_FILE)),
    "GET /v1/files/{file_id}/content": Told(_FILE_BYTES, headers=("Range", "If-None-Match"), fails=(GoneError,)),
    "DELETE /v1/files/{file_id}": Told(ok(thing("file", "id deleted"))),
    **dict.fromkeys(
        ("GET /v1/chatgpt/files/{file_id}", "GET /v1/chatgpt/files/{file_id}/{filename}"),
        Told(
            _FILE_BYTES,
            headers=("Range", "If-None-Match"),
            query=("expires", "signature"),
            fails=(GoneError, AuthenticationError, LinkExpiredError),
        ),
    ),
    "GET /v1/chatgpt/operations": Told(ok(page(OPERATION)), fails=(MissingScopeError,)),
    "GET /v1/chatgpt/operations/{operation_id}": Told(ok(ENVELOPE)),
    "POST /v1/chatgpt/operations/{operation_id}/cancel": Told(
        ok(thing("chatgpt.operation", "status effect operation", operation=OPERATION)), fails=(ServiceError,)
    ),
    "DELETE /v1/chatgpt/operations/{operation_id}": Told((Answer(204),), fails=(OperationNotFinishedError,)),
    "GET /v1/chatgpt/operations/{operation_id}/result": Told(
        ok(OBJECT, text="As the operation's own route answers."), fails=(*WORKS, OperationNotFinishedError)
    ),
    "GET /v1/chatgpt/operations/{operation_id}/events": Told(
        (
            Answer(200, {EVENTS: EVENT, JSON: _LOGGED}),
            Answer(204, text="The log has ended before that number."),
        ),
        headers=("Last-Event-ID",),
    ),
    "POST /v1/chatgpt/operations/{operation_id}/plan": Told(
        (*ok(ENVELOPE), Answer(202, {JSON: ENVELOPE}, "Upstream is still being told.")),
        takes=PlanBody,
        example={"decision": "approve"},
        headers=ONCE,
        fails=(PlanNotWaitingError, MissingScopeError, ServiceError, OperationNotFinishedError),
    ),
    "POST /v1/chatgpt/operations/{operation_id}/rerun": Told(
        (BEGUN,), headers=ONCE, fails=(*WORKS, OperationNotFinishedError, MissingScopeError)
    ),
    "POST /v1/chatgpt/route/explain": Told(
        ok(thing("chatgpt.route_explanation", "kind strategy needs account outcome error accounts")),
        takes=OBJECT,
        example=TALK,
        fails=(ModelNotAllowedError, AccountNotAllowedError, *ASKS),
    ),
    "GET /health": Told(ok(thing(None, "ok account accounts account_strategy"))),
    "GET /health/live": Told(ok(thing(None, "status"))),
    "GET /health/ready": Told(
        (*ok(thing(None, "status parts")), Answer(503, {JSON: thing(None, "status parts")}, "A part is missing."))
    ),
    **dict.fromkeys(("GET /v1/chatgpt/usage", "GET /v1/chatgpt/usage/live", "GET /v1/chatgpt/remaining"), Told(_USAGE)),
    "GET /v1/chatgpt/usage/history": Told(ok(thing(None, "object data")), fails=(MissingScopeError,)),
    "GET /v1/chatgpt/usage/counts": Told(ok(thing(None, "object data")), fails=(MissingScopeError,)),
}
