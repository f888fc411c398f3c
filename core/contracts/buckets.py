"""Concurrency classes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Bucket(StrEnum):
    """What a lease counts against. Helpers are the chats that an agent has for itself beside its user's."""

    CHAT = "chat"
    HELPER = "helper"
    UPLOAD = "upload"
    IMAGE = "image"
    RESEARCH = "research"


TALK = (Bucket.CHAT, Bucket.HELPER)
"""Words alone: upstream counts no quota for them, and no account is without."""

FEATURES: Mapping[Bucket, str] = MappingProxyType(
    {Bucket.UPLOAD: "file_upload", Bucket.IMAGE: "image_gen", Bucket.RESEARCH: "deep_research"}
)
"""What upstream counts of the work in a bucket, by its canonical name (docs/protocol.md section 9)."""
