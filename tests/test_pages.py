"""The set-ups for clients that the README shows are those of docs/clients, which `make test-clients` runs."""

from __future__ import annotations

from pathlib import Path

from tests.clients.pages import CLIENTS, named_blocks, read

README = Path(__file__).parents[1] / "README.md"
SHOWN = {
    "opencode.json": "opencode",
    "config.toml": "codex",
    ".aider.conf.yml": "aider",
    "bridge.mjs": "vercel-ai",
    "config.yaml": "litellm",
}


def test_the_readme_shows_the_set_ups_of_the_pages() -> None:
    shown = dict(named_blocks(README.read_text(encoding="utf-8")))

    assert shown == {block: read(page)[block] for block, page in SHOWN.items()}


def test_the_index_lists_every_page() -> None:
    index = (CLIENTS / "README.md").read_text(encoding="utf-8")

    for page in CLIENTS.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index
