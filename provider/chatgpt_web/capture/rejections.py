"""Why a text is no capture, in words that say what to copy instead. They never quote the text."""

from __future__ import annotations

from core.errors import CaptureRejectedError

_HOW = (
    "In the browser's network panel choose the request `conversation` of a message you just sent, then Copy, "
    "Copy as cURL (bash)."
)


def unrecognized() -> CaptureRejectedError:
    """It has the shape of no format."""
    return CaptureRejectedError(f"This is no copied request. {_HOW}", reason="unrecognized_format")


def several() -> CaptureRejectedError:
    """It holds more than one request, perhaps of two logins."""
    return CaptureRejectedError(
        "The text holds more than one request. Copy a single one (not `Copy all`), so that no two logins get mixed.",
        reason="multiple_requests",
    )


def too_large() -> CaptureRejectedError:
    """It is larger than any copied request."""
    return CaptureRejectedError(
        f"The text is larger than a copied request can be. Send a short message and copy that. {_HOW}",
        reason="too_large",
    )


def unreadable(what: str) -> CaptureRejectedError:
    """A part of it, such as a header, holds characters that no browser sends."""
    return CaptureRejectedError(
        f"{what} holds characters that no browser sends; the text was damaged on its way. {_HOW}",
        reason="damaged_text",
    )
