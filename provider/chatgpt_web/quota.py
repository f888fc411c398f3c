"""What one session learns of its account's quota, passed on as it happens (docs/protocol.md section 9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import BridgeError, FeatureLimitError
from provider.interface.accounts import Limits
from provider.interface.quota import QuotaWatcher
from provider.interface.turns import TurnRequest

_UPLOAD = "file_upload"
_COSTS = {"image": "image_gen", "research": "deep_research"}
"""What a turn of each kind costs one of; a chat has no counter."""


class SessionQuota:
    """Says whose quota it is, and does nothing where nobody listens."""

    def __init__(self, alias: str, watcher: QuotaWatcher | None) -> None:
        self._alias = alias
        self._watcher = watcher

    def mute(self) -> None:
        """Nobody listens any more: the account may be another login's by now."""
        self._watcher = None

    def told(self, limits: Limits) -> None:
        """A turn's stream named the limits."""
        if self._watcher is not None:
            self._watcher.told(self._alias, limits, source="stream")

    def probed(self, limits: Limits) -> None:
        """The limits were asked for."""
        if self._watcher is not None:
            self._watcher.told(self._alias, limits, source="probe")

    def turn_accepted(self, request: TurnRequest) -> None:
        """Upstream works on a turn now."""
        feature = _COSTS.get(request.kind)
        if self._watcher is not None and feature is not None:
            self._watcher.spent(self._alias, feature)

    def turn_refused(self, request: TurnRequest, error: BridgeError) -> None:
        """Upstream did not take a turn. A chat can be refused for nothing but the files it brings."""
        self._refused(_COSTS.get(request.kind, _UPLOAD), error)

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Around an upload."""
        try:
            yield
        except BridgeError as error:
            self._refused(_UPLOAD, error)
            raise
        if self._watcher is not None:
            self._watcher.spent(self._alias, _UPLOAD)

    def _refused(self, feature: str, error: BridgeError) -> None:
        if self._watcher is not None and isinstance(error, FeatureLimitError):
            self._watcher.refused(self._alias, feature, retry_after_seconds=error.retry_after_seconds)
