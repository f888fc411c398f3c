"""Estimated usage."""

from __future__ import annotations

from bridge.chat.pictures import Picture
from bridge.chat.tokens import estimate
from bridge.chat.transcript import Said


def test_four_bytes_are_a_token_and_every_message_has_its_frame() -> None:
    usage = estimate([Said("system", "12345678"), Said("user", "x")], "12345")

    assert (usage.prompt, usage.completion, usage.total) == (2 + 4 + 1 + 4, 2, 13)


def test_other_scripts_have_more_tokens_a_letter() -> None:
    assert estimate([], "ก" * 4).completion > estimate([], "k" * 4).completion


def test_a_picture_counts() -> None:
    assert estimate([Said("user", "", (Picture(b"", "messages[0]"),))], "").prompt > 700


def test_half_a_character_is_counted_and_not_a_failure() -> None:
    assert estimate([], "\ud83d").completion == 1
