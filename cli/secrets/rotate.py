"""`chatgpt-api secrets rotate`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.options import Json
from cli.secrets.asking import passphrase

if TYPE_CHECKING:
    from bridge.vault.rotation import Rotated
    from core.settings import Settings

_VARIABLE = "CHATGPT_SECRETS_PASSPHRASE"


def rotate(
    *,
    accounts_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the captures. [CHATGPT_ACCOUNTS_DIR]")
    ] = None,
    from_passphrase_prompt: Annotated[
        bool, typer.Option("--from-passphrase-prompt", help=f"Ask for the present passphrase. [{_VARIABLE}]")
    ] = False,
    to_passphrase_prompt: Annotated[
        bool, typer.Option("--to-passphrase-prompt", help="Ask for a new passphrase, instead of making a key file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Encrypt every capture with a new key.

    It lies in a new key file, or comes from a new passphrase. The keys of Temporal's payloads are rotated with it; what
    was written before stays readable. The bridge may run meanwhile. Whatever moment this is stopped at, either the
    former key still opens everything or the new one does, and the next start does the rest.
    """
    from core.settings import load_all

    present = passphrase("Present passphrase") if from_passphrase_prompt else None
    settings = load_all(accounts={"accounts_dir": accounts_dir, "secrets_passphrase": present})
    from bridge.build import prepare  # only now: a bad setting is said at once

    prepare(settings)
    new = passphrase("New passphrase", twice=True) if to_passphrase_prompt else None
    rotated = asyncio.run(_rotated(settings, new))
    _show(rotated, as_json=as_json)
    _advise(by_passphrase=new is not None, was_key_file=settings.accounts.secrets_passphrase is None)


async def _rotated(settings: Settings, new: str | None) -> tuple[Rotated, ...]:
    from bridge import audit
    from bridge.build import open_bridge
    from bridge.vault.rotation import rotate as change

    given = settings.accounts.secrets_passphrase
    present = given.get_secret_value() if given else None
    async with open_bridge(settings, process="cli") as bridge:
        rotated = await asyncio.to_thread(change, settings.accounts.accounts_dir, present, new)
        before, after = _kind(present), _kind(new)
        await bridge.store.write(
            lambda conn: audit.record(
                conn, "cli", "secrets.rotated", "accounts folder", {"made_of": before}, {"made_of": after}
            ),
            durable=True,
        )
    return rotated


def _show(rotated: tuple[Rotated, ...], *, as_json: bool) -> None:
    done = sum(one.change != "skipped" for one in rotated)
    if as_json:
        accounts = [{"account": one.alias, "change": one.change.value} for one in rotated]
        output.data({"ok": True, "rotated": done, "accounts": accounts})
        return
    for one in rotated:
        output.result(f"{one.alias}: {'skipped (no capture file)' if one.change == 'skipped' else one.change}")
    output.result(f"rotated {done} of {len(rotated)} account capture(s)" if rotated else "no accounts")


def _advise(*, by_passphrase: bool, was_key_file: bool) -> None:
    if by_passphrase:
        output.note(f"Restart what runs of the bridge with the new passphrase in {_VARIABLE}; it cannot read captures")
        output.note("until then. Work that it has begun goes on.")
    elif was_key_file:
        output.note("What runs of the bridge takes the new key file up by itself.")
    else:
        output.note("Restart what runs of the bridge without a passphrase; it cannot read captures until then.")
    if not by_passphrase and os.environ.get(_VARIABLE, "").strip():
        output.note(f"{_VARIABLE} is still set here: unset it, or the bridge will refuse to start.")


def _kind(words: str | None) -> str:
    return "key file" if words is None else "passphrase"
