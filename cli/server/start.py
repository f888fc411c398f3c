"""`chatgpt-api server start`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output


def start(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [CHATGPT_API_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port, 0 for any free one. [CHATGPT_API_PORT]")] = None,
    api_key: Annotated[
        str | None,
        typer.Option(help="Bearer key; others on this machine may see it here. [CHATGPT_API_KEY]"),
    ] = None,
    public_base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Base of download links. [CHATGPT_PUBLIC_BASE_URL]")
    ] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Run a worker inside this process.")] = True,
    account: Annotated[str | None, typer.Option(help="Alias that comes first. [CHATGPT_ACCOUNT]")] = None,
    accounts: Annotated[str | None, typer.Option(help="The pool, comma-separated. [CHATGPT_ACCOUNTS]")] = None,
    accounts_dir: Annotated[Path | None, typer.Option(help="Folder of the captures. [CHATGPT_ACCOUNTS_DIR]")] = None,
    secrets_passphrase_prompt: Annotated[
        bool, typer.Option("--secrets-passphrase-prompt", help="Ask for the captures' passphrase.")
    ] = False,
    chat_concurrency: Annotated[str | None, typer.Option(help="Chats at once. [CHATGPT_CHAT_CONCURRENCY]")] = None,
    helper_concurrency: Annotated[
        str | None, typer.Option(help="Agents' chats for themselves at once. [CHATGPT_HELPER_CONCURRENCY]")
    ] = None,
    upload_concurrency: Annotated[
        str | None, typer.Option(help="Uploads at once. [CHATGPT_UPLOAD_CONCURRENCY]")
    ] = None,
    image_concurrency: Annotated[str | None, typer.Option(help="Images at once. [CHATGPT_IMAGE_CONCURRENCY]")] = None,
    research_concurrency: Annotated[
        str | None, typer.Option(help="Research jobs at once. [CHATGPT_RESEARCH_CONCURRENCY]")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Root of what is kept. [CHATGPT_DATA_DIR]")] = None,
    admin_db_path: Annotated[Path | None, typer.Option(help="SQLite file. [CHATGPT_ADMIN_DB_PATH]")] = None,
    image_output_dir: Annotated[
        Path | None, typer.Option(help="Folder of the pictures. [CHATGPT_IMAGE_OUTPUT_DIR]")
    ] = None,
    web_timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Longest upstream turn. [CHATGPT_WEB_TIMEOUT]")
    ] = None,
    temporary_chat: Annotated[
        bool | None,
        typer.Option("--temporary-chat/--normal-chat", help="Whether chats are temporary. [CHATGPT_TEMPORARY_CHAT]"),
    ] = None,
) -> None:
    """Start the HTTP API and print its address.

    Ctrl-C or SIGTERM stops it, with ten seconds for running streams.
    Every option has the environment variable in brackets, which is used where the option is not given.
    """
    overrides: dict[str, dict[str, Any]] = {
        "server": {"host": host, "port": port, "api_key": api_key, "public_base_url": public_base_url},
        "accounts": {
            "account": account,
            "accounts": accounts,
            "accounts_dir": accounts_dir,
            "secrets_passphrase": _passphrase() if secrets_passphrase_prompt else None,
            "chat_concurrency": chat_concurrency,
            "helper_concurrency": helper_concurrency,
            "upload_concurrency": upload_concurrency,
            "image_concurrency": image_concurrency,
            "research_concurrency": research_concurrency,
        },
        "storage": {"data_dir": data_dir, "admin_db_path": admin_db_path, "image_output_dir": image_output_dir},
        "upstream": {"timeout_seconds": web_timeout, "temporary_chat": temporary_chat},
    }
    _serve(overrides, worker=worker)


def _serve(overrides: dict[str, dict[str, Any]], *, worker: bool) -> None:
    from core.settings import load_all

    settings = load_all(**overrides)
    from api.serve import run  # only now: a bad setting is said at once
    from core.logging import configure

    configure(process="api", level=settings.logs.level, style=settings.logs.format)
    run(settings, with_worker=worker, on_ready=lambda address: output.fields(api=f"{address}/v1"))


def _passphrase() -> str:
    """Asked on the terminal, so that it is in no history and no list of processes."""
    given: str = typer.prompt("Passphrase of the captures", hide_input=True, err=True)
    return given
