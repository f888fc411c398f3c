"""`chatgpt-api simulator`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json

if TYPE_CHECKING:
    from provider.simulator import Simulator


def simulator(
    *,
    port: Annotated[int, typer.Option(help="Port on loopback, 0 for any free one.")] = 8400,
    accounts: Annotated[str, typer.Option(help="A plan an account, such as `free, plus x 16, pro`.")] = "free,plus,pro",
    seed: Annotated[int, typer.Option(help="Decides answers, pictures and ids.")] = 1,
    time_scale: Annotated[float, typer.Option(help="Multiplies every simulated duration.")] = 1.0,
    rtt_ms: Annotated[float, typer.Option(help="Network round trip in milliseconds.")] = 0.0,
    delta_ms: Annotated[float, typer.Option(help="Pause between two pieces of an answer, in milliseconds.")] = 0.0,
    captures_dir: Annotated[
        Path | None, typer.Option(help="Write each capture to <alias>.txt in this folder instead of printing it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the offline upstream.

    Prints its address and a capture for each of its accounts; Ctrl-C stops it.
    """
    from core.logging import configure
    from core.settings import LogSettings, load
    from provider.simulator import SimulatorConfig, parse_accounts, serve

    logs = load(LogSettings)
    configure(process="simulator", level=logs.level, style=logs.format)
    config = SimulatorConfig(
        port=port,
        accounts=parse_accounts(accounts),
        seed=seed,
        time_scale=time_scale,
        rtt_ms=rtt_ms,
        delta_ms=delta_ms,
    )

    def announce(running: Simulator) -> None:
        captures = running.captures()
        if captures_dir is not None:
            _write(captures_dir, captures)
        _show(running.url, captures, captures_dir, as_json)

    serve(config, announce=announce)


def _show(url: str, captures: Mapping[str, str], folder: Path | None, as_json: bool) -> None:
    from cli import output

    if as_json:
        shown = {alias: str(_file(folder, alias)) for alias in captures} if folder else dict(captures)
        output.data({"url": url, "captures": shown})
        return
    output.fields(url=url)
    for alias, text in captures.items():
        if folder:
            output.result(f"capture[{alias}]={_file(folder, alias)}")
        else:
            output.result(f"\n# capture of {alias}\n{text.rstrip()}")
    output.note(f"Use it with CHATGPT_WEB_BASE_URL={url}")


def _file(folder: Path, alias: str) -> Path:
    return folder / f"{alias}.txt"


def _write(folder: Path, captures: Mapping[str, str]) -> None:
    """Owner-only files, each complete from the moment it has its name."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for alias, text in captures.items():
        path = _file(folder, alias)
        partial = path.with_suffix(".part")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        partial.replace(path)
