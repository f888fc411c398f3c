"""What makes two requests the same request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def request_digest(route: str, body: Mapping[str, Any]) -> str:
    """SHA-256, lower-case hex, of a route and a validated body.

    `body` holds no operation id and nothing of the headers, and names its inputs by their SHA-256. The order of its
    fields does not count.
    """
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{route}\n{canonical}".encode()).hexdigest()
