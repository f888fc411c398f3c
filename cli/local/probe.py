"""`chatgpt-api probe-capture`: one real message, and what ChatGPT sends back, event by event."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.local.source import Account, AccountsDir, CapturePath, read, source
from cli.options import Json

if TYPE_CHECKING:
    from provider.interface.session import Session
    from provider.interface.turns import TurnEvent

_SHOWN_CHARACTERS = 60


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
    max_events: Annotated[int, typer.Option(min=0, help="Show at most so many events.")] = 12,
    as_json: Json = False,
) -> None:
    """Send one message with a capture, without a bridge, and tell what comes back. It counts as a chat."""
    found = source(path, account, accounts_dir)
    probed = read(found, lambda session: _probed(session, message, model))
    if as_json:
        output.data({"capture": found.name, "counts": probed.counts, "events": probed.events, "text": probed.text})
        return
    for event in probed.events[:max_events]:
        output.result(" ".join(f"{name}={_short(value)}" for name, value in event.items() if value is not None))
    if len(probed.events) > max_events:
        output.note(f"... and {len(probed.events) - max_events} more; --max-events shows them.")
    output.fields(**probed.counts)
    output.fields(text=probed.text)


async def _probed(session: Session, message: str, model: str) -> _Probed:
    from core.ids import message_id
    from provider.interface.turns import TurnFinished, TurnMessage, TurnRequest

    said = TurnMessage(role="user", text=message)
    request = TurnRequest(messages=(said,), message_id=message_id(), model=model, temporary=True)
    probed = _Probed()
    async with session.turn(request, on_close="stop") as turn:
        async for event in turn:
            probed.counts[type(event).__name__] += 1
            probed.events.append(_told(event))
            if isinstance(event, TurnFinished):
                probed.text = event.text
    return probed


def _told(event: TurnEvent) -> dict[str, Any]:
    return {"event": type(event).__name__, **asdict(event)}


def _short(value: object) -> str:
    shown = " ".join(str(value).split())
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
