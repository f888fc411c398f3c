"""`Copy as cURL` for bash and zsh, with ANSI-C strings (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.curl import request_from_words
from provider.chatgpt_web.capture.model import RawRequest

_PIECE = re.compile(
    r"""
      (?P<blank> (?:\s|\\(?=\s)|\\\Z)+ )
    | \$' (?P<ansi> (?:[^'\\]|\\.)*+ ) \\?'?
    | '   (?P<plain> [^']*+ ) '?
    | "   (?P<double> (?:[^"\\]|\\.)*+ ) \\?"?
    | \\  (?P<escaped> . )
    | (?P<bare> [^\s'"\\$]++ | \$ )
    """,
    re.VERBOSE | re.DOTALL,
)
"""One piece of a command line, a line continuation being a blank; every text is a sequence of pieces."""
_IN_DOUBLE = re.compile(r"\\([$`\"\\])|\\\r?\n")
_ESCAPE = re.compile(
    r"""
      \\ (?: (?P<simple> [abefnrtv\\'"?E] ) | u(?P<short>[0-9A-Fa-f]{1,4}) | U(?P<long>[0-9A-Fa-f]{1,8}) )
    | (?P<bytes> (?: \\x[0-9A-Fa-f]{1,2} | \\[0-7]{1,3} )+ )
    """,
    re.VERBOSE,
)
_SIMPLE = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read(arguments: str) -> RawRequest:
    """The request of a curl command as a POSIX shell reads it; `arguments` is what follows `curl`.

    Raises:
        CaptureRejectedError: the line holds a second command.
    """
    return request_from_words(split_words(arguments))


def split_words(text: str) -> list[str]:
    """Shell words: single and double quotes, `$'…'`, backslashes, continuations. An open quote ends with the text."""
    words: list[str] = []
    pieces: list[str] = []
    for match in _PIECE.finditer(text):
        if match["blank"] is None:
            pieces.append(_value(match))
        elif pieces:
            words.append("".join(pieces))
            pieces = []
    if pieces:
        words.append("".join(pieces))
    return words


def _value(match: re.Match[str]) -> str:
    if match["ansi"] is not None:
        return _joined(_ESCAPE.sub(_unescaped, match["ansi"]))
    if match["double"] is not None:
        return _IN_DOUBLE.sub(lambda escape: escape[1] or "", match["double"])
    return next(match[kind] for kind in ("plain", "escaped", "bare") if match[kind] is not None)


def _unescaped(match: re.Match[str]) -> str:
    if match["simple"] is not None:
        return _SIMPLE.get(match["simple"], match["simple"])
    if match["bytes"] is not None:
        return _bytes(match["bytes"])
    code = int(match["short"] or match["long"], 16)
    return chr(code) if code < 0x110000 else "\ufffd"


def _bytes(escapes: str) -> str:
    """Bytes of UTF-8, as a shell means them, else one character each, as older browsers do."""
    numbers = re.findall(r"\\x([0-9A-Fa-f]{1,2})|\\([0-7]{1,3})", escapes)
    content = bytes(int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF for hexadecimal, octal in numbers)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _joined(text: str) -> str:
    r"""`text` with the halves of characters beyond U+FFFF, escaped as two `\u`, put together."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
