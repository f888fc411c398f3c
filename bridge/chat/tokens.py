"""Estimated usage: upstream counts nothing, clients expect numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.chat.transcript import Said

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


def estimate(transcript: Iterable[Said], answer: str) -> Usage:
    """One token for every four bytes of UTF-8, four more for each message, 765 for each picture.

    Four bytes are about a token of English prose; text in other scripts has more bytes and more tokens a letter.
    """
    prompt = sum(_TOKENS_A_MESSAGE + _tokens(said.text) + _TOKENS_A_PICTURE * len(said.pictures) for said in transcript)
    return Usage(prompt, _tokens(answer))


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)
