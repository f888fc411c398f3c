"""What an API key is not good for: none, not the right one, not any more, too narrow, or too often."""

from __future__ import annotations

from core.errors.caller import AuthenticationError, CallerError


class MissingKeyError(AuthenticationError):
    """The request brought no API key."""

    code = "api_key_missing"
    action = "Send `Authorization: Bearer <key>`; the first key is in the file `api-key` of the data folder."


class ExpiredKeyError(AuthenticationError):
    """The API key was the right one until its time was over."""

    code = "api_key_expired"
    action = "Make a new key with `chatgpt-api keys create`, or have the operator give this one more time."


class RevokedKeyError(AuthenticationError):
    """The operator has taken the API key back."""

    code = "api_key_revoked"
    action = "Ask the operator for a new key; this one never works again."


class TooManyAttemptsError(CallerError):
    """So many wrong API keys came from this address that more are not looked at for a moment."""

    code = "too_many_attempts"
    retryable = True
    action = "Correct the API key, then try again after `Retry-After` seconds."


class MissingScopeError(CallerError):
    """The API key is the right one, but too narrow for this route; the message names the scope."""

    code = "missing_scope"
    action = "Use a key that has the scope the message names; `chatgpt-api keys create --scopes` makes one."


class ModelNotAllowedError(CallerError):
    """The API key is limited to other models."""

    code = "model_not_allowed"
    action = "Choose one of the models of GET /v1/models, or use a key that may use this one."


class AccountNotAllowedError(CallerError):
    """The API key is limited to other accounts."""

    code = "account_not_allowed"
    action = "Leave the account out, or use a key that may use it."


class KeyLimitError(CallerError):
    """The API key has begun as much work as it may in this minute or day."""

    code = "api_key_limit"
    retryable = True
    action = "Try again after `Retry-After` seconds, or have the operator raise the key's limit."


class HostNotAllowedError(CallerError):
    """The request was sent to a host name that this server does not go by."""

    code = "host_not_allowed"
    action = "Call the server by its address, or have the operator name the host in CHATGPT_ALLOWED_HOSTS."


class OriginNotAllowedError(CallerError):
    """A page of another origin asks, with a cookie or without a key."""

    code = "origin_not_allowed"
    action = "Send an API key and no cookie, or have the operator name the page's origin in CHATGPT_CORS_ORIGINS."


class LinkExpiredError(CallerError):
    """The download link was right until its time was over."""

    code = "link_expired"
    action = "Read the operation again: it has a fresh link. Or send the API key."
