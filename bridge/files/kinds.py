"""What a file is, by its first bytes, its name, and what its client says."""

from __future__ import annotations

import codecs
import mimetypes
import re
from pathlib import PurePosixPath

HEAD_BYTES = 8192
"""How much of a file is looked at."""

UNKNOWN = "application/octet-stream"

_MARKS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_ZIPPED = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".epub": "application/epub+zip",
}
_WRITTEN = {".md": "text/markdown", ".json": "application/json", ".jsonl": "application/jsonl", ".csv": "text/csv"}
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,127}")


def content_type_of(head: bytes, name: str, declared: str = "") -> str:
    """The type of a file.

    Pictures and PDF are known by their bytes, whatever they are called. An archive, and text, is what its name says;
    for everything else the client is believed.

    Args:
        head: its first bytes, `HEAD_BYTES` of them where it has as many.
        declared: the content type that came with it.
    """
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    suffix = PurePosixPath(name).suffix.lower()
    if head.startswith(b"PK\x03\x04"):
        return _ZIPPED.get(suffix, "application/zip")
    if _is_text(head):
        return _WRITTEN.get(suffix) or _text_type(suffix)
    said = declared.partition(";")[0].strip().lower()
    # Bytes that are none must not come back as something that a browser would show.
    return said if _TYPE.fullmatch(said) and not said.startswith(("image/", "text/")) else UNKNOWN


def _text_type(suffix: str) -> str:
    guessed = mimetypes.types_map.get(suffix, "")
    return guessed if guessed.startswith("text/") else "text/plain"


def _is_text(head: bytes) -> bool:
    """Whether these are characters in UTF-8, the last of which may be cut."""
    try:
        words = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return "\0" not in words
