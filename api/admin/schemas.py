"""Requests of the operator's routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from api.validation import Request


def _capture(value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise ValueError("must not be empty")
    return value


CaptureText = Annotated[str | None, AfterValidator(_capture)]


class InspectRequest(Request):
    """A capture to look at; `capture` is the older name of `capture_text`.

    `settings`, or `settings_text` in JSON, are the account's settings as its browser has them.
    """

    account: str | None = None
    capture_text: CaptureText = None
    capture: CaptureText = None
    settings: dict[str, Any] | None = None
    settings_text: str | None = None


class SaveRequest(InspectRequest):
    """A capture to keep.

    Attributes:
        verify: ask upstream first whether it authenticates.
        replace: the account may be there already.
        other_login: the capture may belong to another login than the one before.
        force: as `replace` and `other_login`, and upstream is not asked.
    """

    verify: bool = True
    replace: bool = False
    other_login: bool = False
    force: bool = False


class CheckRequest(Request):
    """Accounts to check: a name, or `all`, `*` or nothing for every one."""

    account: str | None = None


class DeleteRequest(Request):
    """An account to remove. A capture that is not deleted is put aside, where it can be restored."""

    account: str
    delete_capture: bool = True
    delete_settings: bool = True


class DeleteFileRequest(Request):
    """A kept file to forget. `delete_file`: its bytes go too."""

    file_id: str
    delete_file: bool = False
