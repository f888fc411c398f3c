"""What has no field upstream is said in words."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.operations.instructions import instruction
from core.contracts.images import ImageRequest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ()),
        ({"quality": "auto", "background": "auto"}, ()),
        ({"quality": "medium"}, ()),
        ({"quality": "low"}, ("quick",)),
        ({"quality": "high"}, ("highest quality",)),
        ({"quality": "max"}, ("highest quality",)),
        ({"style": "vivid"}, ("vivid",)),
        ({"style": "natural"}, ("natural",)),
        ({"background": "transparent"}, ("fully transparent",)),
        ({"background": "opaque", "aspect_ratio": "1:1", "quality": "low"}, ("ratio 1:1", "quick", "opaque")),
    ],
)
def test_each_option_is_a_sentence_after_the_callers_words(options: dict[str, Any], said: tuple[str, ...]) -> None:
    words, *rest = instruction(ImageRequest(prompt="a heron", **options)).split("\n\n")

    assert words == "a heron"
    assert len(rest) == len(said)
    assert all(wish in sentence for wish, sentence in zip(said, rest, strict=True))
