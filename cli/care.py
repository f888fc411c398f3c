"""`chatgpt-api care`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.options import Json

if TYPE_CHECKING:
    from bridge.accounts.forecast import Forecast
    from core.contracts.care import CareReport
    from core.settings import Settings


def care(
    *,
    now: Annotated[bool, typer.Option("--now", help="Warn and ask now, instead of only telling.")] = False,
    as_json: Json = False,
) -> None:
    """Tell how long the captures of this machine's accounts last, and what the next look at them would say.

    With `--now`, gives the warnings that were not given yet and asks upstream whether each account still works, which
    costs no quota. The bridge does so by itself every few hours; it may run meanwhile.
    """
    from core.settings import load_all

    forecasts, report = asyncio.run(_round(load_all(), now=now))
    if as_json:
        accounts = [{"account": told.account, **told.shown()} for told in forecasts]
        output.data({"object": "chatgpt.care", "now": now, "accounts": accounts, "round": report.model_dump()})
        return
    for told in forecasts:
        output.result(f"{told.account}: {told.stage.value}. {told.message}")
    for canary in report.canaries:
        output.result(f"{canary.account}: {canary.outcome}{f' ({canary.code})' if canary.code else ''}")
    output.fields(accounts=report.accounts, warned=[warned.account for warned in report.warned], dry_run=not now)


async def _round(settings: Settings, *, now: bool) -> tuple[tuple[Forecast, ...], CareReport]:
    from bridge.build import open_bridge
    from core.contracts.care import CareReport

    async with open_bridge(settings, process="cli") as bridge:
        forecasts = await bridge.care.forecasts()
        look = await (bridge.care.look() if now else bridge.care.plan())
        asked = look.askable if now and settings.care.canary else ()
        canaries = await asyncio.gather(*(bridge.care.ask(alias) for alias in asked))
    return forecasts, CareReport(accounts=look.accounts, warned=look.warned, canaries=tuple(canaries))
