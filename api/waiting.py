"""Which operations have somebody who waits for them on a connection of this server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Waiting:
    """Counts the connections that wait for each operation."""

    def __init__(self) -> None:
        self._connections: Counter[str] = Counter()

    @contextmanager
    def one(self, operation_id: str) -> Iterator[None]:
        """Count one connection while the block runs."""
        self._connections[operation_id] += 1
        try:
            yield
        finally:
            self._connections[operation_id] -= 1
            if not self._connections[operation_id]:
                del self._connections[operation_id]

    def anybody(self, operation_id: str) -> bool:
        """Whether a connection still waits for it."""
        return operation_id in self._connections
