"""Concurrency classes."""

from __future__ import annotations

from enum import StrEnum


class Bucket(StrEnum):
    """What a lease counts against. Helpers are the chats that an agent has for itself beside its user's."""

    CHAT = "chat"
    HELPER = "helper"
    UPLOAD = "upload"
    IMAGE = "image"
    RESEARCH = "research"


TALK = (Bucket.CHAT, Bucket.HELPER)
"""Words alone: upstream counts no quota for them, and no account is without."""
