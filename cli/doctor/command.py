"""`chatgpt-api doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from cli import output
from cli.exit import FAILED, OK
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from cli.doctor.checks import Check


def doctor(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Check this machine and the running bridge.

    Each check that fails or warns says what to do; a warning is no failure. Ends with 0 when all is well, else with 1.
    """
    from cli.doctor import checks

    found = [*checks.local(), *_running(base_url, api_key)]
    ok = all(check.ok for check in found)
    if as_json:
        shown = [{name: value for name, value in asdict(check).items() if value is not None} for check in found]
        output.data({"object": "chatgpt.doctor", "ok": ok, "checks": shown})
    else:
        for check in found:
            _show(check)
    raise typer.Exit(OK if ok else FAILED)


def _running(base_url: str | None, api_key: str | None) -> list[Check]:
    from cli.doctor import checks
    from core.errors import SettingError

    try:
        with connect(base_url, api_key, silence_seconds=5) as client:
            return checks.running(client)
    except SettingError:  # the check of the settings has said it
        return []


def _show(check: Check) -> None:
    sign = "FAIL" if not check.ok else "warn" if check.what_to_do else "ok  "
    output.result(f"{sign}  {check.name}: {check.detail}")
    if check.what_to_do:
        output.result(f"      {check.what_to_do}")
