"""Where a call may begin and where its surroundings end: fences, tags, `functions.name` and the brackets themselves.

Every pattern is bounded, so that no more than a few hundred characters ever wait for what comes next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from bridge.chat.tools.names import Names
from bridge.chat.tools.tape import Tape

_JSON_WORDS = "json|jsonc|json5|jsonl"
_CALL_WORDS = "tool_calls?|tool-calls?|toolcalls?|function_calls?|function-calls?|tool_use"
QUOTES = "\"'“”‘’"
_TOLD = re.compile(rf"(?P<mark>`{{3,16}}|~{{3,16}})[ \t]{{0,8}}(?P<word>{_JSON_WORDS}|(?P<call>{_CALL_WORDS})|)"
                   r"[ \t]{0,8}(?:\r\n|[\r\n]|(?=[{\[<]))", re.IGNORECASE)  # fmt: skip
_CODE = re.compile(r"(?P<mark>`{3,16}|~{3,16})(?!`)[^\r\n`]{0,200}(?:\r\n|[\r\n])")
_INLINE = re.compile(r"(?P<mark>`{1,2})(?=[{\[<])")
_TAG = re.compile(rf"<(?P<bar>\|?)(?P<word>{_CALL_WORDS})\|?>", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:to=)?functions\.(?P<name>[\w.-]{1,160})[ \t]{0,4}(?:json|code)?[ \t]{0,4}(?P<paren>\(?)\s{0,16}(?=\{)"
)
_OBJECT = re.compile(rf"\{{(?=\s{{0,64}}[{QUOTES}])")
_ARRAY = re.compile(r"\[(?=\s{0,64}\{)")
_UNFINISHED = re.compile(
    r"""(?: (?:`{3,16}|~{3,16})[^\r\n`]{0,200} | `{1,16} | ~{1,16} | <[|/A-Za-z_-]{0,24} | [{\[]\s{0,64}
      | (?:to=)?functions\.[\w.-]{0,160}[ \t]{0,4}(?:j|js|jso|json|c|co|cod|code)?[ \t]{0,4}\(?\s{0,16}
      | t|to|to=(?:f|fu|fun|func|funct|functi|functio|function|functions)?
      | f|fu|fun|func|funct|functi|functio|function|functions )\Z""",
    re.VERBOSE,
)  # fmt: skip


class Kind(Enum):
    """What stands at a place: something around a call, a call's value, or code that holds none."""

    AROUND = 1
    VALUE = 2
    CODE = 3
    MAYBE = 4


@dataclass(frozen=True, slots=True)
class Closing:
    """What ends the surroundings of a call.

    Attributes:
        here: matches it right behind a call.
        ahead: finds it in the text that follows.
        partly: finds the beginning of one at the end of what has come.
        fence: it is a fence of a block, so what it ends is shown as code.
    """

    here: re.Pattern[str]
    ahead: re.Pattern[str]
    partly: re.Pattern[str]
    fence: bool = False

    def until(self, tape: Tape) -> tuple[str, str | None]:
        """What comes before it, as far as that is certain, and it; `None` while it has not come."""
        found = self.ahead.search(tape.text, tape.at)
        if found and not tape.reaches_end(found.end()):
            return tape.take(found.start()), tape.take(found.end())
        part = found or (None if tape.ended else self.partly.search(tape.text, tape.at))
        return tape.take(part.start() if part else len(tape.text)), None


@dataclass(frozen=True, slots=True)
class Place:
    """What begins at a place.

    Attributes:
        end: where that which is around a call ends, or the first line of code does.
        closing: what ends it, `None` where nothing does.
        marked: it says that a call follows.
        name: the tool that is called, where that stands before its arguments, which then begin at `end`.
        inline: only a call that fills its whole line is one.
    """

    kind: Kind
    end: int = 0
    closing: Closing | None = None
    marked: bool = False
    name: str | None = None
    inline: bool = False


MAYBE = Place(Kind.MAYBE)
"""It takes more text to tell."""


def place(tape: Tape, names: Names, *, line_start: bool) -> Place | None:
    """What begins where the tape is, `None` for text."""
    found = (_block(tape) if line_start else None) or _mark(tape, names)
    if found is None and not tape.ended and _UNFINISHED.match(tape.text, tape.at):
        return MAYBE
    return found


def _block(tape: Tape) -> Place | None:
    text, at = tape.text, tape.at
    if found := _TOLD.match(text, at):
        return Place(Kind.AROUND, found.end(), _fence(found["mark"]), marked=bool(found["call"]))
    if found := _CODE.match(text, at):
        return Place(Kind.CODE, found.end(), _fence(found["mark"]))
    if found := _INLINE.match(text, at):
        return Place(Kind.AROUND, found.end(), _inline(found["mark"]), inline=True)
    return None


def _mark(tape: Tape, names: Names) -> Place | None:
    text, at = tape.text, tape.at
    if found := _TAG.match(text, at):
        return Place(Kind.AROUND, found.end(), _tag(found["word"].lower()), marked=True)
    found = _HEAD.match(text, at)
    if found and names.find(found["name"]):
        return Place(Kind.AROUND, found.end(), _PAREN if found["paren"] else None, marked=True, name=found["name"])
    return Place(Kind.VALUE) if _OBJECT.match(text, at) or _ARRAY.match(text, at) else None


@lru_cache(maxsize=64)
def _fence(mark: str) -> Closing:
    """The fence that ends a block which began with this one: as long or longer, alone on its line."""
    run = rf"{mark[0]}{{{len(mark)},24}}"
    return Closing(
        here=re.compile(run),
        ahead=re.compile(rf"(?<![^\r\n])[ \t]{{0,16}}{run}[ \t]{{0,16}}(?=[\r\n]|\Z)"),
        partly=re.compile(rf"(?<![^\r\n])[ \t]{{0,16}}{mark[0]}{{0,24}}[ \t]{{0,16}}\Z"),
        fence=True,
    )


@lru_cache(maxsize=64)
def _tag(word: str) -> Closing:
    found = re.compile(rf"<\|?/\|?{word}\|?>", re.IGNORECASE)
    return Closing(here=found, ahead=found, partly=re.compile(r"<[|/A-Za-z_-]{0,24}\Z"))


def _inline(mark: str) -> Closing:
    found = re.compile(rf"{mark}(?!`)")
    return Closing(here=found, ahead=found, partly=re.compile(r"`{1,2}\Z"))


_PAREN = Closing(here=re.compile(r"\)"), ahead=re.compile(r"\)"), partly=re.compile(r"(?!)"))
