"""Estimated usage of a chat."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.chat.transcript import Said
from bridge.usage import tokens
from bridge.usage.tokens import Usage

__all__ = ["Usage", "estimate"]


def estimate(transcript: Iterable[Said], answer: str) -> Usage:
    """What a transcript and its answer come to, by the rule of `bridge.usage.tokens`."""
    return tokens.estimate(((said.text, len(said.pictures)) for said in transcript), answer)
