"""What is done with a complete reply: deliver it, ask the model once more, or give up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.chat.tools.calls import Found, Piece, Spoilt
from bridge.chat.tools.jsontext import dumps, loads
from bridge.chat.tools.offer import Offer, ToolCall
from bridge.chat.tools.prompt import FORM, demand, excerpt
from bridge.chat.tools.schemas import Checker, Problem

_BEGINNING = 160
_EXCERPTS = 4


@dataclass(frozen=True, slots=True)
class Deliver:
    """The turn ends with this.

    Attributes:
        calls: in the model's order; empty for an answer in words.
        text: shown behind the prose that was shown already: calls that could not be delivered, as the model meant them.
        left_out: calls behind the first, where only one is welcome at a time.
    """

    calls: tuple[ToolCall, ...] = ()
    text: str = field(default="", repr=False)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The model is to be told `text`, once; its next reply is judged with this as `first`.

    Attributes:
        kept: calls that are right and are delivered with those of the next reply.
        wrong: what could not be delivered, to be shown if nothing better comes.
    """

    text: str = field(repr=False)
    kept: tuple[ToolCall, ...] = ()
    wrong: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A call was demanded and did not come, the second time too; `why` is a sentence for the client."""

    why: str


Verdict: TypeAlias = Deliver | AskAgain | Unanswered
_Bad: TypeAlias = Problem | Spoilt


def judge(pieces: Sequence[Piece], checker: Checker, first: AskAgain | None = None) -> Verdict:
    """Decide over all pieces of a reply.

    The first time, anything that cannot be delivered is asked for again. The second time what is right is delivered and
    the rest is text, so that no turn is empty and no call lost in silence; only where a call was demanded and none is
    right is there no answer.

    Args:
        first: what the model was asked before this reply, `None` for its first one.
    """
    offer = checker.offer
    asked = [piece for piece in pieces if isinstance(piece, Found | Spoilt)]
    if not offer.callable:
        return Deliver(text="\n".join(piece.raw for piece in asked if piece.raw))
    looked_at = asked if offer.parallel else asked[:1]
    checked = [_checked(piece, checker) for piece in looked_at]
    calls = _together(first.kept if first else (), [one for one in checked if isinstance(one, ToolCall)])
    bad = [one for one in checked if not isinstance(one, ToolCall)]
    if first is None and (bad or (offer.demands and not calls)):
        return AskAgain(_again(offer, calls, bad), calls, _as_text(bad))
    if offer.demands and not calls:
        return Unanswered(_missing(offer, bad))
    said = any(isinstance(piece, str) and piece.strip() for piece in pieces)
    text = _as_text(bad) or (first.wrong if first and not calls and not said else "")
    return Deliver(calls if offer.parallel else calls[:1], text, left_out=len(asked) - len(looked_at))


def _checked(piece: Found | Spoilt, checker: Checker) -> ToolCall | _Bad:
    if isinstance(piece, Spoilt):
        return piece
    checked, named = checker.check(piece), checker.offer.named
    if named and isinstance(checked, ToolCall) and checked.name != named:
        return Problem(piece, (f"Only the tool {named} may be called now.",), checker.offer.tool(named))
    return checked


def _together(kept: Sequence[ToolCall], calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
    """Both, without those that the model sent again although they were kept."""
    known = [(call.name, loads(call.arguments)) for call in kept]
    return (*kept, *(call for call in calls if (call.name, loads(call.arguments)) not in known))


def _again(offer: Offer, kept: Sequence[ToolCall], bad: Sequence[_Bad]) -> str:
    """What the model is told: what is wrong, the schemas that it needs, and how to answer."""
    if bad:
        lines = ["Your answer holds calls that cannot be run:", *(_complaint(one) for one in bad)]
    else:
        lines = [f"Your answer holds no call, but you must call {demand(offer)} now."]
    meant = [one.tool for one in bad if isinstance(one, Problem) and one.tool]
    tools = {tool.name: tool for tool in (meant if offer.named is None else offer.callable)}
    if tools:
        lines += ["The schema:", *(excerpt(tool) for tool in [*tools.values()][:_EXCERPTS])]
    if not tools or any(isinstance(one, Problem) and one.tool is None for one in bad):
        lines.append(f"The tools are: {', '.join(tool.name for tool in offer.callable)}.")
    if kept:
        lines.append(f"Kept, not to be sent again: {', '.join(call.name for call in kept)}.")
    lines.append(
        f"Answer with {'the corrected calls only' if bad else 'the call'}, as one JSON object on one line: {FORM}"
    )
    if not offer.demands:
        lines.append("If no call is needed any more, answer in plain words instead.")
    return "\n".join(lines)


def _complaint(bad: _Bad) -> str:
    if isinstance(bad, Spoilt):
        return f"- The one that begins with {dumps(bad.raw.strip()[:_BEGINNING])}: {bad.why}"
    return f"- {bad.found.name[:_BEGINNING]}: {'; '.join(bad.sentences)}"


def _missing(offer: Offer, bad: Sequence[_Bad]) -> str:
    wrong = " ".join(_complaint(one).removeprefix("- ") for one in bad)[:600]
    return f"The model was asked twice to call {demand(offer)} and did not{f': {wrong}' if wrong else '.'}"


def _as_text(bad: Sequence[_Bad]) -> str:
    return "\n".join(one.raw.strip() if isinstance(one, Spoilt) else _written(one.found) for one in bad)


def _written(found: Found) -> str:
    """A call in the form that is asked for, since several may have been read from one text."""
    try:
        arguments = loads(found.arguments_text)
    except ValueError:
        arguments = found.arguments_text
    return dumps({"tool_calls": [{"name": found.name, "arguments": arguments}]})
