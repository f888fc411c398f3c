"""docs/cli.md names every command, and says of it what its help says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer

from cli.app import app

_ALSO_IN_API = ("status", "capacity", "models", "artifacts", "usage")


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(command, typer.core.TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        told = getattr(command, "help", "") or ""
        yield " ".join(path), told.strip().partition("\n\n")[0].replace("\n", " ")


def test_every_command_is_described_as_its_help_does() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    told = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE))
    there = dict(commands(typer.main.get_command(app)))
    also = {f"api {name}" for name in _ALSO_IN_API}

    assert told == {name: text for name, text in there.items() if name not in also}
    assert all(there[name] == there[f"admin {name.removeprefix('api ')}"] for name in also)
    assert all(f"`{name}`" in page for name in also)
