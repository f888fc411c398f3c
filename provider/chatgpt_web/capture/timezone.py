"""The time zone a turn names, as a browser would (docs/protocol.md section 1.10)."""

from __future__ import annotations

import functools
import os
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME = Path("/etc/localtime")


def zone_name() -> str:
    """The zone's IANA name: `TZ`, else the zone behind /etc/localtime, else the abbreviation, else `UTC`."""
    named = os.environ.get("TZ", "").strip().removeprefix(":")
    return named if named and not named.startswith("/") else _machine_zone(_LOCALTIME)


@functools.cache
def _machine_zone(localtime: Path) -> str:
    """Looked up once: every turn names it."""
    try:
        target = str(localtime.resolve(strict=True))
    except OSError:
        target = ""
    if "/zoneinfo/" in target:
        return target.partition("/zoneinfo/")[2].removeprefix("posix/").removeprefix("right/")
    return time.tzname[0] or "UTC"


def offset_minutes(zone: str, at: datetime) -> int:
    """UTC minus local time in minutes at an aware moment, as JavaScript counts: Bangkok is -420."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = at.astimezone()
    offset = local.utcoffset()
    return -round(offset.total_seconds() / 60) if offset is not None else 0
