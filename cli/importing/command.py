"""`chatgpt-api import`: an older bridge's folder becomes ours."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.options import Json
from cli.secrets.asking import passphrase

if TYPE_CHECKING:
    from bridge.importing.items import ImportReport, Item
    from bridge.importing.original import Original
    from core.settings import Settings


def import_folder(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder with `secrets/accounts` and `outputs`.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Take it over, instead of only telling.")] = False,
    from_accounts: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Its captures, where they lie elsewhere.")
    ] = None,
    from_database: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its SQLite file, where it lies elsewhere.")
    ] = None,
    files_folder: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Another folder in which its pictures and reports may lie; repeatable."),
    ] = None,
    from_passphrase_prompt: Annotated[
        bool, typer.Option("--from-passphrase-prompt", help="Ask for the passphrase of its captures.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take over the folder of an older bridge.

    That is its captures, pictures, reports and saved limits. Without --apply it only tells what would be taken, what is
    here already, and what is left out and why. The folder itself is never changed. Files keep their ids, so that old
    links lead to them.
    """
    from core.settings import load_all

    words = (passphrase("Passphrase of the older captures"),) if from_passphrase_prompt else ()
    settings = load_all()
    from bridge.importing.original import find_original  # only now: a bad setting is said at once
    from bridge.importing.place import only_looking

    original = find_original(path, accounts=from_accounts, database=from_database, folders=tuple(files_folder or ()))
    with nullcontext(settings) if apply else only_looking(settings) as here:
        report = asyncio.run(_imported(here, original, words, apply=apply))
    if as_json:
        _show_json(report)
    else:
        _show(report)


async def _imported(settings: Settings, original: Original, words: tuple[str, ...], *, apply: bool) -> ImportReport:
    from bridge.build import open_bridge
    from bridge.importing.importer import Importer

    given = settings.accounts.secrets_passphrase
    async with open_bridge(settings, process="cli") as bridge:
        importer = Importer(
            bridge.store, bridge.vault, bridge.captures, bridge.registry, artifacts=settings.storage.artifacts_dir
        )
        # Whoever moves in often keeps the passphrase.
        return await importer.run(original, (*words, *([given.get_secret_value()] if given else ())), apply=apply)


def _show(report: ImportReport) -> None:
    for item in report.items:
        output.result(f"{_verb(item, applied=report.applied)} {item.kind} {item.name}: {item.detail}")
    output.result(_summary(report))
    if not report.applied and report.count("take"):
        output.note("Nothing was written. Say it again with --apply to take it over.")


def _show_json(report: ImportReport) -> None:
    items = [
        {"kind": item.kind, "name": item.name, "outcome": item.outcome.value, "detail": item.detail}
        for item in report.items
    ]
    output.data({"ok": True, "applied": report.applied, "items": items})


def _verb(item: Item, *, applied: bool) -> str:
    if item.outcome == "take":
        return "taken" if applied else "would take"
    return "here already" if item.outcome == "have" else "left out"


def _summary(report: ImportReport) -> str:
    verb = "took" if report.applied else "would take"
    taken = f"{report.count('take', 'account')} account(s), {report.count('take', 'artifact')} file(s)"
    return f"{verb} {taken}; {report.count('have')} here already, {report.count('skip')} left out"
