"""`Copy as cURL` for bash and zsh, with ANSI-C strings (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.curl import request_from_words
from provider.chatgpt_web.capture.model import RawRequest

_ESCAPE = re.compile(
    r"\\(?:([abefnrtv\\'\"?])|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3}))"
)
_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


def read(text: str) -> RawRequest:
    """The request of a curl command as a POSIX shell reads it."""
    words = split_words(text[text.index("curl") + len("curl") :])
    return request_from_words(words)


def split_words(text: str) -> list[str]:
    """Shell words: single and double quotes, `$'…'`, backslashes, continuations. An open quote ends with the text."""
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n":
            if word is not None:
                words.append("".join(word))
                word = None
            at += 1
            continue
        piece, at = _piece(text, at)
        if piece is not None:
            word = [*(word or []), piece]
    if word is not None:
        words.append("".join(word))
    return words


def _piece(text: str, at: int) -> tuple[str | None, int]:
    """One quoted or bare piece of a word; `None` for a line continuation, which is no piece at all."""
    if text.startswith("$'", at):
        end = _closing(text, at + 2, "'")
        return _ESCAPE.sub(_unescaped, text[at + 2 : end]), end + 1
    if text[at] == "'":
        end = text.find("'", at + 1)
        end = len(text) if end == -1 else end
        return text[at + 1 : end], end + 1
    if text[at] == '"':
        end = _closing(text, at + 1, '"')
        return re.sub(r"\\([$`\"\\\n])", r"\1", text[at + 1 : end]), end + 1
    if text[at] == "\\":
        continuation = re.match(r"\\\r?\n", text[at:])
        if continuation:
            return None, at + len(continuation[0])
        return text[at + 1 : at + 2], at + 2
    bare = re.match(r"[^ \t\r\n'\"\\$]+|\$", text[at:])
    assert bare is not None
    return bare[0], at + len(bare[0])


def _closing(text: str, at: int, quote: str) -> int:
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def _unescaped(match: re.Match[str]) -> str:
    simple, *numbers, octal = match.groups()
    if simple is not None:
        return _SIMPLE.get(simple, simple)
    code = int(octal, 8) if octal else int(next(number for number in numbers if number), 16)
    return chr(code) if code < 0x110000 else "\ufffd"
