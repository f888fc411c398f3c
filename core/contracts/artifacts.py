"""A file that work produced and the bridge keeps."""

from __future__ import annotations

from datetime import datetime

from core.contracts.base import Contract


class Artifact(Contract):
    """What is known of a kept file; its download URL is built on read, never stored.

    Attributes:
        file_id: 32 lower-case hex digits, derived from the operation and the position.
        kind: `image`, ...
        filename: for people; unique by its id, not by its name.
        path: relative to the data folder's artifact root.
        sha256: of the bytes, lower-case hex; also the ETag.
    """

    file_id: str
    kind: str
    filename: str
    path: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    account: str | None = None
    operation_id: str | None = None
    created_at: datetime
