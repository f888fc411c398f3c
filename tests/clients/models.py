"""What a scripted model says."""

from __future__ import annotations

import json
from typing import Any


def call(name: str, **arguments: Any) -> str:
    """A call of a tool, in the words of a model."""
    return "```json\n" + json.dumps({"name": name, "arguments": arguments}) + "\n```"
