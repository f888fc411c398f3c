"""Download addresses: built on read, and known again where a client sends one back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, quote, urlsplit

from core.contracts.artifacts import Artifact

_FILE = re.compile(r"/v1/chatgpt/files/(?P<file_id>[0-9a-f]{32})(?:/[^/]*)?/?")
_PORTS = {"http": 80, "https": 443}


def download_url(base: str, artifact: Artifact) -> str:
    """The absolute address of a file; `base` is the public base with or without a trailing `/` or `/v1`."""
    root = base.rstrip("/").removesuffix("/v1")
    return f"{root}/v1/chatgpt/files/{artifact.file_id}/{quote(artifact.filename, safe='')}"


def linked_file(address: str, bases: Sequence[str]) -> str | None:
    """The file id of a download link of ours; `None` for any other address.

    Args:
        bases: where clients reach this server, with or without `/v1`.
    """
    link = _split(address)
    if link is None or link.username is not None:
        return None
    for base in bases:
        ours = _split(base.rstrip("/").removesuffix("/v1"))
        if ours is not None and _place(ours) == _place(link) and link.path.startswith(ours.path):
            named = _FILE.fullmatch(link.path[len(ours.path) :])
            if named is not None:
                return named["file_id"]
    return None


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in _PORTS else None


def _place(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
