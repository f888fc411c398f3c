"""Concurrency classes."""

from __future__ import annotations

from enum import StrEnum


class Bucket(StrEnum):
    """What a lease counts against."""

    CHAT = "chat"
    UPLOAD = "upload"
    IMAGE = "image"
    RESEARCH = "research"
