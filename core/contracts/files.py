"""A file as clients list it: one that they uploaded, or one that their work made."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from core.contracts.base import Contract

UploadPurpose: TypeAlias = Literal["assistants", "batch", "fine-tune", "vision", "user_data"]
"""What a client may say it uploads a file for; nothing depends on it."""

MADE = "assistants_output"
"""The purpose of what work made."""


class FileTerms(Contract):
    """What a client says of a file that it uploads.

    Attributes:
        filename: a plain file name.
        content_type: as the client says; what the bytes say counts for more.
        expires_seconds: how long it is kept, `None` until it is removed.
    """

    purpose: UploadPurpose
    filename: str
    content_type: str = ""
    expires_seconds: int | None = None


class FileRecord(Contract):
    """What is known of a file.

    Attributes:
        file_id: 32 lower-case hex digits.
        origin: whether it was uploaded, or made by an operation.
        path: relative to the folder of files of its origin.
        sha256: of the bytes, lower-case hex.
        expires_at: from then on it is not there any more.
        operation_id: what made it.
    """

    file_id: str
    origin: Literal["uploaded", "made"]
    purpose: str
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    path: str
    created_at: datetime
    expires_at: datetime | None = None
    operation_id: str | None = None
