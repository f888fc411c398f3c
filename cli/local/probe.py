"""`chatgpt-api probe-capture`: one real message, and what ChatGPT sends back, event by event."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.local.source import Account, AccountsDir, CapturePath, read, source
from cli.options import Json

if TYPE_CHECKING:
    from provider.interface.session import Session
    from provider.interface.turns import TurnEvent, TurnRequest

_SHOWN_CHARACTERS = 60
_NOTHING: tuple[object, ...] = (None, (), {}, "")


@dataclass
class _Probed:
    events: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    text: str = ""


def probe_capture(
    path: CapturePath = None,
    *,
    account: Account = None,
    accounts_dir: AccountsDir = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What to say.")] = "Say hello in one short sentence.",
    model: Annotated[str, typer.Option(help="ChatGPT's own name of a model, or auto.")] = "auto",
    conversation_id: Annotated[str | None, typer.Option(metavar="ID", help="Go on with this chat.")] = None,
    parent_message_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The message of that chat which this one follows.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Longest that it may take.")] = 60,
    max_events: Annotated[int, typer.Option(min=0, help="Show at most so many events.")] = 12,
    as_json: Json = False,
) -> None:
    """Send one message with a capture, without a bridge, and tell what comes back. It counts as a chat."""
    if (conversation_id is None) != (parent_message_id is None):
        raise typer.BadParameter("--conversation-id and --parent-message-id go together")
    found = source(path, account, accounts_dir)
    request = _request(message, model, conversation_id, parent_message_id)
    probed = read(found, lambda session: _probed(session, request, timeout))
    if as_json:
        output.data({"capture": found.name, "counts": probed.counts, "events": probed.events, "text": probed.text})
        return
    for event in probed.events[:max_events]:
        output.result(" ".join(f"{name}={_short(value)}" for name, value in event.items() if value not in _NOTHING))
    if len(probed.events) > max_events:
        output.note(f"... and {len(probed.events) - max_events} more; --max-events shows them.")
    output.fields(**probed.counts)
    output.fields(text=probed.text)


def _request(message: str, model: str, conversation_id: str | None, parent_message_id: str | None) -> TurnRequest:
    """A message of a new chat that ChatGPT does not keep, or the next one of a chat."""
    from core.ids import message_id
    from provider.interface.turns import TurnMessage, TurnRequest

    return TurnRequest(
        messages=(TurnMessage(role="user", text=message),),
        message_id=message_id(),
        model=model,
        temporary=conversation_id is None,
        conversation_id=conversation_id,
        parent_message_id=parent_message_id,
    )


async def _probed(session: Session, request: TurnRequest, seconds: float) -> _Probed:
    from core.errors import UpstreamTimeoutError
    from provider.interface.turns import TurnFinished

    probed = _Probed()
    try:
        async with asyncio.timeout(seconds), session.turn(request, on_close="stop") as turn:
            async for event in turn:
                probed.counts[type(event).__name__] += 1
                probed.events.append(_told(event))
                if isinstance(event, TurnFinished):
                    probed.text = event.text
    except TimeoutError:
        raise UpstreamTimeoutError(f"It was not over after {seconds:g} s.") from None
    return probed


def _told(event: TurnEvent) -> dict[str, Any]:
    return {"event": type(event).__name__, **asdict(event)}


def _short(value: object) -> str:
    shown = " ".join(output.word(value).split())
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
