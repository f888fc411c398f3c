"""Estimated usage."""

from __future__ import annotations

from bridge.chat.attachments import Attachment
from bridge.chat.tokens import estimate
from bridge.chat.transcript import Said
from bridge.usage.tokens import beginning, count


def test_words_have_the_models_own_tokens_and_every_message_its_frame() -> None:
    usage = estimate([Said("system", "Be brief."), Said("user", "hello")], "hello world")

    assert (usage.prompt, usage.completion, usage.total) == (3 + 4 + 1 + 4, 2, 14)


def test_other_scripts_have_more_tokens_a_letter() -> None:
    assert estimate([], "ก" * 4).completion > estimate([], "k" * 4).completion


def test_a_picture_counts() -> None:
    assert estimate([Said("user", "", (Attachment(b"", "messages[0]"),))], "").prompt > 700


def test_half_a_character_is_counted_and_not_a_failure() -> None:
    assert estimate([], "\ud83d").completion == 1


def test_what_looks_like_a_control_token_is_text() -> None:
    assert estimate([], "<|endoftext|>").completion > 1


def test_the_beginning_of_a_text_has_no_more_tokens_than_it_may() -> None:
    text = "One two three four 😀 five"

    assert beginning(text, 3) == ("One two three", 3)
    assert beginning(text, 100) == (text, count(text))
    assert all(text.startswith(beginning(text, most)[0]) for most in range(10))


def test_a_text_beyond_what_the_table_takes_is_counted_all_the_same() -> None:
    short, long = " word, and" * 1000, " word, and" * 120_000

    assert count(long) == 120 * count(short)
    assert count("\U0010ffff" * 300_000) > 200_000
    assert beginning(long, 250_000)[1] == 250_000


def test_where_a_long_text_is_cut_tells_little() -> None:
    long, piece = " tokenization" * 10_000, " tokenization" * 100

    assert abs(count(long) - 100 * count(piece)) < 20
