"""Pictures of this machine, as a request carries them."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Annotated, Any

import typer

MOST = 10

InputImages = Annotated[
    list[str],
    typer.Option("--input-image", "-i", metavar="FILE", help="A picture of this machine, or its address. Repeatable."),
]


def pictures(given: list[str]) -> list[Any]:
    """Each input as the routes take it: bytes of a file as a data URL with its name, an address as it is.

    Raises:
        typer.BadParameter: there are none, or more than ten, or a file is not there.
    """
    if not 1 <= len(given) <= MOST:
        raise typer.BadParameter(f"give 1 to {MOST} pictures with --input-image")
    return [name if "://" in name else _file(Path(name).expanduser()) for name in given]


def _file(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {path}")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return {"name": path.name, "mime_type": kind, "data_url": f"data:{kind};base64,{content}"}
