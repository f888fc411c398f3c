"""Inputs: pictures that clients sent, each kept once by the SHA-256 of its bytes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Table, insert, update

from bridge.files import images, masks, names
from bridge.files.references import Loaded
from bridge.files.storage import DiskStorage
from bridge.store.engine import Store
from bridge.store.tables import InputRow
from core.clock import utc_now
from core.contracts.inputs import InputRef
from core.errors import GoneError, InvalidImageError

INPUTS: Table = InputRow.metadata.tables[str(InputRow.__tablename__)]

_DECODED_AT_ONCE = 2
"""A picture of the most pixels takes a quarter of a gigabyte while it is decoded."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A picture that was looked at and is not kept yet."""

    ref: InputRef
    content: bytes = field(repr=False)


class Inputs:
    """The pictures that clients sent."""

    def __init__(self, store: Store, root: Path) -> None:
        self._store = store
        self._storage = DiskStorage(root)
        self._decoding = asyncio.Semaphore(_DECODED_AT_ONCE)

    async def store(self, content: bytes, *, name: str) -> InputRef:
        """Keep a picture, once for all who send the same bytes.

        Raises:
            InvalidImageError: the bytes are not a picture that the bridge takes.
        """
        checked = await self.check(Loaded(content, name, "image"))
        await self.keep((checked,))
        return checked.ref

    async def check(self, loaded: Loaded) -> Checked:
        """See what a picture is; nothing is kept.

        Raises:
            InvalidImageError: it is none that the bridge takes; `param` names it.
        """
        async with self._decoding:
            return await asyncio.to_thread(_checked, loaded)

    async def store_all(self, pictures: Sequence[Loaded], *, masked: bool = False) -> tuple[InputRef, ...]:
        """Keep several pictures in their order: all of them, or none when one is no picture.

        Args:
            masked: the last one is a mask of the first, and is kept as `bridge.files.masks` draws it.

        Raises:
            InvalidImageError: one is none that the bridge takes; `param` names it.
        """
        plain = pictures[:-1] if masked else pictures
        checked = [await self.check(one) for one in plain]
        if masked:
            checked.append(await self._mask(pictures[-1], pictures[0]))
        await self.keep(checked)
        return tuple(one.ref for one in checked)

    async def keep(self, pictures: Sequence[Checked]) -> None:
        """Put pictures in place and note that they are used now; that first, so that age removes none meanwhile."""
        await self._store.write(lambda conn: _note(conn, [one.ref for one in pictures]))
        for one in pictures:
            path = _path(one.ref.sha256)
            if not await asyncio.to_thread(_lies, self._storage.locate(path), one.ref.size_bytes):
                await self._storage.write(path, one.content)

    async def _mask(self, mask: Loaded, image: Loaded) -> Checked:
        async with self._decoding:
            try:
                content = await asyncio.to_thread(masks.drawn, mask.content, image.content)
            except images.NoPictureError as problem:
                raise InvalidImageError(f"`{mask.param}`: {problem}", param=mask.param) from None
        return await self.check(Loaded(content, "mask.png", mask.param))

    async def read(self, ref: InputRef) -> bytes:
        """The bytes of an input.

        Raises:
            GoneError: they are not there any more, or not the ones that were sent.
        """
        try:
            content = await asyncio.to_thread(self._storage.locate(_path(ref.sha256)).read_bytes)
        except OSError:
            raise GoneError("A picture that this operation needs was removed.") from None
        if await asyncio.to_thread(_digest, content) != ref.sha256:
            raise GoneError("A picture that this operation needs is damaged on disk.")
        return content


def touch(conn: Connection, refs: Iterable[InputRef]) -> None:
    """Note within the caller's transaction that inputs are used now, so that age does not remove them."""
    digests = [ref.sha256 for ref in refs]
    if digests:
        conn.execute(update(INPUTS).where(INPUTS.c.sha256.in_(digests)).values(used_at=utc_now()))


def _checked(loaded: Loaded) -> Checked:
    try:
        seen = images.look(loaded.content)
    except images.NoPictureError as problem:
        raise InvalidImageError(f"`{loaded.param}`: {problem}", param=loaded.param) from None
    ref = InputRef(
        sha256=_digest(loaded.content),
        content_type=seen.content_type,
        size_bytes=len(loaded.content),
        width=seen.width,
        height=seen.height,
        name=f"{names.stem(loaded.name, fallback='image')}.{seen.extension}",
    )
    return Checked(ref, loaded.content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _lies(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _note(conn: Connection, refs: Sequence[InputRef]) -> None:
    now = utc_now()
    for ref in refs:
        known = conn.execute(update(INPUTS).where(INPUTS.c.sha256 == ref.sha256).values(used_at=now)).rowcount
        if not known:
            seen = ref.model_dump(exclude={"name"})
            conn.execute(insert(INPUTS).values(**seen, path=_path(ref.sha256), created_at=now, used_at=now))
