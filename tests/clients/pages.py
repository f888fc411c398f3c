"""The pages of docs/clients as their readers follow them: a fenced block with a name is a file, or shell to run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
ADDRESS = "http://127.0.0.1:8000"
KEY_FILE = "outputs/api-key"

_BLOCK = re.compile(r"^```(?P<kind>\w+) (?P<name>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """One client's page: its named blocks, word for word."""

    name: str
    blocks: Mapping[str, str]

    def __getitem__(self, block: str) -> str:
        return self.blocks[block]

    @property
    def install(self) -> str:
        """The command that installs the client."""
        return self["install"].strip()


def named_blocks(text: str) -> list[tuple[str, str]]:
    """The names and words of the fenced blocks that say more than their language."""
    return [(match["name"], match["text"]) for match in _BLOCK.finditer(text)]


def read(name: str) -> Page:
    """The page of that name."""
    text = (CLIENTS / f"{name}.md").read_text(encoding="utf-8")
    found = named_blocks(text)
    assert len(dict(found)) == len(found), f"{name}.md names a block twice"
    return Page(name, dict(found))
