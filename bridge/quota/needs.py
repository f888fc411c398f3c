"""What a request takes of which feature (docs/protocol.md section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bridge.routing.needs import Needs
from core.contracts.buckets import Bucket

_PLAIN: Mapping[str, int] = MappingProxyType({})


def features_of(needs: Needs, *, pictures: int = 0) -> Mapping[str, int]:
    """How much of each feature a request needs; nothing for a chat in words.

    Args:
        pictures: how many it brings, where that is known; one that uploads at all needs one.
    """
    if needs.buckets == (Bucket.CHAT,):
        return _PLAIN
    wanted = {}
    if Bucket.UPLOAD in needs.buckets:
        wanted["file_upload"] = max(pictures, 1)
    if Bucket.IMAGE in needs.buckets:
        wanted["image_gen"] = 1
    if Bucket.RESEARCH in needs.buckets:
        wanted["deep_research"] = 1
    return wanted
