"""What the simulator finds in a file that is no picture."""

from __future__ import annotations

_MOST_WORDS = 12
_MOST_CHARACTERS = 120
_WHITE = "\t\n\r\f"


def described(name: str, mime_type: str, content: bytes) -> str:
    """One sentence: the file's name and size, and how it begins if it is text."""
    size = f"{name} has {len(content):,} {'byte' if len(content) == 1 else 'bytes'}"
    words = _words(content)
    if words is None:
        return f"{size} of {mime_type}."
    return f"{size} and begins with “{words}”." if words else f"{size} and no words."


def _words(content: bytes) -> str | None:
    """The first words, `None` of a file that is not text in UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if any(character < " " and character not in _WHITE for character in text):
        return None
    return " ".join(text.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS])[:_MOST_CHARACTERS]
