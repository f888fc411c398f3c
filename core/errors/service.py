"""Parts of the bridge that are away or broken."""

from __future__ import annotations

from core.errors.base import BridgeError, Fault


class ServiceError(BridgeError):
    """A part of the bridge cannot do its work now."""

    fault = Fault.BRIDGE


class TemporalUnavailableError(ServiceError):
    """Temporal cannot be reached; nothing was stored and nothing was sent."""

    code = "temporal_unavailable"
    retryable = True
    action = "Try again after `Retry-After` seconds; `chatgpt-api doctor` says what is wrong."


class WorkerUnavailableError(ServiceError):
    """No worker answers."""

    code = "worker_unavailable"
    retryable = True
    action = "Start a worker with `chatgpt-api worker`."


class StoreError(ServiceError):
    """The database cannot be read or written."""

    code = "store_unavailable"
    retryable = True
    action = "Check the data folder: its disk, its owner and its modes."


class ShuttingDownError(ServiceError):
    """The server is stopping."""

    code = "shutting_down"
    retryable = True
    action = "Try again when the server is back."


class TooManyConnectionsError(ServiceError):
    """So many connections are open that the server takes no more."""

    code = "too_many_connections"
    retryable = True
    action = "Close connections that are not used, or have the operator raise CHATGPT_MAX_CONNECTIONS."


class InternalError(ServiceError):
    """A fault of the bridge."""

    code = "internal_error"
    action = "Report this with the request id and the log lines around it."
