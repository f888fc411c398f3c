"""Making a conversation fit: long results are shortened in the middle, then long texts, then the oldest messages go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bridge.chat.tools.blocks import Block

Count = Callable[[str], int]

_LONG_TOKENS = 600
_SHORT_TOKENS = 300
_SHORT_CHARACTERS = 1_200
"""What is kept of a string in a call's arguments when the call is shortened."""


def compact(found: Sequence[Block], over: int, count: Count, *, finished: bool) -> int:
    """Take so many tokens out of the blocks, the oldest first; what is still over then is returned.

    Args:
        finished: when nothing else is left, shorten results after the latest user message too, but for the last round.
    """
    old = [block for block in found if not block.fixed]
    results = [block for block in old if block.role == "tool"]
    over = _shorten(results, over, count)
    over = _shorten([block for block in old if block.role != "tool"], over, count)
    over = _drop(found, over)
    return _shorten(_rounds_before_the_last(found), over, count) if finished else over


def _shorten(candidates: Iterable[Block], over: int, count: Count) -> int:
    for block in candidates:
        if over <= 0:
            break
        if block.words > _LONG_TOKENS:
            block.text = _middle_out(block.text, count(block.text))
            block.calls = [(name, _short_values(arguments)) for name, arguments in block.calls]
            before, block.words = block.words, count(block.body)
            over -= before - block.words
    return over


def _drop(found: Sequence[Block], over: int) -> int:
    groups: dict[int, list[Block]] = {}
    for block in found:
        groups.setdefault(block.group, []).append(block)
    for group in groups.values():
        if over <= 0:
            break
        if not any(block.fixed for block in group):
            for block in group:
                block.gone = True
                over -= block.tokens
    return over


def _rounds_before_the_last(found: Sequence[Block]) -> list[Block]:
    last = max((at for at, block in enumerate(found) if block.role == "assistant"), default=0)
    return [block for block in found[:last] if block.current and block.role == "tool"]


def _middle_out(text: str, tokens: int) -> str:
    """The head and the tail of a text of so many tokens, and between them how much is not there."""
    if tokens <= _LONG_TOKENS:
        return text
    kept = len(text) * _SHORT_TOKENS // tokens
    head, tail = text[: kept * 2 // 3], text[len(text) - kept // 3 :]
    # Whole lines read better, where there are any near.
    head = head[: head.rfind("\n", len(head) * 3 // 4) + 1] or head
    tail = tail[tail.find("\n", 0, len(tail) // 4) + 1 :]
    return f"{head}\n[… about {tokens - _SHORT_TOKENS:,} tokens were left out here …]\n{tail}"


def _short_values(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHORT_CHARACTERS:
        half = _SHORT_CHARACTERS // 2
        return f"{value[:half]}[… {len(value) - 2 * half:,} characters were left out here …]{value[-half:]}"
    if isinstance(value, dict):
        return {key: _short_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_short_values(inner) for inner in value]
    return value
