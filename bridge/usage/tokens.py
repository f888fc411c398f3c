"""Estimated usage: upstream counts nothing, clients and operators expect numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_BYTES_A_TOKEN = 4
_TOKENS_A_MESSAGE = 4
_TOKENS_A_PICTURE = 765


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, by the rule of `estimate`."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        return self.prompt + self.completion


def estimate(messages: Iterable[tuple[str, int]], answer: str) -> Usage:
    """One token for every four bytes of UTF-8, four more for each message, 765 for each picture.

    Four bytes are about a token of English prose; text in other scripts has more bytes and more tokens a letter.

    Args:
        messages: the words of each, and how many pictures it brings.
    """
    prompt = sum(_TOKENS_A_MESSAGE + _tokens(text) + _TOKENS_A_PICTURE * pictures for text, pictures in messages)
    return Usage(prompt, _tokens(answer))


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)
