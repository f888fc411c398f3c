"""Which ports the children get."""

from __future__ import annotations

import errno
import fcntl
import socket
from pathlib import Path
from typing import IO

from core.errors import PortInUseError

_TRIES = 200


class Ports:
    """Chooses ports and holds a claim on each, so that two supervisors that start at once never choose the same one.

    A claim is a locked file in the person's cache folder; it ends with the process. A port once chosen is the same for
    every restart of its child.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path.home() / ".cache" / "chatgpt-api" / "ports"
        self._folder.mkdir(mode=0o700, exist_ok=True, parents=True)
        self._claims: list[IO[str]] = []

    def choose(self, wanted: int, *, variable: str, host: str = "127.0.0.1", move: bool = False) -> int:
        """`wanted` if it is free, any free one for 0.

        Args:
            variable: the setting that asks for it, for the error.
            move: take the next free port where `wanted` is taken.

        Raises:
            PortInUseError: it is taken and may not move.
        """
        if wanted == 0:
            return self._any(host)
        for port in range(wanted, min(wanted + _TRIES, 65536) if move else wanted + 1):
            if self._claim(port, host):
                return port
        raise PortInUseError(f"port {wanted} ({variable}) is taken by another process")

    def close(self) -> None:
        """Give the claims back."""
        for claim in self._claims:
            claim.close()
        self._claims.clear()

    def _any(self, host: str) -> int:
        for _ in range(_TRIES):
            with socket.socket(_family(host)) as probe:
                probe.bind((host.strip("[]"), 0))
                port = int(probe.getsockname()[1])
            if self._claim(port, host):
                return port
        raise PortInUseError("the system gave no free port")

    def _claim(self, port: int, host: str) -> bool:
        claim = (self._folder / str(port)).open("a")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            return False
        self._claims.append(claim)
        return _free(port, host)


def _free(port: int, host: str) -> bool:
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that is only cooling down is free
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise PortInUseError(f"{host}:{port} cannot be listened on: {error.strerror}") from None
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
