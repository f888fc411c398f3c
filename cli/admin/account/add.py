"""`chatgpt-api admin account add` and `update`, and their older name `admin save-capture`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import values
from cli.account.options import CaptureFile, LiveVerify, OtherLogin, Paste, asked_alias, capture
from cli.account.saving import Way, save
from cli.options import ApiKey, BaseUrl, Json, connect

Named = Annotated[
    str | None, typer.Option("--account", metavar="ALIAS", help="Name of the account.", autocompletion=values.aliases)
]


def add(
    *,
    account: Named = None,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    live_verify: LiveVerify = True,
    replace: Annotated[bool, typer.Option("--replace", help="The account may exist and gets a newer capture.")] = False,
    other_login: OtherLogin = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Make an account of a capture: inspect it, verify it, and only then keep it, encrypted."""
    alias, text = asked_alias(account, as_json), capture(capture_file, paste, as_json)
    way = Way.EITHER if replace else Way.ADD
    with connect(base_url, api_key) as client:
        save(client, alias, text, way=way, verify=live_verify, other_login=other_login, as_json=as_json)


def update(
    *,
    account: Named = None,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    live_verify: LiveVerify = True,
    other_login: OtherLogin = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Give an account a newer capture; the one before is kept, and `account restore` brings it back."""
    alias, text = asked_alias(account, as_json), capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        save(client, alias, text, way=Way.UPDATE, verify=live_verify, other_login=other_login, as_json=as_json)


def save_capture(
    *,
    account: Named = None,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    live_verify: LiveVerify = True,
    other_login: OtherLogin = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Make an account of a capture, or give one that exists a newer one."""
    alias, text = asked_alias(account, as_json), capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        save(client, alias, text, way=Way.EITHER, verify=live_verify, other_login=other_login, as_json=as_json)
