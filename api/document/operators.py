"""What is told of the operator's routes."""

from __future__ import annotations

from collections.abc import Mapping

from api.accounts.schemas import (
    AddAccountRequest,
    ChangeAccountRequest,
    InspectCaptureRequest,
    RestoreCaptureRequest,
    UpdateCaptureRequest,
)
from api.admin.schemas import CheckRequest, DeleteFileRequest, DeleteRequest, InspectRequest, SaveRequest
from api.cooldowns.router import ClearRequest
from api.document.common import (
    BEGUN,
    CAPTURES,
    COMPLETION,
    LATER,
    OBJECT,
    PICTURES,
    WORKS,
)
from api.document.told import (
    Schema,
    Told,
    ok,
    page,
    thing,
)
from api.keys.schemas import ChangeKeyRequest, CreateKeyRequest
from api.limits.schemas import LimitsRequest
from core.errors import (
    CaptureRejectedError,
    NotFoundError,
)

_ACCOUNT = thing("chatgpt.account", "alias state weight tags note plan capture health forecast in_flight limits")
_EVENTS = page(thing("chatgpt.account.event", "number account at type data"))
_INSPECTION = "ok account format missing warnings checks detected capabilities"
_COOLDOWNS = page(thing(None, "account scope reason until state"), "")
_KEY = thing("chatgpt.key", "id name state scopes models accounts per_minute per_day created_at expires_at")
_LIMITS = thing("chatgpt.limits", "plans accounts saved ranges")
_SAVED = "ok settings account_concurrency feature_concurrency"
_PAYLOADS: Schema = {"type": "object", "properties": {"payloads": {"type": "array", "items": OBJECT}}}
_CAPTURE = {"capture": "curl 'https://chatgpt.com/backend-api/f/conversation' ..."}

_PRESENT: Mapping[str, Told] = {
    "GET /v1/chatgpt/accounts": Told(ok(page(_ACCOUNT, ""))),
    "POST /v1/chatgpt/accounts": Told(
        ok(_ACCOUNT, status=201), takes=AddAccountRequest, example={"alias": "work", **_CAPTURE}, fails=CAPTURES
    ),
    "POST /v1/chatgpt/accounts/inspect": Told(
        ok(thing("chatgpt.capture.inspection", _INSPECTION)),
        takes=InspectCaptureRequest,
        example=_CAPTURE,
        fails=(CaptureRejectedError,),
    ),
    "GET /v1/chatgpt/accounts/events": Told(ok(_EVENTS)),
    "GET /v1/chatgpt/accounts/{alias}": Told(ok(_ACCOUNT)),
    "PATCH /v1/chatgpt/accounts/{alias}": Told(ok(_ACCOUNT), takes=ChangeAccountRequest, example={"note": "Mine"}),
    "DELETE /v1/chatgpt/accounts/{alias}": Told(ok(thing("chatgpt.account.deleted", "alias deleted capture_kept"))),
    "PUT /v1/chatgpt/accounts/{alias}/capture": Told(
        ok(_ACCOUNT), takes=UpdateCaptureRequest, example=_CAPTURE, fails=CAPTURES
    ),
    "POST /v1/chatgpt/accounts/{alias}/restore": Told(
        ok(_ACCOUNT), takes=RestoreCaptureRequest, example={}, fails=CAPTURES
    ),
    "POST /v1/chatgpt/accounts/{alias}/check": Told(ok(thing("chatgpt.account.check", "account ok status"))),
    "GET /v1/chatgpt/accounts/{alias}/events": Told(ok(_EVENTS)),
    "GET /v1/chatgpt/cooldowns": Told(ok(_COOLDOWNS)),
    "POST /v1/chatgpt/cooldowns/clear": Told(
        ok(_COOLDOWNS), takes=ClearRequest, example={"account": "work"}, fails=(NotFoundError,)
    ),
    "GET /v1/chatgpt/keys": Told(ok(page(_KEY, ""))),
    "POST /v1/chatgpt/keys": Told(ok(_KEY, status=201), takes=CreateKeyRequest, example={"name": "laptop"}),
    "GET /v1/chatgpt/keys/{key_id}": Told(ok(_KEY)),
    "PATCH /v1/chatgpt/keys/{key_id}": Told(ok(_KEY), takes=ChangeKeyRequest, example={"per_day": 100}),
    "DELETE /v1/chatgpt/keys/{key_id}": Told(ok(_KEY)),
    "POST /v1/chatgpt/keys/{key_id}/revoke": Told(ok(_KEY)),
    "GET /v1/chatgpt/audit": Told(ok(page(thing("chatgpt.audit", "number at actor action subject before after")))),
    "GET /v1/chatgpt/limits": Told(ok(_LIMITS)),
    "PUT /v1/chatgpt/limits": Told(ok(_LIMITS), takes=LimitsRequest, example={"chat": {"plans": {"plus": 2}}}),
    "PATCH /v1/chatgpt/limits": Told(ok(_LIMITS), takes=LimitsRequest, example={"chat": {"plans": {"plus": 2}}}),
    "DELETE /v1/chatgpt/limits": Told(ok(_LIMITS)),
    **dict.fromkeys(
        ("POST /v1/chatgpt/codec/decode", "POST /v1/chatgpt/codec/encode"),
        Told(ok(OBJECT), takes=_PAYLOADS, example={"payloads": []}),
    ),
}

_OLDER: Mapping[str, Told] = {
    "GET /accounts": Told(ok(thing("chatgpt.admin.accounts", "accounts stored_captures"))),
    "POST /captures/inspect": Told(
        ok(thing(None, _INSPECTION)), takes=InspectRequest, example=_CAPTURE, fails=(CaptureRejectedError,)
    ),
    "POST /captures/save": Told(
        ok(thing(None, "saved account inspection live_verify")),
        takes=SaveRequest,
        example={"account": "work", **_CAPTURE},
        fails=CAPTURES,
    ),
    "POST /accounts/check": Told(
        ok(thing("chatgpt.admin.account_check", "generated_at accounts")),
        takes=CheckRequest,
        example={},
        fails=(NotFoundError,),
    ),
    "POST /accounts/delete": Told(
        ok(thing("chatgpt.admin.account_delete", "ok account deleted remaining_accounts")),
        takes=DeleteRequest,
        example={"account": "work"},
        fails=(NotFoundError,),
    ),
    "GET /status": Told(ok(thing("chatgpt.admin.status", "ok server routing settings storage routes"))),
    "GET /settings": Told(ok(thing("chatgpt.admin.settings", "settings"))),
    "POST /settings/save": Told(ok(thing("chatgpt.admin.settings_save", _SAVED)), takes=OBJECT, example={}),
    "POST /settings/reset": Told(ok(thing("chatgpt.admin.settings_reset", _SAVED)), takes=OBJECT, example={}),
    "GET /artifacts": Told(ok(thing("chatgpt.admin.artifacts", "artifacts"))),
    "POST /artifacts/delete": Told(
        ok(OBJECT), takes=DeleteFileRequest, example={"file_id": "0" * 32}, fails=(NotFoundError,)
    ),
    "POST /test/chat": Told(
        ok(thing(None, "ok latency_ms content response", response=COMPLETION)),
        takes=OBJECT,
        example={"message": "Hello"},
        fails=WORKS,
    ),
    "POST /test/image": Told(
        (*ok(thing(None, "ok latency_ms response", response=PICTURES)), BEGUN),
        "Try a picture",
        takes=OBJECT,
        example={"prompt": "A heron"},
        headers=LATER,
        fails=WORKS,
    ),
}


OPERATORS: Mapping[str, Told] = {
    **_PRESENT,
    **{name.replace(" ", " /v1/chatgpt/admin"): told for name, told in _OLDER.items()},
}
