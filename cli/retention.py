"""`chatgpt-api retention`."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output

if TYPE_CHECKING:
    from bridge.build import Bridge
    from core.contracts.retention import RetentionReport
    from core.settings import Settings


def retention(
    *,
    now: Annotated[bool, typer.Option("--now", help="Remove it, instead of only telling.")] = False,
) -> None:
    """Tell what is old enough to be removed from this machine's data folder, by the CHATGPT_RETENTION_… settings.

    The bridge removes it by itself every few hours; it may run meanwhile.
    """
    from core.settings import load_all

    settings = load_all()
    report = asyncio.run(_round(settings, now=now))
    output.fields(**report.model_dump())


async def _round(settings: Settings, *, now: bool) -> RetentionReport:
    from bridge.build import open_bridge

    async with open_bridge(settings, process="cli") as bridge:
        histories = await _histories(bridge)
        keeping = bridge.retention
        return await (keeping.remove(histories=histories) if now else keeping.plan(histories=histories))


async def _histories(bridge: Bridge) -> timedelta | None:
    from core.errors import TemporalUnavailableError
    from workflows.temporal import client, schedules

    connected = await client.connect(bridge.settings.temporal, bridge.keyring)
    try:
        return await schedules.histories_kept(connected)
    except TemporalUnavailableError:
        output.note("without payloads of histories: Temporal does not say how long it keeps those")
        return None
