"""Requests of the operator's routes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from api.validation import Request


def _capture(value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise ValueError("must not be empty")
    return value


CaptureText = Annotated[str | None, AfterValidator(_capture)]


class InspectRequest(Request):
    """A capture to look at; `capture` is the older name of `capture_text`."""

    account: str | None = None
    capture_text: CaptureText = None
    capture: CaptureText = None


class SaveRequest(InspectRequest):
    """A capture to keep.

    Attributes:
        verify: ask upstream first whether it authenticates.
        replace, force: the account may be there already.
    """

    verify: bool = True
    replace: bool = False
    force: bool = False


def _whole(value: bool) -> bool:
    if not value:
        raise ValueError("an account is removed with its capture, or not at all")
    return value


class DeleteRequest(Request):
    """An account to remove."""

    account: str
    delete_capture: Annotated[bool, AfterValidator(_whole)] = True
