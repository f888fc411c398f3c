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
    """The API key is not one of this bridge's."""

    code = "invalid_api_key"
    action = "Send `Authorization: Bearer <key>`; the key is in the file `api-key` of the data folder."


class NotFoundError(CallerError):
    """No such thing, or it belongs to another API key."""

    code = "not_found"
    action = "Check the id or the path."


class NotOfferedError(CallerError):
    """OpenAI's API has this, and the bridge does not; the message says what to use instead."""

    code = "not_offered"
    action = "Use what the message names instead, or another provider."


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
    action = "Send a JSON object with `Content-Type: application/json`, or a form where the message says so."


class UpgradeRequiredError(CallerError):
    """The client asks for a WebSocket where the bridge speaks HTTP only."""

    code = "upgrade_required"
    action = "Send the request over HTTP; clients that speak both do so by themselves."


class RequestTooLargeError(CallerError):
    """The request body, or a picture that it brings or names, is larger than the bridge accepts."""

    code = "request_too_large"
    action = "Send less; the message says what is too large."


class FileQuotaError(CallerError):
    """The uploaded files of this API key would take more room than it has."""

    code = "file_quota_exceeded"
    action = "Delete files that are not needed any more, or have the operator raise CHATGPT_FILE_QUOTA_BYTES."


class InvalidImageError(CallerError):
    """A picture that is no PNG, JPEG, WebP or GIF, is cut short, or has too many pixels; `param` names it."""

    code = "invalid_image"
    action = "Send a PNG, JPEG, WebP or GIF that opens in a viewer."


class ImageUnreachableError(CallerError):
    """The address of a picture does not answer with a picture, or not in time; `param` names it."""

    code = "image_unreachable"
    action = "Check that the address shows everybody a picture, or send the picture itself."


class AddressRefusedError(CallerError):
    """The bridge does not fetch from this address: it is not http or https, holds a user name, or is not public."""

    code = "address_refused"
    action = "Send the picture itself, or have the operator name its host or network in CHATGPT_FETCH_ALLOW."


class UnknownModelError(CallerError):
    """No model of that name."""

    code = "model_not_found"
    action = "Choose a model from GET /v1/models, or `auto`."


class OperationIdTakenError(CallerError):
    """The client-chosen operation id belongs to another request."""

    code = "operation_id_taken"
    action = "Choose a new `chatgpt_operation_id`."


class OperationNotFinishedError(CallerError):
    """What is asked for is only there once the operation has ended; `Retry-After` says when to look again."""

    code = "operation_not_finished"
    action = "Wait until the operation has ended, or cancel it."


class PlanNotWaitingError(CallerError):
    """The research has no plan that waits for a decision: not yet, or not any more."""

    code = "plan_not_waiting"
    action = "Read the operation: its state says how far the research is."


class IdempotencyConflictError(CallerError):
    """The idempotency key was used with another request body."""

    code = "idempotency_conflict"
    action = "Use a new Idempotency-Key for a new request."


class IdempotencyInProgressError(CallerError):
    """The first request with this idempotency key is still running in another process of the bridge."""

    code = "idempotency_in_progress"
    retryable = True
    action = "Send the same request again in a moment; it is answered with the first one's result."


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


class OtherLoginError(CallerError):
    """The newer capture of an account belongs to another login than the one before it; `param` is `other_login`."""

    code = "other_login"
    action = "Copy the request of the right login, or say `other_login` (`--other-login`) if the account shall change."
