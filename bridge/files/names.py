"""Names of kept files, for people."""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^a-zA-Z0-9\u0e00-\u0e7f]+")


def slug(words: str, *, limit: int = 48, fallback: str = "image") -> str:
    """Lower-case words joined by `-`: Latin letters, digits and Thai script stay, at most `limit` characters."""
    return _OTHER.sub("-", words.lower()).strip("-")[:limit].strip("-") or fallback
