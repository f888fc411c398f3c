"""Estimated usage: upstream counts nothing, clients and operators expect numbers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Protocol, cast

_ENCODING = "o200k_base"
_TOKENS_A_MESSAGE = 4
_TOKENS_A_PICTURE = 765
_LONG = 500
_MOST_COUNTED = 20_000

_loading = threading.Lock()
_counted: dict[bytes, int] = {}

_MOST_AT_ONCE = 40_000
"""Characters that the table takes at once: it refuses what comes to more than 200,000 tokens, of which a character
has at most four."""
_LONGEST_WORD = 200


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, by the rule of `estimate`."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt + other.prompt, self.completion + other.completion)


class Table(Protocol):
    """A tokenizer's table."""

    def encode_ordinary(self, text: str) -> list[int]: ...

    def decode_bytes(self, tokens: list[int]) -> bytes: ...


async def ready() -> None:
    """Have the tokenizer's table loaded, in a thread: it takes half a second and 140 MB, once a process."""
    if not is_ready():
        await asyncio.to_thread(_table)


def is_ready() -> bool:
    """Whether the table is loaded."""
    return bool(_loaded.cache_info().currsize)


def estimate(messages: Iterable[tuple[str, int]], answer: str) -> Usage:
    """The tokens of the newer models' own table, four more for each message, 765 for each picture.

    What upstream adds for itself, and what its models think unseen, is not in it. Loads the table at first need.

    Args:
        messages: the words of each, and how many pictures it brings.
    """
    prompt = sum(_TOKENS_A_MESSAGE + count(text) + _TOKENS_A_PICTURE * pictures for text, pictures in messages)
    return Usage(prompt, count(answer))


async def estimated(messages: Iterable[tuple[str, int]], answer: str) -> Usage:
    """The same without holding up anybody else: in a thread where the words are many."""
    await ready()
    told = tuple(messages)
    if sum(len(text) for text, _ in told) + len(answer) > _MOST_AT_ONCE:
        return await asyncio.to_thread(estimate, told, answer)
    return estimate(told, answer)


def count(text: str) -> int:
    """How many tokens a text has. Agents send the same long texts again and again: those are counted once."""
    if len(text) < _LONG:
        return len(_tokens(text)) if text else 0
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
    found = _counted.get(digest)
    if found is None:
        if len(_counted) >= _MOST_COUNTED:
            _counted.clear()
        found = _counted[digest] = len(_tokens(text))
    return found


def beginning(text: str, most: int) -> tuple[str, int]:
    """The beginning of a text that has at most so many tokens, and how many it has; cut between two characters."""
    tokens = _tokens(text)
    if len(tokens) <= most:
        return text, len(tokens)
    return _table().decode_bytes(tokens[:most]).decode("utf-8", "ignore"), most


def _tokens(text: str) -> list[int]:
    # Half of a character has no token of its own; it counts as the mark that stands for it.
    whole = text.encode("utf-8", "replace").decode("utf-8")
    if len(whole) <= _MOST_AT_ONCE:
        return _table().encode_ordinary(whole)
    return [token for piece in _pieces(whole) for token in _table().encode_ordinary(piece)]


def _pieces(text: str) -> Iterator[str]:
    """A text that is too long for the table at once, cut where words begin, which no token joins to the one before."""
    start = 0
    while start < len(text):
        end = start + _MOST_AT_ONCE
        if end < len(text):
            space = text.rfind(" ", end - _LONGEST_WORD, end)
            end = space if space > start else end
        yield text[start:end]
        start = end


def _table() -> Table:
    # Two threads that need it at once would have two of it.
    with _loading:
        return _loaded()


@cache
def _loaded() -> Table:
    # Imported at first need: the package's data is larger than the rest of the bridge.
    from bpe_openai import get_encoding

    return cast(Table, get_encoding(_ENCODING))
