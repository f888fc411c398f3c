"""`Copy as cURL (cmd)`: cmd.exe's carets first, then program arguments (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.curl import request_from_words
from provider.chatgpt_web.capture.model import RawRequest

_CARET = re.compile(r"\^(\r?\n\r?\n|\r?\n|.)", re.DOTALL)
_PIECE = re.compile(r'(?P<blank>\s+)|\\(?P<escaped>["\\])|(?P<quote>")|(?P<bare>[^\s"\\]++|\\)')


def read(arguments: str) -> RawRequest:
    """The request of a curl command as Windows reads it; `arguments` is what follows `curl`.

    Raises:
        CaptureRejectedError: the line holds a second command.
    """
    return request_from_words(split_arguments(_CARET.sub(_uncareted, arguments)))


def split_arguments(line: str) -> list[str]:
    r"""Arguments: blanks divide outside quotes, `\"` is a quote, `\\` a backslash."""
    words: list[str] = []
    pieces: list[str] = []
    quoted = False
    for match in _PIECE.finditer(line):
        if match["quote"] is not None:
            quoted = not quoted
            pieces.append("")
        elif match["blank"] is None or quoted:
            pieces.append(match["escaped"] or match[0])
        elif pieces:
            words.append("".join(pieces))
            pieces = []
    if pieces:
        words.append("".join(pieces))
    return words


def _uncareted(match: re.Match[str]) -> str:
    """The escaped character; nothing for a continued line; a line end for one that was escaped by a second."""
    escaped = match[1]
    if "\n" not in escaped:
        return escaped
    return "\n" if escaped.count("\n") == 2 else ""
