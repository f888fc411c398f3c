"""`chatgpt-api account-check`, `account-models` and `account-limits`: ChatGPT is asked directly, without a bridge.

These are reads that cost no chat. They are not counted in a running bridge's slots and change nothing that it knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.exit import FAILED
from cli.local.captures import tell
from cli.local.source import Account, AccountsDir, CapturePath, read, source
from cli.options import Json

if TYPE_CHECKING:
    from provider.interface.accounts import Limits


def account_check(
    path: CapturePath = None, *, account: Account = None, accounts_dir: AccountsDir = None, as_json: Json = False
) -> None:
    """Whether ChatGPT takes the capture. 1 when it does not, or cannot be asked."""
    from core.errors import BridgeError

    try:
        read(source(path, account, accounts_dir), lambda session: session.verify())
    except BridgeError as error:
        told = {"status": error.code, "auth_ok": False, "detail": error.message, "what_to_do": error.action}
    else:
        told = {"status": "ok", "auth_ok": True, "detail": "ChatGPT takes this capture."}
    tell(told, as_json=as_json)
    if not told["auth_ok"]:
        raise typer.Exit(FAILED)


def account_models(
    path: CapturePath = None, *, account: Account = None, accounts_dir: AccountsDir = None, as_json: Json = False
) -> None:
    """The models that ChatGPT offers the account now, in its order."""
    models = read(source(path, account, accounts_dir), lambda session: session.models())
    if as_json:
        output.data([{"model": one.slug, "title": one.title, "efforts": list(one.efforts)} for one in models])
        return
    for one in models:
        efforts = f" ({', '.join(one.efforts)})" if one.efforts else ""
        output.result(f"{one.slug}: {one.title}{efforts}")
    if not models:
        output.note("ChatGPT offers this account no models.")


def account_limits(
    path: CapturePath = None,
    *,
    account: Account = None,
    accounts_dir: AccountsDir = None,
    requested_default_model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="ChatGPT's own name of the model that a page would ask for.")
    ] = None,
    conversation_id: Annotated[str | None, typer.Option(metavar="ID", help="The chat that is opened.")] = None,
    conversation_origin: Annotated[str | None, typer.Option(metavar="WORD", help="Where it was begun.")] = None,
    as_json: Json = False,
) -> None:
    """What ChatGPT says is left of the account's quota, and which models are capped."""
    limits = read(
        source(path, account, accounts_dir),
        lambda session: session.limits(
            model=requested_default_model, conversation_id=conversation_id, origin=conversation_origin
        ),
    )
    if as_json:
        output.data(_as_data(limits))
        return
    output.fields(default_model=limits.default_model or "-")
    for name, quota in limits.features.items():
        left = "" if quota.remaining is None else f", {output.number(quota.remaining)} left"
        ends = "" if quota.resets_at is None else f", reset at {quota.resets_at:%Y-%m-%d %H:%M} UTC"
        output.result(f"{name}: {quota.status}{left}{ends}")
    for capped in limits.model_limits:
        ends = "" if capped.resets_at is None else f" until {capped.resets_at:%Y-%m-%d %H:%M} UTC"
        instead = "" if capped.instead is None else f", {capped.instead} answers instead"
        output.result(f"model {capped.slug}: capped{ends}{instead}")


def _as_data(limits: Limits) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "default_model_slug": limits.default_model,
        "features": {name: asdict(quota) for name, quota in limits.features.items()},
        "blocked_features": [name for name, quota in limits.features.items() if quota.status == "blocked"],
        "model_limits": [asdict(capped) for capped in limits.model_limits],
    }
