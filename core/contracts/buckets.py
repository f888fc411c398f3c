"""Concurrency classes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Bucket(StrEnum):
    """What a lease counts against."""

    CHAT = "chat"
    UPLOAD = "upload"
    IMAGE = "image"
    RESEARCH = "research"


FEATURES: Mapping[Bucket, str] = MappingProxyType(
    {Bucket.UPLOAD: "file_upload", Bucket.IMAGE: "image_gen", Bucket.RESEARCH: "deep_research"}
)
"""What upstream counts of the work in a bucket, by its canonical name (docs/protocol.md section 9)."""
