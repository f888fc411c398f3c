"""How an operation can end without a result."""

from __future__ import annotations

from core.errors.base import BridgeError, Fault


class OperationError(BridgeError):
    """An operation that did not complete."""

    fault = Fault.BRIDGE


class OperationCancelledError(OperationError):
    """Somebody who may do so cancelled it."""

    code = "operation_cancelled"
    fault = Fault.CALLER
    action = "Start a new operation if you still want the result."


class OperationTimeoutError(OperationError):
    """The operation's wall limit passed, and upstream had no result when asked one last time."""

    code = "operation_timeout"
    fault = Fault.UPSTREAM
    action = "Start a new operation; raise the limit in the settings if this work needs longer."


class WorkflowTerminatedError(OperationError):
    """Somebody terminated the workflow in Temporal."""

    code = "workflow_terminated"
    action = "Start a new operation."


class SupersededError(OperationError):
    """An attempt whose place a later one has taken; it sends nothing and writes nothing any more."""

    code = "superseded"
    retryable = True
    action = "Nothing: the later attempt carries on."
