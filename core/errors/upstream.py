"""What upstream refuses, limits or breaks. Names and advice follow docs/protocol.md section 8."""

from __future__ import annotations

from core.errors.base import BridgeError, Fault


class UpstreamRefusalError(BridgeError):
    """Upstream answered in good order and said no."""

    fault = Fault.UPSTREAM


class RateLimitedError(UpstreamRefusalError):
    """A burst or window limit of the account."""

    code = "rate_limited"
    retryable = True
    other_account = True
    action = "Try again after `Retry-After` seconds."


class AccountBusyError(UpstreamRefusalError):
    """Upstream allows one message at a time on this account."""

    code = "account_busy"
    retryable = True
    other_account = True
    action = "Try again when the account's other answer is finished."


class ModelLimitError(UpstreamRefusalError):
    """The account's limit for this model is reached; another one may still answer."""

    code = "model_limit"
    retryable = True
    other_account = True
    action = "Use another model, wait until the limit resets, or add an account."


class FeatureLimitError(UpstreamRefusalError):
    """The account's quota for a feature (images, uploads, research) is used up."""

    code = "feature_limit"
    retryable = True
    other_account = True
    action = "Wait until the quota resets, or add an account."


class UnsupportedModelError(UpstreamRefusalError):
    """Upstream does not offer this model to this account."""

    code = "unsupported_model"
    fault = Fault.CALLER
    other_account = True
    action = "Choose a model from GET /v1/models, or `auto`."


class MessageTooLongError(UpstreamRefusalError):
    """The message is longer than upstream takes."""

    code = "context_length_exceeded"
    fault = Fault.CALLER
    action = "Send less text."


class ConversationTooLargeError(UpstreamRefusalError):
    """The upstream conversation has grown too large to go on."""

    code = "conversation_too_large"
    fault = Fault.CALLER
    action = "Start a new conversation."


class ConversationNotFoundError(UpstreamRefusalError):
    """The upstream conversation does not exist for this account."""

    code = "conversation_not_found"
    action = "Start a new conversation."


class UpstreamBadRequestError(UpstreamRefusalError):
    """Upstream refused the shape of our request: a fault of the bridge, or the upstream has changed."""

    code = "bad_request"
    fault = Fault.BRIDGE
    action = "Report this with the request id; the upstream's interface has probably changed."


class ContentBlockedError(UpstreamRefusalError):
    """Upstream's policy refuses the content."""

    code = "content_policy_violation"
    fault = Fault.CALLER
    action = "Change the request's content."


class ImageNoAssetError(UpstreamRefusalError):
    """The image turn ended without a picture; `upstream_text` holds the refusal in words, if there was one."""

    code = "image_no_asset"
    fault = Fault.CALLER
    action = "Change the prompt as the message says."


class ResearchFailedError(UpstreamRefusalError):
    """Upstream ended a research without a report, or never showed the one that was started."""

    code = "research_failed"
    fault = Fault.UPSTREAM
    action = "Look at the conversation in a browser, then start a new research."


class FileNotFoundUpstreamError(UpstreamRefusalError):
    """Upstream no longer has the file."""

    code = "file_not_found"
    action = "Run the operation again."


class UpstreamBrokenError(BridgeError):
    """Upstream did not answer in good order."""

    fault = Fault.UPSTREAM


class EmptyResponseError(UpstreamBrokenError):
    """The turn was completed without any visible text."""

    code = "empty_response"
    other_account = True
    action = "Send the request again, perhaps with another model."


class ToolCallMissingError(UpstreamBrokenError):
    """The model was to call a tool and did not, or not so that it can be run, also when it was asked again."""

    code = "tool_call_missing"
    action = "Let the model choose (`tool_choice: auto`), or use a stronger one."


class StreamInterruptedError(UpstreamBrokenError):
    """The stream ended in the middle of the answer."""

    code = "stream_interrupted"
    retryable = True
    action = "Send the request again; what had arrived may have used quota."


class OutcomeUnknownError(UpstreamBrokenError):
    """The request was sent and can be neither found nor ruled out upstream. Never sent again by the bridge."""

    code = "outcome_unknown"
    action = "Look into the account's conversations in a browser before you send it again."


class UpstreamUnavailableError(UpstreamBrokenError):
    """Upstream could not be reached; nothing was sent."""

    code = "upstream_unavailable"
    retryable = True
    action = "Check the network and try again."


class UpstreamTimeoutError(UpstreamBrokenError):
    """Upstream accepted the turn and then went silent, or took longer than the wall limit."""

    code = "upstream_timeout"
    action = "Send the request again; what was done may have used quota."


class UpstreamError(UpstreamBrokenError):
    """Upstream failed: a 5xx, an error event or a system error."""

    code = "upstream_error"
    retryable = True
    action = "Try again in a moment."


class FileUploadFailedError(UpstreamBrokenError):
    """An input could not be stored upstream."""

    code = "file_upload_failed"
    retryable = True
    action = "Send the request again."


class ProtocolError(UpstreamBrokenError):
    """Upstream answered in a shape the bridge does not know."""

    code = "protocol_error"
    action = "Report this with the request id; the upstream's interface has probably changed."
