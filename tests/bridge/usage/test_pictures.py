"""Pictures in tokens."""

from __future__ import annotations

import pytest

from bridge.usage.pictures import PictureUsage, pictures


@pytest.mark.parametrize(
    ("quality", "size", "tokens"),
    [
        ("low", (1024, 1024), 272),
        ("low", (1024, 1536), 408),
        ("low", (1536, 1024), 400),
        ("medium", (1024, 1024), 1056),
        ("auto", (1024, 1536), 1584),
        ("auto", (1536, 1024), 1568),
        ("high", (1024, 1024), 4160),
        ("max", (1024, 1536), 6240),
        ("auto", (None, None), 0),
    ],
)
def test_a_picture_counts_as_its_vendor_counts_it(
    quality: str, size: tuple[int | None, int | None], tokens: int
) -> None:
    assert pictures([("", 0)], [size], quality).made == tokens


def test_words_and_pictures_that_come_count_as_in_chats() -> None:
    used = pictures([("a heron at dawn.", 2)], [], "auto")

    assert used == PictureUsage(text=4 + 6, images=2 * 765, made=0)
    assert (used + used).total == 2 * used.total
