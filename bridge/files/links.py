"""Download addresses, built on read."""

from __future__ import annotations

from urllib.parse import quote

from core.contracts.artifacts import Artifact


def download_url(base: str, artifact: Artifact) -> str:
    """The absolute address of a file; `base` is the public base with or without a trailing `/` or `/v1`."""
    root = base.rstrip("/").removesuffix("/v1")
    return f"{root}/v1/chatgpt/files/{artifact.file_id}/{quote(artifact.filename, safe='')}"
