"""Options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from integrations.client import BridgeClient

BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The running bridge. Default: CHATGPT_BASE_URL, else http://127.0.0.1:8000/v1.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="KEY",
        help="Bearer key; better given as CHATGPT_API_KEY. Default: the file `api-key` of the data folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=1, metavar="SECONDS", help="Longest silence of the server, not the longest answer."),
]


def connect(base_url: str | None, api_key: str | None, *, silence_seconds: float = 120) -> BridgeClient:
    """A client of the running bridge, its address and key from the options, the environment or the data folder.

    Raises:
        SettingError: a variable's value is wrong.
    """
    from core.settings import ClientSettings, load
    from integrations.client import BridgeClient

    settings = load(ClientSettings, base_url=base_url, api_key=api_key)
    key = settings.api_key.get_secret_value() if settings.api_key else saved_key()
    return BridgeClient(settings.base_url, key, silence_seconds=silence_seconds)


def saved_key() -> str | None:
    """The key that the first start of the API made, if there is one."""
    from core.settings import StorageSettings, load

    try:
        return load(StorageSettings).api_key_file.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
