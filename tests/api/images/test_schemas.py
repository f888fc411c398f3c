"""Sizes as ratios."""

from __future__ import annotations

import pytest

from api.images.schemas import aspect_ratio


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        (None, "auto"),
        ("auto", "auto"),
        ("1024x1024", "1:1"),
        ("256x256", "1:1"),
        ("1024x1792", "9:16"),
        ("1792x1024", "16:9"),
        ("2048x1536", "4:3"),
        ("1536x1024", "4:3"),
        ("1024x1536", "3:4"),
        (" 1024X1024 ", "1:1"),
        ("100x10", "auto"),
    ],
)
def test_a_size_is_the_ratio_nearest_to_it(size: str | None, ratio: str) -> None:
    assert aspect_ratio(size) == ratio
