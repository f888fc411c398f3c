"""`chatgpt-api api image`."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.api.routing import Account, Accounts, Strategy, pool
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, Timeout, connect

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import ImageAnswer, ImageFile

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


def image(
    *,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to draw.")],
    model: Annotated[str, typer.Option(help="A model of GET /v1/models.")] = "auto",
    size: Annotated[str | None, typer.Option(help="Such as 1024x1024.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=4, help="How many pictures.")] = 1,
    quality: Annotated[str | None, typer.Option(help="auto, low, medium, high, xhigh or max.")] = None,
    style: Annotated[str | None, typer.Option(help="vivid or natural.")] = None,
    background: Annotated[str | None, typer.Option(help="auto, transparent or opaque.")] = None,
    output_format: Annotated[str | None, typer.Option(help="png, jpeg or webp.")] = None,
    response_format: Annotated[str, typer.Option(help="url or b64_json.")] = "url",
    output_dir: Annotated[Path | None, typer.Option(help="Save the picture here, under the server's name.")] = None,
    output_path: Annotated[Path | None, typer.Option(help="Save the picture as this file.")] = None,
    operation_id: Annotated[str | None, typer.Option(help="An id of your own for this operation.")] = None,
    account: Account = None,
    accounts: Accounts = None,
    strategy: Strategy = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    timeout: Timeout = 120,
    as_json: Json = False,
) -> None:
    """Draw a picture, wait for it, and print where it is. It is drawn to its end even if this command is stopped."""
    body: dict[str, Any] = {"prompt": prompt, "model": model, "response_format": response_format}
    optional = {
        "n": number if number > 1 else None,
        "size": size,
        "quality": quality,
        "style": style,
        "background": background,
        "output_format": output_format,
        "chatgpt_operation_id": operation_id,
    }
    body.update({name: value for name, value in optional.items() if value is not None})
    body.update(pool(account, accounts, strategy))
    with connect(base_url, api_key, silence_seconds=timeout) as client:
        answer = client.image(body)
        finish(client, answer, output_dir, output_path, as_json=as_json)


def finish(
    client: BridgeClient, answer: ImageAnswer, output_dir: Path | None, output_path: Path | None, *, as_json: bool
) -> None:
    """Save the pictures where that was asked for, and print what there is.

    Raises:
        typer.Exit: there is no picture.
    """
    saved = _save(client, answer, output_dir, output_path)
    if as_json:
        output.data({**answer.as_sent(), "local_paths": [str(path) for path in saved]})
    else:
        _show(answer, saved)
    for failed in answer.chatgpt_failed:
        output.note(f"warning: picture {failed.index + 1} failed: {failed.error.message or failed.state}")
    if not answer.data:
        raise typer.Exit(FAILED)


def _show(answer: ImageAnswer, saved: list[Path]) -> None:
    output.fields(account=answer.chatgpt_account, operation_id=answer.chatgpt_operation_id)
    for number, picture in enumerate(answer.data):
        shown = {"url": picture.url, "file_id": picture.file_id, "filename": picture.filename}
        if number < len(saved):
            shown["local_path"] = str(saved[number])
        elif picture.b64_json:
            shown["b64_json"] = picture.b64_json
        output.fields(**{f"{name}[{number}]": value for name, value in shown.items()})


def _save(client: BridgeClient, answer: ImageAnswer, folder: Path | None, path: Path | None) -> list[Path]:
    """Write the pictures on this machine; the server is never told where."""
    if folder is None and path is None:
        return []
    saved = []
    for number, picture in enumerate(answer.data):
        content, suffix = _content(client, picture)
        target = _target(picture, number, suffix, folder, path, several=len(answer.data) > 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        saved.append(target)
    return saved


def _content(client: BridgeClient, picture: ImageFile) -> tuple[bytes, str]:
    if picture.b64_json:
        return base64.b64decode(picture.b64_json), _ending(picture.content_type)
    content, kind = client.download(picture.url or "")
    return content, _ending(kind)


def _ending(kind: str) -> str:
    return mimetypes.guess_extension(kind.partition(";")[0].strip()) or ".png"


def _target(
    picture: ImageFile, number: int, suffix: str, folder: Path | None, path: Path | None, *, several: bool
) -> Path:
    if path is not None:
        named = path if path.suffix.lower() in _SUFFIXES else path.with_name(path.name + suffix)
        return named.with_stem(f"{named.stem}-{number + 1}") if several else named
    # Only the last part of the server's name counts: it must not choose a folder here.
    name = PurePosixPath(picture.filename or picture.file_id or "").name or f"image-{number + 1}{suffix}"
    return (folder or Path()) / name
