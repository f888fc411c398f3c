"""How a command's end becomes a status; nothing that a user can cause becomes a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from cli import output
from cli.exit import ERROR, FAILED, INTERRUPTED, OK
from core.errors import BridgeError

if TYPE_CHECKING:
    from core.contracts.failure import Failure


def status_of(command: Callable[[], object]) -> int:
    """Run a command to its end, and say in two lines what went wrong.

    Returns:
        0 for success, 1 where a check failed, 2 for wrong usage and for errors that say what to do, 130 for Ctrl-C.
    """
    try:
        command()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _failed(error)
    return OK


def _failed(error: Exception) -> int:
    from integrations.client.errors import ClientError

    if isinstance(error, BridgeError):
        output.failure(error.message, code=error.code, fault=error.fault, action=error.action)
        return ERROR
    if isinstance(error, ClientError):
        failure = error.failure
        output.failure(failure.message, code=failure.code, fault=failure.fault, action=failure.action)
        _show_named(failure)
        if error.request_id:
            output.note(f"request id: {error.request_id}")
        return ERROR
    if isinstance(error, OSError):
        output.failure(
            str(error), code="system_error", fault="configuration", action="Check that path, its owner and its modes."
        )
        return ERROR
    traceback.print_exception(error, file=sys.stderr)
    output.failure(
        f"{type(error).__name__}: {error}",
        code="internal_error",
        fault="bridge",
        action="Report this with the lines above.",
    )
    return FAILED


def _show_named(failure: Failure) -> None:
    """What the advice speaks of, as a client of the API would find it in the answer."""
    if failure.param is not None and "`param`" in failure.action:
        output.note(f"param: {failure.param}")
    if failure.retry_after_seconds is not None and "`Retry-After`" in failure.action:
        output.note(f"Retry-After: {failure.retry_after_seconds:.0f} s")
