"""What a finished stream holds for an operation that wants a picture."""

from __future__ import annotations

from collections.abc import Collection

from core.contracts.images import ImageRef
from provider.interface.turns import TurnFinished


def pictures(finished: TurnFinished, uploaded: Collection[str]) -> tuple[ImageRef, ...]:
    """The pictures that upstream made, without those that it was sent; none while they are still being made."""
    return tuple(
        ImageRef(pointer=asset.pointer, file_id=asset.file_id, width=asset.width, height=asset.height)
        for asset in finished.assets
        if asset.file_id not in uploaded
    )


def refusal(finished: TurnFinished, made: Collection[ImageRef]) -> str:
    """Upstream's words where it answered with nothing else; empty where a picture is there or can still come."""
    if made or finished.image_task_id is not None or finished.finish_reason != "stop":
        return ""
    return finished.text.strip()
