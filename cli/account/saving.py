"""Storing a capture: inspect it, have it verified and kept, and say what came of it (docs/accounts.md)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

from cli import output
from cli.exit import FAILED

if TYPE_CHECKING:
    from integrations.client import BridgeClient, ClientError
    from integrations.client.accounts import Account, AccountCheck
    from integrations.client.admin_models import Inspection

_LIVE = ("account", "upstream")
"""Whose faults the live check finds."""

_TAKEN = "name_taken"
_FEATURES = {"research": "deep_research", "image": "image_gen", "upload": "file_upload"}


class Way(Enum):
    """Whether there may be an account of the name, or has to be one."""

    ADD = "add"
    UPDATE = "update"
    EITHER = "either"


def save(
    client: BridgeClient,
    alias: str,
    text: str,
    *,
    way: Way,
    verify: bool,
    other_login: bool = False,
    as_json: bool = False,
) -> None:
    """Inspect, then store, and print what came of it.

    Raises:
        ClientError: the bridge did not store it; what was there before still is.
        typer.Exit: with 1, when the inspection failed and nothing was sent to be stored.
    """
    inspection = _inspected(client, alias, text, as_json)
    try:
        account = _stored(client, alias, text, way=way, verify=verify, other_login=other_login)
    except _client_error() as error:
        _not_saved(alias, error, as_json, inspection, verify=verify)
        raise
    print_saved(client, account, inspection, verify=verify, as_json=as_json)


def print_saved(
    client: BridgeClient, account: Account, inspection: Inspection | None, *, verify: bool, as_json: bool
) -> None:
    """What was stored, and with a verified one what is left of its quota."""
    checked = _checked(client, account.alias) if verify else None
    if as_json:
        told = {} if inspection is None else {"inspection": inspection.as_sent()}
        check = None if checked is None else checked.as_sent()
        output.data({"ok": True, "saved": True, **told, "check": check, **account.as_sent()})
        return
    output.fields(
        saved=True,
        account=account.alias,
        plan=account.plan,
        token_expires_at=None if inspection is None else inspection.detected.get("token_expires_at"),
        capture_path=account.capture_path,
        live_verify=account.live_verify,
    )
    if checked is not None:
        output.fields(default_model=checked.default_model_slug, **_figures(checked))
    for text in _worth_knowing(account, inspection):
        output.note(text)
    output.note(f"Next: `chatgpt-api account show {account.alias}`, `chatgpt-api api chat -m hello`.")


def _worth_knowing(account: Account, inspection: Inspection | None) -> list[str]:
    """What is no failure: checks of the capture, and other accounts of the same login."""
    failed = [] if inspection is None else [check for check in inspection.checks if not check.ok and check.detail]
    told = [f"Recommended, and not so here: {check.detail}" for check in failed]
    if account.warnings and not told:
        told = [f"Recommended, and not so here: {', '.join(account.warnings)}"]
    if account.same_login_as:
        named = ", ".join(account.same_login_as)
        told.append(f"This login is the account {named} already: they share one quota, and ChatGPT sees both as one.")
    return told


def _figures(checked: AccountCheck) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, feature in _FEATURES.items():
        told = checked.features.get(feature, {})
        figures[f"{name}_remaining"] = told.get("remaining")
        figures[f"{name}_reset"] = told.get("reset_after")
    return figures


def _checked(client: BridgeClient, alias: str) -> AccountCheck | None:
    """Its quota; the account is stored and verified, so that nobody minds when this fails."""
    try:
        return client.account.check(alias)
    except _client_error() as error:
        output.note(f"The quota could not be read: {error.failure.message}")
        return None


def _stored(client: BridgeClient, alias: str, text: str, *, way: Way, verify: bool, other_login: bool) -> Account:
    if way is Way.EITHER:
        there = any(account.alias == alias for account in client.account.all().data)
        way = Way.UPDATE if there else Way.ADD
    try:
        if way is Way.UPDATE:
            return client.account.update(alias, text, verify=verify, other_login=other_login)
        return client.account.add(alias, text, verify=verify)
    except _client_error() as error:
        action = _instead(alias, error, way)
        if action is not None:
            error.failure = error.failure.model_copy(update={"action": action})
        raise


def _instead(alias: str, error: ClientError, way: Way) -> str | None:
    """What to do about a name that is taken, or that nobody has."""
    if way is Way.UPDATE and error.failure.code == "not_found":
        return f"Check the name, or make a new account of the capture with `chatgpt-api account add {alias}`."
    if way is Way.ADD and error.failure.param == "account":
        return f"Choose another name, or give {alias} a newer capture with `chatgpt-api account update {alias}`."
    return None


def _not_saved(alias: str, error: ClientError, as_json: bool, inspection: Inspection, *, verify: bool) -> None:
    failure = error.failure
    # What upstream said to the live check; a name that is taken is no such thing.
    live = failure.code if verify and failure.fault in ("account", "upstream") else None
    if as_json:
        told = {"code": failure.code, "message": failure.message, "inspection": inspection.as_sent()}
        output.data({"ok": False, "saved": False, "phase": "save", "account": alias, **told})
    else:
        output.fields(saved=False, nothing_written=True, phase="save", account=alias, live_error=live)


def _inspected(client: BridgeClient, alias: str, text: str, as_json: bool) -> Inspection:
    try:
        inspection = client.account.inspect(text)
    except _client_error() as error:
        if error.failure.code != "capture_rejected":
            raise
        _rejected(alias, as_json, message=error.failure.message, failed=[])
    if not inspection.ok:
        failed = [check for check in inspection.checks if check.level == "required" and not check.ok]
        said = "; ".join(f"{check.name}: {check.detail or 'failed'}" for check in failed)
        _rejected(
            alias,
            as_json,
            message=said or "a required check failed",
            failed=list(inspection.missing),
            inspection=inspection.as_sent(),
        )
    return inspection


def _rejected(alias: str, as_json: bool, *, message: str, failed: list[str], **more: Any) -> Any:
    if as_json:
        output.data({"ok": False, "saved": False, "phase": "inspect", "failed": failed, "message": message, **more})
    else:
        output.fields(saved=False, nothing_written=True, phase="inspect", account=alias, failed=failed)
    output.failure(
        message,
        code="capture_rejected",
        fault="caller",
        action="Copy the request POST /backend-api/f/conversation of a freshly sent message and try again.",
    )
    raise typer.Exit(FAILED)


def _client_error() -> type[ClientError]:
    from integrations.client import ClientError

    return ClientError
