"""What a request takes of an account."""

from __future__ import annotations

import pytest

from bridge.routing.needs import Needs
from core.contracts.buckets import Bucket


@pytest.mark.parametrize(
    ("kind", "buckets", "pictures", "needed"),
    [
        ("chat", (Bucket.CHAT,), 0, {}),
        ("chat", (Bucket.UPLOAD, Bucket.CHAT), 3, {"file_upload": 3}),
        ("image", (Bucket.IMAGE,), 0, {"image_gen": 1}),
        ("edit", (Bucket.UPLOAD, Bucket.IMAGE), 2, {"file_upload": 2, "image_gen": 1}),
        ("vision", (Bucket.UPLOAD, Bucket.CHAT), 1, {"file_upload": 1}),
        ("research", (Bucket.RESEARCH,), 0, {"deep_research": 1}),
    ],
)
def test_each_kind_needs_what_it_costs(
    kind: str, buckets: tuple[Bucket, ...], pictures: int, needed: dict[str, int]
) -> None:
    needs = Needs.model_validate({"kind": kind, "buckets": buckets, "inputs": pictures})
    assert dict(needs.features) == needed
