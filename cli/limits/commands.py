"""Slots by plan and by account, looked at and changed while the bridge runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from integrations.client.usage import SlotLimits

_ITEM = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9_-]*)\s*[=:]\s*(\d{1,3}|-)\s*")
_HELP = "Such as `plus=2,my-account=0`; `name=-` takes a saved number back."


def settings(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Slots of plans and accounts, where each number comes from, and what is saved."""
    with connect(base_url, api_key) as client:
        now = client.limits.now()
    _show(now, as_json=as_json)
    if as_json:
        return
    for warning in now.warnings:
        output.note(warning)
    if not now.accounts:
        output.note("No account yet; add one with `chatgpt-api account add`.")


def set_limits(
    *,
    chat: Annotated[str | None, typer.Option(metavar="ITEMS", help=_HELP)] = None,
    helper: Annotated[str | None, typer.Option(metavar="ITEMS", help=_HELP)] = None,
    upload: Annotated[str | None, typer.Option(metavar="ITEMS", help=_HELP)] = None,
    image: Annotated[str | None, typer.Option(metavar="ITEMS", help=_HELP)] = None,
    research: Annotated[str | None, typer.Option(metavar="ITEMS", help=_HELP)] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Change slots at once; what is not named stays."""
    from bridge.accounts.buckets import PLANS

    given = {"chat": chat, "helper": helper, "upload": upload, "image": image, "research": research}
    changes = {bucket: _parts(text, f"--{bucket}", PLANS) for bucket, text in given.items() if text is not None}
    if not changes:
        raise typer.BadParameter("name at least one of --chat, --helper, --upload, --image and --research")
    with connect(base_url, api_key) as client:
        now = client.limits.change(changes)
    _show(now, as_json=as_json)
    for name in _unknown(changes, now):
        output.note(f"Saved, but the pool has no account {name}: it counts once there is one of that name.")


def reset_settings(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Forget every saved number: the environment and the plan table count again."""
    with connect(base_url, api_key) as client:
        now = client.limits.reset()
    if not as_json:
        output.fields(reset="true")
    _show(now, as_json=as_json)


def _parts(text: str, option: str, plans: tuple[str, ...]) -> dict[str, dict[str, int | None]]:
    """Plans and accounts; a plan's word means the plan, however it is written."""
    parts: dict[str, dict[str, int | None]] = {"plans": {}, "accounts": {}}
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise typer.BadParameter(f"{item.strip()!r} is not of the form name=number", param_hint=option)
        number = None if match[2] == "-" else int(match[2])
        plan = match[1].lower()
        if plan in plans:
            parts["plans"][plan] = number
        else:
            parts["accounts"][match[1]] = number
    return parts


def _unknown(changes: dict[str, dict[str, dict[str, int | None]]], now: SlotLimits) -> list[str]:
    """The accounts that got a number and are not there; somebody may have mistyped one."""
    given = {name for parts in changes.values() for name, number in parts["accounts"].items() if number is not None}
    return sorted(given - now.accounts.keys())


def _show(now: SlotLimits, *, as_json: bool) -> None:
    if as_json:
        output.data(now.as_sent())
        return
    for kind, sized in (("plan", now.plans), ("account", now.accounts)):
        for name, buckets in sized.items():
            sizes = " ".join(f"{bucket}={size['slots']} ({size['source']})" for bucket, size in buckets.items())
            output.result(f"{kind} {name}: {sizes}")
    for scope, saved in now.saved.items():
        for bucket, numbers in saved.items():
            output.result(f"saved {scope} {bucket}: {_items(numbers)}")


def _items(numbers: dict[str, Any]) -> str:
    return ",".join(f"{name}={number}" for name, number in numbers.items())
