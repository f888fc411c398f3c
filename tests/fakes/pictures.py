"""A web server for pictures, on a real socket, that can misbehave."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


def head(*lines: str, status: str = "200 OK") -> bytes:
    """An answer's head; the connection ends with the answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "connection: close", "", ""]).encode()


@dataclass
class PictureHost:
    """Answers by path; remembers each request's head as text."""

    port: int = 0
    answers: dict[str, bytes | Say] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def shows(self, path: str, content: bytes, kind: str = "image/png", *more: str) -> None:
        """Answer with a body."""
        self.answers[path] = head(f"content-type: {kind}", f"content-length: {len(content)}", *more) + content

    def redirects(self, path: str, to: str, status: str = "302 Found") -> None:
        """Answer with another address."""
        self.answers[path] = head(f"location: {to}", "content-length: 0", status=status)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(asked)
            said = self.answers[asked.split(" ")[1]]
            if isinstance(said, bytes):
                writer.write(said)
            else:
                await said(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client has seen enough.
            pass
        finally:
            writer.close()


@asynccontextmanager
async def picture_host(tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> AsyncIterator[PictureHost]:
    """A host that listens until the block is left."""
    host = PictureHost()
    server = await asyncio.start_server(host.answer, address, 0, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()
