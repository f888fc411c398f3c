"""Files that clients upload."""

from __future__ import annotations

from pydantic import Field

from core.settings.base import Area


class FileSettings(Area):
    """How much of them is kept."""

    max_file_bytes: int = Field(
        100 * 1024 * 1024,
        ge=1024,
        validation_alias="CHATGPT_MAX_FILE_BYTES",
        description="Largest file that can be uploaded, in bytes; a larger one is refused with 413.",
    )
    quota_bytes: int = Field(
        2 * 1024 * 1024 * 1024,
        ge=0,
        validation_alias="CHATGPT_FILE_QUOTA_BYTES",
        description="Bytes that the uploaded files of one API key may take together; 0 sets no limit.",
    )
