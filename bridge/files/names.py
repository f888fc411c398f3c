"""Names of kept files, for people."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\"<>|:*?\\/]+")
_LONGEST_STEM = 80
_LONGEST_SUFFIX = 16
_OTHER = re.compile(r"[^a-zA-Z0-9\u0e00-\u0e7f]+")


def slug(words: str, *, limit: int = 48, fallback: str = "image") -> str:
    """Lower-case words joined by `-`: Latin letters, digits and Thai script stay, at most `limit` characters."""
    return _OTHER.sub("-", words.lower()).strip("-")[:limit].strip("-") or fallback


def stem(given: str, *, fallback: str) -> str:
    """The name of a file without its folder and its ending, whatever its client called it."""
    return _plain(PurePosixPath(_last(given)).stem)[:_LONGEST_STEM].strip(". _") or fallback


def file_name(given: str, *, fallback: str = "file") -> str:
    """A plain file name with the ending that its client gave it."""
    ending = _plain(PurePosixPath(_last(given)).suffix)[:_LONGEST_SUFFIX]
    name = stem(given, fallback=fallback)
    return f"{name}.{ending}" if ending else name


def _last(given: str) -> str:
    return re.split(r"[\\/]", given.strip())[-1]


def _plain(part: str) -> str:
    return _UNFIT.sub("_", part).strip(". _")
