"""The pages of `docs/clients` as what their readers copy: the fenced blocks, each by the heading it stands under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[3] / "docs" / "clients"

ADDRESS = "http://127.0.0.1:8000/v1"
"""Where the pages have the bridge."""

KEY = "YOUR_KEY"
"""What stands on the pages for a key."""

SETUP = "Set up"
"""The heading of what everything else on a page needs."""

_FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What is copied in one go."""

    heading: str
    kind: str
    text: str

    def at(self, url: str, key: str) -> str:
        """The block for a bridge at another address, with a real key; nothing else is changed."""
        return self.text.replace(ADDRESS, url).replace(KEY, key)


def blocks(page: str) -> list[Block]:
    """All blocks of a page, in their order."""
    text = (PAGES / page).read_text()
    headings = [(match.start(), match[1]) for match in _HEADING.finditer(text)]
    found = []
    for fence in _FENCE.finditer(text):
        above = [heading for start, heading in headings if start < fence.start()]
        found.append(Block(above[-1] if above else "", fence["kind"], fence["text"]))
    return found


def block(page: str, heading: str, kind: str) -> Block:
    """The only block of that kind under a heading."""
    (found,) = (one for one in blocks(page) if (one.heading, one.kind) == (heading, kind))
    return found


def headings(page: str, kind: str) -> list[str]:
    """Under which headings there is something of that kind to copy, but for the set-up."""
    return [one.heading for one in blocks(page) if one.kind == kind and one.heading != SETUP]
