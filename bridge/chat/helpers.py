"""Calls that agents make for themselves beside their work, known with certainty by how those agents word them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.chat.order import Form
from bridge.chat.transcript import Said

_OPENCODE_SYSTEM = "You are a title generator. You output ONLY a thread title. Nothing else.\n"
_OPENCODE_ASKS = "Generate a title for this conversation:"
_CODEX_ASKS = "Generate a concise, single-line task title of at most 36 characters"
_CODEX_PROMPT = "\n\nUser prompt:\n"
_CODEX_HEADER = "x-codex-turn-metadata"
_TOOL_NOISE = re.compile(r"^(Called the \w+ tool with|Image read successfully|PDF read successfully)")
_LONGEST = {"opencode": 50, "codex": 36}
_NAMELESS = "New session"


@dataclass(frozen=True, slots=True)
class TitleCall:
    """A wish for a title.

    Attributes:
        words: what the title is for, in the user's words.
        longest: how many characters it may have.
        field: where the title stands in the JSON that is asked for, `None` for the bare words.
    """

    words: str
    longest: int
    field: str | None = None

    @property
    def answer(self) -> str:
        """A title from the user's own words, in the form that is asked for."""
        line = " ".join(self.words.split()).strip("\"'` ")
        title = line if len(line) <= self.longest else _cut(line, self.longest)
        title = title or _NAMELESS
        return title if self.field is None else json.dumps({self.field: title}, ensure_ascii=False)


def title_call(said: Sequence[Said], form: Form, headers: Mapping[str, str]) -> TitleCall | None:
    """The wish for a title that a request is, `None` for any other.

    Args:
        headers: by lower-case name.
    """
    if form.offer is not None and form.offer.tools:
        return None
    return _opencode(said) or _codex(said, form, headers)


def _opencode(said: Sequence[Said]) -> TitleCall | None:
    if len(said) < 3 or said[0].role != "system" or not said[0].text.startswith(_OPENCODE_SYSTEM):
        return None
    if said[1].role != "user" or said[1].text.strip() != _OPENCODE_ASKS:
        return None
    lines = (line for one in said[2:] if one.role == "user" for line in one.text.splitlines())
    words = " ".join(line for line in lines if not _TOOL_NOISE.match(line))
    return TitleCall(words, _LONGEST["opencode"])


def _codex(said: Sequence[Said], form: Form, headers: Mapping[str, str]) -> TitleCall | None:
    last = said[-1].text
    if not last.startswith(_CODEX_ASKS) or form.shape is None or not _is_title_thread(headers):
        return None
    _, found, words = last.partition(_CODEX_PROMPT)
    return TitleCall(words if found else last, _LONGEST["codex"], "title")


def _is_title_thread(headers: Mapping[str, str]) -> bool:
    try:
        told: Any = json.loads(headers.get(_CODEX_HEADER, ""))
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("thread_source") == "thread_title"


def _cut(line: str, longest: int) -> str:
    """The beginning of a line, cut between two words where there are some."""
    cut = line[: longest - 1]
    before, blank, _ = cut.rpartition(" ")
    return f"{(before if blank and len(before) > longest // 2 else cut).rstrip(' .,;:')}…"
