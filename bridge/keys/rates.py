"""How much work each key began: in the last minute in memory, of the day in the database too."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.keys.grant import Grant
from core.clock import utc_now
from core.errors import KeyLimitError

_MINUTE = 60.0
_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Use:
    """Of one key. `known` is in the database, `sending` on its way there, `pending` here alone."""

    last: datetime | None = None
    minute: deque[float] = field(default_factory=deque)
    day: int = 0
    known: int = 0
    sending: int = 0
    pending: int = 0
    fresh: bool = False

    def turn_to(self, day: int) -> None:
        if day != self.day:
            self.day, self.known, self.sending, self.pending = day, 0, 0, 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a key did since the last report."""

    last: datetime
    day: int
    count: int


class Rates:
    """Counts, and refuses what is too much; from any thread. Holds as many entries as there are keys."""

    def __init__(self) -> None:
        self._uses: dict[str, _Use] = {}
        self._lock = threading.Lock()

    def last_used(self, key_id: str) -> datetime | None:
        """When this process saw a key last."""
        use = self._uses.get(key_id)
        return None if use is None else use.last

    def seen(self, key_id: str, *, reported: bool) -> None:
        """A key was used, for whatever; `reported` says whether the database is to know."""
        with self._lock:
            use = self._use(key_id)
            use.last = utc_now()
            use.fresh = reported

    def begin(self, grant: Grant, pieces: int = 1) -> None:
        """Count more work: all of its pieces, or none where they are too many.

        Raises:
            KeyLimitError: they are; `retry_after_seconds` says when they are not any more.
        """
        if not pieces or (grant.per_minute is None and grant.per_day is None):
            return
        with self._lock:
            _begin(self._use(grant.key_id), grant, pieces)

    def remember(self, key_id: str, day: int | None, count: int) -> None:
        """What the database says of a key that this process has not counted yet."""
        with self._lock:
            if key_id not in self._uses and day is not None:
                self._uses[key_id] = _Use(day=day, known=count)

    def take(self) -> dict[str, Report]:
        """What is to be written, by key; until `written` or `lost` follows it counts as on its way."""
        reports = {}
        with self._lock:
            for key_id, use in self._uses.items():
                if use.fresh and use.last is not None:
                    use.turn_to(day_number(utc_now()))
                    reports[key_id] = Report(use.last, use.day, use.pending)
                    use.sending, use.pending, use.fresh = use.sending + use.pending, 0, False
        return reports

    def written(self, reports: Mapping[str, Report], counts: Mapping[str, int]) -> None:
        """The reports are in the database, whose counts of the day are these now."""
        with self._lock:
            for key_id, report in reports.items():
                use = self._uses[key_id]
                if use.day == report.day:
                    use.sending -= report.count
                    use.known = counts.get(key_id, use.known + report.count)

    def lost(self, reports: Mapping[str, Report]) -> None:
        """The reports could not be written; the next ones bring it."""
        with self._lock:
            for key_id, report in reports.items():
                use = self._uses[key_id]
                use.fresh = True
                if use.day == report.day:
                    use.sending -= report.count
                    use.pending += report.count

    def _use(self, key_id: str) -> _Use:
        use = self._uses.get(key_id)
        if use is None:
            use = self._uses[key_id] = _Use()
        return use


def day_number(moment: datetime) -> int:
    """The day of UTC that a moment lies in."""
    return moment.toordinal()


def _begin(use: _Use, grant: Grant, pieces: int) -> None:
    now = time.monotonic()
    while use.minute and use.minute[0] <= now - _MINUTE:
        use.minute.popleft()
    use.turn_to(day_number(utc_now()))
    if grant.per_minute is not None and (over := len(use.minute) + pieces - grant.per_minute) > 0:
        wait = use.minute[min(over, len(use.minute)) - 1] + _MINUTE - now if use.minute else _MINUTE
        raise _too_many(grant, f"{grant.per_minute} requests a minute", wait)
    if grant.per_day is not None and use.known + use.sending + use.pending + pieces > grant.per_day:
        raise _too_many(grant, f"{grant.per_day} requests a day", _until_midnight())
    if grant.per_minute is not None:
        use.minute.extend([now] * pieces)
    use.pending += pieces
    use.fresh = True


def _until_midnight() -> float:
    now = utc_now()
    return ((now + _DAY).replace(hour=0, minute=0, second=0, microsecond=0) - now).total_seconds()


def _too_many(grant: Grant, limit: str, wait: float) -> KeyLimitError:
    return KeyLimitError(
        f"The API key {grant.name!r} is limited to {limit}.", retry_after_seconds=max(math.ceil(wait), 1)
    )
