"""`chatgpt-api admin account verify`, whose older name is `admin check-accounts`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import output, values
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect

_COUNTED = {"research": "deep_research", "image": "image_gen"}
_OK = {True: "yes", False: "no", None: "unknown"}


def verify(
    account: Annotated[
        str, typer.Option("--account", metavar="ALIAS", help="One account, or `all`.", autocompletion=values.aliases)
    ] = "all",
    *,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Ask ChatGPT whether accounts work; costs no chat. 1 when one does not, or none is known to."""
    with connect(base_url, api_key) as client:
        checked = client.check_accounts(account)
    if as_json:
        output.data(checked.as_sent())
    else:
        for entry in checked.accounts:
            output.result(_line(entry))
    if not checked.accounts:
        output.note("No account yet; add one with `chatgpt-api account add`.")
    found = [entry.get("ok") for entry in checked.accounts]
    if False in found or True not in found:
        raise typer.Exit(FAILED)


def _line(entry: dict[str, Any]) -> str:
    features = entry.get("features") or {}
    left = {name: (features.get(feature) or {}).get("remaining") for name, feature in _COUNTED.items()}
    shown = [f"ok={_OK.get(entry.get('ok'), 'unknown')}", f"plan={entry.get('plan_type') or '-'}"]
    shown.append(f"default={entry.get('default_model_slug') or '-'}")
    shown += [f"{name}={'not reported' if value is None else output.number(value)}" for name, value in left.items()]
    shown += [f"{name}={entry[name]}" for name in ("error", "warning") if entry.get(name)]
    if entry.get("ok") is not True and entry.get("what_to_do"):
        shown.append(f"what_to_do={entry['what_to_do']}")
    return f"{entry.get('account')}: {' '.join(shown)}"
