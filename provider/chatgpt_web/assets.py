"""Pictures in messages, docs/protocol.md section 5: which are results, which are inputs, and where their bytes are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from core.errors import ProtocolError
from provider.chatgpt_web.stream.visible import Message, as_object, metadata, parts, role
from provider.interface.turns import ImageAsset

_POINTER = re.compile(r"(file-service|sediment)://([^#?/\s]+)")


class AssetPointer(NamedTuple):
    """An asset pointer taken apart; `file_id` is the bare id, the only thing two pointers may be compared by."""

    scheme: Literal["file-service", "sediment"]
    file_id: str


def parse_pointer(pointer: object) -> AssetPointer:
    """Take a pointer apart; what follows the id (`#…`, `?…`) is dropped.

    Raises:
        ProtocolError: it is not an asset pointer.
    """
    found = _POINTER.match(pointer) if isinstance(pointer, str) else None
    if found is None:
        raise ProtocolError("Upstream named a picture by something that is not an asset pointer.")
    return AssetPointer("sediment" if found[1] == "sediment" else "file-service", found[2])


def metadata_paths(pointer: str, *, conversation_id: str | None) -> tuple[str, ...]:
    """Paths that tell where the bytes are: the pointer's own first, then the one to try once after a 404.

    Raises:
        ProtocolError: not an asset pointer, or one that needs the conversation while that is unknown.
    """
    scheme, file_id = parse_pointer(pointer)
    file = quote(file_id, safe="")
    plain = f"/backend-api/files/{file}/download"
    if conversation_id is None:
        if scheme == "sediment":
            raise ProtocolError("A picture of this kind can only be downloaded with its conversation.")
        return (plain,)
    conversation = quote(conversation_id, safe="")
    within = f"/backend-api/files/download/{file}?conversation_id={conversation}&inline=false"
    return (within, plain) if scheme == "sediment" else (plain, within)


def input_ids(messages: Iterable[Message]) -> frozenset[str]:
    """Bare ids of everything that users put in: pointers in their messages, and their attachments."""
    found: set[str] = set()
    for message in messages:
        if role(message) != "user":
            continue
        found.update(pointer.file_id for _, pointer, _ in _pictures(message))
        attachments = metadata(message).get("attachments")
        for attachment in attachments if isinstance(attachments, list) else ():
            identity = as_object(attachment).get("id")
            if isinstance(identity, str):
                found.add(identity)
    return frozenset(found)


def final_assets(messages: Iterable[Message], *, inputs: Collection[str] = frozenset()) -> tuple[ImageAsset, ...]:
    """The finished pictures among `messages`, in the order in which their slots appeared.

    Counts tool and assistant messages that are `finished_successfully`. A slot that was written again keeps its last
    picture, an id stands once however often and under whichever scheme it is named. Neither `inputs` (bare ids of this
    request's uploads) nor what users put in is ever a result.
    """
    known = list(messages)
    excluded = input_ids(known) | frozenset(inputs)
    slots: dict[str, ImageAsset] = {}
    seen: dict[str, tuple[str, ImageAsset]] = {}
    for message in known:
        if role(message) not in ("tool", "assistant") or message.get("status") != "finished_successfully":
            continue
        for raw, pointer, part in _pictures(message):
            file_id = pointer.file_id
            if file_id in excluded:
                continue
            slot = _slot(part)
            if file_id not in seen:
                asset = ImageAsset(raw, file_id, _pixels(part.get("width")), _pixels(part.get("height")))
                seen[file_id] = slot or file_id, asset
            elif slot != seen[file_id][0]:
                continue  # Named again outside its slot, which may hold a later revision by now.
            place, asset = seen[file_id]
            slots[place] = asset
    return tuple(slots.values())


def preview_assets(messages: Iterable[Message], *, inputs: Collection[str] = frozenset()) -> tuple[ImageAsset, ...]:
    """The pictures that tool and assistant messages show while they are `in_progress`, in order, each id once."""
    found: dict[str, ImageAsset] = {}
    for message in messages:
        if role(message) in ("tool", "assistant") and message.get("status") == "in_progress":
            for raw, pointer, part in _pictures(message):
                asset = ImageAsset(raw, pointer.file_id, _pixels(part.get("width")), _pixels(part.get("height")))
                found.setdefault(pointer.file_id, asset)
    return tuple(asset for file_id, asset in found.items() if file_id not in inputs)


def _pictures(message: Message) -> Iterable[tuple[str, AssetPointer, dict[str, Any]]]:
    for part in parts(message):
        if isinstance(part, dict) and part.get("content_type", "image_asset_pointer") == "image_asset_pointer":
            found = _POINTER.match(pointer) if isinstance(pointer := part.get("asset_pointer"), str) else None
            if found is not None:
                yield found[0], parse_pointer(found[0]), part


def _slot(part: dict[str, Any]) -> str | None:
    facts = as_object(part.get("metadata"))
    for name in ("dalle", "generation"):
        slot = as_object(facts.get(name)).get("gen_id")
        if isinstance(slot, str) and slot:
            return slot
    return None


def _pixels(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
