"""`chatgpt-api account add`, `update` and `restore`."""

from __future__ import annotations

from cli.account.options import Alias, CaptureFile, LiveVerify, OtherLogin, Paste, capture
from cli.account.saving import Way, print_saved, save
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
