"""Bodies of the routes for accounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from api.validation import Names, StrictRequest


def _capture(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _alias(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


CaptureText = Annotated[str, AfterValidator(_capture)]
"""The copied request: cURL, `Copy as fetch`, PowerShell, the panels' headers and payload, or a HAR."""


class InspectCaptureRequest(StrictRequest):
    """A capture to look at."""

    capture: CaptureText


class AddAccountRequest(StrictRequest):
    """A capture that becomes an account. `verify`: ask upstream first whether it authenticates."""

    alias: Annotated[str, AfterValidator(_alias)]
    capture: CaptureText
    verify: bool = True


class UpdateCaptureRequest(StrictRequest):
    """A newer capture of an account. `other_login`: it may belong to another login than the one before."""

    capture: CaptureText
    verify: bool = True
    other_login: bool = False


class RestoreCaptureRequest(StrictRequest):
    """The previous capture is to be the present one."""

    verify: bool = True


class ChangeAccountRequest(StrictRequest):
    """What is to be different; what is missing stays. A `weight` of null is the plan's."""

    state: str | None = None
    reason: str | None = None
    weight: int | None = None
    tags: Names = ()
    note: str | None = None
