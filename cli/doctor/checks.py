"""What is checked."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BridgeError, SettingError

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import Part

_SECONDS = 2.0
_ENDS = {
    "week": "ends within a week",
    "days": "ends within 2 days",
    "hours": "ends within 12 hours",
    "expired": "has ended",
}
_START = {
    "database": "Check the disk, the owner and the modes of the data folder.",
    "temporal": "Start Temporal with `chatgpt-api up`, or name a server in CHATGPT_TEMPORAL_ADDRESS.",
    "worker": "Start a worker with `chatgpt-api up` or `chatgpt-api worker`.",
}
_NOBODY = ("accounts", "degraded")
"""No account can serve: the server takes work, and does none."""

_ILL = {"quarantined": "must be left alone", "unusable": "cannot be used"}


@dataclass(frozen=True)
class Check:
    """One check's outcome; `what_to_do` is set when it failed, and when it warns, which is no failure yet."""

    name: str
    ok: bool
    detail: str
    what_to_do: str | None = None


def local() -> list[Check]:
    """What can be seen without a running server."""
    return [
        _guarded("python", _python),
        _guarded("settings", _settings),
        _guarded("data_folder", _data_folder),
        _guarded("accounts", _accounts),
        _guarded("temporal_binary", _temporal_binary),
    ]


def running(client: BridgeClient) -> list[Check]:
    """What a running server says."""
    health = _guarded("api_health", lambda: _api_health(client))
    checks = [_guarded("temporal_server", _temporal_server), health]
    if health.ok:
        checks.append(_guarded("api_ready", lambda: _api_ready(client)))
        checks.append(_guarded("api_models", lambda: _api_models(client)))
        checks.append(_guarded("account_expiry", lambda: _account_expiry(client)))
        checks.append(_guarded("account_health", lambda: _account_health(client)))
    return checks


class _Problem(Exception):
    ok = False

    def __init__(self, detail: str, what_to_do: str) -> None:
        super().__init__(detail)
        self.what_to_do = what_to_do


class _Warning(_Problem):
    """Something to see to soon."""

    ok = True


def _guarded(name: str, look: Callable[[], str]) -> Check:
    from integrations.client import ClientError

    try:
        return Check(name, True, look())
    except _Problem as problem:
        return Check(name, problem.ok, str(problem), problem.what_to_do)
    except BridgeError as error:
        return Check(name, False, error.message, error.action)
    except ClientError as error:
        return Check(name, False, error.failure.message, error.failure.action)
    except OSError as error:
        return Check(name, False, str(error), "Check that path, its owner and its modes.")


def _python() -> str:
    return f"{'.'.join(str(part) for part in sys.version_info[:3])} ({sys.executable})"


def _settings() -> str:
    from core.settings import AREAS, load

    problems = []
    for area in AREAS:
        try:
            load(area)
        except SettingError as error:
            problems.append(error.message)
    if problems:
        raise _Problem("; ".join(dict.fromkeys(problems)), SettingError.action)
    return "every variable can be used"


def _data_folder() -> str:
    from core.settings import StorageSettings, load

    folder = load(StorageSettings).data_dir.absolute()
    if not folder.exists():
        return f"{folder} will be made at the first start"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _Problem(f"{folder} cannot be written", f"Make it yours: `chown -R $(whoami) {folder}`.")
    if _others_may_read(folder):
        raise _Problem(f"{folder} can be read by others on this machine", f"Run `chmod 700 {folder}`.")
    return str(folder)


def _accounts() -> str:
    from bridge.vault import Vault
    from core.settings import AccountsSettings, load

    settings = load(AccountsSettings)
    folder = settings.accounts_dir.absolute()
    found = sorted(path.parent.name for path in folder.glob("*/chatgpt-request.txt")) if folder.is_dir() else []
    if not found:
        return f"none yet in {folder}; add one with `chatgpt-api account add`"
    loose = [name for name in found if _others_may_read(folder / name / "chatgpt-request.txt")]
    if loose:
        named = ", ".join(loose)
        raise _Problem(f"others on this machine can read the captures of {named}", f"Run `chmod -R go= {folder}`.")
    Vault.of(settings).check()
    return f"{', '.join(found)} in {folder}"


def _temporal_binary() -> str:
    from cli.up.dev_server import find_binary
    from core.settings import TemporalSettings, load

    settings = load(TemporalSettings)
    if settings.address:
        return f"not needed: CHATGPT_TEMPORAL_ADDRESS is {settings.address}"
    try:
        return str(find_binary(settings.cli, get=False))
    except BridgeError as error:
        action = error.action if settings.cli else "Run `make temporal`, or `chatgpt-api temporal`, to get it."
        raise _Problem(error.message, action) from None


def _temporal_server() -> str:
    from core.settings import TemporalSettings, load

    settings = load(TemporalSettings)
    host, _, port = settings.target.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS):
            return f"{settings.target} accepts connections"
    except (OSError, ValueError):
        action = "Check CHATGPT_TEMPORAL_ADDRESS and that server." if settings.address else "Run `chatgpt-api up`."
        raise _Problem(f"nothing listens at {settings.target}", action) from None


def _api_health(client: BridgeClient) -> str:
    client.health()
    return f"{client.base_url} answers"


def _api_ready(client: BridgeClient) -> str:
    answer = client.ready()
    said = "; ".join(f"{part.name} {part.state}{f' ({part.detail})' if part.detail else ''}" for part in answer.parts)
    away = [part for part in answer.parts if part.state == "unavailable" or (part.name, part.state) == _NOBODY]
    if away:
        raise _Problem(said, " ".join(filter(None, map(_start, away))) or "Read the server's log.")
    return said or answer.status


def _start(part: Part) -> str:
    """What to do about a part that is away."""
    if part.name != "accounts":
        return _START.get(part.name, "")
    if part.detail == "there is no account":
        return "Add an account with `chatgpt-api account add`."
    return "`chatgpt-api account list` says what each account needs."


def _api_models(client: BridgeClient) -> str:
    models = client.models()
    if not models:
        raise _Problem("no model is offered", "Add an account with `chatgpt-api account add`.")
    return f"{len(models)} models"


def _account_expiry(client: BridgeClient) -> str:
    return _warned(client, _ENDS, "no capture is known to end within a week")


def _account_health(client: BridgeClient) -> str:
    return _warned(client, _ILL, "nothing else is wrong with any account")


def _warned(client: BridgeClient, stages: Mapping[str, str], fine: str) -> str:
    """What the server warns of, as far as it is one of these."""
    warnings = client.ready().warnings
    if warnings is None:
        return "not told: this key may not see it"
    found = [warning for warning in warnings if warning.stage in stages]
    if not found:
        return fine
    said = ", ".join(f"{warning.account} ({stages[warning.stage]})" for warning in found)
    raise _Warning(said, " ".join(f"{warning.account}: {warning.message}" for warning in found))


def _others_may_read(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)
