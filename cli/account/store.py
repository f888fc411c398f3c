"""`chatgpt-api account add`, `update`, `restore` and `inspect`."""

from __future__ import annotations

import typer

from cli import output
from cli.account.options import Alias, CaptureFile, LiveVerify, OtherLogin, Paste, capture
from cli.account.saving import Way, print_saved, save
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect


def add(
    alias: Alias,
    *,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    live_verify: LiveVerify = True,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Make an account of a capture: inspect it, verify it, and only then keep it, encrypted."""
    text = capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        save(client, alias, text, way=Way.ADD, verify=live_verify, as_json=as_json)


def update(
    alias: Alias,
    *,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    live_verify: LiveVerify = True,
    other_login: OtherLogin = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Give an account a newer capture; the one before is kept, and `restore` brings it back."""
    text = capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        save(client, alias, text, way=Way.UPDATE, verify=live_verify, other_login=other_login, as_json=as_json)


def restore(
    alias: Alias,
    *,
    live_verify: LiveVerify = True,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Take the capture before the present one again; the two change places."""
    with connect(base_url, api_key) as client:
        account = client.account.restore(alias, verify=live_verify)
        print_saved(client, account, None, verify=live_verify, as_json=as_json)


def inspect(
    *,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Examine a capture; nothing is sent to ChatGPT and nothing is written. 1 when it cannot be used."""
    text = capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        found = client.account.inspect(text)
    if as_json:
        output.data(found.as_sent())
    else:
        output.fields(ok=found.ok, missing=list(found.missing), warnings=list(found.warnings), **found.detected)
        for check in found.checks:
            output.result(f"{'ok  ' if check.ok else 'FAIL'}  {check.level:<11}  {check.name}: {check.detail}")
    if not found.ok:
        raise typer.Exit(FAILED)
