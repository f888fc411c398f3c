"""`Copy as cURL (cmd)`: cmd.exe's carets first, then program arguments (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.curl import request_from_words
from provider.chatgpt_web.capture.model import RawRequest

_CARET = re.compile(r"\^(\r?\n\r?\n|\r?\n|.)", re.DOTALL)


def read(text: str) -> RawRequest:
    """The request of a curl command as Windows reads it."""
    line = _CARET.sub(_uncareted, text[text.index("curl") + len("curl") :])
    return request_from_words(split_arguments(line))


def split_arguments(line: str) -> list[str]:
    r"""Arguments: blanks divide outside quotes, `\"` is a quote, `\\` a backslash."""
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    at = 0
    while at < len(line):
        char = line[at]
        if char == "\\" and line[at + 1 : at + 2] in ('"', "\\"):
            word = [*(word or []), line[at + 1]]
            at += 2
            continue
        if char == '"':
            quoted, word = not quoted, word if word is not None else []
        elif char in " \t\r\n" and not quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = word if word is not None else []
            word.append(char)
        at += 1
    if word is not None:
        words.append("".join(word))
    return words


def _uncareted(match: re.Match[str]) -> str:
    escaped = match[1]
    if "\n" not in escaped:
        return escaped
    return "\n" if escaped.count("\n") == 2 else " "
