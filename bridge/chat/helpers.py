"""Calls that agents make for themselves beside their work, known with certainty by how those agents word them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bridge.chat.order import Form
from bridge.chat.transcript import Said

_COMPACTIONS = (
    "You are a context summarization agent. You are given a conversation between a user and an agent.",
    "Summarize what was done in this conversation. Write like a pull request description.",
    "*Briefly* summarize this partial conversation about programming.",
)
_COMMITS = "You are an expert software engineer that generates concise, one-line Git commit messages"
_CODEX_COMPACTS = "You are performing a CONTEXT CHECKPOINT COMPACTION."
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


@dataclass(frozen=True, slots=True)
class HelperCall:
    """A call that an agent makes for itself: no part of the conversation that its session is.

    Attributes:
        kind: a `title` can be had from the user's own words; a `summary` or a `commit` message is work for a model.
    """

    kind: Literal["title", "summary", "commit"]
    title: TitleCall | None = None


def helper_call(said: Sequence[Said], form: Form, told: Mapping[str, str]) -> HelperCall | None:
    """The helper call that a request is, `None` for any other: in doubt it is the user's.

    Args:
        told: what the client says of the request beside it, by lower-case name of the header.
    """
    if not said or (form.offer is not None and form.offer.tools):
        return None
    title = _opencode(said) or _codex(said, form, told)
    if title is not None:
        return HelperCall("title", title)
    if said[-1].text.startswith(_CODEX_COMPACTS):
        return HelperCall("summary")
    if len(said) == 2 and said[0].role == "system":
        if said[0].text.startswith(_COMPACTIONS):
            return HelperCall("summary")
        if said[0].text.startswith(_COMMITS):
            return HelperCall("commit")
    return None


def _opencode(said: Sequence[Said]) -> TitleCall | None:
    if len(said) < 3 or said[0].role != "system" or not said[0].text.startswith(_OPENCODE_SYSTEM):
        return None
    if said[1].role != "user" or said[1].text.strip() != _OPENCODE_ASKS:
        return None
    lines = (line for one in said[2:] if one.role == "user" for line in one.text.splitlines())
    words = " ".join(line for line in lines if not _TOOL_NOISE.match(line))
    return TitleCall(words, _LONGEST["opencode"])


def _codex(said: Sequence[Said], form: Form, told: Mapping[str, str]) -> TitleCall | None:
    last = said[-1].text
    if not last.startswith(_CODEX_ASKS) or form.shape is None or not _is_title_thread(told):
        return None
    _, found, words = last.partition(_CODEX_PROMPT)
    return TitleCall(words if found else last, _LONGEST["codex"], "title")


def _is_title_thread(told: Mapping[str, str]) -> bool:
    try:
        turn: Any = json.loads(told.get(_CODEX_HEADER, ""))
    except (ValueError, RecursionError):
        return False
    return isinstance(turn, dict) and turn.get("thread_source") == "thread_title"


def _cut(line: str, longest: int) -> str:
    """The beginning of a line, cut between two words where there are some."""
    before = line[:longest].rpartition(" ")[0]
    return f"{(before if len(before) > longest // 2 else line[: longest - 1]).rstrip(' .,;:')}…"
