"""The caller's fault: the request has to change before it can succeed."""

from __future__ import annotations

from core.errors.base import BridgeError, Fault


class CallerError(BridgeError):
    """The request is wrong; nothing was sent upstream and nothing was spent."""

    fault = Fault.CALLER


class InvalidRequestError(CallerError):
    """A field is missing, has the wrong shape or an impossible value; `param` names it."""

    code = "invalid_request"
    action = "Correct the field named in `param` and send the request again."


class UnsupportedParameterError(CallerError):
    """A documented field that this version of the bridge does not serve; `param` names it."""

    code = "unsupported_parameter"
    action = "Leave the field named in `param` out."


class AuthenticationError(CallerError):
    """No API key, or not the right one."""

    code = "invalid_api_key"
    action = "Send `Authorization: Bearer <key>`; the key is in the file `api-key` of the data folder."


class NotFoundError(CallerError):
    """No such thing, or it belongs to another API key."""

    code = "not_found"
    action = "Check the id or the path."


class GoneError(CallerError):
    """The thing existed, its file does not any more."""

    code = "gone"
    action = "Run the operation again to make a new file."


class MethodNotAllowedError(CallerError):
    """The path exists, the method does not; the answer's `Allow` header lists those that do."""

    code = "method_not_allowed"
    action = "Use one of the methods in the `Allow` header."


class UnsupportedMediaTypeError(CallerError):
    """The request body is not of a type this route reads."""

    code = "unsupported_media_type"
    action = "Send a JSON object with `Content-Type: application/json`."


class RequestTooLargeError(CallerError):
    """The request body is larger than the bridge accepts."""

    code = "request_too_large"
    action = "Send a smaller request body."


class UnknownModelError(CallerError):
    """No model of that name."""

    code = "model_not_found"
    action = "Choose a model from GET /v1/models, or `auto`."


class OperationIdTakenError(CallerError):
    """The client-chosen operation id belongs to another request."""

    code = "operation_id_taken"
    action = "Choose a new `chatgpt_operation_id`."


class IdempotencyConflictError(CallerError):
    """The idempotency key was used with another request body."""

    code = "idempotency_conflict"
    action = "Use a new Idempotency-Key for a new request."


class CaptureRejectedError(CallerError):
    """A capture that cannot become an account.

    Attributes:
        reason: stable id: `unrecognized_format`, `multiple_requests`, `prepare_request`, a check id of
            docs/protocol.md section 1, ...
    """

    code = "capture_rejected"
    action = "Copy the request `POST /backend-api/f/conversation` of a freshly sent message and try again."

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message, param="capture")
        self.reason = reason
