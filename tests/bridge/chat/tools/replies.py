"""Replies, fed to the parser in any pieces, and what came of them."""

from __future__ import annotations

import random

from bridge.chat.tools.calls import CallParser, Marker, Piece


def pieces(reply: str, names: tuple[str, ...], rng: random.Random | None = None, longest: int = 12) -> list[Piece]:
    """The pieces of a reply, which comes in pieces of up to `longest` characters, or whole without `rng`."""
    parser, found, at = CallParser(names), [], 0
    while at < len(reply):
        end = at + rng.randint(1, longest) if rng else len(reply)
        found += parser.feed(reply[at:end])
        at = end
    return [*found, *parser.end()]


def joined(found: list[Piece]) -> list[Piece]:
    """The pieces with neighbours of one kind put together, which is all that a different cut may change."""
    out: list[Piece] = []
    for piece in found:
        last = out[-1] if out else None
        if isinstance(piece, str) and isinstance(last, str):
            out[-1] = last + piece
        elif isinstance(piece, Marker) and isinstance(last, Marker):
            out[-1] = Marker(last.raw + piece.raw)
        else:
            out.append(piece)
    return out


def raw(found: list[Piece]) -> str:
    """The text that the pieces were read from."""
    return "".join(piece if isinstance(piece, str) else piece.raw for piece in found)
